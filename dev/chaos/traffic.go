package chaos

import (
	"context"
	"sync"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/provision"
)

// traffic is the other systems: they ask, ask again when Kafka does not answer, and withdraw.
type traffic struct {
	stack *stack.Stack
	began time.Time

	mu       sync.Mutex
	accepted []Accepted
}

// Accepted is a request that Kafka has acknowledged.
type Accepted struct {
	Planned
	Request sb.Request
	At      time.Time // of the acknowledgement
}

// again is how soon a producer tries again that Kafka has not answered.
const again = 500 * time.Millisecond

// run returns when Kafka has every request and every cancellation.
func (t *traffic) run(ctx context.Context, requests []Planned) {
	var all sync.WaitGroup
	for _, p := range requests {
		all.Go(func() { t.place(ctx, p) })
	}
	all.Wait()
}

func (t *traffic) place(ctx context.Context, p Planned) {
	if sleep(ctx, time.Until(t.began.Add(time.Duration(p.After)))) != nil {
		return
	}
	r := p.Request
	r.RequestedAt = time.Now().UTC()
	a := Accepted{Planned: p, Request: r}
	if p.Cancel < 0 {
		t.insist(ctx, func() error { return t.stack.Cancel(ctx, r.Call()) })
	}
	publish := func() error { _, err := t.stack.Request(ctx, r); return err }
	if !t.insist(ctx, publish) {
		return
	}
	a.At = time.Now()
	t.mu.Lock()
	t.accepted = append(t.accepted, a)
	t.mu.Unlock()
	if p.Twice {
		t.insist(ctx, publish)
	}
	if p.Cancel > 0 && sleep(ctx, time.Duration(p.Cancel)) == nil {
		t.insist(ctx, func() error { return t.stack.Cancel(ctx, r.Call()) })
	}
}

// insist does something until Kafka has acknowledged it. A try that failed may have arrived, so that some come twice.
func (t *traffic) insist(ctx context.Context, do func() error) bool {
	for do() != nil {
		if sleep(ctx, again) != nil {
			return false
		}
	}
	return true
}

func (t *traffic) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.accepted)
}

// ends counts the calls that have told their end.
type ends struct {
	all chan struct{} // closed when all have

	mu    sync.Mutex
	open  int
	ended map[sb.CallID]bool
}

func newEnds(calls int) *ends {
	return &ends{all: make(chan struct{}), open: calls, ended: map[sb.CallID]bool{}}
}

func (e *ends) follow(ctx context.Context, w *stack.Watch) {
	for {
		event, err := w.Next(ctx)
		if err != nil {
			return
		}
		if event.Data.Stage != sb.StageEnded {
			continue
		}
		e.mu.Lock()
		if !e.ended[event.Call] {
			e.ended[event.Call] = true
			if e.open--; e.open == 0 {
				close(e.all)
			}
		}
		e.mu.Unlock()
	}
}

func (e *ends) count() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.ended)
}

// afterMissed is how long an agent who missed a call takes to come back: only the agent ends that status.
const afterMissed = 3 * time.Second

// comeBack has the agents who missed a call come back, until ctx ends.
func comeBack(ctx context.Context, s *stack.Stack) {
	for sleep(ctx, time.Second) == nil {
		for _, w := range s.Simulator().Snapshot().Workspaces {
			for _, a := range w.Agents {
				if a.Status == provision.StatusMissed && time.Since(a.StatusSince) > afterMissed {
					_ = s.SetStatus(ctx, a.Name, provision.StatusAvailable) // Twilio may be cut off; the next look tries again
				}
			}
		}
	}
}
