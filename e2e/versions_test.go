package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	sb "switchboard"
	"switchboard/dev/stack"
)

const (
	deployment = "switchboard"
	buildID    = "TEMPORAL_WORKER_BUILD_ID"
)

// With worker versioning a deployment touches no live call: one that was begun on build A is A's to its end, while new
// calls, sweeps and reapers are B's; and when A has no call left it can go.
func TestACallEndsOnTheBuildThatBeganIt(t *testing.T) {
	ctx, s := start(t, stack.Options{
		Agents: 2, Env: map[string]string{"TEMPORAL_DEPLOYMENT_NAME": deployment, buildID: "a"},
	})
	makeCurrent(ctx, t, s, "a")
	long := place(ctx, t, s, request("+447700900002")) // until the robot hangs up
	if _, err := s.Await(ctx, long, sb.StageConnected); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Beside(ctx, map[string]string{buildID: "b"}); err != nil {
		t.Fatal(err)
	}
	makeCurrent(ctx, t, s, "b")
	during := place(ctx, t, s, request("+447700900001"))
	if e := ended(ctx, t, s, during, "+447700900001"); e.Outcome != sb.Completed {
		t.Errorf("the call placed after the deployment: got %s", e.Outcome)
	}
	if e := ended(ctx, t, s, long, "+447700900002"); e.Outcome != sb.Completed {
		t.Errorf("the call that went on during the deployment: got %s", e.Outcome)
	}
	a := s.PID(stack.Worker)
	worked(ctx, t, s, long, "a", func(pid int) bool { return pid == a })
	worked(ctx, t, s, during, "b", func(pid int) bool { return pid != a })

	// Nothing needs A any more: calls and sweeps begin and end without it.
	if err := s.StopPart(ctx, stack.Worker); err != nil {
		t.Fatal(err)
	}
	stopped := time.Now()
	after := place(ctx, t, s, request("+447700900011"))
	if e := ended(ctx, t, s, after, "+447700900011"); e.Outcome != sb.Completed {
		t.Errorf("the call placed after the old build's end: got %s", e.Outcome)
	}
	swept(ctx, t, s, stopped)
	// What docs/deploy.md says to ask before the old build goes.
	query := "TemporalWorkerDeploymentVersion = '" + deployment + ":a'"
	for condition, want := range map[string]int64{"WorkflowType = 'Call'": 1, "ExecutionStatus = 'Running'": 0} {
		until(ctx, t, "what the list of calls says", func() error { // it lags behind
			if n := count(ctx, t, s, query+" AND "+condition); n != want {
				return fmt.Errorf("%d workflows of the old build with %s, want %d", n, condition, want)
			}
			return nil
		})
	}
	nothingLeft(t, s)
}

// makeCurrent has new calls begin on a build, once the server knows of it.
func makeCurrent(ctx context.Context, t *testing.T, s *stack.Stack, build string) {
	t.Helper()
	handle := s.TemporalClient().WorkerDeploymentClient().GetHandle(deployment)
	until(ctx, t, "build "+build+" is current", func() error {
		_, err := handle.SetCurrentVersion(ctx, client.WorkerDeploymentSetCurrentVersionOptions{BuildID: build})
		return err
	})
}

// worked checks whose steps a call's are: every workflow task's build, and every activity's process.
func worked(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID, build string, its func(pid int) bool) {
	t.Helper()
	steps := 0
	history := s.TemporalClient().GetWorkflowHistory(ctx, string(call), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for history.HasNext() {
		e, err := history.Next()
		if err != nil {
			t.Fatal(err)
		}
		if done := e.GetWorkflowTaskCompletedEventAttributes(); done != nil {
			steps++
			if got := done.GetDeploymentVersion().GetBuildId(); got != build || done.GetVersioningBehavior() != enumspb.VERSIONING_BEHAVIOR_PINNED {
				t.Errorf("%s, event %d: done by build %q, %s; want %q, pinned", call, e.GetEventId(), got, done.GetVersioningBehavior(), build)
			}
		}
		if begun := e.GetActivityTaskStartedEventAttributes(); begun != nil {
			steps++
			pid, _, _ := strings.Cut(begun.GetIdentity(), "@")
			if n, err := strconv.Atoi(pid); err != nil || !its(n) {
				t.Errorf("%s, event %d: an activity was run by process %s, which is of another build", call, e.GetEventId(), begun.GetIdentity())
			}
		}
	}
	if steps < 10 {
		t.Errorf("%s: only %d steps were looked at", call, steps)
	}
}

// swept waits for a sweep that began after a time and came to its end.
func swept(ctx context.Context, t *testing.T, s *stack.Stack, after time.Time) {
	t.Helper()
	query := fmt.Sprintf("WorkflowType = 'Sweep' AND ExecutionStatus = 'Completed' AND StartTime > '%s'", after.UTC().Format(time.RFC3339Nano))
	until(ctx, t, "a sweep", func() error {
		if count(ctx, t, s, query) == 0 {
			return fmt.Errorf("no sweep has ended since %s", after)
		}
		return nil
	})
}

func count(ctx context.Context, t *testing.T, s *stack.Stack, query string) int64 {
	t.Helper()
	answer, err := s.TemporalClient().CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{Namespace: stack.Namespace, Query: query})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer.GetCount()
}

// until asks again and again, as long as the test may take.
func until(ctx context.Context, t *testing.T, what string, ask func() error) {
	t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := ask()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v", what, err)
		case <-tick.C:
		}
	}
}
