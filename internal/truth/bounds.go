package truth

import (
	"time"

	sb "switchboard"
)

// How long things may take once nothing is broken any more: the table "Timeouts that are not policy" of docs/process.md,
// and what is made of them. They are repeated here so that a change of the product's own is noticed.
const (
	oneRequest     = 12 * time.Second // an activity of a few Twilio requests, or the worker's death in it
	longestPause   = 30 * time.Second // between two tries of what must be done
	dialAnswer     = 22 * time.Second // a dial's answer
	evidenceWithin = 10 * time.Second // traces of a lost dial
	grace          = 10 * time.Second // a ring's callback after its natural end; also how long an apology takes
	acceptWithin   = 20 * time.Second
	excludeWithin  = time.Minute
	bindWithin     = 10 * time.Second
	lookLast       = time.Minute // the longest pause between two looks at a call
	sweepEvery     = 15 * time.Second
	taskPauseLast  = 5 * time.Minute

	// look is a look at Twilio, tried twice at most.
	look = 2 * oneRequest
	// must is what has to be done: the try under way when the last fault ends, the longest pause, and the next.
	must = oneRequest + longestPause + oneRequest
	// standstill is a workflow task in the hands of a worker that is gone, and again after it was given to another that is.
	standstill = 2 * 10 * time.Second

	// foundOutWithin is the latest a call finds out by itself what nobody has told it, and ends a leg because of it.
	foundOutWithin = lookLast + look + must + grace
	// callerDialledWithin is accepting the reservation, and a dial that Twilio refuses with 429 until the last moment.
	callerDialledWithin = acceptWithin + dialIsWrittenIn
)

// comesBackWithin is how long a caller may wait for an agent whose page was lost: the room is bound and loosened, the agent
// dialled, perhaps looked for, and rung.
func comesBackWithin(p sb.Policy) time.Duration {
	return bindWithin + bindWithin + dialAnswer + evidenceWithin + time.Duration(p.AgentRings) + grace + look
}

// agentLimit is the TimeLimit of the agent's leg.
func agentLimit(p sb.Policy) time.Duration {
	return min(time.Duration(p.MaxTalk+p.CallerRings)+dialAnswer, 4*time.Hour)
}

// settledWithin is until nothing is left of a leg nobody can tell of: it rings to its end, is looked for, its room and
// itself are ended.
func settledWithin(p sb.Policy) time.Duration {
	return time.Duration(max(p.AgentRings, p.CallerRings)) + doubtAfter + 3*must
}

// releasedWithin is until legs, a twin's room and the task are ended.
const releasedWithin = must + must + must

// agentRingingWithin is the agent's dial, the ring, a last look, and the answer's acceptance.
func agentRingingWithin(p sb.Policy) time.Duration {
	return dialAnswer + time.Duration(p.AgentRings) + grace + look + acceptWithin
}

// stageWithin is how long a call may be in a stage that does not wait for a moment named elsewhere.
func stageWithin(stage sb.Stage, p sb.Policy) time.Duration {
	switch stage {
	case sb.StageQueued: // counted from the deadline: the last task's pause, its creation, its end
		return taskPauseLast + must + releasedWithin
	case sb.StageAgentRinging: // and the offer given back: who declined is told, the reservation rejected
		return agentRingingWithin(p) + releasedWithin + excludeWithin + must
	case sb.StageAgentJoined: // the next step begins at once, or all is released
		return releasedWithin
	case sb.StageCallerRinging: // dialled, perhaps looked for, rung, looked at, withdrawn with an apology, released
		return dialIsWrittenIn + dialAnswer + evidenceWithin + look + time.Duration(p.CallerRings) + grace + look + must + grace + look + releasedWithin
	case sb.StageConnected: // the longest talk, its end, who hung up, released
		return time.Duration(p.MaxTalk) + grace + look + must + grace + must + look + grace + look + releasedWithin
	case sb.StageWrappingUp:
		return time.Duration(p.WrapUp) + releasedWithin
	case sb.StageRetryPlanned: // counted from the announced moment; a long history continues as new
		return grace
	default: // ended: published, and what the last news brought is ended
		return must + settledWithin(p)
	}
}

// leavesBy is the latest moment at which a call that is in this stage may still be in it.
func (c *Call) leavesBy(e *sb.Event) time.Time {
	from := latest(e.Time, c.Healed)
	switch e.Data.Stage {
	case sb.StageQueued:
		from = latest(from, c.deadline())
	case sb.StageRetryPlanned:
		from = latest(from, e.Data.RetryAt)
	}
	by := from.Add(stageWithin(e.Data.Stage, c.Policy) + standstill)
	if e.Data.Stage != sb.StageEnded { // the end waits until nothing is left
		by = by.Add(settledWithin(c.Policy))
	}
	if c.Cancelled.IsZero() || e.Data.Stage == sb.StageWrappingUp || e.Data.Stage == sb.StageEnded {
		return by
	}
	// Whatever it waits for is cut short; what is under way is finished.
	unwound := latest(latest(c.Cancelled, e.Time), c.Healed).
		Add(dialIsWrittenIn + dialAnswer + evidenceWithin + look + acceptWithin + must + releasedWithin + settledWithin(c.Policy) + standstill)
	if unwound.Before(by) {
		return unwound
	}
	return by
}

// EndsBy is the latest moment at which a call may end, whatever happens to it: no agent is offered it after its deadline, so
// it is the end of an attempt whose agent was offered it at the last moment, all faults being over.
//
// The sum: the last wait in the queue, an agent rings and joins, the caller's phone rings, the longest talk, the notes, the
// events out and nothing left. Attempts before the last and the pauses between them lie before the deadline.
func EndsBy(c Call) time.Time {
	within := time.Duration(0)
	for _, stage := range []sb.Stage{
		sb.StageQueued, sb.StageAgentRinging, sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected, sb.StageWrappingUp, sb.StageEnded,
	} {
		within += stageWithin(stage, c.Policy) + standstill
	}
	return latest(latest(c.Accepted, c.Healed), c.deadline()).Add(within + settledWithin(c.Policy))
}
