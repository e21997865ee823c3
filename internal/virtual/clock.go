package virtual

import (
	"container/heap"
	"time"

	"go.temporal.io/sdk/testsuite"
)

// clock is the time of the test environment, lent to everything in the world. What is to happen waits here, in order,
// and only its first moment in the environment: that looks through all of its timers whenever one falls due.
//
// Everything that happens here happens on the environment's loop, one thing after the other.
type clock struct {
	env      *testsuite.TestWorkflowEnvironment
	due      alarms
	seq      int
	armed    time.Time       // the next moment the environment wakes us; zero: none
	arming   bool            // that moment is about to be chosen
	starting map[string]bool // workflows that have been started and not begun: time stands still
}

type alarm struct {
	at      time.Time
	seq     int
	f       func()
	stopped bool
}

// alarms has the earliest on top; of two at one moment, the one that was set first.
type alarms []*alarm

func (h alarms) Len() int { return len(h) }
func (h alarms) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq
}
func (h alarms) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *alarms) Push(x any)   { *h = append(*h, x.(*alarm)) }
func (h *alarms) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return x
}

// Now implements simulator.Clock.
func (c *clock) Now() time.Time { return c.env.Now() }

// After implements simulator.Clock.
func (c *clock) After(d time.Duration, f func()) func() {
	c.seq++
	a := &alarm{at: c.env.Now().Add(max(d, 0)), seq: c.seq, f: f}
	heap.Push(&c.due, a)
	c.arm()
	return func() { a.stopped = true }
}

// arm has the environment wake us when the first thing is due: not at once, but when all that is under way at this
// moment has happened. The environment cannot forget a moment that it was told, and each one it comes to costs.
func (c *clock) arm() {
	if c.arming || len(c.due) == 0 || !c.armed.IsZero() && !c.due[0].at.Before(c.armed) {
		return
	}
	c.arming = true
	env := c.env
	// What has been posted comes first, and then what that posts: the end of a workflow is told to the one that started it.
	env.RegisterDelayedCallback(func() {
		env.RegisterDelayedCallback(func() {
			if c.arming = false; env == c.env {
				c.choose()
			}
		}, 0)
	}, 0)
}

func (c *clock) choose() {
	for len(c.due) > 0 && c.due[0].stopped {
		heap.Pop(&c.due)
	}
	if len(c.starting) > 0 || len(c.due) == 0 || !c.armed.IsZero() && !c.due[0].at.Before(c.armed) {
		return
	}
	c.armed = c.due[0].at
	at := c.armed
	c.env.RegisterDelayedCallback(func() { c.wake(at) }, at.Sub(c.env.Now()))
}

// hold keeps time still until a workflow that is being started has begun. The environment starts it in a goroutine of
// its own, and as long as that takes it lets virtual time pass as fast as real time does: what happens then would depend
// on how busy the machine is.
func (c *clock) hold(workflow string) { c.starting[workflow] = true }

// begun lets time go on.
func (c *clock) begun(workflow string) {
	if c.starting[workflow] {
		delete(c.starting, workflow)
		c.arm()
	}
}

// wake does what is due. An earlier alarm may have come between: then this one has been seen to.
func (c *clock) wake(at time.Time) {
	if !c.armed.Equal(at) {
		return
	}
	now := c.env.Now()
	for len(c.due) > 0 && !c.due[0].at.After(now) {
		if a := heap.Pop(&c.due).(*alarm); !a.stopped {
			a.stopped = true
			a.f()
		}
	}
	c.armed = time.Time{}
	c.arm()
}

// move takes everything along to another environment, which begins at the same moment.
func (c *clock) move(env *testsuite.TestWorkflowEnvironment) {
	c.env, c.armed, c.arming = env, time.Time{}, false
	c.arm()
}
