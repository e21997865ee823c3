package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/allowance"
	"switchboard/codec"
	"switchboard/provision"
	"switchboard/workflows"
)

// sweepEvery is how often the whole workspace is looked over: the longest a call waits for news of an agent that every
// webhook failed to bring.
const sweepEvery = 15 * time.Second

const sweepSchedule = "switchboard-sweep"

// askTemporalWithin bounds what is asked of Temporal, whose client repeats it by itself: a worker that gets no answer
// within it ends and says why.
const askTemporalWithin = time.Minute

// sayEvery is how often a worker that waits for Twilio says so.
const sayEvery = 10 * time.Second

// prepare makes sure of what a call takes for granted, and mends what it can mend by itself. While Twilio is away or too
// busy it waits: to end would leave calls without a worker for as long as a supervisor then takes to try again, which
// grows with every try.
func prepare(ctx context.Context, cfg Config) (activities.Statuses, error) {
	temporalCtx, cancel := context.WithTimeout(ctx, askTemporalWithin)
	defer cancel()
	if err := addSearchAttributes(temporalCtx, cfg.Temporal, cfg.Namespace); err != nil {
		return activities.Statuses{}, fmt.Errorf("worker: search attributes: %w", err)
	}
	// A worker without the right key would hold up every call it gets hold of.
	if err := codec.Check(temporalCtx, cfg.Temporal, cfg.Namespace, cfg.Encryption); err != nil {
		return activities.Statuses{}, fmt.Errorf("worker: encryption: %w", err)
	}
	statuses, err := checkWorkspace(ctx, cfg)
	if err != nil {
		return activities.Statuses{}, err
	}
	temporalCtx, cancel = context.WithTimeout(ctx, askTemporalWithin)
	defer cancel()
	if err := scheduleSweep(temporalCtx, cfg.Temporal); err != nil {
		return activities.Statuses{}, fmt.Errorf("worker: schedule the sweep: %w", err)
	}
	return statuses, nil
}

// checkWorkspace reads the workspace, for as long as it takes.
func checkWorkspace(ctx context.Context, cfg Config) (activities.Statuses, error) {
	cfg.Twilio.Waiting = waitingFor(cfg.Logger)
	statuses, err := provision.FindStatuses(ctx, cfg.Twilio)
	if err != nil {
		return activities.Statuses{}, fmt.Errorf("worker: read the TaskRouter workspace: %w", err)
	}
	problems, err := provision.Check(ctx, provision.Expected{
		Twilio: cfg.Twilio, PublicURL: cfg.PublicURL, Statuses: statuses, AgentRings: cfg.AgentRings,
	})
	if err != nil {
		return activities.Statuses{}, fmt.Errorf("worker: read the TaskRouter workspace: %w", err)
	}
	if len(problems) > 0 {
		return activities.Statuses{}, fmt.Errorf("worker: the TaskRouter workspace is not as calls need it:\n  - %s", strings.Join(problems, "\n  - "))
	}
	return statuses, nil
}

// waitingFor says that the worker waits, at first and then now and then. Several requests are under way at once.
func waitingFor(log *slog.Logger) func(error) {
	may := allowance.New(1, 1/sayEvery.Seconds())
	return func(err error) {
		if may.Take() {
			log.Warn("worker waits for Twilio, to read the TaskRouter workspace", "Error", err)
		}
	}
}

// addSearchAttributes registers what is missing. The dev server's own flag does so only for a new database, and an
// unregistered attribute does not fail a call: it stalls it.
func addSearchAttributes(ctx context.Context, c client.Client, namespace string) error {
	listed, err := c.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return err
	}
	missing := map[string]enumspb.IndexedValueType{}
	for _, key := range workflows.SearchAttributes() {
		has, there := listed.GetCustomAttributes()[key.GetName()]
		if !there {
			missing[key.GetName()] = key.GetValueType()
		} else if has != key.GetValueType() {
			return fmt.Errorf("%s is registered as %v and must be %v: remove it with `temporal operator search-attribute remove`", key.GetName(), has, key.GetValueType())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = c.OperatorService().AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{
		Namespace: namespace, SearchAttributes: missing,
	})
	var exists *serviceerror.AlreadyExists // another worker was quicker
	if err != nil && !errors.As(err, &exists) {
		return fmt.Errorf("%s cannot be added by the worker: %w; where the server leaves it to its operators (Temporal Cloud), have them added there", describe(missing), err)
	}
	return nil
}

// describe names search attributes as `temporal operator search-attribute create` wants them.
func describe(attributes map[string]enumspb.IndexedValueType) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		list = append(list, name+"="+attributes[name].String())
	}
	return strings.Join(list, ", ")
}

// scheduleSweep makes the schedule of the sweep if it is not there.
func scheduleSweep(ctx context.Context, c client.Client) error {
	_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
		ID:   sweepSchedule,
		Spec: client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: sweepEvery}}},
		// One at a time, and none made up for: only the latest look is of use.
		Overlap:       enumspb.SCHEDULE_OVERLAP_POLICY_SKIP,
		CatchupWindow: sweepEvery,
		Action: &client.ScheduleWorkflowAction{
			ID: "sweep", Workflow: sb.SweepWorkflow, TaskQueue: sb.CallQueue,
			StaticSummary: "Looks over the workspace for what webhooks should have told",
		},
	})
	if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
		return nil
	}
	return err
}
