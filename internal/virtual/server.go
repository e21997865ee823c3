package virtual

import (
	"errors"
	"slices"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/workflows"
)

// server is to the product what Temporal's server and a worker are: it hands out activities and repeats them by their
// policies, keeps the timers, and tells each workflow, task by task, what has happened since its last one.
//
// The test environment of the SDK has all that too, but with it an activity takes no time, nothing happens while one
// runs, two that run at once do so in any order, and no worker ever stands still. So the workflows' activities, timers
// and signals are taken from it (by an interceptor), and it keeps the clock and runs the workflows' code.
type server struct {
	env        *testsuite.TestWorkflowEnvironment
	clock      *clock
	conditions Conditions
	activities any
	root       string // the workflow that the environment was started with
	executions map[string]*execution
	running    map[*attempt]struct{}
	idle       []*thread
	onStage    func(sb.CallID, sb.Stage, int)
	sweeping   bool
	sweeps     int
}

// execution is a workflow as the server knows it.
type execution struct {
	id    string
	mail  []delivery // what has happened since its last task
	begun bool
	task  bool // one is about to start
	tasks int
	made  int // activities scheduled
}

// delivery hands one thing that has happened to the workflow.
type delivery func(workflow.Context, interceptor.WorkflowInboundInterceptor)

// nextTask is the signal by which a workflow is told to take in its mail. It is none of the workflow's: it never sees it.
const nextTask = "virtual: next task"

func (s *server) execution(id string) *execution {
	ex := s.executions[id]
	if ex == nil {
		ex = &execution{id: id}
		s.executions[id] = ex
	}
	return ex
}

// tell puts something into a workflow's mail and sees to it that a task delivers it. All that has come together by the
// time the worker takes the task up is delivered with it, before any of the workflow's code runs: as Temporal does it.
func (s *server) tell(ex *execution, what delivery) {
	ex.mail = append(ex.mail, what)
	if ex.task {
		return
	}
	ex.task = true
	ex.tasks++
	s.clock.After(s.conditions.task(ex.id, ex.tasks), func() {
		ex.task = false
		s.poke(ex)
	})
}

// poke begins a task now.
func (s *server) poke(ex *execution) {
	if ex.id == s.root {
		s.env.SignalWorkflow(nextTask, nil)
	} else if s.env.SignalWorkflowByID(ex.id, nextTask, nil) != nil && ex.begun {
		ex.mail = nil // it has ended
	}
}

// sweep runs the activity of a schedule, and nobody waits for its result. One that still runs is not joined by another.
func (s *server) sweep() {
	if s.sweeping {
		return
	}
	s.sweeping = true
	s.sweeps++
	a := &scheduled{
		server: s, ex: &execution{id: "sweep"}, number: s.sweeps, name: "Sweep", since: s.clock.Now(),
		options: workflow.ActivityOptions{StartToCloseTimeout: time.Minute, HeartbeatTimeout: 20 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}},
		settle:  func(*commonpb.Payloads, error) { s.sweeping = false },
	}
	a.begin()
}

// stop ends what still runs.
func (s *server) stop() {
	for r := range s.running {
		r.kill()
	}
	for _, t := range s.idle {
		t.abandon()
	}
}

// signal tells a workflow something under a name, as a client does.
func (s *server) signal(id, name string, arg any) error {
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(arg)
	if err != nil {
		return err
	}
	s.tell(s.execution(id), func(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) {
		_ = next.HandleSignal(ctx, &interceptor.HandleSignalInput{SignalName: name, Arg: payloads}) // fails only if the channel is full: it has no limit
	})
	return nil
}

// interception puts the server between the workflows and the test environment.
type interception struct {
	interceptor.WorkerInterceptorBase
	server *server
}

func (i *interception) InterceptWorkflow(_ workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	in := &inbound{server: i.server}
	in.Next = next
	return in
}

type inbound struct {
	interceptor.WorkflowInboundInterceptorBase
	server *server
}

func (in *inbound) Init(out interceptor.WorkflowOutboundInterceptor) error {
	o := &outbound{server: in.server}
	o.Next = out
	return in.Next.Init(o)
}

// ExecuteWorkflow delivers, before the first line, what has come since the workflow was started.
func (in *inbound) ExecuteWorkflow(ctx workflow.Context, input *interceptor.ExecuteWorkflowInput) (any, error) {
	ex := in.server.execution(workflow.GetInfo(ctx).WorkflowExecution.ID)
	ex.begun = true
	in.server.clock.begun(ex.id)
	in.deliver(ctx, ex)
	result, err := in.Next.ExecuteWorkflow(ctx, input)
	var more *workflow.ContinueAsNewError
	if errors.As(err, &more) && ex.id != in.server.root {
		in.server.clock.hold(ex.id) // until the next run has begun
	}
	return result, err
}

func (in *inbound) deliver(ctx workflow.Context, ex *execution) {
	mail := ex.mail
	ex.mail = nil
	for _, d := range mail {
		d(ctx, in.Next)
	}
}

// HandleSignal delivers the mail. A signal that a test sends through the environment itself finds the mail before it.
func (in *inbound) HandleSignal(ctx workflow.Context, sig *interceptor.HandleSignalInput) error {
	ex := in.server.execution(workflow.GetInfo(ctx).WorkflowExecution.ID)
	in.deliver(ctx, ex)
	if sig.SignalName == nextTask {
		return nil
	}
	return in.Next.HandleSignal(ctx, sig)
}

type outbound struct {
	interceptor.WorkflowOutboundInterceptorBase
	server   *server
	timers   []*timer
	watching bool
}

func (o *outbound) execution(ctx workflow.Context) *execution {
	return o.server.execution(workflow.GetInfo(ctx).WorkflowExecution.ID)
}

// ExecuteActivity hands an activity to the server.
func (o *outbound) ExecuteActivity(ctx workflow.Context, name string, args ...any) workflow.Future {
	future, result := workflow.NewFuture(ctx)
	input, err := converter.GetDefaultDataConverter().ToPayloads(args...)
	if err != nil {
		result.SetError(err)
		return future
	}
	ex := o.execution(ctx)
	ex.made++
	a := &scheduled{
		server: o.server, ex: ex, number: ex.made, name: name, input: input, options: workflow.GetActivityOptions(ctx), since: o.server.clock.Now(),
	}
	a.settle = func(value *commonpb.Payloads, err error) {
		o.server.tell(ex, func(workflow.Context, interceptor.WorkflowInboundInterceptor) { result.Set(value, err) })
	}
	a.begin()
	return future
}

// NewTimer implements workflow.NewTimer.
func (o *outbound) NewTimer(ctx workflow.Context, d time.Duration) workflow.Future {
	return o.NewTimerWithOptions(ctx, d, workflow.TimerOptions{})
}

// NewTimerWithOptions keeps a timer. One that fires while the worker stands still is delivered with the rest of the mail.
func (o *outbound) NewTimerWithOptions(ctx workflow.Context, d time.Duration, _ workflow.TimerOptions) workflow.Future {
	future, result := workflow.NewFuture(ctx)
	if d <= 0 {
		result.Set(nil, nil)
		return future
	}
	t := &timer{ctx: ctx, result: result}
	ex := o.execution(ctx)
	t.stop = o.server.clock.After(d, func() {
		o.server.tell(ex, func(workflow.Context, interceptor.WorkflowInboundInterceptor) {
			if !t.over {
				t.over = true
				result.Set(nil, nil)
			}
		})
	})
	if ctx.Done() != nil {
		o.watch(ctx, t)
	}
	return future
}

// timer is one that the workflow may cancel.
type timer struct {
	ctx    workflow.Context
	result workflow.Settable
	stop   func()
	over   bool
}

func (t *timer) cancelled() bool { return !t.over && t.ctx.Err() != nil }

// watch sees to it that a timer ends when its context is cancelled. One coroutine does so for all timers of a run: the
// environment wakes every one of them at each task.
func (o *outbound) watch(ctx workflow.Context, t *timer) {
	o.timers = append(slices.DeleteFunc(o.timers, func(t *timer) bool { return t.over }), t)
	if o.watching {
		return
	}
	o.watching = true
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			_ = workflow.Await(ctx, func() bool { return slices.ContainsFunc(o.timers, (*timer).cancelled) }) // nobody cancels this context
			for _, t := range o.timers {
				if t.cancelled() {
					t.over = true
					t.stop()
					t.result.Set(nil, temporal.NewCanceledError())
				}
			}
		}
	})
}

// UpsertTypedSearchAttributes is how a call says at which stage it is.
func (o *outbound) UpsertTypedSearchAttributes(ctx workflow.Context, updates ...temporal.SearchAttributeUpdate) error {
	if o.server.onStage != nil {
		attributes := temporal.NewSearchAttributes(updates...)
		if stage, says := attributes.GetKeyword(workflows.AttributeStage); says {
			attempt, _ := attributes.GetInt64(workflows.AttributeAttempt)
			o.server.onStage(sb.CallID(workflow.GetInfo(ctx).WorkflowExecution.ID), sb.Stage(stage), int(attempt))
		}
	}
	return o.Next.UpsertTypedSearchAttributes(ctx, updates...)
}
