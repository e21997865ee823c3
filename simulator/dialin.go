package simulator

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// patience is how long a person who dials in lets it ring.
const patience = 60 * time.Second

// DialIn lets a phone of the outside world dial a number that an account of the simulator owns. When the
// number's document answers, the phone talks as p says: Rings and Answer mean nothing here. The result is
// the SID of the inbound call; an error means that nobody owns the number, or that it has no voice URL.
func (s *Simulator) DialIn(from, to string, p Phone) (callSID string, err error) {
	s.lock()
	defer s.unlock()
	owner, number := s.numberOwner(to)
	if number == nil {
		return "", fmt.Errorf("nobody owns the number %s", to)
	}
	handling := owner.handling(number)
	if handling.program.empty() {
		return "", fmt.Errorf("the number %s has no voice URL", to)
	}
	if !e164.MatchString(from) {
		return "", fmt.Errorf("%q is no telephone number", from)
	}
	person := &call{account: s.world, from: from, to: to, party: from, status: callInitiated, createdAt: s.now(),
		timeLimit: defaultTimeLimit * time.Second, program: p.program(true)}
	in := s.inbound(owner, from, to)
	in.number, in.fallback, in.callback = number.sid, handling.fallback, handling.status
	connect(person, in)
	s.later(person, patience, func() {
		if person.status == callInitiated || person.status == callRinging {
			s.end(person, callNoAnswer, ByParty)
		}
	})
	s.note(in.entry(Dials, to))
	s.arrive(in, handling.program)
	return in.sid, nil
}

// dialApp is a call that reaches an account through a TwiML app: from somebody's browser, "client:anna",
// or from a leg to "app:AP…". The parameters go with the first request (docs: custom parameters). The
// browser is no line: what it hears and does goes through voice, press, speaks and hangUp.
func (s *Simulator) dialApp(a *account, from string, app *application, params url.Values) *call {
	c, what := s.appCall(a, from, params.Get("To"), app, params)
	s.note(c.entry(Dials, c.to))
	s.arrive(c, what)
	return c
}

// appCall is such a call before it arrives, and what will answer it.
func (s *Simulator) appCall(a *account, from, to string, app *application, params url.Values) (*call, program) {
	c := s.inbound(a, from, to)
	c.fallback, c.callback = app.voice.fallback, app.voice.status
	what := app.voice.program
	what.with = params
	return c, what
}

// appNamed finds the app that an address names, app:AP…?name=value, and its custom parameters.
func (a *account) appNamed(address string) (*application, url.Values) {
	sid, query, _ := strings.Cut(strings.TrimPrefix(address, "app:"), "?")
	params, err := url.ParseQuery(query)
	app, found := a.applications.get(sid)
	if err != nil || !found {
		return nil, nil
	}
	return app, params
}

// Press makes a party press keys on all its legs that are answered, now: digits, * and #, with w for half
// a second of waiting and W for a whole one.
func (s *Simulator) Press(party, digits string) {
	s.eachLeg(party, func(c *call) {
		s.pressAtOnce(c, digits)
	})
}

func (s *Simulator) pressAtOnce(c *call, digits string) {
	c.keysPressed = s.begins(keySounds(digits))
	s.press(c, digits, func(d time.Duration, f func()) { s.later(c, d, f) }, func() {})
}

// Say makes a party say something on all its legs that are answered, now.
func (s *Simulator) Say(party, text string) {
	s.eachLeg(party, func(c *call) {
		c.words = s.begins(speech(text, ""))
		s.speaks(c, text, false)
		s.later(c, spoken(text), func() { s.speaks(c, text, true) })
	})
}

func (s *Simulator) eachLeg(party string, do func(*call)) {
	s.lock()
	defer s.unlock()
	for c := range s.liveCalls.all() {
		if c.party == party && c.status == callInProgress {
			do(c)
		}
	}
}
