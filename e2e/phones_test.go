package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/internal/truth"
	"switchboard/simulator"
)

// The eight phones that everybody's simulator has, all called at the same time.
func TestEveryPhone(t *testing.T) {
	phones := []struct {
		phone         string
		detectMachine bool
		outcome       sb.Outcome
		by            sb.Party
		rings         int
	}{
		{"+447700900001", false, sb.Completed, sb.PartyCaller, 1},
		{"+447700900002", false, sb.Completed, sb.PartyAgent, 1},
		{"+447700900003", false, sb.NoAnswer, sb.PartyNone, 1},
		{"+447700900004", false, sb.Busy, sb.PartyNone, 0},
		{"+447700900005", false, sb.HungUpEarly, sb.PartyCaller, 1},
		{"+447700900006", false, sb.Unreachable, sb.PartyNone, 0},
		{"+447700900007", true, sb.Voicemail, sb.PartySwitchboard, 1},
		{"+447700900107", false, sb.Completed, sb.PartyAgent, 1}, // a voicemail too, not looked for
		{"+447700900008", false, sb.Completed, sb.PartyCaller, 1},
	}
	ctx, s := start(t, stack.Options{Agents: len(phones)})
	s.Simulator().SetPhone("+447700900107", simulator.Phone{Rings: 2 * time.Second, Voicemail: true})
	calls := make([]sb.CallID, len(phones))
	for i, p := range phones {
		r := request(p.phone)
		r.DetectMachine = p.detectMachine
		calls[i] = place(ctx, t, s, r)
		keep(calls[i], fmt.Sprintf("phone-%s-%s", p.phone[len(p.phone)-3:], p.outcome))
	}
	for i, p := range phones {
		got := ended(ctx, t, s, calls[i], p.phone)
		if got.Outcome != p.outcome || got.HungUpBy != p.by || got.Attempts != 1 {
			t.Errorf("%s: got %+v, want %s by %q in one attempt", p.phone, got, p.outcome, p.by)
		}
		if n := truth.Rings(s.Simulator().Log(), p.phone); n != p.rings {
			t.Errorf("%s rang %d times, want %d", p.phone, n, p.rings)
		}
	}
	nothingLeft(t, s)
	for _, part := range []string{stack.Worker, stack.Webhook, stack.Intake} {
		if log := s.Logs(part); strings.Contains(log, "77009") || strings.Contains(log, "Example") {
			t.Errorf("the %s's log tells who the callers are:\n%s", part, log)
		}
	}
}

func TestSameRequestFiveTimesRingsOnce(t *testing.T) {
	const phone = "+447700900001"
	ctx, s := start(t, stack.Options{Agents: 5})
	r := request(phone)
	var call sb.CallID
	for range 5 {
		call = place(ctx, t, s, r)
	}
	if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Completed {
		t.Errorf("got %+v", got)
	}
	// A later request of the same key goes through the same place in line: when it has ended, all five were read.
	other := request("+447700900004")
	ended(ctx, t, s, place(ctx, t, s, other), other.Caller.Phone)
	if n := truth.Dials(s.Simulator().Log(), phone); n != 1 {
		t.Errorf("dialled %d times", n)
	}
	nothingLeft(t, s)
}

func TestNoWebhookArrives(t *testing.T) {
	ctx, s := start(t, stack.Options{Agents: 2})
	s.Simulator().SetWebhooks(false)
	const phone = "+447700900002"
	call := place(ctx, t, s, request(phone))
	keep(call, "no-webhook-arrives")
	got := ended(ctx, t, s, call, phone)
	if got.Outcome != sb.Completed || got.HungUpBy != sb.PartyAgent || got.Attempts != 1 {
		t.Errorf("got %+v, want a conversation that the agent ended", got)
	}
	nothingLeft(t, s)
}

func TestCancellationBeforeAndAfterTheRequest(t *testing.T) {
	const phone = "+447700900003" // rings for long
	ctx, s := start(t, stack.Options{Agents: 1})

	early := request(phone)
	keep(early.Call(), "cancelled-first")
	if err := s.Cancel(ctx, early.Call()); err != nil {
		t.Fatal(err)
	}
	if got := ended(ctx, t, s, early.Call(), phone); got.Outcome != sb.Cancelled {
		t.Errorf("cancelled first: got %+v", got)
	}
	place(ctx, t, s, early)

	late := request(phone)
	call := place(ctx, t, s, late)
	keep(call, "cancelled-while-ringing")
	if _, err := s.Await(ctx, call, sb.StageCallerRinging); err != nil {
		t.Fatal(err)
	}
	if err := s.Cancel(ctx, call); err != nil {
		t.Fatal(err)
	}
	if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Cancelled || got.Attempts != 1 {
		t.Errorf("cancelled while ringing: got %+v", got)
	}
	if n := truth.Dials(s.Simulator().Log(), phone); n != 1 {
		t.Errorf("dialled %d times, want once: not for the request that was cancelled first", n)
	}
	nothingLeft(t, s)
}
