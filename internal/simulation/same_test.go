package simulation_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"switchboard/internal/simulation"
)

// The same seed plays the same, byte for byte: first alone, then beside others.
func TestTheSameSeedPlaysTheSame(t *testing.T) {
	const first, seeds = 101, 30
	alone := make([]string, seeds)
	for i := range alone {
		alone[i] = record(first + uint64(i))
	}
	var all sync.WaitGroup
	again := make([]string, seeds)
	queue := make(chan int, seeds)
	for i := range seeds {
		queue <- i
	}
	close(queue)
	for range 4 {
		all.Go(func() {
			for i := range queue {
				again[i] = record(first + uint64(i))
			}
		})
	}
	all.Wait()
	for i := range seeds {
		if alone[i] != again[i] {
			t.Errorf("seed %d plays differently the second time:\n%s", first+i, firstDifference(alone[i], again[i]))
		}
		if !strings.Contains(alone[i], "TaskChanged") {
			t.Errorf("seed %d: nothing happened:\n%s", first+i, alone[i])
		}
	}
}

// record is everything that a play has to say.
func record(seed uint64) (text string) {
	simulation.InAWorld(func(t testing.TB) {
		o := simulation.Play(t, simulation.Draw(seed))
		text = fmt.Sprintf("%s%v\n%v\n", o.Timeline(), o.Violations, o.Cells) // fmt sorts maps
		for _, c := range o.Calls {
			text += fmt.Sprintf("%v ended %v: %+v\n", c.Accepted, c.Ended, c.Events)
		}
	}, func(failure string) { text = failure })
	return text
}

// firstDifference shows where two texts part, with the lines before.
func firstDifference(a, b string) string {
	left, right := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(left), len(right)) {
		if left[i] != right[i] {
			return strings.Join(left[max(0, i-8):i], "\n") + "\n- " + left[i] + "\n+ " + right[i]
		}
	}
	return fmt.Sprintf("one has %d lines, the other %d", len(left), len(right))
}
