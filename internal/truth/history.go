package truth

import (
	"fmt"
	"time"

	"switchboard/simulator"
)

// history is a Case read once: legs and what became of them, in the order of the log.
type history struct {
	*Case
	legs  []leg
	bySID map[string]int // index into legs
	calls []callLegs     // as Case.Calls

	found     []Violation
	invariant string // that is being judged
}

// callLegs are the legs to the caller of one request, in the order in which they were dialled: indices into legs.
type callLegs []int

// leg is one party's call as its party experienced it.
type leg struct {
	sid, party string
	call       int // whose caller's phone it is: index into Case.Calls; none for an agent's
	room       string
	status, by string // at its end

	dialled, answered, ended moment
	stays                    []stay
}

const none = -1

// moment is a place in the log: times alone do not order what happens at the same instant. The zero moment is never.
type moment struct {
	at time.Time
	n  int // the entry's number, from 1
}

func (m moment) is() bool                 { return m.n > 0 }
func (m moment) before(other moment) bool { return m.n < other.n }

// stay is a leg in a room.
type stay struct {
	room     string
	from, to moment // to: never, if it is there still
}

func (s stay) holds(m moment) bool { return s.from.before(m) && (!s.to.is() || m.before(s.to)) }

func read(c *Case) *history {
	h := &history{Case: c, calls: make([]callLegs, len(c.Calls)), bySID: make(map[string]int, 8)}
	callers := make(map[string]int, len(c.Calls))
	for i := range c.Calls {
		callers[c.Calls[i].Request.Caller.Phone] = i
	}
	for i := range c.Log {
		if e := &c.Log[i]; e.CallSID != "" {
			h.take(e, moment{e.At, i + 1}, callers)
		}
	}
	return h
}

func (h *history) take(e *simulator.Entry, now moment, callers map[string]int) {
	i, known := h.bySID[e.CallSID]
	if !known {
		if e.What != simulator.Dialled {
			return // of a room's end, or of somebody who dialled in
		}
		i = len(h.legs)
		h.bySID[e.CallSID] = i
		call, isCaller := callers[e.Party]
		if !isCaller {
			call = none
		} else {
			h.calls[call] = append(h.calls[call], i)
		}
		h.legs = append(h.legs, leg{sid: e.CallSID, party: e.Party, call: call, room: e.ConferenceSID, dialled: now})
		return
	}
	l := &h.legs[i]
	switch e.What {
	case simulator.Answers:
		l.answered = now
	case simulator.Joins:
		l.stays = append(l.stays, stay{room: e.ConferenceSID, from: now})
	case simulator.Leaves:
		l.leaves(now)
	case simulator.Ended:
		l.leaves(now)
		l.ended, l.status, l.by = now, e.Detail, e.By
	}
}

func (l *leg) leaves(now moment) {
	if n := len(l.stays); n > 0 && !l.stays[n-1].to.is() {
		l.stays[n-1].to = now
	}
}

// answeredIn: at that moment the leg has been answered and is in the room.
func (l *leg) answeredIn(room string, m moment) bool {
	if !l.answered.is() || m.before(l.answered) {
		return false
	}
	for _, s := range l.stays {
		if s.room == room && s.holds(m) {
			return true
		}
	}
	return false
}

func (h *history) judge(all ...invariant) []Violation {
	for _, inv := range all {
		h.invariant = inv.name
		inv.check(h)
	}
	return h.found
}

// violated notes a broken promise; call is an index into Case.Calls, or none.
func (h *history) violated(call int, at time.Time, format string, args ...any) {
	v := Violation{Invariant: h.invariant, At: at, What: fmt.Sprintf(format, args...)}
	if call != none {
		v.Call = h.Calls[call].Request.Call()
	}
	h.found = append(h.found, v)
}
