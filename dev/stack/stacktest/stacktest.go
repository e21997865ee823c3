// Package stacktest starts a whole product for a test: real processes on free ports and in a folder of its own, stopped
// when the test ends. A test that fails is told what its processes wrote and what happened at the phones.
//
// It is for tests alone. Start with Start; what can be done to the product is package stack.
package stacktest

import (
	"fmt"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/dev/stack"
)

// Start starts a stack. What o leaves out is filled in: a temporary folder, two agents, a wrap-up of a second. The
// Temporal CLI is built if it is not there yet, which takes minutes: `go run ./dev build` does it beforehand.
func Start(t testing.TB, o stack.Options) *stack.Stack {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: this starts real processes")
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Agents == 0 && len(o.People) == 0 && o.Account == nil {
		o.Agents = 2
	}
	if o.Policy == "" {
		o.Policy = `{"wrap_up":"1s"}`
	}
	s, err := stack.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			tell(t, s)
		}
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Call places a request with one attempt to a phone and returns its call.
func Call(t testing.TB, s *stack.Stack, phone string) sb.CallID {
	t.Helper()
	call, err := s.Request(t.Context(), sb.Request{Caller: sb.Caller{Phone: phone}, MaxAttempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// lastLines is how much of each log a failing test is shown.
const lastLines = 40

func tell(t testing.TB, s *stack.Stack) {
	var b strings.Builder
	for _, part := range []string{stack.Temporal, stack.Kafka, stack.Worker, stack.Webhook, stack.Intake} {
		if text := strings.TrimSpace(s.Logs(part)); text != "" {
			fmt.Fprintf(&b, "--- %s\n%s\n", part, last(strings.Split(text, "\n")))
		}
	}
	if s.Simulator() == nil {
		t.Log("\n" + b.String())
		return
	}
	var phones []string
	for _, e := range s.Simulator().Log() {
		phones = append(phones, e.String())
	}
	fmt.Fprintf(&b, "--- what happened at the phones\n%s\n", last(phones))
	if left := s.Simulator().Leftovers(); len(left) > 0 {
		fmt.Fprintf(&b, "--- not come to its end\n%s\n", strings.Join(left, "\n"))
	}
	t.Log("\n" + b.String())
}

func last(lines []string) string {
	return strings.Join(lines[max(len(lines)-lastLines, 0):], "\n")
}
