package sound

import (
	"slices"
	"sync"

	"switchboard/simulator"
)

const (
	frameSize = simulator.SampleRate / 50 // samples in 20 ms

	prefill = 2 * frameSize  // collected before any is used, so that a late packet leaves no gap
	full    = 10 * frameSize // more is late already
	kept    = 5 * frameSize  // of it, the newest
)

// Voice is somebody's microphone and ear in a call.
type Voice struct {
	engine *Engine
	call   string
	hear   func(frame []int16, live bool)

	mu      sync.Mutex
	queue   []int16
	flowing bool
}

// Join gives the party of a call an ear and a microphone. hear gets a frame of 160 samples every 20 ms, what the party
// hears; silence when there is nothing, and after the end of the call. It is called from the engine's goroutine, must
// not block and must not keep the frame. It can be called once more while Leave is under way.
func (e *Engine) Join(callSID string, hear func(frame []int16)) *Voice {
	return e.join(callSID, func(frame []int16, _ bool) { hear(frame) })
}

// Say is what the microphone has picked up, any number of samples. What is not used within 200 ms is lost, the oldest
// first: a conversation is not to lag behind.
func (v *Voice) Say(samples []int16) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queue = append(v.queue, samples...)
	if len(v.queue) > full {
		v.queue = append(v.queue[:0], v.queue[len(v.queue)-kept:]...)
	}
}

// Leave ends it. Leaving twice is fine.
func (v *Voice) Leave() {
	e := v.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	e.voices = slices.DeleteFunc(slices.Clone(e.voices), func(other *Voice) bool { return other == v })
}

// next adds the microphone's next frame. It is taken from the queue whether anybody hears it or not.
func (v *Voice) next(into *mix) {
	v.mu.Lock()
	defer v.mu.Unlock()
	wanted := prefill
	if v.flowing {
		wanted = frameSize
	}
	if v.flowing = len(v.queue) >= wanted; !v.flowing {
		return
	}
	into.add(v.queue[:frameSize])
	v.queue = append(v.queue[:0], v.queue[frameSize:]...)
}

// mix is the sum of sounds in one frame.
type mix [frameSize]int32

func (m *mix) add(frame []int16) {
	for i, sample := range frame[:frameSize] {
		m[i] += int32(sample)
	}
}

// clipped is the sum as far as 16 bits go.
func (m *mix) clipped(into *[frameSize]int16) {
	for i, sample := range m {
		into[i] = int16(max(-32768, min(32767, sample)))
	}
}
