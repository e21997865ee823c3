package truth

var agentFirst = invariant{
	name: "agent_first",
	rule: "No caller is rung without an agent who has answered and is in that very room (DESIGN §3 rows 6 and 7, §5).",
	check: func(h *history) {
		rooms := h.agentsByRoom()
		for i := range h.Calls {
			for _, n := range h.calls[i] {
				if l := &h.legs[n]; !h.agentIn(rooms[l.room], l.room, l.dialled) {
					h.violated(i, l.dialled.at, "dialled without an agent on the line")
				}
			}
		}
	},
}

// agentsByRoom are the agents' legs that have been in each room.
func (h *history) agentsByRoom() map[string][]int {
	rooms := make(map[string][]int, 4)
	for i := range h.legs {
		l := &h.legs[i]
		if !IsAgent(l.party) {
			continue
		}
		for _, s := range l.stays {
			rooms[s.room] = append(rooms[s.room], i)
		}
	}
	return rooms
}

func (h *history) agentIn(agents []int, room string, m moment) bool {
	for _, i := range agents {
		if h.legs[i].answeredIn(room, m) {
			return true
		}
	}
	return false
}
