// Package allowance is how much of something may be had at once and how much a second: what the outside can have our
// processes do is bounded by it. It keeps no more than a bounded number of those who share one.
//
// Start with Allowance; Each is one for everybody.
package allowance

import (
	"sync"
	"time"
)

// Allowance is so many of something at once and so many a second; use New.
type Allowance struct {
	burst, perSecond float64

	mu   sync.Mutex
	left float64
	at   time.Time // when left was true
}

// New allows burst at once, and perSecond as time goes by.
func New(burst, perSecond float64) *Allowance {
	return &Allowance{burst: burst, perSecond: perSecond, left: burst, at: time.Now()}
}

// Take reports whether there is one more.
func (a *Allowance) Take() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill()
	if a.left < 1 {
		return false
	}
	a.left--
	return true
}

func (a *Allowance) refill() {
	now := time.Now()
	a.left = min(a.burst, a.left+now.Sub(a.at).Seconds()*a.perSecond)
	a.at = now
}

// untouched: nothing is missing from it, so that it need not be remembered.
func (a *Allowance) untouched() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.refill()
	return a.left >= a.burst
}

// most bounds how many are remembered. Who comes when there are more shares one allowance with all others that do.
const most = 10_000

// Each is an allowance for each of those who ask; use NewEach.
type Each struct {
	burst, perSecond float64

	mu    sync.Mutex
	known map[string]*Allowance
	swept time.Time // when those who had come back to their whole allowance were last forgotten
	rest  *Allowance
}

// NewEach is New for each of them.
func NewEach(burst, perSecond float64) *Each {
	return &Each{burst: burst, perSecond: perSecond, known: map[string]*Allowance{}, rest: New(burst, perSecond)}
}

// Take reports whether there is one more for whoever it is.
func (e *Each) Take(who string) bool { return e.of(who).Take() }

func (e *Each) of(who string) *Allowance {
	e.mu.Lock()
	defer e.mu.Unlock()
	a := e.known[who]
	if a != nil {
		return a
	}
	if now := time.Now(); len(e.known) >= most && now.Sub(e.swept) >= time.Second {
		e.swept = now
		for other, known := range e.known {
			if known.untouched() {
				delete(e.known, other)
			}
		}
	}
	if len(e.known) >= most {
		return e.rest
	}
	a = New(e.burst, e.perSecond)
	e.known[who] = a
	return a
}
