package workflows_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/internal/virtual"
	"switchboard/simulator"
)

const anybody = "+447700900001"

// phones are those that everybody's simulator has; README and docs/process.md list them.
var phones = []struct {
	phone         string
	behaves       string
	detectMachine bool
	outcome       sb.Outcome
	by            sb.Party
	rings         int
}{
	{"+447700900001", "talks 10 s and hangs up", false, sb.Completed, sb.PartyCaller, 1},
	{"+447700900002", "stays until the agent hangs up", false, sb.Completed, sb.PartyAgent, 1},
	{"+447700900003", "never answers", false, sb.NoAnswer, sb.PartyNone, 1},
	{"+447700900004", "is busy", false, sb.Busy, sb.PartyNone, 0},
	{"+447700900005", "answers and hangs up at once", false, sb.HungUpEarly, sb.PartyCaller, 1},
	{"+447700900006", "is unreachable", false, sb.Unreachable, sb.PartyNone, 0},
	{"+447700900007", "is a voicemail, looked for", true, sb.Voicemail, sb.PartySwitchboard, 1},
	{"+447700900007", "is a voicemail, not looked for", false, sb.Completed, sb.PartyAgent, 1},
	{"+447700900008", "answers late, talks 5 s", false, sb.Completed, sb.PartyCaller, 1},
}

func TestEveryPhone(t *testing.T) {
	for _, p := range phones {
		for _, webhooks := range []bool{true, false} {
			name := fmt.Sprintf("%s %s", p.phone[len(p.phone)-3:], p.behaves)
			if !webhooks {
				name += ", no webhook arrives"
			}
			t.Run(name, func(t *testing.T) {
				w := virtual.New(t, virtual.Options{})
				w.Sim.SetWebhooks(webhooks)
				r := w.Request(p.phone)
				r.DetectMachine = p.detectMachine
				got := w.Run(r)
				want := p.outcome
				by := p.by
				if !webhooks && p.outcome == sb.Voicemail {
					want, by = got.Outcome, got.HungUpBy // the machine's callback is the only one who tells; a look may
				}
				if got.Outcome != want || got.HungUpBy != by || got.Attempts != 1 {
					t.Errorf("got %+v, want %s by %q in 1 attempt\n%s", got, want, by, w.Story())
				}
				if n := rings(w, p.phone); n != p.rings {
					t.Errorf("the phone rang %d times, want %d\n%s", n, p.rings, w.Story())
				}
				checkEnd(t, w, input(r), got)
			})
		}
	}
}

// count counts the log's entries of a party.
func count(w *virtual.World, party, what string) int {
	n := 0
	for _, e := range w.Sim.Log() {
		if e.Party == party && e.What == what {
			n++
		}
	}
	return n
}

func rings(w *virtual.World, party string) int { return truth.Rings(w.Sim.Log(), party) }

// checkEnd checks what must hold at the end of every call, whatever happened in it.
func checkEnd(t *testing.T, w *virtual.World, in sb.CallInput, result sb.Result) {
	t.Helper()
	checkNothingLeft(t, w)
	events := w.Events()
	last := events[len(events)-1].Data
	if last.Stage != sb.StageEnded || last.Outcome != result.Outcome || last.HungUpBy != result.HungUpBy || last.Attempts != result.Attempts {
		t.Errorf("the last event says %+v, the result %+v", last, result)
	}
	for _, v := range truth.Judge(theCase(w, in, result)) {
		t.Errorf("%v\n%s", v, w.Story())
	}
	if log := w.Log.String(); strings.Contains(log, "7700900") || strings.Contains(log, "Example") {
		t.Errorf("the log tells the caller's number or name:\n%s", log)
	}
}

func checkNothingLeft(t *testing.T, w *virtual.World) {
	t.Helper()
	if left := w.LeftAtEnd(); len(left) > 0 {
		t.Errorf("left behind when the end was told: %s\n%s", strings.Join(left, "; "), w.Story())
	}
	if left := w.Sim.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %s\n%s", strings.Join(left, "; "), w.Story())
	}
}

// theCase is the one call of a world that has ended, to be judged.
func theCase(w *virtual.World, in sb.CallInput, result sb.Result) truth.Case {
	now, events := w.Env.Now(), w.Events()
	c := truth.Call{Request: in.Request, Policy: in.Policy, Events: events, Accepted: in.Request.RequestedAt, Ended: now}
	if faulty(w.Sim) {
		c.Healed = now
	}
	if result.Reason == sb.ReasonRequester || result.Reason == sb.ReasonOperator {
		c.Cancelled = events[len(events)-1].Time // or earlier: a world does not tell
	}
	return truth.Case{Log: w.Sim.Log(), Calls: []truth.Call{c}, Left: w.Sim.Leftovers(), Until: now}
}

// faulty: something went wrong on the way to or from Twilio.
func faulty(sim *simulator.Simulator) bool {
	return slices.ContainsFunc(sim.Requests(), func(r simulator.Request) bool { return r.Fault != "" || r.Status >= 500 || r.Status == 429 }) ||
		slices.ContainsFunc(sim.Webhooks(), func(w simulator.Webhook) bool { return w.Fault != "" })
}

// input is an ordinary call's.
func input(r sb.Request) sb.CallInput { return sb.CallInput{Request: r, Policy: sb.DefaultPolicy()} }
