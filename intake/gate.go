package intake

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"
)

// gate stands before a service that may not answer. Open, everyone passes. After a failure it shuts: everyone waits but
// one, who probes with growing pauses; the first answer opens it again. One for each service and process, so that a
// service that comes back is not trampled.
type gate struct {
	name   string
	log    *slog.Logger
	advice func(error) string // what an operator should do; "" when there is nothing to say
	call   time.Duration      // the most one call may take

	mu   sync.Mutex
	shut *closure
}

// closure is one time of being shut.
type closure struct {
	since  time.Time
	opened chan struct{} // closed when it is over
	probe  chan struct{} // holds one token: who has it may try

	// Only who holds the token touches these.
	failures int
	next     time.Time // no probe before
	logged   time.Time

	err error // guarded by gate.mu
}

const (
	minPause = 50 * time.Millisecond
	maxPause = 5 * time.Second
	logEvery = time.Minute
)

// errStopped: the wait was given up because the record's partition is being handed over.
var errStopped = errors.New("stopped while waiting")

// pause is how long to wait after so many failures: from 50 ms to 5 s, with jitter so that processes do not probe
// together.
func pause(failures int) time.Duration {
	d := maxPause
	if failures < 8 {
		d = min(maxPause, minPause<<failures)
	}
	return d/2 + rand.N(d/2)
}

// permanentError marks an error of do's f that no retry can help.
type permanentError struct{ error }

func (e permanentError) Unwrap() error { return e.error }

// do calls f until it succeeds or fails for good (permanentError), and returns how often it was called. Any other error
// of f shuts the gate. Between calls it gives up when stop closes, with errStopped; ctx ends a running call too.
func (g *gate) do(ctx context.Context, stop <-chan struct{}, f func(context.Context) error) (calls int, err error) {
	for own := 0; ; {
		if own > 0 {
			// Whoever has failed steps back and lets another probe: its own record may be what is wrong.
			if err := sleep(ctx, stop, pause(own)); err != nil {
				return calls, err
			}
		}
		c, err := g.pass(ctx, stop)
		if err != nil {
			return calls, err
		}
		calls++
		err = g.try(ctx, f)
		var permanent permanentError
		if err == nil || errors.As(err, &permanent) {
			g.answered(c)
			return calls, err
		}
		if ctx.Err() != nil {
			g.giveUp(c)
			return calls, ctx.Err()
		}
		g.failed(c, err)
		own++
	}
}

func (g *gate) try(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, g.call)
	defer cancel()
	return f(ctx)
}

// pass returns when the caller may try. A closure that is not nil comes with its token.
func (g *gate) pass(ctx context.Context, stop <-chan struct{}) (*closure, error) {
	for {
		g.mu.Lock()
		c := g.shut
		g.mu.Unlock()
		select {
		case <-stop:
			return nil, errStopped
		default:
		}
		if c == nil {
			return nil, ctx.Err()
		}
		select {
		case <-c.opened:
		case <-c.probe:
			if err := sleep(ctx, stop, time.Until(c.next)); err != nil {
				g.giveUp(c)
				return nil, err
			}
			return c, nil
		case <-stop:
			return nil, errStopped
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (g *gate) giveUp(c *closure) {
	if c != nil {
		c.probe <- struct{}{}
	}
}

func (g *gate) answered(c *closure) {
	if c == nil {
		return
	}
	g.mu.Lock()
	g.shut = nil
	g.mu.Unlock()
	close(c.opened)
	g.log.Info(g.name+" answers again", "held_for", time.Since(c.since).Round(time.Millisecond).String())
}

func (g *gate) failed(c *closure, err error) {
	now := time.Now()
	g.mu.Lock()
	switch {
	case c != nil:
		c.err = err
	case g.shut == nil:
		c = &closure{since: now, opened: make(chan struct{}), probe: make(chan struct{}, 1), err: err}
		g.shut = c
	default: // shut meanwhile by another
		g.mu.Unlock()
		return
	}
	g.mu.Unlock()
	c.failures++
	c.next = now.Add(pause(c.failures))
	if now.Sub(c.logged) >= logEvery {
		c.logged = now
		args := []any{"error", err, "held_for", now.Sub(c.since).Round(time.Second).String()}
		if advice := g.advice(err); advice != "" {
			args = append(args, "advice", advice)
		}
		g.log.Error(g.name+" does not answer; every record keeps its place until it does", args...)
	}
	c.probe <- struct{}{}
}

// problem says since when and why the gate is shut; "" when it is open.
func (g *gate) problem() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		return ""
	}
	text := g.name + " has not answered since " + g.shut.since.UTC().Format(time.RFC3339)
	if advice := g.advice(g.shut.err); advice != "" {
		text += ": " + advice
	}
	return text
}

func sleep(ctx context.Context, stop <-chan struct{}, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-stop:
		return errStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}
