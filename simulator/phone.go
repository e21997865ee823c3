package simulator

import (
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

// Phone is how a telephone behaves. The behaviour of a number not set is taken from its last three
// digits, see phoneByDigits.
type Phone struct {
	Rings         time.Duration // time of ringing until it answers (or declines)
	Answer        Answer        // "": Answers
	Talks         time.Duration // hangs up this long after it answered; 0: only when the other side does
	HangsUpAtOnce bool          // answers and hangs up within a second
	Voicemail     bool          // a machine answers
	Lines         int           // 0: unlimited; otherwise a further call gets busy
}

// Softphone is how an agent's browser behaves, by client identity. An identity never set is not
// registered: dialling it fails without a ring.
type Softphone struct {
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

// phoneByDigits is the table of ready-made telephones, by the last three digits.
func phoneByDigits(number string) Phone {
	switch number[max(len(number)-3, 0):] {
	case "002": // stays until the other side hangs up
		return Phone{Rings: 2 * time.Second}
	case "003":
		return Phone{Answer: NeverAnswers}
	case "004":
		return Phone{Answer: Busy}
	case "005":
		return Phone{Rings: 2 * time.Second, HangsUpAtOnce: true}
	case "006":
		return Phone{Answer: Unreachable}
	case "007":
		return Phone{Rings: 2 * time.Second, Voicemail: true}
	case "008":
		return Phone{Rings: 25 * time.Second, Talks: 5 * time.Second}
	}
	return Phone{Rings: 2 * time.Second, Talks: 10 * time.Second} // 001 and everybody else
}

// SetPhone says how a telephone behaves from now on.
func (s *Simulator) SetPhone(number string, p Phone) {
	s.lock()
	defer s.unlock()
	s.phones[number] = p
}

// SetSoftphone registers an agent's softphone, or says how it behaves from now on.
func (s *Simulator) SetSoftphone(identity string, p Softphone) {
	s.lock()
	defer s.unlock()
	if old := s.main.softphones[identity]; old != nil {
		p.declining = old.declining
	}
	s.main.softphones[identity] = &p
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

// identityOf is the softphone behind a party; "" for a telephone.
func identityOf(party string) string {
	identity, found := strings.CutPrefix(party, "client:")
	if !found {
		return ""
	}
	return identity
}

// conduct is what a party will do with one call that reaches it.
type conduct struct {
	answer     Answer
	rings      time.Duration
	afterJoin  time.Duration // hangs up this long after the conversation began; 0: never
	afterReply time.Duration // hangs up this long after answering; 0: never
	voicemail  bool
	sipCode    int // of a refusal
}

// conductOf decides when the call arrives, not before: a line may have become busy meanwhile.
func (s *Simulator) conductOf(c *call) conduct {
	if identity := identityOf(c.party); identity != "" {
		return s.softphoneConduct(c, identity)
	}
	p, set := s.phones[c.party]
	if !set {
		p = phoneByDigits(c.party)
	}
	do := conduct{answer: p.Answer, rings: p.Rings, afterReply: p.Talks, voicemail: p.Voicemail}
	if p.HangsUpAtOnce {
		do.afterReply = atOnce
	}
	if p.Lines > 0 && s.linesInUse(c) >= p.Lines {
		do.answer, do.rings = Busy, 0 // an engaged line does not ring
	}
	switch do.answer {
	case Busy:
		do.sipCode = 486
	case Unreachable:
		do.sipCode = 404
	}
	return do
}

// softphoneConduct: a browser that is on a call answers SIP 486 to a second one (C.6).
func (s *Simulator) softphoneConduct(c *call, identity string) conduct {
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
