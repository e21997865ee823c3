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
				checkEnd(t, w, got)
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
func checkEnd(t *testing.T, w *virtual.World, result sb.Result) {
	t.Helper()
	if left := w.LeftAtEnd(); len(left) > 0 {
		t.Errorf("left behind when the end was told: %s\n%s", strings.Join(left, "; "), w.Story())
	}
	if left := w.Sim.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %s\n%s", strings.Join(left, "; "), w.Story())
	}
	events := w.Events()
	for i, e := range events {
		if e.Sequence != i+1 {
			t.Errorf("event %d has sequence %d: out of order or with a gap", i+1, e.Sequence)
		}
	}
	last := events[len(events)-1].Data
	if last.Stage != sb.StageEnded || last.Outcome != result.Outcome || last.HungUpBy != result.HungUpBy || last.Attempts != result.Attempts {
		t.Errorf("the last event says %+v, the result %+v", last, result)
	}
	attempts := 0
	for _, e := range events {
		attempts = max(attempts, e.Data.Attempt)
	}
	for _, caller := range callers(w) {
		for _, problem := range truth.Check(w.Sim.Log(), caller, attempts) {
			t.Errorf("%s\n%s", problem, w.Story())
		}
	}
	if log := w.Log.String(); strings.Contains(log, "7700900") || strings.Contains(log, "Example") {
		t.Errorf("the log tells the caller's number or name:\n%s", log)
	}
}

// callers are the telephones that were dialled.
func callers(w *virtual.World) (numbers []string) {
	for _, e := range w.Sim.Log() {
		if e.What == simulator.Dialled && !truth.IsAgent(e.Party) && !slices.Contains(numbers, e.Party) {
			numbers = append(numbers, e.Party)
		}
	}
	return numbers
}
