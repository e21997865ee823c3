package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// Reap ends a leg or a task that no running call owns: a callback showed it after its call had ended.
func Reap(ctx workflow.Context, in sb.Reap) error {
	if in.Leg != "" {
		must(ctx, "end the leg", act.EndLeg, activities.EndLegInput{Leg: in.Leg}, nil)
	}
	if in.Task != "" {
		must(ctx, "close the task", act.CloseTask, activities.CloseTaskInput{Task: in.Task, Reason: "nobody owns it"}, nil)
	}
	return ctx.Err()
}

// Sweep looks once over the whole workspace for what webhooks should have told and did not. A schedule runs it; one that
// fails is followed by the next.
func Sweep(ctx workflow.Context) (activities.SweepResult, error) {
	ctx = options(ctx, "look over the workspace", workflow.ActivityOptions{
		StartToCloseTimeout: time.Minute, HeartbeatTimeout: 20 * time.Second, RetryPolicy: &once,
	})
	var out activities.SweepResult
	err := workflow.ExecuteActivity(ctx, act.Sweep).Get(ctx, &out)
	return out, err
}
