package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// talk lasts until somebody ends the conversation, and tells who.
func (c *call) talk(ctx workflow.Context) sb.Result {
	caller := c.caller
	began := workflow.Now(ctx)
	c.enter(ctx, sb.StageConnected, sb.EventData{Agent: c.offer.agent})
	c.talking = true
	c.bindAgent(ctx)

	machine := func() bool {
		return c.in.Request.DetectMachine && isMachine(caller.answeredBy) && workflow.Now(ctx).Sub(began) < machineWithin
	}
	c.await(ctx, "longest conversation", time.Duration(c.in.Policy.MaxTalk)+grace, c.lookAtLegs, func() bool {
		return caller.gone() || c.agentGone() || c.hangUp != nil || c.cancelled != nil || machine()
	})
	c.talking = false
	agent := c.offer.leg // perhaps not the one it began with, see comeBack
	if agent.gone() && !caller.gone() && c.hangUp == nil && c.brief(first(agent.endedAt, workflow.Now(ctx)).Sub(caller.pickedUp(began))) {
		// Perhaps the agent dropped as the caller picked up: that is no conversation.
		if c.takeBack(ctx, caller).Apologised && !c.met(ctx, caller) {
			return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonApologised}
		}
	}
	p := parting{began: began, unawares: caller.endedByUs}
	// After hang_up or a cancellation the agent's end proves nothing: it may be the lost leg of one who is coming back.
	p.byThemselves = !p.unawares && (caller.gone() || agent.gone() && c.hangUp == nil && c.cancelled == nil)
	p.voicemail = !p.byThemselves && machine()
	if p.byThemselves { // the room ends with either of them; Twilio does that by itself
		limit := bothEndWithin
		if !caller.gone() && !agent.bound { // or it does not end, and the caller is alone
			limit = blink
		}
		c.await(ctx, "both legs end", limit, nil, func() bool { return caller.over() && agent.over() })
	}
	now := workflow.Now(ctx)
	c.endLegs(ctx, caller, agent)
	p.byThemselves = p.byThemselves || !p.unawares && endedWithoutUs(now, caller, agent) // and nobody had told
	return c.howItEnded(ctx, p, agent, caller)
}

// parting is what is known of how a conversation came to its end.
type parting struct {
	began        time.Time // the conversation, as far as we were told
	byThemselves bool      // one of the two hung up, or Twilio ended a leg
	voicemail    bool
	unawares     bool // we had ended the caller's leg before we knew that they were talking
}

// howItEnded names the outcome of a conversation that is over: whether it was one, and who ended it.
func (c *call) howItEnded(ctx workflow.Context, p parting, agent, caller *leg) sb.Result {
	// How long it was up decides whether there was a conversation.
	c.learnSeconds(ctx, "how long they talked", caller)
	talked := caller.up(p.began, workflow.Now(ctx))
	early := c.brief(talked)
	if gone, picked := c.agentEnded(), caller.pickedUp(p.began); earlier(gone, picked) {
		return sb.Result{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft} // before the caller picked up, and nobody had told
	}
	end := sb.Result{Outcome: sb.Completed, TalkSeconds: int(talked.Seconds())}
	switch {
	case p.byThemselves && (caller.endedByLimit(c.in.Policy.MaxTalk, agent) || agent.endedByLimit(c.agentLimit(), caller)): // Twilio was first
		end.HungUpBy, end.Reason = sb.PartySwitchboard, sb.ReasonTalkLimit
	case p.byThemselves:
		end.HungUpBy = c.whoHungUp(ctx, agent, caller)
		if end.HungUpBy != sb.PartyAgent && early {
			end.Outcome = sb.HungUpEarly
		}
	case p.voicemail:
		end.Outcome, end.HungUpBy = sb.Voicemail, sb.PartySwitchboard
	case c.hangUp != nil:
		end.HungUpBy = c.hangUp.By
	case c.cancelled != nil:
		end.HungUpBy, end.Reason = sb.PartySwitchboard, c.cancelled.Reason
		if !caller.surely { // or somebody was quicker
			end.HungUpBy = sb.PartyNone
		}
		if early {
			end = c.cancelledResult()
		}
	case p.unawares && (earlier(agent.endedAt, caller.endedAt) || agent.hungUp() && !earlier(caller.endedAt, agent.endedAt)): // we only ended what was left
		end.HungUpBy = sb.PartyAgent
	case p.unawares && !caller.surely:
		end.HungUpBy = sb.PartyNone
	case p.unawares:
		end.HungUpBy = sb.PartySwitchboard
	default:
		end.HungUpBy, end.Reason = sb.PartySwitchboard, sb.ReasonTalkLimit
	}
	return end
}

// bindAgent lets the room end with the agent's leg from now on: neither side is left alone even if we die. The
// conversation does not wait for it.
func (c *call) bindAgent(ctx workflow.Context) {
	o := c.offer
	workflow.Go(ctx, func(ctx workflow.Context) {
		c.wait(ctx, func() bool { return o.returning == nil })
		if c.offer != o {
			return
		}
		c.bindings++
		defer func() { c.bindings-- }()
		l := o.leg
		in := activities.BindAgentInput{Conference: l.conference, Leg: l.sid}
		actx := options(ctx, "the room ends with the agent", workflow.ActivityOptions{
			RetryPolicy: &persistent, ScheduleToCloseTimeout: 5 * time.Minute,
		})
		if err := workflow.ExecuteActivity(actx, act.BindAgent, in).Get(actx, nil); err != nil {
			c.log.Warn("the room does not end with the agent's leg; the caller's leg is ended by us", "Error", err)
			return
		}
		l.bound = true
	})
}

// whoHungUp tells which of the two legs ended the conversation. The news of a leg's end can come before that of its
// cause, so it is waited for, then looked for.
func (c *call) whoHungUp(ctx workflow.Context, agent, caller *leg) sb.Party {
	c.learnWhoHungUp(ctx, agent, caller)
	switch {
	case longBefore(agent.endedAt, caller.endedAt), agent.hungUp() && !caller.hungUp() && !longBefore(caller.endedAt, agent.endedAt):
		return sb.PartyAgent
	case longBefore(caller.endedAt, agent.endedAt), caller.hungUp() && !agent.hungUp() && (agent.leftFor || !earlier(agent.endedAt, caller.endedAt)):
		return sb.PartyCaller
	case earlier(agent.endedAt, caller.endedAt):
		return sb.PartyAgent
	case earlier(caller.endedAt, agent.endedAt):
		return sb.PartyCaller
	default:
		return sb.PartyNone // nobody can tell
	}
}

// learnWhoHungUp returns when Twilio has told which of the two went by itself, or did not, asked three times.
func (c *call) learnWhoHungUp(ctx workflow.Context, agent, caller *leg) {
	known := func() bool { return agent.hungUp() != caller.hungUp() }
	if !known() && !c.await(ctx, "who hung up", causeWithin, nil, known) {
		c.lookUntil(ctx, "who hung up", known)
	}
}

// earlier, by Twilio's times, as far as both are known.
func earlier(a, b time.Time) bool { return !a.IsZero() && !b.IsZero() && a.Before(b) }

// longBefore: so much earlier that it was not the same moment, by Twilio's times, which are in whole seconds.
func longBefore(a, b time.Time) bool {
	return !a.IsZero() && !b.IsZero() && b.Sub(a) > time.Second
}

// wentFirst: one leg ended before another, by their times and by what is known of why they ended.
func wentFirst(one, other *leg) bool {
	return longBefore(one.endedAt, other.endedAt) || earlier(one.endedAt, other.endedAt) && (one.hungUp() || !other.hungUp())
}

// endedWithoutUs: when we came to end the legs both had ended, or the caller's so long ago that it was not our doing. The
// agent's alone may be one that was lost, and whose agent is coming back.
func endedWithoutUs(now time.Time, caller, agent *leg) bool {
	return longBefore(caller.endedAt, now.Add(-clockSkew)) || !caller.endedByUs && !agent.endedByUs
}

// brief: too short for a conversation.
func (c *call) brief(d time.Duration) bool { return d < time.Duration(c.in.Policy.EarlyHangUp) }

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
