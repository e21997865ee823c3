package virtual

import (
	"context"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// Run is a call of the world.
type Run struct {
	Input  sb.CallInput
	Began  time.Time
	Ended  time.Time // zero: it goes on
	Result sb.Result
	Err    error
}

func (w *World) accept(in sb.CallInput) *Run {
	r := &Run{Input: in, Began: w.Env.Now()}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.runs[in.Request.Call()] = r
	return r
}

func (w *World) isRunning(id sb.CallID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.runs[id]
	return r != nil && w.goesOn(r)
}

func (w *World) anyRunning() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.runs {
		if w.goesOn(r) {
			return true
		}
	}
	return false
}

func (w *World) goesOn(r *Run) bool {
	return r.Ended.IsZero() && (w.server.root == driver || !w.Env.IsWorkflowCompleted())
}

// Several calls at once. The environment runs one workflow and its children; so a driver starts whatever the world wants
// started, the calls and the reapers, as its children.
const (
	driver      = "virtual: driver"
	startSignal = "virtual: start"
)

type start struct {
	id, workflow string
	input        any
	result       any // a pointer for it, or nil
	ended        func(error)
}

// Drive lets the world go on, from a first moment in which begin says what is to happen, until Stop.
func (w *World) Drive(begin func()) {
	w.T.Helper()
	w.Env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: driver, TaskQueue: sb.CallQueue})
	w.server.root = driver
	w.clock.After(0, begin)
	w.clock.hold(driver)
	w.Env.ExecuteWorkflow(driver)
	if err := w.Env.GetWorkflowError(); err != nil {
		w.T.Fatalf("the world did not end: %v\n%s", err, w.Story())
	}
}

// Stop ends Drive at this moment.
func (w *World) Stop() { w.Env.SignalWorkflow(startSignal, -1) }

// Serve starts the workflow of a request, beside the others of a world that is driven, and tells when it has ended.
func (w *World) Serve(in sb.CallInput, ended func(*Run)) *Run {
	run := w.accept(in)
	w.mu.Lock()
	first := len(w.runs) == 1
	w.mu.Unlock()
	w.launch(start{
		id: string(in.Request.Call()), workflow: sb.CallWorkflow, input: in, result: &run.Result,
		ended: func(err error) {
			run.Ended, run.Err = w.Env.Now(), err
			ended(run)
		},
	})
	if first {
		w.sweepEvery15s()
	}
	return run
}

func (w *World) launch(s start) {
	w.clock.hold(s.id)
	w.starts = append(w.starts, s)
	w.Env.SignalWorkflow(startSignal, len(w.starts)-1)
}

// reap starts one reaper for each stray, for good. A world of one call has none: it stands still when its call has ended.
func (w *World) reap(in sb.Reap) error {
	id := in.WorkflowID()
	if w.server.root != driver || w.reaped[id] {
		return nil
	}
	w.reaped[id] = true
	w.launch(start{id: id, workflow: sb.ReapWorkflow, input: in, ended: func(error) {}})
	return nil
}

func (w *World) drive(ctx workflow.Context) error {
	starts := workflow.GetSignalChannel(ctx, startSignal)
	for {
		var n int
		starts.Receive(ctx, &n)
		if n < 0 {
			return nil
		}
		workflow.Go(ctx, func(ctx workflow.Context) { w.serve(ctx, w.starts[n]) })
	}
}

// serve runs one workflow to its end. The environment itself begins the runs that continue it.
func (w *World) serve(ctx workflow.Context, s start) {
	ctx = workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: s.id, TaskQueue: sb.CallQueue, ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_TERMINATE,
	})
	err := workflow.ExecuteChildWorkflow(ctx, s.workflow, s.input).Get(ctx, s.result)
	w.clock.begun(s.id) // one that could not be started is over, too
	s.ended(err)
}

// Signal tells a running call something, as a client of Temporal does.
func (w *World) Signal(r *Run, name string, arg any) error {
	return w.Tell(r.Input.Request.Call(), name, arg)
}

// Tell is Signal by the call's identity.
func (w *World) Tell(call sb.CallID, name string, arg any) error {
	return calls{w}.Signal(context.Background(), call, name, arg)
}

// Update asks a running call for something, as a client of Temporal does; a call that has ended answers nothing.
func (w *World) Update(r *Run, name, id string, answer *testsuite.TestUpdateCallback, arg any) {
	if call := r.Input.Request.Call(); w.isRunning(call) && w.server.conditions.signal(string(call)) == nil {
		w.server.poke(w.server.execution(string(call)))                   // what it has not heard yet comes first
		_ = w.Env.UpdateWorkflowByID(string(call), name, id, answer, arg) // fails when it has just ended
	}
}

// Query asks a call for its state.
func (w *World) Query(r *Run, name string, out any) error {
	value, err := w.Env.QueryWorkflowByID(string(r.Input.Request.Call()), name)
	if err != nil {
		return err
	}
	return value.Get(out)
}
