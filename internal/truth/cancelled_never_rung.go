package truth

import (
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// Cancelling cannot reach a dial that was decided before. Without faults its request is over in a moment; with them it
// may be repeated, as long as Twilio has refused to execute it, or be held up in a worker, but it is not written later
// than this after it was decided ("a dial not written after", docs/process.md).
const (
	dialTakes       = 2 * time.Second
	dialIsWrittenIn = 10 * time.Second
)

var cancelledNeverRung = invariant{
	name: "cancelled_never_rung",
	rule: "Once a cancellation is accepted no ring is decided any more, and one that was is dialled within 2 s or, while faults are " +
		"injected, 10 s. The request ends `cancelled`, unless a conversation took place, the caller's phone had already " +
		"decided how the last attempt went, or nobody can tell whether it rang (DESIGN §3; docs/process.md).",
	check: func(h *history) {
		for i := range h.Calls {
			if c := &h.Calls[i]; !c.Cancelled.IsZero() {
				h.neverRung(i, c)
				h.endsCancelled(i, c)
			}
		}
	},
}

func (h *history) neverRung(call int, c *Call) {
	s := &h.said[call]
	for i := range s.attempts {
		if a := &s.attempts[i]; a.rung.After(c.Cancelled) {
			h.violated(call, a.rung, "it was decided to ring the caller %v after the cancellation", a.rung.Sub(c.Cancelled))
		}
	}
	within := dialTakes
	if c.faulty(c.Cancelled) {
		within = dialIsWrittenIn + h.Transit
	}
	for _, n := range s.legs {
		if l := &h.legs[n]; l.dialled.at.Sub(c.Cancelled) > within {
			h.violated(call, l.dialled.at, "the caller was dialled %v after the cancellation", l.dialled.at.Sub(c.Cancelled))
		}
	}
}

func (h *history) endsCancelled(call int, c *Call) {
	s := &h.said[call]
	if s.ended == nil || s.ended.Time.Before(c.Cancelled) {
		return
	}
	if o := s.ended.Data.Outcome; o == sb.Cancelled || o == sb.Uncertain { // and that is judged by outcome_true
		return
	}
	if n := len(s.attempts); n > 0 && s.attempts[n-1].end == s.ended {
		for _, leg := range s.attempts[n-1].legs {
			if l := &h.legs[leg]; h.together(l) > 0 || h.decidedAlready(c, l) {
				return
			}
		}
	}
	h.violated(call, s.ended.Time, "it was cancelled and ended %s", s.ended.Data.Outcome)
}

// decidedAlready: the phone, not we, ended the leg before the cancellation could.
func (h *history) decidedAlready(c *Call, l *leg) bool {
	byItself := l.by == simulator.ByParty || l.by == simulator.ByTwilio
	return l.ended.is() && byItself && !l.ended.at.After(latest(c.Cancelled, c.Healed).Add(dialTakes)) || l.ended.is() && l.ended.at.Before(c.Cancelled)
}
