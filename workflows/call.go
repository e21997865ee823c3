package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// act names the activities; it is never called through.
var act *activities.Activities

// Call serves one request from beginning to end: an agent first, then the caller, a conversation, the agent's notes.
func Call(ctx workflow.Context, in sb.CallInput) (sb.Result, error) {
	c := &call{Carried: sb.Carried{Since: workflow.Now(ctx)}, in: in, id: in.Request.Call(), log: workflow.GetLogger(ctx)}
	if in.Carried != nil {
		c.Carried = *in.Carried
		c.outbox, c.Carried.Outbox = c.Carried.Outbox, nil
		c.stage, c.details = c.Carried.Stage, c.Carried.Details
		workflow.SetCurrentDetails(ctx, c.details)
	}
	// A request to cancel must not cut off the cleaning up, so the process runs detached from it and hears of it as of
	// any other cancellation.
	requested := ctx
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := c.listen(ctx, requested); err != nil {
		return sb.Result{}, err
	}
	return c.run(ctx)
}

// call is the state of one call. Its embedded part survives when a long wait continues as new.
type call struct {
	sb.Carried
	in  sb.CallInput
	id  sb.CallID
	log log.Logger

	stage   sb.Stage
	details string
	result  *sb.Result
	// lastOutcome is how the last attempt ended, while the next is waited for.
	lastOutcome sb.Outcome

	// What people asked for.
	cancelled *sb.Cancellation
	hangUp    *sb.HangUp
	notes     *sb.WrapUp

	// TaskRouter's side: the task is in Carried.
	creating  bool         // its SID is not known yet
	creates   int          // creations under way; one can outlast the need for it
	taskOver  bool         // the task ended without us
	closed    []sb.TaskSID // tasks that are over
	strays    []sb.TaskSID // twins and leftovers, to be closed
	offers    []*offer     // the task's reservations, in the order we heard of them
	queueName string

	// Voice: the legs of the moment, and every leg ever heard of.
	offer  *offer
	caller *leg
	legs   []*leg

	outbox     []sb.Event
	publishing []sb.Event // on their way

	bindings int // of the room to the agent's leg, under way

	talking  bool // hang_up makes sense
	wrapping bool // finish_wrap_up makes sense
}

// run is the story: attempts, with pauses between them, until one has an outcome that is final.
func (c *call) run(ctx workflow.Context) (sb.Result, error) {
	for {
		if err := c.waitToRetry(ctx); err != nil {
			return sb.Result{}, err
		}
		if end, over := c.overAlready(ctx); over {
			return c.finish(ctx, end)
		}
		end, err := c.attempt(ctx)
		if err != nil {
			return sb.Result{}, err // continues as new
		}
		if !c.planRetry(ctx, end) {
			return c.finish(ctx, end)
		}
	}
}

// overAlready tells of requests that need no attempt, or no further one.
func (c *call) overAlready(ctx workflow.Context) (sb.Result, bool) {
	switch {
	case c.cancelled != nil:
		return c.cancelledResult(), true
	case c.Attempt == 0 && !workflow.Now(ctx).Before(c.deadline()):
		return sb.Result{Outcome: sb.Missed, Reason: sb.ReasonStale}, true
	default:
		return sb.Result{}, false
	}
}

func (c *call) cancelledResult() sb.Result {
	return sb.Result{Outcome: sb.Cancelled, Reason: c.cancelled.Reason}
}

// deadline is the moment after which a call back is of no use.
func (c *call) deadline() time.Time {
	if r := c.in.Request; !r.Deadline.IsZero() {
		return r.Deadline
	}
	return c.in.Request.RequestedAt.Add(time.Duration(c.in.Policy.Deadline))
}

func (c *call) maxAttempts() int {
	if n := c.in.Request.MaxAttempts; n > 0 {
		return n
	}
	return c.in.Policy.MaxAttempts
}

// planRetry decides whether the caller is tried again after an attempt that ended so, and when.
func (c *call) planRetry(ctx workflow.Context, end sb.Result) bool {
	now := workflow.Now(ctx)
	if c.cancelled != nil {
		return false
	}
	if withdrawn(end) {
		// Our side dropped out. That is no try of the caller's patience: it does not count, and it is made good at
		// once, up to a limit that keeps a broken softphone from ringing somebody for ever.
		c.Withdrawn++
		if c.Withdrawn > maxWithdrawn {
			return false
		}
		c.RetryAt = now
	} else {
		wait, again := c.in.Policy.RetryAfter[end.Outcome]
		if end.Outcome == sb.Uncertain { // not while the leg nobody can tell of may still be ringing
			wait = max(wait, c.in.Policy.CallerRings+sb.Duration(doubtAfter))
		}
		if !again || c.Attempt-c.Withdrawn >= c.maxAttempts() {
			return false
		}
		c.RetryAt = now.Add(time.Duration(wait))
	}
	if !c.RetryAt.Before(c.deadline()) {
		c.RetryAt = time.Time{}
		return false
	}
	c.enter(ctx, sb.StageRetryPlanned, sb.EventData{Outcome: end.Outcome, Reason: end.Reason, RetryAt: c.RetryAt})
	return true
}

// mayHavePickedUp: the caller, or the caller's machine, did, or perhaps did and nobody can tell. That is more than that the
// request was cancelled. An apology is not: it promises another attempt, and there will be none.
func mayHavePickedUp(end sb.Result) bool {
	switch end.Outcome {
	case sb.Completed, sb.HungUpEarly, sb.Voicemail, sb.Uncertain:
		return true
	}
	return false
}

// withdrawn: we took the ring back, or apologised, because the agent had gone.
func withdrawn(end sb.Result) bool {
	return end.Outcome == sb.Failed && (end.Reason == sb.ReasonAgentLeft || end.Reason == sb.ReasonApologised)
}

// waitToRetry sleeps until the next attempt's time, if one is planned.
func (c *call) waitToRetry(ctx workflow.Context) error {
	if c.RetryAt.IsZero() {
		return nil
	}
	if err := c.continueAsNew(ctx); err != nil {
		return err
	}
	c.await(ctx, "next attempt", c.RetryAt.Sub(workflow.Now(ctx)), nil, func() bool { return c.cancelled != nil })
	c.RetryAt = time.Time{}
	return nil
}

// finish tells everybody how the request ended, and leaves nothing behind.
func (c *call) finish(ctx workflow.Context, end sb.Result) (sb.Result, error) {
	c.wait(ctx, c.settled)
	if c.cancelled != nil && !mayHavePickedUp(end) {
		end = c.cancelledResult() // a cancellation counts until the end is told
	}
	end.Attempts = c.Attempt
	c.result = &end
	c.enter(ctx, sb.StageEnded, sb.EventData{
		Outcome: end.Outcome, Reason: end.Reason, HungUpBy: end.HungUpBy, Attempts: end.Attempts,
		TalkSeconds: end.TalkSeconds, Disposition: end.Disposition, Note: end.Note,
	})
	c.drain(ctx)
	return end, nil
}

// continueAsNew begins a new run with a fresh history when this one has grown long. Only called while nobody is on the
// line; a leg or a task still to be ended postpones it. Events that Kafka has not taken yet come along.
func (c *call) continueAsNew(ctx workflow.Context) error {
	if !c.grownLong(ctx) {
		return nil
	}
	// If Kafka takes events at all they are out in a moment, and need not come along.
	c.await(ctx, "events", eventsWithin, nil, func() bool { return len(c.outbox)+len(c.publishing) == 0 })
	c.hear(ctx)
	if !c.grownLong(ctx) || c.cancelled != nil || c.taskOver || c.nextOffer() != nil {
		return nil
	}
	in := c.in
	carried := c.Carried
	carried.Outbox = append(slices.Clone(c.publishing), c.outbox...)
	carried.Stage, carried.Details = c.stage, c.details
	in.Carried = &carried
	return workflow.NewContinueAsNewError(ctx, sb.CallWorkflow, in)
}

// grownLong: the history is long, and nothing keeps the call from continuing as new.
func (c *call) grownLong(ctx workflow.Context) bool {
	return workflow.GetInfo(ctx).GetContinueAsNewSuggested() && c.settled() && workflow.AllHandlersFinished(ctx)
}
