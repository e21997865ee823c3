package simulator

import (
	"strings"
	"time"
)

// A line connects two calls: the one that was dialled out, and the one that arrives at the other end.
// There a TwiML document always answers: that of the number's owner, if an account of the simulator owns
// it; otherwise that of a phone in the outside world (world.go). What a document speaks, its other end
// hears, and in the log the party of that other end says it. A browser is no line: see softphone.go.

// connect makes two calls the ends of one line.
func connect(out, in *call) {
	out.peer, in.peer = in, out
	in.hops = out.hops + 1
}

// ringFarEnd lets a call to a telephone number, or to a TwiML app, arrive there.
func (s *Simulator) ringFarEnd(c *call) {
	if c.hops >= mostHops {
		c.sipCode = 483
		s.end(c, callFailed, ByTwilio)
		return
	}
	far, what := s.farEnd(c)
	if what.empty() { // nobody there, or a number without a voice URL (H 23)
		c.sipCode = 404
		s.end(c, callFailed, ByTwilio)
		return
	}
	connect(c, far)
	s.arrive(far, what)
}

// farEnd makes the call at the other end, and finds the document that will answer it.
func (s *Simulator) farEnd(c *call) (*call, program) {
	if strings.HasPrefix(c.to, "app:") {
		app, params := c.account.appNamed(c.to)
		if app == nil {
			return nil, program{}
		}
		return s.appCall(c.account, c.callerID(), c.party, app, params)
	}
	if owner, number := s.numberOwner(c.to); number != nil {
		handling := owner.handling(number)
		far := s.inbound(owner, c.callerID(), c.to)
		far.number, far.fallback, far.callback = number.sid, handling.fallback, handling.status
		return far, handling.program
	}
	phone, what := s.phoneAt(c.to)
	if phone.Lines > 0 && s.linesInUse(c) >= phone.Lines {
		what = program{verbs: engaged} // an engaged line does not ring
	} else if c.conduct = s.misconduct(c, what.conduct()); c.conduct.answer != "" && c.conduct.answer != what.conduct().answer {
		what = Phone{Answer: c.conduct.answer, Rings: c.conduct.rings}.program(false)
	}
	return &call{account: s.world, from: c.callerID(), to: c.to, party: c.to, timeLimit: defaultTimeLimit * time.Second}, what
}

// conduct is what can be told of a phone from the start of its document.
func (p program) conduct() conduct {
	switch {
	case p.empty():
		return conduct{answer: Unreachable}
	case len(p.verbs) > 0 && p.verbs[0].Name == "Reject":
		return conduct{answer: Busy}
	}
	return conduct{}
}

var engaged = []element{{Name: "Reject", Attrs: map[string]string{"reason": "busy"}}}

// inbound is a call that arrives at an account. In its log the party is the person who called.
func (s *Simulator) inbound(a *account, from, to string) *call {
	c := &call{account: a, from: from, to: to, direction: inbound, timeLimit: defaultTimeLimit * time.Second}
	c.party, _ = splitAddress(from)
	c.sid = s.mint("CA", a.sid, to, from, inbound)
	return c
}

// arrive rings where a document answers: the account's software is asked while it rings.
func (s *Simulator) arrive(c *call, what program) {
	c.answers = true
	c.status, c.createdAt, c.updatedAt, c.dialledAt = callRinging, s.now(), s.now(), s.now()
	if !c.ofWorld() {
		c.account.calls.add(c.sid, c)
		s.liveCalls.add(c.sid, c)
	}
	s.runProgram(c, what)
}

// awaitsAnswer: it has arrived and rings.
func (c *call) awaitsAnswer() bool { return c.answers && c.status == callRinging }

// ringsAtPeer tells the end that dialled that the other one rings.
func (s *Simulator) ringsAtPeer(c *call) {
	if out := c.peer; out != nil && out.status == callInitiated {
		s.setCall(out, callRinging)
		s.note(out.entry(Rings, ""))
	}
}

// pickUp answers a call that has arrived, and with it the one at the other end.
func (s *Simulator) pickUp(c *call) {
	if !c.awaitsAnswer() {
		return
	}
	s.ringsAtPeer(c)
	if c.over() {
		return
	}
	c.answeredAt, c.sipCode = s.now(), 200
	s.setCall(c, callInProgress)
	s.limit(c)
	if c.peer != nil {
		s.answered(c.peer)
	}
	if c.client != nil {
		c.client.Tell(ClientNews{What: ClientConnected, CallSID: c.sid})
	}
}

// hangUpByTwiML ends a call at the end of its document, or at a Hangup. Doing nothing else with a call
// that comes in is answering it and hanging up at once.
func (s *Simulator) hangUpByTwiML(c *call) {
	if !c.awaitsAnswer() {
		s.end(c, callCompleted, ByTwilio)
		return
	}
	s.pickUp(c)
	if p := c.script; p != nil && s.current(p) {
		s.after(p, atOnce, func() { s.end(c, callCompleted, ByTwilio) })
	}
}

// refuse declines a call that has arrived. It was never answered.
func (s *Simulator) refuse(c *call, reason string) {
	out, status, code := c.peer, callBusy, 486
	if reason == "rejected" {
		code = 603
		if s.uncertain.RejectedCall != "" {
			status = s.uncertain.RejectedCall
		}
	}
	disconnect(c)
	c.sipCode = code
	s.end(c, status, ByTwilio)
	if out == nil {
		return
	}
	by := ByTwilio
	if out.status == callRinging {
		by = ByParty
	}
	out.sipCode = code
	s.end(out, status, by)
}

func disconnect(c *call) {
	if c.peer != nil {
		c.peer.peer, c.peer = nil, nil
	}
}

// lineEnds is what the end of one call means for the other end of its line.
func (s *Simulator) lineEnds(c *call) {
	far := c.peer
	if far == nil {
		return
	}
	disconnect(c)
	switch {
	case far.over(): // its end has ended the room in which both were, and so this one
	case far.status == callInProgress:
		s.note(far.entry(HangsUp, ""))
		s.end(far, callCompleted, ByParty)
	case far.answers: // the caller gave up
		s.note(far.entry(HangsUp, ""))
		s.end(far, callNoAnswer, ByParty)
	default:
		far.sipCode = 486
		s.end(far, callBusy, ByTwilio)
	}
}

// voice is what the party of a call hears from Twilio.
func (s *Simulator) voice(c *call, text string) { s.note(c.entry(Hears, text)) }

// speaks is the party of a call saying something, or coming to the end of it.
func (s *Simulator) speaks(c *call, text string, over bool) {
	if c == nil || c.over() {
		return
	}
	if !over {
		s.note(c.entry(Says, text))
	}
	c.speaking = !over
	if c.script != nil && c.script.ears.speech != nil {
		c.script.ears.speech(text, over)
	}
	s.detector(c, over, false)
}
