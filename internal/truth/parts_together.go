package truth

import "time"

// togetherWithin is how long the second of two who talked stays on the line after the first.
const togetherWithin = 2 * time.Second

var partsTogether = invariant{
	name: "parts_together",
	rule: "When one of two who talk hangs up, the other's leg ends within 2 s, or hears an apology by then (DESIGN §3). " +
		"The caller's hanging up ends the room by Twilio itself. An agent whose page was lost may come back by another leg " +
		"while it is rung (docs/decisions/0007). Before the room is bound to the agent's leg it is we who end the caller's: " +
		"while faults are injected that may take as long as finding out.",
	check: func(h *history) {
		for i := range h.Calls {
			s := &h.said[i]
			for n := range s.legs {
				l := &h.legs[s.legs[n]]
				for _, stay := range l.stays {
					h.agentsGoWith(l, stay)
					h.callerGoesWith(i, l, stay)
				}
			}
		}
	},
}

// agentsGoWith: when the caller goes, so do the agents who were in the room.
func (h *history) agentsGoWith(l *leg, in stay) {
	if !in.to.is() || !l.answered.is() {
		return
	}
	for _, i := range h.rooms[in.room] {
		a := &h.legs[i]
		if d := h.end(a).at.Sub(in.to.at); d > togetherWithin && a.answeredIn(in.room, in.to) {
			h.violated(l.call, h.end(a).at, "the agent's leg went on for %v after the caller had gone", d)
		}
	}
}

// callerGoesWith: when the last agent goes, so does the caller.
func (h *history) callerGoesWith(call int, l *leg, in stay) {
	end := h.orLast(in.to)
	for _, i := range h.rooms[in.room] {
		a := &h.legs[i]
		for _, s := range a.stays {
			gone := s.to
			if s.room != in.room || !gone.is() || !gone.before(end) || !a.answered.is() || !l.answeredIn(in.room, gone) || h.agentIn(in.room, gone) {
				continue
			}
			until, cameBack := h.aloneUntil(in.room, gone, end)
			if by := h.mustPart(call, l, in.room, gone, end, cameBack); until.at.After(by) {
				h.violated(call, until.at, "the caller was alone for %v after the agent had gone", until.at.Sub(gone.at))
			}
		}
	}
}

// aloneUntil is when an agent comes into the room again, or else the caller's end.
func (h *history) aloneUntil(room string, gone, end moment) (until moment, cameBack bool) {
	until = end
	for _, i := range h.rooms[room] {
		a := &h.legs[i]
		for _, s := range a.stays {
			if in := later(s.from, a.answered); s.room == room && a.answered.is() && gone.before(in) && in.before(until) {
				until, cameBack = in, true
			}
		}
	}
	return until, cameBack
}

// mustPart is the latest moment at which a caller may still be alone.
func (h *history) mustPart(call int, l *leg, room string, gone, end moment, cameBack bool) time.Time {
	c := &h.Calls[call]
	within := togetherWithin
	if cameBack || h.comingBack(room, gone, end) {
		within = comesBackWithin(c.Policy)
	}
	by := gone.at.Add(within)
	connected := h.connected(call, l)
	if c.faulty(gone.at) || c.faulty(connected) && gone.at.Before(c.Healed.Add(foundOutWithin)) {
		by = latest(gone.at, c.Healed).Add(max(within, foundOutWithin))
	}
	return by
}

// comingBack: an agent's leg was on its way into the room while the caller was alone.
func (h *history) comingBack(room string, gone, end moment) bool {
	for _, i := range h.rooms[room] {
		if a := &h.legs[i]; a.dialled.before(end) && gone.before(h.end(a)) && !a.wasIn(room, gone) {
			return true
		}
	}
	return false
}

// wasIn: before that moment the leg has been answered and has been in the room.
func (l *leg) wasIn(room string, m moment) bool {
	if !l.answered.is() || m.before(l.answered) {
		return false
	}
	for _, s := range l.stays {
		if s.room == room && s.from.before(m) {
			return true
		}
	}
	return false
}

// connected is when the product told that it knew the two to be talking; zero: never.
func (h *history) connected(call int, l *leg) time.Time {
	for i := range h.said[call].attempts {
		a := &h.said[call].attempts[i]
		for _, n := range a.legs {
			if &h.legs[n] == l {
				return a.connected
			}
		}
	}
	return time.Time{}
}
