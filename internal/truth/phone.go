package truth

import (
	sb "switchboard"
	"switchboard/simulator"
)

// Check asks about the calls to one phone in so many attempts, of a test that knows no more: the invariants that can be
// judged by the log alone.
func Check(log []simulator.Entry, phone string, attempts int) (problems []string) {
	c := Case{Log: log, Calls: []Call{{
		Request: sb.Request{Caller: sb.Caller{Phone: phone}},
		Events:  []sb.Event{{Data: sb.EventData{Attempts: attempts}}},
	}}}
	for _, v := range read(&c).judge(phoneOneRing, agentFirst, noSilence, oneOffer) {
		v.Call = ""
		problems = append(problems, v.String())
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
