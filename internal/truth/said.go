package truth

import (
	"time"

	sb "switchboard"
)

// said is what the product told of one request, each event once, and the legs to its caller.
type said struct {
	legs     []int // to the caller, in the order in which they were dialled: indices into history.legs
	events   []*sb.Event
	attempts []attempt
	ended    *sb.Event // nil: not told
}

// attempt is one try to reach the caller, as the product told it.
type attempt struct {
	number    int
	begun     time.Time // its first event's
	rung      time.Time // when it told that it rings the caller; zero: never
	connected time.Time
	legs      []int // to the caller, that were dialled in it
	// end told how it went: retry_planned, or ended. Nil: nothing did.
	end *sb.Event
}

func (s *said) read(h *history, c *Call) {
	seen := 0
	s.events = make([]*sb.Event, 0, len(c.Events))
	for i := range c.Events {
		if e := &c.Events[i]; e.Sequence > seen { // the rest are repetitions
			seen = e.Sequence
			s.events = append(s.events, e)
		}
	}
	for _, e := range s.events {
		s.take(e)
	}
	s.deal(h)
}

func (s *said) take(e *sb.Event) {
	n := len(s.attempts)
	over := n > 0 && s.attempts[n-1].end != nil
	switch e.Data.Stage {
	case sb.StageEnded:
		if s.ended == nil {
			s.ended = e
		}
		if n > 0 && !over {
			s.attempts[n-1].end = e
		}
		return
	case sb.StageRetryPlanned:
		if n > 0 && !over {
			s.attempts[n-1].end = e
		}
		return
	}
	if n == 0 || e.Data.Attempt > s.attempts[n-1].number {
		s.attempts = append(s.attempts, attempt{number: e.Data.Attempt, begun: e.Time})
		n++
	}
	switch a := &s.attempts[n-1]; e.Data.Stage {
	case sb.StageCallerRinging:
		a.rung = e.Time
	case sb.StageConnected:
		a.connected = e.Time
	}
}

// deal gives each attempt the legs that were dialled after it told that it rings the caller, and before the next did.
func (s *said) deal(h *history) {
	for _, n := range s.legs {
		at := h.legs[n].dialled.at
		var mine *attempt
		for i := range s.attempts {
			if a := &s.attempts[i]; !a.rung.IsZero() && !a.rung.After(at) {
				mine = a
			}
		}
		if mine != nil {
			mine.legs = append(mine.legs, n)
		}
	}
}

// deadline is the moment after which a call back is of no use.
func (c *Call) deadline() time.Time {
	if d := c.Request.Deadline; !d.IsZero() {
		return d
	}
	return c.Request.RequestedAt.Add(time.Duration(c.Policy.Deadline))
}

// maxAttempts is how often the caller may be tried.
func (c *Call) maxAttempts() int {
	if n := c.Request.MaxAttempts; n > 0 {
		return n
	}
	return c.Policy.MaxAttempts
}

// faulty: at that moment faults were being injected.
func (c *Call) faulty(at time.Time) bool { return at.Before(c.Healed) }
