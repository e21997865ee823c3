package sound

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"switchboard/simulator"
)

// A tone that loops has no seam: each sample is where the time since its beginning says.
func TestALoopHasNoSeam(t *testing.T) {
	w := newStage(t, Options{})
	w.documents["voice"] = `<Play loop="0">/simulator/tone/433.wav?seconds=0.7</Play>`
	sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
	w.run(time.Second)
	began := w.sim.Audible([]string{sid})[sid][0].Since
	position := samples(w.clock.Now().Add(frameTakes).Sub(began))
	heard := w.during(12 * time.Second)[sid]
	tone := simulator.Tone{Hz: 433}
	for i, sample := range heard {
		if sample != tone.At(position+i) {
			t.Fatalf("sample %d: got %d, want %d", i, sample, tone.At(position+i))
		}
	}
}

// A round of a recording takes the 5 s of the log; one that goes on and on has its own length.
func TestRecordingsKeepTheTimeOfTheLog(t *testing.T) {
	for _, c := range []struct {
		loop string
		loud [][2]time.Duration // from, to
	}{
		{"2", [][2]time.Duration{{0, 2 * time.Second}, {5 * time.Second, 7 * time.Second}}},
		{"0", [][2]time.Duration{{0, 9 * time.Second}}},
	} {
		w := newStage(t, Options{})
		w.documents["voice"] = `<Pause length="1"/><Play loop="` + c.loop + `">two-seconds.wav#rc=2</Play><Pause length="60"/>`
		w.files["two-seconds.wav"] = wavFile(t, 2*simulator.SampleRate, func(i int) int16 { return int16(7000 * sine(500, i)) })
		sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
		for start := len(w.sim.Log()); len(w.sim.Log()) == start; { // the Play begins
			w.run(frameTakes)
		}
		w.run(frameTakes) // it is fetched
		heard := w.during(9 * time.Second)[sid]
		for second := range 9 {
			at := time.Duration(second) * time.Second
			part := heard[samples(at+100*time.Millisecond):samples(at+900*time.Millisecond)]
			if slices.ContainsFunc(c.loud, func(span [2]time.Duration) bool { return at >= span[0] && at < span[1] }) {
				hears(t, fmt.Sprint("loop ", c.loop, " second ", second), part, 500)
			} else {
				hearsNothing(t, fmt.Sprint("loop ", c.loop, " second ", second), part)
			}
		}
		equals(t, "fetched, for all of that", len(w.fetched), 1)
	}
}

// A sound begins and ends at its sample, also in the middle of a frame.
func TestBeginningAndEndWithinAFrame(t *testing.T) {
	w := newStage(t, Options{})
	began := w.clock.Now()
	for _, x := range []simulator.Source{
		{Kind: simulator.Beep, Takes: 50 * time.Millisecond, Loops: 2},
		{Kind: simulator.Speech, Text: "Hi", Takes: 110 * time.Millisecond, Loops: 2},
		{Kind: simulator.Recording, URL: "/simulator/tone/440.wav?seconds=0.03", Takes: 50 * time.Millisecond, Loops: 2},
	} {
		x.Since = began.Add(7 * time.Millisecond)
		round, whole := samples(x.Takes), make([]int16, 0, 3000)
		for now := began; now.Before(began.Add(300 * time.Millisecond)); now = now.Add(frameTakes) {
			var frame [frameSize]int16
			w.engine.render(frame[:], x, now)
			whole = append(whole, frame[:]...)
		}
		first := whole[samples(7*time.Millisecond):][:round]
		equals(t, string(x.Kind)+" before", RMS(whole[:samples(7*time.Millisecond)]), 0)
		equals(t, string(x.Kind)+" after", RMS(whole[samples(7*time.Millisecond)+2*round:]), 0)
		equals(t, string(x.Kind)+" twice", slices.Equal(first, whole[samples(7*time.Millisecond)+round:][:round]), true)
		if RMS(first) < 500 {
			t.Errorf("%s is not heard", x.Kind)
		}
		if x.Kind == simulator.Speech {
			want := make([]int16, round)
			mumble(want, "Hi", 0)
			equals(t, "its samples", slices.Equal(first, want), true)
		}
	}
}

func TestMicrophoneQueue(t *testing.T) {
	v := &Voice{engine: &Engine{}}
	frame := func(n int) []int16 { return slices.Repeat([]int16{int16(n)}, frameSize) }
	next := func() int {
		var m mix
		v.next(&m)
		return int(m[0])
	}
	v.Say(frame(1))
	equals(t, "one frame is not enough to start", next(), 0)
	v.Say(frame(2)[:100])
	equals(t, "nor is a part of another", next(), 0)
	v.Say(frame(2)[:60])
	equals(t, "two are", next(), 1)
	equals(t, "the second", next(), 2)
	equals(t, "it has run dry", next(), 0)
	v.Say(frame(3))
	equals(t, "and is filled first", next(), 0)
	for n := 4; n <= 20; n++ {
		v.Say(frame(n))
	}
	if first := next(); first < 10 {
		t.Errorf("frame %d of 20 is still played: more than 200 ms late", first)
	}
	rest := 0
	for next() != 0 {
		rest++
	}
	if rest == 0 || rest > 9 {
		t.Errorf("%d frames were kept, want at most 200 ms", rest)
	}
}

func TestLouderThanPossibleIsClipped(t *testing.T) {
	var m mix
	var out [frameSize]int16
	m.add(slices.Repeat([]int16{30000}, frameSize))
	m.add(slices.Repeat([]int16{30000}, frameSize))
	m.clipped(&out)
	equals(t, "the sum", out[0], 32767)
}

// realTime is an engine on the wall clock, and a call whose party hears a document.
func realTime(t *testing.T, document string) (*simulator.Simulator, *Engine, string) {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	engine := NewEngine(sim, Options{})
	t.Cleanup(engine.Close)
	sim.SetPhone(person, simulator.Phone{Document: `<Response><Gather timeout="600"/></Response>`})
	sid := post(t, sim, "/Calls", "To", person, "From", ourNumber, "Twiml", "<Response>"+document+"</Response>")["sid"].(string)
	return sim, engine, sid
}

const endlessTone = `<Play loop="0">/simulator/tone/440.wav</Play>`

// beginning waits until a call's party hears something.
func beginning(t *testing.T, e *Engine, sid string) {
	t.Helper()
	for {
		heard, err := e.Listen(t.Context(), sid, 100*time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		if RMS(heard) > 0 {
			return
		}
	}
}

func TestListen(t *testing.T) {
	sim, e, sid := realTime(t, endlessTone)
	beginning(t, e, sid)
	heard, err := e.Listen(t.Context(), sid, 510*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "length", len(heard), 8*510)
	hears(t, "the party", heard, 440)

	ended := make(chan struct{})
	e.Join(sid, func([]int16) { // in the middle of the next
		select {
		case <-ended:
		default:
			close(ended)
			go sim.HangUpCall(sid)
		}
	})
	if _, err = e.Listen(t.Context(), sid, time.Minute); !errors.Is(err, errEnded) {
		t.Errorf("a call that ends: got %v", err)
	}
	if _, err = e.Listen(t.Context(), "CA00000000000000000000000000000000", time.Minute); !errors.Is(err, errEnded) {
		t.Errorf("no call: got %v", err)
	}
}

func TestListenEnds(t *testing.T) {
	_, e, sid := realTime(t, endlessTone)
	beginning(t, e, sid)
	ctx, cancel := context.WithCancel(t.Context())
	e.Join(sid, func([]int16) { cancel() })
	if _, err := e.Listen(ctx, sid, time.Minute); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: got %v", err)
	}
	closing := sync.OnceFunc(func() { go e.Close() })
	e.Join(sid, func([]int16) { closing() })
	if _, err := e.Listen(t.Context(), sid, time.Minute); !errors.Is(err, errClosed) {
		t.Errorf("the engine is closed: got %v", err)
	}
	e.Close()
	e.Join(sid, func([]int16) { t.Error("a closed engine goes on") }).Say(make([]int16, frameSize))
}

// Whoever leaves, joins and speaks at once disturbs nobody. The engine rests when nobody listens, and starts again.
func TestJoinAndLeaveAtOnce(t *testing.T) {
	_, e, sid := realTime(t, endlessTone)
	var everybody sync.WaitGroup
	for range 8 {
		everybody.Go(func() {
			for range 5 {
				heard := make(chan struct{})
				v := e.Join(sid, func() func([]int16) { once := sync.OnceFunc(func() { close(heard) }); return func([]int16) { once() } }())
				v.Say(make([]int16, 3*frameSize))
				<-heard
				v.Leave()
				v.Leave()
			}
		})
	}
	everybody.Wait()
	e.tasks.Wait()
	equals(t, "it rests", e.ticking, false)
	beginning(t, e, sid)
}

func BenchmarkTick(b *testing.B) {
	for _, parties := range []int{2, 8, 100} {
		b.Run(fmt.Sprint(parties, " parties"), func(b *testing.B) {
			w := newStage(b, Options{})
			for i := range parties {
				w.browser(fmt.Sprint("agent", i), float64(300+20*i))
			}
			w.run(time.Second)
			code, now := make([]byte, frameSize), w.clock.Now()
			for b.Loop() {
				for _, m := range w.speaking {
					frame := make([]int16, frameSize)
					DecodeMuLaw(frame, code)
					m.voice.Say(frame)
					EncodeMuLaw(code, frame)
				}
				clear(w.heard)
				w.engine.tick(now)
			}
		})
	}
}
