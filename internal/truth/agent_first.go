package truth

var agentFirst = invariant{
	name: "agent_first",
	rule: "No caller is rung without an agent who has answered and is in that very room (DESIGN §3 rows 6 and 7, §5).",
	check: func(h *history) {
		for i := range h.Calls {
			for _, n := range h.said[i].legs {
				l := &h.legs[n]
				if room := h.Log[l.dialled.n-1].ConferenceSID; !h.agentIn(room, l.dialled) {
					h.violated(i, l.dialled.at, "dialled without an agent on the line")
				}
			}
		}
	},
}
