package switchboard_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/internal/simulation"
)

// TestSimulation plays a range of seeds on all cores: SIM_SEEDS of them from SIM_FIRST
// on. What it found wrong is told with the one command that plays it again.
//
//	SIM_SEEDS=20000 SIM_FIRST=1 go test . -run 'TestSimulation$' -v -timeout 0
func TestSimulation(t *testing.T) {
	total := playRange(t, simulation.Draw)
	if total.seeds >= telling {
		for _, row := range simulation.Unreached(total.cells) {
			t.Errorf("%s: nothing in the range has reached it, and nothing explains why", row)
		}
	}
}

// TestStorm does the same where little is told and everybody is in a hurry.
//
//	SIM_SEEDS=20000 SIM_FIRST=1 go test . -run 'TestStorm$' -v -timeout 0
func TestStorm(t *testing.T) {
	playRange(t, simulation.Storm)
}

func playRange(t *testing.T, draw func(seed uint64) simulation.Plan) (total *totals) {
	first, seeds := fromEnv(t, "SIM_FIRST", 1), fromEnv(t, "SIM_SEEDS", 100)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // a world lives for milliseconds
	var next atomic.Uint64
	total = &totals{}
	began := time.Now()
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for {
				n := next.Add(1) - 1
				if n >= seeds || total.stop() {
					return
				}
				p := play(draw(first + n))
				total.add(p)
				if len(p.violations) > 0 {
					t.Logf("seed %d: %s", p.seed, p.violations[0]) // a long range is not waited for
				}
			}
		})
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		all.Wait()
	}()
	for done := false; !done; {
		select {
		case <-over:
			done = true
		case <-time.After(time.Minute):
			t.Log(total.sofar(time.Since(began)))
		}
	}
	total.report(t, time.Since(began))
	return total
}

// telling is how long a range must be for what it never reached to mean something.
const telling = 20_000

// enough violations to see what is wrong.
const enough = 20

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%q: want a number", name, text)
	}
	return n
}

// played is the short of a play: a long range shall not keep the worlds in memory.
type played struct {
	seed       uint64
	calls      int
	violations []string
	invariants []string
	timeline   string
	cells      map[simulation.Cell]int
}

func play(plan simulation.Plan) (p played) {
	p.seed = plan.Seed
	simulation.InAWorld(func(t testing.TB) {
		o := simulation.Play(t, plan)
		p.calls, p.cells = len(o.Calls), o.Cells
		for _, v := range o.Violations {
			p.violations = append(p.violations, v.String())
			p.invariants = append(p.invariants, v.Invariant)
		}
		if len(o.Violations) > 0 {
			p.timeline = o.Timeline()
		}
	}, func(failure string) {
		p.violations = append(p.violations, failure)
		p.invariants = append(p.invariants, "the world")
	})
	return p
}

// totals of a range.
type totals struct {
	mu         sync.Mutex
	seeds      int
	calls      int
	violations int
	cells      map[simulation.Cell]int
	bad        []played
	invariants map[string]int
}

func (s *totals) add(p played) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cells == nil {
		s.cells, s.invariants = map[simulation.Cell]int{}, map[string]int{}
	}
	s.seeds++
	s.calls += p.calls
	s.violations += len(p.violations)
	for c, n := range p.cells {
		s.cells[c] += n
	}
	for _, name := range p.invariants {
		s.invariants[name]++
	}
	if len(p.violations) > 0 {
		s.bad = append(s.bad, p)
	}
}

func (s *totals) stop() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.bad) >= enough && os.Getenv("SIM_ALL") == ""
}

func (s *totals) report(t *testing.T, took time.Duration) {
	slices.SortFunc(s.bad, func(a, b played) int { return cmp.Compare(a.seed, b.seed) })
	for i, p := range s.bad {
		t.Errorf("seed %d:\n  %s\nplay it again: SIM_FIRST=%d SIM_SEEDS=1 go test . -run '%s$' -v", p.seed, strings.Join(p.violations, "\n  "), p.seed, t.Name())
		if i == 0 {
			t.Logf("what happened:\n%s", p.timeline)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.invariants)) {
		t.Logf("%6d × %s", s.invariants[name], name)
	}
	if s.seeds > 1 { // of one there is the timeline
		t.Logf("how often what hit a call at which stage, and how the call ended:\n%s", simulation.Table(s.cells))
	}
	t.Log(s.sofar(took))
}

func (s *totals) sofar(took time.Duration) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("simulated %d calls: %d violations, %.0f calls/s", s.calls, s.violations, float64(s.calls)/took.Seconds())
}
