package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/sdk/client"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/simulator"
)

// What goes wrong with people and with Twilio's answers, each with an agent and a phone of its own, all at the same time
// on a real server: the workflow tests have every case, these are to be recorded.
func TestEveryTrouble(t *testing.T) {
	troubles := []trouble{
		{
			name: "agent-declines-the-ring", agent: simulator.Softphone{Answer: simulator.Busy},
			then: func(w *troubled) {
				w.until("the ring to be declined", func() bool { return w.happened(w.client(), simulator.OfferEnded, "rejected") })
				w.s.Simulator().SetSoftphone(w.robot, patient)
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
		{
			name: "agent-declines-the-offer", agent: simulator.Softphone{DeclinesOffers: 1},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
		{
			name: "agent-does-not-answer", agent: simulator.Softphone{Answer: simulator.NeverAnswers},
			then: func(w *troubled) {
				w.until("the agent's status to be that of a missed call", func() bool {
					return w.happened(w.client(), simulator.StatusChanged, provision.StatusMissed)
				})
				w.s.Simulator().SetSoftphone(w.robot, patient)
				if err := w.s.SetStatus(w.ctx, w.robot, provision.StatusAvailable); err != nil {
					w.t.Error(err)
				}
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
		{
			name: "agent-drops-while-the-caller-rings", agent: patient, phone: simulator.Phone{Rings: 20 * time.Second, Talks: 5 * time.Second},
			then: func(w *troubled) {
				w.until("the caller's phone to ring", func() bool { return w.happened(w.number, simulator.Rings, "") })
				w.s.Simulator().SetPhone(w.number, simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}) // from the next ring on
				w.s.Simulator().HangUp(w.client())
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 2},
		},
		{
			name: "agent-hangs-up-by-button", agent: patient, phone: simulator.Phone{Rings: time.Second},
			then: func(w *troubled) {
				w.stage(sb.StageConnected)
				w.update(sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent})
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1},
		},
		{
			name: "busy-then-tried-again", agent: patient, phone: simulator.Phone{Answer: simulator.Busy}, attempts: 2,
			then: func(w *troubled) {
				w.stage(sb.StageRetryPlanned)
				w.s.Simulator().SetPhone(w.number, simulator.Phone{Rings: time.Second, Talks: 5 * time.Second})
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 2},
		},
		{
			name: "cancelled-by-a-person", agent: simulator.Softphone{Answer: simulator.NeverAnswers},
			then: func(w *troubled) {
				w.stage(sb.StageAgentRinging)
				w.update(sb.UpdateCancel, sb.Cancellation{Reason: sb.ReasonOperator})
			},
			want: sb.EventData{Outcome: sb.Cancelled, Attempts: 1},
		},
		{
			name: "agent-is-dialled-twice", agent: patient, dialAgent: simulator.Fault{Status: http.StatusServiceUnavailable},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
		{
			name: "answer-to-the-dial-is-lost", agent: patient, phone: simulator.Phone{Rings: 5 * time.Second, Talks: 5 * time.Second},
			dialCaller: simulator.Fault{AfterEffect: true, LoseReply: true}, deaf: true,
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
		{
			name: "nobody-is-free-for-long", agent: patient, away: true,
			then: func(w *troubled) {
				w.until("the call to look after its task", func() bool {
					h, err := history(w.ctx, w.s, string(w.call), "")
					return err == nil && slices.ContainsFunc(h.GetEvents(), func(e *historypb.HistoryEvent) bool {
						return e.GetActivityTaskScheduledEventAttributes().GetActivityType().GetName() == "LookAtTask"
					})
				})
				if err := w.s.SetStatus(w.ctx, w.robot, provision.StatusAvailable); err != nil {
					w.t.Error(err)
				}
			},
			want: sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1},
		},
	}
	ctx, s := start(t, stack.Options{
		Agents: len(troubles), Policy: `{"wrap_up":"1s","agent_rings":"10s","declined_for":"5s","retry_after":{"busy":"5s"}}`,
	})
	worlds := make([]*troubled, len(troubles))
	for i, c := range troubles {
		worlds[i] = &troubled{t: t, ctx: ctx, s: s, trouble: c, robot: stack.RobotName(i), number: fmt.Sprintf("+4477009002%02d", i)}
	}
	prepare(worlds)
	var all sync.WaitGroup
	for _, w := range worlds {
		r := request(w.number)
		r.Skills, r.MaxAttempts = []string{w.name}, max(1, w.attempts)
		w.call = place(ctx, t, s, r)
		keep(w.call, w.name)
		if w.then != nil {
			all.Go(func() { w.then(w) })
		}
	}
	for _, w := range worlds {
		got := ended(ctx, t, s, w.call, w.number)
		if got.Outcome != w.want.Outcome || got.HungUpBy != w.want.HungUpBy || got.Attempts != w.want.Attempts {
			t.Errorf("%s: got %+v, want %s by %q in %d", w.name, got, w.want.Outcome, w.want.HungUpBy, w.want.Attempts)
		}
	}
	all.Wait()
	nothingLeft(t, s)
}

// patient answers, and talks until the other side hangs up.
var patient = simulator.Softphone{Rings: time.Second}

// trouble is one way in which a call does not go well.
type trouble struct {
	name       string
	agent      simulator.Softphone
	away       bool            // the agent has a break at first
	phone      simulator.Phone // the zero value: rings 1 s, talks 5 s
	attempts   int
	dialAgent  simulator.Fault // of the first dial
	dialCaller simulator.Fault
	deaf       bool // no webhook tells of the caller's leg
	then       func(*troubled)
	want       sb.EventData
}

// troubled is a trouble under way.
type troubled struct {
	trouble
	t             *testing.T
	ctx           context.Context
	s             *stack.Stack
	robot, number string
	call          sb.CallID
}

func (w *troubled) client() string { return "client:" + w.robot }

func (w *troubled) happened(party, what, detail string) bool {
	for _, e := range w.s.Simulator().Log() {
		if e.Party == party && e.What == what && (detail == "" || e.Detail == detail) {
			return true
		}
	}
	return false
}

// until and the others are called by a goroutine of the trouble's own, so they do not end the test.
func (w *troubled) until(what string, holds func() bool) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-w.ctx.Done():
			w.t.Errorf("%s: waiting for %s: %v", w.name, what, w.ctx.Err())
			return
		}
	}
}

func (w *troubled) stage(stage sb.Stage) {
	if _, err := w.s.Await(w.ctx, w.call, stage); err != nil {
		w.t.Errorf("%s: %v", w.name, err)
	}
}

func (w *troubled) update(name string, arg any) {
	if err := update(w.ctx, w.s, w.call, name, arg); err != nil {
		w.t.Errorf("%s: %s: %v", w.name, name, err)
	}
}

// update does what a person's button does, and waits until it is done.
func update(ctx context.Context, s *stack.Stack, call sb.CallID, name string, arg any) error {
	handle, err := s.TemporalClient().UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: string(call), UpdateName: name, Args: []any{arg}, WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		return err
	}
	return handle.Get(ctx, nil)
}

// prepare gives each trouble its phone and its agent, who alone has the skill of that name, and sets the faults.
func prepare(worlds []*troubled) {
	t, ctx, s := worlds[0].t, worlds[0].ctx, worlds[0].s
	cfg := provision.Config{
		Twilio: activities.TwilioConfig{
			AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: s.Simulator().Transport(),
		},
		PublicURL: "http://" + s.At().Webhook,
	}
	for _, w := range worlds {
		cfg.Agents = append(cfg.Agents, provision.Agent{Name: w.robot, Skills: []string{w.name}})
		s.Simulator().SetSoftphone(w.robot, w.agent)
		if w.phone == (simulator.Phone{}) {
			w.phone = simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}
		}
		s.Simulator().SetPhone(w.number, w.phone)
		if w.away {
			if err := s.SetStatus(ctx, w.robot, provision.StatusBreak); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := provision.Apply(ctx, cfg); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	dialled := map[string]bool{}
	s.Simulator().SetHooks(simulator.Hooks{
		OnRequest: func(route string, form url.Values) simulator.Fault {
			mu.Lock()
			defer mu.Unlock()
			to := form.Get("To")
			if !strings.HasSuffix(route, "/Participants.json") || dialled[to] {
				return simulator.Fault{}
			}
			for _, w := range worlds {
				switch to {
				case w.client():
					dialled[to] = true
					return w.dialAgent
				case w.number:
					dialled[to] = true
					return w.dialCaller
				}
			}
			return simulator.Fault{}
		},
		OnWebhook: func(kind string, form url.Values) simulator.WebhookFault {
			if kind != simulator.KindCall && kind != simulator.KindConference {
				return simulator.WebhookFault{}
			}
			for _, e := range s.Simulator().Log() {
				if e.What != simulator.Dialled || e.CallSID != form.Get("CallSid") {
					continue
				}
				for _, w := range worlds {
					if w.deaf && w.number == e.Party {
						return simulator.WebhookFault{Drop: true}
					}
				}
			}
			return simulator.WebhookFault{}
		},
	})
}

// A history that Temporal finds long goes on in a new run: between two attempts, and while nobody is free. What a person
// writes about the conversation ends the wrap-up.
func TestLongHistoriesGoOn(t *testing.T) {
	ctx, s := start(t, stack.Options{
		Agents: 1, Softphone: patient, Policy: `{"wrap_up":"5m","retry_after":{"busy":"5s"}}`,
		TemporalSettings: []string{"limit.historyCount.suggestContinueAsNew=40"},
	})
	talk := simulator.Phone{Rings: time.Second, Talks: 5 * time.Second}
	finish := func(call sb.CallID, phone string, attempts int) {
		t.Helper()
		if _, err := s.Await(ctx, call, sb.StageWrappingUp); err != nil {
			t.Fatal(err)
		}
		// The event may be read before the wrap-up itself has begun.
		notes := sb.WrapUp{Disposition: "sold", Note: "calls again in May"}
		waitFor(ctx, t, "the notes to be taken", func() bool { return update(ctx, s, call, sb.UpdateFinishWrapUp, notes) == nil })
		got := ended(ctx, t, s, call, phone)
		if got.Outcome != sb.Completed || got.Attempts != attempts || got.Disposition != notes.Disposition || got.Note != notes.Note {
			t.Errorf("got %+v, want a conversation in attempt %d, with its notes", got, attempts)
		}
		first, err := history(ctx, s, string(call), "")
		if err != nil {
			t.Fatal(err)
		}
		if first.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() == "" {
			t.Errorf("%s did not continue as new", call)
		}
	}

	const busy = "+447700900301"
	s.Simulator().SetPhone(busy, simulator.Phone{Answer: simulator.Busy})
	r := request(busy)
	r.MaxAttempts = 2
	call := place(ctx, t, s, r)
	keep(call, "long-between-attempts")
	if _, err := s.Await(ctx, call, sb.StageRetryPlanned); err != nil {
		t.Fatal(err)
	}
	s.Simulator().SetPhone(busy, talk)
	finish(call, busy, 2)

	const waits = "+447700900302"
	s.Simulator().SetPhone(waits, talk)
	if err := s.SetStatus(ctx, stack.RobotName(0), provision.StatusBreak); err != nil {
		t.Fatal(err)
	}
	call = place(ctx, t, s, request(waits))
	keep(call, "long-in-the-queue")
	if _, err := s.Await(ctx, call, sb.StageQueued); err != nil {
		t.Fatal(err)
	}
	for range 40 { // news of nobody: they change nothing but the length
		if err := s.TemporalClient().SignalWorkflow(ctx, string(call), "", sb.SignalTask, sb.TaskNews{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SetStatus(ctx, stack.RobotName(0), provision.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	finish(call, waits, 1)
	nothingLeft(t, s)
}
