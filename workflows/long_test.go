package workflows_test

import (
	"errors"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
)

// A history that has grown long continues in a new run, which knows everything that matters.
func TestLongWaitContinuesAsNew(t *testing.T) {
	w := virtual.New(t, virtual.Options{NoSweep: true})
	w.SetStatus("anna", provision.StatusBreak)
	w.After(time.Hour, func() { w.Env.SetContinueAsNewSuggested(true) })
	in := sb.CallInput{Request: w.Request(anybody), Policy: sb.DefaultPolicy()}
	err := w.Execute(in)
	var again *workflow.ContinueAsNewError
	if !errors.As(err, &again) {
		t.Fatalf("got %v, want to continue as new\n%s", err, w.Story())
	}
	var next sb.CallInput
	if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
		t.Fatal(err)
	}
	if next.Request.ID != in.Request.ID || next.Carried == nil || next.Carried.Attempt != 1 || next.Carried.Task == "" || next.Carried.Sequence != 1 {
		t.Fatalf("carried %+v", next.Carried)
	}

	// The new run: the task is still in the queue of the same workspace, and an agent comes back.
	w.Continue()
	w.After(10*time.Minute, func() { w.SetStatus("anna", provision.StatusAvailable) })
	got := w.RunInput(next)
	check(t, w, in, got, completedByCaller(1))
	checkOffers(t, w, "anna")
	sequence := 0
	for _, e := range w.Events() {
		if e.Sequence != sequence+1 {
			t.Errorf("event %d follows %d", e.Sequence, sequence)
		}
		sequence = e.Sequence
	}
}

func TestLongWaitForTheNextAttemptContinuesAsNew(t *testing.T) {
	w := virtual.New(t, virtual.Options{NoSweep: true})
	w.At(sb.StageCallerRinging, 1, func() { w.Env.SetContinueAsNewSuggested(true) })
	in := sb.CallInput{Request: w.Request("+447700900004"), Policy: sb.DefaultPolicy()}
	in.Request.MaxAttempts = 2
	runs := 0
	for {
		err := w.Execute(in)
		runs++
		if runs > 10 {
			t.Fatalf("no end after %d runs\n%s", runs, w.Story())
		}
		var again *workflow.ContinueAsNewError
		if !errors.As(err, &again) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
		var next sb.CallInput // or what an earlier run had would show through
		if err := converter.GetDefaultDataConverter().FromPayloads(again.Input, &next); err != nil {
			t.Fatal(err)
		}
		in = next
		w.Continue()
		if next.Carried.RetryAt.IsZero() {
			t.Fatalf("it does not wait for the next attempt: %+v", next.Carried)
		}
		w.After(time.Minute, func() { // people see where the call is, whichever run it is in
			var seen sb.State
			if value, err := w.Env.QueryWorkflow(sb.QueryState); err != nil || value.Get(&seen) != nil {
				t.Errorf("state in the new run: %v", err)
			}
			if seen.Stage != sb.StageRetryPlanned || seen.Details == "" {
				t.Errorf("the new run does not tell where the call is: %+v", seen)
			}
		})
	}
	var got sb.Result
	if err := w.Env.GetWorkflowResult(&got); err != nil {
		t.Fatal(err)
	}
	check(t, w, in, got, sb.Result{Outcome: sb.Busy, Attempts: 2})
	if runs != 2 {
		t.Errorf("%d runs, want 2", runs)
	}
}
