package stack_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/dev/stack/stacktest"
	"switchboard/simulator"
)

// limit is far above what any step of these tests takes.
func limit(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestARequestBecomesAConversation(t *testing.T) {
	t.Parallel()
	s := stacktest.Start(t, stack.Options{})
	call := stacktest.Call(t, s, "+447700900001")
	var stages []sb.Stage
	var end sb.Event
	for e, err := range s.Events(limit(t), call) {
		if err != nil {
			t.Fatalf("after %v: %v", stages, err)
		}
		stages, end = append(stages, e.Data.Stage), e
	}
	if end.Data.Outcome != sb.Completed || end.Data.HungUpBy != sb.PartyCaller || end.Data.Attempts != 1 {
		t.Errorf("end: got %+v, want completed, by the caller, in one attempt (stages %v)", end.Data, stages)
	}
	rings := 0
	for _, e := range s.Simulator().Log() {
		if e.What == simulator.Rings && e.Party == "+447700900001" {
			rings++
		}
	}
	if rings != 1 {
		t.Errorf("rings at the caller's phone: got %d, want 1", rings)
	}

	at, pid := s.At(), s.PID(stack.Temporal)
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("the second time: %v", err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("Temporal's process after Stop: got %v, want none", err)
	}
	for _, address := range []string{at.Temporal, at.Kafka, at.Simulator, at.Webhook, at.Intake} {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("somebody still listens on %s after Stop", address)
		}
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	t.Parallel()
	o := stack.Options{Dir: t.TempDir(), Softphone: simulator.Softphone{Rings: time.Second, HangsUpAfter: time.Second}}
	first := stacktest.Start(t, o)
	done := stacktest.Call(t, first, "+447700900002")
	if _, err := first.Await(limit(t), done, sb.StageEnded); err != nil {
		t.Fatal(err)
	}
	if err := first.SetStatus(t.Context(), stack.RobotName(0), "Offline"); err != nil {
		t.Fatal(err)
	}
	if err := first.SetStatus(t.Context(), stack.RobotName(1), "Offline"); err != nil {
		t.Fatal(err)
	}
	waiting := stacktest.Call(t, first, "+447700900002")
	if _, err := first.Await(limit(t), waiting, sb.StageQueued); err != nil {
		t.Fatal(err)
	}
	if err := first.Stop(); err != nil {
		t.Fatal(err)
	}

	second := stacktest.Start(t, o)
	if e, err := second.Await(limit(t), done, sb.StageEnded); err != nil || e.Data.Outcome != sb.Completed {
		t.Errorf("the call that had ended: got %+v, %v", e.Data, err)
	}
	described, err := second.TemporalClient().DescribeWorkflowExecution(t.Context(), string(done), "")
	if err != nil {
		t.Errorf("its workflow: %v", err)
	} else if got := described.GetWorkflowExecutionInfo().GetStatus(); got != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		t.Errorf("its workflow: got %v, want completed", got)
	}
	// Twilio is another one now, which knows nothing of the task that the call waited for.
	if e, err := second.Await(limit(t), waiting, sb.StageEnded); err != nil || e.Data.Outcome != sb.Completed {
		t.Errorf("the call that was waiting: got %+v, %v", e.Data, err)
	}
	namespace, err := second.TemporalClient().WorkflowService().DescribeNamespace(t.Context(), &workflowservice.DescribeNamespaceRequest{Namespace: stack.Namespace})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := namespace.GetConfig().GetWorkflowExecutionRetentionTtl().AsDuration(), 7*24*time.Hour; got != want {
		t.Errorf("retention: got %v, want %v, that of the requests", got, want)
	}
}

// notices keeps what a stack tells.
type notices struct{ told chan string }

func (n notices) Step(string) stack.Step { return n }
func (n notices) Notice(text string)     { n.told <- text }
func (n notices) Detail(string)          {}
func (n notices) Done(string, error)     {}

func (n notices) await(ctx context.Context, t *testing.T, want string) {
	t.Helper()
	for {
		select {
		case text := <-n.told:
			if strings.Contains(text, want) {
				return
			}
		case <-ctx.Done():
			t.Fatalf("never told %q", want)
		}
	}
}

func TestProcessesAreStartedAgain(t *testing.T) {
	t.Parallel()
	n := notices{make(chan string, 100)}
	s := stacktest.Start(t, stack.Options{KeepAlive: true, Progress: n})
	for _, part := range []string{stack.Temporal, stack.Kafka, stack.Worker, stack.Webhook, stack.Intake} {
		before := s.PID(part)
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		n.await(limit(t), t, part+" ended (signal: killed)")
		n.await(limit(t), t, part+" works again")
		if after := s.PID(part); after == 0 || after == before {
			t.Errorf("%s: process %d before, %d after", part, before, after)
		}
	}
	if err := s.Kill(stack.Worker); err != nil { // on purpose: stays dead
		t.Fatal(err)
	}
	if s.PID(stack.Worker) != 0 {
		t.Error("a worker that was killed on purpose is there")
	}
	if err := s.Restart(limit(t), stack.Worker); err != nil {
		t.Fatal(err)
	}
	call := stacktest.Call(t, s, "+447700900004")
	if e, err := s.Await(limit(t), call, sb.StageEnded); err != nil || e.Data.Outcome != sb.Busy {
		t.Errorf("a call after all that: got %+v, %v", e.Data, err)
	}
}

func TestKafkaCanBeTakenAway(t *testing.T) {
	t.Parallel()
	s := stacktest.Start(t, stack.Options{Softphone: simulator.Softphone{Rings: time.Second, HangsUpAfter: time.Second}})
	call := stacktest.Call(t, s, "+447700900002")
	if _, err := s.Await(limit(t), call, sb.StageAgentRinging); err != nil {
		t.Fatal(err)
	}
	if err := s.StopPart(t.Context(), stack.Kafka); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Request(t.Context(), sb.Request{Caller: sb.Caller{Phone: "+447700900001"}}); err == nil {
		t.Error("a request was published without a broker")
	}
	if err := s.Restart(t.Context(), stack.Kafka); err != nil {
		t.Fatal(err)
	}
	if e, err := s.Await(limit(t), call, sb.StageEnded); err != nil || e.Data.Outcome != sb.Completed {
		t.Errorf("got %+v, %v, want a conversation", e.Data, err)
	}
}

func TestNothingIsLeftOfAFailedStart(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("-short: this starts real processes")
	}
	o := stack.Options{Dir: t.TempDir(), Switchboard: "/bin/false"}
	o.Listen.Temporal = stack.FreeAddress(nil)
	_, err := stack.Start(t.Context(), o)
	if err == nil || !strings.HasPrefix(err.Error(), "stack: worker ended (exit status 1)") {
		t.Fatalf("got %v, want to be told that the worker ended", err)
	}
	if conn, err := net.Dial("tcp", o.Listen.Temporal); err == nil {
		conn.Close()
		t.Error("Temporal is left running")
	}
	_, err = stack.Start(t.Context(), o) // the folder is free again
	var inUse *stack.InUseError
	if errors.As(err, &inUse) {
		t.Errorf("the lock is left: %v", err)
	}
}
