package island

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
)

// there is set in the environment of a process that is on the island.
const there = "SWITCHBOARD_TESTS_ON_AN_ISLAND"

var (
	mu       sync.Mutex
	attempts []string
	unproved error
)

// Run runs the tests of a package on an island and returns what to exit with:
//
//	func TestMain(m *testing.M) { os.Exit(island.Run(m, nil)) }
//
// What they need from elsewhere, such as programs to be built, is fetched by prepare beforehand.
func Run(m *testing.M, prepare func() error) int {
	if os.Getenv(there) == "" {
		if prepare != nil {
			if err := prepare(); err != nil {
				fmt.Fprintln(os.Stderr, err)
				return 1
			}
		}
		code, err := again()
		if err == nil {
			return code
		}
		unproved = err
		return m.Run()
	}
	if err := settle(); err != nil {
		fmt.Fprintln(os.Stderr, "island:", err)
		return 1
	}
	code := m.Run()
	if list := Attempts(); len(list) > 0 {
		fmt.Fprintf(os.Stderr, "FAIL: the tests reached for addresses beyond this machine: %q\n", list)
		return 1
	}
	return code
}

// Attempts are the addresses beyond this machine that packets were sent to so far.
func Attempts() []string {
	mu.Lock()
	defer mu.Unlock()
	return slices.Clone(attempts)
}

// Forget forgets the attempts: for the test that shows that they are seen.
func Forget() {
	mu.Lock()
	defer mu.Unlock()
	attempts = nil
}

// Proved is nil where no attempts mean that there were none; otherwise it says why they mean nothing.
func Proved() error {
	if unproved != nil {
		return fmt.Errorf("no network of its own can be made here, so nothing is proved: %w", unproved)
	}
	return nil
}

func note(attempt string) {
	mu.Lock()
	defer mu.Unlock()
	if !slices.Contains(attempts, attempt) {
		attempts = append(attempts, attempt)
	}
}
