package chaos

import (
	"bytes"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
)

// within bounds the run on a slow and busy machine; nothing is asserted about how long anything takes.
const within = 10 * time.Minute

// One of each kind of harm to everything that can be harmed, on real processes: the long runs are by hand, see docs/chaos.md.
func TestNothingBreaksACall(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this starts real processes")
	}
	o := Options{Seed: 1, Calls: 20, Agents: 20, Over: time.Minute, Kills: 1, Settle: within, Dir: t.TempDir(), Command: "go test ./dev/chaos"}
	var told bytes.Buffer
	o.Out = &told
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatalf("%v\n%s", err, told.String())
	}
	r.Write(&told, nil)
	for _, v := range r.Violations {
		t.Error(v)
	}
	if len(r.Lost)+len(r.Doubled)+len(r.Problems) > 0 {
		t.Error("lost, doubled, or not done as planned")
	}
	if t.Failed() {
		t.Log(told.String())
	}
	if r.Requests != o.Calls || total(r.Outcomes) != o.Calls {
		t.Errorf("%d requests in and %d outcomes out, want %d of each", r.Requests, total(r.Outcomes), o.Calls)
	}
	done := map[string]bool{}
	for _, d := range r.Harms {
		done[d.Kind+" "+d.Target] = true
	}
	for _, k := range kinds {
		for _, target := range k.targets() {
			if !done[k.name()+" "+target] {
				t.Errorf("%s of %s was never done", k.name(), target)
			}
		}
	}
}

// A run whose checkers see nothing proves nothing: here the phones ring behind the product's back, an event is lost, and
// another call never ends.
func TestWhatIsWrongIsFound(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	call := func(id, phone string, ended bool) truth.Call {
		c := truth.Call{Request: sb.Request{Source: source, ID: id, Caller: sb.Caller{Phone: phone}}, Policy: policy(), Accepted: now}
		if ended {
			c.Ended = now.Add(time.Minute)
			c.Events = []sb.Event{{Call: c.Request.Call(), Sequence: 1, Time: now, Data: sb.EventData{Stage: sb.StageEnded, Outcome: sb.Busy, Attempts: 1}}}
		}
		return c
	}
	c := truth.Case{Calls: []truth.Call{call("1", "+447700900100", true), call("2", "+447700900101", true), call("3", "+447700900102", false)}}
	for _, phone := range []string{"+447700900100", "+447700900101", "+447700900101", "+447700900102"} {
		c.Log = append(c.Log, entry(phone))
	}
	lost, doubled := lostAndDoubled(c)
	if len(lost) != 1 || lost[0] != c.Calls[2].Request.Call() {
		t.Errorf("lost: got %v, want the third", lost)
	}
	if len(doubled) != 1 || doubled[0] != c.Calls[1].Request.Call() {
		t.Errorf("doubled: got %v, want the second", doubled)
	}
	if r := (&Report{Lost: lost}); r.OK() {
		t.Error("a report with a lost call is taken for good")
	}
	if r := (&Report{Violations: []truth.Violation{{}}}); r.OK() {
		t.Error("a report with a violation is taken for good")
	}
	if r := (&Report{Problems: []string{"worker did not work again"}}); r.OK() {
		t.Error("a report of a run that was not done as planned is taken for good")
	}
}

func TestCallsThatEndOtherwiseAreAffected(t *testing.T) {
	r := &run{o: Options{Rolling: true, Seed: 1, Calls: 3, Agents: 3}}
	r.plan = makeRollingPlan(r.o)
	var c truth.Case
	for i, end := range []sb.EventData{
		{Outcome: sb.Completed, Attempts: 1}, {Outcome: sb.Completed, Attempts: 2}, {Outcome: sb.Uncertain, Attempts: 1},
	} {
		end.Stage = sb.StageEnded
		c.Calls = append(c.Calls, truth.Call{Request: r.plan.Requests[i].Request, Events: []sb.Event{{Sequence: 1, Data: end}}})
	}
	if got := r.affected(c); len(got) != 2 || got[0] != c.Calls[1].Request.Call() || got[1] != c.Calls[2].Request.Call() {
		t.Errorf("got %v, want the second and the third", got)
	}
}

func TestReportIsATable(t *testing.T) {
	r := &Report{
		Command: "go run ./dev chaos -seed 7", Requests: 3, Outcomes: map[sb.Outcome]int{sb.Completed: 2, sb.Busy: 1},
		ByRule: map[string]int{"one_ring": 1}, Violations: []truth.Violation{{Invariant: "one_ring", Call: "call/chaos/7-001", What: "rang twice"}},
		Harms:  []Done{{Harm: Harm{Kind: "kill", Target: "worker"}, Began: time.Unix(10, 0), Works: time.Unix(12, 0)}},
		Stages: map[string]Delay{whole: {N: 3, P50: sb.Duration(30 * time.Second)}}, Dir: "/tmp/somewhere",
	}
	before := &Report{Stages: map[string]Delay{whole: {N: 3, P50: sb.Duration(20 * time.Second)}}}
	var out bytes.Buffer
	r.Write(&out, before)
	for _, want := range []string{
		"completed 2, busy 1", "one_ring                        1", "median  2.0 s", "+10.00 s", "WRONG", "rang twice",
		"/tmp/somewhere/stories/call-chaos-7-001.txt", "Something is wrong.", "go run ./dev chaos -seed 7",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

func TestStagesAreMeasuredOnce(t *testing.T) {
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	event := func(sequence, second int, stage sb.Stage) sb.Event {
		return sb.Event{Sequence: sequence, Time: at.Add(time.Duration(second) * time.Second), Data: sb.EventData{Stage: stage}}
	}
	got := delays([]truth.Call{{Accepted: at, Events: []sb.Event{
		event(1, 1, sb.StageQueued), event(2, 4, sb.StageAgentRinging), event(1, 1, sb.StageQueued), event(3, 9, sb.StageEnded),
	}}})
	for step, want := range map[string]time.Duration{"asked → queued": time.Second, "queued → agent_ringing": 3 * time.Second, whole: 9 * time.Second} {
		if d := got[step]; d.N != 1 || d.P50 != sb.Duration(want) {
			t.Errorf("%s: got %+v, want %v once", step, d, want)
		}
	}
}
