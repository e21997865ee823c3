package simulator

import "time"

// Clock is borrowed: the wall clock in processes, a virtual one in simulations. After must not run
// f before it returns, and must not hold a lock of its own while f runs.
type Clock interface {
	Now() time.Time
	// After runs f once, d from now, unless stopped before.
	After(d time.Duration, f func()) (stop func())
}

// WallClock is the real time; every f runs in a goroutine of its own.
func WallClock() Clock { return wallClock{} }

type wallClock struct{}

func (wallClock) Now() time.Time { return time.Now() }

func (wallClock) After(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

// timer is one pending deadline of the simulator. It belongs to the simulator's lock.
type timer struct {
	stop func() // the clock's; nil until armed
	done bool   // ran or cancelled
	due  time.Time
}

// schedule runs f under the lock, d from now. Call it with the lock held. The clock itself is only
// touched after the lock is released, so that a clock with a lock of its own cannot deadlock us.
func (s *Simulator) schedule(d time.Duration, f func()) *timer {
	return s.arm(d, func(t *timer) {
		s.lock()
		defer s.unlock()
		if s.fires(t) {
			f()
		}
	})
}

// dispatch runs f on the clock's thread without the lock: for everything that leaves the simulator.
// Close waits for it.
func (s *Simulator) dispatch(d time.Duration, f func()) *timer {
	return s.arm(d, func(t *timer) {
		s.lock()
		fires := s.fires(t)
		if fires {
			s.inFlight.Add(1)
		}
		s.unlock()
		if fires {
			defer s.inFlight.Done()
			f()
		}
	})
}

func (s *Simulator) arm(d time.Duration, run func(*timer)) *timer {
	t := &timer{due: s.now().Add(max(d, 0))}
	if s.closed {
		t.done = true
		return t
	}
	s.timers[t] = struct{}{}
	s.afterUnlock(func() {
		stop := s.clock.After(max(d, 0), func() { run(t) })
		s.mu.Lock()
		t.stop = stop
		done := t.done
		s.mu.Unlock()
		if done {
			stop()
		}
	})
	return t
}

// fires reports whether the timer is due, and marks it as done.
func (s *Simulator) fires(t *timer) bool {
	if t.done || s.closed {
		return false
	}
	t.done = true
	delete(s.timers, t)
	if _, real := s.clock.(wallClock); real {
		s.lateness.add(time.Since(t.due)) // not s.now(): waiting for the lock is late, too
	}
	return true
}

// cancel makes sure that the timer never runs. Cancelling nil, or twice, is fine.
func (s *Simulator) cancel(t *timer) {
	if t == nil || t.done {
		return
	}
	t.done = true
	delete(s.timers, t)
	if t.stop != nil {
		s.afterUnlock(t.stop)
	}
}
