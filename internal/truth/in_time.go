package truth

import (
	"time"

	sb "switchboard"
	"switchboard/provision"
	"switchboard/simulator"
)

var inTime = invariant{
	name: "in_time",
	rule: "Once no fault is injected any more a call leaves every stage, and ends, within the bound that its policy and the table of " +
		"timeouts give (docs/process.md; bounds.go has the sums), and does not wait in the queue while an agent is free.",
	check: func(h *history) {
		var idle []span
		if len(h.Calls) > 0 {
			idle = h.idleAgents()
		}
		for i := range h.Calls {
			h.everyStageInTime(i)
			h.endInTime(i)
			h.notForgotten(i, idle)
		}
	},
}

func (h *history) everyStageInTime(call int) {
	c, events := &h.Calls[call], h.said[call].events
	for i, e := range events {
		next := c.Ended
		if i+1 < len(events) {
			next = events[i+1].Time
		} else if next.IsZero() {
			next = h.until()
		}
		if by := c.leavesBy(e); next.After(by) {
			h.violated(call, next, "in stage %s for %v, at most %v expected", e.Data.Stage, next.Sub(e.Time), by.Sub(e.Time))
		}
	}
}

func (h *history) endInTime(call int) {
	c := &h.Calls[call]
	end := c.Ended
	if end.IsZero() {
		end = h.until()
	}
	if by := EndsBy(*c); end.After(by) {
		h.violated(call, end, "it went on for %v longer than it may", end.Sub(by))
	}
}

// span is a time in which an agent is available and has nothing to do.
type span struct{ from, to time.Time }

// forgottenAfter is how long a call may wait while an agent is free: agents who declined it rest, a task that ended without
// us is made anew, and the sweep tells of an offer that was missed.
func forgottenAfter(p sb.Policy) time.Duration {
	return time.Duration(p.DeclinedFor) + excludeWithin + taskPauseLast + sweepEvery + must + standstill
}

// notForgotten: while a call that anybody may take waits in the queue nobody is free for long.
func (h *history) notForgotten(call int, idle []span) {
	c, events := &h.Calls[call], h.said[call].events
	if len(c.Request.Skills) > 0 {
		return
	}
	for i, e := range events {
		if e.Data.Stage != sb.StageQueued {
			continue
		}
		from, to := latest(e.Time, c.Healed), h.until()
		if i+1 < len(events) {
			to = events[i+1].Time
		}
		if to.Sub(from) <= forgottenAfter(c.Policy) {
			continue
		}
		for _, s := range idle {
			begin, end := latest(from, s.from), to
			if s.to.Before(end) {
				end = s.to
			}
			if d := end.Sub(begin); d > forgottenAfter(c.Policy) {
				h.violated(call, end, "it waited for %v while an agent was free", d)
				break
			}
		}
	}
}

// desk is an agent's, while the log is read.
type desk struct {
	available bool
	open      string // the task that was offered, until it is over for the agent
	since     time.Time
}

func (d *desk) free() bool { return d.available && d.open == "" }

// idleAgents are the times in which some agent had nothing to do; short ones are left out, for nobody was forgotten then.
func (h *history) idleAgents() (idle []span) {
	shortest := forgottenAfter(sb.Policy{})
	desks := make(map[string]*desk, 4)
	holds := make(map[string]*desk, 4) // by task
	change := func(d *desk, at time.Time, how func()) {
		was := d.free()
		if how(); was && !d.free() && at.Sub(d.since) > shortest {
			idle = append(idle, span{d.since, at})
		} else if !was {
			d.since = at
		}
	}
	for i := range h.Log {
		e := &h.Log[i]
		switch e.What {
		case simulator.StatusChanged, simulator.Offered, simulator.OfferEnded:
			d := desks[e.Party]
			if d == nil {
				d = &desk{}
				desks[e.Party] = d
			}
			change(d, e.At, func() {
				switch {
				case e.What == simulator.StatusChanged:
					d.available = e.Detail == provision.StatusAvailable
				case e.What == simulator.Offered:
					d.open, holds[e.TaskSID] = e.TaskSID, d
				case e.Detail != string(sb.ReservationAccepted):
					d.open = ""
				}
			})
		case simulator.TaskChanged:
			d := holds[e.TaskSID]
			if s := sb.TaskStatus(e.Detail); d != nil && d.open == e.TaskSID && (s.Over() || e.Detail == "deleted") {
				change(d, e.At, func() { d.open = "" })
			}
		}
	}
	for _, d := range desks {
		change(d, h.until(), func() { d.available = false })
	}
	return idle
}
