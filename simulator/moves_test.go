package simulator

import (
	"slices"
	"strings"
	"testing"
)

// Every legal transition, spelled out a second time; all others are illegal.
func TestStateMachines(t *testing.T) {
	for name, c := range map[string]struct {
		machine moves
		legal   string
		final   string
	}{
		"call": {callMoves, "queued>initiated queued>canceled " +
			"initiated>ringing initiated>busy initiated>failed initiated>no-answer initiated>canceled initiated>completed " +
			"ringing>in-progress ringing>busy ringing>failed ringing>no-answer ringing>canceled ringing>completed in-progress>completed",
			"completed busy failed no-answer canceled"},
		"conference": {conferenceMoves, "init>in-progress init>completed in-progress>completed", "completed"},
		"task": {taskMoves, "pending>reserved pending>canceled reserved>pending reserved>assigned reserved>canceled " +
			"assigned>wrapping assigned>completed wrapping>completed", "canceled completed"},
		"reservation": {reservationMoves, "pending>accepted pending>rejected pending>timeout pending>canceled pending>rescinded " +
			"accepted>wrapping accepted>completed accepted>canceled wrapping>completed wrapping>canceled", "rejected timeout canceled rescinded completed"},
	} {
		legal := strings.Fields(c.legal)
		for from := range c.machine {
			for to := range c.machine {
				if got, want := c.machine.allow(from, to), slices.Contains(legal, from+">"+to); got != want {
					t.Errorf("%s %s > %s: got %v, want %v", name, from, to, got, want)
				}
			}
			equals(t, name+" "+from+" final", c.machine.final(from), slices.Contains(strings.Fields(c.final), from))
		}
		for _, move := range legal {
			from, to, _ := strings.Cut(move, ">")
			_, known := c.machine[from]
			_, knownTo := c.machine[to]
			equals(t, name+" knows "+move, known && knownTo, true)
		}
	}
}

// A call goes no way that its machine does not have: setCall leaves it where it is, end completes what was
// answered, and nothing changes a call that is over.
func TestCallsMoveAsTheirMachineSays(t *testing.T) {
	for from := range callMoves {
		for to := range callMoves {
			w := newWorld(t, Options{})
			w.sim.lock()
			c := &call{account: w.sim.main, to: stays, from: ourNumber, sid: w.sim.mint("CA"), status: from}
			w.sim.setCall(c, to)
			want := from
			if callMoves.allow(from, to) {
				want = to
			}
			equals(t, "set "+from+" to "+to, c.status, want)
			c = &call{account: w.sim.main, to: stays, from: ourNumber, sid: w.sim.mint("CA"), status: from}
			if callMoves.final(to) {
				w.sim.end(c, to, ByTwilio)
				want = to
				switch {
				case callMoves.final(from):
					want = from
				case !callMoves.allow(from, to):
					want = callCompleted
				}
				equals(t, "end "+from+" as "+to, c.status, want)
			}
			w.sim.unlock()
		}
	}
}
