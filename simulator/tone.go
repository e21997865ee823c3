package simulator

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Tone is a pure tone, for tests that ask who hears whom: a phone whose document plays one is known by its frequency.
type Tone struct {
	Hz     int
	Length time.Duration
}

const (
	// SampleRate is that of every sound here, as in the telephone network: samples a second.
	SampleRate = 8000

	tonePath                = "/simulator/tone/"
	lowestTone, highestTone = 50, 3400 // what a telephone carries
	longestTone             = time.Minute
	toneLevel               = 8000 // of 32767
)

var errNoTone = errors.New("there is no such recording: a tone is /simulator/tone/440.wav?seconds=2")

// ToneAt understands the address of a tone, on any host: /simulator/tone/440.wav?seconds=2. Without seconds it is as
// long as any Play.
func ToneAt(address string) (Tone, error) {
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(u.Path, tonePath) {
		return Tone{}, errNoTone
	}
	name, isWAV := strings.CutSuffix(strings.TrimPrefix(u.Path, tonePath), ".wav")
	hz, err := strconv.Atoi(name)
	if err != nil || !isWAV {
		return Tone{}, errNoTone
	}
	if hz < lowestTone || hz > highestTone {
		return Tone{}, fmt.Errorf("a tone has from %d to %d Hz, not %d", lowestTone, highestTone, hz)
	}
	t := Tone{Hz: hz, Length: playTakes}
	if text := u.Query().Get("seconds"); text != "" {
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || !(seconds > 0 && seconds <= longestTone.Seconds()) {
			return Tone{}, fmt.Errorf("seconds=%s is no length of a tone: more than 0, at most %v", text, longestTone.Seconds())
		}
		t.Length = time.Duration(seconds * float64(time.Second))
	}
	return t, nil
}

// At is the tone's sample at a position. It goes on after its length, without a seam.
func (t Tone) At(position int) int16 {
	return int16(toneLevel * math.Sin(2*math.Pi*float64(position*t.Hz%SampleRate)/SampleRate))
}

// serveTone gives a tone to whoever asks, as a recording.
func serveTone(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		tellError(w, http.StatusMethodNotAllowed, errors.New(tonePath+" takes GET"))
		return
	}
	t, err := ToneAt(r.URL.String())
	if err != nil {
		tellError(w, http.StatusNotFound, err)
		return
	}
	samples := make([]int16, int(t.Length.Seconds()*SampleRate))
	for i := range samples {
		samples[i] = t.At(i)
	}
	w.Header().Set("Content-Type", "audio/wav")
	_ = WriteWAV(w, samples) // the client is gone: nobody left to tell
}

// WriteWAV writes samples as a WAV file: 16 bits, mono.
func WriteWAV(w io.Writer, samples []int16) error {
	const bytesEach, pcm, mono = 2, 1, 1
	size := uint32(len(samples) * bytesEach)
	file := make([]byte, 0, 44+size)
	little := binary.LittleEndian
	file = append(file, "RIFF"...)
	file = little.AppendUint32(file, 36+size)
	file = append(file, "WAVEfmt "...)
	file = little.AppendUint32(file, 16)
	file = little.AppendUint16(file, pcm)
	file = little.AppendUint16(file, mono)
	file = little.AppendUint32(file, SampleRate)
	file = little.AppendUint32(file, SampleRate*bytesEach)
	file = little.AppendUint16(file, bytesEach)
	file = little.AppendUint16(file, 8*bytesEach)
	file = append(file, "data"...)
	file = little.AppendUint32(file, size)
	for _, sample := range samples {
		file = little.AppendUint16(file, uint16(sample))
	}
	_, err := w.Write(file)
	return err
}
