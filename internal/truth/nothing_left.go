package truth

import (
	"slices"
	"strings"
	"time"

	"switchboard/provision"
	"switchboard/simulator"
)

var nothingLeft = invariant{
	name: "nothing_left",
	rule: "After the end nothing is left: no leg, conference, task or reservation, and no agent in a status that only we or " +
		"TaskRouter set. \"Missed call\" is for who was offered a call and did not answer; that one only the agent ends (DESIGN §3, §5).",
	check: func(h *history) {
		for _, left := range h.Left {
			h.leftBehind(left)
		}
		h.missedFairly()
		stuck := []string{}
		for _, status := range h.Agents {
			if status == provision.StatusTimedOut || status == provision.StatusLost {
				stuck = append(stuck, status)
			}
		}
		slices.Sort(stuck)
		for _, status := range stuck {
			h.violated(none, h.until(), "an agent is left in the status %q", status)
		}
	},
}

// leftBehind says what is left without what it may tell of people: "call CA… to +44… is ringing".
func (h *history) leftBehind(left string) {
	call := none
	words := strings.Fields(left)
	if len(words) < 3 {
		h.violated(call, h.until(), "something is left behind")
		return
	}
	if leg, known := h.bySID[words[1]]; known {
		call = h.legs[leg].call
	}
	h.violated(call, h.until(), "%s %s is left behind, %s", words[0], words[1], words[len(words)-1])
}

// missedFairly: who gets the status "Missed call" had been offered a call, and nothing that has been dialled since
// was answered. While faults are injected a dial that Twilio carried out late may ring beside that of the offer: answering
// one is not answering both.
func (h *history) missedFairly() {
	type since struct{ answered, unanswered int } // of the agent's legs dialled since the last offer
	offered := make(map[string]*since, 4)
	mine := make(map[string]*since, 8) // by leg
	for i := range h.Log {
		e := &h.Log[i]
		switch e.What {
		case simulator.Offered:
			offered[e.Party] = &since{}
		case simulator.Dialled:
			if o := offered[e.Party]; o != nil {
				mine[e.CallSID] = o
				o.unanswered++
			}
		case simulator.Answers:
			if o := mine[e.CallSID]; o != nil {
				o.answered++
				o.unanswered--
			}
		case simulator.StatusChanged:
			o := offered[e.Party]
			if e.Detail == provision.StatusMissed && (o == nil || o.answered > 0 && (o.unanswered == 0 || !h.faulty(e.At))) {
				h.violated(none, e.At, "an agent who left no call unanswered was given the status %q", e.Detail)
			}
		}
	}
}

// faulty: faults are injected at that moment.
func (h *history) faulty(at time.Time) bool {
	return slices.ContainsFunc(h.Calls, func(c Call) bool { return c.faulty(at) })
}
