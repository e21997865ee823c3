package activities

import (
	"context"
	"errors"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	sb "switchboard"
)

// TemporalCalls reaches calls through Temporal.
type TemporalCalls struct{ client.Client }

// Signal signals a running call; it never starts one.
func (c TemporalCalls) Signal(ctx context.Context, id sb.CallID, name string, arg any) error {
	return c.SignalWorkflow(ctx, string(id), "", name, arg)
}

// Running reports whether the call is running. One that Temporal does not know is not.
func (c TemporalCalls) Running(ctx context.Context, id sb.CallID) (bool, error) {
	d, err := c.DescribeWorkflowExecution(ctx, string(id), "")
	if notRunning(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return d.GetWorkflowExecutionInfo().GetStatus() == enums.WORKFLOW_EXECUTION_STATUS_RUNNING, nil
}

func notRunning(err error) bool {
	_, ok := errors.AsType[*serviceerror.NotFound](err)
	return ok
}
