package webhook

import (
	"context"
	"errors"
	"fmt"
	"testing"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	sb "switchboard"
)

// fakeClient answers with err and records what it was asked. Any other method of a client panics.
type fakeClient struct {
	client.Client
	err     error
	asked   string
	options client.StartWorkflowOptions
}

func (f *fakeClient) SignalWorkflow(_ context.Context, id, run, name string, arg any) error {
	f.asked = fmt.Sprint("signal ", id, " ", run, " ", name, " ", arg)
	return f.err
}

func (f *fakeClient) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	f.asked, f.options = fmt.Sprint("start ", workflow, " ", args), o
	return nil, f.err
}

func (f *fakeClient) CheckHealth(context.Context, *client.CheckHealthRequest) (*client.CheckHealthResponse, error) {
	return nil, f.err
}

func TestTemporalSignalsWhateverRunServesTheCall(t *testing.T) {
	f := &fakeClient{}
	if err := Temporal(f).Signal(t.Context(), testCall, sb.SignalLeg, "news"); err != nil {
		t.Fatal(err)
	}
	if want := "signal " + string(testCall) + "  leg news"; f.asked != want {
		t.Errorf("got %q, want %q", f.asked, want)
	}
}

func TestTemporalKnowsAnEndedCallFromAFault(t *testing.T) {
	for _, c := range []struct {
		err    error
		noCall bool
	}{
		{serviceerror.NewNotFound("workflow execution already completed"), true},
		{fmt.Errorf("interceptor: %w", serviceerror.NewNotFound("workflow not found")), true},
		{serviceerror.NewNamespaceNotFound("default"), false},
		{serviceerror.NewUnavailable("no connection"), false},
		{context.DeadlineExceeded, false},
	} {
		err := Temporal(&fakeClient{err: c.err}).Signal(t.Context(), testCall, sb.SignalLeg, nil)
		if errors.Is(err, ErrNoCall) != c.noCall {
			t.Errorf("%v: got %v, want no call: %v", c.err, err, c.noCall)
		}
		if !c.noCall && !errors.Is(err, c.err) {
			t.Errorf("%v: got %v, want it wrapped", c.err, err)
		}
	}
}

func TestTemporalStartsOneReaperForEachStray(t *testing.T) {
	f := &fakeClient{}
	if err := Temporal(f).Reap(t.Context(), sb.Reap{Leg: testLeg}); err != nil {
		t.Fatal(err)
	}
	if f.asked != "start Reap [{"+testLeg+" }]" || f.options.ID != "reap/"+testLeg || f.options.TaskQueue != sb.CallQueue ||
		f.options.WorkflowIDReusePolicy != enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE {
		t.Errorf("got %s with %+v", f.asked, f.options)
	}
	f.err = serviceerror.NewWorkflowExecutionAlreadyStarted("already", "", "")
	if err := Temporal(f).Reap(t.Context(), sb.Reap{Leg: testLeg}); err != nil {
		t.Errorf("started before: got %v, want no error", err)
	}
	f.err = errDown
	if err := Temporal(f).Reap(t.Context(), sb.Reap{Leg: testLeg}); !errors.Is(err, errDown) {
		t.Errorf("got %v, want %v", err, errDown)
	}
}

func TestTemporalIsReachableIfItAnswers(t *testing.T) {
	if err := Temporal(&fakeClient{}).Reachable(t.Context()); err != nil {
		t.Error(err)
	}
	if err := Temporal(&fakeClient{err: errDown}).Reachable(t.Context()); !errors.Is(err, errDown) {
		t.Errorf("got %v, want %v", err, errDown)
	}
}
