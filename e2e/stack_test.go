package e2e

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/dev/stack/stacktest"
	"switchboard/internal/truth"
)

// within bounds a whole test on slow and busy machines; nothing is asserted about how long anything takes.
const within = 5 * time.Minute

// start begins a product of the test's own.
func start(t *testing.T, o stack.Options) (context.Context, *stack.Stack) {
	t.Helper()
	t.Parallel() // each has a stack of its own, and mostly waits for phones to ring
	ctx, cancel := context.WithTimeout(t.Context(), within)
	t.Cleanup(cancel)
	if *forgetful {
		binary, err := forgetfulBinary()
		if err != nil {
			t.Fatal(err)
		}
		o.Switchboard = binary
	}
	s := stacktest.Start(t, o)
	t.Cleanup(func() { replayAll(t, s) })
	return ctx, s
}

var requests atomic.Int64

// request is an ordinary one; its identity is new each time.
func request(phone string) sb.Request {
	return sb.Request{
		Source: "e2e", ID: fmt.Sprintf("%s-%d", stack.NewID(), requests.Add(1)), RequestedAt: time.Now().UTC(),
		Caller: sb.Caller{Phone: phone, Name: "Zoë Example"}, Reason: "a question about cover", MaxAttempts: 1,
	}
}

// place publishes a request.
func place(ctx context.Context, t *testing.T, s *stack.Stack, r sb.Request) sb.CallID {
	t.Helper()
	call, err := s.Request(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	return call
}

// ended waits for a call's end and checks what must hold at every end.
func ended(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID, phone string) sb.EventData {
	t.Helper()
	sequence := 0
	for e, err := range s.Events(ctx, call) {
		if err != nil {
			t.Fatalf("%s: %v", call, err)
		}
		if e.Sequence > sequence+1 {
			t.Errorf("%s: event %d follows %d", call, e.Sequence, sequence)
		}
		sequence = max(sequence, e.Sequence)
		if e.Data.Stage != sb.StageEnded {
			continue
		}
		for _, problem := range truth.Check(s.Simulator().Log(), phone, e.Data.Attempts) {
			t.Errorf("%s: %s", call, problem)
		}
		return e.Data
	}
	t.Fatalf("%s: no end", call)
	return sb.EventData{}
}

// stage asks the call itself where it is.
func stage(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID) sb.Stage {
	t.Helper()
	value, err := s.TemporalClient().QueryWorkflow(ctx, string(call), "", sb.QueryState)
	if err != nil {
		t.Fatal(err)
	}
	var state sb.State
	if err := value.Get(&state); err != nil {
		t.Fatal(err)
	}
	return state.Stage
}

// nothingLeft checks that every leg, room, task and reservation has come to its end.
func nothingLeft(t *testing.T, s *stack.Stack) {
	t.Helper()
	if left := s.Simulator().Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %s", strings.Join(left, "; "))
	}
}
