package sound

import (
	"math"
	"time"

	"switchboard/simulator"
)

// Sounds that are computed: each is a function of the position alone, in samples since it began, so that everybody who
// hears one hears the same, and nothing has to be kept.

func sine(hz float64, position int) float64 {
	return math.Sin(2 * math.Pi * hz * float64(position) / simulator.SampleRate)
}

// samples is how many there are in a length of time, rounded down also before zero.
func samples(d time.Duration) int {
	n := int64(d) * simulator.SampleRate
	whole := n / int64(time.Second)
	if n%int64(time.Second) < 0 {
		whole--
	}
	return int(whole)
}

func milliseconds(n int) int { return n * simulator.SampleRate / 1000 }

// ringing is the British ring-back tone: 0.4 s on, 0.2 s off, 0.4 s on, 2 s off.
func ringing(position int) float64 {
	at := position % milliseconds(3000)
	if at < milliseconds(400) || at >= milliseconds(600) && at < milliseconds(1000) {
		return 2500 * (sine(400, at) + sine(450, at))
	}
	return 0
}

// The music for those who wait: broken chords, a note every 0.3 s that fades away.
var melody = []float64{261.6, 329.6, 392, 523.3, 659.3, 523.3, 392, 329.6, 220, 261.6, 329.6, 440, 523.3, 440, 329.6, 261.6,
	174.6, 220, 261.6, 349.2, 440, 349.2, 261.6, 220, 196, 246.9, 293.7, 392, 493.9, 392, 293.7, 246.9}

func music(position int) float64 {
	length := milliseconds(300)
	sum := 0.0
	for back := range 3 { // notes ring on into those after them
		n := position/length - back
		if n < 0 {
			break
		}
		at := position - n*length
		hz := melody[n%len(melody)]
		fades := math.Exp(-4*float64(at)/simulator.SampleRate) * min(float64(at)/40, 1)
		sum += fades * (sine(hz, at) + 0.3*sine(2*hz, at))
	}
	return 1800 * sum
}

// beep is what a recording starts with.
func beep(position int) float64 { return 5000 * sine(1400, position) }

// missing stands for a recording that could not be had: two quiet tones in turn.
func missing(position int) float64 {
	if position/milliseconds(250)%2 == 0 {
		return 1500 * sine(660, position)
	}
	return 1500 * sine(1170, position)
}

// The two frequencies of each key (ITU-T Q.23).
var (
	keyRows    = [4]float64{697, 770, 852, 941}
	keyColumns = [4]float64{1209, 1336, 1477, 1633}
	keypad     = [4]string{"123A", "456B", "789C", "*0#D"}
)

// keyGap is the silence at the end of each key.
const keyGap = 20 * time.Millisecond

// keys are the digits of a Play at a position.
func keys(digits string, position int) float64 {
	for _, key := range digits {
		switch takes := keyTakes(key); {
		case position >= takes:
			position -= takes
		case key == 'w' || key == 'W' || position >= takes-samples(keyGap):
			return 0
		default:
			return keyTone(key, position)
		}
	}
	return 0
}

func keyTakes(key rune) int {
	switch key {
	case 'w':
		return samples(simulator.ShortPause)
	case 'W':
		return samples(simulator.LongPause)
	}
	return samples(simulator.KeyTakes)
}

func keyTone(key rune, position int) float64 {
	for row, names := range keypad {
		for column, name := range names {
			if name == key {
				return 4000 * (sine(keyRows[row], position) + sine(keyColumns[column], position))
			}
		}
	}
	return 0
}
