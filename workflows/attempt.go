package workflows

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// attempt is one try to reach the caller. The numbers are those of the process in docs/process.md.
func (c *call) attempt(ctx workflow.Context) (sb.Result, error) {
	if c.Task == "" { // else this run continues one that was waiting in the queue
		c.Attempt++
	}
	for {
		// 1, 2: a task waits in the queue until an agent is reserved for it.
		end, offered, err := c.waitForAgent(ctx)
		if err != nil {
			return sb.Result{}, err
		}
		if !offered {
			c.release(ctx, end)
			return end, nil
		}
		// 3–6: that agent's softphone rings, the agent joins, the reservation is accepted. If not, the next agent.
		if c.agentJoins(ctx) {
			break
		}
	}
	// 7, 8: only now the caller's phone rings, and the caller joins the agent.
	end, connected := c.callerJoins(ctx)
	if connected {
		// 9: the conversation, its end, the agent's notes.
		end = c.talk(ctx)
		if end.Outcome == sb.Completed {
			c.wrapUp(ctx, &end)
		}
	}
	c.release(ctx, end)
	return end, nil
}

// waitForAgent keeps a task in TaskRouter's queue until an agent is offered the call (c.offer), or there is a reason to
// give up.
func (c *call) waitForAgent(ctx workflow.Context) (end sb.Result, offered bool, err error) {
	pause := taskPause
	for entered := false; ; {
		switch {
		case c.cancelled != nil:
			return c.cancelledResult(), false, nil
		case !workflow.Now(ctx).Before(c.deadline()):
			return sb.Result{Outcome: sb.Missed, Reason: sb.ReasonDeadline}, false, nil
		case !entered:
			c.enter(ctx, sb.StageQueued, sb.EventData{})
			entered = true
			continue
		case c.Task == "":
			c.createTask(ctx)
			continue
		case c.taskOver:
			// Somebody else ended the task: its routing, an operator, TaskRouter. The request still stands.
			c.note(ctx, "the task ended without us; a new one takes its place")
			c.forgetTask(c.Task)
			c.await(ctx, "new task", pause, nil, func() bool { return c.cancelled != nil })
			pause = min(2*pause, taskPauseLast)
			continue
		}
		if o := c.nextOffer(); o != nil && slices.Contains(c.Declined, o.agent) {
			// TaskRouter was quicker with the same agent than we with the exclusion.
			o.taken = true
			c.reject(ctx, o, false)
			continue
		} else if o != nil {
			c.offer = o
			return sb.Result{}, true, nil
		}
		if err := c.continueAsNew(ctx); err != nil {
			return sb.Result{}, false, err
		}
		c.waitInQueue(ctx)
	}
}

// waitInQueue returns when something happened that waitForAgent ought to know.
func (c *call) waitInQueue(ctx workflow.Context) {
	changed := func() bool { return c.cancelled != nil || c.taskOver || c.nextOffer() != nil || c.grownLong(ctx) }
	wait := max(0, c.deadline().Sub(workflow.Now(ctx)))
	if len(c.Declined) == 0 {
		c.awaitLooking(ctx, "deadline", wait, queueLookFirst, queueLookLast, c.lookAtTask, changed)
		return
	}
	// Agents who declined are kept away from this task only as long as somebody else might take it.
	if c.await(ctx, "those who declined may be asked again", min(wait, time.Duration(c.in.Policy.DeclinedFor)), nil, changed) {
		return
	}
	c.Declined = nil
	c.note(ctx, "nobody else is free: agents who declined may be offered the call again")
	c.exclude(ctx)
}

// createTask puts the request into TaskRouter's queue, in the place of the moment the caller asked.
//
// The answer may be lost or overtaken by TaskRouter's own callback; both bring the task's SID to heardOfTask, which
// keeps the first and closes any twin.
func (c *call) createTask(ctx workflow.Context) {
	c.Tasks++
	ref := sb.TaskRef{Call: c.id, Task: c.Tasks, Attempt: c.Attempt}
	c.creating, c.taskOver = true, false
	c.creates++
	createCtx, giveUp := workflow.WithCancel(ctx)
	var failed error
	done := false
	workflow.Go(createCtx, func(ctx workflow.Context) {
		defer func() { done = true; c.creates-- }()
		r := c.in.Request
		ctx = options(ctx, "task into the queue", workflow.ActivityOptions{
			RetryPolicy: &persistent, ScheduleToCloseTimeout: max(time.Second, c.deadline().Sub(workflow.Now(ctx))),
		})
		var out activities.CreateTaskResult
		failed = workflow.ExecuteActivity(ctx, act.CreateTask, activities.CreateTaskInput{
			Ref: ref, RequestedAt: r.RequestedAt, Priority: r.Priority, Skills: r.Skills, Name: r.Caller.Name, Reason: r.Reason,
			Declined: c.Declined, Expires: c.deadline().Add(taskOutlives),
		}).Get(ctx, &out)
		if failed == nil {
			c.heardOfTask(ref, out.Task)
			c.queueName = out.Queue
		}
	})
	c.wait(ctx, func() bool { return done || c.Task != "" || c.cancelled != nil })
	if !done { // a callback brought the task first, or the request is cancelled: no further try
		giveUp()
	}
	if c.Task == "" {
		c.wait(ctx, func() bool { return done })
	}
	c.creating = false
	if c.Task == "" && c.cancelled == nil && failed != nil {
		c.log.Error("no task could be created; trying again", "Error", failed)
		c.note(ctx, "no task could be created; trying again")
		c.await(ctx, "try again to create the task", taskPauseLast, nil, func() bool { return c.cancelled != nil })
	}
}

// agentJoins rings the agent of the current offer and reports whether the agent is on the line and ours. If not, the
// offer has been given back and nobody has been rung.
func (c *call) agentJoins(ctx workflow.Context) bool {
	o := c.offer
	c.Offers++
	o.number, o.taken = c.Offers, true
	c.Handled = append(c.Handled, o.reservation)
	c.enter(ctx, sb.StageAgentRinging, sb.EventData{Agent: o.agent, Queue: c.queueName})

	o.leg = c.legOf(sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: o.number, Party: sb.PartyAgent})
	c.dialAgent(ctx, o)
	if o.leg.sid != "" || o.leg.dialled.Result == activities.Placed {
		rings := time.Duration(c.in.Policy.AgentRings+o.leg.dialled.Queued) + grace
		if !c.await(ctx, "the agent's softphone rings", rings, c.lookAtLegs, func() bool {
			return o.leg.onLine() || o.leg.gone() || !o.standing() || c.cancelled != nil
		}) {
			c.lookOnce(ctx, c.lookAtLegs)
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
		Rings: c.in.Policy.AgentRings, TimeLimit: c.in.Policy.MaxTalk, NotAfter: workflow.Now(ctx).Add(dialWithin),
	}
	o.leg.room, o.leg.to = in.Room, o.contactURI
	c.dial(ctx, o.leg, "ring the agent", workflow.ActivityOptions{
		TaskQueue: sb.DialQueue, ScheduleToCloseTimeout: dialAnswer, Priority: temporal.Priority{PriorityKey: agentLegs},
		RetryPolicy: &temporal.RetryPolicy{InitialInterval: time.Second, MaximumAttempts: 3},
	}, act.DialAgent, in)
}

// Caller legs go before agent legs: an agent already waits for each of them.
const (
	callerLegs = 1
	agentLegs  = 3
)

// dial runs a dial activity and waits until Twilio has named the leg, in its answer or in a callback that overtook it,
// or there will be no answer.
func (c *call) dial(ctx workflow.Context, l *leg, summary string, o workflow.ActivityOptions, activity, in any) {
	l.dialledAt = workflow.Now(ctx)
	done := false
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { done = true }()
		ctx = options(ctx, summary, o)
		var out activities.Dialled
		err := workflow.ExecuteActivity(ctx, activity, in).Get(ctx, &out)
		if err != nil {
			out = activities.Dialled{Result: activities.Ambiguous}
			if neverBegun(err) {
				out.Result = activities.NotSent
			}
		}
		l.dialled = out
		if out.Leg != "" {
			l.named(out.Leg)
		}
		if out.Conference != "" && l.conference == "" {
			l.conference = out.Conference
		}
	})
	c.wait(ctx, func() bool { return done || l.sid != "" && l.conference != "" })
}

// neverBegun: no worker had picked the activity up in time, so nothing was done.
func neverBegun(err error) bool {
	var t *temporal.TimeoutError
	return errors.As(err, &t) && t.TimeoutType() == enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START
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
	declined := o.leg.status == sb.LegBusy || o.status == sb.ReservationRejected
	c.endLegs(ctx, o.leg)
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
	case o.leg.answered:
		c.note(ctx, "the agent answered and could not be brought in")
		c.decline(ctx, o)
	case o.leg.trouble():
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

// callerJoins rings the caller's phone, once, and reports whether the caller is connected with the agent; if not, how
// the attempt ended.
func (c *call) callerJoins(ctx workflow.Context) (sb.Result, bool) {
	agent := c.offer.leg
	if c.cancelled != nil {
		return c.cancelledResult(), false // a cancelled caller is never rung
	}
	l := c.legOf(sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: c.offer.number, Party: sb.PartyCaller})
	c.caller = l
	c.enter(ctx, sb.StageCallerRinging, sb.EventData{})
	c.dialCaller(ctx, l)

	if l.sid == "" {
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
	if !c.await(ctx, "the caller's phone rings", rings, c.lookAtLegs, func() bool {
		return l.onLine() || l.over() || agent.gone() || c.cancelled != nil
	}) {
		// Twilio ends a ring by itself; that nothing was heard means that the news was lost. Perhaps they are talking.
		c.lookOnce(ctx, c.lookAtLegs)
	}
	switch {
	case l.over():
		return c.callerLegEnded(ctx, l)
	case agent.gone():
		return c.withdraw(ctx, l)
	case l.onLine():
		return sb.Result{}, true
	case c.cancelled != nil:
		c.endLegs(ctx, l)
		return c.cancelledResult(), false
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
	c.awaitLooking(ctx, "traces of the caller's leg", evidenceWithin, time.Second, 4*time.Second, func(ctx workflow.Context) func() {
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
	if l.status == sb.LegCompleted && l.seconds < 0 {
		c.lookOnce(ctx, c.lookAtLegs) // how long it was up decides
	}
	switch l.status {
	case sb.LegBusy:
		return sb.Result{Outcome: sb.Busy}, false
	case sb.LegFailed:
		return sb.Result{Outcome: sb.Unreachable}, false
	case sb.LegCompleted:
		if c.talked(l) {
			return sb.Result{}, true // they talked and parted before any news came
		}
		if l.endedByUs && !l.answered { // how Twilio calls the end of a ring that a request ended is not certain
			return sb.Result{Outcome: sb.NoAnswer}, false
		}
		return sb.Result{Outcome: sb.HungUpEarly, HungUpBy: sb.PartyCaller}, false
	default: // no-answer; canceled, by us or in Twilio's console
		return sb.Result{Outcome: sb.NoAnswer}, false
	}
}

// withdraw takes the ring back because the agent has gone. A caller who had just picked up hears an apology. It may
// also turn out that caller and agent have talked, and the agent's end was merely the first news of it: then it reports
// that they were connected.
func (c *call) withdraw(ctx workflow.Context, l *leg) (end sb.Result, connected bool) {
	out := c.takeBack(ctx, l)
	switch {
	case out.Apologised:
		return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonApologised}, false
	case out.Already && (l.status != sb.LegCompleted || c.talked(l) || !c.offer.leg.hungUp):
		// Nothing was taken back: the caller's leg ended first, and the room and the agent's leg with it.
		return c.callerLegEnded(ctx, l)
	}
	c.note(ctx, "the agent dropped while the caller's phone rang; the ring was taken back")
	return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft}, false
}

func (c *call) takeBack(ctx workflow.Context, l *leg) (out activities.WithdrawResult) {
	must(ctx, "take the ring back", act.Withdraw, activities.WithdrawInput{Ref: l.ref, Leg: l.sid, Locale: c.in.Request.Caller.Locale}, &out)
	c.onLeg(out.Leg)
	if out.Apologised {
		c.note(ctx, "the agent dropped as the caller picked up; the caller heard an apology")
		// The sentence ends by itself; the leg is looked after until it has.
		c.await(ctx, "the apology is spoken", grace, nil, l.over)
	}
	return out
}

// talked: the leg was up for longer than it takes to hang up at once.
func (c *call) talked(l *leg) bool {
	return time.Duration(l.seconds)*time.Second >= time.Duration(c.in.Policy.EarlyHangUp)
}

// talk lasts until somebody ends the conversation, and tells who.
func (c *call) talk(ctx workflow.Context) sb.Result {
	agent, caller := c.offer.leg, c.caller
	began := workflow.Now(ctx)
	c.enter(ctx, sb.StageConnected, sb.EventData{Agent: c.offer.agent})
	c.talking = true
	c.bindAgent(ctx)

	machine := func() bool {
		return c.in.Request.DetectMachine && isMachine(caller.answeredBy) && workflow.Now(ctx).Sub(began) < machineWithin
	}
	c.await(ctx, "longest conversation", time.Duration(c.in.Policy.MaxTalk)+grace, c.lookAtLegs, func() bool {
		return caller.gone() || agent.gone() || c.hangUp != nil || c.cancelled != nil || machine()
	})
	c.talking = false
	if agent.gone() && !caller.gone() && workflow.Now(ctx).Sub(began) < time.Duration(c.in.Policy.EarlyHangUp) {
		// Perhaps the agent dropped as the caller picked up: that is no conversation.
		if c.takeBack(ctx, caller).Apologised {
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonApologised}
		}
	}
	naturalEnd := caller.gone() || agent.gone()
	voicemail := !naturalEnd && machine()
	if naturalEnd { // the room ends with either of them; Twilio does that by itself
		c.await(ctx, "both legs end", bothEndWithin, nil, func() bool { return caller.over() && agent.over() })
	}
	c.endLegs(ctx, caller, agent)
	if caller.seconds < 0 { // how long it was up decides whether there was a conversation
		c.lookOnce(ctx, c.lookAtLegs)
	}

	end := sb.Result{Outcome: sb.Completed, TalkSeconds: caller.seconds}
	if end.TalkSeconds < 0 {
		end.TalkSeconds = int(workflow.Now(ctx).Sub(began).Seconds())
	}
	early := time.Duration(end.TalkSeconds)*time.Second < time.Duration(c.in.Policy.EarlyHangUp)
	switch {
	case naturalEnd:
		end.HungUpBy = c.whoHungUp(ctx, agent, caller)
		if end.HungUpBy == sb.PartyCaller && early {
			end.Outcome = sb.HungUpEarly
		}
	case voicemail:
		end.Outcome, end.HungUpBy = sb.Voicemail, sb.PartySwitchboard
	case c.hangUp != nil:
		end.HungUpBy = c.hangUp.By
	case c.cancelled != nil:
		end.HungUpBy, end.Reason = sb.PartySwitchboard, c.cancelled.Reason
		if early {
			end = c.cancelledResult()
		}
	default:
		end.HungUpBy, end.Reason = sb.PartySwitchboard, sb.ReasonTalkLimit
	}
	return end
}

// bindAgent lets the room end with the agent's leg from now on: neither side is left alone even if we die. The
// conversation does not wait for it.
func (c *call) bindAgent(ctx workflow.Context) {
	in := activities.BindAgentInput{Conference: c.offer.leg.conference, Leg: c.offer.leg.sid}
	workflow.Go(ctx, func(ctx workflow.Context) {
		actx := options(ctx, "the room ends with the agent", workflow.ActivityOptions{
			RetryPolicy: &persistent, ScheduleToCloseTimeout: 5 * time.Minute,
		})
		if err := workflow.ExecuteActivity(actx, act.BindAgent, in).Get(actx, nil); err != nil {
			c.log.Warn("the room does not end with the agent's leg; the caller's leg is ended by us", "Error", err)
		}
	})
}

// whoHungUp tells which of the two legs ended the conversation. The news of a leg's end can come before that of its
// cause, so it is waited for, then looked for.
func (c *call) whoHungUp(ctx workflow.Context, agent, caller *leg) sb.Party {
	known := func() bool { return agent.hungUp != caller.hungUp }
	if !known() && !c.await(ctx, "who hung up", causeWithin, nil, known) {
		c.lookOnce(ctx, c.lookAtLegs)
	}
	switch {
	case agent.hungUp && !caller.hungUp:
		return sb.PartyAgent
	case caller.hungUp && !agent.hungUp:
		return sb.PartyCaller
	case !agent.endedAt.IsZero() && !caller.endedAt.IsZero() && agent.endedAt.Before(caller.endedAt):
		return sb.PartyAgent
	default:
		return sb.PartyCaller
	}
}

func isMachine(answeredBy string) bool {
	return len(answeredBy) >= 7 && answeredBy[:7] == "machine" || answeredBy == "fax"
}

// wrapUp gives the agent time to finish the notes before the next call is offered.
func (c *call) wrapUp(ctx workflow.Context, end *sb.Result) {
	c.enter(ctx, sb.StageWrappingUp, sb.EventData{Agent: c.offer.agent, HungUpBy: end.HungUpBy, TalkSeconds: end.TalkSeconds})
	c.wrapping = true
	c.await(ctx, "wrap-up", time.Duration(c.in.Policy.WrapUp), nil, func() bool { return c.notes != nil })
	c.wrapping = false
	if c.notes != nil {
		end.Disposition, end.Note = c.notes.Disposition, c.notes.Note
	}
}

// release leaves nothing of an attempt behind: no leg, no room, no task. The agent is free when the task is closed, so
// that comes last, after the agent's leg is seen ended.
func (c *call) release(ctx workflow.Context, end sb.Result) {
	var agent *leg
	if c.offer != nil {
		agent = c.offer.leg
	}
	c.endLegs(ctx, c.caller, agent)
	if c.Task != "" {
		c.closeTask(ctx, string(end.Outcome))
	}
	c.offer, c.caller, c.hangUp, c.notes = nil, nil, nil, nil
	c.Declined = nil
}

func (c *call) closeTask(ctx workflow.Context, reason string) {
	task := c.Task
	must(ctx, "close the task", act.CloseTask, activities.CloseTaskInput{Task: task, Reason: reason}, nil)
	c.forgetTask(task)
}

// roomName names a conference so that no two offers share one; names are seen in logs, so it is a hash.
func roomName(r sb.LegRef) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d", r.Call, r.Attempt, r.Offer))
	return "switchboard-" + hex.EncodeToString(sum[:12])
}
