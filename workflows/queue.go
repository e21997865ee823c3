package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// waitForAgent keeps a task in TaskRouter's queue until an agent is offered the call (c.offer), or there is a reason to
// give up.
func (c *call) waitForAgent(ctx workflow.Context) (end sb.Result, offered bool, err error) {
	pause := taskPause
	for entered := false; ; {
		switch {
		case c.cancelled != nil:
			return c.cancelledResult(), false, nil
		case !workflow.Now(ctx).Before(c.deadline()):
			return sb.Result{Outcome: sb.Missed, Reason: sb.ReasonDeadline}, false, nil
		case !entered:
			c.enter(ctx, sb.StageQueued, sb.EventData{})
			entered = true
			continue
		case c.Task == "":
			c.createTask(ctx)
			continue
		case c.taskOver:
			// Somebody else ended the task: its routing, an operator, TaskRouter. The request still stands.
			c.note(ctx, "the task ended without us; a new one takes its place")
			c.forgetTask(c.Task)
			c.await(ctx, "new task", pause, nil, func() bool { return c.cancelled != nil })
			pause = min(2*pause, taskPauseLast)
			continue
		}
		if o := c.nextOffer(); o != nil && slices.Contains(c.Declined, o.agent) {
			// TaskRouter was quicker with the same agent than we with the exclusion.
			o.taken = true
			c.reject(ctx, o, false)
			continue
		} else if o != nil {
			c.offer = o
			return sb.Result{}, true, nil
		}
		if err := c.continueAsNew(ctx); err != nil {
			return sb.Result{}, false, err
		}
		c.waitInQueue(ctx)
	}
}

// waitInQueue returns when something happened that waitForAgent ought to know.
func (c *call) waitInQueue(ctx workflow.Context) {
	changed := func() bool { return c.cancelled != nil || c.taskOver || c.nextOffer() != nil || c.grownLong(ctx) }
	wait := max(0, c.deadline().Sub(workflow.Now(ctx)))
	if len(c.Declined) == 0 {
		c.awaitLooking(ctx, "deadline", wait, queueLookFirst, queueLookLast, c.lookAtTask, changed)
		return
	}
	// Agents who declined are kept away from this task only as long as somebody else might take it.
	if c.await(ctx, "those who declined may be asked again", min(wait, time.Duration(c.in.Policy.DeclinedFor)), nil, changed) {
		return
	}
	c.Declined = nil
	c.note(ctx, "nobody else is free: agents who declined may be offered the call again")
	c.exclude(ctx)
}

// createTask puts the request into TaskRouter's queue, in the place of the moment the caller asked.
//
// The answer may be lost or overtaken by TaskRouter's own callback; both bring the task's SID to heardOfTask, which
// keeps the first and closes any twin.
func (c *call) createTask(ctx workflow.Context) {
	c.Tasks++
	ref := sb.TaskRef{Call: c.id, Task: c.Tasks, Attempt: c.Attempt}
	c.creating, c.taskOver = true, false
	c.creates++
	createCtx, giveUp := workflow.WithCancel(ctx)
	var failed error
	done := false
	workflow.Go(createCtx, func(ctx workflow.Context) {
		defer func() { done = true; c.creates-- }()
		r := c.in.Request
		ctx = options(ctx, "task into the queue", workflow.ActivityOptions{
			RetryPolicy: &persistent, ScheduleToCloseTimeout: max(time.Second, c.deadline().Sub(workflow.Now(ctx))),
		})
		var out activities.CreateTaskResult
		failed = workflow.ExecuteActivity(ctx, act.CreateTask, activities.CreateTaskInput{
			Ref: ref, RequestedAt: r.RequestedAt, Priority: r.Priority, Skills: r.Skills, Name: r.Caller.Name, Reason: r.Reason,
			Declined: c.Declined, Expires: c.deadline().Add(taskOutlives),
		}).Get(ctx, &out)
		if failed == nil {
			c.heardOfTask(ref, out.Task)
			c.queueName = out.Queue
		}
	})
	c.wait(ctx, func() bool { return done || c.Task != "" || c.cancelled != nil })
	if !done { // a callback brought the task first, or the request is cancelled: no further try
		giveUp()
	}
	if c.Task == "" {
		c.wait(ctx, func() bool { return done })
	}
	c.creating = false
	if c.Task == "" && c.cancelled == nil && failed != nil {
		c.log.Error("no task could be created; trying again", "Error", failed)
		c.note(ctx, "no task could be created; trying again")
		c.await(ctx, "try again to create the task", taskPauseLast, nil, func() bool { return c.cancelled != nil })
	}
}
