package chaos

import (
	"context"
	"fmt"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/simulator"
)

// Roll is one replacement of a process as by a deployment.
type Roll struct {
	Part string      `json:"part"`
	At   time.Time   `json:"at"`
	Took sb.Duration `json:"took"` // until the old process had ended
	Live int         `json:"live"` // calls that had begun and not ended at the moment
	Left int         `json:"left"` // of these, how many were still live when it was done
	Err  string      `json:"error,omitempty"`
}

// The calls of a rolling restart are all live at once: they come within comeWithin, and each conversation outlasts that by
// far. From then on something is replaced every rollEvery, until all have ended, so that every stage is met.
const (
	comeWithin = 50 * time.Second
	rollEvery  = 3 * time.Second
)

// makeRollingPlan is calls with one outcome each that nothing may change.
func makeRollingPlan(o Options) Plan {
	r := dice(o.Seed, diceRequests)
	p := Plan{Over: sb.Duration(comeWithin), Faults: simulator.Faults{Seed: o.Seed}}
	for i := range o.Calls {
		p.Requests = append(p.Requests, Planned{
			After: sb.Duration(comeWithin * time.Duration(i) / time.Duration(o.Calls)), Person: "talks until the agent hangs up", Expect: sb.Completed,
			Phone: simulator.Phone{Rings: span(r, time.Second, 12*time.Second)},
			Request: sb.Request{
				Source: source, ID: fmt.Sprintf("%d-%03d", o.Seed, i+1), Reason: "a question about cover", MaxAttempts: 1,
				Caller: sb.Caller{Phone: fmt.Sprintf("+447700900%03d", firstPhone+i), Name: "Zoë Example"},
			},
		})
	}
	agents := dice(o.Seed, diceAgents)
	for range o.Agents {
		p.Softphones = append(p.Softphones, simulator.Softphone{
			Rings: span(agents, time.Second, 8*time.Second), HangsUpAfter: span(agents, 75*time.Second, 120*time.Second),
		})
	}
	return p
}

// roll deploys again and again, worker and webhook in turn, from the moment the last call has come until all have ended.
func (r *run) roll(ctx context.Context) {
	next := r.began.Add(comeWithin)
	for i := 0; sleep(ctx, time.Until(next)) == nil; i++ {
		next = time.Now().Add(rollEvery)
		part := []string{stack.Worker, stack.Webhook}[i%2]
		live := r.live()
		if live == 0 && r.calls.count() == len(r.plan.Requests) {
			return
		}
		roll := Roll{Part: part, At: time.Now(), Live: live}
		r.say("%s is replaced while %d calls are live", part, live)
		if err := r.stack.Roll(ctx, part); err != nil {
			roll.Err = err.Error()
		}
		roll.Took, roll.Left = sb.Duration(time.Since(roll.At).Round(time.Millisecond)), r.live()
		r.say("%s was replaced within %.1f s; %d calls are live", part, time.Duration(roll.Took).Seconds(), roll.Left)
		r.rolls = append(r.rolls, roll)
	}
}

func (r *run) live() int { return r.calls.count() - r.ends.count() }
