package truth

import "switchboard/simulator"

var oneOffer = invariant{
	name: "one_offer",
	rule: "An agent is offered one call at a time, and none while talking to a caller (DESIGN §3 row 9, §5).",
	check: func(h *history) {
		open := make(map[string]string, 4) // reservation of an agent
		for i := range h.Log {
			e := &h.Log[i]
			switch e.What {
			case simulator.Offered:
				if other := open[e.Party]; other != "" {
					h.violated(none, e.At, "an agent was offered %s while %s was open", e.ReservationSID, other)
				}
				open[e.Party] = e.ReservationSID
			case simulator.OfferEnded:
				if open[e.Party] == e.ReservationSID {
					delete(open, e.Party)
				}
			}
		}
		h.offeredWhileTalking()
	},
}

// offeredWhileTalking looks at each conversation for an offer to its agent.
func (h *history) offeredWhileTalking() {
	var offers map[string][]moment
	for i := range h.legs {
		l := &h.legs[i]
		if !IsAgent(l.party) {
			continue
		}
		for _, s := range l.heard {
			if s.kind != person {
				continue
			}
			if offers == nil {
				offers = h.offers()
			}
			until := h.end(l)
			for _, next := range l.heard {
				if s.from.before(next.from) {
					until = next.from
					break
				}
			}
			for _, o := range offers[l.party] {
				if s.from.before(o) && o.before(until) {
					h.violated(none, o.at, "an agent was offered a call while talking to a caller")
				}
			}
		}
	}
}

func (h *history) offers() map[string][]moment {
	offers := make(map[string][]moment, 4)
	for i := range h.Log {
		if e := &h.Log[i]; e.What == simulator.Offered {
			offers[e.Party] = append(offers[e.Party], moment{e.At, i + 1})
		}
	}
	return offers
}
