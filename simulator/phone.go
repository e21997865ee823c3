package simulator

import (
	"fmt"
	"strings"
	"time"
)

// Answer is what a phone does when it is dialled. Answers (or nothing) is the usual one.
type Answer string

// What a phone can do besides Answers.
const (
	NeverAnswers Answer = "NeverAnswers" // it rings until Twilio gives up
	Busy         Answer = "Busy"         // engaged; for a softphone: the agent declines the ring
	Unreachable  Answer = "Unreachable"  // SIP 404: no such number, or no softphone registered
)

// Phone is how a telephone of the outside world behaves. The behaviour of a number not set is taken from
// its last three digits, see phoneByDigits. Whatever it is, it becomes a TwiML document that answers the
// call: its voice is what the person says, its Pause before all is ringing (see line.go).
type Phone struct {
	Rings         time.Duration // time of ringing until it answers (or declines)
	Answer        Answer        // "": Answers
	Talks         time.Duration // hangs up this long after it answered; 0: only when the other side does
	HangsUpAtOnce bool          // answers and hangs up within a second
	Voicemail     bool          // a machine answers
	Lines         int           // 0: unlimited; otherwise a further call gets busy

	// Document is the TwiML that answers, in place of all above but Lines.
	Document string
	// VoiceURL is where the TwiML that answers is fetched, in place of all above but Lines. It is a webhook
	// like that of a number of the main account, which signs it.
	VoiceURL string
}

// Softphone is how an agent's browser behaves, by client identity. An identity never set is not
// registered: dialling it fails without a ring.
type Softphone struct {
	Account      string        // SID of the subaccount whose client it is; "": the first account
	Rings        time.Duration // answers after this; 0: one second
	Answer       Answer        // "": Answers
	HangsUpAfter time.Duration // hangs up this long after the other party joined; 0: waits for the other side
	DropsAfter   time.Duration // the connection breaks this long after it answered, whatever happens; 0: never
	// DeclinesOffers is how many reservations the agent rejects in TaskRouter (as the SDK's
	// reservation.reject() with no activity) instead of taking the call: meanwhile a ring is ignored.
	DeclinesOffers int

	declining int // offers about to be declined
}

// softphoneRings is how long an agent takes to answer unless told otherwise.
const softphoneRings = time.Second

// atOnce is how long "answers and hangs up at once" takes. Less than a second; more than nothing, so
// that the hang-up can fall before or after the join (L10).
const atOnce = 300 * time.Millisecond

// SetPhone says how a telephone behaves from now on.
func (s *Simulator) SetPhone(number string, p Phone) {
	s.lock()
	defer s.unlock()
	s.phones[number] = p
}

// SetSoftphone registers an agent's softphone, or says how it behaves from now on. It panics when there
// is no such account.
func (s *Simulator) SetSoftphone(identity string, p Softphone) {
	if err := s.setSoftphone(identity, p); err != nil {
		panic("simulator: " + err.Error())
	}
}

func (s *Simulator) setSoftphone(identity string, p Softphone) error {
	s.lock()
	defer s.unlock()
	owner, found := s.main, true
	if p.Account != "" {
		owner, found = s.accounts.get(p.Account)
	}
	if !found {
		return fmt.Errorf("there is no account %s for the softphone %s", p.Account, identity)
	}
	if old := owner.softphones[identity]; old != nil {
		p.declining = old.declining
	}
	owner.softphones[identity] = &p
	return nil
}

// HangUp makes a party, "+447700900001" or "client:anna", put its phone down on all its legs, now.
// A leg that still rings is declined.
func (s *Simulator) HangUp(party string) {
	s.lock()
	defer s.unlock()
	for c := range s.liveCalls.all() {
		if c.party == party {
			s.hangUp(c)
		}
	}
}

// HangUpCall puts down the phone of one leg, or declines it. It reports whether there was anything to
// put down: false for a leg that does not ring yet, has ended, or never was.
func (s *Simulator) HangUpCall(sid string) bool {
	s.lock()
	defer s.unlock()
	c, live := s.liveCalls.get(sid)
	if !live || c.status != callRinging && c.status != callInProgress {
		return false
	}
	s.hangUp(c)
	return true
}

// identityOf is the softphone behind a party; "" for a telephone.
func identityOf(party string) string {
	identity, found := strings.CutPrefix(party, "client:")
	if !found {
		return ""
	}
	return identity
}

// conduct is what a softphone will do with one call that reaches it.
type conduct struct {
	answer     Answer
	rings      time.Duration
	afterJoin  time.Duration // hangs up this long after the conversation began; 0: never
	afterReply time.Duration // hangs up this long after answering; 0: never
	sipCode    int           // of a refusal
}

// conductOf decides when the call arrives, not before. A browser that is on a call answers SIP 486 to a
// second one (C.6).
func (s *Simulator) conductOf(c *call, identity string) conduct {
	p := c.account.softphones[identity]
	if p == nil || p.Answer == Unreachable {
		return conduct{answer: Unreachable, sipCode: 404}
	}
	do := conduct{answer: p.Answer, rings: p.Rings, afterJoin: p.HangsUpAfter, afterReply: p.DropsAfter}
	if do.rings == 0 {
		do.rings = softphoneRings
	}
	switch {
	case s.onAnotherCall(c):
		return conduct{answer: Busy, sipCode: 486}
	case p.declining > 0:
		do.answer = NeverAnswers
	case p.Answer == Busy:
		do.sipCode = 603
	}
	return do
}

// ringSoftphone lets a call arrive at a scripted softphone. Where a real browser is registered for the identity, the
// call rings there instead: see client.go.
func (s *Simulator) ringSoftphone(c *call, identity string) {
	c.conduct = s.misconduct(c, s.conductOf(c, identity))
	do := c.conduct
	c.sipCode = do.sipCode
	switch {
	case do.answer == Unreachable:
		s.end(c, callFailed, ByTwilio)
		return
	case do.answer == Busy && do.rings == 0:
		s.end(c, callBusy, ByTwilio)
		return
	}
	s.setCall(c, callRinging)
	s.note(c.entry(Rings, ""))
	switch do.answer {
	case NeverAnswers:
	case Busy:
		s.later(c, do.rings, func() { s.end(c, callBusy, ByParty) })
	default:
		s.later(c, do.rings, func() { s.answered(c) })
	}
}

func (s *Simulator) linesInUse(c *call) int {
	n := 0
	for other := range s.liveCalls.all() {
		if other != c && other.party == c.party && (other.status == callRinging || other.status == callInProgress) {
			n++
		}
	}
	return n
}

func (s *Simulator) onAnotherCall(c *call) bool {
	for other := range s.liveCalls.all() {
		if other != c && other.party == c.party && other.status == callInProgress {
			return true
		}
	}
	return false
}
