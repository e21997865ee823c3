package stack_test

import (
	"syscall"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/dev/stack/stacktest"
	"switchboard/simulator"
)

// A deployment in the middle of a call: every process of the call's is another one afterwards.
func TestRollingLeavesCallsAlone(t *testing.T) {
	t.Parallel()
	s := stacktest.Start(t, stack.Options{Balanced: true, Softphone: simulator.Softphone{Rings: 2 * time.Second, HangsUpAfter: 5 * time.Second}})
	call := stacktest.Call(t, s, "+447700900002")
	for _, stage := range []sb.Stage{sb.StageAgentRinging, sb.StageConnected} {
		if _, err := s.Await(limit(t), call, stage); err != nil {
			t.Fatal(err)
		}
		for _, part := range []string{stack.Worker, stack.Webhook} {
			before := s.PID(part)
			if err := s.Roll(limit(t), part); err != nil {
				t.Fatal(err)
			}
			if after := s.PID(part); after == before || after == 0 || syscall.Kill(before, 0) == nil {
				t.Errorf("%s: process %d before, %d after; the first shall have ended", part, before, after)
			}
		}
	}
	e, err := s.Await(limit(t), call, sb.StageEnded)
	if err != nil || e.Data.Outcome != sb.Completed || e.Data.Attempts != 1 {
		t.Errorf("got %+v, %v, want a conversation in the first attempt", e.Data, err)
	}
	for _, w := range s.Simulator().Webhooks() {
		if w.Status >= 400 || w.Status == 0 {
			t.Errorf("a %s webhook was answered %d", w.Kind, w.Status)
		}
	}
	if err := s.Roll(limit(t), stack.Intake); err == nil {
		t.Error("intake was rolled, which needs no process beside it")
	}
}
