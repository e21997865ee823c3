package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// An agent whose page was loaded again, or crashed, has lost the softphone that was in the call. Twilio keeps the dead
// leg for a while, and the room ends with it. Before that the agent is rung a second time, into the same room, and
// takes the place of the dead leg: for the caller the conversation goes on.

// comeBack rings the agent into the call again. Its error tells the agent why that was not possible.
func (c *call) comeBack(ctx workflow.Context, _ sb.Rejoin) error {
	o, dead := c.offer, c.offer.leg
	c.Offers++
	back := c.legOf(sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: c.Offers, Party: sb.PartyAgent})
	o.returning = back
	c.note(ctx, "the agent's page was loaded again; the agent is rung back into the call")

	going := func() bool { return c.offer == o && c.inRoom() }
	var problem error
	switch {
	case !c.await(ctx, "the room is bound to the agent's leg", bindWithin, nil, func() bool { return c.bindings == 0 }),
		!c.looseRoom(ctx, dead):
		problem = refusal("the call cannot be changed at the moment; try again")
	case !going() || !c.ringBack(ctx, o, going):
		problem = refusal("you could not be brought back into the call")
	}
	o.returning = nil // from here on a leg that is up and has no place is ended like any stray
	if problem != nil {
		if going() && c.talking && dead.onLine() {
			c.bindAgent(ctx)
		}
		return problem
	}
	o.leg = back
	c.note(ctx, "the agent is back in the call")
	if c.talking {
		c.bindAgent(ctx)
	}
	c.endLeg(ctx, dead)
	return nil
}

// ringBack rings the agent into the room and reports whether the agent came in while the call was still going on: perhaps
// to hang up at once, which is the end of the call whatever becomes of the lost leg.
func (c *call) ringBack(ctx workflow.Context, o *offer, going func() bool) bool {
	back := o.returning
	c.dialAgentAgain(ctx, o, back)
	if back.sid == "" && (back.dialled.Result != activities.Ambiguous || !c.findEvidence(ctx, back)) {
		return false
	}
	rings := time.Duration(c.in.Policy.AgentRings+back.dialled.Queued) + grace
	decided := func() bool { return back.onLine() || back.gone() || !going() }
	if !c.await(ctx, "the agent's softphone rings again", rings, c.lookAtReturning, decided) {
		c.lookOnce(ctx, c.lookAtReturning, decided)
	}
	return going() && (back.onLine() || back.hungUp())
}

// inRoom: there is a conference that the agent can be brought back into.
func (c *call) inRoom() bool {
	switch c.stage {
	case sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected:
		return !c.offer.roomOver && c.cancelled == nil && c.hangUp == nil && (c.caller == nil || !c.caller.gone())
	}
	return false
}

// agentGone: the agent's leg is gone and nobody is coming back in its place, or there is no room to come back into: the
// lost leg was the only one in it.
func (c *call) agentGone() bool {
	o := c.offer
	return o.leg.gone() && (o.returning == nil || o.roomOver)
}

// looseRoom lets the room outlive the dead leg, and reports whether it does.
func (c *call) looseRoom(ctx workflow.Context, dead *leg) bool {
	actx := options(ctx, "the room outlives the dead leg", workflow.ActivityOptions{
		RetryPolicy: &persistent, ScheduleToCloseTimeout: bindWithin,
	})
	in := activities.BindAgentInput{Conference: dead.conference, Leg: dead.sid, Loose: true}
	dead.bound = false
	return workflow.ExecuteActivity(actx, act.BindAgent, in).Get(actx, nil) == nil
}

func (c *call) dialAgentAgain(ctx workflow.Context, o *offer, back *leg) {
	in := activities.DialAgentInput{
		Ref: back.ref, Conference: o.leg.conference, Agent: o.agent, ContactURI: o.contactURI, Rejoin: true,
		Rings: c.in.Policy.AgentRings, TimeLimit: c.agentLimit(), NotAfter: workflow.Now(ctx).Add(dialWithin),
	}
	back.conference, back.to = o.leg.conference, o.contactURI
	c.dial(ctx, back, "ring the agent back into the call", workflow.ActivityOptions{
		TaskQueue: sb.DialQueue, ScheduleToCloseTimeout: dialAnswer, Priority: temporal.Priority{PriorityKey: callerLegs},
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 3},
	}, act.DialAgent, in)
}

func (c *call) lookAtReturning(ctx workflow.Context) func() {
	if c.offer == nil || c.offer.returning == nil {
		return nil
	}
	back := c.offer.returning
	return c.lookAt(ctx, activities.LookAtLegsInput{Conference: back.conference, Agent: activities.LegToLookAt{Ref: back.ref, Leg: back.sid}})
}

func (c *call) mayRejoin(_ workflow.Context, r sb.Rejoin) error {
	switch {
	case c.offer == nil || c.offer.leg == nil || !c.inRoom():
		return refusal("there is no call to come back into (stage %s)", c.stage)
	case r.Agent != c.offer.agent:
		return refusal("the call is another agent's")
	case c.offer.returning != nil:
		return refusal("you are being rung already")
	case !c.offer.leg.onLine():
		return refusal("your place in the call is lost")
	}
	return nil
}
