package webhook

import (
	"context"
	"errors"
	"fmt"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	sb "switchboard"
)

// ErrNoCall: no call of that identity is running. It has ended, or it never was.
var ErrNoCall = errors.New("no such call is running")

// Calls is what a callback can do to the calls. Temporal is one implementation, the tests' clock the other.
type Calls interface {
	// Signal tells a running call. ErrNoCall when there is none; any other error means that it may not have been told.
	Signal(ctx context.Context, id sb.CallID, name string, arg any) error
	// Reap has something ended that no running call owns. To ask twice is no error.
	Reap(ctx context.Context, r sb.Reap) error
	// Reachable returns an error when calls cannot be told anything at present.
	Reachable(ctx context.Context) error
}

// Temporal makes Calls of a client of the namespace in which the calls run.
func Temporal(c client.Client) Calls { return temporal{c} }

type temporal struct{ client client.Client }

func (t temporal) Signal(ctx context.Context, id sb.CallID, name string, arg any) error {
	// Without a run ID: a long call continues in new runs under the same identity.
	err := t.client.SignalWorkflow(ctx, string(id), "", name, arg)
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return ErrNoCall
	}
	if err != nil {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	return nil
}

func (t temporal) Reap(ctx context.Context, r sb.Reap) error {
	_, err := t.client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:            r.WorkflowID(),
		TaskQueue:     sb.CallQueue,
		StaticSummary: "Ends what no running call owns",
		// One reaper for each stray, for good, however many callbacks tell of it.
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, sb.ReapWorkflow, r)
	if _, ok := errors.AsType[*serviceerror.WorkflowExecutionAlreadyStarted](err); ok {
		return nil
	}
	if err != nil {
		return fmt.Errorf("start %s: %w", r.WorkflowID(), err)
	}
	return nil
}

func (t temporal) Reachable(ctx context.Context) error {
	_, err := t.client.CheckHealth(ctx, &client.CheckHealthRequest{})
	return err
}
