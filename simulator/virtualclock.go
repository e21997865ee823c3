package simulator

import (
	"container/heap"
	"sync"
	"time"
)

// VirtualClock moves only when it is told to, and runs what falls due in order, on the thread of whoever
// moves it: an hour of calls takes milliseconds, and the same every time. For tests in one process;
// webhooks then go to a handler of the same process, see Options.Webhooks.
type VirtualClock struct {
	mu  sync.Mutex
	now time.Time
	seq int
	due dueHeap
}

type dueItem struct {
	at      time.Time
	seq     int
	f       func()
	stopped bool
}

// dueHeap has the earliest on top; of two at one instant, the one that was scheduled first.
type dueHeap []*dueItem

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return h[i].at.Before(h[j].at) || h[i].at.Equal(h[j].at) && h[i].seq < h[j].seq
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(*dueItem)) }
func (h *dueHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// NewVirtualClock starts at an instant; the zero time stands for a Sunday morning in 2026.
func NewVirtualClock(start time.Time) *VirtualClock {
	if start.IsZero() {
		start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	}
	return &VirtualClock{now: start}
}

// Now is the time that has been reached.
func (c *VirtualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// After implements Clock.
func (c *VirtualClock) After(d time.Duration, f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seq++
	item := &dueItem{at: c.now.Add(d), seq: c.seq, f: f}
	heap.Push(&c.due, item)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		item.stopped = true
	}
}

// Advance lets a length of time pass, and everything happen that falls due within it, also what that
// causes in turn. Zero: what is due now.
func (c *VirtualClock) Advance(d time.Duration) {
	until := c.Now().Add(d)
	for item := c.next(until); item != nil; item = c.next(until) {
		item.f()
	}
	c.mu.Lock()
	c.now = until
	c.mu.Unlock()
}

// next takes the next item due up to a time; nil when there is none.
func (c *VirtualClock) next(until time.Time) *dueItem {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.due) > 0 && !c.due[0].at.After(until) {
		item := heap.Pop(&c.due).(*dueItem)
		if item.stopped {
			continue
		}
		if item.at.After(c.now) {
			c.now = item.at
		}
		return item
	}
	return nil
}

// Pending counts what would still run.
func (c *VirtualClock) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, item := range c.due {
		if !item.stopped {
			n++
		}
	}
	return n
}
