package simulator

import (
	"strings"
	"time"
)

// ears are what a verb at work listens for. Nil: it does not.
type ears struct {
	key    func(key byte)
	speech func(text string, over bool) // it begins; it is over
}

// How long the characters of a Play's digits take (docs of Play: w is half a second of silence).
const (
	// KeyTakes is one key, with the gap to the next.
	KeyTakes = 100 * time.Millisecond
	// ShortPause is a w.
	ShortPause = 500 * time.Millisecond
	// LongPause is a W.
	LongPause = time.Second
)

const keys = "0123456789*#ABCD"

// press makes the party of a call press keys, one after the other. The timer is that of whoever does it:
// a document that is left presses no more.
func (s *Simulator) press(c *call, digits string, after func(time.Duration, func()), next func()) {
	noted := c == nil
	var at func(rest string)
	at = func(rest string) {
		switch {
		case rest == "":
			next()
		case rest[0] == 'w':
			after(ShortPause, func() { at(rest[1:]) })
		case rest[0] == 'W':
			after(LongPause, func() { at(rest[1:]) })
		default:
			if !noted && !c.over() {
				noted = true
				s.note(c.entry(Presses, strings.NewReplacer("w", "", "W", "").Replace(rest)))
			}
			s.key(c, rest[0])
			after(KeyTakes, func() { at(rest[1:]) })
		}
	}
	at(digits)
}

// keysTake is how long that goes on.
func keysTake(digits string) (d time.Duration) {
	for _, key := range digits {
		switch key {
		case 'w':
			d += ShortPause
		case 'W':
			d += LongPause
		default:
			d += KeyTakes
		}
	}
	return d
}

// key is one key pressed by the party of a call. In a conference it is only a sound (D.2).
func (s *Simulator) key(c *call, key byte) {
	if c == nil || c.over() || !strings.ContainsRune(keys, rune(key)) {
		return
	}
	if c.script != nil && c.script.ears.key != nil {
		c.script.ears.key(key)
	}
}
