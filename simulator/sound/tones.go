package sound

import (
	"math"
	"math/cmplx"

	"switchboard/simulator"
)

// Tone is a frequency that can be heard in a sound.
type Tone struct {
	Hz    float64 `json:"hz"`
	Level float64 `json:"level"` // RMS, as RMS counts
}

const (
	spectrumSize = 4096 // samples that are looked at together: half a second, 2 Hz apart
	apart        = 30.0 // Hz: what is closer to a stronger tone belongs to it
	inaudible    = 20.0 // RMS: what is weaker is no tone
)

// RMS is how loud a sound is, from 0 to 32767.
func RMS(samples []int16) float64 {
	if len(samples) == 0 {
		return 0
	}
	sum := 0.0
	for _, sample := range samples {
		sum += float64(sample) * float64(sample)
	}
	return math.Sqrt(sum / float64(len(samples)))
}

// Tones are the strongest frequencies in a sound, at most n, the strongest first.
func Tones(samples []int16, n int) []Tone {
	power := spectrum(samples)
	hzEach := float64(simulator.SampleRate) / spectrumSize
	lobe := 2 * spectrumSize / max(min(len(samples), spectrumSize), 1) // half the width of a pure tone
	tones := []Tone{}
	taken := make([]bool, len(power))
	for len(tones) < n {
		peak := -1
		for i, p := range power {
			if !taken[i] && (peak < 0 || p > power[peak]) {
				peak = i
			}
		}
		if peak < 0 {
			break
		}
		sum, centre := 0.0, 0.0
		for i := max(peak-lobe, 0); i <= min(peak+lobe, len(power)-1); i++ {
			sum += power[i]
			centre += power[i] * float64(i)
		}
		if math.Sqrt(sum) < inaudible {
			break
		}
		tones = append(tones, Tone{Hz: math.Round(10*hzEach*centre/sum) / 10, Level: math.Round(math.Sqrt(sum))})
		reach := max(int(apart/hzEach), lobe)
		for i := max(peak-reach, 0); i <= min(peak+reach, len(power)-1); i++ {
			taken[i] = true
		}
	}
	return tones
}

// spectrum is the power at each multiple of 8000/4096 Hz, the mean of overlapping windows; its sum is RMS².
func spectrum(samples []int16) []float64 {
	power := make([]float64, spectrumSize/2)
	windows := 0
	for from := 0; from == 0 || from+spectrumSize <= len(samples); from += spectrumSize / 2 {
		part := samples[from:min(from+spectrumSize, len(samples))]
		bins, weight := make([]complex128, spectrumSize), 0.0
		for i, sample := range part {
			w := 0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/float64(len(part))) // Hann
			bins[i] = complex(w*float64(sample), 0)
			weight += w * w
		}
		if weight == 0 {
			return power
		}
		transform(bins)
		for i := range power {
			size := cmplx.Abs(bins[i])
			power[i] += 2 * size * size / (spectrumSize * weight)
		}
		windows++
	}
	for i := range power {
		power[i] /= float64(windows)
	}
	return power
}

// transform is the fast Fourier transform, in place; the length is a power of two.
func transform(a []complex128) {
	n := len(a)
	for i, j := 1, 0; i < n; i++ { // the order of reversed bits
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		if j |= bit; i < j {
			a[i], a[j] = a[j], a[i]
		}
	}
	for size := 2; size <= n; size <<= 1 {
		step := cmplx.Rect(1, -2*math.Pi/float64(size))
		for from := 0; from < n; from += size {
			turn := complex(1, 0)
			for i := from; i < from+size/2; i++ {
				even, odd := a[i], turn*a[i+size/2]
				a[i], a[i+size/2] = even+odd, even-odd
				turn *= step
			}
		}
	}
}
