package main

import (
	"fmt"
	"time"

	sb "switchboard"
)

// tell says in plain words what an event means.
func tell(e sb.Event, agentName func(sb.AgentSID) string) string {
	d := e.Data
	agent := "an agent"
	if d.Agent != "" {
		agent = agentName(d.Agent)
	}
	switch d.Stage {
	case sb.StageQueued:
		if d.Attempt > 1 {
			return fmt.Sprintf("waits for an agent again (attempt %d)", d.Attempt)
		}
		return "waits for an agent"
	case sb.StageAgentRinging:
		return agent + "'s softphone rings"
	case sb.StageAgentJoined:
		return agent + " is on the line"
	case sb.StageCallerRinging:
		return "the caller's phone rings"
	case sb.StageConnected:
		return "talks with " + agent
	case sb.StageWrappingUp:
		return hungUp(d, agent) + ", " + agent + " finishes the notes"
	case sb.StageRetryPlanned:
		return fmt.Sprintf("%s; the next attempt is at %s", outcomes[d.Outcome], d.RetryAt.Local().Format(time.TimeOnly))
	case sb.StageEnded:
		return "ended: " + ended(d)
	}
	return string(d.Stage) // one that this page does not know yet
}

// outcomes in words.
var outcomes = map[sb.Outcome]string{
	sb.Completed:   "a conversation took place",
	sb.Busy:        "the caller's line was engaged",
	sb.NoAnswer:    "nobody picked up",
	sb.Unreachable: "the number cannot be reached",
	sb.HungUpEarly: "the caller picked up and hung up at once",
	sb.Voicemail:   "a machine picked up",
	sb.Missed:      "no agent was free in time",
	sb.Cancelled:   "cancelled",
	sb.Uncertain:   "nobody can tell whether the caller was rung",
	sb.Failed:      "failed, by a fault of ours",
}

func hungUp(d sb.EventData, agent string) string {
	who := map[sb.Party]string{sb.PartyAgent: agent + " hung up", sb.PartyCaller: "the caller hung up"}[d.HungUpBy]
	if who == "" {
		who = "the conversation is over"
	}
	if d.TalkSeconds > 0 {
		who += fmt.Sprintf(" after %d s", d.TalkSeconds)
	}
	return who
}

func ended(d sb.EventData) string {
	text := outcomes[d.Outcome]
	if text == "" {
		text = string(d.Outcome)
	}
	if d.Outcome == sb.Completed && d.TalkSeconds > 0 {
		text = fmt.Sprintf("completed, %d s of conversation", d.TalkSeconds)
	} else if d.Reason != "" {
		text += " (" + string(d.Reason) + ")"
	}
	if d.Attempts > 1 {
		text += fmt.Sprintf(", %d attempts", d.Attempts)
	}
	return text
}
