package virtual

import (
	"time"

	sb "switchboard"
)

// Live is a call under way in which a test acts step by step. The clock stands while the test has the word and moves
// only in Until, so what is done between two of them happens in one moment.
type Live struct {
	w     *World
	turn  chan struct{} // to the test: the clock stands
	order chan order    // from the test: how far it may move
	quit  chan struct{} // closed: nobody watches any more, run to the end
	over  chan struct{} // closed: the call has ended
	err   error
}

type order struct {
	until time.Time
	met   func() bool
}

// A condition is looked at every moment, and after a while less often: an hour of waiting shall not take a second.
const (
	moment     = 100 * time.Millisecond
	whileAfter = 2 * time.Minute
	lessOften  = 2 * time.Second
	muchLater  = time.Hour
	rarely     = 15 * time.Second
)

// Begin starts to serve a request and returns at its first moment. The test must let it end (see Until); if it does not,
// the call is cancelled when the test is over.
func (w *World) Begin(in sb.CallInput) *Live {
	l := &Live{w: w, turn: make(chan struct{}), order: make(chan order), quit: make(chan struct{}), over: make(chan struct{})}
	w.After(0, l.stand)
	go func() {
		defer close(l.over)
		l.err = w.Execute(in)
	}()
	l.wait()
	w.T.Cleanup(l.abandon)
	return l
}

// Until lets time pass until a condition is met, and reports whether it was within so much of the virtual clock. A call
// that has ended has no clock: then it is only a question.
func (l *Live) Until(within time.Duration, met func() bool) bool {
	if met() {
		return true
	}
	if l.Over() {
		return false
	}
	l.order <- order{l.w.Env.Now().Add(within), met}
	l.wait()
	return met()
}

// Over reports whether the call has ended.
func (l *Live) Over() bool {
	select {
	case <-l.over:
		return true
	default:
		return false
	}
}

// Err is what the workflow of an ended call failed with.
func (l *Live) Err() error {
	<-l.over
	return l.err
}

func (l *Live) wait() {
	select {
	case <-l.turn:
	case <-l.over:
	}
}

// stand keeps Temporal's event loop, and with it the clock, until the test lets it go on.
func (l *Live) stand() {
	for {
		select {
		case l.turn <- struct{}{}:
		case <-l.quit:
			return
		}
		select {
		case o := <-l.order:
			if l.look(o, l.w.Env.Now()) {
				continue
			}
		case <-l.quit:
		}
		return
	}
}

// look reports whether the clock has to stand again; if not, it will look later.
func (l *Live) look(o order, since time.Time) bool {
	now := l.w.Env.Now()
	if o.met() || !now.Before(o.until) {
		return true
	}
	// A nanosecond later than what happens at full moments, so that all of it has been taken in.
	next := moment + 1
	switch waited := now.Sub(since); {
	case waited > muchLater:
		next = rarely
	case waited > whileAfter:
		next = lessOften
	}
	l.w.After(min(next, o.until.Sub(now)), func() {
		if !l.Over() && l.look(o, since) { // the clock goes on into the next call, and this with it
			l.stand()
		}
	})
	return false
}

func (l *Live) abandon() {
	if !l.Over() {
		l.w.Env.CancelWorkflow()
	}
	close(l.quit)
	<-l.over
}
