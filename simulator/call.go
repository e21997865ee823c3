package simulator

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// States of a call. REST shows initiated as queued: it only exists in callbacks (C.1).
const (
	callQueued     = "queued"
	callInitiated  = "initiated"
	callRinging    = "ringing"
	callInProgress = "in-progress"
	callCompleted  = "completed"
	callBusy       = "busy"
	callFailed     = "failed"
	callNoAnswer   = "no-answer"
	callCanceled   = "canceled"
)

// callMoves is the life of a call, one leg (C.1). One that comes in starts as ringing. Completed while
// ringing is one of the answers to L11.
var callMoves = moves{
	callQueued:     {callInitiated, callCanceled},
	callInitiated:  {callRinging, callBusy, callFailed, callNoAnswer, callCanceled, callCompleted},
	callRinging:    {callInProgress, callBusy, callFailed, callNoAnswer, callCanceled, callCompleted},
	callInProgress: {callCompleted},
	callCompleted:  {}, callBusy: {}, callFailed: {}, callNoAnswer: {}, callCanceled: {},
}

// callEvents is which StatusCallbackEvent reports a state; every final state is "completed" (C.1).
var callEvents = map[string]string{
	callInitiated: "initiated", callRinging: "ringing", callInProgress: "answered", callCompleted: "completed",
	callBusy: "completed", callFailed: "completed", callNoAnswer: "completed", callCanceled: "completed",
}

// Direction of a call.
const (
	outboundAPI  = "outbound-api"
	outboundDial = "outbound-dial"
	inbound      = "inbound"
)

const (
	// dialSetup is how long the network takes before the other end reacts.
	dialSetup = 100 * time.Millisecond
	// mostHops ends a number that dials itself, or two that dial each other: SIP's Max-Forwards is 70, and
	// then the answer is 483 Too Many Hops (RFC 3261).
	mostHops = 70
	// ringBuffer is what Twilio always adds to Timeout (C.4).
	ringBuffer = 5 * time.Second
	// endedCallKept bounds the memory of a simulator that runs for long.
	endedCallKept  = 24 * time.Hour
	endedCallsKept = 10_000

	defaultRingTimeout = 60     // seconds
	longestRingTimeout = 600    // seconds
	defaultTimeLimit   = 14_400 // seconds: a call is ended after four hours
)

type call struct {
	account       *account
	sid, to, from string
	party         string // the person's end: whom it was dialled to; of an inbound call, who dialled
	direction     string
	parent        string   // SID of the call whose Dial made it
	dialledBy     *dialing // that Dial, while the leg belongs to it
	onAnswer      func()   // what an instruction waits for, see instruction.go
	onEnd         func()
	noun          element // what that Dial says of it
	number        string  // SID of the owned number it came in at
	shown         string  // CallerId, in place of from
	digits        string  // SendDigits: pressed when it is answered
	status        string
	queueTime     time.Duration
	createdAt     time.Time
	updatedAt     time.Time
	dialledAt     time.Time // Twilio's start_time
	answeredAt    time.Time
	endedAt       time.Time
	answeredBy    string // of answering-machine detection
	sipCode       int
	endedBy       string // as in the log

	callback    callback
	sequence    int // of the next status callback, from 0
	timeout     time.Duration
	timeLimit   time.Duration
	detection   detection
	conduct     conduct      // of a softphone
	peer        *call        // the other end of its line, see line.go
	ringsIn     []Client     // the browsers in which it rings
	client      Client       // the browser that is in it
	answers     bool         // it is the end that answers
	hops        int          // how many calls led to this one, each dialled by the document of the one before
	speaking    bool         // its party says something at the moment
	words       *Source      // what its party was last made to say, see Say
	keysPressed *Source      // the keys its party pressed last
	keysSent    *Source      // the keys that were last pressed at it, before its TwiML or its bridge
	microphone  *Source      // of the browser that is in it; nil: nobody has listened yet
	listened    uint64       // the last question of Audible in which its voice was met
	program     program      // the TwiML it runs when answered; empty for a participant
	fallback    program      // FallbackUrl
	failure     url.Values   // ErrorCode and ErrorUrl, for the fallback
	cookies     cookies      // of the application
	script      *script      // the TwiML it runs
	music       *script      // what it is played in a conference
	participant *participant // nil: not meant for a conference, or no longer in one
	room        string       // SID of the conference, for the log; it outlives participant
	limit       *timer       // TimeLimit
	timers      []*timer     // all end with the call
}

// callback is where, how and about what Twilio reports.
type callback struct {
	url, method string
	events      []string
}

func (c callback) wants(event string) bool { return slices.Contains(c.events, event) }

// newCall puts a leg in the CPS queue. Legs leave it at the account's rate, first in, first out; the
// reply to the create already tells how long it will wait (fact 11).
func (s *Simulator) newCall(c *call) {
	c.status, c.createdAt, c.updatedAt = callQueued, s.now(), s.now()
	c.party, _ = splitAddress(c.to)
	if c.direction == "" {
		c.direction = outboundAPI
	}
	if s.callsPerSecond > 0 && c.direction == outboundAPI { // other legs are not counted
		a := c.account
		if a.nextDial.Before(s.now()) {
			a.nextDial = s.now()
		}
		c.queueTime = a.nextDial.Sub(s.now())
		a.nextDial = a.nextDial.Add(time.Duration(float64(time.Second) / s.callsPerSecond))
	}
	c.account.calls.add(c.sid, c)
	s.liveCalls.add(c.sid, c)
	s.later(c, c.queueTime, func() { s.dial(c) }) // 201 means queued only
}

// later runs f unless the call has ended by then.
func (s *Simulator) later(c *call, d time.Duration, f func()) *timer {
	t := s.schedule(d, f)
	c.timers = append(slices.DeleteFunc(c.timers, func(t *timer) bool { return t.done }), t)
	return t
}

func (s *Simulator) dial(c *call) {
	c.dialledAt = s.now()
	s.setCall(c, callInitiated)
	s.note(c.entry(Dialled, ""))
	s.later(c, c.timeout+ringBuffer, func() {
		if c.status == callInitiated || c.status == callRinging {
			c.sipCode = 487
			s.end(c, callNoAnswer, ByTwilio)
		}
	})
	s.later(c, dialSetup, func() { s.reach(c) })
}

// reach is the moment the other end reacts. Early media makes the leg part of its room now (C.4).
func (s *Simulator) reach(c *call) {
	if p := c.participant; p != nil && (p.earlyMedia || s.uncertain.JoinBeforeAnswer) {
		if s.join(p); c.over() {
			return
		}
	}
	if identity := identityOf(c.party); identity != "" {
		if !s.ringClients(c, identity) {
			s.ringSoftphone(c, identity)
		}
		return
	}
	s.ringFarEnd(c)
}

// answered: somebody at the other end has picked up.
func (s *Simulator) answered(c *call) {
	c.answeredAt, c.sipCode = s.now(), 200
	joinFirst := c.participant != nil && !c.participant.joined && s.uncertain.JoinReportedFirst && s.uncertain.JoinGap == 0
	c.status = callInProgress // before the join, which looks at it
	c.updatedAt = s.now()
	s.note(c.entry(Answers, ""))
	if joinFirst {
		if s.join(c.participant); c.over() {
			return
		}
	}
	s.report(c)
	if c.over() {
		return
	}
	if c.conduct.afterReply > 0 {
		s.later(c, c.conduct.afterReply, func() { s.hangUp(c) })
	}
	s.limit(c)
	s.detect(c)
	if c.onAnswer != nil {
		if c.onAnswer(); c.over() {
			return
		}
	}
	switch {
	case c.dialledBy != nil:
		c.dialledBy.answered(c)
	case c.participant == nil:
		if !c.detection.holdsUp() {
			s.startProgram(c)
		}
	case c.participant.joined:
		c.participant.conference.listen() // it was in the room while it rang
	default:
		s.later(c, s.uncertain.JoinGap, func() {
			if c.participant != nil && !c.participant.joined {
				s.join(c.participant)
			}
		})
	}
}

// startProgram runs the document a call was made for, after the keys it is to press.
func (s *Simulator) startProgram(c *call) {
	s.sendDigits(c, c.digits, func() {
		if c.script == nil { // else a request has sent it elsewhere meanwhile
			s.runProgram(c, c.program)
		}
	})
}

// limit ends a call when its TimeLimit is over.
func (s *Simulator) limit(c *call) {
	s.cancel(c.limit)
	c.limit = s.later(c, c.answeredAt.Add(c.timeLimit).Sub(s.now()), func() { s.end(c, callCompleted, ByTwilio) })
}

// hangUp is the party putting the phone down; a ringing phone is declined, and who has dialled gives up.
func (s *Simulator) hangUp(c *call) {
	if c.awaitsAnswer() {
		s.note(c.entry(HangsUp, ""))
		s.end(c, callNoAnswer, ByParty)
		return
	}
	switch c.status {
	case callRinging:
		s.note(c.entry(HangsUp, ""))
		c.sipCode = 603
		s.end(c, callBusy, ByParty)
	case callInProgress:
		s.note(c.entry(HangsUp, ""))
		s.end(c, callCompleted, ByParty)
	}
}

// end is the only way a call ends, whoever ends it.
func (s *Simulator) end(c *call, status, by string) {
	if c.over() {
		return
	}
	before := c.status
	if !callMoves.allow(before, status) { // a leg that was answered can only be completed
		status = callCompleted
	}
	leftOver := func() {}
	if c.script != nil && c.script.leftOver != nil {
		leftOver = c.script.leftOver
	}
	// It is over before anything ends with it: what it had dialled may lead back to it.
	c.status, c.updatedAt, c.endedAt, c.endedBy = status, s.now(), s.now(), by
	s.stopScript(c)
	s.stopMusic(c)
	for _, t := range c.timers {
		s.cancel(t)
	}
	c.timers = nil
	s.endInClients(c)
	if !c.ofWorld() { // whose calls nobody keeps
		s.liveCalls.remove(c.sid)
		c.account.endedCalls = append(c.account.endedCalls, c)
		c.account.forgetCalls()
	}
	silently := before == callQueued // a cancelled queued call is never reported (C.1)
	if before == callRinging && !c.answers {
		s.note(c.entry(StopsRinging, status))
	}
	p := c.participant
	how := leaving{by: by, neverAnswered: before != callInProgress, callStatus: status}
	if c.participant = nil; p != nil {
		p.conference.depart(p, how)
	}
	ended := c.entry(Ended, status)
	ended.By = by
	s.note(ended)
	leftOver()
	if !silently {
		s.report(c)
	}
	if p != nil {
		p.conference.settle(p, how)
	}
	s.lineEnds(c)
	if d := c.dialledBy; d != nil {
		c.dialledBy = nil
		d.lost(c)
	}
	if c.onEnd != nil {
		c.onEnd()
	}
}

// setCall moves a call that goes on.
func (s *Simulator) setCall(c *call, status string) {
	if !callMoves.allow(c.status, status) {
		return
	}
	c.status, c.updatedAt = status, s.now()
	s.report(c)
}

// report sends the status callback of the state a call is in, if it was asked for (C.1).
func (s *Simulator) report(c *call) {
	event := callEvents[c.status]
	if c.callback.url == "" || !c.callback.wants(event) {
		return
	}
	form := s.callForm(c)
	form.Set("Timestamp", rfc2822(s.now()))
	form.Set("CallbackSource", "call-progress-events")
	form.Set("SequenceNumber", strconv.Itoa(c.sequence))
	c.sequence++
	if event == "completed" {
		seconds := c.seconds()
		form.Set("CallDuration", strconv.Itoa(seconds))
		form.Set("Duration", strconv.Itoa((seconds+59)/60)) // whole minutes, as billed
		if c.sipCode != 0 {
			form.Set("SipResponseCode", strconv.Itoa(c.sipCode))
		}
		if c.answeredBy != "" {
			form.Set("AnsweredBy", c.answeredBy)
		}
	}
	s.send(webhook{account: c.account, kind: KindCall, method: c.callback.method, url: c.callback.url, form: form, about: c.about()})
}

// callForm is what every request about a call carries, TwiML fetches included (C.1, D.1).
func (s *Simulator) callForm(c *call) url.Values {
	form := url.Values{
		"CallSid": {c.sid}, "AccountSid": {c.account.signer().sid}, "From": {c.from}, "To": {c.to},
		"CallStatus": {c.status}, "ApiVersion": {"2010-04-01"}, "Direction": {c.direction},
	}
	if s.uncertain.ClientsHaveGeography || e164.MatchString(c.from) && e164.MatchString(c.to) {
		addGeography(form, "From", "Caller", c.from)
		addGeography(form, "To", "Called", c.to)
	}
	if c.parent != "" {
		form.Set("ParentCallSid", c.parent)
	}
	return form
}

func (c *call) over() bool { return callMoves.final(c.status) }

func (c *call) publicStatus() string {
	if c.status == callInitiated {
		return callQueued
	}
	return c.status
}

func (c *call) seconds() int {
	if c.answeredAt.IsZero() || c.endedAt.IsZero() {
		return 0
	}
	return int(c.endedAt.Sub(c.answeredAt).Round(time.Second) / time.Second)
}

func (c *call) entry(what, detail string) Entry {
	return Entry{Party: c.party, CallSID: c.sid, ConferenceSID: c.room, What: what, Detail: detail, unseen: c.ofWorld()}
}

// about is the call an alert or a webhook is about. What goes wrong with a phone of the outside world is
// shown with the call that it is on.
func (c *call) about() Entry {
	switch {
	case !c.ofWorld():
		return c.entry("", "")
	case c.peer != nil:
		return c.peer.entry("", "")
	}
	return Entry{}
}

// ofWorld: it is the far end of somebody's line, in the outside world, and nothing of it is to be seen.
func (c *call) ofWorld() bool { return c.account == c.account.sim.world }

// forgetCalls drops calls that ended long ago, or too many, so that a simulator can run for weeks.
func (a *account) forgetCalls() {
	for len(a.endedCalls) > endedCallsKept || len(a.endedCalls) > 0 && a.sim.now().Sub(a.endedCalls[0].endedAt) > endedCallKept {
		a.calls.remove(a.endedCalls[0].sid)
		a.endedCalls = a.endedCalls[1:]
	}
}
