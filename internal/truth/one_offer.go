package truth

import "switchboard/simulator"

var oneOffer = invariant{
	name: "one_offer",
	rule: "An agent is offered one call at a time (DESIGN §5).",
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
	},
}
