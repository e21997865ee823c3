package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// Waiting. Every wait has an end, and while it waits for somebody on the phone a call looks at Twilio by itself, ever
// more rarely: webhooks can be lost.

// wait is for what is certain to come, such as the end of an activity.
func (c *call) wait(ctx workflow.Context, until func() bool) {
	if err := workflow.Await(ctx, until); err != nil {
		c.log.Error("a wait was cut short", "Error", err) // only if ctx is cancelled, which none of ours is
	}
}

// await waits until the condition holds or the limit has passed; it reports which.
func (c *call) await(ctx workflow.Context, what string, limit time.Duration, look looker, until func() bool) bool {
	return c.awaitLooking(ctx, what, limit, lookFirst, lookLast, look, until)
}

// looker starts a look at Twilio; what it returns takes in what was seen. It is nil if there was nothing to be seen.
type looker func(ctx workflow.Context) (apply func())

func (c *call) awaitLooking(ctx workflow.Context, what string, limit, first, last time.Duration, look looker, until func() bool) bool {
	end := workflow.Now(ctx).Add(limit)
	for pause := first; ; pause = min(2*pause, last) {
		left := end.Sub(workflow.Now(ctx))
		if left <= 0 || until() {
			return until()
		}
		timeout := left
		summary := what
		if look != nil && pause < left {
			timeout, summary = pause, "look: "+what
		}
		timer, stop := workflow.WithCancel(ctx)
		in, err := workflow.AwaitWithOptions(timer, workflow.AwaitOptions{
			Timeout: timeout, TimerOptions: workflow.TimerOptions{Summary: summary},
		}, until)
		stop() // or the timer would go on, and wake the call for nothing
		if in || err != nil {
			return in
		}
		if look == nil || timeout == left {
			continue
		}
		c.lookOnce(ctx, look, until)
	}
}

// lookOnce takes in what a look sees. The look itself must not keep the call from hearing what it waits for.
func (c *call) lookOnce(ctx workflow.Context, look looker, until func() bool) {
	var apply func()
	looked := false
	workflow.Go(ctx, func(ctx workflow.Context) {
		apply = look(ctx)
		looked = true
	})
	c.wait(ctx, func() bool { return looked || until() })
	if looked && apply != nil {
		apply()
	}
}

// lookUntil looks a few times for what Twilio certainly knows by now.
func (c *call) lookUntil(ctx workflow.Context, what string, known func() bool) {
	for try := range 3 {
		if try > 0 {
			c.await(ctx, what, lookAgain, nil, known)
		}
		if known() {
			return
		}
		c.lookOnce(ctx, c.lookAtLegs, func() bool { return false }) // to its end: it tells more than what was asked
	}
}

// learnSeconds finds out how long a leg that is over was up, however long that takes: what became of the attempt hangs on
// it. A leg that is ended once more tells.
func (c *call) learnSeconds(ctx workflow.Context, what string, l *leg) {
	c.lookUntil(ctx, what, func() bool { return l.seconds >= 0 })
	if l.seconds < 0 {
		var out activities.EndLegResult
		must(ctx, what, act.EndLeg, activities.EndLegInput{Ref: l.ref, Leg: l.sid}, &out)
		c.onLeg(out.Leg)
	}
}

// lookOptions: a look that fails is followed by the next.
func lookOptions(ctx workflow.Context, summary string) workflow.Context {
	return options(ctx, summary, workflow.ActivityOptions{RetryPolicy: &once, ScheduleToCloseTimeout: 2 * oneRequest})
}

func (c *call) lookAtTask(ctx workflow.Context) func() {
	if c.Task == "" {
		return nil
	}
	ctx = lookOptions(ctx, "look at the task")
	var out activities.LookAtTaskResult
	ref := sb.TaskRef{Call: c.id, Task: c.Tasks, Attempt: c.Attempt}
	if err := workflow.ExecuteActivity(ctx, act.LookAtTask, activities.LookAtTaskInput{Ref: ref, Task: c.Task}).Get(ctx, &out); err != nil {
		return nil
	}
	return func() {
		c.onTask(out.Task)
		for _, o := range out.Offers {
			c.onOffer(o)
		}
	}
}

// lookAtLegs looks at the legs and the conference of the moment.
func (c *call) lookAtLegs(ctx workflow.Context) func() {
	var in activities.LookAtLegsInput
	if c.offer != nil && c.offer.leg != nil {
		in.Conference = c.offer.leg.conference
		in.Agent = activities.LegToLookAt{Ref: c.offer.leg.ref, Leg: c.offer.leg.sid}
	}
	if c.caller != nil {
		in.Caller = activities.LegToLookAt{Ref: c.caller.ref, Leg: c.caller.sid}
	}
	if in.Agent.Leg == "" && in.Caller.Leg == "" {
		return nil
	}
	return c.lookAt(ctx, in)
}

func (c *call) lookAt(ctx workflow.Context, in activities.LookAtLegsInput) func() {
	ctx = lookOptions(ctx, "look at the legs")
	var out activities.LookAtLegsResult
	if err := workflow.ExecuteActivity(ctx, act.LookAtLegs, in).Get(ctx, &out); err != nil {
		return nil
	}
	return func() {
		for _, n := range out.Legs {
			c.onLeg(n)
		}
		for _, n := range out.Room {
			c.onRoom(n)
		}
	}
}

// findLeg looks for traces of a leg whose dial had no clear answer.
func (c *call) findLeg(ctx workflow.Context, l *leg) func() {
	ctx = lookOptions(ctx, "look for the leg")
	var out activities.FindLegResult
	if err := workflow.ExecuteActivity(ctx, act.FindLeg, c.traces(l)).Get(ctx, &out); err != nil {
		return nil
	}
	return func() { c.found(l, out) }
}

func (c *call) traces(l *leg) activities.FindLegInput {
	in := activities.FindLegInput{Ref: l.ref, Conference: l.conference, Room: l.room, To: l.to, Since: l.dialledAt}
	for _, other := range c.legs {
		if other != l && other.sid != "" {
			in.Known = append(in.Known, other.sid)
		}
	}
	return in
}

func (c *call) found(l *leg, out activities.FindLegResult) {
	if !out.Found {
		return
	}
	c.onLeg(out.Leg)
	if out.InRoom && l.sid == out.Leg.Leg {
		l.joined = true
	}
}
