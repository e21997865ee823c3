package virtual

import (
	"container/heap"
	"time"

	"go.temporal.io/sdk/testsuite"
)

// clock is the time of the test environment, lent to everything in the world: all that is to happen waits here, in order,
// and the clock itself moves the environment's time to the next moment. Left to itself the environment looks through its
// timers, wakes the driver of several calls whenever one falls due, and lets time pass as fast as real time does while
// it starts a workflow.
//
// Everything that happens here happens on the environment's loop, one thing after the other.
type clock struct {
	env      *testsuite.TestWorkflowEnvironment
	due      alarms
	seq      int
	moving   bool            // time is about to move
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

// arm has time move on: not at once, but when all that is under way at this moment has happened.
func (c *clock) arm() {
	c.forget()
	if c.moving || len(c.starting) > 0 || len(c.due) == 0 {
		return
	}
	c.moving = true
	c.settle(c.env, hops)
}

// hops are how many times what has been posted may post something further before a moment is over: a signal ends a
// workflow, which is told to the one that started it, which starts another.
const hops = 3

// settle lets the environment do all that has been posted, and what that posts, before time moves.
func (c *clock) settle(env *testsuite.TestWorkflowEnvironment, more int) {
	env.RegisterDelayedCallback(func() {
		switch {
		case env != c.env:
		case more > 0:
			c.settle(env, more-1)
		default:
			c.move()
			c.moving = false
			c.arm()
		}
	}, 0)
}

// forget drops what has been stopped.
func (c *clock) forget() {
	for len(c.due) > 0 && c.due[0].stopped {
		heap.Pop(&c.due)
	}
}

// move goes to the next moment at which something is due, and does it.
func (c *clock) move() {
	c.forget()
	if len(c.starting) > 0 || len(c.due) == 0 {
		return
	}
	now := c.due[0].at
	if now.After(c.env.Now()) {
		c.env.SetStartTime(now) // moves its clock, which is all that it does to workflows that have begun
	}
	for len(c.due) > 0 && !c.due[0].at.After(now) {
		if a := heap.Pop(&c.due).(*alarm); !a.stopped {
			a.stopped = true
			a.f()
		}
	}
}

// hold keeps time still until a workflow that is being started has begun: the environment starts it in a goroutine of its
// own, and what happened meanwhile would depend on how busy the machine is.
func (c *clock) hold(workflow string) { c.starting[workflow] = true }

// begun lets time go on.
func (c *clock) begun(workflow string) {
	if c.starting[workflow] {
		delete(c.starting, workflow)
		c.arm()
	}
}

// carry takes everything along to another environment, which begins at the same moment.
func (c *clock) carry(env *testsuite.TestWorkflowEnvironment) {
	c.env, c.moving = env, false
	c.arm()
}
