package workflows_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	sb "switchboard"
	"switchboard/internal/virtual"
)

// asked is an update of a fuzzed script: a line of milliseconds, name and argument. An argument that is no JSON is sent as
// bytes; "-" sends none, and what stands behind a tab is a further one.
type asked struct {
	at   time.Duration
	name string
	args []any
}

const (
	longestScript = 40 // updates; Temporal has a limit of its own
	latestUpdate  = 10 * time.Minute
)

var updates = []string{sb.UpdateCancel, sb.UpdateHangUp, sb.UpdateFinishWrapUp, sb.UpdateRejoin}

func readScript(text string) (script []asked) {
	for line := range strings.Lines(text) {
		at, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		name, args, _ := strings.Cut(rest, " ")
		ms, err := strconv.Atoi(at)
		if err != nil || ms < 0 || time.Duration(ms)*time.Millisecond > latestUpdate || name == "" || len(script) == longestScript {
			continue
		}
		if !slices.Contains(updates, name) {
			name = "no_such_update" // Temporal itself answers, and repeats the name
		}
		a := asked{at: time.Duration(ms) * time.Millisecond, name: name}
		for arg := range strings.SplitSeq(args, "\t") {
			switch {
			case arg == "-":
			case json.Valid([]byte(arg)):
				a.args = append(a.args, json.RawMessage(arg))
			default:
				a.args = append(a.args, []byte(arg))
			}
		}
		script = append(script, a)
	}
	return script
}

// Whatever people and pages ask of a call, whenever and however often, it comes to its end as every call does, and what
// they ask of it in vain is refused in a sentence.
func FuzzUpdates(f *testing.F) {
	const cancel, hangUp, finish = `cancel {"reason":"operator","by":"Zoë Example"}`, `hang_up {"by":"agent"}`, `finish_wrap_up {"note":"ring +447700900001"}`
	for _, ms := range []int{0, 1, 200, 500, 1000, 1900, 2500, 4000, 8000, 12000, 14000, 30000} {
		for _, what := range []string{cancel, hangUp, `hang_up {"by":"switchboard"}`, finish, `rejoin {"agent":"AGENT"}`} {
			f.Add(uint8(0), fmt.Sprintf("%d %s\n%d %s", ms, what, ms, what))
		}
		f.Add(uint8(1), fmt.Sprintf("%d rejoin {\"agent\":\"AGENT\"}\n%d %s\n%d %s", ms, ms+300, hangUp, ms+600, finish))
		f.Add(uint8(7), fmt.Sprintf("%d %s\n%d %s\n%d %s", ms, finish, ms, hangUp, ms, cancel))
	}
	for _, arg := range []string{
		"-", "null", "{}", "[]", `""`, "7", "{", "\xff", "{}\t{}", `{"reason":7}`, `{"by":["+447700900001"]}`, `{"agent":{"Zoë Example":1}}`,
		`{"note":"\u0000\ud800","disposition":"` + strings.Repeat("x", 100) + `"}`, `{"note":"` + strings.Repeat("+447700900001", 1000) + `"}`,
		strings.Repeat("[", 500) + strings.Repeat("]", 500), `{"by":"caller","reason":"deadline","agent":"WKother"}`,
	} {
		var lines []string
		for i, name := range append(slices.Clone(updates), "no_such_update") {
			for _, ms := range []int{100, 3000, 9000, 14000} {
				lines = append(lines, fmt.Sprintf("%d %s %s", ms+i, name, arg))
			}
		}
		f.Add(uint8(0), strings.Join(lines, "\n"))
	}

	f.Fuzz(func(t *testing.T, phone uint8, text string) {
		p := phones[int(phone)%len(phones)]
		w := virtual.New(t, virtual.Options{Agents: annaAndBen})
		var answers []*answer
		for _, a := range readScript(strings.ReplaceAll(text, "AGENT", string(w.Workspace.Agents["anna"]))) {
			w.After(a.at, func() {
				if w.Env.IsWorkflowCompleted() {
					return
				}
				got := &answer{}
				answers = append(answers, got)
				w.Env.UpdateWorkflow(a.name, fmt.Sprint("update ", len(answers)), got.callbacks(), a.args...)
			})
		}
		in := sb.CallInput{Request: w.Request(p.phone), Policy: sb.DefaultPolicy()}
		in.Request.DetectMachine = p.detectMachine
		result := w.RunInput(in)
		outcomes := []sb.Outcome{sb.Completed, sb.Busy, sb.NoAnswer, sb.Unreachable, sb.HungUpEarly, sb.Voicemail, sb.Missed, sb.Cancelled}
		if !slices.Contains(outcomes, result.Outcome) {
			t.Errorf("got %+v\n%s", result, w.Story())
		}
		checkEnd(t, w, in, result)
		for _, a := range answers {
			for _, err := range []error{a.rejected, a.completed} {
				checkRefusal(t, err)
			}
		}
		checkTimeline(t, w)
	})
}

// checkRefusal checks that who asked in vain is told so in a sentence that repeats nothing.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	if refused, ok := errors.AsType[*temporal.ApplicationError](err); ok && refused.Type() == "NotNow" && len(refused.Message()) > 200 {
		t.Errorf("refused in %d characters: %.300s", len(refused.Message()), refused.Message())
	}
	if text := err.Error(); strings.Contains(text, "7700900") || strings.Contains(text, "Example") {
		t.Errorf("refused with what was asked: %s", text)
	}
}

// checkTimeline checks that what everybody may read of a call holds nothing that somebody has put into an update.
func checkTimeline(t *testing.T, w *virtual.World) {
	t.Helper()
	value, err := w.Env.QueryWorkflow(sb.QueryTimeline)
	if err != nil {
		t.Fatal(err)
	}
	var lines []sb.TimelineEntry
	if err := value.Get(&lines); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines {
		if strings.Contains(l.What, "7700900") || strings.Contains(l.What, "Example") {
			t.Errorf("the timeline says %q", l.What)
		}
	}
}
