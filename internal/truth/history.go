package truth

import (
	"fmt"
	"strings"
	"time"

	"switchboard/simulator"
)

// history is a Case read once: legs and what became of them, in the order of the log.
type history struct {
	*Case
	legs  []leg
	bySID map[string]int   // index into legs
	rooms map[string][]int // the agents' legs that were dialled into, or have been in, each room
	said  []said           // as Case.Calls

	found     []Violation
	invariant string // that is being judged
}

// leg is one party's call as its party experienced it.
type leg struct {
	sid, party string
	call       int // whose caller's phone it is: index into Case.Calls; none for an agent's
	room       string
	status, by string // at its end

	dialled, answered, ended moment
	stays                    []stay
	heard                    []sound
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

// sound is what a leg hears from a moment on.
type sound struct {
	from moment
	kind kind
}

type kind int

const (
	nothing kind = iota // silence, music, a beep: nothing that tells somebody that there is somebody
	person
	words
	ringing // somebody else in the room is being rung
)

// kindOf reads the detail of an entry Hears.
func kindOf(detail string) kind {
	switch {
	case detail == "the conversation":
		return person
	case detail == "ringing":
		return ringing
	case detail == "silence", detail == "beep", strings.HasPrefix(detail, "play "), strings.HasPrefix(detail, "digits "):
		return nothing
	}
	return words
}

func read(c *Case) *history {
	h := &history{Case: c, said: make([]said, len(c.Calls)), bySID: make(map[string]int, 8), rooms: make(map[string][]int, 4)}
	callers := make(map[string]int, len(c.Calls))
	for i := range c.Calls {
		callers[c.Calls[i].Request.Caller.Phone] = i
	}
	for i := range c.Log {
		if e := &c.Log[i]; e.CallSID != "" {
			h.take(e, moment{e.At, i + 1}, callers)
		}
	}
	for i := range c.Calls {
		h.said[i].read(h, &c.Calls[i])
	}
	return h
}

func (h *history) take(e *simulator.Entry, now moment, callers map[string]int) {
	i, known := h.bySID[e.CallSID]
	if !known {
		if e.What == simulator.Dialled { // else of somebody who dialled in
			h.dialled(e, now, callers)
		}
		return
	}
	l := &h.legs[i]
	switch e.What {
	case simulator.Answers:
		l.answered = now
	case simulator.Joins:
		h.enters(i, e.ConferenceSID)
		l.stays = append(l.stays, stay{room: l.room, from: now})
	case simulator.Hears:
		l.heard = append(l.heard, sound{now, kindOf(e.Detail)})
	case simulator.Leaves:
		l.leaves(now)
	case simulator.Ended:
		l.leaves(now)
		l.ended, l.status, l.by = now, e.Detail, e.By
	}
}

func (h *history) dialled(e *simulator.Entry, now moment, callers map[string]int) {
	i := len(h.legs)
	h.bySID[e.CallSID] = i
	call, isCaller := callers[e.Party]
	if isCaller {
		h.said[call].legs = append(h.said[call].legs, i)
	} else {
		call = none
	}
	h.legs = append(h.legs, leg{sid: e.CallSID, party: e.Party, call: call, dialled: now})
	h.enters(i, e.ConferenceSID)
}

// enters notes which room a leg is dialled into, or comes into: after a late answer another one.
func (h *history) enters(leg int, room string) {
	l := &h.legs[leg]
	if l.room != room && IsAgent(l.party) {
		h.rooms[room] = append(h.rooms[room], leg)
	}
	l.room = room
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

// agentIn: at that moment an agent who has answered is in the room.
func (h *history) agentIn(room string, m moment) bool {
	for _, i := range h.rooms[room] {
		if h.legs[i].answeredIn(room, m) {
			return true
		}
	}
	return false
}

// end is when a leg was over, or the log's end.
func (h *history) end(l *leg) moment { return h.orLast(l.ended) }

// orLast is the moment, or if it never came that at which the log was taken.
func (h *history) orLast(m moment) moment {
	if m.is() {
		return m
	}
	return moment{h.until(), len(h.Log) + 1}
}

// until is when the log was taken.
func (h *history) until() time.Time {
	if h.Until.IsZero() && len(h.Log) > 0 {
		return h.Log[len(h.Log)-1].At
	}
	return h.Until
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
