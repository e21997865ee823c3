package workflows

import (
	"errors"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"switchboard/activities"
)

// Caller legs go before agent legs: an agent already waits for each of them.
const (
	callerLegs = 1
	agentLegs  = 3
)

// dial runs a dial activity and waits until Twilio has named the leg, in its answer or in a callback that overtook it,
// or there will be no answer.
func (c *call) dial(ctx workflow.Context, l *leg, summary string, o workflow.ActivityOptions, activity, in any) {
	l.dialledAt = workflow.Now(ctx)
	done := false
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { done = true }()
		ctx = options(ctx, summary, o)
		var out activities.Dialled
		err := workflow.ExecuteActivity(ctx, activity, in).Get(ctx, &out)
		if err != nil {
			out = activities.Dialled{Result: activities.Ambiguous}
			if neverBegun(err) {
				out.Result = activities.NotSent
			}
		}
		l.dialled = out
		if out.Leg != "" {
			l.named(out.Leg)
		}
		if out.Conference != "" && l.conference == "" {
			l.conference = out.Conference
		}
	})
	c.wait(ctx, func() bool { return done || l.sid != "" && l.conference != "" })
}

// neverBegun: no worker had picked the activity up in time, so nothing was done.
func neverBegun(err error) bool {
	var t *temporal.TimeoutError
	return errors.As(err, &t) && t.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
}
