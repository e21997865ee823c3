package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/simulator"
)

// kill -9 of each process while six calls are at six stages. Each call is asked for its stage right before the kill, and
// the process is started again at once, as its supervisor would. Every call ends properly, with one ring.
func TestKillAnythingAtAnyStage(t *testing.T) {
	for _, part := range []string{stack.Worker, stack.Webhook, stack.Intake} {
		t.Run(part, func(t *testing.T) { killAtEveryStage(t, part) })
	}
}

func killAtEveryStage(t *testing.T, part string) {
	calls := []struct {
		at    sb.Stage
		phone string
		does  simulator.Phone
		want  sb.Outcome
		id    sb.CallID
	}{
		// In the order in which they are placed: those that take longest to get where they shall be come first.
		{at: sb.StageWrappingUp, phone: "+447700900101", does: simulator.Phone{Rings: time.Second, Talks: 4 * time.Second}, want: sb.Completed},
		{at: sb.StageConnected, phone: "+447700900102", does: simulator.Phone{Rings: time.Second}, want: sb.Completed},
		{at: sb.StageCallerRinging, phone: "+447700900103", does: simulator.Phone{Rings: 15 * time.Second, Talks: 5 * time.Second}, want: sb.Completed},
		{at: sb.StageAgentJoined, phone: "+447700900104", does: simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}, want: sb.Completed},
		{at: sb.StageAgentRinging, phone: "+447700900105", does: simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}, want: sb.Completed},
		{at: sb.StageQueued, phone: "+447700900106", does: simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}, want: sb.Completed},
	}
	if part == stack.Worker {
		calls[3].want = sb.Uncertain // killed in the middle of the dial: nobody can tell whether it was posted
	}
	ctx, s := start(t, stack.Options{
		Agents:    len(calls) - 1, // so that the last one has to wait
		Softphone: simulator.Softphone{Rings: 6 * time.Second, HangsUpAfter: 15 * time.Second},
		Policy:    `{"wrap_up":"25s"}`,
	})
	// Between the agent's joining and the caller's ring nothing is waited for, unless the dial is held up.
	var held atomic.Bool
	held.Store(true)
	s.Simulator().SetHooks(simulator.Hooks{OnRequest: func(_ string, form url.Values) simulator.Fault {
		if held.Load() && form.Get("To") == calls[3].phone {
			return simulator.Fault{Status: http.StatusTooManyRequests}
		}
		return simulator.Fault{}
	}})
	reach := func(i int) {
		t.Helper()
		if _, err := s.Await(ctx, calls[i].id, calls[i].at); err != nil {
			t.Fatal(err)
		}
	}
	for i := range calls {
		s.Simulator().SetPhone(calls[i].phone, calls[i].does)
		calls[i].id = place(ctx, t, s, request(calls[i].phone))
		if part == stack.Worker {
			keep(calls[i].id, "worker-killed-while-"+strings.ReplaceAll(string(calls[i].at), "_", "-"))
		}
		switch i {
		case 0, 4, 5: // those between are on their way together
			reach(i)
		case 3:
			reach(1)
			reach(2)
			reach(3)
		}
	}
	for _, c := range calls {
		got := stage(ctx, t, s, c.id)
		if c.at == sb.StageAgentJoined && got == sb.StageCallerRinging {
			continue // the stage after, as far as the dial that is held up
		}
		if got != c.at {
			t.Fatalf("the call that shall be %s is %s", c.at, got)
		}
	}
	if err := s.Kill(part); err != nil {
		t.Fatal(err)
	}
	held.Store(false)
	if err := s.Restart(ctx, part); err != nil {
		t.Fatal(err)
	}
	for _, c := range calls {
		if got := ended(ctx, t, s, c.id, c.phone); got.Outcome != c.want || got.Attempts != 1 {
			t.Errorf("killed while %s: got %+v, want %s in one attempt", c.at, got, c.want)
		}
	}
	nothingLeft(t, s)
}

// A machine that swaps or is moved stands still between deciding and doing. A dial that it wakes up with is too old to
// be made.
func TestPausedWorkerDoesNotDialLate(t *testing.T) {
	ctx, s := start(t, stack.Options{Agents: 1, Softphone: simulator.Softphone{Rings: 3 * time.Second, HangsUpAfter: 15 * time.Second}})
	const phone = "+447700900001"
	var paused atomic.Bool
	s.Simulator().SetHooks(simulator.Hooks{OnRequest: func(_ string, form url.Values) simulator.Fault {
		if form.Get("ReservationStatus") == "accepted" && !paused.Swap(true) {
			// The reply to accepting leaves; the worker stands still before it can dial.
			if err := s.Pause(stack.Worker); err != nil {
				t.Error(err)
			}
		}
		return simulator.Fault{}
	}})
	call := place(ctx, t, s, request(phone))
	if _, err := s.Await(ctx, call, sb.StageAgentRinging); err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "the worker to be paused", paused.Load)
	// The agent gives up waiting; only then does the worker go on.
	s.Simulator().HangUp("client:" + stack.RobotName(0))
	waitFor(ctx, t, "the agent's leg to end", func() bool { return len(s.Simulator().LiveLegs()) == 0 })
	if err := s.Resume(stack.Worker); err != nil {
		t.Fatal(err)
	}
	got := ended(ctx, t, s, call, phone)
	if got.Outcome != sb.Completed {
		t.Errorf("got %+v, want a conversation in the end", got)
	}
	nothingLeft(t, s)
}

// waitFor polls a condition until it holds.
func waitFor(ctx context.Context, t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("waiting for %s: %w", what, ctx.Err()))
		}
	}
}
