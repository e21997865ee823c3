package workflows_test

import (
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/internal/virtual"
	"switchboard/simulator"
)

// page is an agent's browser on the virtual clock: it answers what rings, after a second.
type page struct {
	w  *virtual.World
	mu sync.Mutex

	deaf     bool // it answers nothing
	calls    []string
	rings    []simulator.ClientCall
	answered func(n int) // if set, told that the n-th call has been answered
}

func openPage(t *testing.T, w *virtual.World) *page {
	p := &page{w: w}
	unregister, err := w.Sim.RegisterClient(simulator.DefaultAccountSID, "anna", p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unregister)
	return p
}

func (p *page) Tell(news simulator.ClientNews) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if news.What != simulator.ClientRings {
		return
	}
	p.rings = append(p.rings, news.Call)
	if p.deaf {
		return
	}
	n := len(p.calls)
	p.calls = append(p.calls, news.CallSID)
	p.w.After(time.Second, func() {
		if p.w.Sim.ClientAnswers(news.CallSID, p) == nil && p.answered != nil {
			p.answered(n)
		}
	})
}

func (p *page) setDeaf(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

// answers is how many calls it has answered, or is about to.
func (p *page) answers() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls)
}

// call is the n-th call that rang in the page, from 0.
func (p *page) call(n int) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n >= len(p.calls) {
		return ""
	}
	return p.calls[n]
}

func anna(w *virtual.World) sb.AgentSID { return w.Workspace.Agents["anna"] }

const routeParticipant = "POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants/{CA}.json"

const patient = "+447700900002" // answers, and talks until the other side hangs up

// The page was loaded again in the middle of a conversation: the agent comes back, the caller notices nothing.
func TestAgentComesBackIntoTheCall(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	var a *answer
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() { a = update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
		w.After(time.Minute, func() { w.Sim.ClientHangsUp(p.call(1), p) })
	})
	got := expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
	if a == nil || !a.accepted || a.completed != nil {
		t.Fatalf("got %+v, want the update done\n%s", a, w.Story())
	}
	if got.TalkSeconds < 55 {
		t.Errorf("the conversation lasted %d s: it ended with the lost leg\n%s", got.TalkSeconds, w.Story())
	}
	if len(p.rings) != 2 || p.rings[0].Parameters.Has(sb.RejoinParameter) || p.rings[1].Parameters.Get(sb.RejoinParameter) != "1" {
		t.Errorf("rings in the page: %+v", p.rings)
	}
	if s := w.Story(); strings.Contains(s, "turned up late") {
		t.Errorf("the lost leg passed for a stray\n%s", s)
	}
}

// While the caller's phone rings the same holds.
func TestAgentComesBackWhileTheCallersPhoneRings(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	w.At(sb.StageCallerRinging, 1, func() {
		w.After(time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
	})
	expect(t, w, w.Request("+447700900008"), completedByCaller(1)) // a phone that answers after 25 s
	if p.call(1) == "" {
		t.Errorf("the agent was not rung again\n%s", w.Story())
	}
}

// The room ends with the agent's new leg, even if we are dead when it does.
func TestRoomIsBoundToTheNewLeg(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
		w.After(40*time.Second, func() { w.Sim.SetWebhooks(false); w.Sim.ClientHangsUp(p.call(1), p) })
	})
	w.Run(w.Request(patient))
	notAlone(t, w, p.call(1))
	if problems := truth.Check(w.Sim.Log(), patient, 1); len(problems) > 0 {
		t.Errorf("%v\n%s", problems, w.Story())
	}
}

// notAlone: the caller's leg ended with the agent's.
func notAlone(t *testing.T, w *virtual.World, agentsLeg string) {
	t.Helper()
	var agentLeft, callerOff time.Time
	for _, e := range w.Sim.Log() {
		switch {
		case e.What == simulator.Ended && e.CallSID == agentsLeg:
			agentLeft = e.At
		case e.What == simulator.Ended && e.Party == patient:
			callerOff = e.At
		}
	}
	if agentLeft.IsZero() || callerOff.Sub(agentLeft) > time.Second {
		t.Errorf("the caller was alone for %v\n%s", callerOff.Sub(agentLeft), w.Story())
	}
}

// The new page does not answer, and the old leg is still there: everything is as before.
func TestAgentWhoDoesNotComeBack(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	var a *answer
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() {
			p.setDeaf(true)
			a = update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)})
		})
		w.After(2*time.Minute, func() { w.Sim.SetWebhooks(false); w.Sim.ClientHangsUp(p.call(0), p) })
	})
	got := w.Run(w.Request(patient))
	notAlone(t, w, p.call(0))
	if got.Outcome != sb.Completed || a == nil || !a.accepted || a.completed == nil || got.TalkSeconds < 110 {
		t.Errorf("got %+v after %d s, want a failed update and a conversation that goes on\n%s", a, got.TalkSeconds, w.Story())
	}
}

// The lost leg ends while the agent is being rung: the caller waits with a sentence, and the conversation goes on.
func TestLostLegEndsBeforeTheAgentIsBack(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() {
			update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)})
			w.After(500*time.Millisecond, func() { w.Sim.ClientHangsUp(p.call(0), p) })
		})
		w.After(time.Minute, func() { w.Sim.ClientHangsUp(p.call(1), p) })
	})
	got := expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
	if got.TalkSeconds < 55 {
		t.Errorf("the conversation lasted %d s\n%s", got.TalkSeconds, w.Story())
	}
	var heard []string
	for _, e := range w.Sim.Log() {
		if e.Party == patient && e.What == simulator.Hears {
			heard = append(heard, e.Detail)
		}
	}
	if len(heard) != 3 || !strings.Contains(heard[1], "Thank you for waiting") {
		t.Errorf("the caller heard %q, want a sentence between two halves of the conversation\n%s", heard, w.Story())
	}
}

// The caller hangs up while the agent is being rung back: nothing is left.
func TestCallerHangsUpWhileTheAgentComesBack(t *testing.T) {
	for _, after := range []time.Duration{0, 200 * time.Millisecond, 900 * time.Millisecond, 1100 * time.Millisecond, 2 * time.Second} {
		w := virtual.New(t, virtual.Options{})
		openPage(t, w)
		w.At(sb.StageConnected, 1, func() {
			w.After(10*time.Second, func() {
				update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)})
				w.After(after, func() { w.Sim.HangUp(patient) })
			})
		})
		expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1})
	}
}

func TestWhoMayComeBack(t *testing.T) {
	for _, c := range []struct {
		stage sb.Stage
		agent sb.AgentSID
		says  string
	}{
		{sb.StageAgentRinging, "", "no call to come back into"},
		{sb.StageWrappingUp, "", "no call to come back into"},
		{sb.StageConnected, "WKffffffffffffffffffffffffffffffff", "another agent's"},
	} {
		w := virtual.New(t, virtual.Options{})
		var a *answer
		w.At(c.stage, 1, func() {
			agent := c.agent
			if agent == "" {
				agent = anna(w)
			}
			a = update(w, sb.UpdateRejoin, sb.Rejoin{Agent: agent})
		})
		w.Run(w.Request(anybody))
		if a == nil || a.rejected == nil || !strings.Contains(a.rejected.Error(), c.says) {
			t.Errorf("%s: got %+v, want a refusal that says %q", c.stage, a, c.says)
		}
	}
}

// Two pages ask at once: one is enough.
func TestComingBackTwiceAtOnce(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	var answers []*answer
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() {
			for _, id := range []string{"one page", "another"} {
				a := &answer{}
				answers = append(answers, a)
				w.Env.UpdateWorkflow(sb.UpdateRejoin, id, a.callbacks(), sb.Rejoin{Agent: anna(w)})
			}
		})
		w.After(time.Minute, func() { w.Sim.ClientHangsUp(p.call(1), p) })
	})
	expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
	if !slices.ContainsFunc(answers, func(a *answer) bool { return a.rejected != nil }) || len(p.rings) != 2 {
		t.Errorf("rung %d times; answers %+v", len(p.rings), answers)
	}
}

// A room nobody but the agent is in ends with the lost leg: the ring is taken back at once, whoever may be coming back.
func TestRoomEndsWhileTheAgentComesBack(t *testing.T) {
	for _, late := range []simulator.LateLeg{simulator.LateLegEnds, simulator.LateLegNewRoom, simulator.LateLegHangUp} {
		w := virtual.New(t, virtual.Options{Uncertain: simulator.Uncertain{LateLeg: late}})
		p := openPage(t, w)
		w.At(sb.StageCallerRinging, 1, func() {
			p.setDeaf(true)
			w.After(time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
			w.After(2*time.Second, func() { w.Sim.ClientHangsUp(p.call(0), p); p.setDeaf(false) })
		})
		w.Run(w.Request("+447700900008")) // a phone that answers after 25 s
		var left, over time.Time
		for _, e := range w.Sim.Log() {
			switch {
			case e.What == simulator.Ended && e.CallSID == p.call(0):
				left = e.At
			case e.What == simulator.Ended && e.Party == "+447700900008" && over.IsZero():
				over = e.At
			}
		}
		if left.IsZero() || over.Sub(left) > time.Second {
			t.Errorf("the caller's phone rang %v for an agent who had gone\n%s", over.Sub(left), w.Story())
		}
	}
}

// The agent is back and hangs up before we have seen it: that is the end of the conversation, though the lost leg is up.
func TestAgentComesBackAndHangsUp(t *testing.T) {
	for _, after := range []time.Duration{0, time.Millisecond, 50 * time.Millisecond} {
		w := virtual.New(t, virtual.Options{})
		p := openPage(t, w)
		p.answered = func(n int) {
			if n == 1 {
				w.After(after, func() { w.Sim.ClientHangsUp(p.call(1), p) })
			}
		}
		w.At(sb.StageConnected, 1, func() {
			w.After(10*time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
		})
		w.Sim.SetHooks(simulator.Hooks{OnWebhook: func(_ string, form url.Values) simulator.WebhookFault {
			if form.Get("CallSid") == p.call(1) && form.Get("StatusCallbackEvent") != "participant-leave" { // which overtakes the rest
				return simulator.WebhookFault{Delay: 100 * time.Millisecond}
			}
			return simulator.WebhookFault{}
		}})
		w.After(2*time.Minute, func() { w.Sim.HangUp(patient) })
		got := expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
		if got.TalkSeconds > 20 {
			t.Errorf("the conversation lasted %d s\n%s", got.TalkSeconds, w.Story())
		}
	}
}

// The answer to the second dial is lost: the leg that it made is found, and the agent is back all the same.
func TestAnswerToTheSecondDialIsLost(t *testing.T) {
	w := virtual.New(t, virtual.Options{Uncertain: simulator.Uncertain{LabelReadableAfter: 2 * time.Second}})
	p := openPage(t, w)
	w.Sim.SetHooks(simulator.Hooks{
		OnRequest: func(route string, form url.Values) simulator.Fault {
			return simulator.Fault{LoseReply: route == routeParticipants && strings.Contains(form.Get("To"), sb.RejoinParameter), AfterEffect: true}
		},
		OnWebhook: func(kind string, form url.Values) simulator.WebhookFault {
			return simulator.WebhookFault{Drop: strings.HasPrefix(form.Get("ParticipantLabel"), "agent-1-2") || form.Get("CallSid") == p.call(1)}
		},
	})
	w.At(sb.StageConnected, 1, func() {
		w.After(10*time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
		w.After(20*time.Second, func() { w.Sim.ClientHangsUp(p.call(0), p) })
		w.After(time.Minute, func() { w.Sim.ClientHangsUp(p.call(1), p) })
	})
	got := expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
	if got.TalkSeconds < 55 {
		t.Errorf("the conversation lasted %d s\n%s", got.TalkSeconds, w.Story())
	}
}

// The room is bound to a leg before the agent comes back a second time, or it is not loosened: a binding that is tried
// again must not come after the loosening and have the room end with the lost leg.
func TestBindingIsOverBeforeTheRoomIsLoosened(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	p := openPage(t, w)
	bindings := 0
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route != routeParticipant || form.Get("EndConferenceOnExit") != "true" {
			return simulator.Fault{}
		}
		bindings++
		if bindings > 1 && bindings < 5 { // the second binding succeeds 7 s later
			return simulator.Fault{Status: 503}
		}
		return simulator.Fault{}
	}})
	w.At(sb.StageCallerRinging, 1, func() { // the caller picks up while the agent is being rung back: both begin to bind
		w.After(1500*time.Millisecond, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
	})
	w.At(sb.StageConnected, 1, func() {
		w.After(7*time.Second, func() { // the binding is tried again half a second later
			w.Env.UpdateWorkflow(sb.UpdateRejoin, "again", (&answer{}).callbacks(), sb.Rejoin{Agent: anna(w)})
		})
		w.After(30*time.Second, func() { w.Sim.ClientHangsUp(p.call(1), p) })
		w.After(time.Minute, func() { w.Sim.SetWebhooks(false); w.Sim.ClientHangsUp(p.call(2), p) })
	})
	got := w.Run(w.Request(patient))
	if got.TalkSeconds < 55 || bindings < 6 {
		t.Errorf("the conversation lasted %d s, %d bindings\n%s", got.TalkSeconds, bindings, w.Story())
	}
	notAlone(t, w, p.call(2))
}

// Somebody hangs up while the agent, whose lost leg has ended, is rung back: it is told who.
func TestHangingUpWhileTheAgentComesBack(t *testing.T) {
	for _, by := range []sb.Party{sb.PartyAgent, sb.PartySwitchboard} {
		w := virtual.New(t, virtual.Options{})
		p := openPage(t, w)
		w.At(sb.StageConnected, 1, func() {
			p.setDeaf(true)
			w.After(10*time.Second, func() { update(w, sb.UpdateRejoin, sb.Rejoin{Agent: anna(w)}) })
			w.After(12*time.Second, func() { w.Sim.ClientHangsUp(p.call(0), p) })
			w.After(15*time.Second, func() { update(w, sb.UpdateHangUp, sb.HangUp{By: by}) })
		})
		expect(t, w, w.Request(patient), sb.Result{Outcome: sb.Completed, HungUpBy: by, Attempts: 1})
	}
}
