package truth

import sb "switchboard"

var oneRing = invariant{
	name: "one_ring",
	rule: "A caller's phone is dialled at most once an attempt, only after the attempt has told that it rings the caller, " +
		"and never has two live legs of one request (DESIGN §3 One ring, §5).",
	check: func(h *history) {
		for i := range h.Calls {
			h.oneLiveLeg(i)
			h.dialledWithin(i)
			h.oncePerAttempt(i)
		}
	},
}

// phoneOneRing is what a log alone can tell of it.
var phoneOneRing = invariant{name: oneRing.name, rule: oneRing.rule, check: func(h *history) {
	for i := range h.Calls {
		h.oneLiveLeg(i)
		h.dialledWithin(i)
	}
}}

func (h *history) oneLiveLeg(call int) {
	var before *leg // the one that ends last of those dialled earlier
	for _, n := range h.said[call].legs {
		l := &h.legs[n]
		if before != nil && l.dialled.before(h.end(before)) {
			h.violated(call, l.dialled.at, "dialled while another leg to the caller is live")
		}
		if before == nil || h.end(before).before(h.end(l)) {
			before = l
		}
	}
}

// dialledWithin: no more dials than attempts, as the product counts them.
func (h *history) dialledWithin(call int) {
	attempts := 0
	for i := range h.Calls[call].Events {
		d := &h.Calls[call].Events[i].Data
		attempts = max(attempts, d.Attempt, d.Attempts)
		if d.Stage == sb.StageEnded {
			attempts = d.Attempts
		}
	}
	if legs := h.said[call].legs; len(legs) > attempts {
		h.violated(call, h.legs[legs[len(legs)-1]].dialled.at, "dialled %d times in %d attempts", len(legs), attempts)
	}
}

func (h *history) oncePerAttempt(call int) {
	s := &h.said[call]
	dealt := 0
	for i := range s.attempts {
		a := &s.attempts[i]
		dealt += len(a.legs)
		if len(a.legs) > 1 {
			h.violated(call, h.legs[a.legs[1]].dialled.at, "dialled %d times in attempt %d", len(a.legs), a.number)
		}
	}
	if dealt < len(s.legs) {
		h.violated(call, h.legs[s.legs[0]].dialled.at, "dialled before any attempt had told that it rings the caller")
	}
}
