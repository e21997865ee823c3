package sound

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"switchboard/simulator"
)

const (
	frameTakes = 20 * time.Millisecond
	// giveUpAfter is how late a frame may be; after that the time in between is left out.
	giveUpAfter = 200 * time.Millisecond
)

// Options is what an Engine borrows. The zero value works.
type Options struct {
	Logger *slog.Logger // nil: discard
	// Speak says a text, 8000 samples a second; see EspeakNG. Nil: the built-in voice, which only mumbles. What takes
	// longer than the simulator counts for the text is cut.
	Speak func(ctx context.Context, text, language string) ([]int16, error)
	Fetch http.RoundTripper // how recordings are got; nil: a real http.Transport
}

// Engine mixes what everybody hears, every 20 ms, while somebody listens.
type Engine struct {
	sim   *simulator.Simulator
	speak func(ctx context.Context, text, language string) ([]int16, error)
	clips *clips

	alive  context.Context // ends with Close
	die    context.CancelFunc
	tasks  sync.WaitGroup
	byHand bool // a test calls tick

	mu      sync.Mutex
	voices  []*Voice // never changed in place
	ticking bool
}

// NewEngine makes a simulator audible. It costs nothing until somebody joins. The simulator must run on the wall clock.
func NewEngine(sim *simulator.Simulator, o Options) *Engine {
	e := &Engine{sim: sim, speak: o.Speak}
	e.alive, e.die = context.WithCancel(context.Background())
	e.clips = newClips(e.alive, &e.tasks, o.Fetch, cmp.Or(o.Logger, slog.New(slog.DiscardHandler)))
	return e
}

// Close ends all sound and waits for what is under way. Do not call it from inside a hear function.
func (e *Engine) Close() {
	e.mu.Lock()
	e.die()
	e.mu.Unlock()
	e.tasks.Wait()
	e.clips.close()
}

func (e *Engine) join(callSID string, hear func([]int16, bool)) *Voice {
	v := &Voice{engine: e, call: callSID, hear: hear}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.voices = append(e.voices[:len(e.voices):len(e.voices)], v)
	if !e.ticking && !e.byHand && e.alive.Err() == nil {
		e.ticking = true
		e.tasks.Go(e.run)
	}
	return v
}

// run mixes frame after frame, until nobody listens. The time of a frame is the one when it was due, so that sounds
// have no seams.
func (e *Engine) run() {
	due := time.Now()
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-e.alive.Done():
			return
		case <-wait.C:
		}
		if e.nobodyListens() {
			return
		}
		e.tick(due)
		due = due.Add(frameTakes)
		if late := time.Since(due); late > giveUpAfter {
			due = due.Add(late)
		}
		wait.Reset(time.Until(due))
	}
}

func (e *Engine) nobodyListens() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ticking = len(e.voices) > 0
	return !e.ticking
}

// tick is the frame that begins at an instant.
func (e *Engine) tick(now time.Time) {
	e.mu.Lock()
	voices := e.voices
	e.mu.Unlock()
	var calls []string
	microphones, ears := map[string]*mix{}, map[string][]*Voice{}
	for _, v := range voices {
		if ears[v.call] == nil {
			calls = append(calls, v.call)
			microphones[v.call] = &mix{}
		}
		ears[v.call] = append(ears[v.call], v)
		v.next(microphones[v.call])
	}
	heard := e.sim.Audible(calls)
	frames := map[string]*[frameSize]int16{} // by source: each is computed once
	for _, call := range calls {
		var sum mix
		for _, source := range heard[call] {
			frame := frames[source.ID]
			if frame == nil {
				frame = &[frameSize]int16{}
				if source.Kind != simulator.Microphone {
					e.render(frame[:], source, now)
				} else if m := microphones[source.Call]; m != nil {
					m.clipped(frame)
				}
				frames[source.ID] = frame
			}
			sum.add(frame[:])
		}
		_, live := heard[call]
		for _, v := range ears[call] {
			var frame [frameSize]int16
			sum.clipped(&frame)
			v.hear(frame[:], live)
		}
	}
}

var (
	errEnded  = errors.New("the call has ended, or never was")
	errClosed = errors.New("the sound engine is closed")
)

// Listen is the ear of a test: what the party of a call hears, from now on. When the call ends before that time is over,
// it returns what was heard until then, and an error.
func (e *Engine) Listen(ctx context.Context, callSID string, d time.Duration) ([]int16, error) {
	var (
		mu    sync.Mutex
		heard []int16
		over  bool
		done  = make(chan error, 1)
	)
	finish := func(err error) { over = true; done <- err }
	v := e.join(callSID, func(frame []int16, live bool) {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case over:
			return
		case !live:
			finish(errEnded)
			return
		}
		if heard = append(heard, frame...); len(heard) >= samples(d) {
			heard = heard[:samples(d)]
			finish(nil)
		}
	})
	defer v.Leave()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	case <-e.alive.Done():
		err = errClosed
	}
	mu.Lock()
	defer mu.Unlock()
	over = true
	if err != nil {
		return heard, fmt.Errorf("listening to call %s: %w", callSID, err)
	}
	return heard, nil
}
