package sound

import (
	"context"
	"time"

	"switchboard/simulator"
)

// render makes the samples of a source that are heard in the frame that begins at an instant. The position in it follows
// from the time alone.
func (e *Engine) render(into []int16, x simulator.Source, now time.Time) {
	position := samples(now.Sub(x.Since))
	switch x.Kind {
	case simulator.Ringing:
		fill(into, position, ringing)
	case simulator.Music:
		fill(into, position, music)
	case simulator.Beep:
		fillRounds(into, position, x, beep)
	case simulator.Keys:
		fillRounds(into, position, x, func(at int) float64 { return keys(x.Text, at) })
	case simulator.Speech:
		e.renderSpeech(into, position, x, now)
	case simulator.Recording:
		e.renderRecording(into, position, x, now)
	}
}

// fill computes a sound; before its beginning there is silence.
func fill(into []int16, position int, sound func(at int) float64) {
	for i := range into {
		if at := position + i; at >= 0 {
			into[i] = int16(sound(at))
		}
	}
}

// fillRounds is the same for a sound that has an end and may be repeated.
func fillRounds(into []int16, position int, x simulator.Source, sound func(at int) float64) {
	round := max(samples(x.Takes), 1)
	fill(into, position, func(at int) float64 {
		if x.Loops > 0 && at/round >= x.Loops {
			return 0
		}
		return sound(at % round)
	})
}

// at is a sample of something that has been read; after its end there is silence.
func at(clip []int16) func(int) float64 {
	return func(position int) float64 {
		if position < len(clip) {
			return float64(clip[position])
		}
		return 0
	}
}

func (e *Engine) renderSpeech(into []int16, position int, x simulator.Source, now time.Time) {
	if e.speak != nil {
		clip, state := e.clips.get("speech "+x.Language+" "+x.Text, now, func(ctx context.Context) ([]int16, error) {
			return e.speak(ctx, x.Text, x.Language)
		}, "a sentence cannot be spoken, so it is mumbled")
		if state != clipFailed {
			fillRounds(into, position, x, at(clip))
			return
		}
	}
	round := max(samples(x.Takes), 1)
	for i := 0; i < len(into); { // the parts of the frame that belong to one round
		from := position + i
		if from < 0 {
			i += min(-from, len(into)-i)
			continue
		}
		n := min(round-from%round, len(into)-i)
		if x.Loops == 0 || from/round < x.Loops {
			mumble(into[i:i+n], x.Text, from%round)
		}
		i += n
	}
}

// renderRecording: a tone is known without fetching it. What is played on and on is heard in its own length, without a
// gap; otherwise a round takes as long as the simulator counts for any recording.
func (e *Engine) renderRecording(into []int16, position int, x simulator.Source, now time.Time) {
	if tone, err := simulator.ToneAt(x.URL); err == nil {
		length := samples(tone.Length)
		sound := func(at int) float64 {
			if x.Loops > 0 && at >= length {
				return 0
			}
			return float64(tone.At(at))
		}
		if x.Loops == 0 {
			fill(into, position, sound)
			return
		}
		fillRounds(into, position, x, sound)
		return
	}
	clip, state := e.clips.get("recording "+x.URL, now, e.clips.fetching(x.URL), "a recording cannot be played, so two quiet tones stand for it")
	switch {
	case state == clipFailed:
		fillRounds(into, position, x, missing)
	case x.Loops == 0 && len(clip) > 0:
		fill(into, position, func(at int) float64 { return float64(clip[at%len(clip)]) })
	default:
		fillRounds(into, position, x, at(clip))
	}
}
