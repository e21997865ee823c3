package workflows

import (
	"fmt"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// What people see of a call and may do to it. Nothing personal may appear here: search attributes, summaries and
// details are in the clear for everybody who may open the Temporal UI.

// The search attributes of a call.
var (
	AttributeStage   = temporal.NewSearchAttributeKeyKeyword("CallStage")
	AttributeOutcome = temporal.NewSearchAttributeKeyKeyword("CallOutcome")
	AttributeQueue   = temporal.NewSearchAttributeKeyKeyword("CallQueue")
	AttributeAgent   = temporal.NewSearchAttributeKeyKeyword("CallAgent")
	AttributeAttempt = temporal.NewSearchAttributeKeyInt64("CallAttempt")
)

// SearchAttributes are those that must be registered in the namespace before a call runs there: an unregistered one
// stalls the call.
func SearchAttributes() []temporal.SearchAttributeKey {
	return []temporal.SearchAttributeKey{AttributeStage, AttributeOutcome, AttributeQueue, AttributeAgent, AttributeAttempt}
}

// enter makes a stage the present one: for the timeline, the search attributes, the details and Kafka.
func (c *call) enter(ctx workflow.Context, stage sb.Stage, data sb.EventData) {
	data.Stage, data.Attempt = stage, c.Attempt
	c.measureStage(ctx, data)
	c.stage, c.Since, c.lastOutcome = stage, workflow.Now(ctx), data.Outcome
	c.emit(ctx, data)
	what, details := c.describe(stage, data)
	c.note(ctx, "%s", what)
	c.details = details
	workflow.SetCurrentDetails(ctx, details)

	updates := []temporal.SearchAttributeUpdate{AttributeStage.ValueSet(string(stage)), AttributeAttempt.ValueSet(int64(c.Attempt))}
	if c.queueName != "" {
		updates = append(updates, AttributeQueue.ValueSet(c.queueName))
	}
	if c.offer != nil && c.offer.agentName != "" {
		updates = append(updates, AttributeAgent.ValueSet(c.offer.agentName))
	} else if stage == sb.StageQueued {
		updates = append(updates, AttributeAgent.ValueUnset())
	}
	if data.Outcome != "" {
		updates = append(updates, AttributeOutcome.ValueSet(string(data.Outcome)))
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, updates...); err != nil {
		c.log.Error("search attributes could not be set", "Error", err)
	}
}

// describe says in plain words what has happened, and what is going on, since when and what comes next.
func (c *call) describe(stage sb.Stage, d sb.EventData) (what, details string) {
	p := c.in.Policy
	at := c.Since.UTC().Format("15:04:05 UTC on 2 January")
	attempt := fmt.Sprintf("attempt %d", c.Attempt)
	agent := "an agent"
	if c.offer != nil && c.offer.agentName != "" {
		agent = "agent " + c.offer.agentName
	}
	switch stage {
	case sb.StageQueued:
		return "waiting for an agent, " + attempt, fmt.Sprintf(
			"Waiting for an agent since %s (%s). The first free agent with the skills asked for is offered the call; if nobody takes it by %s, the request ends as missed.",
			at, attempt, c.deadline().UTC().Format("15:04 UTC on 2 January"))
	case sb.StageAgentRinging:
		return agent + " is offered the call", fmt.Sprintf(
			"The softphone of %s has been ringing since %s (%s, offer %d). The caller's phone is not rung before the agent is on the line; after %v the call is offered to the next agent.",
			agent, at, attempt, c.Offers, p.AgentRings)
	case sb.StageAgentJoined:
		return agent + " is on the line", fmt.Sprintf("%s has been on the line since %s (%s). The caller's phone is rung next.", upper(agent), at, attempt)
	case sb.StageCallerRinging:
		return "the caller's phone is rung", fmt.Sprintf(
			"The caller's phone has been ringing since %s (%s); %s is on the line. After %v without an answer the agent is freed.", at, attempt, agent, p.CallerRings)
	case sb.StageConnected:
		return "caller and " + agent + " are connected", fmt.Sprintf(
			"The caller and %s have been talking since %s (%s). When one hangs up the other is disconnected, and the agent has %v for the notes.", agent, at, attempt, p.WrapUp)
	case sb.StageWrappingUp:
		return "the conversation is over, " + by(d.HungUpBy), fmt.Sprintf(
			"The conversation ended at %s, %s. %s is finishing the notes and is free for the next call in %v at the latest.", at, by(d.HungUpBy), upper(agent), p.WrapUp)
	case sb.StageRetryPlanned:
		return fmt.Sprintf("%s ended: %s", attempt, outcome(d.Outcome, d.Reason)), fmt.Sprintf(
			"%s ended at %s: %s. The next one begins at %s.", upper(attempt), at, outcome(d.Outcome, d.Reason), d.RetryAt.UTC().Format("15:04:05 UTC on 2 January"))
	default:
		how := outcome(d.Outcome, d.Reason)
		if d.Outcome == sb.Completed {
			how = fmt.Sprintf("a conversation of %d s, %s", d.TalkSeconds, by(d.HungUpBy))
		}
		return "ended: " + how, fmt.Sprintf("Ended at %s: %s, in %s. Nothing comes next.", at, how, plural(d.Attempts, "attempt"))
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func outcome(o sb.Outcome, r sb.Reason) string {
	if r == sb.ReasonNone {
		return string(o)
	}
	return fmt.Sprintf("%s (%s)", o, r)
}

func by(p sb.Party) string {
	if p == sb.PartyNone {
		return "nobody can tell who hung up"
	}
	return "hung up by the " + string(p)
}

func upper(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// note adds a line to the timeline.
func (c *call) note(ctx workflow.Context, format string, args ...any) {
	c.Timeline = cut(append(c.Timeline, sb.TimelineEntry{At: workflow.Now(ctx), What: fmt.Sprintf(format, args...)}))
}

func (c *call) setHandlers(ctx workflow.Context) error {
	if err := workflow.SetQueryHandlerWithOptions(ctx, sb.QueryState, c.state,
		workflow.QueryHandlerOptions{Description: "where the call is"}); err != nil {
		return err
	}
	if err := workflow.SetQueryHandlerWithOptions(ctx, sb.QueryTimeline, func() ([]sb.TimelineEntry, error) { return c.Timeline, nil },
		workflow.QueryHandlerOptions{Description: "what has happened, in plain words"}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, sb.UpdateCancel, func(ctx workflow.Context, why sb.Cancellation) error {
		c.note(ctx, "a person cancelled the request")
		c.cancel(why)
		return nil
	}, workflow.UpdateHandlerOptions{Description: "withdraw the request", Validator: c.mayCancel}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, sb.UpdateHangUp, func(ctx workflow.Context, h sb.HangUp) error {
		c.hangUp, c.talking = &h, false
		return nil
	}, workflow.UpdateHandlerOptions{Description: "end the conversation", Validator: c.mayHangUp}); err != nil {
		return err
	}
	if err := workflow.SetUpdateHandlerWithOptions(ctx, sb.UpdateRejoin, c.comeBack,
		workflow.UpdateHandlerOptions{Description: "ring the agent into the call again: the page was loaded anew", Validator: c.mayRejoin}); err != nil {
		return err
	}
	return workflow.SetUpdateHandlerWithOptions(ctx, sb.UpdateFinishWrapUp, func(ctx workflow.Context, n sb.WrapUp) error {
		c.notes, c.wrapping = &n, false
		return nil
	}, workflow.UpdateHandlerOptions{Description: "the agent is ready for the next call", Validator: c.mayFinishWrapUp})
}

// refusal answers an update that makes no sense now: its text tells the person what to do instead.
func refusal(format string, args ...any) error {
	return temporal.NewApplicationError(fmt.Sprintf(format, args...), "NotNow")
}

func (c *call) mayCancel(_ workflow.Context, why sb.Cancellation) error {
	switch {
	case why.Reason != sb.ReasonOperator && why.Reason != sb.ReasonRequester:
		return refusal("the reason must be %q or %q", sb.ReasonOperator, sb.ReasonRequester)
	case c.stage == sb.StageConnected:
		return refusal("the caller is talking to an agent: hang up instead")
	case c.stage == sb.StageWrappingUp || c.result != nil:
		return refusal("the conversation is over; there is nothing to cancel")
	case c.cancelled != nil:
		return refusal("the request is already cancelled")
	}
	return nil
}

func (c *call) mayHangUp(_ workflow.Context, h sb.HangUp) error {
	switch {
	case h.By != sb.PartyAgent && h.By != sb.PartySwitchboard:
		return refusal("by must be %q or %q", sb.PartyAgent, sb.PartySwitchboard)
	case !c.talking:
		return refusal("there is no conversation to hang up (stage %s); cancel the request instead", c.stage)
	}
	return nil
}

func (c *call) mayFinishWrapUp(_ workflow.Context, n sb.WrapUp) error {
	switch {
	case !c.wrapping:
		return refusal("no wrap-up is going on (stage %s)", c.stage)
	case len([]rune(n.Disposition)) > sb.MaxDispositionLength:
		return refusal("the disposition is longer than %d characters", sb.MaxDispositionLength)
	case len([]rune(n.Note)) > sb.MaxNoteLength:
		return refusal("the note is longer than %d characters", sb.MaxNoteLength)
	}
	return nil
}

func (c *call) state() (sb.State, error) {
	s := sb.State{
		Stage: c.stage, Since: c.Since, Attempt: c.Attempt, Task: c.Task, Agents: c.Agents, RetryAt: c.RetryAt, Details: c.details, Result: c.result,
	}
	if !c.RetryAt.IsZero() {
		s.LastOutcome = c.lastOutcome
	}
	if c.wrapping {
		s.WrapUpUntil = c.Since.Add(time.Duration(c.in.Policy.WrapUp))
	}
	if c.offer != nil {
		s.Agent, s.Offer = c.offer.agent, c.offer.number
		if l := c.offer.leg; l != nil {
			s.AgentLeg, s.Conference = l.sid, l.conference
		}
	}
	if c.caller != nil {
		s.CallerLeg = c.caller.sid
	}
	return s, nil
}
