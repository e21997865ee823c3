package simulator

import (
	"net/url"
	"strconv"
	"time"
)

// detection is answering-machine detection (C.2): a long greeting is a machine's, a short one a person's.
type detection struct {
	mode     string // "", Enable, DetectMessageEnd
	async    bool   // participants always; calls when AsyncAmd=true
	callback callback
	// The tuning parameters: how long in all, how long a greeting makes it a machine's, how much silence
	// ends it, how long to wait for any.
	timeout, speech, speechEnd, silence time.Duration

	began   time.Time // when the greeting did; zero: not yet
	machine bool
	timer   *timer // the next thing to conclude
	giveUp  *timer
	done    bool
}

const (
	detectMessageEnd = "DetectMessageEnd"

	detectionTimeout = 30   // seconds
	speechThreshold  = 2400 // milliseconds, as the rest
	speechEnd        = 1200
	silenceTimeout   = 5000
)

// detectionParams reads MachineDetection and what belongs to it (C.2).
func (r *request) detectionParams(async bool, callbackName string) detection {
	milliseconds := func(name string, or, least, most int) time.Duration {
		return time.Duration(r.number(name, or, least, most)) * time.Millisecond
	}
	return detection{
		mode: r.oneOf("MachineDetection", "", "Enable", detectMessageEnd), async: async, callback: r.plainCallback(callbackName),
		timeout:   r.seconds("MachineDetectionTimeout", detectionTimeout, 3, 59),
		speech:    milliseconds("MachineDetectionSpeechThreshold", speechThreshold, 1000, 6000),
		speechEnd: milliseconds("MachineDetectionSpeechEndThreshold", speechEnd, 500, 5000),
		silence:   milliseconds("MachineDetectionSilenceTimeout", silenceTimeout, 2000, 10_000),
	}
}

// holdsUp: without AsyncAmd the callee hears silence until the result is known.
func (d *detection) holdsUp() bool { return d.mode != "" && !d.async }

// detect starts to find out who answered. It never runs on client legs (C.2).
func (s *Simulator) detect(c *call) {
	d := &c.detection
	if d.mode == "" || identityOf(c.party) != "" {
		d.mode = ""
		return
	}
	if d.holdsUp() {
		s.voice(c, hearsSilence)
	}
	if d.async && d.callback.url == "" {
		s.alert(21262, "No AMD status callback URL provided", c.about())
	}
	d.timer = s.later(c, d.silence, func() { s.detected(c, "unknown") })
	d.giveUp = s.later(c, d.timeout, func() {
		if d.machine { // the greeting did not end
			s.detected(c, "machine_end_other")
			return
		}
		s.detected(c, "unknown")
	})
}

// detector listens to the other end: it begins to speak, or it is over, or there is the beep.
func (s *Simulator) detector(c *call, over, beep bool) {
	d := &c.detection
	if d.mode == "" || d.done || c.status != callInProgress {
		return
	}
	s.cancel(d.timer)
	switch {
	case beep && d.mode == detectMessageEnd:
		s.detected(c, "machine_end_beep")
	case beep:
		s.detected(c, "machine_start")
	case over && d.machine:
		d.timer = s.later(c, d.speechEnd, func() { s.detected(c, "machine_end_silence") })
	case over:
		d.timer = s.later(c, d.speechEnd, func() { s.detected(c, "human") })
	case !d.machine:
		if d.began.IsZero() {
			d.began = s.now()
		}
		d.timer = s.later(c, d.speech-s.now().Sub(d.began), func() {
			d.machine = true
			if d.mode != detectMessageEnd {
				s.detected(c, "machine_start")
			}
		})
	}
}

// detected reports who answered.
func (s *Simulator) detected(c *call, by string) {
	d := &c.detection
	d.done = true
	s.cancel(d.timer)
	s.cancel(d.giveUp)
	c.answeredBy = by
	if d.holdsUp() {
		s.startProgram(c)
		return
	}
	took := s.now().Sub(c.answeredAt).Milliseconds()
	s.send(webhook{
		account: c.account, kind: KindAMD, method: d.callback.method, url: d.callback.url, about: c.about(),
		form: url.Values{"CallSid": {c.sid}, "AccountSid": {c.account.sid}, "AnsweredBy": {by},
			"MachineDetectionDuration": {strconv.FormatInt(took, 10)}},
	})
}
