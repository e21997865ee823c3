package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// agentJoins rings the agent of the current offer and reports whether the agent is on the line and ours. If not, the
// offer has been given back and nobody has been rung.
func (c *call) agentJoins(ctx workflow.Context) bool {
	o := c.offer
	c.Offers++
	o.number, o.taken = c.Offers, true
	c.Handled = append(c.Handled, o.reservation)
	c.Agents = append(slices.DeleteFunc(c.Agents, func(a sb.AgentSID) bool { return a == o.agent }), o.agent)
	c.enter(ctx, sb.StageAgentRinging, sb.EventData{Agent: o.agent, Queue: c.queueName})

	o.leg = c.legOf(sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: o.number, Party: sb.PartyAgent})
	c.dialAgent(ctx, o)
	if o.leg.sid != "" || o.leg.dialled.Result == activities.Placed {
		rings := time.Duration(c.in.Policy.AgentRings+o.leg.dialled.Queued) + grace
		decided := func() bool { return o.leg.onLine() || o.leg.gone() || !o.standing() || c.cancelled != nil }
		if !c.await(ctx, "the agent's softphone rings", rings, c.lookAtLegs, decided) {
			c.lookOnce(ctx, c.lookAtLegs, decided)
		}
	}
	// Never earlier: an accepted task cannot go back into the queue.
	if o.leg.onLine() && o.standing() && c.cancelled == nil && c.accept(ctx, o) {
		c.enter(ctx, sb.StageAgentJoined, sb.EventData{Agent: o.agent})
		return true
	}
	c.giveBack(ctx, o)
	return false
}

// dialAgent may be repeated: the label admits one live leg to a room. It returns early when a callback has named the leg.
func (c *call) dialAgent(ctx workflow.Context, o *offer) {
	in := activities.DialAgentInput{
		Ref: o.leg.ref, Room: roomName(o.leg.ref), Agent: o.agent, ContactURI: o.contactURI,
		Rings: c.in.Policy.AgentRings, TimeLimit: c.agentLimit(), NotAfter: workflow.Now(ctx).Add(dialWithin),
	}
	o.leg.room, o.leg.to = in.Room, o.contactURI
	c.dial(ctx, o.leg, "ring the agent", workflow.ActivityOptions{
		TaskQueue: sb.DialQueue, ScheduleToCloseTimeout: dialAnswer, Priority: temporal.Priority{PriorityKey: agentLegs},
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 3},
	}, act.DialAgent, in)
}

// agentLimit is how long Twilio lets the agent's leg last: the longest conversation, and the ring before it, as far as
// Twilio grants that.
func (c *call) agentLimit() sb.Duration {
	return min(c.in.Policy.MaxTalk+c.in.Policy.CallerRings+sb.Duration(dialAnswer), longestLeg)
}

// accept takes the reservation, now that the agent is on the line, and sees it taken.
func (c *call) accept(ctx workflow.Context, o *offer) bool {
	actx := options(ctx, "accept the reservation", workflow.ActivityOptions{
		ScheduleToCloseTimeout: acceptWithin, RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 5 * time.Second},
	})
	var out activities.OfferResult
	err := workflow.ExecuteActivity(actx, act.AcceptOffer, activities.OfferInput{Task: c.Task, Reservation: o.reservation}).Get(actx, &out)
	if err != nil {
		// It may be accepted and it may not; a task in doubt is closed and a new one keeps the caller's place.
		o.doubtful = true
		return false
	}
	o.advance(out.Status)
	if o.status != sb.ReservationAccepted {
		c.note(ctx, "the reservation could not be accepted any more (%s)", out.Status)
	}
	c.hear(ctx) // the next step rings the caller's phone
	return o.status == sb.ReservationAccepted && o.leg.onLine() && c.cancelled == nil
}

// giveBack ends an offer that came to nothing: the agent's leg first, then the reservation in the way that is fair to
// the agent. The request stays in the queue.
func (c *call) giveBack(ctx workflow.Context, o *offer) {
	trouble := o.leg.trouble() // a leg that turns up while it is being ended has rung for nobody
	c.endLegs(ctx, o.leg)
	declined := o.leg.status == sb.LegBusy || o.status == sb.ReservationRejected // the room's news can come before the leg's
	c.offer = nil
	switch {
	case o.status == sb.ReservationAccepted, o.doubtful:
		// Accepted tasks cannot go back into the queue: a new one keeps the caller's place.
		c.note(ctx, "the agent is gone after accepting; a new task keeps the caller's place")
		c.closeTask(ctx, string(sb.ReasonAgentLeft))
	case c.cancelled != nil: // the whole task is about to be closed, and the reservation with it
	case declined:
		c.note(ctx, "the agent declined")
		c.decline(ctx, o)
	case o.status != sb.ReservationPending:
		c.note(ctx, "TaskRouter took the offer back (%s)", o.status)
	case slices.ContainsFunc(c.legs, func(l *leg) bool { return l.ref == o.leg.ref && l.wasAnswered() }): // a twin of it, perhaps
		c.note(ctx, "the agent answered and could not be brought in")
		c.decline(ctx, o)
	case trouble:
		// Ours or Twilio's fault, not the agent's: keep the task away from this agent for a while, punish nobody.
		c.note(ctx, "the agent's leg could not be dialled (%s, code %d)", o.leg.dialled.Result, o.leg.dialled.Code)
		c.decline(ctx, o)
	default:
		c.note(ctx, "the agent did not answer: missed call")
		c.reject(ctx, o, true)
	}
}

// decline keeps the task away from the agent first and gives the reservation back second: the other way round
// TaskRouter would offer the same task to the same agent at once.
func (c *call) decline(ctx workflow.Context, o *offer) {
	c.Declined = append(c.Declined, o.agent)
	c.exclude(ctx)
	if o.status == sb.ReservationPending && c.Task != "" {
		c.reject(ctx, o, false)
	}
}

// exclude tells TaskRouter whom the task is kept away from. If that cannot be done the task is closed: a new one is
// made with the exclusions.
func (c *call) exclude(ctx workflow.Context) {
	actx := options(ctx, "agents who declined", workflow.ActivityOptions{RetryPolicy: &persistent, ScheduleToCloseTimeout: excludeWithin})
	err := workflow.ExecuteActivity(actx, act.Exclude, activities.ExcludeInput{Task: c.Task, Declined: c.Declined}).Get(actx, nil)
	if err != nil {
		c.log.Warn("the task could not be kept away from agents who declined; a new one takes its place", "Error", err)
		c.closeTask(ctx, "replaced")
	}
}

func (c *call) reject(ctx workflow.Context, o *offer, missed bool) {
	var out activities.OfferResult
	must(ctx, "give the reservation back", act.RejectOffer, activities.RejectOfferInput{
		OfferInput: activities.OfferInput{Task: c.Task, Reservation: o.reservation}, Missed: missed,
	}, &out)
	o.advance(out.Status)
	if out.Status == sb.ReservationAccepted {
		c.closeTask(ctx, string(sb.ReasonAgentLeft))
	}
}

// roomName names a conference so that no two offers share one; names are seen in logs, so it is a hash.
func roomName(r sb.LegRef) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", r.Call, r.Attempt, r.Offer))
	return "switchboard-" + hex.EncodeToString(sum[:12])
}
