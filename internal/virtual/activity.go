package virtual

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	failurepb "go.temporal.io/api/failure/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/telemetry"
)

// scheduled is one activity of a workflow, from its scheduling to its result, over all its attempts.
type scheduled struct {
	server  *server
	ex      *execution
	number  int // of the workflow's activities
	name    string
	input   *commonpb.Payloads
	options workflow.ActivityOptions
	since   time.Time
	settle  func(*commonpb.Payloads, error)

	attempts int
	last     error // of the attempt before
	over     bool
	stops    []func() // of its deadlines
}

func (a *scheduled) begin() {
	if d := a.options.ScheduleToCloseTimeout; d > 0 {
		a.stops = append(a.stops, a.server.clock.After(d, func() { a.timeOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE) }))
	}
	a.offer()
}

// offer puts the next attempt into the task queue, where a worker takes it up.
func (a *scheduled) offer() {
	a.attempts++
	number := a.attempts
	wait := a.server.conditions.pickup(a.named(number))
	if d := a.options.ScheduleToStartTimeout; d > 0 && wait >= d {
		a.stops = append(a.stops, a.server.clock.After(d, func() { a.timeOut(enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START) }))
		return
	}
	a.server.clock.After(wait, func() {
		if !a.over {
			a.start(number)
		}
	})
}

// start runs an attempt; one that has no result when its time is over is given up, whatever it still does.
func (a *scheduled) start(number int) {
	now := a.server.clock.Now()
	r := &attempt{server: a.server, activity: a, number: number, began: now, deadline: now.Add(a.options.StartToCloseTimeout)}
	if d := a.options.ScheduleToCloseTimeout; d > 0 {
		r.deadline = earlier(r.deadline, a.since.Add(d))
	}
	if dies, after := a.server.conditions.death(a.named(number)); dies {
		a.server.clock.After(after, r.kill)
	}
	r.stopDeadline = a.server.clock.After(r.deadline.Sub(now), func() {
		a.ended(r, nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_START_TO_CLOSE, nil))
	})
	r.run()
}

// ended takes in how an attempt ended. The first news of it counts.
func (a *scheduled) ended(r *attempt, value *commonpb.Payloads, err error) {
	if a.over || r.number != a.attempts || r.reported {
		return
	}
	r.reported = true
	r.stopDeadline()
	if err == nil {
		a.close(value, nil)
		return
	}
	pause, again, state := a.retry(err)
	if !again {
		a.close(nil, a.failed(err, state))
		return
	}
	a.last = err
	a.server.clock.After(pause, func() {
		if !a.over {
			a.offer()
		}
	})
}

func (a *scheduled) timeOut(t enumspb.TimeoutType) {
	if !a.over {
		a.close(nil, a.failed(temporal.NewTimeoutError(t, a.last), enumspb.RETRY_STATE_TIMEOUT))
	}
}

func (a *scheduled) close(value *commonpb.Payloads, err error) {
	a.over = true
	for _, stop := range a.stops {
		stop()
	}
	a.settle(value, err)
}

// retry says whether the policy grants another attempt, and after which pause.
func (a *scheduled) retry(err error) (pause time.Duration, again bool, state enumspb.RetryState) {
	p := temporal.RetryPolicy{}
	if a.options.RetryPolicy != nil {
		p = *a.options.RetryPolicy
	}
	if p.InitialInterval == 0 {
		p.InitialInterval = time.Second
	}
	if p.BackoffCoefficient == 0 {
		p.BackoffCoefficient = 2
	}
	if p.MaximumInterval == 0 {
		p.MaximumInterval = 100 * p.InitialInterval
	}
	var ours *temporal.ApplicationError
	switch {
	case errors.As(err, &ours) && (ours.NonRetryable() || slices.Contains(p.NonRetryableErrorTypes, ours.Type())):
		return 0, false, enumspb.RETRY_STATE_NON_RETRYABLE_FAILURE
	case p.MaximumAttempts > 0 && a.attempts >= int(p.MaximumAttempts):
		return 0, false, enumspb.RETRY_STATE_MAXIMUM_ATTEMPTS_REACHED
	}
	pause = p.InitialInterval
	for range a.attempts - 1 {
		if pause = time.Duration(float64(pause) * p.BackoffCoefficient); pause >= p.MaximumInterval {
			pause = p.MaximumInterval
			break
		}
	}
	if d := a.options.ScheduleToCloseTimeout; d > 0 && !a.server.clock.Now().Add(pause).Before(a.since.Add(d)) {
		return 0, false, enumspb.RETRY_STATE_TIMEOUT
	}
	return pause, true, enumspb.RETRY_STATE_IN_PROGRESS
}

// failed is the error as the workflow gets it, once over the wire.
func (a *scheduled) failed(cause error, state enumspb.RetryState) error {
	c := temporal.GetDefaultFailureConverter()
	return c.FailureToError(&failurepb.Failure{
		Message: "activity error", Source: "GoSDK", Cause: c.ErrorToFailure(cause),
		FailureInfo: &failurepb.Failure_ActivityFailureInfo{ActivityFailureInfo: &failurepb.ActivityFailureInfo{
			ActivityType: &commonpb.ActivityType{Name: a.name}, ActivityId: fmt.Sprint(a.number), RetryState: state,
		}},
	})
}

// attempt is one execution of an activity by a worker. Its code runs in a coroutine: until it has to wait, for an answer
// or for time to pass, and it goes on when that moment has come. So at any moment only one thing happens.
type attempt struct {
	server   *server
	activity *scheduled
	number   int
	began    time.Time
	deadline time.Time

	thread       *thread
	wait         func(time.Time) bool // for the coroutine: until then; false when it is dead
	done         bool                 // its code has come to its end
	dead         bool
	reported     bool
	stopDeadline func()
	requests     int
	value        *commonpb.Payloads
	err          error
}

type attemptKey struct{}

// attemptOf is the attempt whose code has this context; nil outside of one.
func attemptOf(ctx context.Context) *attempt {
	r, _ := ctx.Value(attemptKey{}).(*attempt)
	return r
}

func (r *attempt) run() {
	r.thread = r.server.thread()
	r.thread.attempt = r
	r.server.running[r] = struct{}{}
	r.step()
}

// thread is a coroutine that runs attempts, one after the other: its stack, once it has grown, is of use to them all.
type thread struct {
	attempt *attempt
	resume  func() (time.Time, bool)
	abandon func()
}

func (s *server) thread() *thread {
	if last := len(s.idle) - 1; last >= 0 {
		t := s.idle[last]
		s.idle = s.idle[:last]
		return t
	}
	t := &thread{}
	t.resume, t.abandon = iter.Pull(func(yield func(time.Time) bool) {
		for goesOn := true; goesOn; goesOn = yield(time.Time{}) {
			r := t.attempt
			r.wait = yield
			r.value, r.err = r.execute()
			r.done = true
		}
	})
	return t
}

// step lets the code go on until it waits again or has ended.
func (r *attempt) step() {
	if r.dead {
		return
	}
	if until, _ := r.thread.resume(); !r.done {
		r.server.clock.After(until.Sub(r.server.clock.Now()), r.step)
		return
	}
	delete(r.server.running, r)
	r.server.idle = append(r.server.idle, r.thread)
	r.server.clock.After(r.server.conditions.report(r.activity.named(r.number)), func() { r.activity.ended(r, r.value, r.err) })
}

// kill ends the worker's process in the middle of it: nothing of the code runs any more, and nobody hears of it.
func (r *attempt) kill() {
	if _, running := r.server.running[r]; !running || r.dead {
		return
	}
	r.dead = true
	delete(r.server.running, r)
	r.thread.abandon()
	if d := r.activity.options.HeartbeatTimeout; d > 0 {
		r.server.clock.After(d, func() {
			r.activity.ended(r, nil, temporal.NewTimeoutError(enumspb.TIMEOUT_TYPE_HEARTBEAT, nil))
		})
	}
}

// errDead is what code gets that still runs, to its end and without effect, after its process was killed.
var errDead = errors.New("the worker is dead")

// sleep lets time pass for the code of an attempt, at most until the attempt's deadline.
func (r *attempt) sleep(d time.Duration) error {
	return r.until(r.server.clock.Now().Add(d))
}

func (r *attempt) until(t time.Time) error {
	if r.dead {
		return errDead
	}
	if t.Before(r.deadline) {
		if t.After(r.server.clock.Now()) && !r.wait(t) {
			return errDead
		}
		return nil
	}
	if r.deadline.After(r.server.clock.Now()) && !r.wait(r.deadline) {
		return errDead
	}
	return context.DeadlineExceeded
}

// execute calls the activity as a worker does: its input and its result go over the wire.
func (r *attempt) execute() (*commonpb.Payloads, error) {
	method := reflect.ValueOf(r.server.activities).MethodByName(r.activity.name)
	if !method.IsValid() {
		return nil, temporal.NewNonRetryableApplicationError("no activity is called "+r.activity.name, "NotFound", nil)
	}
	ctx := telemetry.InCall(context.WithValue(activityContext(), attemptKey{}, r), sb.CallID(r.activity.ex.id))
	args, pointers := []reflect.Value{reflect.ValueOf(ctx)}, []any{}
	for i := 1; i < method.Type().NumIn(); i++ {
		p := reflect.New(method.Type().In(i))
		args, pointers = append(args, p.Elem()), append(pointers, p.Interface())
	}
	if err := converter.GetDefaultDataConverter().FromPayloads(r.activity.input, pointers...); err != nil {
		return nil, err
	}
	out := method.Call(args)
	if err, failed := out[len(out)-1].Interface().(error); failed {
		return nil, err
	}
	if len(out) == 1 {
		return nil, nil
	}
	return converter.GetDefaultDataConverter().ToPayloads(out[0].Interface())
}

// activityContext is a context in which code takes itself for an activity. The SDK makes one only for an activity that
// it runs itself; what is to be different in each attempt is answered by an interceptor.
var activityContext = sync.OnceValue(func() context.Context {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{&activityInterception{}}})
	var made context.Context
	capture := func(ctx context.Context) error {
		made = context.WithoutCancel(ctx)
		return nil
	}
	env.RegisterActivity(capture)
	if _, err := env.ExecuteActivity(capture); err != nil {
		panic("virtual: no context for activities: " + err.Error())
	}
	return made
})

type activityInterception struct {
	interceptor.WorkerInterceptorBase
}

func (*activityInterception) InterceptActivity(_ context.Context, next interceptor.ActivityInboundInterceptor) interceptor.ActivityInboundInterceptor {
	in := &activityInbound{}
	in.Next = next
	return in
}

type activityInbound struct {
	interceptor.ActivityInboundInterceptorBase
}

func (in *activityInbound) Init(out interceptor.ActivityOutboundInterceptor) error {
	o := &activityOutbound{}
	o.Next = out
	return in.Next.Init(o)
}

type activityOutbound struct {
	interceptor.ActivityOutboundInterceptorBase
}

func (o *activityOutbound) GetInfo(ctx context.Context) activity.Info {
	info := o.Next.GetInfo(ctx)
	if r := attemptOf(ctx); r != nil {
		info.Attempt = int32(r.number)
	}
	return info
}

// RecordHeartbeat does nothing: code that is alive is never missed, and of code that is dead see kill.
func (o *activityOutbound) RecordHeartbeat(context.Context, ...any) {}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (a *scheduled) named(attempt int) ActivityAttempt {
	return ActivityAttempt{Workflow: a.ex.id, Activity: a.name, Number: a.number, Attempt: attempt}
}
