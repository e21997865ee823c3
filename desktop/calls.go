package desktop

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"

	sb "switchboard"
)

// doneWithin is how long what a call has accepted is waited for. Most is done at once.
const doneWithin = 2 * time.Second

// ErrNoCall: there is no such call, or it is over and nothing can be done to it.
var ErrNoCall = errors.New("no such call")

// Refusal is what a call says to something that makes no sense now.
type Refusal struct{ Text string }

func (r *Refusal) Error() string { return r.Text }

// Calls is what an agent can learn of the calls and do to them.
type Calls interface {
	// State and Timeline answer for calls that are over, too, as long as they are remembered; else ErrNoCall.
	State(ctx context.Context, id sb.CallID) (sb.State, error)
	Timeline(ctx context.Context, id sb.CallID) ([]sb.TimelineEntry, error)
	// Update asks a running call for something and returns once it is done or, where that takes long, certain to be
	// attempted: a *Refusal if it makes no sense now or could not be done, ErrNoCall if the call is over. Any other error
	// means that it may have been asked and may not.
	Update(ctx context.Context, id sb.CallID, name string, arg any) error
}

// Temporal makes Calls of a client of the namespace in which the calls run.
func Temporal(c client.Client) Calls { return temporal{c} }

type temporal struct{ client client.Client }

func (t temporal) State(ctx context.Context, id sb.CallID) (sb.State, error) {
	var s sb.State
	err := t.query(ctx, id, sb.QueryState, &s)
	return s, err
}

func (t temporal) Timeline(ctx context.Context, id sb.CallID) ([]sb.TimelineEntry, error) {
	var lines []sb.TimelineEntry
	err := t.query(ctx, id, sb.QueryTimeline, &lines)
	return lines, err
}

func (t temporal) query(ctx context.Context, id sb.CallID, name string, into any) error {
	answer, err := t.client.QueryWorkflow(ctx, string(id), "", name)
	if err != nil {
		return known(name, err)
	}
	return answer.Get(into)
}

func (t temporal) Update(ctx context.Context, id sb.CallID, name string, arg any) error {
	handle, err := t.client.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: string(id), UpdateName: name, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageAccepted,
	})
	if err != nil {
		return known(name, err)
	}
	waiting, cancel := context.WithTimeout(ctx, doneWithin)
	defer cancel()
	if err := handle.Get(waiting, nil); err != nil && waiting.Err() == nil {
		return known(name, err)
	}
	return nil // done, or accepted for good: an agent who comes back is being rung, which may take 20 s
}

func known(what string, err error) error {
	if _, ok := errors.AsType[*serviceerror.NotFound](err); ok {
		return ErrNoCall
	}
	if refused, ok := errors.AsType[*sdk.ApplicationError](err); ok && refused.Type() == "NotNow" {
		return &Refusal{refused.Message()}
	}
	return fmt.Errorf("%s: %w", what, err)
}
