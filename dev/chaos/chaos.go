// Package chaos shows on real processes that nothing breaks a call: requests come in through Kafka while processes are
// killed and paused, Twilio is cut off and its webhooks are lost. Then everything is healed, every call must come to its
// end, and package truth judges what the phones experienced. A seed decides everything that can be decided.
//
// It repairs nothing and forgives nothing, and it knows nothing of how the product works inside. Start with Run; what a
// seed decides is plan.go, each kind of harm has a file (nemesis.go names them), and what comes of it is report.go.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/simulator"
)

// Options say what a run shall be.
type Options struct {
	Seed   uint64
	Calls  int
	Agents int
	Over   time.Duration // within it all requests come and all harm is done
	Kills  int           // of each process
	Settle time.Duration // how long calls may take to end once everything is healed; running into it is a violation
	// Peace: no harm is done and nothing goes wrong at Twilio.
	Peace bool
	// WebhooksLost: not one webhook arrives, from beginning to end.
	WebhooksLost bool
	// Rolling: the calls are all live at once, and the only harm is that worker and webhook are replaced as by a deployment.
	Rolling bool

	// Dir is a folder that is made for the run: state, logs, what happened at the phones, the stories of calls.
	Dir string
	// Command is what repeats the run, for the report.
	Command string
	// Tell says in plain words what an event means.
	Tell func(e sb.Event, agentName func(sb.AgentSID) string) string
	// Progress is told how the stack starts, Out what happens; nil: nobody.
	Progress stack.Progress
	Out      io.Writer
}

func (o Options) validate() error {
	switch {
	case o.Calls < 1 || o.Calls > MaxCalls:
		return fmt.Errorf("the number of calls must be from 1 to %d: each has a telephone of its own", MaxCalls)
	case o.Agents < 1 || o.Agents > 1000:
		return errors.New("the number of agents must be from 1 to 1000")
	case o.Kills < 1:
		return errors.New("each process must be killed at least once")
	case o.Over <= 0 || o.Settle <= 0:
		return errors.New("the time of the run and the time to settle must be positive")
	case o.Rolling && o.WebhooksLost:
		return errors.New("a rolling restart and the loss of all webhooks are two runs")
	}
	return nil
}

// run is one run under way.
type run struct {
	o     Options
	plan  Plan
	stack *stack.Stack
	sky   *sky
	began time.Time

	calls   *traffic
	ends    *ends
	nemesis *nemesis
	rolls   []Roll
	healed  time.Time
	last    time.Time // when the last call had ended; zero: not all have

	mu sync.Mutex // of Out
}

// Run does a whole run. An error means that it could not be done; what was found wrong is in the report.
func Run(ctx context.Context, o Options) (_ *Report, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	if o.Out == nil {
		o.Out = io.Discard
	}
	r := &run{o: o, plan: makePlan(o)}
	if o.Rolling {
		r.plan = makeRollingPlan(o)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, err
	}
	if err := writeJSON(filepath.Join(o.Dir, "plan.json"), r.plan); err != nil {
		return nil, err
	}
	if err := r.start(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.stack.Stop()) }()
	ctx, cancel := context.WithCancel(ctx) // ends whatever still watches, before the stack stops
	defer cancel()
	if err := r.storm(ctx); err != nil {
		return nil, err
	}
	if err := r.heal(ctx); err != nil {
		return nil, err
	}
	return r.report(ctx)
}

// start starts the product and gives phones and agents their behaviour.
func (r *run) start(ctx context.Context) (err error) {
	r.stack, err = stack.Start(ctx, stack.Options{
		Dir: r.o.Dir, Agents: r.o.Agents, Policy: policyJSON(), KeepAlive: true, Balanced: r.o.Rolling,
		Simulator: simulator.Options{Seed: r.o.Seed}, Progress: r.o.Progress,
	})
	if err != nil {
		return err
	}
	sim := r.stack.Simulator()
	for i, p := range r.plan.Softphones {
		sim.SetSoftphone(stack.RobotName(i), p)
	}
	for _, p := range r.plan.Requests {
		sim.SetPhone(p.Request.Caller.Phone, p.Phone)
	}
	r.sky = &sky{simulator: sim, always: r.plan.Faults, moment: map[string]simulator.RequestRule{}}
	return r.sky.apply()
}

// storm is the time in which everything happens. It returns when every request is with Kafka and every harm was done.
func (r *run) storm(ctx context.Context) error {
	watch, err := r.stack.Watch(ctx, true)
	if err != nil {
		return err
	}
	r.ends = newEnds(len(r.plan.Requests))
	go r.ends.follow(ctx, watch)
	context.AfterFunc(ctx, watch.Close)
	go comeBack(ctx, r.stack)

	r.began = time.Now()
	r.calls = &traffic{stack: r.stack, began: r.began}
	r.nemesis = &nemesis{f: &field{r.stack, r.sky}, say: r.say, began: r.began}
	var all sync.WaitGroup
	all.Go(func() { r.calls.run(ctx, r.plan.Requests) })
	all.Go(func() { r.nemesis.run(ctx, r.plan.Harms) })
	if r.o.Rolling {
		all.Go(func() { r.roll(ctx) })
	}
	over := make(chan struct{})
	go func() { all.Wait(); close(over) }()
	r.await(ctx, over)
	return ctx.Err()
}

// heal ends every fault, waits until every process works, and then until every call has ended and been cleaned up after.
func (r *run) heal(ctx context.Context) error {
	if !r.o.WebhooksLost { // there the loss lasts until everything has ended
		if err := r.sky.clearUp(); err != nil {
			return err
		}
		r.stack.Simulator().SetWebhooks(true)
	}
	for _, part := range processes {
		if err := r.stack.Ready(ctx, part); err != nil {
			return err
		}
	}
	r.healed = time.Now()
	r.say("everything works and all requests are with Kafka; %d of %d calls have ended", r.ends.count(), len(r.plan.Requests))
	limited, cancel := context.WithTimeout(ctx, r.o.Settle)
	defer cancel()
	r.await(limited, r.ends.all)
	select {
	case <-r.ends.all:
		r.last = time.Now()
	default:
	}
	// What a call leaves to the sweep is closed within 75 s: the sweep's own rhythm and the age that a task must have.
	limited, cancel = context.WithTimeout(ctx, min(r.o.Settle, settleLeft))
	defer cancel()
	for len(r.stack.Simulator().Leftovers()) > 0 && sleep(limited, 200*time.Millisecond) == nil {
	}
	return ctx.Err()
}

// settleLeft is how long what is left behind may take to be cleaned up.
const settleLeft = 3 * time.Minute

// await waits for a channel to be closed, or for ctx to end, and gives a sign of life now and then.
func (r *run) await(ctx context.Context, over <-chan struct{}) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-over:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
			r.say("%d of %d requests are with Kafka, %d calls have ended", r.calls.count(), len(r.plan.Requests), r.ends.count())
		}
	}
}

// say tells what happens, with the time since the beginning.
func (r *run) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.o.Out, "  %6.1f s  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}
