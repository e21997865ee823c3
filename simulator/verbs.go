package simulator

import (
	"slices"
	"strconv"
	"time"
)

// doing is what each verb does. It calls next when the document goes on; a verb that leaves the document
// does not.
var doing map[string]func(s *Simulator, p *script, v element, next func())

func init() { // not in the declaration: some verbs run others
	doing = map[string]func(*Simulator, *script, element, func()){
		"Say": (*Simulator).doSay, "Play": (*Simulator).doPlay, "Pause": (*Simulator).doPause,
		"Redirect": (*Simulator).doRedirect, "Hangup": (*Simulator).doHangup, "Reject": (*Simulator).doReject,
		"Gather": (*Simulator).doGather, "Record": (*Simulator).doRecord,
		"Dial": (*Simulator).doDial,
	}
}

// playTakes is the length of a recording nobody has measured.
const playTakes = 5 * time.Second

// answersLater: a call that comes in is answered at its first verb, except for these: before an answer a
// Pause is ringing, and a Reject refuses the call (D.2).
func answersLater(e element) bool {
	switch e.Name {
	case "Pause", "Redirect", "Reject", "Hangup": // Hangup answers by itself
		return true
	case "Dial":
		toConference := slices.ContainsFunc(e.Children, func(noun element) bool { return noun.Name == "Conference" })
		return e.Bool("answerOnBridge") && !toConference
	}
	return false
}

func (s *Simulator) doSay(p *script, v element, next func()) {
	s.sound(p, v, v.Text, speech(v.Text, v.Get("language")), next)
}

func (s *Simulator) doPlay(p *script, v element, next func()) {
	if digits := v.Get("digits"); digits != "" {
		s.voice(p.call, "digits "+digits)
		p.sound = s.begins(keySounds(digits))
		s.press(p.call.peer, digits, func(d time.Duration, f func()) { s.after(p, d, f) }, next)
		return
	}
	address := resolve(p.base.url, v.Text)
	s.sound(p, v, "play "+address, Source{Kind: Recording, URL: address, Takes: playTakes}, next)
}

// mostTimes is more often than any call has time for.
const mostTimes = 1 << 20

// sound is heard once in the log, however often it loops. loop=0 goes on until something else happens.
func (s *Simulator) sound(p *script, v element, heard string, what Source, next func()) {
	what.Loops = min(v.Int("loop"), mostTimes)
	p.sound = s.begins(what)
	s.voice(p.call, heard)
	if p.call.music != p { // music in a room is not the voice of the other end
		p.saying = heard
		s.speaks(p.call.peer, heard, false)
	}
	if what.Loops > 0 && s.current(p) {
		s.after(p, time.Duration(what.Loops)*what.Takes, func() {
			s.said(p)
			next()
		})
	}
}

// said is the end of what a script was saying.
func (s *Simulator) said(p *script) {
	p.sound = nil
	if text := p.saying; text != "" {
		p.saying = ""
		s.speaks(p.call.peer, text, true)
	}
}

// doPause takes fractions of a second too: the documents that phones are compiled to have them.
func (s *Simulator) doPause(p *script, v element, next func()) {
	length, err := strconv.ParseFloat(v.Get("length"), 64)
	if err != nil {
		length = 1
	}
	if p.call.awaitsAnswer() {
		s.ringsAtPeer(p.call)
	} else {
		s.note(p.call.entry(Hears, hearsSilence))
	}
	if s.current(p) {
		s.after(p, time.Duration(length*float64(time.Second)), next)
	}
}

// doRedirect goes to another document; the rest of this one is unreachable. No text: the same again.
func (s *Simulator) doRedirect(p *script, v element, next func()) {
	to, good := s.elsewhere(p, v.Text, v.Get("method"))
	if !good {
		return
	}
	s.after(p, refetchPause-s.now().Sub(p.fetched), func() {
		p.base, p.fetched = to, s.now()
		s.fetch(p, to, nil)
	})
}

func (s *Simulator) doHangup(p *script, _ element, _ func()) { s.hangUpByTwiML(p.call) }

// doReject refuses a call that is not answered yet; otherwise it ends it.
func (s *Simulator) doReject(p *script, v element, _ func()) {
	if !p.call.awaitsAnswer() {
		s.hangUpByTwiML(p.call)
		return
	}
	s.refuse(p.call, v.Get("reason"))
}
