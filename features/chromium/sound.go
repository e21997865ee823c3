package chromium

import (
	"bytes"
	"encoding/binary"
	"math"
)

// wav is two seconds of a tone, which Chromium repeats; whole periods, so that the seam is not heard.
func wav(hz int) []byte {
	const rate, seconds, loudness = 48000, 2, 0.3
	samples := make([]int16, rate*seconds)
	for i := range samples {
		samples[i] = int16(loudness * math.MaxInt16 * math.Sin(2*math.Pi*float64(hz)*float64(i)/rate))
	}
	size := uint32(len(samples) * 2)
	var b bytes.Buffer
	for _, part := range []any{
		[]byte("RIFF"), 36 + size, []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(rate * 2),
		uint16(2), uint16(16), []byte("data"), size, samples,
	} {
		_ = binary.Write(&b, binary.LittleEndian, part) // into memory
	}
	return b.Bytes()
}

// Tone is a frequency that stands out in what is heard.
type Tone struct {
	Hz    float64 `json:"hz"`
	Level float64 `json:"level"` // 0 to 1
}

// Near reports whether a tone of about this frequency is among them.
func Near(tones []Tone, hz int) bool {
	for _, t := range tones {
		if math.Abs(t.Hz-float64(hz)) <= 15 {
			return true
		}
	}
	return false
}
