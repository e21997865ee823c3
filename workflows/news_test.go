package workflows

import (
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// What is known of a leg in the end must not depend on the order in which its news came, nor on how often.
func TestNewsInAnyOrder(t *testing.T) {
	const id = sb.CallID("call/test/1")
	ref := sb.LegRef{Call: id, Attempt: 1, Offer: 1, Party: sb.PartyCaller}
	at := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	leg := func(s sb.LegStatus, seconds int) func(*call) {
		return func(c *call) { c.onLeg(sb.LegNews{Ref: ref, Leg: "CA1", Status: s, Seconds: seconds, At: at}) }
	}
	room := func(e sb.RoomEvent, hungUp bool) func(*call) {
		return func(c *call) {
			c.onRoom(sb.RoomNews{Ref: ref, Conference: "CF1", Event: e, Leg: "CA1", Label: ref.Label(), HungUp: hungUp, At: at})
		}
	}
	news := []func(*call){
		leg(sb.LegRinging, -1), leg(sb.LegInProgress, -1), leg(sb.LegCompleted, 10),
		room(sb.RoomJoined, false), room(sb.RoomLeft, true), room(sb.RoomEnded, false),
	}
	permutations(len(news), func(order []int) {
		c := &call{id: id}
		for _, i := range order {
			news[i](c)
			news[order[0]](c) // and the first again and again
		}
		l := c.legOf(ref)
		if len(c.legs) != 1 || l.sid != "CA1" || l.status != sb.LegCompleted || l.seconds != 10 || !l.answered || !l.left || !l.hungUp() || l.onLine() || !l.gone() {
			t.Fatalf("order %v: %d legs, %+v", order, len(c.legs), *l)
		}
	})
}

func TestJoinedIsRoomAndAnswerInAnyOrder(t *testing.T) {
	const id = sb.CallID("call/test/1")
	ref := sb.LegRef{Call: id, Attempt: 1, Offer: 1, Party: sb.PartyCaller}
	join := func(c *call, conference sb.ConferenceSID) {
		c.onRoom(sb.RoomNews{Ref: ref, Conference: conference, Event: sb.RoomJoined, Leg: "CA1", Label: ref.Label()})
	}
	answer := func(c *call) { c.onLeg(sb.LegNews{Ref: ref, Leg: "CA1", Status: sb.LegInProgress, Seconds: -1}) }
	for name, c := range map[string]struct {
		steps []func(*call)
		want  bool
	}{
		"joined alone":      {[]func(*call){func(c *call) { join(c, "CF1") }}, false},
		"answered alone":    {[]func(*call){answer}, false},
		"joined, answered":  {[]func(*call){func(c *call) { join(c, "CF1") }, answer}, true},
		"answered, joined":  {[]func(*call){answer, func(c *call) { join(c, "CF1") }}, true},
		"into another room": {[]func(*call){answer, func(c *call) { join(c, "CF2") }}, false},
	} {
		x := &call{id: id}
		x.legOf(ref).conference = "CF1"
		for _, step := range c.steps {
			step(x)
		}
		if got := x.legOf(ref).onLine(); got != c.want {
			t.Errorf("%s: on the line %v, want %v", name, got, c.want)
		}
	}
}

func TestNewsOfAnotherCallIsNotTakenIn(t *testing.T) {
	c := &call{id: "call/test/1"}
	c.onLeg(sb.LegNews{Ref: sb.LegRef{Call: "call/test/2", Attempt: 1, Offer: 1, Party: sb.PartyCaller}, Leg: "CA1", Status: sb.LegRinging})
	c.onOffer(sb.OfferNews{Ref: sb.TaskRef{Call: "call/test/2", Task: 1}, Task: "WT1", Reservation: "WR1", Status: sb.ReservationPending})
	c.onTask(sb.TaskNews{Ref: sb.TaskRef{Call: "call/test/2", Task: 1}, Task: "WT1", Status: sb.TaskPending})
	if len(c.legs)+len(c.offers)+len(c.strays) != 0 || c.Task != "" {
		t.Errorf("taken in: %+v", c)
	}
}

func TestLateNewsOfAReservationRingsNobody(t *testing.T) {
	c := &call{id: "call/test/1"}
	c.Task, c.Tasks = "WT1", 1
	ref := sb.TaskRef{Call: "call/test/1", Task: 1}
	tell := func(r sb.ReservationSID, s sb.ReservationStatus) {
		c.onOffer(sb.OfferNews{Ref: ref, Task: "WT1", Reservation: r, Status: s})
	}
	tell("WR1", sb.ReservationTimeout)
	tell("WR1", sb.ReservationPending) // the assignment callback, late
	if o := c.nextOffer(); o != nil {
		t.Errorf("%+v would be rung for", o)
	}
	c.Handled = []sb.ReservationSID{"WR2"} // before the call continued as new
	tell("WR2", sb.ReservationPending)
	if o := c.nextOffer(); o != nil {
		t.Errorf("%+v would be rung for again", o)
	}
	tell("WR3", sb.ReservationPending)
	if o := c.nextOffer(); o == nil || o.reservation != "WR3" {
		t.Errorf("got %+v, want the new one", o)
	}
}

func TestTwinsOfALegAreKeptApart(t *testing.T) {
	c := &call{id: "call/test/1"}
	ref := sb.LegRef{Call: c.id, Attempt: 1, Offer: 1, Party: sb.PartyAgent}
	c.onLeg(sb.LegNews{Ref: ref, Leg: "CA1", Status: sb.LegInProgress, Seconds: -1})
	c.onLeg(sb.LegNews{Ref: ref, Leg: "CA2", Status: sb.LegRinging, Seconds: -1})
	c.onLeg(sb.LegNews{Ref: ref, Leg: "CA3", Status: sb.LegBusy, Seconds: 0})
	c.onRoom(sb.RoomNews{Ref: ref, Conference: "CF1", Event: sb.RoomJoined, Leg: "CA4", Label: ref.Label()})
	if len(c.legs) != 4 || c.legOf(ref).sid != "CA1" || c.legBySID("CA2").status != sb.LegRinging || !c.legBySID("CA3").over() || !c.legBySID("CA4").joined {
		t.Errorf("%d legs", len(c.legs))
	}
}

func TestRoomEndedByNobodyEndsNoLeg(t *testing.T) {
	c := &call{id: "call/test/1"}
	ref := sb.LegRef{Call: c.id, Attempt: 1, Offer: 1, Party: sb.PartyCaller}
	l := c.legOf(ref) // not named by Twilio yet
	l.conference = "CF1"
	c.onRoom(sb.RoomNews{Ref: ref, Conference: "CF1", Event: sb.RoomEnded})
	if l.hungUp() || l.left {
		t.Errorf("%+v", *l)
	}
}

// A signal that comes together with what wakes the process must be heard before a step that cannot be undone.
func TestHearTakesInWhatCameTogether(t *testing.T) {
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.ExecuteWorkflow(func(ctx workflow.Context) (bool, error) {
		c := &call{log: workflow.GetLogger(ctx)}
		woken, wake := workflow.NewFuture(ctx)
		pump(ctx, sb.SignalCancel, "", c.cancel)
		workflow.Go(ctx, func(ctx workflow.Context) {
			_ = workflow.Sleep(ctx, time.Second)
			workflow.GetSignalChannel(ctx, sb.SignalCancel).(workflow.Channel).SendAsync(sb.Cancellation{Reason: sb.ReasonRequester})
			wake.Set(nil, nil)
		})
		if err := woken.Get(ctx, nil); err != nil {
			return false, err
		}
		c.hear(ctx)
		return c.cancelled != nil, nil
	})
	var heard bool
	if err := env.GetWorkflowResult(&heard); err != nil || !heard {
		t.Errorf("heard %v, %v", heard, err)
	}
}

func permutations(n int, do func([]int)) {
	order := make([]int, 0, n)
	used := make([]bool, n)
	var rec func()
	rec = func() {
		if len(order) == n {
			do(order)
			return
		}
		for i := range n {
			if used[i] {
				continue
			}
			used[i] = true
			order = append(order, i)
			rec()
			order = order[:len(order)-1]
			used[i] = false
		}
	}
	rec()
}

// Twilio's seconds are those of its callbacks: of one end they may differ by one. What it says of the cause goes before them.
func TestWhoHungUpGoesByTheCause(t *testing.T) {
	c := &call{id: "call/s/1"}
	agent := sb.LegRef{Call: c.id, Attempt: 1, Offer: 1, Party: sb.PartyAgent}
	caller := agent
	caller.Party = sb.PartyCaller
	at := func(s int) time.Time { return time.Date(2026, 11, 23, 10, 0, s, 0, time.UTC) }
	c.offer = &offer{leg: c.legNamed(agent, "CAa")}
	c.caller = c.legNamed(caller, "CAc")
	c.onLeg(sb.LegNews{Ref: caller, Leg: "CAc", Status: sb.LegCompleted, Seconds: 9, At: at(11)})
	c.onRoom(sb.RoomNews{Ref: agent, Conference: "CF", Event: sb.RoomLeft, Leg: "CAa", At: at(10), Status: sb.LegCompleted})
	c.onRoom(sb.RoomNews{Ref: agent, Conference: "CF", Event: sb.RoomLeft, Leg: "CAc", At: at(10), Status: sb.LegCompleted, HungUp: true})
	if got := c.whoHungUp(nil, c.offer.leg, c.caller); got != sb.PartyCaller {
		t.Errorf("got %q, want the caller, of whom Twilio said so", got)
	}
}
