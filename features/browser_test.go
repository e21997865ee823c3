package features

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	sb "switchboard"
	"switchboard/features/chromium"
	"switchboard/features/island"
	"switchboard/provision"
	"switchboard/simulator"
)

// TestInABrowser plays the scenarios on the whole product, with a real Chromium in front of it: the page is read, and
// somebody listens at both ends.
func TestInABrowser(t *testing.T) {
	for name, files := range shifts {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // each has a stage of its own, and mostly waits for telephones
			s := newStage(t)
			play(t, "@browser", files, func(t testing.TB) (World, error) {
				o := &office{ctx: s.life, t: t, address: s.stack.PageURL(), browser: s.chromium, signIn: byName, desks: map[string]*desk{}}
				return &browserWorld{office: o, stage: s, tones: map[string]int{}}, nil
			})
		})
	}
}

// shifts are which files are played one after the other: each shift about as long as the others.
var shifts = map[string][]string{
	"calls":     {"calls.feature"},
	"offers":    {"offers.feature", "sound.feature"},
	"pages":     {"pages.feature"},
	"softphone": {"softphone.feature", "requests.feature"},
}

// No file is forgotten when one is added.
func TestEveryFeatureHasAShift(t *testing.T) {
	files, err := filepath.Glob("*.feature")
	if err != nil {
		t.Fatal(err)
	}
	var played []string
	for _, shift := range shifts {
		played = append(played, shift...)
	}
	slices.Sort(played)
	if !slices.Equal(files, played) {
		t.Errorf("there are %q, and the shifts play %q", files, played)
	}
}

// byName signs in as dev lets people do.
func byName(p *chromium.Page, agent string) error {
	if err := p.Choose("sign-in-name", agent); err != nil {
		return err
	}
	return p.Click("sign-in-go")
}

// TestNothingReachesBeyondThisMachine is for whoever looks for the proof: it is package island, which fails TestInABrowser
// and the whole package. Here is said where it does not hold.
func TestNothingReachesBeyondThisMachine(t *testing.T) {
	if err := island.Proved(); err != nil {
		t.Skip(err)
	}
	for _, attempt := range island.Attempts() {
		t.Error(attempt)
	}
}

// browserWorld is one scenario on the stage.
type browserWorld struct {
	*office
	*stage
	placed []sb.CallID
	tones  map[string]int // of the callers, by number
}

func (w *browserWorld) Twilio() *simulator.Simulator { return w.stack.Simulator() }

// Clear waits for what the scenario before has left; the world of each ends its own calls.
func (w *browserWorld) Clear() error { return w.caughtUp(limit) }

func (w *browserWorld) SetStatus(agent, status string) error {
	return w.stack.SetStatus(w.ctx, agent, status)
}

func (w *browserWorld) Caller(behaves string, hz int) (string, error) {
	p, known := phoneThat(behaves, fmt.Sprintf("%s/simulator/tone/%d.wav", w.twilio(), hz))
	if !known {
		return "", fmt.Errorf("nobody knows a caller who %s", behaves)
	}
	phone := w.number()
	w.Twilio().SetPhone(phone, p)
	w.tones[phone] = hz
	return phone, nil
}

func (w *browserWorld) Change(phone, behaves string) error {
	p, known := phoneThat(behaves, fmt.Sprintf("%s/simulator/tone/%d.wav", w.twilio(), w.tones[phone]))
	if !known {
		return fmt.Errorf("nobody knows a caller who %s", behaves)
	}
	w.Twilio().SetPhone(phone, p)
	return nil
}

func (w *browserWorld) Place(r sb.Request) error {
	w.placed = append(w.placed, r.Call())
	_, err := w.stack.Request(w.ctx, r)
	return err
}

func (w *browserWorld) Cancel(r sb.Request) error {
	w.placed = append(w.placed, r.Call())
	return w.stack.Cancel(w.ctx, r.Call())
}

func (w *browserWorld) Events(call sb.CallID) []sb.EventData {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sb.EventData(nil), w.events[call]...)
}

// HearEachOther listens at the agent's speaker, in the page, and at the caller's telephone, in the simulator.
func (w *browserWorld) HearEachOther(agent, phone string) (agentHears, callerHears bool, err error) {
	atDesk, err := w.desks[agent].hears()
	if err != nil {
		return false, false, err
	}
	atPhone, err := w.ear(phone)
	if err != nil {
		return false, false, err
	}
	return chromium.Near(atDesk, w.tones[phone]), chromium.Near(atPhone, voices[agent]), nil
}

// End closes every page and waits until nothing goes on any more.
func (w *browserWorld) End(failed bool) error {
	problems := []error{w.close(failed)}
	w.Twilio().SetWebhooks(true)
	w.Twilio().SetHooks(simulator.Hooks{})
	for _, call := range w.placed {
		if events := w.Events(call); len(events) == 0 || !isEnd(events[len(events)-1]) {
			problems = append(problems, w.stack.Cancel(w.ctx, call))
		}
	}
	for _, agent := range agents {
		problems = append(problems, w.SetStatus(agent, provision.StatusOffline))
	}
	return errors.Join(append(problems, w.caughtUp(limit))...)
}
