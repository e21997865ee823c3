package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// callerJoins rings the caller's phone, once, and reports whether the caller is connected with the agent; if not, how
// the attempt ended.
func (c *call) callerJoins(ctx workflow.Context) (sb.Result, bool) {
	if c.cancelled != nil {
		return c.cancelledResult(), false // a cancelled caller is never rung
	}
	l := c.legOf(sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: c.offer.number, Party: sb.PartyCaller})
	c.caller = l
	c.enter(ctx, sb.StageCallerRinging, sb.EventData{})
	c.dialCaller(ctx, l)

	if l.sid == "" {
		if c.cancelled != nil && l.dialled.Result != activities.Ambiguous {
			return c.cancelledResult(), false // and nobody was rung
		}
		switch l.dialled.Result {
		case activities.BadNumber:
			return sb.Result{Outcome: sb.Unreachable}, false
		case activities.NoRoom:
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
		case activities.NotSent:
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonNotDialled}, false
		case activities.Refused:
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonRefused}, false
		}
		// The answer was lost. It is never posted again; perhaps there are traces.
		if !c.findEvidence(ctx, l) {
			c.note(ctx, "no trace of the caller's leg: it may have rung, nobody can tell")
			return sb.Result{Outcome: sb.Uncertain, Reason: sb.ReasonNoEvidence}, false
		}
	}

	rings := time.Duration(c.in.Policy.CallerRings+l.dialled.Queued) + grace
	decided := func() bool { return l.onLine() || l.over() || c.agentGone() || c.cancelled != nil }
	if !c.await(ctx, "the caller's phone rings", rings, c.lookAtLegs, func() bool { return l.answered || decided() }) {
		// Twilio ends a ring by itself; that nothing was heard means that the news was lost. Perhaps they are talking.
		c.lookOnce(ctx, c.lookAtLegs, decided)
	}
	if l.answered && !decided() { // who has answered is let in at once; that nothing is heard of it means the same
		if !c.awaitLooking(ctx, "the caller comes in", grace, time.Second, 4*time.Second, c.lookAtLegs, decided) {
			c.lookOnce(ctx, c.lookAtLegs, decided)
		}
	}
	switch {
	case l.over():
		return c.callerLegEnded(ctx, l)
	case l.onLine() && !c.agentGone(), c.met(ctx, l):
		return sb.Result{}, true
	case c.agentGone():
		return c.withdraw(ctx, l)
	case c.cancelled != nil:
		c.endLegs(ctx, l)
		return c.cancelledResult(), c.met(ctx, l) // perhaps they were talking, and nobody had told
	}
	c.endLegs(ctx, l)
	return c.callerLegEnded(ctx, l)
}

func (c *call) dialCaller(ctx workflow.Context, l *leg) {
	r := c.in.Request
	l.to = r.Caller.Phone
	l.conference = c.offer.leg.conference
	in := activities.DialCallerInput{
		Ref: l.ref, Conference: l.conference, Phone: r.Caller.Phone, Locale: r.Caller.Locale, DetectMachine: r.DetectMachine,
		Rings: c.in.Policy.CallerRings, TimeLimit: c.in.Policy.MaxTalk, NotAfter: workflow.Now(ctx).Add(dialWithin),
	}
	// One attempt, whatever happens: a repeated dial could ring twice.
	c.dial(ctx, l, "ring the caller", workflow.ActivityOptions{
		TaskQueue: sb.DialQueue, ScheduleToStartTimeout: dialWithin, StartToCloseTimeout: dialAnswer,
		Priority: temporal.Priority{PriorityKey: callerLegs}, RetryPolicy: &once,
	}, act.DialCaller, in)
}

// findEvidence looks for a leg whose dial had no clear answer: a callback that carries the leg's name, a participant
// with its label, a call to that number since.
func (c *call) findEvidence(ctx workflow.Context, l *leg) bool {
	c.note(ctx, "the answer to the dial was lost; looking for traces")
	c.awaitLooking(ctx, "traces of the "+string(l.ref.Party)+"'s leg", evidenceWithin, time.Second, 4*time.Second, func(ctx workflow.Context) func() {
		return c.findLeg(ctx, l)
	}, func() bool { return l.sid != "" })
	if l.sid == "" {
		c.doubt(ctx, l)
		return false
	}
	return true
}

// callerLegEnded names the outcome of a caller's leg that ended before we saw both in the room.
func (c *call) callerLegEnded(ctx workflow.Context, l *leg) (sb.Result, bool) {
	if l.status == sb.LegCompleted { // how long it was up decides
		c.learnSeconds(ctx, "how long the caller was on the line", l)
	}
	switch l.status {
	case sb.LegBusy:
		return sb.Result{Outcome: sb.Busy}, false
	case sb.LegFailed:
		return sb.Result{Outcome: sb.Unreachable}, false
	case sb.LegCompleted:
		agent := c.offer.leg
		c.endLegs(ctx, agent) // it ends with the caller's, or has ended before: this tells
		switch {
		case wentFirst(agent, l) && !c.met(ctx, l): // nobody was there when the caller picked up
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
		case c.talked(ctx, l):
			return sb.Result{}, true // they talked and parted before any news came
		case l.endedByUs && !l.answered: // how Twilio calls the end of a ring that a request ended is not certain
			return sb.Result{Outcome: sb.NoAnswer}, false
		case agent.surely, earlier(l.endedAt, agent.endedAt): // the agent was there to the end
			return sb.Result{Outcome: sb.HungUpEarly, HungUpBy: sb.PartyCaller}, false
		case agent.endedByLimit(c.agentLimit(), l):
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
		}
		by := c.whoHungUp(ctx, agent, l)
		if by == sb.PartyAgent {
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
		}
		return sb.Result{Outcome: sb.HungUpEarly, HungUpBy: by}, false
	case sb.LegCanceled:
		// By us, or in Twilio's console; or the room ended while it rang, because the agent had left: then the agent's leg
		// is over, which ending it tells for certain.
		if l.endedByUs {
			break
		}
		agent := c.offer.leg
		c.endLegs(ctx, agent)
		if !agent.surely && !longBefore(l.endedAt, agent.endedAt) {
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
		}
	}
	return sb.Result{Outcome: sb.NoAnswer}, false
}

// withdraw takes the ring back because the agent has gone. A caller who had just picked up hears an apology. It may
// also turn out that caller and agent have talked, and the agent's end was merely the first news of it: then it reports
// that they were connected.
func (c *call) withdraw(ctx workflow.Context, l *leg) (end sb.Result, connected bool) {
	agent := c.offer.leg
	out := c.takeBack(ctx, l)
	switch {
	case out.Apologised && c.met(ctx, l):
		return sb.Result{}, true
	case out.Apologised:
		return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonApologised}, false
	case l.status == sb.LegBusy, l.status == sb.LegFailed, l.status == sb.LegNoAnswer: // no ring that is taken back ends so
		return c.callerLegEnded(ctx, l)
	}
	if !agent.leftFor {
		c.learnWhoHungUp(ctx, agent, l)
	}
	switch {
	case earlier(l.endedAt, agent.endedAt), // the ring was over before the agent went
		!agent.hungUp() && (agent.leftFor || l.endedRoom),                                   // the agent was put out; it was not the agent who went
		out.Already && (l.status != sb.LegCompleted || c.talked(ctx, l) || !agent.hungUp()): // it was over when we came
		// Nothing was taken back: the caller's leg ended first, and the room and the agent's leg with it.
		return c.callerLegEnded(ctx, l)
	}
	c.note(ctx, "the agent dropped while the caller's phone rang; the ring was taken back")
	return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
}

func (c *call) takeBack(ctx workflow.Context, l *leg) (out activities.WithdrawResult) {
	asked := workflow.Now(ctx)
	must(ctx, "take the ring back", act.Withdraw, activities.WithdrawInput{Ref: l.ref, Leg: l.sid, Locale: c.in.Request.Caller.Locale}, &out)
	c.onLeg(out.Leg)
	out.Already = out.Already || longBefore(l.endedAt, asked.Add(-clockSkew))
	if out.Apologised {
		c.note(ctx, "the agent dropped as the caller picked up; the caller heard an apology")
		// The sentence ends by itself; the leg is looked after until it has.
		c.await(ctx, "the apology is spoken", grace, nil, l.over)
		if !l.answered { // nobody had told that the caller had picked up: perhaps long ago
			c.learnSeconds(ctx, "how long the caller was on the line", l)
		}
	}
	return out
}

// met: the caller has picked up, and was with the agent for so long that it was a conversation, whether or not we have
// been told that they were together.
func (c *call) met(ctx workflow.Context, l *leg) bool {
	now := workflow.Now(ctx)
	return l.answered && !c.brief(first(c.agentEnded(), now).Sub(l.pickedUp(now)))
}

// talked: the leg was up for longer than it takes to hang up at once.
func (c *call) talked(ctx workflow.Context, l *leg) bool {
	return l.answered && !c.brief(l.up(l.endedAt, workflow.Now(ctx)))
}
