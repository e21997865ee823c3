package workflows_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/workflows"
)

func TestReaperEndsWhatNobodyOwns(t *testing.T) {
	var acts *activities.Activities
	for _, in := range []sb.Reap{{Leg: "CA1"}, {Task: "WT1"}} {
		var suite testsuite.WorkflowTestSuite
		env := suite.NewTestWorkflowEnvironment()
		tries := 0
		// Not even an error that no retry can mend makes it give up.
		fail := func() error {
			if tries++; tries < 3 {
				return temporal.NewNonRetryableApplicationError("no", activities.ErrorRefused, errors.New("20003"))
			}
			return nil
		}
		env.OnActivity(acts.EndLeg, mock.Anything, activities.EndLegInput{Leg: "CA1"}).Return(
			func(context.Context, activities.EndLegInput) (activities.EndLegResult, error) {
				return activities.EndLegResult{}, fail()
			})
		env.OnActivity(acts.CloseTask, mock.Anything, mock.Anything).Return(
			func(_ context.Context, in activities.CloseTaskInput) (activities.CloseTaskResult, error) {
				if in.Task != "WT1" {
					t.Errorf("closes task %s", in.Task)
				}
				return activities.CloseTaskResult{}, fail()
			})
		env.ExecuteWorkflow(workflows.Reap, in)
		if err := env.GetWorkflowError(); err != nil || tries != 3 {
			t.Errorf("%+v: %v after %d tries, want an end after 3", in, err, tries)
		}
	}
}

func TestFailedSweepIsLeftToTheNext(t *testing.T) {
	var acts *activities.Activities
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	tries := 0
	env.OnActivity(acts.Sweep, mock.Anything).Return(func(context.Context) (activities.SweepResult, error) {
		tries++
		return activities.SweepResult{}, errors.New("down")
	})
	env.ExecuteWorkflow(workflows.Sweep)
	if env.GetWorkflowError() == nil || tries != 1 {
		t.Errorf("%v after %d tries, want an error after one", env.GetWorkflowError(), tries)
	}
}
