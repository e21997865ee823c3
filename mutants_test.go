package switchboard_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/internal/simulation"
	"switchboard/internal/truth"
)

// mutantEnv names the mutant that a compiled test is to be; wantedEnv the checkers it plays for, empty: all its seeds.
const (
	mutantEnv = "SIM_MUTANT"
	wantedEnv = "SIM_CAUGHT"
)

// longestPlay bounds the play of a mutant: one may turn round in a circle for ever, and it ends by itself even if nobody
// is there any more who waits for it.
const longestPlay = 15 * time.Minute

// mutantSeeds is within how many seeds a mutant must be caught.
const mutantSeeds = 2000

// TestMutants shows that the simulation bites: each mutant of the process is caught by a checker that ought to catch
// it, on a seed where the process as it is does not break the same rule.
//
//	go test . -run TestMutants -v
func TestMutants(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this compiles the product once more")
	}
	binary, rotten := compileMutants(t, mutants)
	seeds := fromEnv(t, "SIM_SEEDS", mutantSeeds)
	reports := make([]mutantReport, len(mutants))
	var turns sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, m := range mutants {
		if slices.Contains(rotten, m.name) {
			continue
		}
		turns.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			reports[i] = playMutant(t, binary, m.name, m.caught, seeds)
		})
	}
	turns.Wait()
	for i, m := range mutants {
		r := reports[i]
		switch {
		case r.Seeds == 0: // rotten, or its process has failed: told already
		case r.Caught == "":
			t.Errorf("mutant %q survives %d seeds: %s. It ought to be caught by %v; seen: %v", m.name, r.Seeds, m.breaks, m.caught, r.Violations)
		default:
			t.Logf("| %s | %s | `%s` | %d | %s |", m.name, m.breaks, r.Caught, r.Seeds, r.What)
		}
	}
}

// TestNaive plays the same seeds twice, as the process is and as one would first write it, and counts what each breaks.
//
//	SIM_VARIANT=naive go test . -run TestNaive -v -timeout 0
func TestNaive(t *testing.T) {
	if os.Getenv("SIM_VARIANT") != naive.name {
		t.Skip("this takes minutes: SIM_VARIANT=naive")
	}
	binary, _ := compileMutants(t, []mutant{naive})
	seeds := fromEnv(t, "SIM_SEEDS", mutantSeeds)
	var ours, theirs mutantReport
	var both sync.WaitGroup
	both.Go(func() { ours = playMutant(t, binary, "none", nil, seeds) })
	both.Go(func() { theirs = playMutant(t, binary, naive.name, nil, seeds) })
	both.Wait()
	t.Logf("%d calls in %d seeds\n| invariant | naive | ours |", theirs.Calls, theirs.Seeds)
	for _, name := range invariantNames() {
		t.Logf("| `%s` | %d | %d |", name, theirs.Violations[name], ours.Violations[name])
	}
	for _, name := range naive.caught {
		if theirs.Violations[name] <= ours.Violations[name] {
			t.Errorf("the naive variant breaks %s %d times, ours %d times", name, theirs.Violations[name], ours.Violations[name])
		}
	}
}

// A checker that no mutant needs might be blind, and nobody would know.
func TestEveryCheckerHasItsMutant(t *testing.T) {
	needed := map[string]bool{}
	for _, m := range append([]mutant{naive}, mutants...) {
		for _, name := range m.caught {
			needed[name] = true
			if !slices.Contains(invariantNames(), name) {
				t.Errorf("mutant %q is to be caught by %s, which is no checker", m.name, name)
			}
		}
		if strings.Contains(m.name, ",") {
			t.Errorf("mutant %q: the names are listed with commas between them", m.name)
		}
	}
	for _, name := range invariantNames() {
		if !needed[name] {
			t.Errorf("no mutant is to be caught by %s", name)
		}
	}
	names := mutantNames(mutants)
	if unique := slices.Compact(slices.Clone(names)); len(unique) < len(names) {
		t.Errorf("two mutants have one name: %v", names)
	}
}

func invariantNames() (names []string) {
	for _, c := range truth.Checkers() {
		names = append(names, c.Name)
	}
	return names
}

// mutantReport is what came of playing a mutant.
type mutantReport struct {
	Seeds      uint64         `json:"seeds"` // the last one is that on which it was caught
	Calls      int            `json:"calls"`
	Caught     string         `json:"caught,omitempty"` // the checker that was the first to see it
	What       string         `json:"what,omitempty"`
	Violations map[string]int `json:"violations"`
}

// TestPlaysOfAMutant is what the compiled test does for the tests above.
func TestPlaysOfAMutant(t *testing.T) {
	name := os.Getenv(mutantEnv)
	if name == "" {
		t.Skip("for TestMutants alone")
	}
	wanted := strings.FieldsFunc(os.Getenv(wantedEnv), func(r rune) bool { return r == ',' })
	seeds := fromEnv(t, "SIM_SEEDS", mutantSeeds)
	r := mutantReport{Violations: map[string]int{}}
	for r.Seeds < seeds && r.Caught == "" {
		r.Seeds++
		p := play(simulation.Draw(r.Seeds))
		r.Calls += p.calls
		for i, invariant := range p.invariants {
			r.Violations[invariant]++
			if r.Caught == "" && slices.Contains(wanted, invariant) && !breaks(t, r.Seeds, invariant) {
				r.Caught, r.What = invariant, p.violations[i]
			}
		}
	}
	out, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s%s\n", reportMark, out)
}

const reportMark = "the mutant's report: "

// breaks: the process as it is breaks the same rule on that seed, so that the mutant has shown nothing.
func breaks(t *testing.T, seed uint64, invariant string) bool {
	name := os.Getenv(mutantEnv)
	t.Setenv(mutantEnv, "none")
	defer t.Setenv(mutantEnv, name)
	return slices.Contains(play(simulation.Draw(seed)).invariants, invariant)
}

// compileMutants makes a test binary with all of them but the rotten in it.
func compileMutants(t *testing.T, mutants []mutant) (binary string, rotten []string) {
	t.Helper()
	sources, rotten := mutatedSources(t, mutants)
	binary = filepath.Join(t.TempDir(), "mutants.test")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "test", "-c", "-vet=off", "-ldflags=-s -w", "-overlay", overlay(t, sources), "-o", binary, ".")
	cmd.WaitDelay = 10 * time.Second
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the mutants do not compile: %v\n%s", err, out)
	}
	return binary, rotten
}

// playMutant plays a mutant on one core, seed after seed, so that it is always caught on the same one.
func playMutant(t *testing.T, binary, name string, wanted []string, seeds uint64) (r mutantReport) {
	ctx, cancel := context.WithTimeout(t.Context(), longestPlay+10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.run=^TestPlaysOfAMutant$", "-test.timeout="+longestPlay.String(), "-test.v")
	cmd.Env = append(os.Environ(), mutantEnv+"="+name, wantedEnv+"="+strings.Join(wanted, ","), "SIM_SEEDS="+strconv.FormatUint(seeds, 10), "GOMAXPROCS=1", "GOGC=400")
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	_, report, told := strings.Cut(string(out), reportMark)
	report, _, _ = strings.Cut(report, "\n")
	if err != nil || !told || json.Unmarshal([]byte(report), &r) != nil {
		t.Errorf("mutant %q could not be played: %v\n%s", name, err, out)
		return mutantReport{}
	}
	return r
}
