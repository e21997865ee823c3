package chaos

import (
	"context"
	"errors"
	"sync"
	"time"

	"switchboard/dev/stack"
)

// kind is a kind of harm; each has a file. To add one, write the file and name it in kinds: the plan draws the rest.
type kind interface {
	name() string
	targets() []string
	// often is how often each target suffers it, given how often each process is to be killed.
	often(kills int) int
	// lasts is the range from which a harm's length is drawn.
	lasts() (from, to time.Duration)
	begin(ctx context.Context, f *field, target string) error
	// end returns when the target works again, and may be tried again when it does not.
	end(ctx context.Context, f *field, target string) error
}

var kinds = []kind{kill{}, pause{}, refuse{}, cutOff{}, loseReplies{}, loseWebhooks{}}

// processes are those that are harmed. The simulator is not: it is what remembers the truth, and is cut off instead.
var processes = []string{stack.Worker, stack.Webhook, stack.Intake, stack.Temporal, stack.Kafka}

// twilio is the target of what is done to the simulator.
const twilio = "twilio"

// field is what the nemesis works on.
type field struct {
	stack *stack.Stack
	sky   *sky
}

// Done is a harm that was done.
type Done struct {
	Harm
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"` // when its end was begun: a process started again, a request let through
	Works time.Time `json:"works"` // when its target worked again; zero: it never did
	// Problem is what went wrong with doing it: not with the product.
	Problem string `json:"problem,omitempty"`
}

// Recovery is how long the target did not work: what was done to it lasted for a part of that.
func (d Done) Recovery() time.Duration { return d.Works.Sub(d.Began) }

// nemesis does the harm of a plan. Each target has one at a time; what falls due meanwhile waits.
type nemesis struct {
	f     *field
	say   func(format string, args ...any)
	began time.Time

	mu   sync.Mutex
	done []Done
}

// run does everything that was planned and returns when every target works again, or when ctx ends.
func (n *nemesis) run(ctx context.Context, harms []Harm) {
	queues := map[string][]Harm{}
	for _, h := range harms {
		queues[h.Target] = append(queues[h.Target], h)
	}
	var all sync.WaitGroup
	for _, queue := range queues {
		all.Go(func() {
			for _, h := range queue {
				if sleep(ctx, time.Until(n.began.Add(time.Duration(h.After)))) != nil {
					return
				}
				n.do(ctx, h)
			}
		})
	}
	all.Wait()
}

func (n *nemesis) do(ctx context.Context, h Harm) {
	k := kindOf(h.Kind)
	d := Done{Harm: h, Began: time.Now()}
	n.say("%s %s for %.1f s", h.Kind, h.Target, inSeconds(h.For))
	err := k.begin(ctx, n.f, h.Target)
	_ = sleep(ctx, time.Duration(h.For)) // when it ends early its harm is ended all the same
	d.Ended = time.Now()
	for again := false; ; again = true {
		if err = errors.Join(err, k.end(ctx, n.f, h.Target)); err == nil || ctx.Err() != nil {
			break
		}
		if !again {
			d.Problem = err.Error()
		}
		n.say("%s: %v; trying again", h.Target, err)
		err = nil
		_ = sleep(ctx, time.Second)
	}
	if err == nil {
		d.Works = time.Now()
		n.say("%s works again, %.1f s after the %s", h.Target, d.Recovery().Seconds(), h.Kind)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.done = append(n.done, d)
}

func kindOf(name string) kind {
	for _, k := range kinds {
		if k.name() == name {
			return k
		}
	}
	panic("chaos: no kind of harm is called " + name)
}

// sleep waits, or returns the error of a context that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
