package truth

import (
	"time"

	sb "switchboard"
)

// mostWithdrawn is how many attempts are made good because our side dropped out (docs/process.md).
const mostWithdrawn = 3

// doubtAfter is how much longer than a ring one waits before a caller is tried again whose last ring nobody can tell of.
const doubtAfter = 15 * time.Second

var retriesKept = invariant{
	name: "retries_kept",
	rule: "The next attempt is announced for when the policy says, before the deadline, and does not begin earlier. Nobody is " +
		"tried more often than the policy says, attempts that we withdrew apart, of which there are at most 3. After the " +
		"deadline no agent is offered the call, and the caller is dialled only if an agent had been offered it " +
		"before (DESIGN §3; docs/process.md).",
	check: func(h *history) {
		for i := range h.Calls {
			h.retriesAsAnnounced(i)
			h.notTooOften(i)
			h.nothingAfterTheDeadline(i)
		}
	},
}

func (h *history) retriesAsAnnounced(call int) {
	c, s := &h.Calls[call], &h.said[call]
	for i := range s.attempts {
		e := s.attempts[i].end
		if e == nil || e.Data.Stage != sb.StageRetryPlanned {
			continue
		}
		at := e.Data.RetryAt
		if want, again := c.retryAt(e); !again {
			h.violated(call, e.Time, "another attempt is planned after %s, which is final", e.Data.Outcome)
		} else if !at.Equal(want) {
			h.violated(call, e.Time, "the next attempt is planned %v after %s, not %v", at.Sub(e.Time), e.Data.Outcome, want.Sub(e.Time))
		}
		if !at.Before(c.deadline()) {
			h.violated(call, e.Time, "the next attempt is planned for after the deadline")
		}
		if i+1 < len(s.attempts) {
			h.notBefore(call, at, &s.attempts[i+1])
		}
	}
}

// retryAt is when the policy wants the next attempt after one that ended so; false: not at all.
func (c *Call) retryAt(e *sb.Event) (time.Time, bool) {
	if withdrawn(e) {
		return e.Time, true
	}
	wait, again := c.Policy.RetryAfter[e.Data.Outcome]
	if e.Data.Outcome == sb.Uncertain {
		wait = max(wait, c.Policy.CallerRings+sb.Duration(doubtAfter))
	}
	return e.Time.Add(time.Duration(wait)), again
}

// withdrawn: we took the ring back because the agent had gone. It does not count as an attempt.
func withdrawn(e *sb.Event) bool {
	return e.Data.Outcome == sb.Failed && (e.Data.Reason == sb.ReasonAgentLeft || e.Data.Reason == sb.ReasonApologised)
}

func (h *history) notBefore(call int, at time.Time, next *attempt) {
	if next.begun.Before(at) {
		h.violated(call, next.begun, "attempt %d began %v early", next.number, at.Sub(next.begun))
	}
	for _, n := range next.legs {
		if l := &h.legs[n]; l.dialled.at.Before(at) {
			h.violated(call, l.dialled.at, "the caller was dialled %v early", at.Sub(l.dialled.at))
		}
	}
}

func (h *history) notTooOften(call int) {
	c, s := &h.Calls[call], &h.said[call]
	made, again := 0, 0
	for i := range s.attempts {
		a := &s.attempts[i]
		if a.end != nil && withdrawn(a.end) {
			again++
		} else {
			made++
		}
		if over := made > c.maxAttempts(); over || again > mostWithdrawn+1 { // the one after the last that is made good ends it
			h.violated(call, a.begun, "attempt %d, of which %d were withdrawn, is one too many", a.number, again)
			return
		}
	}
}

func (h *history) nothingAfterTheDeadline(call int) {
	c, s := &h.Calls[call], &h.said[call]
	deadline := c.deadline()
	for _, e := range s.events {
		if e.Data.Stage == sb.StageAgentRinging && !e.Time.Before(deadline) {
			h.violated(call, e.Time, "an agent is offered the call %v after the deadline", e.Time.Sub(deadline))
		}
	}
	by := latest(deadline, c.Healed).Add(agentRingingWithin(c.Policy) + callerDialledWithin)
	for _, n := range s.legs {
		if l := &h.legs[n]; l.dialled.at.After(by) {
			h.violated(call, l.dialled.at, "the caller was dialled %v after the deadline", l.dialled.at.Sub(deadline))
		}
	}
}
