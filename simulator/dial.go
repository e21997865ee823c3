package simulator

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/simulator/twiml"
)

// dialing is a Dial at work (D.2). It ends when the leg that answered first ends, when no leg has
// answered, or when the caller leaves it.
type dialing struct {
	s       *Simulator
	p       *script
	v       element
	next    func()
	waiting []element // nouns still to be rung; sequential ones wait for each other
	legs    []*call   // being rung, or talking
	won     *call     // the first that answered
	last    *call     // the last that ended
	bridged bool
	room    *participant // in place of legs: the caller is in a conference
	over    bool
}

// mostNouns is how many ring together (D.2).
const mostNouns = 10

func (s *Simulator) doDial(p *script, v element, next func()) {
	if p.call.ofWorld() { // where nobody keeps calls and rooms
		s.notSimulated(p, "Dial by a phone of the outside world")
		next()
		return
	}
	d := &dialing{s: s, p: p, v: v, next: next}
	if v.Get("record") != "do-not-record" {
		s.notSimulated(p, "record of Dial")
	}
	for _, noun := range v.Children {
		switch noun.Name {
		case "Conference":
			d.conference(noun)
			return
		case "Number", "Client":
			d.waiting = append(d.waiting, noun)
		default:
			s.notSimulated(p, noun.Name)
		}
	}
	if len(d.waiting) == 0 && len(v.Children) > 0 {
		next()
		return
	}
	d.waiting = d.waiting[:min(len(d.waiting), mostNouns)]
	p.stops, p.leftOver, p.replaced, p.dial = d.abandon, d.requestAction, d.requestAction, d
	if p.call.status == callInProgress {
		p.sound = s.begins(Source{Kind: Ringing})
		s.voice(p.call, hearsRinging)
	}
	d.ring()
}

// ring rings all nouns at once, or the next of those in sequence.
func (d *dialing) ring() {
	for len(d.waiting) > 0 && !d.over {
		noun := d.waiting[0]
		d.waiting = d.waiting[1:]
		d.ringOne(noun)
		if d.v.Bool("sequential") && len(d.legs) > 0 {
			return
		}
	}
	if len(d.legs) == 0 {
		d.finish()
	}
}

func (d *dialing) ringOne(noun element) {
	c := d.p.call
	from := d.v.Get("callerId")
	if from == "" {
		from, _ = splitAddress(c.from)
	}
	to := strings.TrimSpace(noun.Text)
	if noun.Name == "Client" {
		to = clientAddress(noun)
	} else {
		to = strings.NewReplacer(" ", "", "-", "", "(", "", ")", "").Replace(to)
		switch {
		case !e164.MatchString(to):
			d.s.complain(d.p, 13223, "Dial: Invalid phone number format")
			return
		case !e164.MatchString(from):
			d.s.complain(d.p, 13214, "Dial: Invalid callerId value")
			return
		}
	}
	leg := &call{
		account: c.account, direction: outboundDial, parent: c.sid, to: to, from: from, dialledBy: d, noun: noun, hops: c.hops,
		timeout: d.v.Seconds("timeout"), timeLimit: defaultTimeLimit * time.Second,
		callback: callback{url: d.resolve(noun.Get("statusCallback")), method: noun.Method("statusCallbackMethod"), events: noun.Words("statusCallbackEvent")},
	}
	if noun.Name == "Number" {
		leg.detection = d.detection(noun)
	}
	leg.sid = d.s.mint("CA", append(leg.identity(), c.sid)...)
	d.legs = append(d.legs, leg)
	d.s.newCall(leg)
}

// detection of machines on a number is always async (C.2).
func (d *dialing) detection(noun element) detection {
	milliseconds := func(name string) time.Duration { return time.Duration(noun.Int(name)) * time.Millisecond }
	return detection{
		mode: noun.Get("machineDetection"), async: true, timeout: noun.Seconds("machineDetectionTimeout"),
		speech:    milliseconds("machineDetectionSpeechThreshold"),
		speechEnd: milliseconds("machineDetectionSpeechEndThreshold"), silence: milliseconds("machineDetectionSilenceTimeout"),
		callback: callback{url: d.resolve(noun.Get("amdStatusCallback")), method: noun.Method("amdStatusCallbackMethod")},
	}
}

func clientAddress(noun element) string {
	identity, params := strings.TrimSpace(noun.Text), url.Values{}
	for _, child := range noun.Children {
		if child.Name == "Parameter" {
			params.Set(child.Get("name"), child.Get("value"))
		}
	}
	if len(params) > 0 {
		return "client:" + identity + "?" + params.Encode()
	}
	return "client:" + identity
}

// resolve makes a URL of the document absolute; none stays none.
func (d *dialing) resolve(address string) string {
	if address == "" {
		return ""
	}
	return resolve(d.p.base.url, address)
}

// answered: the first leg to answer wins, the others stop ringing. It may hear something, and its
// telephone be sent keys, before it is bridged.
func (d *dialing) answered(leg *call) {
	s := d.s
	d.won = leg
	for _, other := range slices.Clone(d.legs) {
		if other != leg {
			s.end(other, callCanceled, ByTwilio)
		}
	}
	whisper := func() {
		address := d.resolve(leg.noun.Get("url"))
		if address == "" {
			d.bridge(leg)
			return
		}
		s.startScript(leg, program{url: address, method: leg.noun.Method("method")}, purpose{place: twiml.BeforeBridge,
			done: func() { d.bridge(leg) }, failed: s.applicationError(leg)})
	}
	digits := ""
	if leg.noun.Name == "Number" {
		digits = leg.noun.Get("sendDigits")
	}
	s.sendDigits(leg, digits, func() {
		if leg.dialledBy == d { // else a request has sent it elsewhere meanwhile
			whisper()
		}
	})
}

// bridge connects the two parties.
func (d *dialing) bridge(leg *call) {
	s, c := d.s, d.p.call
	s.stopScript(leg)
	s.pickUp(c) // answerOnBridge
	if d.over || leg.over() || c.over() {
		return
	}
	d.bridged = true
	d.p.sound = nil
	s.voice(c, hearsConversation)
	s.voice(leg, hearsConversation)
	if d.v.Bool("hangupOnStar") {
		d.p.ears.key = func(key byte) {
			if key == '*' {
				s.end(leg, callCompleted, ByTwilio)
			}
		}
	}
	s.after(d.p, d.v.Seconds("timeLimit"), func() { s.end(leg, callCompleted, ByTwilio) })
	for _, end := range []*call{c, leg} {
		if end.conduct.afterJoin > 0 {
			s.later(leg, end.conduct.afterJoin, func() { s.hangUp(end) })
		}
	}
}

// lost: a leg has ended, or goes its own way.
func (d *dialing) lost(leg *call) {
	d.legs = slices.DeleteFunc(d.legs, func(other *call) bool { return other == leg })
	d.last = leg
	switch {
	case d.over, d.won != nil && leg != d.won, len(d.legs) > 0:
	case d.won == nil && len(d.waiting) > 0:
		d.ring()
	default:
		d.finish()
	}
}

// finish goes on with action, or without one with the next verb.
func (d *dialing) finish() {
	if d.over {
		return
	}
	d.over = true
	d.s.cut(d.p)
	if !d.s.current(d.p) {
		return
	}
	if action := d.v.Get("action"); action != "" {
		d.s.ask(d.p, action, d.v.Method("method"), d.values())
		return
	}
	d.next()
}

// abandon: the caller has left the Dial; so everybody it called is let go.
func (d *dialing) abandon() {
	if d.over {
		return
	}
	d.over = true
	for _, leg := range slices.Clone(d.legs) {
		d.s.end(leg, callCanceled, ByTwilio) // completed, if it had answered
	}
}

// requestAction asks action though nobody waits for its answer: the caller has hung up, or was sent
// elsewhere by a request (C.1, H 25).
func (d *dialing) requestAction() {
	if action := d.v.Get("action"); action != "" {
		d.s.requestOnly(d.p, d.resolve(action), d.v.Method("method"), d.values())
	}
}

// values are what action is told (D.2). After a conference there is no call to tell of.
func (d *dialing) values() url.Values {
	with := url.Values{}
	leg := d.last
	if d.won != nil {
		leg = d.won
	}
	switch {
	case d.room != nil:
		return url.Values{"DialCallStatus": {"answered"}}
	case leg == nil:
		with.Set("DialCallStatus", callFailed)
	case leg == d.won:
		with.Set("DialCallStatus", callCompleted)
		until := leg.endedAt
		if until.IsZero() {
			until = d.s.now()
		}
		with.Set("DialCallDuration", strconv.Itoa(wholeSeconds(until.Sub(leg.answeredAt).Round(time.Second))))
	default:
		with.Set("DialCallStatus", leg.status)
	}
	if leg != nil {
		with.Set("DialCallSid", leg.sid)
	}
	with.Set("DialBridged", trueFalse(d.bridged))
	return with
}

// sendDigits presses keys at whoever has answered a leg, then goes on.
func (s *Simulator) sendDigits(leg *call, digits string, next func()) {
	if digits == "" {
		next()
		return
	}
	leg.keysSent = s.begins(keySounds(digits))
	s.voice(leg, "digits "+digits)
	s.press(leg.peer, digits, func(d time.Duration, f func()) { s.later(leg, d, f) }, next)
}
