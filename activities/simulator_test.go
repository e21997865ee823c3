package activities_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/testsuite"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/provision"
	"switchboard/simulator"
)

// The good paths, against the simulator in this process and in virtual time.

const (
	phone  = "+447700900123"
	public = "https://calls.example.test"
	room   = "room-a1"

	createParticipant = "POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants.json"
)

var (
	call      = sb.NewCallID("crm", "4711")
	taskRef   = sb.TaskRef{Call: call, Task: 1, Attempt: 1}
	agentRef  = sb.LegRef{Call: call, Attempt: 1, Offer: 1, Party: sb.PartyAgent}
	callerRef = sb.LegRef{Call: call, Attempt: 1, Offer: 1, Party: sb.PartyCaller}
)

// virtual is a clock that moves when told to and runs what falls due on the way.
type virtual struct {
	mu     sync.Mutex
	now    time.Time
	timers []*due
}

type due struct {
	at time.Time
	f  func()
}

func (v *virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

func (v *virtual) After(d time.Duration, f func()) func() {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := &due{v.now.Add(d), f}
	v.timers = append(v.timers, t)
	return func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.timers = slices.DeleteFunc(v.timers, func(o *due) bool { return o == t })
	}
}

func (v *virtual) pass(d time.Duration) {
	v.mu.Lock()
	until := v.now.Add(d)
	for {
		slices.SortStableFunc(v.timers, func(a, b *due) int { return a.at.Compare(b.at) })
		if len(v.timers) == 0 || v.timers[0].at.After(until) {
			break
		}
		next := v.timers[0]
		v.timers = v.timers[1:]
		if next.at.After(v.now) {
			v.now = next.at
		}
		v.mu.Unlock()
		next.f()
		v.mu.Lock()
	}
	v.now = until
	v.mu.Unlock()
}

func (v *virtual) wait(ctx context.Context, d time.Duration) error {
	v.pass(d)
	return ctx.Err()
}

// nobody answers webhooks with nothing, and fetches of TwiML with an empty document.
type nobody struct{}

func (nobody) RoundTrip(r *http.Request) (*http.Response, error) {
	body, kind := "", "application/json"
	if strings.Contains(r.URL.Path, "/twiml/") {
		body, kind = "<Response/>", "text/xml"
	}
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {kind}}, Body: io.NopCloser(strings.NewReader(body)),
	}, nil
}

// owners says which calls are running.
type owners struct {
	running map[sb.CallID]bool
	news    []sb.OfferNews
}

func (o *owners) Signal(_ context.Context, id sb.CallID, name string, arg any) error {
	if !o.running[id] {
		return serviceerror.NewNotFound("workflow execution already completed")
	}
	if name != sb.SignalOffer {
		return errors.New("unexpected signal " + name)
	}
	o.news = append(o.news, arg.(sb.OfferNews))
	return nil
}

func (o *owners) Running(_ context.Context, id sb.CallID) (bool, error) { return o.running[id], nil }

// centre is a call centre with one agent, anna, in a simulated account.
type centre struct {
	t         *testing.T
	sim       *simulator.Simulator
	clock     *virtual
	act       *activities.Activities
	env       *testsuite.TestActivityEnvironment
	twilio    *activities.Twilio
	workspace provision.Workspace
	owners    *owners
}

func newCentre(t *testing.T, uncertain simulator.Uncertain) *centre {
	t.Helper()
	c := &centre{t: t, clock: &virtual{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, owners: &owners{running: map[sb.CallID]bool{call: true}}}
	c.sim = simulator.New(simulator.Options{Clock: c.clock, Webhooks: nobody{}, Uncertain: uncertain})
	t.Cleanup(c.sim.Close)
	cfg := activities.TwilioConfig{AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: c.sim.Transport()}
	var err error
	c.workspace, err = provision.Apply(t.Context(), provision.Config{
		Twilio: cfg, PublicURL: public, Agents: []provision.Agent{{Name: "anna", Skills: []string{"vans", "claims"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	cfg.Workspace, cfg.Routing = c.workspace.Workspace, c.workspace.Routing
	c.act, err = activities.New(activities.Config{
		Twilio: cfg, PublicURL: public, CallerID: "+442079460750", Statuses: c.workspace.ForActivities(),
		Calls: c.owners, Now: c.clock.Now, Wait: c.clock.wait,
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.twilio, err = activities.NewTwilio(cfg); err != nil {
		t.Fatal(err)
	}
	var suite testsuite.WorkflowTestSuite
	c.env = suite.NewTestActivityEnvironment()
	c.env.RegisterActivity(c.act)
	c.sim.SetSoftphone("anna", simulator.Softphone{})
	c.setStatus(provision.StatusAvailable)
	return c
}

func (c *centre) setStatus(name string) {
	c.t.Helper()
	params := &taskrouter.UpdateWorkerParams{}
	params.SetActivitySid(string(c.workspace.Statuses[name]))
	if _, err := c.twilio.TaskRouter(c.t.Context()).UpdateWorker(string(c.workspace.Workspace), c.anna(), params); err != nil {
		c.t.Fatal(err)
	}
}

func (c *centre) status() string {
	c.t.Helper()
	w, err := c.twilio.TaskRouter(c.t.Context()).FetchWorker(string(c.workspace.Workspace), c.anna())
	if err != nil {
		c.t.Fatal(err)
	}
	return *w.ActivityName
}

func (c *centre) anna() string { return string(c.workspace.Agents["anna"]) }

func do[T any](c *centre, activity any, in ...any) T {
	c.t.Helper()
	value, err := c.env.ExecuteActivity(activity, in...)
	if err != nil {
		c.t.Fatalf("%v\n%v", err, c.sim.Log())
	}
	var out T
	if value.HasValue() {
		if err := value.Get(&out); err != nil {
			c.t.Fatal(err)
		}
	}
	return out
}

func same[T comparable](c *centre, what string, got, want T) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: got %v, want %v\n%v", what, got, want, c.sim.Log())
	}
}

// happened counts what a party experienced.
func (c *centre) happened(party, what string) int {
	n := 0
	for _, e := range c.sim.Log() {
		if e.Party == party && e.What == what {
			n++
		}
	}
	return n
}

func (c *centre) createTask() sb.TaskSID {
	c.t.Helper()
	out := do[activities.CreateTaskResult](c, c.act.CreateTask, activities.CreateTaskInput{
		Ref: taskRef, RequestedAt: c.clock.Now().Add(-time.Minute), Skills: []string{"vans"}, Name: "Ann", Reason: "a van",
		Expires: c.clock.Now().Add(time.Hour),
	})
	same(c, "queue", out.Queue, provision.QueueName)
	c.clock.pass(time.Second)
	return out.Task
}

// offer returns the task's newest reservation.
func (c *centre) offer(task sb.TaskSID) sb.OfferNews {
	c.t.Helper()
	out := do[activities.LookAtTaskResult](c, c.act.LookAtTask, activities.LookAtTaskInput{Ref: taskRef, Task: task})
	for _, o := range out.Offers {
		if o.Status == sb.ReservationPending {
			return o
		}
	}
	c.t.Fatalf("no offer of task %s: %+v\n%v", task, out, c.sim.Log())
	return sb.OfferNews{}
}

func (c *centre) taskStatus(task sb.TaskSID) sb.TaskStatus {
	c.t.Helper()
	return do[activities.LookAtTaskResult](c, c.act.LookAtTask, activities.LookAtTaskInput{Ref: taskRef, Task: task}).Task.Status
}

func (c *centre) dialAgent() activities.Dialled {
	c.t.Helper()
	return do[activities.Dialled](c, c.act.DialAgent, activities.DialAgentInput{
		Ref: agentRef, Room: room, Agent: c.workspace.Agents["anna"], Rings: sb.Duration(20 * time.Second),
		TimeLimit: sb.Duration(4 * time.Hour), NotAfter: c.clock.Now().Add(10 * time.Second),
	})
}

func (c *centre) dialCaller(conference sb.ConferenceSID) activities.Dialled {
	c.t.Helper()
	return do[activities.Dialled](c, c.act.DialCaller, activities.DialCallerInput{
		Ref: callerRef, Conference: conference, Phone: phone, Rings: sb.Duration(30 * time.Second),
		TimeLimit: sb.Duration(4 * time.Hour), NotAfter: c.clock.Now().Add(10 * time.Second),
	})
}

func (c *centre) look(agent, caller activities.Dialled) (legs map[sb.CallSID]sb.LegStatus, in map[sb.CallSID]bool) {
	c.t.Helper()
	out := do[activities.LookAtLegsResult](c, c.act.LookAtLegs, activities.LookAtLegsInput{
		Conference: agent.Conference, Agent: activities.LegToLookAt{Ref: agentRef, Leg: agent.Leg}, Caller: activities.LegToLookAt{Ref: callerRef, Leg: caller.Leg},
	})
	legs, in = map[sb.CallSID]sb.LegStatus{}, map[sb.CallSID]bool{}
	for _, l := range out.Legs {
		legs[l.Leg] = l.Status
	}
	for _, r := range out.Room {
		in[r.Leg] = r.Event == sb.RoomJoined
	}
	return legs, in
}

func TestACallActivityByActivity(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{})
	c.sim.SetPhone(phone, simulator.Phone{Rings: 2 * time.Second})

	task := c.createTask()
	offer := c.offer(task)
	same(c, "agent", offer.Agent, c.workspace.Agents["anna"])
	same(c, "agent's name", offer.AgentName, "anna")

	agent := c.dialAgent()
	same(c, "agent's dial", agent.Result, activities.Placed)
	again := c.dialAgent()
	same(c, "agent's dial, repeated", again.Leg, agent.Leg)
	c.clock.pass(3 * time.Second)
	legs, in := c.look(agent, activities.Dialled{})
	same(c, "agent's leg", legs[agent.Leg], sb.LegInProgress)
	same(c, "agent in the room", in[agent.Leg], true)

	answer := activities.OfferInput{Task: task, Reservation: offer.Reservation}
	for range 2 {
		same(c, "reservation", do[activities.OfferResult](c, c.act.AcceptOffer, answer).Status, sb.ReservationAccepted)
	}

	caller := c.dialCaller(agent.Conference)
	same(c, "caller's dial", caller.Result, activities.Placed)
	same(c, "caller's conference", caller.Conference, agent.Conference)
	same(c, "caller's dial, repeated", c.dialCaller(agent.Conference).Leg, caller.Leg)
	c.clock.pass(5 * time.Second)
	same(c, "rings", c.happened(phone, simulator.Rings), 1)
	legs, in = c.look(agent, caller)
	same(c, "caller's leg", legs[caller.Leg], sb.LegInProgress)
	same(c, "caller in the room", in[caller.Leg], true)
	found := do[activities.FindLegResult](c, c.act.FindLeg, activities.FindLegInput{Ref: callerRef, Conference: agent.Conference, To: phone, Since: c.clock.Now().Add(-time.Minute)})
	same(c, "leg found by its label", found.Leg.Leg, caller.Leg)
	same(c, "found in the room", found.InRoom, true)
	do[struct{}](c, c.act.BindAgent, activities.BindAgentInput{Conference: agent.Conference, Leg: agent.Leg})

	c.clock.pass(time.Minute)
	ended := do[activities.EndLegResult](c, c.act.EndLeg, activities.EndLegInput{Ref: agentRef, Leg: agent.Leg})
	same(c, "agent's leg after the end", ended.Leg.Status, sb.LegCompleted)
	c.clock.pass(time.Second)
	legs, _ = c.look(agent, caller)
	same(c, "caller's leg after the end", legs[caller.Leg], sb.LegCompleted)
	out := do[activities.LookAtLegsResult](c, c.act.LookAtLegs, activities.LookAtLegsInput{Conference: agent.Conference})
	same(c, "the room", out.Room[0].Event, sb.RoomEnded)
	ended = do[activities.EndLegResult](c, c.act.EndLeg, activities.EndLegInput{Ref: callerRef, Leg: caller.Leg})
	if ended.Leg.Seconds < 60 {
		t.Errorf("the conversation took %d s by Twilio's book, want more than 60", ended.Leg.Seconds)
	}
	for range 2 {
		do[struct{}](c, c.act.EndRoom, activities.EndRoomInput{Conference: agent.Conference})
		do[struct{}](c, c.act.EndRoom, activities.EndRoomInput{Room: room})
		same(c, "task", do[activities.CloseTaskResult](c, c.act.CloseTask, activities.CloseTaskInput{Task: task, Reason: "completed"}).Status, sb.TaskCompleted)
	}
	do[struct{}](c, c.act.BindAgent, activities.BindAgentInput{Conference: agent.Conference, Leg: agent.Leg})
	same(c, "room that has ended", c.dialCaller(agent.Conference).Result, activities.NoRoom)
	if left := c.sim.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	c.clock.pass(10 * time.Minute)
	same(c, "task after a while", c.taskStatus(task), sb.TaskGone)
}

func TestCallerIsRungOnceWhenTheAnswerIsLost(t *testing.T) {
	for _, x := range []struct {
		name  string
		fault simulator.Fault
		rings int
	}{
		{"after its effect", simulator.Fault{LoseReply: true, AfterEffect: true}, 1},
		{"before its effect", simulator.Fault{LoseReply: true}, 0},
		{"503 after its effect", simulator.Fault{Status: 503, AfterEffect: true, HTML: true}, 1},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := newCentre(t, simulator.Uncertain{LabelReadableAfter: 2 * time.Second})
			c.sim.SetPhone(phone, simulator.Phone{Rings: 4 * time.Second})
			agent := c.dialAgent()
			c.clock.pass(3 * time.Second)
			since := c.clock.Now()
			c.sim.SetHooks(simulator.Hooks{OnRequest: func(route string, _ url.Values) simulator.Fault {
				if route == createParticipant {
					return x.fault
				}
				return simulator.Fault{}
			}})
			same(c, "result", c.dialCaller(agent.Conference).Result, activities.Ambiguous)
			c.clock.pass(3 * time.Second)
			same(c, "rings", c.happened(phone, simulator.Rings), x.rings)
			in := activities.FindLegInput{Ref: callerRef, Conference: agent.Conference, To: phone, Since: since, Known: []sb.CallSID{agent.Leg}}
			found := do[activities.FindLegResult](c, c.act.FindLeg, in)
			same(c, "found", found.Found, x.rings == 1)
			if x.rings == 0 {
				return
			}
			// The room is gone and the leg with it: the list of calls still has it.
			do[struct{}](c, c.act.EndRoom, activities.EndRoomInput{Room: room})
			do[activities.EndLegResult](c, c.act.EndLeg, activities.EndLegInput{Ref: callerRef, Leg: found.Leg.Leg})
			c.clock.pass(time.Second)
			afterwards := do[activities.FindLegResult](c, c.act.FindLeg, in)
			same(c, "found after its end", afterwards.Leg.Leg, found.Leg.Leg)
			same(c, "over", afterwards.Leg.Status.Over(), true)
		})
	}
}

func TestDialAgentRepeatedAfterALostAnswerRingsOnce(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{LabelReadableAfter: time.Second})
	faults := 1
	c.sim.SetHooks(simulator.Hooks{OnRequest: func(route string, _ url.Values) simulator.Fault {
		if route == createParticipant && faults > 0 {
			faults--
			return simulator.Fault{LoseReply: true, AfterEffect: true}
		}
		return simulator.Fault{}
	}})
	// The leg cannot be read when it is first looked for, and its label is taken when it is dialled again: in the end
	// its result is known or honestly unknown, and the softphone rings once.
	d := c.dialAgent()
	if d.Result != activities.Placed && d.Result != activities.Ambiguous {
		t.Errorf("got %+v", d)
	}
	c.clock.pass(5 * time.Second)
	same(c, "rings", c.happened("client:anna", simulator.Rings), 1)
	same(c, "legs", len(c.sim.LiveLegs()), 1)
}

func TestWithdrawARing(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{})
	c.sim.SetPhone(phone, simulator.Phone{Answer: simulator.NeverAnswers})
	agent := c.dialAgent()
	c.clock.pass(3 * time.Second)
	caller := c.dialCaller(agent.Conference)
	c.clock.pass(3 * time.Second)
	out := do[activities.WithdrawResult](c, c.act.Withdraw, activities.WithdrawInput{Ref: callerRef, Leg: caller.Leg})
	same(c, "apologised", out.Apologised, false)
	same(c, "leg", out.Leg.Status.Over(), true)
	same(c, "stopped ringing", c.happened(phone, simulator.StopsRinging), 1)
}

func TestWithdrawFromACallerWhoHasPickedUp(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{})
	c.sim.SetPhone(phone, simulator.Phone{Rings: time.Second})
	agent := c.dialAgent()
	c.clock.pass(3 * time.Second)
	caller := c.dialCaller(agent.Conference)
	c.clock.pass(5 * time.Second)
	out := do[activities.WithdrawResult](c, c.act.Withdraw, activities.WithdrawInput{Ref: callerRef, Leg: caller.Leg})
	same(c, "apologised", out.Apologised, true)
	c.clock.pass(time.Minute)
	heard := slices.ContainsFunc(c.sim.Log(), func(e simulator.Entry) bool {
		return e.Party == phone && e.What == simulator.Hears && strings.Contains(e.Detail, "very sorry")
	})
	same(c, "heard the apology", heard, true)
	legs, _ := c.look(agent, caller)
	same(c, "leg after it", legs[caller.Leg], sb.LegCompleted)
	same(c, "apologised again", do[activities.WithdrawResult](c, c.act.Withdraw, activities.WithdrawInput{Ref: callerRef, Leg: caller.Leg}).Apologised, false)
}

func TestDeclinedTaskStaysAwayUntilItMayComeBack(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{})
	task := c.createTask()
	offer := c.offer(task)
	do[struct{}](c, c.act.Exclude, activities.ExcludeInput{Task: task, Declined: []sb.AgentSID{offer.Agent}})
	reject := activities.RejectOfferInput{OfferInput: activities.OfferInput{Task: task, Reservation: offer.Reservation}}
	same(c, "reservation", do[activities.OfferResult](c, c.act.RejectOffer, reject).Status, sb.ReservationRejected)
	c.clock.pass(10 * time.Second)
	same(c, "task", c.taskStatus(task), sb.TaskPending)
	same(c, "agent's status", c.status(), provision.StatusAvailable)

	do[struct{}](c, c.act.Exclude, activities.ExcludeInput{Task: task})
	c.clock.pass(10 * time.Second)
	same(c, "task when everybody may have it", c.taskStatus(task), sb.TaskReserved)

	reject = activities.RejectOfferInput{OfferInput: activities.OfferInput{Task: task, Reservation: c.offer(task).Reservation}, Missed: true}
	same(c, "missed", do[activities.OfferResult](c, c.act.RejectOffer, reject).Status, sb.ReservationRejected)
	same(c, "missed, repeated", do[activities.OfferResult](c, c.act.RejectOffer, reject).Status, sb.ReservationRejected)
	same(c, "agent's status", c.status(), provision.StatusMissed)
	same(c, "closed", do[activities.CloseTaskResult](c, c.act.CloseTask, activities.CloseTaskInput{Task: task, Reason: "missed"}).Status, sb.TaskCanceled)
}

func TestSweepInTheSimulator(t *testing.T) {
	for _, omit := range []bool{false, true} {
		c := newCentre(t, simulator.Uncertain{ListsOmitAttributes: omit})
		task := c.createTask()
		same(c, "too early", do[activities.SweepResult](c, c.act.Sweep), activities.SweepResult{Reserved: 1})
		c.clock.pass(10 * time.Second)
		same(c, "told", do[activities.SweepResult](c, c.act.Sweep), activities.SweepResult{Reserved: 1, Told: 1})
		same(c, "news", c.owners.news[0].Reservation, c.offer(task).Reservation)

		// Everything of ours is dead until TaskRouter gives up the reservation, and the agent.
		c.clock.pass(3 * time.Minute)
		same(c, "status after a timeout", c.status(), provision.StatusTimedOut)
		swept := do[activities.SweepResult](c, c.act.Sweep)
		same(c, "returned", swept.Returned, 1)
		same(c, "status after the sweep", c.status(), provision.StatusAvailable)

		// Nobody owns the task any more.
		c.owners.running = nil
		c.clock.pass(10 * time.Second)
		same(c, "closed", do[activities.SweepResult](c, c.act.Sweep), activities.SweepResult{Reserved: 1, Closed: 1})
		same(c, "task", c.taskStatus(task), sb.TaskCanceled)

		// An accepted one keeps its agent from everything else.
		task = c.createTask()
		offer := c.offer(task)
		do[activities.OfferResult](c, c.act.AcceptOffer, activities.OfferInput{Task: task, Reservation: offer.Reservation})
		c.clock.pass(30 * time.Second)
		same(c, "not yet", do[activities.SweepResult](c, c.act.Sweep).Closed, 0)
		c.clock.pass(time.Minute)
		same(c, "closed", do[activities.SweepResult](c, c.act.Sweep), activities.SweepResult{Closed: 1})
		same(c, "task", c.taskStatus(task), sb.TaskCompleted)
	}
}

func TestTooManyRequestsInTheSimulator(t *testing.T) {
	c := newCentre(t, simulator.Uncertain{})
	agent := c.dialAgent()
	c.clock.pass(3 * time.Second)
	busy := 3
	c.sim.SetHooks(simulator.Hooks{OnRequest: func(string, url.Values) simulator.Fault {
		if busy--; busy >= 0 {
			return simulator.Fault{Status: 429}
		}
		return simulator.Fault{}
	}})
	same(c, "result", c.dialCaller(agent.Conference).Result, activities.Placed)
	same(c, "legs", len(c.sim.LiveLegs()), 2)
}
