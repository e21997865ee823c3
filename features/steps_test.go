package features

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/cucumber/godog"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/provision"
	"switchboard/simulator"
)

// story is one scenario: what its sentences refer to.
type story struct {
	World
	phone    string     // the caller's
	other    string     // somebody else's
	request  sb.Request // the latest
	attempts int        // how often it may be tried; 0: once
	goodFor  time.Duration
	people   bool // not for machines
	placed   []sb.Request
	before   int // entries in the simulator's log when the scenario began
}

// who is how a sentence names an agent. The one who tells is alice.
const who = `(I|alice|bob)`

func agentOf(word string) string {
	if word == "bob" {
		return word
	}
	return "alice"
}

// sentences are what may be said. The article's are the first.
func (s *story) sentences(sc *godog.ScenarioContext) {
	sc.Step(`^`+who+` opens? the browser app$`, func(w string) error { return s.Desk(agentOf(w)).Open() })
	sc.Step(`^there are no existing tasks$`, func() error { return s.Clear() })
	sc.Step(`^I ask Twilio to set myself as "([^"]*)"$`, func(status string) error { return s.SetStatus("alice", status) })
	sc.Step(`^I set myself as away$`, func() error { return s.choose("alice", provision.StatusGone) })
	sc.Step(`^I receive a call$`, s.receive)
	sc.Step(`^a task is created and sent to Twilio$`, s.place)
	sc.Step(`^`+who+` hangs? up$`, func(w string) error { return s.hangUp(agentOf(w)) })

	sc.Step(`^a caller (?:who |whose )(.*)$`, s.caller)
	sc.Step(`^a request that may be tried (\d+) times$`, func(n int) { s.attempts = n })
	sc.Step(`^a request that is good for (\d+) seconds$`, func(n int) { s.goodFor = time.Duration(n) * time.Second })
	sc.Step(`^a request that is not for machines$`, func() { s.people = true })
	sc.Step(`^no webhook of Twilio arrives$`, func() { s.Twilio().SetWebhooks(false) })
	sc.Step(`^the news that the caller has picked up is late$`, func() { lateNews(s.Twilio(), s.phone) })

	sc.Step(`^`+who+` sets? (?:myself|himself) as "([^"]*)"$`, func(w, status string) error { return s.choose(agentOf(w), status) })
	sc.Step(`^`+who+` sees? who is calling and why$`, func(w string) error { return s.offered(agentOf(w)) })
	sc.Step(`^my softphone rings$`, func() error { return s.await("alice", "softphone rings", Desk.Rings) })
	sc.Step(`^my softphone stops ringing$`, func() error { return s.await("alice", "softphone is quiet", not(Desk.Rings)) })
	sc.Step(`^`+who+` answers?$`, func(w string) error { return s.answer(agentOf(w)) })
	sc.Step(`^`+who+` declines?$`, func(w string) error { return s.Desk(agentOf(w)).Decline() })
	sc.Step(`^I do not answer$`, func() error { return s.await("alice", "softphone is quiet", not(Desk.Rings)) })
	sc.Step(`^I (mute|unmute) myself$`, func(how string) error { return s.Desk("alice").Mute(how == "mute") })
	sc.Step(`^I press the keys "([^"]*)"$`, func(keys string) error { return s.Desk("alice").Press(keys) })
	sc.Step(`^my line breaks$`, func() error { return s.Desk("alice").Break() })
	sc.Step(`^`+who+` am talking$`, func(w string) error { return s.await(agentOf(w), "is talking", Desk.Talking) })
	sc.Step(`^I am asked for my notes$`, func() error { return s.await("alice", "is asked for notes", Desk.WrappingUp) })
	sc.Step(`^`+who+` finish(?:es)? (?:my|his) notes with "([^"]*)"$`, func(w, d string) error { return s.finish(agentOf(w), d) })
	sc.Step(`^I am told that (.*)$`, s.told)
	sc.Step(`^`+who+` (?:am|is) "([^"]*)"$`, func(w, status string) error { return s.is(agentOf(w), status) })

	sc.Step(`^the caller's phone rings$`, func() error { return s.happens(simulator.Rings) })
	sc.Step(`^the caller's phone stops ringing$`, func() error { return s.happens(simulator.StopsRinging) })
	sc.Step(`^the caller's phone did not ring$`, s.neverRang)
	sc.Step(`^the caller picks up$`, s.picksUp)
	sc.Step(`^the caller hangs up$`, s.callerGoes)
	sc.Step(`^the caller is not on the line any more$`, func() error { return s.happens(simulator.Ended) })
	sc.Step(`^the caller's line is free again$`, func() error { return s.Change(s.phone, "stays on the line") })
	sc.Step(`^the caller hears an apology$`, s.apology)
	sc.Step(`^the news is in time again$`, func() { s.Twilio().SetHooks(simulator.Hooks{}) })
	sc.Step(`^we have talked for (\d+) seconds$`, s.talked)
	sc.Step(`^the caller hears the keys "([^"]*)"$`, s.keys)
	sc.Step(`^we hear each other$`, func() error { return s.hear("alice", s.phone, true) })
	sc.Step(`^bob and the caller hear each other$`, func() error { return s.hear("bob", s.phone, true) })
	sc.Step(`^the caller does not hear me$`, func() error { return s.hear("alice", s.phone, false) })

	sc.Step(`^somebody else, who (.*), is to be called$`, s.somebodyElse)
	sc.Step(`^bob and the other caller hear each other$`, func() error { return s.hear("bob", s.other, true) })
	sc.Step(`^nobody hears anybody of the other call$`, s.apart)

	sc.Step(`^the request is withdrawn$`, func() error { return s.Cancel(s.request) })
	sc.Step(`^the request is withdrawn before it is made$`, s.cancelFirst)
	sc.Step(`^the call waits in the queue$`, func() error {
		return s.reaches("waits", func(e sb.EventData) bool { return e.Stage == sb.StageQueued })
	})
	sc.Step(`^it is going to be tried again$`, func() error {
		return s.reaches("a further attempt is planned", func(e sb.EventData) bool { return e.Stage == sb.StageRetryPlanned })
	})
	sc.Step(`^the request is reported as (\w+)(?:, hung up by (?:the )?(\w+))?(?:, because of the (\w+))?$`, s.reported)
	sc.Step(`^I was not offered the call$`, func() error { return s.offers("alice", 0) })
	sc.Step(`^I was offered the call once$`, func() error { return s.offers("alice", 1) })
	s.roughSentences(sc)
}

func (s *story) caller(behaves string) (err error) {
	s.phone, err = s.Caller(behaves, callerVoice)
	return err
}

// The tones that callers sound like, in Hz.
const (
	callerVoice = 1000
	otherVoice  = 1600
)

// place asks for a call to the caller of the scenario.
func (s *story) place() error {
	if n := len(s.placed); n > 0 {
		if err := s.ended(s.placed[n-1]); err != nil {
			return err
		}
	}
	s.request = s.wish()
	s.placed = append(s.placed, s.request)
	return s.Place(s.request)
}

var requests atomic.Int64 // scenarios play beside each other

// wish is a request of the scenario; its identity is new each time.
func (s *story) wish() sb.Request {
	r := sb.Request{
		Source: "features", ID: fmt.Sprintf("%d-%d", time.Now().UnixNano(), requests.Add(1)), RequestedAt: s.Now(),
		Caller: sb.Caller{Phone: s.phone, Name: callerName}, Reason: callerReason,
		MaxAttempts: max(1, s.attempts), DetectMachine: s.people,
	}
	if s.goodFor > 0 {
		r.Deadline = r.RequestedAt.Add(s.goodFor)
	}
	return r
}

// What the agent is to be shown.
const (
	callerName   = "Zoë Example"
	callerReason = "a question about cover"
)

// receive is the article's: a task is created, and is seen in the browser.
func (s *story) receive() error {
	if err := s.place(); err != nil {
		return err
	}
	return s.offered("alice")
}

// somebodyElse is called while the first call goes on.
func (s *story) somebodyElse(behaves string) (err error) {
	if s.other, err = s.Caller(behaves, otherVoice); err != nil {
		return err
	}
	r := s.wish()
	r.Caller.Phone = s.other
	s.placed = append(s.placed, r)
	return s.Place(r)
}

// apart: alice does not hear bob's caller, nor bob alice's, nor these them.
func (s *story) apart() error {
	for agent, phone := range map[string]string{"alice": s.other, "bob": s.phone} {
		agentHears, callerHears, err := s.HearEachOther(agent, phone)
		if err != nil {
			return err
		}
		if agentHears || callerHears {
			return fmt.Errorf("%s hears the other caller: %t; the other caller hears %s: %t", agent, agentHears, agent, callerHears)
		}
	}
	return nil
}

func (s *story) cancelFirst() error {
	s.request = s.wish()
	s.placed = append(s.placed, s.request)
	return s.Cancel(s.request)
}

func (s *story) choose(agent, status string) error {
	if err := s.Desk(agent).Choose(status); err != nil {
		return err
	}
	return s.is(agent, status)
}

func (s *story) is(agent, status string) error {
	seen := ""
	err := s.Await(agent+" is shown to be "+status, func() (is bool, err error) {
		seen, err = s.Desk(agent).Status()
		return seen == status, err
	})
	if err != nil {
		return fmt.Errorf("%w\n(shown: %q)", err, seen)
	}
	return nil
}

func (s *story) offered(agent string) error {
	var name, reason string
	err := s.Await(agent+" sees who is calling and why", func() (is bool, err error) {
		name, reason, err = s.Desk(agent).Offer()
		return name == callerName && reason == callerReason, err
	})
	if err != nil {
		return fmt.Errorf("%w\n(shown: %q, %q)", err, name, reason)
	}
	return nil
}

func (s *story) answer(agent string) error {
	if err := s.await(agent, "softphone rings", Desk.Rings); err != nil {
		return err
	}
	return s.Desk(agent).Answer()
}

func (s *story) hangUp(agent string) error { return s.Desk(agent).HangUp() }

func (s *story) finish(agent, disposition string) error {
	if err := s.await(agent, "is asked for notes", Desk.WrappingUp); err != nil {
		return err
	}
	before := s.dispositions(disposition)
	if err := s.Desk(agent).Finish(disposition); err != nil {
		return err
	}
	if err := s.await(agent, "is not asked any more", not(Desk.WrappingUp)); err != nil {
		return err
	}
	return s.Await("the notes are reported", func() (bool, error) { return s.dispositions(disposition) > before, nil })
}

// dispositions counts the calls of the scenario that an agent has finished so.
func (s *story) dispositions(d string) (n int) {
	for _, r := range s.placed {
		if slices.ContainsFunc(s.Events(r.Call()), func(e sb.EventData) bool { return e.Disposition == d }) {
			n++
		}
	}
	return n
}

func (s *story) told(words string) error {
	want, known := told[words]
	if !known {
		return fmt.Errorf("nobody can be told that %q", words)
	}
	return s.await("alice", "is told that "+words, func(d Desk) (bool, error) { return d.Told(want) })
}

// await waits for something to be seen at an agent's desk.
func (s *story) await(agent, what string, is func(Desk) (bool, error)) error {
	return s.Await(agent+": "+what, func() (bool, error) { return is(s.Desk(agent)) })
}

func not(is func(Desk) (bool, error)) func(Desk) (bool, error) {
	return func(d Desk) (bool, error) {
		yes, err := is(d)
		return !yes, err
	}
}

// hear waits until the agent hears the caller, and the caller does or does not hear the agent.
func (s *story) hear(agent, phone string, both bool) error {
	var agentHears, callerHears bool
	err := s.Await("what "+agent+" says is heard, and the other way round", func() (is bool, err error) {
		agentHears, callerHears, err = s.HearEachOther(agent, phone)
		return agentHears && callerHears == both, err
	})
	if err != nil {
		return fmt.Errorf("%w\n(the agent hears the caller: %t; the caller hears the agent: %t, want %t)", err, agentHears, callerHears, both)
	}
	return nil
}

// reaches waits for an event of the latest request.
func (s *story) reaches(what string, is func(sb.EventData) bool) error {
	return s.Await(what, func() (bool, error) { return slices.ContainsFunc(s.Events(s.request.Call()), is), nil })
}

func isEnd(e sb.EventData) bool { return e.Stage == sb.StageEnded }

func (s *story) ended(r sb.Request) error {
	return s.Await("an end is reported", func() (bool, error) { return slices.ContainsFunc(s.Events(r.Call()), isEnd), nil })
}

func (s *story) reported(outcome, by, reason string) error {
	if err := s.ended(s.request); err != nil {
		return err
	}
	events := s.Events(s.request.Call())
	got := events[len(events)-1]
	if string(got.Outcome) != outcome || string(got.HungUpBy) != by || string(got.Reason) != reason {
		return fmt.Errorf("reported as %s, hung up by %q, reason %q", got.Outcome, got.HungUpBy, got.Reason)
	}
	return nil
}

// check asks at the end what must hold at every end.
func (s *story) check() error {
	var problems []error
	attempts := 0
	for _, r := range s.placed {
		if err := s.ended(r); err != nil {
			return err
		}
		events := s.Events(r.Call())
		attempts += events[len(events)-1].Attempts
	}
	sim := s.Twilio()
	if sim == nil {
		return nil
	}
	for _, left := range sim.Leftovers() {
		problems = append(problems, errors.New("left behind: "+left))
	}
	for _, problem := range truth.Check(sim.Log()[s.before:], s.phone, attempts) {
		problems = append(problems, errors.New(problem))
	}
	return errors.Join(problems...)
}
