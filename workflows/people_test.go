package workflows_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/simulator"
)

// answer is what became of an update.
type answer struct {
	rejected, completed error
	accepted            bool
}

func (a *answer) callbacks() *testsuite.TestUpdateCallback {
	return &testsuite.TestUpdateCallback{
		OnAccept:   func() { a.accepted = true },
		OnReject:   func(err error) { a.rejected = err },
		OnComplete: func(_ any, err error) { a.completed = err },
	}
}

func update(w *virtual.World, name string, arg any) *answer {
	a := &answer{}
	w.Env.UpdateWorkflow(name, name, a.callbacks(), arg)
	return a
}

func TestAgentFinishesTheWrapUp(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.At(sb.StageWrappingUp, 1, func() {
		w.After(10*time.Second, func() { update(w, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: "sold", Note: "call again in May"}) })
	})
	got := expect(t, w, w.Request(anybody), completedByCaller(1))
	if got.Disposition != "sold" || got.Note != "call again in May" {
		t.Errorf("got %+v, want the agent's notes", got)
	}
	if w.Elapsed() > time.Minute {
		t.Errorf("the wrap-up went on for its whole two minutes (%v)", w.Elapsed())
	}
}

// Notes that come after the wrap-up cannot be kept, so they are not accepted.
func TestNotesAfterTheWrapUpAreRefused(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	var a *answer
	w.At(sb.StageWrappingUp, 1, func() {
		down := true
		w.Sim.SetHooks(simulator.Hooks{OnRequest: func(_ string, form url.Values) simulator.Fault {
			if down && form.Get("AssignmentStatus") != "" {
				return simulator.Fault{Status: 503}
			}
			return simulator.Fault{}
		}})
		w.After(125*time.Second, func() { a = update(w, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: "sold"}) })
		w.After(140*time.Second, func() { down = false })
	})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	if a == nil || a.accepted || a.rejected == nil {
		t.Errorf("got %+v, want a refusal", a)
	}
}

func TestPeopleHangUp(t *testing.T) {
	for _, by := range []sb.Party{sb.PartyAgent, sb.PartySwitchboard} {
		w := virtual.New(t, virtual.Options{})
		w.Sim.SetSoftphone("anna", simulator.Softphone{})
		w.At(sb.StageConnected, 1, func() {
			w.After(time.Minute, func() { update(w, sb.UpdateHangUp, sb.HangUp{By: by}) })
		})
		got := expect(t, w, w.Request("+447700900002"), sb.Result{Outcome: sb.Completed, HungUpBy: by, Attempts: 1})
		if got.TalkSeconds < 59 || got.TalkSeconds > 61 {
			t.Errorf("talked for %d s, want 60", got.TalkSeconds)
		}
	}
}

func TestTheLongestConversation(t *testing.T) {
	w := virtual.New(t, virtual.Options{NoSweep: true})
	w.Sim.SetSoftphone("anna", simulator.Softphone{})
	in := sb.CallInput{Request: w.Request("+447700900002"), Policy: sb.DefaultPolicy()}
	in.Policy.MaxTalk = sb.Duration(20 * time.Minute)
	got := w.RunInput(in)
	checkNothingLeft(t, w)
	if got.Outcome != sb.Completed || got.TalkSeconds < 1190 || got.TalkSeconds > 1215 {
		t.Errorf("got %+v, want a conversation of 20 minutes\n%s", got, w.Story())
	}
}

func TestUpdatesAreRefusedWithASentence(t *testing.T) {
	for _, c := range []struct {
		stage sb.Stage
		name  string
		arg   any
		says  string
	}{
		{sb.StageCallerRinging, sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent}, "no conversation"},
		{sb.StageConnected, sb.UpdateHangUp, sb.HangUp{By: sb.PartyCaller}, "by must be"},
		{sb.StageConnected, sb.UpdateFinishWrapUp, sb.WrapUp{}, "no wrap-up"},
		{sb.StageConnected, sb.UpdateCancel, sb.Cancellation{Reason: sb.ReasonOperator}, "hang up instead"},
		{sb.StageWrappingUp, sb.UpdateCancel, sb.Cancellation{Reason: sb.ReasonOperator}, "over"},
		{sb.StageWrappingUp, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: strings.Repeat("x", sb.MaxDispositionLength+1)}, "longer"},
		{sb.StageWrappingUp, sb.UpdateFinishWrapUp, sb.WrapUp{Note: strings.Repeat("x", sb.MaxNoteLength+1)}, "longer"},
		{sb.StageAgentRinging, sb.UpdateCancel, sb.Cancellation{Reason: "whim"}, "reason must be"},
	} {
		t.Run(string(c.stage)+" "+c.name, func(t *testing.T) {
			w := virtual.New(t, virtual.Options{})
			var a *answer
			w.At(c.stage, 1, func() { a = update(w, c.name, c.arg) })
			w.Run(w.Request(anybody))
			if a == nil || a.accepted || a.rejected == nil || !strings.Contains(a.rejected.Error(), c.says) {
				t.Errorf("got %+v, want a refusal that says %q", a, c.says)
			}
		})
	}
}

func TestCancelledByAPerson(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.At(sb.StageCallerRinging, 1, func() {
		w.After(5*time.Second, func() { update(w, sb.UpdateCancel, sb.Cancellation{Reason: sb.ReasonOperator, By: "ops"}) })
	})
	expect(t, w, w.Request("+447700900008"), sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonOperator, Attempts: 1})
}

func TestStateAndTimeline(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	var connected sb.State
	w.At(sb.StageConnected, 1, func() {
		value, err := w.Env.QueryWorkflow(sb.QueryState)
		if err == nil {
			err = value.Get(&connected)
		}
		if err != nil {
			t.Error(err)
		}
	})
	w.Run(w.Request(anybody))
	if connected.Stage != sb.StageConnected || connected.AgentLeg == "" || connected.CallerLeg == "" || connected.Conference == "" ||
		!strings.Contains(connected.Details, "talking") {
		t.Errorf("state while connected: %+v", connected)
	}
	var lines []sb.TimelineEntry
	value, err := w.Env.QueryWorkflow(sb.QueryTimeline)
	if err != nil || value.Get(&lines) != nil || len(lines) < 6 {
		t.Fatalf("timeline: %v %+v", err, lines)
	}
	for _, l := range lines {
		if strings.Contains(l.What, "7700") || strings.Contains(l.What, "Zoë") {
			t.Errorf("the timeline tells who the caller is: %s", l.What)
		}
	}
}

func stateOf(t *testing.T, w *virtual.World) (s sb.State) {
	t.Helper()
	value, err := w.Env.QueryWorkflow(sb.QueryState)
	if err == nil {
		err = value.Get(&s)
	}
	if err != nil {
		t.Error(err)
	}
	return s
}

// What the agents' page needs to know: until when the notes may be finished, what comes next, whose the call was.
func TestStateTellsTheAgentWhatComesNext(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	var wrapping sb.State
	w.At(sb.StageWrappingUp, 1, func() { wrapping = stateOf(t, w) })
	w.Run(w.Request(anybody))
	if got := wrapping.WrapUpUntil.Sub(wrapping.Since); got != 2*time.Minute {
		t.Errorf("the notes may be finished for %v, want 2m", got)
	}
	ended := stateOf(t, w)
	if !ended.WrapUpUntil.IsZero() || !ended.RetryAt.IsZero() || ended.LastOutcome != "" || len(ended.Agents) != 1 || ended.Agents[0] != wrapping.Agent {
		t.Errorf("at the end: %+v", ended)
	}

	w = virtual.New(t, virtual.Options{NoSweep: true})
	var planned, ringing sb.State
	w.At(sb.StageRetryPlanned, 1, func() { planned = stateOf(t, w) })
	w.At(sb.StageCallerRinging, 2, func() { ringing = stateOf(t, w) })
	busy := w.Request("+447700900004")
	busy.MaxAttempts = 2
	w.Run(busy)
	if planned.LastOutcome != sb.Busy || planned.RetryAt.Sub(planned.Since) != 5*time.Minute || len(planned.Agents) != 1 {
		t.Errorf("while a retry is planned: %+v", planned)
	}
	if ringing.LastOutcome != "" || !ringing.RetryAt.IsZero() || len(ringing.Agents) == 0 || ringing.Agents[len(ringing.Agents)-1] != ringing.Agent {
		t.Errorf("during the next attempt: %+v", ringing)
	}
}
