package truth

import "time"

// ringStopsWithin is how long a caller's phone may go on ringing for nobody.
const ringStopsWithin = 2 * time.Second

var agentFirst = invariant{
	name: "agent_first",
	rule: "No caller is rung without an agent who has answered and is in that very room; when the agent has gone the ring stops " +
		"within 2 s. While faults are injected that may take as long as finding out (DESIGN §3 rows 6 and 7, §5).",
	check: func(h *history) {
		for i := range h.Calls {
			for _, n := range h.said[i].legs {
				l := &h.legs[n]
				room := h.Log[l.dialled.n-1].ConferenceSID
				if !h.agentIn(room, l.dialled) {
					h.violated(i, l.dialled.at, "dialled without an agent on the line")
				}
				h.ringStops(i, l, room)
			}
		}
	},
}

// ringStops: a phone does not ring on for an agent who has gone.
func (h *history) ringStops(call int, l *leg, room string) {
	rung := h.end(l)
	if l.answered.is() {
		rung = l.answered
	}
	for _, i := range h.rooms[room] {
		for _, s := range h.legs[i].stays {
			gone := s.to
			if s.room != room || !gone.is() || !l.dialled.before(gone) || !gone.before(rung) || h.agentIn(room, gone) {
				continue
			}
			by := gone.at.Add(ringStopsWithin)
			if c := &h.Calls[call]; c.faulty(gone.at) || c.faulty(l.dialled.at) && gone.at.Before(c.Healed.Add(foundOutWithin)) {
				by = latest(gone.at, c.Healed).Add(foundOutWithin)
			}
			if rung.at.After(by) {
				h.violated(call, rung.at, "the phone rang on for %v after the agent had gone", rung.at.Sub(gone.at))
			}
		}
	}
}
