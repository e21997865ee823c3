package simulation_test

import (
	"slices"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/internal/simulation"
)

func TestWhatARangeNeverReachedIsTold(t *testing.T) {
	cells := map[simulation.Cell]int{}
	for _, s := range simulation.Stages() {
		for _, f := range simulation.Faults() {
			cells[simulation.Cell{Stage: s, Fault: f, Outcome: sb.Completed}] = 3
		}
	}
	if rows := simulation.Unreached(cells); len(rows) > 0 {
		t.Errorf("all was reached, and yet not %q", rows)
	}
	delete(cells, simulation.Cell{Stage: sb.StageConnected, Fault: "a webhook is lost", Outcome: sb.Completed})
	delete(cells, simulation.Cell{Stage: sb.StageQueued, Fault: "the caller hangs up", Outcome: sb.Completed}) // that is explained
	if rows, want := simulation.Unreached(cells), []string{"connected × a webhook is lost"}; !slices.Equal(rows, want) {
		t.Errorf("unreached: %q, want %q", rows, want)
	}
	table := simulation.Table(cells)
	for _, line := range []string{"the caller has not been dialled", "never"} {
		if strings.Count(table, line) != 1 {
			t.Errorf("want %q once in the table:\n%s", line, table)
		}
	}
}

// A play attributes what goes wrong to the call that it hits: over a few seeds each kind is found.
func TestFaultsAreFoundInThePlays(t *testing.T) {
	found := map[string]bool{}
	for seed := range uint64(40) {
		simulation.InAWorld(func(t testing.TB) {
			for c := range simulation.Play(t, simulation.Draw(seed)).Cells {
				found[c.Fault] = true
			}
		}, func(failure string) { t.Errorf("seed %d: %s", seed, failure) })
	}
	for _, f := range []string{
		"the worker is killed", "an answer is lost", "Kafka refuses events", "Twilio answers 429", "Twilio does not answer after the effect",
		"a webhook is lost", "a webhook is late", "the softphone does what it should not", "the caller hangs up", "the agent hangs up",
		"the requester cancels", "the caller is engaged", "Twilio: JoinBeforeAnswer",
	} {
		if !found[f] {
			t.Errorf("%q was found in no play", f)
		}
	}
}
