// Package truth judges the product by what the simulator's phones and agents experienced, not by what the product says
// of itself. Simulation, chaos and the tests in virtual time and on real processes ask the same questions here.
//
// Each checker is one invariant in a file of its own, which begins with the rule. A checker takes a Case and returns
// what is wrong; nothing means that all is well. It knows nothing of how the product works inside, and it never repairs
// or forgives: where a rule leaves room, its file says how much and why. No violation names a number or a person.
//
// Start here, then history.go, which is how a log is read.
package truth

import (
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// Case is what there is to judge: what the simulator's phones and agents experienced, and what the product said.
type Case struct {
	Log    []simulator.Entry // simulator's own log, whole
	Calls  []Call            // every accepted request; the phones are distinct
	Left   []string          // simulator.Leftovers() once everything has ended and settled
	Agents map[string]string // status of each agent (by name as in "client:anna") at the end; nil: not asked
	Until  time.Time         // when the log was taken
	// Transit is how long a request that had left was on its way to Twilio, at the longest; zero: no longer than usual.
	Transit time.Duration
}

// Call is one accepted request and what was said about it.
type Call struct {
	Request   sb.Request
	Policy    sb.Policy
	Events    []sb.Event // everything published about it, in the order in which Kafka has it, duplicates included
	Accepted  time.Time
	Ended     time.Time  // when its workflow ended; zero: it did not
	Healed    time.Time  // from when on no fault was injected any more (liveness counts from here); zero: no faults
	Cancelled time.Time  // when somebody's cancellation was accepted; zero: never
	HungUp    []sb.Party // on whose behalf an update hang_up was accepted
}

// Violation is one broken promise. It names the call, never a phone number or a person.
type Violation struct {
	Invariant string
	Call      sb.CallID // empty: of no call in particular
	At        time.Time
	What      string
}

func (v Violation) String() string {
	text := v.At.UTC().Format("15:04:05.000") + " " + v.Invariant + ": " + v.What
	if v.Call != "" {
		text += " (" + string(v.Call) + ")"
	}
	return text
}

// Checker is one invariant.
type Checker struct {
	Name  string
	Rule  string // the invariant in a sentence, with its source
	Check func(Case) []Violation
}

// invariant is a Checker over a history that is read only once for all of them.
type invariant struct {
	name, rule string
	check      func(*history)
}

var invariants = []invariant{
	endsOnce, oneRing, agentFirst, noSilence, oneOffer, nothingLeft, partsTogether, outcomeTrue, cancelledNeverRung, retriesKept, inTime,
}

// Checkers are all invariants.
func Checkers() []Checker {
	all := make([]Checker, len(invariants))
	for i, inv := range invariants {
		all[i] = Checker{inv.name, inv.rule, func(c Case) []Violation { return read(&c).judge(inv) }}
	}
	return all
}

// Judge asks all of them and returns what is wrong in order of time.
func Judge(c Case) []Violation {
	h := read(&c)
	h.judge(invariants...)
	slices.SortStableFunc(h.found, func(a, b Violation) int { return a.At.Compare(b.At) })
	return h.found
}

// IsAgent tells agents' softphones from telephones.
func IsAgent(party string) bool { return strings.HasPrefix(party, "client:") }
