package truth

import (
	"strings"
	"testing"
	"time"

	sim "switchboard/simulator"
)

const (
	caller = "+447700900001"
	anna   = "client:anna"
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func at(seconds float64, party, leg, what, detail string) sim.Entry {
	return sim.Entry{At: start.Add(time.Duration(seconds * float64(time.Second))), Party: party, CallSID: leg, ConferenceSID: "CF1", What: what, Detail: detail}
}

func good() []sim.Entry {
	return []sim.Entry{
		at(0, anna, "CA1", sim.Dialled, ""), at(0.1, anna, "CA1", sim.Joins, ""), at(1, anna, "CA1", sim.Answers, ""),
		at(2, caller, "CA2", sim.Dialled, ""), at(2.1, caller, "CA2", sim.Rings, ""), at(4, caller, "CA2", sim.Answers, ""),
		at(4, caller, "CA2", sim.Joins, ""), at(4, caller, "CA2", sim.Hears, "the conversation"),
		at(9, caller, "CA2", sim.HangsUp, ""), at(9, caller, "CA2", sim.Ended, "completed"), at(9, anna, "CA1", sim.Ended, "completed"),
	}
}

// Each checker must see its own fault, and nothing where there is none.
func TestEachCheckerBites(t *testing.T) {
	if problems := Check(good(), caller, 1); len(problems) > 0 {
		t.Fatalf("a good call: %v", problems)
	}
	replace := func(i int, e sim.Entry) []sim.Entry { l := good(); l[i] = e; return l }
	without := func(i int) []sim.Entry { l := good(); return append(l[:i:i], l[i+1:]...) }
	for name, c := range map[string]struct {
		log      []sim.Entry
		attempts int
		says     string
	}{
		"dialled twice":            {append(good(), at(20, caller, "CA3", sim.Dialled, "")), 1, "dialled 2 times in 1 attempts"},
		"two legs at once":         {append(good()[:6:6], at(5, caller, "CA3", sim.Dialled, "")), 2, "another leg"},
		"agent has not answered":   {without(2), 1, "without an agent"},
		"agent is in another room": {replace(1, sim.Entry{Party: anna, CallSID: "CA1", ConferenceSID: "CF2", What: sim.Joins}), 1, "without an agent"},
		"agent has left":           {append(append(good()[:3:3], at(1.5, anna, "CA1", sim.Leaves, "")), good()[3:]...), 1, "without an agent"},
		"nothing to be heard":      {without(7), 1, "heard nothing for 5s"},
		"silence in the middle":    {append(append(good()[:8:8], at(5, caller, "CA2", sim.Hears, "silence")), good()[8:]...), 1, "heard nothing for 4s"},
		"two offers": {append(good(), sim.Entry{Party: anna, What: sim.Offered, ReservationSID: "WR1"},
			sim.Entry{Party: anna, What: sim.Offered, ReservationSID: "WR2"}), 1, "while WR1 was open"},
	} {
		t.Run(name, func(t *testing.T) {
			problems := Check(c.log, caller, c.attempts)
			if len(problems) == 0 || !strings.Contains(strings.Join(problems, "; "), c.says) {
				t.Errorf("got %v, want %q", problems, c.says)
			}
		})
	}
}
