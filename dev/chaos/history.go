package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/simulator"
)

// gather brings together what is judged: what the phones experienced, what was published, and when Temporal ended each call.
func (r *run) gather(ctx context.Context) (truth.Case, []truth.Violation, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	sim := r.stack.Simulator()
	c := truth.Case{Log: sim.Log(), Left: sim.Leftovers(), Agents: map[string]string{}, Until: time.Now()}
	for _, w := range sim.Snapshot().Workspaces {
		for _, a := range w.Agents {
			c.Agents[a.Name] = a.Status
		}
	}
	published, err := r.stack.Published(ctx)
	if err != nil {
		return c, nil, err
	}
	events := map[sb.CallID][]sb.Event{}
	for _, e := range published {
		events[e.Call] = append(events[e.Call], e)
	}
	var wrong []truth.Violation
	for _, a := range r.calls.accepted {
		id := a.Request.Call()
		call := truth.Call{Request: a.Request, Policy: policy(), Events: events[id], Accepted: a.At}
		if !r.o.Peace && !r.o.Rolling { // a call's own time is bounded from its beginning where nothing is broken for good
			call.Healed = r.healed
		}
		if err := r.askTemporal(ctx, id, &call); err != nil {
			wrong = append(wrong, truth.Violation{Invariant: "workflow", Call: id, At: c.Until, What: err.Error()})
		}
		c.Calls = append(c.Calls, call)
		delete(events, id)
	}
	for id := range events {
		wrong = append(wrong, truth.Violation{Invariant: "workflow", Call: id, At: c.Until, What: "nobody had asked for this call"})
	}
	letters, err := r.stack.DeadLetters(ctx)
	if err != nil {
		return c, nil, err
	}
	for _, reason := range letters {
		wrong = append(wrong, truth.Violation{Invariant: "dead_letter", At: c.Until, What: "a good request was not understood: " + reason})
	}
	return c, wrong, nil
}

// askTemporal finds out when a call's workflow ended, and when it learnt that it was cancelled. The error says what is wrong
// with the workflow.
func (r *run) askTemporal(ctx context.Context, id sb.CallID, call *truth.Call) error {
	temporal := r.stack.TemporalClient()
	described, err := temporal.DescribeWorkflowExecution(ctx, string(id), "")
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return errors.New("there is no workflow")
	}
	if err != nil {
		return err
	}
	info := described.GetWorkflowExecutionInfo()
	for iter := temporal.GetWorkflowHistory(ctx, string(id), info.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); iter.HasNext(); {
		event, err := iter.Next()
		if err != nil {
			return err
		}
		// From the signal on every decision knows of it; that Kafka had the cancellation meant nothing yet.
		if call.Cancelled.IsZero() && event.GetWorkflowExecutionSignaledEventAttributes().GetSignalName() == sb.SignalCancel {
			call.Cancelled = event.GetEventTime().AsTime()
		}
	}
	if info.GetStatus() != enumspb.WORKFLOW_EXECUTION_STATUS_COMPLETED {
		return fmt.Errorf("its workflow is %s", info.GetStatus())
	}
	call.Ended = info.GetCloseTime().AsTime()
	return nil
}

// lostAndDoubled are the two things that may never happen, counted without any knowledge of what is allowed in between:
// requests that Kafka has and that never came to an end, and calls whose phone was dialled more often than attempts were made.
func lostAndDoubled(c truth.Case) (lost, doubled []sb.CallID) {
	dials := map[string]int{}
	for _, e := range c.Log {
		if e.What == simulator.Dialled {
			dials[e.Party]++
		}
	}
	for _, call := range c.Calls {
		attempts, ended := 0, false
		for _, e := range call.Events {
			if e.Data.Stage == sb.StageEnded {
				attempts, ended = e.Data.Attempts, true
			}
		}
		if !ended || call.Ended.IsZero() {
			lost = append(lost, call.Request.Call())
		}
		if ended && dials[call.Request.Caller.Phone] > attempts {
			doubled = append(doubled, call.Request.Call())
		}
	}
	return lost, doubled
}
