package simulator

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"switchboard/simulator/twiml"
)

// program is TwiML to run: a document at a URL, or given with the request.
type program struct {
	url, method string
	inline      string
	music       bool       // Twilio's own music: known without fetching
	verbs       []element  // a phone's document, read already
	with        url.Values // further parameters of its first request
}

func (p program) empty() bool { return p.url == "" && p.inline == "" && p.verbs == nil }

// script is a document on its way through a call. Whatever replaces it leaves it behind: every
// continuation checks that it is still the one the call runs. What it started ends with it.
type script struct {
	call     *call
	base     program // the document, for relative URLs and fetching again
	purpose  purpose
	fetched  time.Time
	spins    int // documents since time last went on
	warned   int // alerts about its documents
	timers   []*timer
	saying   string  // what is being said; the other end notices when it stops
	sound    *Source // what is being played; nil: nothing
	dial     *dialing
	ears     ears   // what a verb at work listens for
	stops    func() // what has to stop with a verb at work; nil: nothing
	leftOver func() // what it still has to do when the call ends; nil: nothing
	replaced func() // the same when another document takes over by a request
}

// purpose is what a document is run for.
type purpose struct {
	place  twiml.Place // which verbs mean something here
	done   func()      // it came to its end
	failed func()      // it could not be fetched or read
}

// refetchPause keeps a document that only redirects to itself from spinning.
const refetchPause = time.Second

// mostAtOnce is how many documents may follow each other by action before any time has passed.
const mostAtOnce = 10

// runProgram runs TwiML on a call that is in no conference. At the end of it the call ends (D.1).
func (s *Simulator) runProgram(c *call, what program) {
	finish := func() { s.hangUpByTwiML(c) }
	fail := s.applicationError(c)
	if c.fallback.url != "" {
		last := fail
		fail = func() {
			fallback := c.fallback
			fallback.with = c.failure
			s.startScript(c, fallback, purpose{place: twiml.OnCall, done: finish, failed: last})
		}
	}
	s.startScript(c, what, purpose{place: twiml.OnCall, done: finish, failed: fail})
}

func (s *Simulator) startScript(c *call, what program, why purpose) {
	s.stopScript(c)
	c.script = s.newScript(c, what, why)
	s.load(c.script, what)
}

// applicationError is what a caller hears when TwiML cannot be had.
func (s *Simulator) applicationError(c *call) func() {
	return func() {
		if s.pickUp(c); c.over() {
			return
		}
		s.voice(c, "We are sorry, an application error has occurred. Goodbye")
		s.end(c, callCompleted, ByTwilio)
	}
}

// playMusic runs a document for somebody in a conference, beside the one that brought them there.
func (s *Simulator) startMusic(c *call, what program, why purpose) {
	s.stopMusic(c)
	c.music = s.newScript(c, what, why)
	s.load(c.music, what)
}

func (s *Simulator) newScript(c *call, what program, why purpose) *script {
	return &script{call: c, base: what, purpose: why, fetched: s.now()}
}

func (s *Simulator) load(p *script, what program) {
	switch {
	case what.verbs != nil:
		s.run(p, what.verbs, p.purpose.done)
	case what.inline != "":
		document, err := twiml.Parse([]byte(what.inline))
		s.begin(p, document, err)
	default:
		s.fetch(p, what, what.with)
	}
}

func (s *Simulator) stopScript(c *call) {
	if p := c.script; p != nil {
		c.script = nil
		s.cut(p)
	}
}

func (s *Simulator) stopMusic(c *call) {
	if p := c.music; p != nil {
		c.music = nil
		s.cut(p)
	}
}

// cut ends what a script is doing at the moment.
func (s *Simulator) cut(p *script) {
	stops := p.stops
	p.ears, p.stops, p.leftOver, p.replaced, p.dial = ears{}, nil, nil, nil, nil
	s.hush(p)
	if stops != nil {
		stops()
	}
}

// hush ends what a script is saying or waiting for, but goes on listening.
func (s *Simulator) hush(p *script) {
	for _, t := range p.timers {
		s.cancel(t)
	}
	p.timers = nil
	s.said(p)
}

// current: a document goes on only if the call still runs it.
func (s *Simulator) current(p *script) bool {
	return (p.call.script == p || p.call.music == p) && !p.call.over()
}

// after goes on with a script some time later.
func (s *Simulator) after(p *script, d time.Duration, f func()) *timer {
	t := s.schedule(d, func() {
		if s.current(p) {
			f()
		}
	})
	p.timers = append(slices.DeleteFunc(p.timers, func(t *timer) bool { return t.done }), t)
	return t
}

// fetch asks the application what to do next (D.1).
func (s *Simulator) fetch(p *script, what program, with url.Values) {
	form := s.callForm(p.call)
	if p.call.answeredBy != "" {
		form.Set("AnsweredBy", p.call.answeredBy)
	}
	for name, values := range with {
		form[name] = values
	}
	asked := webhook{account: p.call.account.signer(), kind: KindTwiML, method: what.method, url: what.url, form: form,
		about: p.call.about(), cookies: p.call.cookies}
	asked.answered = func(answer webhookAnswer) {
		p.call.cookies = p.call.cookies.with(what.url, answer.cookies)
		if s.current(p) {
			document, err := readAnswer(answer, what.url)
			s.begin(p, document, err, asked.exchange(answer))
		}
	}
	s.send(asked)
}

// fails: there is no document to run. The fallback is told why.
func (s *Simulator) fails(p *script, errorCode int, address string) {
	p.call.failure = url.Values{"ErrorCode": {strconv.Itoa(errorCode)}, "ErrorUrl": {address}}
	p.purpose.failed()
}

// run runs the first verb and comes back for the rest when its time is over.
func (s *Simulator) run(p *script, verbs []element, done func()) {
	if !s.current(p) {
		return
	}
	if len(verbs) == 0 {
		done()
		return
	}
	v, next := verbs[0], func() { s.run(p, verbs[1:], done) }
	if s.refused(p, v) {
		next()
		return
	}
	if p.call.script == p && !answersLater(v) {
		s.pickUp(p.call)
	}
	if s.current(p) {
		doing[v.Name](s, p, v, next)
	}
}

// ask requests the URL of an attribute, as action: the rest of the document is unreachable (D.1).
func (s *Simulator) ask(p *script, address, method string, with url.Values) {
	next, good := s.elsewhere(p, address, method)
	if !good {
		return
	}
	wait := time.Duration(0)
	if p.spins++; !s.now().Equal(p.fetched) {
		p.spins = 0
	} else if p.spins > mostAtOnce {
		wait = refetchPause
	}
	s.after(p, wait, func() {
		p.base, p.fetched = next, s.now()
		s.fetch(p, next, with)
	})
}

// elsewhere is another document, named in this one.
func (s *Simulator) elsewhere(p *script, address, method string) (program, bool) {
	next := program{url: resolve(p.base.url, address), method: strings.ToUpper(method)}
	if next.method != http.MethodGet {
		next.method = http.MethodPost
	}
	if u, err := url.Parse(next.url); err != nil || u.Host == "" {
		s.complain(p, 15004, "Relative or missing URL in a document that has no URL itself")
		s.fails(p, 15004, next.url)
		return next, false
	}
	return next, true
}

// resolve makes a URL in a document absolute.
func resolve(base, reference string) string {
	reference = strings.TrimSpace(reference)
	from, err := url.Parse(base)
	if err != nil || base == "" {
		return reference
	}
	if reference == "" {
		return base
	}
	to, err := from.Parse(reference)
	if err != nil {
		return reference
	}
	return to.String()
}
