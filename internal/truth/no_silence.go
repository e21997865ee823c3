package truth

import "time"

// quietFor is the longest that somebody who has picked up may hear nothing: the industry's yardstick for an information
// message, and ours.
const quietFor = 2 * time.Second

var noSilence = invariant{
	name: "no_silence",
	rule: "No caller who has picked up hears neither a person nor a sentence for more than 2 s, until the leg's end, also when " +
		"left alone in a room, our processes dead or alive (DESIGN §3, §5). Music is neither; hearing an agent's softphone ring, " +
		"which Twilio may let a caller hear, is as good as a sentence.",
	check: func(h *history) {
		for i := range h.legs {
			if l := &h.legs[i]; l.call != none && l.answered.is() {
				h.neverQuiet(l)
			}
		}
	},
}

func (h *history) neverQuiet(l *leg) {
	since, quiet := l.answered.at, true
	until := func(at time.Time) {
		if d := at.Sub(since); quiet && d > quietFor {
			h.violated(l.call, at, "the caller heard nothing for %v", d)
		}
	}
	for _, s := range l.heard {
		switch {
		case s.kind != nothing:
			until(s.from.at)
			quiet = false
		case !quiet:
			since, quiet = s.from.at, true
		}
	}
	until(h.end(l).at)
}
