package sound

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"switchboard/simulator"
)

// WriteWAV writes samples as a WAV file: 16 bits, mono, 8000 a second.
func WriteWAV(w io.Writer, samples []int16) error { return simulator.WriteWAV(w, samples) }

// The encodings of WAV files that are understood.
const (
	wavPCM        = 1
	wavMuLaw      = 7
	wavExtensible = 0xfffe // the encoding is named further on
)

// longestWAV is where a recording is cut: ten minutes.
const longestWAV = 600 * simulator.SampleRate

// ReadWAV reads a WAV file of 8 or 16 bits, or of µ-law, mono or stereo, and makes it 8000 samples a second, mono. What
// is longer than ten minutes is cut. A file that ends early is as long as it is: programs that write into a pipe do not
// know the length.
func ReadWAV(r io.Reader) ([]int16, error) {
	file, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if len(file) < 12 || string(file[:4]) != "RIFF" || string(file[8:12]) != "WAVE" {
		return nil, errors.New("it is no WAV file")
	}
	var format wavFormat
	for rest := file[12:]; len(rest) >= 8; {
		name, size := string(rest[:4]), int64(binary.LittleEndian.Uint32(rest[4:]))
		body := rest[8:min(8+size, int64(len(rest)))]
		switch name {
		case "fmt ":
			if format, err = readFormat(body); err != nil {
				return nil, err
			}
		case "data":
			if format.rate == 0 {
				return nil, errors.New("the WAV file has samples before their format")
			}
			return format.samples(body), nil
		}
		rest = rest[min(8+size+size%2, int64(len(rest))):]
	}
	return nil, errors.New("the WAV file has no samples")
}

type wavFormat struct{ encoding, channels, rate, bits int }

func readFormat(body []byte) (wavFormat, error) {
	if len(body) < 16 {
		return wavFormat{}, errors.New("the WAV file's format is cut off")
	}
	little := binary.LittleEndian
	f := wavFormat{encoding: int(little.Uint16(body)), channels: int(little.Uint16(body[2:])), rate: int(little.Uint32(body[4:])),
		bits: int(little.Uint16(body[14:]))}
	if f.encoding == wavExtensible && len(body) >= 26 {
		f.encoding = int(little.Uint16(body[24:]))
	}
	switch {
	case f.encoding == wavPCM && (f.bits == 8 || f.bits == 16), f.encoding == wavMuLaw && f.bits == 8:
	default:
		return f, fmt.Errorf("the WAV file has encoding %d with %d bits: use PCM with 8 or 16 bits, or µ-law", f.encoding, f.bits)
	}
	if f.channels < 1 || f.channels > 2 {
		return f, fmt.Errorf("the WAV file has %d channels: use one or two", f.channels)
	}
	if f.rate < 4000 || f.rate > 192_000 {
		return f, fmt.Errorf("the WAV file has %d samples a second: use 4000 to 192000", f.rate)
	}
	return f, nil
}

func (f wavFormat) samples(body []byte) []int16 {
	each := f.bits / 8
	n := len(body) / (each * f.channels)
	n = min(n, int(int64(longestWAV)*int64(f.rate)/simulator.SampleRate))
	mono := make([]int16, n)
	for i := range mono {
		sum := 0
		for channel := range f.channels {
			sum += f.sample(body[(i*f.channels+channel)*each:])
		}
		mono[i] = int16(sum / f.channels)
	}
	return resample(mono, f.rate)
}

func (f wavFormat) sample(at []byte) int {
	switch {
	case f.encoding == wavMuLaw:
		return int(fromMuLaw[at[0]])
	case f.bits == 8: // without a sign, and only here
		return (int(at[0]) - 128) << 8
	}
	return int(int16(binary.LittleEndian.Uint16(at)))
}

// resample makes it 8000 samples a second: the mean of what falls into each, or a straight line between two.
func resample(in []int16, rate int) []int16 {
	if rate == simulator.SampleRate || len(in) == 0 {
		return in
	}
	out := make([]int16, int(int64(len(in))*simulator.SampleRate/int64(rate)))
	for i := range out {
		from, part := i*rate/simulator.SampleRate, i*rate%simulator.SampleRate
		to := (i + 1) * rate / simulator.SampleRate
		if to > from+1 {
			sum := 0
			for _, sample := range in[from:to] {
				sum += int(sample)
			}
			out[i] = int16(sum / (to - from))
			continue
		}
		next := int(in[min(from+1, len(in)-1)])
		out[i] = int16(int(in[from]) + (next-int(in[from]))*part/simulator.SampleRate)
	}
	return out
}
