package truth

import (
	"time"

	"switchboard/simulator"
)

// quietFor is the longest that somebody who has picked up may hear nothing: the industry's yardstick for an information
// message, and ours.
const quietFor = 2 * time.Second

var noSilence = invariant{
	name: "no_silence",
	rule: "No caller who has picked up hears neither a person nor a sentence for more than 2 s, our processes dead or alive (DESIGN §5).",
	check: func(h *history) {
		since := make([]time.Time, len(h.legs)) // from when on a leg hears nothing; zero: it does, or is not answered
		for i := range h.Log {
			e := &h.Log[i]
			if e.CallSID == "" {
				continue
			}
			n, known := h.bySID[e.CallSID]
			if !known || h.legs[n].call == none {
				continue
			}
			quiet := !since[n].IsZero()
			switch {
			case e.What == simulator.Answers:
				since[n] = e.At
			case e.What == simulator.Hears && e.Detail != "silence", e.What == simulator.Ended, e.What == simulator.HangsUp:
				if quiet {
					h.heardNothing(n, since[n], e.At)
				}
				since[n] = time.Time{}
			case e.What == simulator.Hears && !quiet:
				since[n] = e.At
			}
		}
	},
}

func (h *history) heardNothing(leg int, from, to time.Time) {
	if d := to.Sub(from); d > quietFor {
		h.violated(h.legs[leg].call, to, "heard nothing for %v", d)
	}
}
