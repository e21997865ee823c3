package worker

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	sb "switchboard"
	"switchboard/telemetry"
	"switchboard/workflows"
)

// censusEvery is how often the running calls are counted, and countWithin bounds one count: a question to Temporal's
// visibility for each stage, of which a namespace answers some ten a second.
const (
	censusEvery = 30 * time.Second
	countWithin = 5 * time.Second
)

// stages are those at which a call is running.
var stages = []sb.Stage{
	sb.StageQueued, sb.StageAgentRinging, sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected, sb.StageWrappingUp, sb.StageRetryPlanned,
}

// counter is what a census asks of Temporal's client.
type counter interface {
	CountWorkflow(ctx context.Context, request *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error)
}

// takeCensus tells how many calls are running, by stage, until ctx ends. Every worker tells the same: visibility knows the
// whole namespace. It lags by a moment, and a count that fails is followed by the next.
func takeCensus(ctx context.Context, c counter, t *telemetry.Telemetry, log *slog.Logger) {
	every := time.NewTicker(censusEvery)
	defer every.Stop()
	for {
		for _, stage := range stages {
			n, err := running(ctx, c, stage)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				log.Warn("running calls could not be counted; the next census will tell", "Stage", stage, "Error", err)
				break
			}
			t.Running(ctx, stage, n)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

func running(ctx context.Context, c counter, stage sb.Stage) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, countWithin)
	defer cancel()
	counted, err := c.CountWorkflow(ctx, &workflowservice.CountWorkflowExecutionsRequest{
		Query: fmt.Sprintf("WorkflowType = '%s' AND ExecutionStatus = 'Running' AND %s = '%s'", sb.CallWorkflow, workflows.AttributeStage.GetName(), stage),
	})
	return counted.GetCount(), err
}
