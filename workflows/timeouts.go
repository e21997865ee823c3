package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// Every limit that is not a centre's policy (see switchboard.Policy for those). docs/process.md has the same table.
const (
	// oneRequest bounds an activity that makes a few Twilio requests; each has 8 s. Short, because it is also how
	// long a call waits when a worker is killed in the middle of one.
	oneRequest = 12 * time.Second

	// dialWithin: a dial that has not been written after this is not written any more.
	dialWithin = 10 * time.Second
	// dialAnswer is dialWithin and the time Twilio may take to answer.
	dialAnswer = dialWithin + oneRequest

	// evidenceWithin is how long traces are looked for after a dial without a clear answer.
	evidenceWithin = 10 * time.Second
	// doubtAfter is when a leg without any trace is looked for once more: it has stopped ringing by then.
	doubtAfter = 15 * time.Second

	// grace is how long after a ring's natural end its callback is waited for.
	grace = 10 * time.Second
	// acceptWithin bounds accepting a reservation, with its repetitions.
	acceptWithin = 20 * time.Second
	// excludeWithin bounds telling TaskRouter who declined, with its repetitions.
	excludeWithin = time.Minute
	// bindWithin is how long an agent who comes back into a call waits for the room to be made ready.
	bindWithin = 10 * time.Second
	// bothEndWithin is how long Twilio has to end the second leg of a conversation by itself before we do.
	bothEndWithin = time.Second
	// blink is for the news of a leg that ended together with another, where nothing says that it has.
	blink = 100 * time.Millisecond
	// causeWithin is how long the news of who hung up is waited for after both legs have ended.
	causeWithin = 3 * time.Second

	// Looking without webhooks: first after lookFirst, then ever more rarely up to lookLast.
	lookFirst = 5 * time.Second
	lookLast  = time.Minute
	// In the queue the sweep covers everybody; a call looks for itself only rarely, at tasks the sweep cannot see.
	queueLookFirst = 30 * time.Second
	queueLookLast  = 5 * time.Minute
	// clockSkew is how far Twilio's clock may be from ours.
	clockSkew = 2 * time.Second
	// lookAgain is the pause after a look, at what has ended, that did not show what Twilio must know.
	lookAgain = 2 * time.Second

	// taskPause is the first pause before a task that ended without us is made anew; it doubles up to taskPauseLast.
	taskPause     = 2 * time.Second
	taskPauseLast = 5 * time.Minute
	// taskOutlives is how long after the deadline TaskRouter drops a task by itself, should we be gone for good.
	taskOutlives = 15 * time.Minute

	// longestLeg is the longest TimeLimit that Twilio grants a leg.
	longestLeg = sb.Duration(4 * time.Hour)

	// maxWithdrawn is how many attempts may be made good because our side dropped out.
	maxWithdrawn = 3

	// machineWithin: a machine reported later than this after the caller joined is a person by now.
	machineWithin = 30 * time.Second

	// eventsWithin is how long a call that continues as new waits for Kafka before it takes its events along.
	eventsWithin = 10 * time.Second

	// maxTimeline bounds what is remembered for people; the events on Kafka have everything.
	maxTimeline = 200
)

// persistent retries for ever: for what must be done, and for what nothing can go on without.
var persistent = temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 30 * time.Second}

// once makes one try; what comes next is decided here, not by a policy.
var once = temporal.RetryPolicy{MaximumAttempts: 1}

func options(ctx workflow.Context, summary string, o workflow.ActivityOptions) workflow.Context {
	o.Summary = summary
	o.WaitForCancellation = true
	if o.TaskQueue == "" {
		o.TaskQueue = sb.CallQueue
	}
	if o.StartToCloseTimeout == 0 {
		o.StartToCloseTimeout = oneRequest
	}
	return workflow.WithActivityOptions(ctx, o)
}

// must runs an activity until it has succeeded. Temporal's retries end at an error that retrying cannot mend, such as
// revoked credentials; an operator can mend it, so must goes on, slowly.
func must(ctx workflow.Context, summary string, activity any, in, result any) {
	pause := time.Minute
	for {
		ctx := options(ctx, summary, workflow.ActivityOptions{RetryPolicy: &persistent})
		err := workflow.ExecuteActivity(ctx, activity, in).Get(ctx, result)
		if err == nil {
			return
		}
		workflow.GetLogger(ctx).Error("an activity that must succeed has failed; trying again", "Activity", summary, "Pause", pause, "Error", err)
		if workflow.NewTimerWithOptions(ctx, pause, workflow.TimerOptions{Summary: "again: " + summary}).Get(ctx, nil) != nil {
			return // only when the context is cancelled, which none of ours is
		}
		pause = min(2*pause, 10*time.Minute)
	}
}
