package e2e

import (
	"net/http"
	"strings"
	"testing"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/dev/stack"
	"switchboard/simulator"
)

// Temporal itself is killed in the middle of a conversation: it goes on, and ends properly.
func TestTemporalDiesDuringTheConversation(t *testing.T) {
	const phone = "+447700900002"
	ctx, s := start(t, stack.Options{Agents: 1})
	call := place(ctx, t, s, request(phone))
	if _, err := s.Await(ctx, call, sb.StageConnected); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(stack.Temporal); err != nil {
		t.Fatal(err)
	}
	if err := s.Restart(ctx, stack.Temporal); err != nil {
		t.Fatal(err)
	}
	if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Completed || got.HungUpBy != sb.PartyAgent {
		t.Errorf("got %+v, want a conversation that the agent ended", got)
	}
	nothingLeft(t, s)
}

// A worker that is started while Twilio refuses everything waits for it. To end would leave every call without a worker
// for as long as a supervisor takes to try again, which grows with every try.
func TestWorkerStartsWhileTwilioIsAway(t *testing.T) {
	const phone = "+447700900002"
	ctx, s := start(t, stack.Options{Agents: 1})
	call := place(ctx, t, s, request(phone))
	if _, err := s.Await(ctx, call, sb.StageConnected); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(stack.Worker); err != nil {
		t.Fatal(err)
	}
	away := simulator.Faults{Requests: []simulator.RequestRule{{Route: "*", Probability: 1, Status: http.StatusServiceUnavailable}}}
	if err := s.Simulator().SetFaults(away); err != nil {
		t.Fatal(err)
	}
	started := make(chan error, 1)
	go func() { started <- s.Restart(ctx, stack.Worker) }()
	waitFor(ctx, t, "the worker to wait for Twilio", func() bool {
		return strings.Contains(s.Logs(stack.Worker), "waits for Twilio") || len(started) > 0
	})
	if err := s.Simulator().SetFaults(simulator.Faults{}); err != nil {
		t.Fatal(err)
	}
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Completed {
		t.Errorf("got %+v, want a conversation", got)
	}
	nothingLeft(t, s)
}

// Kafka is away from the middle of a call until after it: the call does not wait, its events do, in order.
func TestKafkaIsAwayWhileTheCallGoesOn(t *testing.T) {
	const phone = "+447700900001"
	ctx, s := start(t, stack.Options{Agents: 1})
	call := place(ctx, t, s, request(phone))
	if _, err := s.Await(ctx, call, sb.StageAgentRinging); err != nil {
		t.Fatal(err)
	}
	if err := s.StopPart(ctx, stack.Kafka); err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "the conversation to end without Kafka", func() bool {
		for _, e := range s.Simulator().Log() {
			if e.What == simulator.TaskChanged && e.Detail == "completed" {
				return true
			}
		}
		return false
	})
	if err := s.Restart(ctx, stack.Kafka); err != nil {
		t.Fatal(err)
	}
	if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Completed {
		t.Errorf("got %+v, want a conversation", got)
	}
	nothingLeft(t, s)
}

// Terminate skips every cleaning up. What the call leaves behind is ended by reaper and sweep.
func TestTerminatedCallLeavesNothing(t *testing.T) {
	const phone = "+447700900008" // rings for 25 s: its answer is news for a call that has gone
	ctx, s := start(t, stack.Options{Agents: 1})
	call := place(ctx, t, s, request(phone))
	if _, err := s.Await(ctx, call, sb.StageCallerRinging); err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "the phone to ring", func() bool { return len(s.Simulator().LiveLegs()) == 2 })
	if err := s.TemporalClient().TerminateWorkflow(ctx, string(call), "", "a test of what is left behind"); err != nil {
		t.Fatal(err)
	}
	// As an operator would set right what waits a minute for the sweep: not needed, only quicker. The legs are the test.
	waitFor(ctx, t, "the legs to end", func() bool { return len(s.Simulator().LiveLegs()) == 0 })
	waitFor(ctx, t, "the sweep to close the task", func() bool { return len(s.Simulator().Leftovers()) == 0 })
}

// A task that nobody owns, such as a twin whose call has ended, is closed and its agent free again.
func TestTaskOfNobodyIsClosed(t *testing.T) {
	ctx, s := start(t, stack.Options{Agents: 1})
	twilio, err := activities.NewTwilio(activities.TwilioConfig{
		AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: s.Simulator().Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := s.Workspace()
	p := &taskrouter.CreateTaskParams{}
	p.SetWorkflowSid(string(w.Routing))
	p.SetTaskChannel("voice")
	p.SetAttributes(`{"call":"call/e2e/ended-long-ago","task":1,"attempt":1,"declined_by":[]}`)
	if _, err := twilio.TaskRouter(ctx).CreateTask(string(w.Workspace), p); err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "the task to be closed", func() bool {
		return strings.Contains(logOf(s), simulator.TaskChanged+" canceled") && len(s.Simulator().Leftovers()) == 0
	})
}

func logOf(s *stack.Stack) string {
	var b strings.Builder
	for _, e := range s.Simulator().Log() {
		b.WriteString(e.What + " " + e.Detail + "\n")
	}
	return b.String()
}
