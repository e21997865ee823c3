package desktop

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/temporal"

	sb "switchboard"
)

func TestWhatTemporalSays(t *testing.T) {
	if err := known("x", serviceerror.NewNotFound("no")); !errors.Is(err, ErrNoCall) {
		t.Errorf("got %v", err)
	}
	r, ok := errors.AsType[*Refusal](known("x", sdk.NewApplicationError("not now, later", "NotNow")))
	if !ok || r.Text != "not now, later" {
		t.Errorf("got %v", r)
	}
	if _, ok := errors.AsType[*Refusal](known("x", sdk.NewApplicationError("a fault", "Other"))); ok {
		t.Error("any error counts as a refusal")
	}
}

// updating is a client whose updates are accepted as asked says, and end as done says.
type updating struct {
	client.Client
	asked, done func(context.Context) error
}

func (u updating) UpdateWorkflow(ctx context.Context, o client.UpdateWorkflowOptions) (client.WorkflowUpdateHandle, error) {
	if o.WorkflowID != string(testCall) || o.RunID != "" || o.UpdateName != sb.UpdateRejoin || len(o.Args) != 1 {
		return nil, errors.New("not what was asked")
	}
	return pending{done: u.done}, u.asked(ctx)
}

type pending struct {
	client.WorkflowUpdateHandle
	done func(context.Context) error
}

func (p pending) Get(ctx context.Context, _ any) error { return p.done(ctx) }

func TestUpdatesOfCalls(t *testing.T) {
	says := func(err error) func(context.Context) error { return func(context.Context) error { return err } }
	never := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	notNow := sdk.NewApplicationError("not now", "NotNow")
	for name, c := range map[string]struct {
		asked, done func(context.Context) error
		want        string
	}{
		"done":              {says(nil), says(nil), ""},
		"refused":           {says(nil), says(notNow), "not now"},
		"refused at once":   {says(notNow), says(nil), "not now"},
		"over":              {says(serviceerror.NewNotFound("no")), says(nil), ErrNoCall.Error()},
		"takes long":        {says(nil), never, ""},
		"nobody is running": {never, says(nil), "rejoin: context deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), callTimeout)
				defer cancel()
				err := Temporal(updating{asked: c.asked, done: c.done}).Update(ctx, testCall, sb.UpdateRejoin, sb.Rejoin{})
				got := ""
				if err != nil {
					got = err.Error()
				}
				if got != c.want {
					t.Errorf("got %q, want %q", got, c.want)
				}
			})
		})
	}
}
