package features

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/simulator"
)

// Sentences about the caller's end, which only the simulator can see. On a real account nobody can: there they are
// taken on trust, and what the page shows is all there is.

// log is what happened at the phones since the scenario began.
func (s *story) log() []simulator.Entry { return s.Twilio().Log()[s.before:] }

// happens waits for the caller's phone to experience something in the call of the moment.
func (s *story) happens(what string) error {
	if s.Twilio() == nil {
		return nil
	}
	return s.Await("the caller's phone: "+what, func() (bool, error) {
		for _, e := range s.log() {
			if e.Party == s.phone && e.What == what && !e.At.Before(s.request.RequestedAt) {
				return true, nil
			}
		}
		return false, nil
	})
}

// picksUp waits until the caller hears something: it is in the room by then.
func (s *story) picksUp() error {
	return s.Await("the caller picks up", func() (bool, error) { return hears(s.Twilio(), s.phone) != "", nil })
}

// talked lets so much of a conversation go by.
func (s *story) talked(seconds int) error {
	until := s.Now().Add(time.Duration(seconds) * time.Second)
	return s.Await("time passes", func() (bool, error) { return !s.Now().Before(until), nil })
}

func (s *story) neverRang() error {
	if s.Twilio() == nil {
		return nil
	}
	if n := truth.Dials(s.log(), s.phone); n > 0 {
		return fmt.Errorf("it was dialled %d times", n)
	}
	return nil
}

// callerGoes waits for the caller to hang up.
func (s *story) callerGoes() error { return s.happens(simulator.HangsUp) }

func (s *story) apology() error {
	return s.Await("the caller hears an apology", func() (bool, error) {
		for _, e := range s.log() {
			if e.Party == s.phone && e.What == simulator.Hears && strings.Contains(strings.ToLower(e.Detail), "sorry") {
				return true, nil
			}
		}
		return false, nil
	})
}

// offers counts how often an agent was offered the call of the moment.
func (s *story) offers(agent string, want int) error {
	if s.Twilio() == nil {
		return nil
	}
	n := 0
	for _, e := range s.log() {
		if e.Party == "client:"+agent && e.What == simulator.Offered {
			n++
		}
	}
	if n != want {
		return fmt.Errorf("%s was offered it %d times, want %d", agent, n, want)
	}
	return nil
}

// offered is the task that an agent is offered now; "" for none.
func offered(sim *simulator.Simulator, agent string) (task string) {
	for _, e := range sim.Log() {
		if e.Party != "client:"+agent {
			continue
		}
		switch e.What {
		case simulator.Offered:
			task = e.TaskSID
		case simulator.OfferEnded:
			task = ""
		}
	}
	return task
}

// attributes are what an agent's page shows of a task's.
func attributes(text string) (name, reason string, err error) {
	var a struct {
		sb.TaskRef
		Name, Reason string
	}
	err = json.Unmarshal([]byte(text), &a)
	return a.Name, a.Reason, err
}

// keys waits for the caller's end to have heard the keys that were pressed.
func (s *story) keys(want string) error {
	return s.Await("the keys "+want+" are heard", func() (bool, error) {
		heard := ""
		for _, e := range s.log() {
			if e.What == simulator.Presses {
				heard += e.Detail
			}
		}
		return strings.Contains(heard, want), nil
	})
}
