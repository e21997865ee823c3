package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// endLegs ends those legs that are up, all at once, and returns when each is seen ended.
func (c *call) endLegs(ctx workflow.Context, legs ...*leg) {
	wg := workflow.NewWaitGroup(ctx)
	for _, l := range legs {
		if l == nil {
			continue
		}
		if l.sid == "" && l.dialled.Result == activities.Ambiguous && !l.doubtful {
			c.doubt(ctx, l)
		}
		if !l.live() {
			continue
		}
		wg.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer wg.Done()
			c.endLeg(ctx, l)
		})
	}
	wg.Wait(ctx)
	for _, l := range legs {
		if l != nil && l.dialled.Repeated && l.room != "" {
			// A twin of the leg may sit in the room, and perhaps nobody will ever tell.
			must(ctx, "end the room", act.EndRoom, activities.EndRoomInput{Room: l.room}, nil)
		}
	}
}

func (c *call) endLeg(ctx workflow.Context, l *leg) {
	if l.ending {
		c.wait(ctx, l.over)
		return
	}
	up, asked := !l.gone(), workflow.Now(ctx)
	l.ending = true
	var out activities.EndLegResult
	must(ctx, "end the "+string(l.ref.Party)+"'s leg", act.EndLeg, activities.EndLegInput{Ref: l.ref, Leg: l.sid}, &out)
	c.onLeg(out.Leg)
	before := longBefore(l.endedAt, asked.Add(-clockSkew)) // over when we asked; only the answer to our first try was lost
	l.endedByUs = up && !out.Already && !l.leftItself && !before
	l.surely = l.endedByUs && out.Taken
	if !l.over() {
		l.status = sb.LegCompleted
	}
}

// doubt looks once more for a leg of which no trace was found, when it must have stopped ringing, and ends it if it is
// up. Callbacks that name it meanwhile bring it to endStrays.
func (c *call) doubt(ctx workflow.Context, l *leg) {
	l.doubtful = true
	rings := time.Duration(max(c.in.Policy.AgentRings, c.in.Policy.CallerRings))
	workflow.Go(ctx, func(ctx workflow.Context) {
		c.await(ctx, "a leg nobody can tell of", rings+doubtAfter, nil, func() bool { return l.sid != "" })
		if l.sid == "" {
			var out activities.FindLegResult
			must(ctx, "look for the leg", act.FindLeg, c.traces(l), &out)
			c.found(l, out)
		}
		if l.sid == "" && l.room != "" {
			// Not even its room's SID is known: end whatever room has its name.
			must(ctx, "end the room", act.EndRoom, activities.EndRoomInput{Room: l.room}, nil)
		}
		if l.live() && !c.current(l) {
			c.endLeg(ctx, l)
		}
		l.doubtful = false
	})
}

func (c *call) current(l *leg) bool {
	return l == c.caller || c.offer != nil && (l == c.offer.leg || l == c.offer.returning)
}

// stray is a leg that is up and belongs to nothing that is going on: of an earlier attempt or offer, turned up late.
func (c *call) stray() *leg {
	for _, l := range c.legs {
		if l.live() && !l.ending && !c.current(l) {
			return l
		}
	}
	return nil
}

// endStrays works in the background for as long as the call lasts.
func (c *call) endStrays(ctx workflow.Context) {
	for {
		c.wait(ctx, func() bool { return len(c.strays) > 0 || c.stray() != nil })
		if l := c.stray(); l != nil {
			c.note(ctx, "a leg of an earlier offer turned up late and is ended")
			c.endLeg(ctx, l)
			continue
		}
		task := c.strays[0]
		must(ctx, "close a twin task", act.CloseTask, activities.CloseTaskInput{Task: task, Reason: "twin"}, nil)
		c.strays = slices.DeleteFunc(c.strays, func(t sb.TaskSID) bool { return t == task })
		c.forgetTask(task)
	}
}

// settled: nothing of the call is left at Twilio, nor may be: no leg, no twin of a task.
func (c *call) settled() bool {
	return len(c.strays) == 0 && c.creates == 0 &&
		!slices.ContainsFunc(c.legs, func(l *leg) bool { return l.doubtful || l.live() })
}

// drain is the last step: every event is out, every signal read, every update answered, and what the last signals
// brought is ended too.
func (c *call) drain(ctx workflow.Context) {
	finished := func() bool {
		return c.settled() && len(c.outbox)+len(c.publishing) == 0 && workflow.AllHandlersFinished(ctx)
	}
	for {
		c.wait(ctx, finished)
		if c.hear(ctx); finished() {
			return
		}
	}
}
