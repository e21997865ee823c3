package simulator

import (
	"strconv"
	"time"
)

// What everybody hears, as sources of sound. The simulator has no samples: it tells what sounds, since when and for
// how long, in agreement with its log, and package sound makes it audible.

// SoundKind is a kind of Source.
type SoundKind string

// The kinds of sound.
const (
	Microphone SoundKind = "microphone" // of the browser that is in the call Call
	Speech     SoundKind = "speech"     // the voice of a Say, or a person's: Text, in Language
	Recording  SoundKind = "recording"  // of a Play: URL
	Ringing    SoundKind = "ringing"    // ring-back
	Music      SoundKind = "music"      // Twilio's own, for those who wait or are on hold
	Keys       SoundKind = "keys"       // Text, as in the digits of a Play: w and W are silence
	Beep       SoundKind = "beep"       // before a recording
)

// Source is one thing that is heard.
type Source struct {
	ID   string // the same for all who hear it, and of no other sound
	Kind SoundKind

	Call     string // of a Microphone: the call's SID
	Text     string // of Speech and Keys
	Language string // of Speech; "": nobody says
	URL      string // of a Recording; relative when its document has no URL itself

	Since time.Time     // when it began, by the simulator's clock
	Takes time.Duration // how long one round of it lasts; 0: as long as it likes
	Loops int           // how many rounds; 0: on and on
}

// beepTakes is for the ear only: in the log a beep takes no time.
const beepTakes = 500 * time.Millisecond

// begins is a sound that starts now.
func (s *Simulator) begins(what Source) *Source {
	s.sounds++
	what.ID = string(what.Kind) + " " + strconv.Itoa(s.sounds)
	what.Since = s.now()
	return &what
}

func speech(text, language string) Source {
	return Source{Kind: Speech, Text: text, Language: language, Takes: spoken(text), Loops: 1}
}

func keySounds(digits string) Source {
	return Source{Kind: Keys, Text: digits, Takes: keysTake(digits), Loops: 1}
}

func (x *Source) over(now time.Time) bool {
	return x.Loops > 0 && now.Sub(x.Since) >= time.Duration(x.Loops)*x.Takes
}

// Audible tells what the parties of calls hear now, each source once: what Twilio plays to them, and the voices they
// are connected with; never their own. A call that is not live is left out.
func (s *Simulator) Audible(callSIDs []string) map[string][]Source {
	s.lock()
	defer s.mu.Unlock() // nothing was decided
	heard, most := make(map[string][]Source, len(callSIDs)), 0
	for _, sid := range callSIDs {
		c, live := s.liveCalls.get(sid)
		if !live {
			continue
		}
		s.listenings++
		e := ear{s: s, n: s.listenings, sources: make([]Source, 0, most)}
		c.listened = e.n // nobody hears themselves, even if a line leads back to where it came from
		if c.peer != nil {
			c.peer.listened = e.n
		}
		e.hear(c)
		heard[sid] = e.sources
		most = max(most, len(e.sources)) // in a large room all hear about as much
	}
	return heard
}

// ear collects what one party hears.
type ear struct {
	s       *Simulator
	n       uint64
	sources []Source
}

func (e *ear) add(x *Source) {
	if x != nil && !x.over(e.s.now()) {
		e.sources = append(e.sources, *x)
	}
}

// hear adds what is sent to the party of a call.
func (e *ear) hear(c *call) {
	if c.awaitsAnswer() { // who dialled hears it ring
		e.add(&Source{ID: string(Ringing) + " of " + c.sid, Kind: Ringing, Since: c.createdAt})
	}
	if c.status != callInProgress {
		return
	}
	e.add(c.keysSent)
	if p := c.script; p != nil {
		e.add(p.sound)
		if d := p.dial; d != nil && d.bridged {
			e.voice(d.won)
		}
	}
	if d := c.dialledBy; d != nil && d.bridged && d.won == c {
		e.voice(d.p.call)
	}
	if c.music != nil {
		e.add(c.music.sound)
	}
	if p := c.participant; p != nil {
		e.add(p.backdrop)
		for _, other := range p.conference.hears(p) {
			e.voice(other.call)
		}
	}
}

// voice adds what the party of a call sends: a browser's microphone, or what arrives at the other end of a line.
func (e *ear) voice(c *call) {
	if c.listened == e.n || c.status != callInProgress {
		return
	}
	c.listened = e.n
	if c.client != nil {
		if c.microphone == nil {
			c.microphone = &Source{ID: string(Microphone) + " of " + c.sid, Kind: Microphone, Call: c.sid, Since: c.answeredAt}
		}
		e.add(c.microphone)
	}
	e.add(c.words)
	e.add(c.keysPressed)
	if c.peer != nil {
		e.hear(c.peer)
	}
}
