package features

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/dev/stack/stacktest"
	"switchboard/features/chromium"
)

// stage is what the scenarios in a browser share, because it takes long to build up: the whole product, and a Chromium
// for each agent, so that each has a microphone, that is a tone, of their own.
type stage struct {
	test  *testing.T
	life  context.Context
	stack *stack.Stack

	mu       sync.Mutex
	events   map[sb.CallID][]sb.EventData
	browsers map[string]*chromium.Browser
	phones   int
}

// voices of the agents, in Hz. No two tones of a test are multiples of each other.
var voices = map[string]int{"alice": 440, "bob": 700}

// policy is short where a scenario would wait for nothing else; see sb.Policy for what is allowed. An agent has time to
// read that the caller was busy before the next attempt rings.
const policy = `{"agent_rings":"15s","caller_rings":"15s","wrap_up":"1m","retry_after":{"busy":"10s","no_answer":"3s"}}`

// tokens is how long an access token lives: so short that it runs out during a scenario.
const tokens = "40s"

func newStage(t *testing.T) *stage {
	t.Helper()
	chromium.Need(t)
	s := &stage{test: t, life: t.Context(), events: map[sb.CallID][]sb.EventData{}, browsers: map[string]*chromium.Browser{}}
	s.stack = stacktest.Start(t, stack.Options{
		People: agents, Policy: policy, Env: map[string]string{"SWITCHBOARD_DESKTOP_TOKEN_LIFETIME": tokens},
	})
	watch, err := s.stack.Watch(s.life, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(watch.Close)
	go func() {
		for {
			e, err := watch.Next(s.life)
			if err != nil {
				return // the test is over
			}
			s.mu.Lock()
			s.events[e.Call] = append(s.events[e.Call], e.Data)
			s.mu.Unlock()
		}
	}()
	return s
}

// browser is the agent's Chromium.
func (s *stage) chromium(agent string) *chromium.Browser {
	if s.browsers[agent] == nil {
		s.browsers[agent] = chromium.Start(s.test, chromium.Options{Microphone: voices[agent]})
	}
	return s.browsers[agent]
}

// number is a telephone number that no scenario had before.
func (s *stage) number() string {
	s.phones++
	return fmt.Sprintf("+4477009%05d", 100+s.phones)
}

// caughtUp waits for nothing to go on any more.
func (s *stage) caughtUp(limit time.Duration) error {
	return chromium.Until(s.life, limit, "nothing is left behind", func() (bool, error) {
		left := s.stack.Simulator().Leftovers()
		if len(left) == 0 {
			return true, nil
		}
		return false, fmt.Errorf("left behind: %q", left)
	})
}

// twilio is where the simulator is.
func (s *stage) twilio() string { return "http://" + s.stack.At().Simulator }

// statusAtTwilio is an agent's status as TaskRouter has it.
func (s *stage) statusAtTwilio(agent string) (string, error) {
	for _, a := range s.stack.Simulator().Snapshot().Workspaces[0].Agents {
		if a.Name == agent {
			return a.Status, nil
		}
	}
	return "", fmt.Errorf("there is no agent %s", agent)
}

// ear is what a party of the simulator hears during most of a second.
func (s *stage) ear(party string) ([]chromium.Tone, error) {
	ctx, cancel := context.WithTimeout(s.life, 10*time.Second)
	defer cancel()
	address := s.twilio() + "/simulator/ears?" + url.Values{"party": {party}, "seconds": {"0.8"}}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.New("ears: " + strconv.Itoa(res.StatusCode) + " " + string(body))
	}
	var heard struct{ Tones []chromium.Tone }
	return heard.Tones, json.Unmarshal(body, &heard)
}
