package workflows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sb "switchboard"
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

func rings(w *virtual.World, party string) int { return count(w, party, simulator.Rings) }

// checkEnd checks what must hold at the end of every call, whatever happened in it.
func checkEnd(t *testing.T, w *virtual.World, result sb.Result) {
	t.Helper()
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
	checkOneRing(t, w)
	checkSilence(t, w)
	if log := w.Log.String(); strings.Contains(log, "7700900") || strings.Contains(log, "Example") {
		t.Errorf("the log tells the caller's number or name:\n%s", log)
	}
}

// checkOneRing: a caller's phone is dialled at most once an attempt, and never without an agent in the room.
func checkOneRing(t *testing.T, w *virtual.World) {
	t.Helper()
	inRoom := map[string]bool{}
	dials := 0
	for _, e := range w.Sim.Log() {
		agent := strings.HasPrefix(e.Party, "client:")
		switch {
		case agent && e.What == simulator.Joins:
			inRoom[e.Party] = true
		case agent && e.What == simulator.Leaves:
			delete(inRoom, e.Party)
		case !agent && e.What == simulator.Dialled:
			dials++
			if len(inRoom) == 0 {
				t.Errorf("a caller was dialled without an agent on the line\n%s", w.Story())
			}
		}
	}
	attempts := 0
	for _, e := range w.Events() {
		attempts = max(attempts, e.Data.Attempt)
	}
	if dials > attempts {
		t.Errorf("%d dials in %d attempts\n%s", dials, attempts, w.Story())
	}
}

// checkSilence: nobody who has picked up hears nothing for more than 2 s.
func checkSilence(t *testing.T, w *virtual.World) {
	t.Helper()
	quietSince := map[string]time.Time{}
	ends := func(e simulator.Entry) {
		if since, quiet := quietSince[e.CallSID]; quiet {
			if d := e.At.Sub(since); d > 2*time.Second {
				t.Errorf("%s heard nothing for %v\n%s", e.Party, d, w.Story())
			}
			delete(quietSince, e.CallSID)
		}
	}
	for _, e := range w.Sim.Log() {
		if strings.HasPrefix(e.Party, "client:") || e.CallSID == "" {
			continue
		}
		switch e.What {
		case simulator.Answers:
			quietSince[e.CallSID] = e.At
		case simulator.Hears:
			if e.Detail == "silence" {
				if _, quiet := quietSince[e.CallSID]; !quiet {
					quietSince[e.CallSID] = e.At
				}
			} else {
				ends(e)
			}
		case simulator.Ended, simulator.HangsUp:
			ends(e)
		}
	}
}
