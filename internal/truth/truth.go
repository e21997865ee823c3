// Package truth judges the product by what the simulator's phones and agents experienced, not by what the product says
// of itself. Tests in virtual time and tests on real processes ask the same questions here.
//
// A checker takes the simulator's log and returns what is wrong, in sentences; nothing means that all is well. It knows
// nothing of workflows, and it never repairs or forgives.
package truth

import (
	"fmt"
	"strings"
	"time"

	"switchboard/simulator"
)

// Check asks everything about the calls to one caller in so many attempts.
func Check(log []simulator.Entry, caller string, attempts int) []string {
	var problems []string
	problems = append(problems, OneRing(log, caller, attempts)...)
	problems = append(problems, AgentFirst(log, caller)...)
	problems = append(problems, NoSilence(log, caller)...)
	problems = append(problems, OneOfferAtATime(log)...)
	return problems
}

// OneRing: a caller's phone is dialled at most once an attempt, and never on two legs at once.
func OneRing(log []simulator.Entry, caller string, attempts int) (problems []string) {
	dials, live := 0, map[string]bool{}
	for _, e := range log {
		if e.Party != caller {
			continue
		}
		switch e.What {
		case simulator.Dialled:
			dials++
			live[e.CallSID] = true
			if len(live) > 1 {
				problems = append(problems, fmt.Sprintf("%s has %d live legs at %s", caller, len(live), stamp(e)))
			}
		case simulator.Ended:
			delete(live, e.CallSID)
		}
	}
	if dials > attempts {
		problems = append(problems, fmt.Sprintf("%s was dialled %d times in %d attempts", caller, dials, attempts))
	}
	return problems
}

// AgentFirst: no caller is dialled into a room without an agent in it who has answered.
func AgentFirst(log []simulator.Entry, caller string) (problems []string) {
	answered, room := map[string]bool{}, map[string]string{} // by leg
	for _, e := range log {
		if !IsAgent(e.Party) {
			if e.Party == caller && e.What == simulator.Dialled && !there(e.ConferenceSID, answered, room) {
				problems = append(problems, fmt.Sprintf("%s was dialled without an agent on the line at %s", caller, stamp(e)))
			}
			continue
		}
		switch e.What {
		case simulator.Answers:
			answered[e.CallSID] = true
		case simulator.Joins:
			room[e.CallSID] = e.ConferenceSID
		case simulator.Leaves, simulator.Ended:
			delete(room, e.CallSID)
		}
	}
	return problems
}

func there(conference string, answered map[string]bool, room map[string]string) bool {
	for leg, r := range room {
		if r == conference && answered[leg] {
			return true
		}
	}
	return false
}

// quietFor is the longest that somebody who has picked up may hear nothing: the industry's yardstick for an information
// message, and ours.
const quietFor = 2 * time.Second

// NoSilence: nobody who has picked up hears neither a person nor a sentence for more than 2 s.
func NoSilence(log []simulator.Entry, caller string) (problems []string) {
	since := map[string]time.Time{}
	ends := func(e simulator.Entry) {
		if from, quiet := since[e.CallSID]; quiet && e.At.Sub(from) > quietFor {
			problems = append(problems, fmt.Sprintf("%s heard nothing for %v until %s", caller, e.At.Sub(from), stamp(e)))
		}
		delete(since, e.CallSID)
	}
	for _, e := range log {
		if e.Party != caller {
			continue
		}
		switch {
		case e.What == simulator.Answers:
			since[e.CallSID] = e.At
		case e.What == simulator.Hears && e.Detail != "silence", e.What == simulator.Ended, e.What == simulator.HangsUp:
			ends(e)
		case e.What == simulator.Hears:
			if _, quiet := since[e.CallSID]; !quiet {
				since[e.CallSID] = e.At
			}
		}
	}
	return problems
}

// OneOfferAtATime: an agent is offered one call at a time.
func OneOfferAtATime(log []simulator.Entry) (problems []string) {
	open := map[string]string{} // reservation of an agent
	for _, e := range log {
		switch e.What {
		case simulator.Offered:
			if other := open[e.Party]; other != "" {
				problems = append(problems, fmt.Sprintf("%s was offered %s while %s was open at %s", e.Party, e.ReservationSID, other, stamp(e)))
			}
			open[e.Party] = e.ReservationSID
		case simulator.OfferEnded:
			if open[e.Party] == e.ReservationSID {
				delete(open, e.Party)
			}
		}
	}
	return problems
}

// Dials is how often a party was dialled.
func Dials(log []simulator.Entry, party string) int { return count(log, party, simulator.Dialled) }

// Rings is how often a party's phone rang.
func Rings(log []simulator.Entry, party string) int { return count(log, party, simulator.Rings) }

func count(log []simulator.Entry, party, what string) (n int) {
	for _, e := range log {
		if e.Party == party && e.What == what {
			n++
		}
	}
	return n
}

// IsAgent tells agents' softphones from telephones.
func IsAgent(party string) bool { return strings.HasPrefix(party, "client:") }

func stamp(e simulator.Entry) string { return e.At.UTC().Format("15:04:05.000") }
