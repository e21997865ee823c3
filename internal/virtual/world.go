// Package virtual runs the whole product in one process on Temporal's test clock: the real workflow, the real
// activities with the real twilio-go, the simulator without sockets and the real webhook handler. A call that takes
// half an hour takes milliseconds, and comes out the same every time.
//
// It is for tests alone. It cannot replay histories and does not know a second workflow: for those there is the real
// server (dev/stack). Start with New, then World.Run.
package virtual

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/provision"
	"switchboard/simulator"
	"switchboard/telemetry"
	"switchboard/webhook"
	"switchboard/workflows"
)

// Where the parts believe each other to be. Nothing is listening there.
const (
	PublicURL = "http://switchboard.test:8080"
	CallerID  = "+442079460000"
)

// Start is when every world begins.
var Start = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// Options of a World; the zero value is one agent, Anna, and a simulator that plays every uncertainty the cautious way.
type Options struct {
	Seed      uint64
	Agents    []provision.Agent
	Uncertain simulator.Uncertain
	// WebhookLatency is how long a webhook is under way.
	WebhookLatency time.Duration
	// NoSweep leaves out the sweep every 15 s.
	NoSweep bool
	// Conditions are how long everything takes and what fails; the zero value: nothing takes time, nothing fails.
	Conditions Conditions
	// OnStage is told when a workflow has decided that its call is at a stage, before anybody else can know. It must not
	// change anything at once.
	OnStage func(call sb.CallID, stage sb.Stage, attempt int)
	// Activities, if it is set, makes what has the activities' methods in place of the real ones.
	Activities func(*World) any
	// Log gets what all parts log; nil: it is kept for Story.
	Log io.Writer
	// Telemetry is told what worker and webhook tell theirs, but for the hops that only Temporal's server makes.
	Telemetry *telemetry.Telemetry
	// KafkaDown makes publishing fail for so long.
	KafkaDown time.Duration
}

// World is a call centre on a clock of its own.
type World struct {
	T         testing.TB
	Env       *testsuite.TestWorkflowEnvironment
	Sim       *simulator.Simulator
	Workspace provision.Workspace
	Log       *bytes.Buffer // what all parts logged

	logger    *slog.Logger
	clock     *clock
	server    *server
	acts      *activities.Activities
	opts      Options
	mu        sync.Mutex
	events    []sb.Event
	onEvent   []func(sb.Event)
	leftAtEnd []string
	runs      map[sb.CallID]*Run
	starts    []start
	reaped    map[string]bool
	start     time.Time
	twilio    *activities.Twilio
}

// New sets up a workspace with its agents available.
func New(t testing.TB, o Options) *World {
	t.Helper()
	if o.Agents == nil {
		o.Agents = []provision.Agent{{Name: "anna"}}
	}
	w := &World{T: t, opts: o, Log: &bytes.Buffer{}, clock: &clock{starting: map[string]bool{}}, runs: map[sb.CallID]*Run{}, reaped: map[string]bool{}}
	out := o.Log
	if out == nil {
		out = w.Log
	}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: out}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	if out == io.Discard {
		logger = slog.New(slog.DiscardHandler) // which does not even put the words together
	}
	w.logger = logger
	w.server = &server{clock: w.clock, conditions: o.Conditions, executions: map[string]*execution{}, running: map[*attempt]struct{}{}, onStage: o.OnStage}
	w.newEnv()
	w.start = w.Env.Now()

	handler, err := webhook.New(webhook.Config{
		PublicURL: PublicURL, Calls: calls{w}, Telemetry: o.Telemetry, Logger: logger,
		AuthTokens: func(account sb.AccountSID) []string {
			if account == simulator.DefaultAccountSID {
				return []string{simulator.DefaultAuthToken}
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Sim = simulator.New(simulator.Options{
		Clock: w.clock, Webhooks: simulator.InProcess(handler), Seed: o.Seed, Uncertain: o.Uncertain, WebhookLatency: o.WebhookLatency,
	})
	t.Cleanup(w.close)
	w.provision(t, logger)
	for _, a := range o.Agents {
		w.Sim.SetSoftphone(a.Name, simulator.Softphone{HangsUpAfter: 15 * time.Second})
	}
	w.register()
	return w
}

func (w *World) newEnv() {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(w.logger))
	env := suite.NewTestWorkflowEnvironment()
	env.SetTestTimeout(time.Minute) // of real time: a call that hangs fails the test
	// None: the environment keeps a timer of real time for it, which would keep the world in memory until it fires.
	env.SetWorkflowRunTimeout(0)
	env.SetWorkerOptions(worker.Options{
		Interceptors:             w.interceptors(),
		DeadlockDetectionTimeout: 20 * time.Second, // of real time, on a machine that may do much else
	})
	start := Start
	if w.Env != nil {
		start = w.Env.Now()
	}
	env.SetStartTime(start)
	w.Env, w.server.env = env, env
	w.clock.carry(env)
}

// interceptors are the server's, which is nearest to the environment, and within it the one that traces.
func (w *World) interceptors() []interceptor.WorkerInterceptor {
	all := []interceptor.WorkerInterceptor{&interception{server: w.server}}
	if w.opts.Telemetry == nil {
		return all
	}
	var o client.Options
	w.opts.Telemetry.Temporal(&o)
	for _, i := range o.Interceptors {
		all = append(all, i.(interceptor.WorkerInterceptor))
	}
	return all
}

func (w *World) close() {
	w.server.stop()
	w.Sim.Close()
}

func (w *World) register() {
	w.Env.RegisterActivity(w.acts) // so that workflows know their names; the server runs them
	w.Env.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
	w.Env.RegisterWorkflowWithOptions(workflows.Reap, workflow.RegisterOptions{Name: sb.ReapWorkflow})
	w.Env.RegisterWorkflowWithOptions(w.drive, workflow.RegisterOptions{Name: driver})
}

// Continue makes the world ready for a further run, at the same moment and with everything as it is: what Temporal does
// when a workflow continues as new.
func (w *World) Continue() {
	w.newEnv()
	w.register()
}

func (w *World) provision(t testing.TB, logger *slog.Logger) {
	t.Helper()
	cfg := activities.TwilioConfig{
		AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken,
		Transport: &network{server: w.server, twilio: w.Sim.Transport()}, Telemetry: w.opts.Telemetry,
	}
	var err error
	w.Workspace, err = provision.Apply(t.Context(), provision.Config{Twilio: cfg, PublicURL: PublicURL, Agents: w.opts.Agents})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Workspace, cfg.Routing = w.Workspace.Workspace, w.Workspace.Routing
	if w.twilio, err = activities.NewTwilio(cfg); err != nil {
		t.Fatal(err)
	}
	for _, a := range w.opts.Agents {
		w.SetStatus(a.Name, provision.StatusAvailable)
	}
	w.acts, err = activities.New(activities.Config{
		Twilio: cfg, PublicURL: PublicURL, CallerID: CallerID, Statuses: w.Workspace.ForActivities(),
		Events: w, Calls: calls{w}, Logger: logger, Now: w.clock.Now, Wait: w.server.wait, Spread: func(d time.Duration) time.Duration { return d },
	})
	if err != nil {
		t.Fatal(err)
	}
	if w.server.activities = w.acts; w.opts.Activities != nil {
		w.server.activities = w.opts.Activities(w)
	}
}

// SetStatus puts an agent into a status, as the agent would.
func (w *World) SetStatus(agent, status string) {
	w.T.Helper()
	if err := w.TrySetStatus(agent, status); err != nil {
		w.T.Fatal(err)
	}
}

// TrySetStatus is SetStatus where Twilio may refuse it.
func (w *World) TrySetStatus(agent, status string) error {
	return provision.SetAgentStatus(context.Background(), w.twilio.TwilioConfig, w.Workspace, agent, status)
}

// Status is the agent's present status.
func (w *World) Status(agent string) string {
	w.T.Helper()
	a, err := w.twilio.TaskRouter(context.Background()).FetchWorker(string(w.Workspace.Workspace), string(w.Workspace.Agents[agent]))
	if err != nil {
		w.T.Fatal(err)
	}
	return *a.ActivityName
}

// Request is an ordinary request of the moment the test began.
func (w *World) Request(phone string) sb.Request {
	return sb.Request{
		Source: "/test", ID: "1", RequestedAt: w.Env.Now(), MaxAttempts: 1,
		Caller: sb.Caller{Phone: phone, Name: "Zoë Example"}, Reason: "a question about cover",
	}
}

// Run serves a request from beginning to end.
func (w *World) Run(r sb.Request) sb.Result {
	w.T.Helper()
	return w.RunInput(sb.CallInput{Request: r, Policy: sb.DefaultPolicy()})
}

// RunInput is Run with everything settable.
func (w *World) RunInput(in sb.CallInput) sb.Result {
	w.T.Helper()
	if err := w.Execute(in); err != nil {
		w.T.Fatalf("the call failed: %v\n%s", err, w.Story())
	}
	var result sb.Result
	if err := w.Env.GetWorkflowResult(&result); err != nil {
		w.T.Fatal(err)
	}
	return result
}

// Execute runs the workflow and returns its error, which a call that continues as new has.
func (w *World) Execute(in sb.CallInput) error {
	id := string(in.Request.Call())
	w.Env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: id, TaskQueue: sb.CallQueue})
	w.server.root = id
	run := w.accept(in)
	w.sweepEvery15s()
	w.clock.hold(id)
	w.Env.ExecuteWorkflow(sb.CallWorkflow, in)
	run.Ended = w.Env.Now()
	if !w.Env.IsWorkflowCompleted() {
		w.T.Fatalf("the call did not end\n%s", w.Story())
	}
	return w.Env.GetWorkflowError()
}

// After does something at a moment of the virtual clock, counted from the beginning of the call.
func (w *World) After(d time.Duration, f func()) { w.clock.After(d, f) }

// At does something once, as soon as the call has published that it has reached a stage; attempt 0 is any.
func (w *World) At(stage sb.Stage, attempt int, f func()) {
	done := false
	w.onEvent = append(w.onEvent, func(e sb.Event) {
		if !done && e.Data.Stage == stage && (attempt == 0 || e.Data.Attempt == attempt) {
			done = true
			w.Env.RegisterDelayedCallback(f, 0)
		}
	})
}

// Elapsed is how long the call has been going on.
func (w *World) Elapsed() time.Duration { return w.Env.Now().Sub(w.start) }

// sweepEvery15s is what a schedule does: as long as the world goes on.
func (w *World) sweepEvery15s() {
	if w.opts.NoSweep {
		return
	}
	w.clock.After(15*time.Second, func() {
		if w.server.root == driver || w.anyRunning() {
			w.server.sweep()
			w.sweepEvery15s()
		}
	})
}

// Sweep runs the sweep once, in no time.
func (w *World) Sweep() activities.SweepResult {
	out, err := w.acts.Sweep(context.Background())
	if err != nil {
		fmt.Fprintf(w.Log, "sweep: %v\n", err)
	}
	return out
}

func (w *World) publish(events []sb.Event) {
	var left []string
	ended := events[len(events)-1].Data.Stage == sb.StageEnded
	if ended {
		left = w.Sim.Leftovers()
	}
	w.mu.Lock()
	w.events = append(w.events, events...)
	if ended {
		w.leftAtEnd = left
	}
	listeners := w.onEvent
	w.mu.Unlock()
	for _, e := range events {
		for _, f := range listeners {
			f(e)
		}
	}
}

// Events are those published so far.
func (w *World) Events() []sb.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sb.Event(nil), w.events...)
}

// LeftAtEnd is what had not come to its end at Twilio when the ended event was published.
func (w *World) LeftAtEnd() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.leftAtEnd
}

// Tasks are the tasks TaskRouter still knows.
func (w *World) Tasks() []taskrouter.TaskrouterV1Task {
	w.T.Helper()
	list, err := w.twilio.TaskRouter(context.Background()).ListTask(string(w.Workspace.Workspace), nil)
	if err != nil {
		w.T.Fatal(err)
	}
	return list
}

// sweeps are the requests of the sweep: too many for a story.
var sweeps = map[string]bool{
	"GET /v1/Workspaces/{WS}": true, "GET /v1/Workspaces/{WS}/Tasks": true, "GET /v1/Workspaces/{WS}/Workers": true,
}

// Story is everything that happened, for a failing test.
func (w *World) Story() string {
	var b strings.Builder
	b.WriteString("what the phones experienced:\n")
	for _, e := range w.Sim.Log() {
		fmt.Fprintf(&b, "%9s  %-22s %-14s %s\n", e.At.Sub(w.start).Round(time.Millisecond), e.Party, e.What, e.Detail)
	}
	b.WriteString("requests:\n")
	for _, r := range w.Sim.Requests() {
		if r.At.After(w.start) && !sweeps[r.Route] {
			fmt.Fprintf(&b, "%9s  %s %d\n", r.At.Sub(w.start).Round(time.Millisecond), r.Route, r.Status)
		}
	}
	b.WriteString("events:\n")
	for _, e := range w.Events() {
		data, _ := json.Marshal(e.Data)
		fmt.Fprintf(&b, "%9s  %s\n", e.Time.Sub(w.start).Round(time.Millisecond), data)
	}
	if value, err := w.Env.QueryWorkflow(sb.QueryTimeline); err == nil {
		var lines []sb.TimelineEntry
		if value.Get(&lines) == nil {
			b.WriteString("timeline:\n")
			for _, l := range lines {
				fmt.Fprintf(&b, "%9s  %s\n", l.At.Sub(w.start).Round(time.Millisecond), l.What)
			}
		}
	}
	b.WriteString("log:\n")
	b.Write(w.Log.Bytes())
	return b.String()
}

// errNoCall is what both the webhook and the sweep know as "no such call is running".
var errNoCall = errors.Join(webhook.ErrNoCall, serviceerror.NewNotFound("no such call"))

// calls reaches the calls of the world, for webhook and sweep.
type calls struct{ w *World }

func (c calls) Signal(_ context.Context, id sb.CallID, name string, arg any) error {
	if err := c.w.server.conditions.signal(string(id)); err != nil {
		return err
	}
	if !c.w.isRunning(id) {
		return errNoCall
	}
	return c.w.server.signal(string(id), name, arg)
}

func (c calls) Running(_ context.Context, id sb.CallID) (bool, error) {
	if err := c.w.server.conditions.signal(string(id)); err != nil {
		return false, err
	}
	return c.w.isRunning(id), nil
}

func (c calls) Reap(_ context.Context, in sb.Reap) error { return c.w.reap(in) }

func (c calls) Reachable(context.Context) error { return nil }

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// CancelTasks cancels every waiting task, as an operator in Twilio's console would.
func (w *World) CancelTasks() {
	w.T.Helper()
	for _, task := range w.Tasks() {
		if err := w.cancelTask(*task.Sid); err != nil {
			w.T.Fatal(err)
		}
	}
}

// TryCancelTasksOf is CancelTasks for one call, where Twilio may refuse it.
func (w *World) TryCancelTasksOf(call sb.CallID) {
	for _, ws := range w.Sim.Snapshot().Workspaces {
		for _, task := range ws.Tasks {
			var ref sb.TaskRef
			if json.Unmarshal([]byte(task.Attributes), &ref) == nil && ref.Call == call {
				_ = w.cancelTask(task.SID)
			}
		}
	}
}

func (w *World) cancelTask(sid string) error {
	p := &taskrouter.UpdateTaskParams{}
	p.SetAssignmentStatus("canceled")
	p.SetReason("an operator")
	_, err := w.twilio.TaskRouter(context.Background()).UpdateTask(string(w.Workspace.Workspace), sid, p)
	return err
}
