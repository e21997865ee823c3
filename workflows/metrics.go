package workflows

import (
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/telemetry"
)

// What a call counts. Temporal's handler is silent in a replay, so that each thing is counted by the worker on which it
// happened, and no command is made of it: counting more or less changes no history.

// measureStage tells that a call comes to a stage, how long it was at the one before, and how it ended.
func (c *call) measureStage(ctx workflow.Context, data sb.EventData) {
	if c.stage == data.Stage { // a wait in the queue that continues as new
		return
	}
	metrics := workflow.GetMetricsHandler(ctx)
	metrics.WithTags(map[string]string{telemetry.LabelStage: string(data.Stage)}).Counter(telemetry.Stages).Inc(1)
	if c.stage != "" {
		metrics.WithTags(map[string]string{telemetry.LabelStage: string(c.stage), telemetry.LabelNext: string(data.Stage)}).
			Timer(telemetry.Stage).Record(workflow.Now(ctx).Sub(c.Since))
	}
	if data.Stage == sb.StageEnded {
		metrics.WithTags(how(data.Outcome, data.Reason)).Counter(telemetry.CallsEnded).Inc(1)
	}
}

// measureAttempt tells how an attempt ended, and of a caller who picked up when no agent was there any more: one who heard
// an apology is an abandoned call, one who heard nothing a silent one.
func (c *call) measureAttempt(ctx workflow.Context, end sb.Result) {
	metrics := workflow.GetMetricsHandler(ctx)
	metrics.WithTags(how(end.Outcome, end.Reason)).Counter(telemetry.AttemptsEnded).Inc(1)
	withoutAgent := func(heard string, so bool) {
		n := int64(0) // told, too: Prometheus does not see a series rise that begins with 1
		if so {
			n = 1
		}
		metrics.WithTags(map[string]string{telemetry.LabelHeard: heard}).Counter(telemetry.CallersWithoutAgent).Inc(n)
	}
	withoutAgent("apology", end.Reason == sb.ReasonApologised)
	withoutAgent("nothing", end.Reason == sb.ReasonAgentLeft && c.caller != nil && c.caller.answered)
}

func how(o sb.Outcome, r sb.Reason) map[string]string {
	if r == sb.ReasonNone {
		r = "none"
	}
	return map[string]string{telemetry.LabelOutcome: string(o), telemetry.LabelReason: string(r)}
}
