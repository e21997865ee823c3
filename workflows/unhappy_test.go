package workflows_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

// One test for each row of "When it does not" in docs/process.md, under the row's name.

const (
	routeTasks        = "POST /v1/Workspaces/{WS}/Tasks"
	routeReservation  = "POST /v1/Workspaces/{WS}/Tasks/{WT}/Reservations/{WR}"
	routeParticipants = "POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants.json"
)

var annaAndBen = []provision.Agent{{Name: "anna"}, {Name: "ben"}}

// expect runs the request and checks how it ended, and what must hold at every end.
func expect(t *testing.T, w *virtual.World, r sb.Request, want sb.Result) sb.Result {
	t.Helper()
	return check(t, w, input(r), w.Run(r), want)
}

func check(t *testing.T, w *virtual.World, in sb.CallInput, got, want sb.Result) sb.Result {
	t.Helper()
	if got.Outcome != want.Outcome || got.Reason != want.Reason || got.HungUpBy != want.HungUpBy || got.Attempts != want.Attempts {
		t.Errorf("got %+v\nwant %+v\n%s", got, want, w.Story())
	}
	checkEnd(t, w, in, got)
	return got
}

func completedByCaller(attempts int) sb.Result {
	return sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: attempts}
}

// offeredTo lists the agents in the order in which they were offered the call.
func offeredTo(w *virtual.World) []string {
	var agents []string
	for _, e := range w.Sim.Log() {
		if e.What == simulator.Offered {
			agents = append(agents, strings.TrimPrefix(e.Party, "client:"))
		}
	}
	return agents
}

func checkOffers(t *testing.T, w *virtual.World, want ...string) {
	t.Helper()
	if got := offeredTo(w); !slices.Equal(got, want) {
		t.Errorf("offered to %v, want %v\n%s", got, want, w.Story())
	}
}

func checkStatus(t *testing.T, w *virtual.World, agent, want string) {
	t.Helper()
	if got := w.Status(agent); got != want {
		t.Errorf("status of %s: got %q, want %q\n%s", agent, got, want, w.Story())
	}
}

func TestAgentDoesNotAnswer(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	w.Sim.SetSoftphone("anna", simulator.Softphone{Answer: simulator.NeverAnswers})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	checkOffers(t, w, "anna", "ben")
	checkStatus(t, w, "anna", provision.StatusMissed)
	checkStatus(t, w, "ben", provision.StatusAvailable)
}

// The agent answered, and all news of it was lost, until the leg is ended and its length tells.
func TestAgentAnswersAndNobodyHearsOfIt(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	w.Sim.SetWebhooks(false)
	away := simulator.Faults{Requests: []simulator.RequestRule{{Route: "GET /2010-04-01/*", Probability: 1, Status: 503}}}
	w.At(sb.StageAgentRinging, 1, func() {
		if err := w.Sim.SetFaults(away); err != nil {
			t.Error(err)
		}
	})
	w.After(70*time.Second, func() {
		w.Sim.SetWebhooks(true)
		if err := w.Sim.SetFaults(simulator.Faults{}); err != nil {
			t.Error(err)
		}
	})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	if first := offeredTo(w)[0]; first != "anna" {
		t.Fatalf("offered to %s first\n%s", first, w.Story())
	}
	checkStatus(t, w, "anna", provision.StatusAvailable)
}

func TestSoftphoneIsDead(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	w.Sim.SetSoftphone("anna", simulator.Softphone{Answer: simulator.Unreachable})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	checkOffers(t, w, "anna", "ben")
	checkStatus(t, w, "anna", provision.StatusMissed)
}

func TestAgentDeclines(t *testing.T) {
	t.Run("the ring", func(t *testing.T) {
		w := virtual.New(t, virtual.Options{Agents: annaAndBen})
		w.Sim.SetSoftphone("anna", simulator.Softphone{Answer: simulator.Busy})
		expect(t, w, w.Request(anybody), completedByCaller(1))
		checkOffers(t, w, "anna", "ben")
		checkStatus(t, w, "anna", provision.StatusAvailable)
	})
	t.Run("the reservation", func(t *testing.T) {
		w := virtual.New(t, virtual.Options{Agents: annaAndBen})
		w.Sim.SetSoftphone("anna", simulator.Softphone{DeclinesOffers: 1})
		expect(t, w, w.Request(anybody), completedByCaller(1))
		if last := offeredTo(w); last[len(last)-1] != "ben" {
			t.Errorf("offered to %v, want ben at last\n%s", last, w.Story())
		}
		checkStatus(t, w, "anna", provision.StatusAvailable)
	})
	t.Run("and nobody else is free", func(t *testing.T) {
		w := virtual.New(t, virtual.Options{})
		w.Sim.SetSoftphone("anna", simulator.Softphone{Answer: simulator.Busy})
		w.After(30*time.Second, func() { w.Sim.SetSoftphone("anna", simulator.Softphone{HangsUpAfter: 15 * time.Second}) })
		expect(t, w, w.Request(anybody), completedByCaller(1))
		checkOffers(t, w, "anna", "anna")
	})
}

func TestAgentCannotBeDialled(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route == routeParticipants && form.Get("To") == "client:anna" {
			return simulator.Fault{Status: 503}
		}
		return simulator.Fault{}
	}})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	checkOffers(t, w, "anna", "ben")
	checkStatus(t, w, "anna", provision.StatusAvailable)
}

func TestAcceptingIsRefused(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	refused := 0
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route == routeReservation && form.Get("ReservationStatus") == "accepted" && refused == 0 {
			refused++
			return simulator.Fault{Status: 400}
		}
		return simulator.Fault{}
	}})
	w.At(sb.StageCallerRinging, 1, func() {
		if count(w, "client:anna", simulator.Ended) != 1 {
			t.Errorf("the caller is rung while the refused agent's leg is up\n%s", w.Story())
		}
	})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	checkStatus(t, w, "anna", provision.StatusAvailable) // she had answered
}

func TestAnswerToAcceptingIsLost(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	lost := 0
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route == routeReservation && form.Get("ReservationStatus") == "accepted" && lost == 0 {
			lost++
			return simulator.Fault{LoseReply: true, AfterEffect: true}
		}
		return simulator.Fault{}
	}})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	checkOffers(t, w, "anna")
}

func TestAgentDropsWhileCallerRings(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	w.At(sb.StageCallerRinging, 1, func() {
		w.After(time.Second, func() { w.Sim.HangUp("client:anna") })
	})
	expect(t, w, w.Request(anybody), completedByCaller(2))
	for _, e := range w.Sim.Log() {
		if e.Party == anybody && e.What == simulator.StopsRinging {
			if d := e.At.Sub(lastBefore(w, "client:anna", simulator.HangsUp, e.At)); d > time.Second {
				t.Errorf("the ring went on for %v after the agent had gone\n%s", d, w.Story())
			}
			return
		}
	}
	t.Errorf("the ring was not taken back\n%s", w.Story())
}

func lastBefore(w *virtual.World, party, what string, before time.Time) (at time.Time) {
	for _, e := range w.Sim.Log() {
		if e.Party == party && e.What == what && !e.At.After(before) {
			at = e.At
		}
	}
	return at
}

func TestAgentDropsAsCallerPicksUp(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	// The news that the caller has picked up is under way while the agent drops.
	dropped := false
	w.Sim.SetHooks(simulator.Hooks{OnWebhook: func(kind string, form url.Values) simulator.WebhookFault {
		news := form.Get("CallStatus") == "in-progress" && form.Get("To") == anybody || form.Get("ParticipantLabel") == "caller-1-1"
		if !news {
			return simulator.WebhookFault{}
		}
		if !dropped {
			dropped = true
			w.After(300*time.Millisecond, func() { w.Sim.HangUp("client:anna") })
		}
		return simulator.WebhookFault{Delay: 3 * time.Second}
	}})
	expect(t, w, w.Request(anybody), completedByCaller(2))
	for _, e := range w.Sim.Log() {
		if e.Party == anybody && e.What == simulator.Hears && strings.Contains(strings.ToLower(e.Detail), "sorry") {
			return
		}
	}
	t.Errorf("the caller heard no apology\n%s", w.Story())
}

func TestAgentDropsForEver(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.Sim.SetSoftphone("anna", simulator.Softphone{DropsAfter: 2 * time.Second})
	expect(t, w, w.Request("+447700900008"), sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft, Attempts: 4})
}

func TestCallerIsBusyAndTriedAgain(t *testing.T) {
	for _, c := range []struct {
		phone   string
		outcome sb.Outcome
		wait    time.Duration
	}{
		{"+447700900004", sb.Busy, 5 * time.Minute},
		{"+447700900003", sb.NoAnswer, 30 * time.Minute},
		{"+447700900006", sb.Unreachable, 2 * time.Hour},
	} {
		t.Run(string(c.outcome), func(t *testing.T) {
			w := virtual.New(t, virtual.Options{NoSweep: true})
			r := w.Request(c.phone)
			r.MaxAttempts = 0 // the policy's 3
			expect(t, w, r, sb.Result{Outcome: c.outcome, Attempts: 3})
			retries := 0
			for _, e := range w.Events() {
				if e.Data.Stage == sb.StageRetryPlanned {
					retries++
					if d := e.Data.RetryAt.Sub(e.Time); d != c.wait || e.Data.Outcome != c.outcome {
						t.Errorf("next attempt after %v because of %s, want %v because of %s", d, e.Data.Outcome, c.wait, c.outcome)
					}
				}
			}
			if retries != 2 {
				t.Errorf("%d retries planned, want 2", retries)
			}
			checkStatus(t, w, "anna", provision.StatusAvailable)
		})
	}
}

func TestCallerHangsUpAtOnceIsNotTriedAgain(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	r := w.Request("+447700900005")
	r.MaxAttempts = 3
	expect(t, w, r, sb.Result{Outcome: sb.HungUpEarly, HungUpBy: sb.PartyCaller, Attempts: 1})
}

func TestVoicemailAnswers(t *testing.T) {
	for detect, want := range map[bool]sb.Result{
		true:  {Outcome: sb.Voicemail, HungUpBy: sb.PartySwitchboard, Attempts: 2},
		false: {Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1},
	} {
		w := virtual.New(t, virtual.Options{NoSweep: true})
		r := w.Request("+447700900007")
		r.DetectMachine, r.MaxAttempts = detect, 2
		expect(t, w, r, want)
		if late := w.Elapsed() < 2*time.Hour; late == detect {
			t.Errorf("looked for: %v, over after %v; the next attempt after a voicemail is 2 h later", detect, w.Elapsed())
		}
		checkStatus(t, w, "anna", provision.StatusAvailable)
	}
}

func TestWhoHangsUpEndsTheOtherLegWithinTwoSeconds(t *testing.T) {
	for phone, parties := range map[string][2]string{
		"+447700900001": {"+447700900001", "client:anna"},
		"+447700900002": {"client:anna", "+447700900002"},
	} {
		w := virtual.New(t, virtual.Options{})
		w.Run(w.Request(phone))
		hung := lastBefore(w, parties[0], simulator.HangsUp, w.Env.Now())
		ended := lastBefore(w, parties[1], simulator.Ended, w.Env.Now())
		if hung.IsZero() || ended.IsZero() || ended.Sub(hung) > 2*time.Second {
			t.Errorf("%s hung up at %v, %s ended at %v\n%s", parties[0], hung, parties[1], ended, w.Story())
		}
	}
}

func TestNobodyAvailableUntilTheDeadline(t *testing.T) {
	w := virtual.New(t, virtual.Options{NoSweep: true})
	w.SetStatus("anna", provision.StatusBreak)
	r := w.Request(anybody)
	r.Deadline = r.RequestedAt.Add(2 * time.Hour)
	expect(t, w, r, sb.Result{Outcome: sb.Missed, Reason: sb.ReasonDeadline, Attempts: 1})
	if got := w.Elapsed().Round(time.Minute); got != 2*time.Hour {
		t.Errorf("ended after %v, want the deadline, 2 h", got)
	}
	if n := rings(w, anybody); n != 0 {
		t.Errorf("rang %d times", n)
	}
}

func TestRequestWasStaleWhenRead(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	r := w.Request(anybody)
	r.RequestedAt = r.RequestedAt.Add(-25 * time.Hour)
	before := len(w.Sim.Requests())
	expect(t, w, r, sb.Result{Outcome: sb.Missed, Reason: sb.ReasonStale})
	if n := len(w.Sim.Requests()) - before; n != 0 {
		t.Errorf("%d requests to Twilio for a stale request", n)
	}
}

func TestCancelledAtAnyStage(t *testing.T) {
	for _, c := range []struct {
		stage sb.Stage
		want  sb.Result
		rings int
	}{
		{sb.StageQueued, sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester, Attempts: 1}, 0},
		{sb.StageAgentRinging, sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester, Attempts: 1}, 0},
		{sb.StageCallerRinging, sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester, Attempts: 1}, 1},
		{sb.StageConnected, sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartySwitchboard, Reason: sb.ReasonRequester, Attempts: 1}, 1},
		{sb.StageWrappingUp, sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, Attempts: 1}, 1},
		{sb.StageRetryPlanned, sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester, Attempts: 1}, 1},
	} {
		t.Run(string(c.stage), func(t *testing.T) {
			w := virtual.New(t, virtual.Options{})
			phone := "+447700900001"
			switch c.stage {
			case sb.StageQueued:
				w.SetStatus("anna", provision.StatusBreak)
			case sb.StageAgentRinging:
				w.Sim.SetSoftphone("anna", simulator.Softphone{Rings: 10 * time.Second})
			case sb.StageCallerRinging:
				phone = "+447700900008"
			case sb.StageRetryPlanned:
				phone = "+447700900003"
			}
			w.At(c.stage, 1, func() {
				w.After(5*time.Second, func() {
					w.Env.SignalWorkflow(sb.SignalCancel, sb.Cancellation{Reason: sb.ReasonRequester})
				})
			})
			r := w.Request(phone)
			r.MaxAttempts = 3
			expect(t, w, r, c.want)
			if n := rings(w, phone); n != c.rings {
				t.Errorf("rang %d times, want %d\n%s", n, c.rings, w.Story())
			}
			if c.stage != sb.StageQueued {
				checkStatus(t, w, "anna", provision.StatusAvailable)
			}
		})
	}
}

func TestCancelledWhileTheReservationIsAccepted(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route == routeReservation && form.Get("ReservationStatus") == "accepted" {
			w.Env.SignalWorkflow(sb.SignalCancel, sb.Cancellation{Reason: sb.ReasonRequester}) // before the answer
		}
		return simulator.Fault{}
	}})
	expect(t, w, w.Request(anybody), sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester, Attempts: 1})
	if n := count(w, anybody, simulator.Dialled); n != 0 {
		t.Errorf("a cancelled caller was dialled\n%s", w.Story())
	}
}

func TestCancelledBeforeTheRequestIsRead(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	in := sb.CallInput{
		Request: sb.Request{Source: "/test", ID: "1", RequestedAt: w.Env.Now()}, Policy: sb.DefaultPolicy(),
		Cancelled: &sb.Cancellation{Reason: sb.ReasonRequester},
	}
	check(t, w, in, w.RunInput(in), sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonRequester})
}

func TestCancelledInTheTemporalUI(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.At(sb.StageCallerRinging, 1, func() { w.After(3*time.Second, w.Env.CancelWorkflow) })
	expect(t, w, w.Request("+447700900008"), sb.Result{Outcome: sb.Cancelled, Reason: sb.ReasonOperator, Attempts: 1})
}

func TestWebhooksLateTwiceAndOutOfOrder(t *testing.T) {
	for name, fault := range map[string]func(n int) simulator.WebhookFault{
		"twice": func(int) simulator.WebhookFault { return simulator.WebhookFault{Copies: 2} },
		"late":  func(int) simulator.WebhookFault { return simulator.WebhookFault{Delay: 2 * time.Second} },
		"out of order": func(n int) simulator.WebhookFault {
			return simulator.WebhookFault{Delay: time.Duration(n*7%5) * 700 * time.Millisecond}
		},
		"every third is lost": func(n int) simulator.WebhookFault {
			return simulator.WebhookFault{Drop: n%3 == 0}
		},
		"every second is lost, the others twice and late": func(n int) simulator.WebhookFault {
			return simulator.WebhookFault{Drop: n%2 == 0, Copies: 1, Delay: time.Duration(n%4) * time.Second}
		},
	} {
		for _, phone := range []string{"+447700900001", "+447700900002", "+447700900003", "+447700900004"} {
			t.Run(name+" "+phone[len(phone)-3:], func(t *testing.T) {
				w := virtual.New(t, virtual.Options{})
				n := 0
				w.Sim.SetHooks(simulator.Hooks{OnWebhook: func(kind string, _ url.Values) simulator.WebhookFault {
					if kind == simulator.KindTwiML {
						return simulator.WebhookFault{}
					}
					n++
					return fault(n)
				}})
				for _, p := range phones {
					if p.phone == phone {
						expect(t, w, w.Request(phone), sb.Result{Outcome: p.outcome, HungUpBy: p.by, Attempts: 1})
					}
				}
			})
		}
	}
}

// onCallerDial makes the dials of a caller fail in turn.
func onCallerDial(w *virtual.World, faults ...simulator.Fault) {
	w.T.Cleanup(func() {
		if len(faults) > 0 {
			w.T.Errorf("%d faults did not bite", len(faults))
		}
	})
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		if route != routeParticipants || !strings.HasPrefix(form.Get("To"), "+") || len(faults) == 0 {
			return simulator.Fault{}
		}
		f := faults[0]
		faults = faults[1:]
		return f
	}})
}

func TestTooManyRequestsIsRepeated(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	onCallerDial(w, simulator.Fault{Status: 429}, simulator.Fault{Status: 429})
	expect(t, w, w.Request(anybody), completedByCaller(1))
}

func TestAnswerToTheDialIsLost(t *testing.T) {
	for name, f := range map[string]simulator.Fault{
		"connection breaks": {LoseReply: true, AfterEffect: true},
		"500":               {Status: 500, AfterEffect: true},
		"a proxy's page":    {Status: 503, HTML: true, AfterEffect: true},
	} {
		for _, webhooks := range []bool{true, false} {
			t.Run(name, func(t *testing.T) {
				w := virtual.New(t, virtual.Options{})
				w.Sim.SetWebhooks(webhooks)
				onCallerDial(w, f)
				expect(t, w, w.Request("+447700900002"), sb.Result{Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 1})
			})
		}
	}
}

func TestNothingIsKnownOfTheDial(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	onCallerDial(w, simulator.Fault{Status: 500})
	expect(t, w, w.Request(anybody), sb.Result{Outcome: sb.Uncertain, Reason: sb.ReasonNoEvidence, Attempts: 1})
	if n := rings(w, anybody); n != 0 {
		t.Errorf("rang %d times: the dial was posted again\n%s", n, w.Story())
	}
}

func TestLegThatTurnsUpLateIsEnded(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	const phone = "+447700900008" // rings long
	w.Sim.SetWebhooks(false)
	blind := false
	w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, form url.Values) simulator.Fault {
		switch {
		case route == routeParticipants && strings.HasPrefix(form.Get("To"), "+"):
			blind = true
			w.After(15*time.Second, func() { blind = false; w.Sim.SetWebhooks(true) })
			return simulator.Fault{LoseReply: true, AfterEffect: true}
		case blind && strings.HasPrefix(route, "GET"):
			return simulator.Fault{Status: 503}
		}
		return simulator.Fault{}
	}})
	expect(t, w, w.Request(phone), sb.Result{Outcome: sb.Uncertain, Reason: sb.ReasonNoEvidence, Attempts: 1})
	if n := rings(w, phone); n != 1 {
		t.Errorf("rang %d times\n%s", n, w.Story())
	}
}

func TestAnswerToTheTaskIsLost(t *testing.T) {
	for name, webhooks := range map[string]bool{"with webhooks": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			w := virtual.New(t, virtual.Options{Agents: annaAndBen})
			w.Sim.SetWebhooks(webhooks)
			lost := 0
			w.Sim.SetHooks(simulator.Hooks{OnRequest: func(route string, _ url.Values) simulator.Fault {
				if route == routeTasks && lost < 2 {
					lost++
					return simulator.Fault{LoseReply: true, AfterEffect: true}
				}
				return simulator.Fault{}
			}})
			expect(t, w, w.Request(anybody), completedByCaller(1))
			if n := rings(w, anybody); n != 1 {
				t.Errorf("rang %d times", n)
			}
		})
	}
}

func TestTaskEndsWithoutUs(t *testing.T) {
	w := virtual.New(t, virtual.Options{})
	w.SetStatus("anna", provision.StatusBreak)
	w.After(30*time.Second, func() { w.CancelTasks() })
	r := w.Request(anybody)
	w.After(time.Minute, func() {
		if tasks := w.Tasks(); len(tasks) != 2 {
			t.Errorf("%d tasks, want the cancelled one and a new one\n%s", len(tasks), w.Story())
		}
		for _, task := range w.Tasks() {
			if !task.VirtualStartTime.Equal(r.RequestedAt.Truncate(time.Second)) {
				t.Errorf("the place in the queue is that of %v, want that of the request, %v", task.VirtualStartTime, r.RequestedAt)
			}
		}
		w.SetStatus("anna", provision.StatusAvailable)
	})
	expect(t, w, r, completedByCaller(1))
}

func TestKafkaIsDown(t *testing.T) {
	w := virtual.New(t, virtual.Options{KafkaDown: 5 * time.Minute})
	expect(t, w, w.Request(anybody), completedByCaller(1))
	if n := rings(w, anybody); n != 1 {
		t.Errorf("rang %d times", n)
	}
	talked := lastBefore(w, anybody, simulator.HangsUp, w.Env.Now())
	if talked.After(w.Events()[0].Time.Add(time.Minute)) {
		t.Errorf("the call waited for Kafka\n%s", w.Story())
	}
}
