// Package worker is process 1: it runs the calls' workflows and activities for Temporal.
//
// At start it makes sure of everything a call takes for granted, for a call that meets a missing search attribute or a
// workspace set up wrongly would stall or do harm: see preconditions.go. It decides nothing about calls; that is package
// workflows.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.temporal.io/sdk/client"
	sdk "go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/codec"
	"switchboard/config"
	"switchboard/health"
	"switchboard/numbers"
	"switchboard/telemetry"
	"switchboard/workflows"
)

// Config is what Run needs.
type Config struct {
	Temporal  client.Client
	Namespace string // of the client
	// Encryption is the keys of the client.
	Encryption codec.Keys
	Twilio     activities.TwilioConfig
	Events     activities.Events
	// PublicURL is where Twilio reaches the webhook process; CallerID is the number callers see.
	PublicURL, CallerID string
	// Dialling is which numbers may be rung.
	Dialling numbers.Rules
	// CallsPerSecond is how many legs a second are dialled; 0: no limit.
	CallsPerSecond float64
	// AgentRings is how long the centre's policy lets a softphone ring.
	AgentRings time.Duration
	// Deployment pins the calls that this worker begins to its build, see docs/decisions/0011-calls-stay-on-their-build.md.
	Deployment config.Deployment
	// Listen is where /healthz, /readyz and /metrics answer, see package health; "" means nowhere.
	Listen string
	// Telemetry is what /metrics shows; nil: nothing is counted.
	Telemetry *telemetry.Telemetry
	Logger    *slog.Logger
	// Ready, if set, is called once the worker polls.
	Ready func()
}

// stopWithin is how long running activities may take to finish when the process is told to end: longer than the
// longest, a dial (22 s).
const stopWithin = 25 * time.Second

// Run verifies the preconditions, then works until ctx ends and lets activities that have begun finish.
func Run(ctx context.Context, cfg Config) error {
	// Asked from the beginning: a worker that waits for Twilio is alive, and says what it waits for.
	state := newState(cfg.Temporal)
	if cfg.Listen != "" {
		l, err := health.Listen(ctx, cfg.Listen, "SWITCHBOARD_WORKER_LISTEN")
		if err != nil {
			return fmt.Errorf("worker: %w", err)
		}
		cfg.Logger.Info("answering health checks", "Address", l.Addr().String())
		mux := health.New(state.problems)
		if cfg.Telemetry != nil {
			mux.Handle("GET /metrics", cfg.Telemetry.Handler())
		}
		defer health.Serve(l, mux)()
	}
	statuses, err := prepare(ctx, cfg)
	if err != nil {
		return err
	}
	acts, err := activities.New(activities.Config{
		Twilio: cfg.Twilio, PublicURL: cfg.PublicURL, CallerID: cfg.CallerID, Dialling: cfg.Dialling, Statuses: statuses,
		Events: cfg.Events, Calls: activities.TemporalCalls{Client: cfg.Temporal}, Logger: cfg.Logger,
	})
	if err != nil {
		return fmt.Errorf("worker: %w", err)
	}

	// A fatal error, such as a deleted namespace, ends the process; whoever started it starts it again.
	fatal := make(chan error, 2)
	calls := sdk.New(cfg.Temporal, sb.CallQueue, options(cfg.Deployment, fatal))
	calls.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow, VersioningBehavior: workflow.VersioningBehaviorPinned})
	// These take seconds, and a sweep that waited for a build that is gone would keep all later ones from starting.
	calls.RegisterWorkflowWithOptions(workflows.Reap, workflow.RegisterOptions{Name: sb.ReapWorkflow, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
	calls.RegisterWorkflowWithOptions(workflows.Sweep, workflow.RegisterOptions{Name: sb.SweepWorkflow, VersioningBehavior: workflow.VersioningBehaviorAutoUpgrade})
	calls.RegisterActivity(acts)

	// Dials have a queue of their own so that the server can hold them to the account's rate without holding anything
	// else back; eager execution, which would go past that rate, is off where a rate is set. The rate is divided among
	// the queue's partitions, with at least one dial each: give switchboard-dials a single partition in production.
	dialOptions := options(cfg.Deployment, fatal)
	dialOptions.DisableWorkflowWorker = true
	dialOptions.TaskQueueActivitiesPerSecond = cfg.CallsPerSecond
	dials := sdk.New(cfg.Temporal, sb.DialQueue, dialOptions)
	dials.RegisterActivity(acts)

	if err := errors.Join(calls.Start(), dials.Start()); err != nil {
		return fmt.Errorf("worker: start: %w", err)
	}
	defer dials.Stop()
	defer calls.Stop()
	state.is(working)
	if cfg.Telemetry != nil {
		counting, stop := context.WithCancel(ctx)
		var census sync.WaitGroup
		census.Go(func() { takeCensus(counting, cfg.Temporal, cfg.Telemetry, cfg.Logger) })
		defer census.Wait()
		defer stop()
	}
	cfg.Logger.Info("worker is working", "Queues", []string{sb.CallQueue, sb.DialQueue}, "CallsPerSecond", cfg.CallsPerSecond)
	if cfg.Deployment.Name != "" {
		cfg.Logger.Info("worker takes new calls only while its build is the deployment's current version: temporal worker deployment set-current-version",
			"Deployment", cfg.Deployment.Name, "BuildID", cfg.Deployment.BuildID)
	}
	if cfg.Ready != nil {
		cfg.Ready()
	}
	select {
	case <-ctx.Done():
		state.is(stopping)
		cfg.Logger.Info("worker is stopping; activities under way may finish", "Within", stopWithin)
		return nil
	case err := <-fatal:
		return fmt.Errorf("worker: %w", err)
	}
}

func options(deployment config.Deployment, fatal chan<- error) sdk.Options {
	return sdk.Options{
		// Both queues: a pinned call's dials are made by its own build, too.
		DeploymentOptions: sdk.DeploymentOptions{
			UseVersioning: deployment.Name != "",
			Version:       sdk.WorkerDeploymentVersion{DeploymentName: deployment.Name, BuildID: deployment.BuildID},
		},
		// 0, the default, would abandon a dial in the middle: the caller would ring and nobody know of it for 22 s.
		WorkerStopTimeout: stopWithin,
		// Two pollers are right for a server next door; over a real network more are needed, and more only move the
		// queue into the worker when its CPU is the limit (measured: 2 and 32 pollers within noise at saturation).
		WorkflowTaskPollerBehavior: sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 2}),
		ActivityTaskPollerBehavior: sdk.NewPollerBehaviorAutoscaling(sdk.PollerBehaviorAutoscalingOptions{InitialNumberOfPollers: 2}),
		// An open call holds 27 KB and one goroutine in the cache (measured over 1,000 to 10,000 waiting calls), so the
		// default cache of 10,000 needs some 300 MB at most; a smaller one replays instead, at 32 % more CPU.
		OnFatalError: func(err error) {
			select {
			case fatal <- err:
			default:
			}
		},
	}
}
