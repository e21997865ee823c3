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
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/deploy/provision"
	"switchboard/simulator"
	"switchboard/webhook"
	"switchboard/workflows"
)

// Where the parts believe each other to be. Nothing is listening there.
const (
	PublicURL = "http://switchboard.test:8080"
	CallerID  = "+442079460000"
)

// Options of a World; the zero value is one agent, Anna, and a simulator that plays every uncertainty the cautious way.
type Options struct {
	Seed      uint64
	Agents    []provision.Agent
	Uncertain simulator.Uncertain
	// WebhookLatency is how long a webhook is under way.
	WebhookLatency time.Duration
	// NoSweep leaves out the sweep every 15 s.
	NoSweep bool
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
	acts      *activities.Activities
	opts      Options
	mu        sync.Mutex
	events    []sb.Event
	onEvent   []func(sb.Event)
	leftAtEnd []string
	call      sb.CallID
	running   bool
	start     time.Time
	twilio    *activities.Twilio
}

// New sets up a workspace with its agents available.
func New(t testing.TB, o Options) *World {
	t.Helper()
	if o.Agents == nil {
		o.Agents = []provision.Agent{{Name: "anna"}}
	}
	w := &World{T: t, opts: o, Log: &bytes.Buffer{}, clock: &clock{}}
	logger := slog.New(slog.NewTextHandler(&lockedWriter{w: w.Log}, &slog.HandlerOptions{Level: slog.LevelInfo}))
	w.logger = logger
	w.newEnv()
	w.start = w.Env.Now()

	handler, err := webhook.New(webhook.Config{
		PublicURL: PublicURL, Calls: calls{w}, Logger: logger,
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
		Clock: w.clock, Webhooks: inProcess{handler}, Seed: o.Seed, Uncertain: o.Uncertain, WebhookLatency: o.WebhookLatency,
	})
	t.Cleanup(w.Sim.Close)
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
	if w.Env != nil {
		env.SetStartTime(w.Env.Now())
	}
	w.Env = env
	w.clock.move(env)
}

func (w *World) register() {
	w.Env.RegisterActivity(w.acts)
	w.Env.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
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
		AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: w.Sim.Transport(),
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
		Events: w, Calls: calls{w}, Logger: logger, Now: w.clock.Now,
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }, // the clock stands while an activity runs
	})
	if err != nil {
		t.Fatal(err)
	}
}

// SetStatus puts an agent into a status, as the agent would.
func (w *World) SetStatus(agent, status string) {
	w.T.Helper()
	if err := provision.SetAgentStatus(context.Background(), w.twilio.TwilioConfig, w.Workspace, agent, status); err != nil {
		w.T.Fatal(err)
	}
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
	w.call = in.Request.Call()
	w.Env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: string(w.call), TaskQueue: sb.CallQueue})
	w.set(true)
	if !w.opts.NoSweep {
		w.sweepAfter(15 * time.Second)
	}
	w.Env.ExecuteWorkflow(sb.CallWorkflow, in)
	w.set(false)
	if !w.Env.IsWorkflowCompleted() {
		w.T.Fatalf("the call did not end\n%s", w.Story())
	}
	return w.Env.GetWorkflowError()
}

// After does something at a moment of the virtual clock, counted from the beginning of the call.
func (w *World) After(d time.Duration, f func()) { w.Env.RegisterDelayedCallback(f, d) }

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

func (w *World) sweepAfter(d time.Duration) {
	w.Env.RegisterDelayedCallback(func() {
		if !w.isRunning() {
			return
		}
		w.Sweep()
		w.sweepAfter(15 * time.Second)
	}, d)
}

// Sweep runs the sweep's activity once.
func (w *World) Sweep() activities.SweepResult {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestActivityEnvironment()
	env.RegisterActivity(w.acts)
	value, err := env.ExecuteActivity(w.acts.Sweep)
	var out activities.SweepResult
	if err == nil {
		err = value.Get(&out)
	}
	if err != nil {
		fmt.Fprintf(w.Log, "sweep: %v\n", err)
	}
	return out
}

// Publish takes the place of Kafka.
func (w *World) Publish(_ context.Context, events []sb.Event) error {
	if w.Elapsed() < w.opts.KafkaDown {
		return fmt.Errorf("kafka is down")
	}
	left := w.Sim.Leftovers()
	w.mu.Lock()
	w.events = append(w.events, events...)
	if events[len(events)-1].Data.Stage == sb.StageEnded {
		w.leftAtEnd = left
	}
	listeners := w.onEvent
	w.mu.Unlock()
	for _, e := range events {
		for _, f := range listeners {
			f(e)
		}
	}
	return nil
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

func (w *World) set(running bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running = running
}

func (w *World) isRunning() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.running && !w.Env.IsWorkflowCompleted()
}

// errNoCall is what both the webhook and the sweep know as "no such call is running".
var errNoCall = errors.Join(webhook.ErrNoCall, serviceerror.NewNotFound("no such call"))

// calls reaches the one call of the world, for webhook and sweep.
type calls struct{ w *World }

func (c calls) Signal(_ context.Context, id sb.CallID, name string, arg any) error {
	if id != c.w.call || !c.w.isRunning() {
		return errNoCall
	}
	c.w.Env.SignalWorkflow(name, arg)
	return nil
}

func (c calls) Running(_ context.Context, id sb.CallID) (bool, error) {
	return id == c.w.call && c.w.isRunning(), nil
}

// Reap is never asked for here: the world stands still when its one call has ended. Package e2e has the reaper.
func (c calls) Reap(context.Context, sb.Reap) error { return nil }

func (c calls) Reachable(context.Context) error { return nil }

// clock lends the test environment's clock to the simulator. What is pending moves along to the next environment.
type clock struct {
	mu      sync.Mutex
	env     *testsuite.TestWorkflowEnvironment
	pending []*alarm
}

type alarm struct {
	at   time.Time
	f    func()
	over bool // rung or stopped
}

func (c *clock) now() *testsuite.TestWorkflowEnvironment {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.env
}

func (c *clock) Now() time.Time { return c.now().Now() }

func (c *clock) After(d time.Duration, f func()) func() {
	env := c.now()
	a := &alarm{at: env.Now().Add(d), f: f}
	c.mu.Lock()
	c.pending = append(slices.DeleteFunc(c.pending, func(a *alarm) bool { return a.over }), a)
	c.mu.Unlock()
	env.RegisterDelayedCallback(func() { c.ring(a) }, d)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		a.over = true
	}
}

func (c *clock) ring(a *alarm) {
	c.mu.Lock()
	over := a.over
	a.over = true
	c.mu.Unlock()
	if !over {
		a.f()
	}
}

func (c *clock) move(env *testsuite.TestWorkflowEnvironment) {
	c.mu.Lock()
	c.env = env
	pending := slices.Clone(c.pending)
	c.mu.Unlock()
	for _, a := range pending {
		env.RegisterDelayedCallback(func() { c.ring(a) }, max(0, a.at.Sub(env.Now())))
	}
}

// inProcess carries a webhook to the handler without a socket.
type inProcess struct{ handler http.Handler }

func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := httptest.NewRequestWithContext(r.Context(), r.Method, r.URL.RequestURI(), r.Body)
	in.Header = r.Header
	in.Host = r.URL.Host
	rec := httptest.NewRecorder()
	t.handler.ServeHTTP(rec, in)
	return rec.Result(), nil
}

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
	api := w.twilio.TaskRouter(context.Background())
	for _, task := range w.Tasks() {
		p := &taskrouter.UpdateTaskParams{}
		p.SetAssignmentStatus("canceled")
		p.SetReason("an operator")
		if _, err := api.UpdateTask(string(w.Workspace.Workspace), *task.Sid, p); err != nil {
			w.T.Fatal(err)
		}
	}
}
