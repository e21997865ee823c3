package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// doRecord records what the party says, as a voicemail does: after a beep, until a silence of timeout, a
// key of finishOnKey, maxLength, or the end of the call. Nothing said: the document goes on (docs). The
// recording itself is not simulated: its URL answers 404.
func (s *Simulator) doRecord(p *script, v element, next func()) {
	c := p.call
	if v.Bool("playBeep") {
		p.sound = s.begins(Source{Kind: Beep, Takes: beepTakes, Loops: 1})
		s.voice(c, beep)
		if c.peer != nil && !c.peer.over() {
			s.note(c.peer.entry(Says, beep))
			s.detector(c.peer, true, true)
		}
		if !s.current(p) {
			return
		}
	}
	r := &recording{s: s, p: p, v: v, next: next, began: s.now(), spoken: c.speaking}
	p.ears = ears{key: r.key, speech: r.speech}
	p.leftOver = func() { r.report("hangup") }
	s.after(p, v.Seconds("maxLength"), func() { r.finish("") })
	if !c.speaking {
		r.waits()
	}
}

const beep = "beep"

type recording struct {
	s       *Simulator
	p       *script
	v       element
	next    func()
	began   time.Time
	spoken  bool
	silence *timer
}

func (r *recording) key(key byte) {
	if strings.IndexByte(r.v.Get("finishOnKey"), key) >= 0 {
		r.finish(string(key))
	}
}

func (r *recording) speech(_ string, over bool) {
	r.spoken = true
	r.s.cancel(r.silence)
	if over {
		r.waits()
	}
}

// waits for silence; a timeout of 0 is none.
func (r *recording) waits() {
	if timeout := r.v.Seconds("timeout"); timeout > 0 {
		r.silence = r.s.after(r.p, timeout, func() { r.finish("") })
	}
}

func (r *recording) finish(digits string) {
	r.s.cut(r.p)
	address := resolve(r.p.base.url, r.v.Get("action"))
	if !r.spoken || address == "" { // without action it is the document's own URL; this one may have none
		r.next()
		return
	}
	with := r.values(digits)
	r.s.ask(r.p, r.v.Get("action"), r.v.Method("method"), with)
	r.stored(with)
}

// report tells action what was recorded when the call has ended. Nobody reads the answer.
func (r *recording) report(digits string) {
	address := resolve(r.p.base.url, r.v.Get("action"))
	if !r.spoken {
		return
	}
	with := r.values(digits)
	r.s.requestOnly(r.p, address, r.v.Method("method"), with)
	r.stored(with)
}

func (r *recording) values(digits string) url.Values {
	c := r.p.call
	sid := r.s.mint("RE", c.sid)
	length := r.s.now().Sub(r.began).Round(time.Second)
	return url.Values{
		"RecordingSid": {sid}, "RecordingDuration": {strconv.Itoa(wholeSeconds(length))}, "Digits": {digits},
		"RecordingUrl": {"https://api.twilio.com/2010-04-01/Accounts/" + c.account.sid + "/Recordings/" + sid},
	}
}

// stored is the recordingStatusCallback (G).
func (r *recording) stored(with url.Values) {
	c := r.p.call
	address := r.v.Get("recordingStatusCallback")
	wanted := false
	for _, event := range r.v.Words("recordingStatusCallbackEvent") {
		wanted = wanted || event == "completed"
	}
	if address == "" || !wanted || c.ofWorld() {
		return
	}
	r.s.send(webhook{
		account: c.account, kind: KindRecording, method: r.v.Method("recordingStatusCallbackMethod"), about: c.about(),
		url: resolve(r.p.base.url, address),
		form: url.Values{
			"AccountSid": {c.account.sid}, "CallSid": {c.sid}, "RecordingSid": with["RecordingSid"], "RecordingUrl": with["RecordingUrl"],
			"RecordingStatus": {"completed"}, "RecordingDuration": with["RecordingDuration"], "RecordingChannels": {"1"},
			"RecordingStartTime": {rfc2822(r.began)}, "RecordingSource": {"RecordVerb"},
		},
	})
}

// requestOnly requests a URL of a document whose answer no longer matters.
func (s *Simulator) requestOnly(p *script, address, method string, with url.Values) {
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return
	}
	form := s.callForm(p.call)
	for name, values := range with {
		form[name] = values
	}
	if method != http.MethodGet {
		method = http.MethodPost
	}
	s.send(webhook{account: p.call.account.signer(), kind: KindTwiML, method: method, url: address, form: form, about: p.call.about()})
}
