package truth

import (
	sb "switchboard"
)

var oneRing = invariant{
	name: "one_ring",
	rule: "A caller's phone is dialled at most once an attempt, and never has two live legs at once (DESIGN §3 One ring, §5).",
	check: func(h *history) {
		for i := range h.Calls {
			h.oneLiveLeg(i)
			if n, attempts := len(h.calls[i]), attemptsOf(h.Calls[i].Events); n > attempts {
				h.violated(i, h.legs[h.calls[i][n-1]].dialled.at, "dialled %d times in %d attempts", n, attempts)
			}
		}
	},
}

// attemptsOf is how many attempts were begun, as the product tells.
func attemptsOf(events []sb.Event) (n int) {
	for i := range events {
		n = max(n, events[i].Data.Attempt, events[i].Data.Attempts)
	}
	return n
}

func (h *history) oneLiveLeg(call int) {
	legs := h.calls[call]
	for i, n := range legs {
		l := &h.legs[n]
		live := 1
		for _, before := range legs[:i] {
			if b := &h.legs[before]; !b.ended.is() || l.dialled.before(b.ended) {
				live++
			}
		}
		if live > 1 {
			h.violated(call, l.dialled.at, "%d live legs at once", live)
		}
	}
}
