package sound

import (
	"math"
	"strings"
	"time"
	"unicode"
)

// The built-in voice does not speak: it mumbles. Each letter takes the 65 ms that the simulator counts for it; vowels
// are sung at their formants, other letters are darker and quieter, and between words there is silence. The same text
// always sounds the same, and different texts differ.

const mumbleLetter = 65 * time.Millisecond

// formants are the two resonances that make a vowel (rounded from Peterson and Barney's measurements of 1952).
var formants = map[rune][2]float64{'a': {730, 1090}, 'e': {530, 1840}, 'i': {270, 2290}, 'o': {570, 840}, 'u': {300, 870}, 'y': {390, 1990}}

const (
	vowels    = "aeiouy"
	harmonics = 14
)

// mumble fills a frame with the voice from a position on.
func mumble(into []int16, text string, position int) {
	letters := []rune(strings.ToLower(text))
	length := samples(mumbleLetter)
	for i := range into {
		at := position + i
		if at < 0 || at/length >= len(letters) {
			continue
		}
		if i == 0 || at%length == 0 {
			voice := voiceOf(letters, at/length)
			until := min(len(into), i+length-at%length)
			for j := i; j < until; j++ {
				into[j] = int16(voice.at(position + j))
			}
		}
	}
}

// letterVoice is how one letter sounds.
type letterVoice struct {
	pitch float64
	parts [harmonics]float64 // how strong each harmonic of the pitch is
}

func voiceOf(letters []rune, n int) (v letterVoice) {
	letter := letters[n]
	if !unicode.IsLetter(letter) && !unicode.IsDigit(letter) {
		return v
	}
	word := n
	for word > 0 && !unicode.IsSpace(letters[word-1]) {
		word--
	}
	v.pitch = 115 + float64((int(letters[word])+word)%7)*9 // each word has its own
	level, resonances := 1.0, formants[letter]
	if resonances[0] == 0 {
		resonances = formants[rune(vowels[int(letter)%len(vowels)])]
		level = 0.35
	}
	sum := 0.0
	for k := range v.parts {
		hz := v.pitch * float64(k+1)
		for _, centre := range resonances {
			off := (hz - centre) / 120
			v.parts[k] += 1 / (1 + off*off)
		}
		sum += v.parts[k]
	}
	for k := range v.parts {
		v.parts[k] *= 7000 * level / sum
	}
	return v
}

// at swells and fades with each letter, so that letters do not click into each other.
func (v *letterVoice) at(position int) float64 {
	if v.pitch == 0 {
		return 0
	}
	length := samples(mumbleLetter)
	swell := math.Sin(math.Pi * (float64(position%length) + 0.5) / float64(length))
	sum := 0.0
	for k, part := range v.parts {
		sum += part * sine(v.pitch*float64(k+1), position)
	}
	return swell * sum
}
