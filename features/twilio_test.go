package features

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/dev/stack"
	"switchboard/features/chromium"
	"switchboard/provision"
	"switchboard/simulator"
)

// TestOnTwilio plays the scenarios on a real account, against a deployment that is for tests alone. It has never been
// run: there was no account. What it may do is decided in budget_test.go, and is tested.
func TestOnTwilio(t *testing.T) {
	if os.Getenv(envWorld) != "real" {
		t.Skipf("%s=real plays the scenarios on a real Twilio account, which costs money", envWorld)
	}
	text, err := allFeatures()
	if err != nil {
		t.Fatal(err)
	}
	calls, behaviours := census(text, "@real")
	a, err := readAccount(os.Getenv, calls, behaviours)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(os.Stderr, "%d calls to %d numbers, which may cost %.2f USD; the budget is %.2f USD\n", calls, len(behaviours), a.estimate, a.budget)
	w, err := newTwilioWorld(t, a)
	if err != nil {
		t.Fatal(err)
	}
	play(t, "@real", []string{"."}, func(t testing.TB) (World, error) { return w.scenario(t), nil })
}

// twilioWorld is a deployment on a real account: its page in a Chromium, its requests and events on its Kafka.
type twilioWorld struct {
	*office
	account
	test      *testing.T
	twilio    activities.TwilioConfig
	workspace provision.Workspace

	mu     sync.Mutex
	events map[sb.CallID][]sb.EventData
}

func newTwilioWorld(t *testing.T, a account) (*twilioWorld, error) {
	chromium.Need(t)
	w := &twilioWorld{
		account: a, test: t, events: map[sb.CallID][]sb.EventData{},
		twilio: activities.TwilioConfig{AccountSID: sb.AccountSID(a.sid), AuthToken: a.token, Workspace: sb.WorkspaceSID(a.workspace)},
	}
	if err := w.readWorkspace(t.Context()); err != nil {
		return nil, err
	}
	watch, err := stack.WatchEvents(t.Context(), a.kafka, false)
	if err != nil {
		return nil, err
	}
	t.Cleanup(watch.Close)
	go func() {
		for {
			e, err := watch.Next(t.Context())
			if err != nil {
				return // the test is over
			}
			w.mu.Lock()
			w.events[e.Call] = append(w.events[e.Call], e.Data)
			w.mu.Unlock()
		}
	}()
	return w, nil
}

func (w *twilioWorld) api(ctx context.Context) (*taskrouter.ApiService, error) {
	twilio, err := activities.NewTwilio(w.twilio)
	if err != nil {
		return nil, err
	}
	return twilio.TaskRouter(ctx), nil
}

// readWorkspace finds the agent and the statuses; nothing is set up or changed.
func (w *twilioWorld) readWorkspace(ctx context.Context) error {
	api, err := w.api(ctx)
	if err != nil {
		return err
	}
	w.workspace = provision.Workspace{
		Workspace: w.twilio.Workspace, Statuses: map[string]sb.AgentStatusSID{}, Agents: map[string]sb.AgentSID{},
	}
	statuses, err := api.ListActivity(w.account.workspace, nil)
	if err != nil {
		return fmt.Errorf("list agent statuses: %w", err)
	}
	for _, s := range statuses {
		w.workspace.Statuses[*s.FriendlyName] = sb.AgentStatusSID(*s.Sid)
	}
	agents, err := api.ListWorker(w.account.workspace, nil)
	if err != nil {
		return fmt.Errorf("list agents: %w", err)
	}
	for _, a := range agents {
		w.workspace.Agents[*a.FriendlyName] = sb.AgentSID(*a.Sid)
	}
	if w.workspace.Agents[w.agent] == "" {
		return fmt.Errorf("the workspace has no agent %q: see %s", w.agent, envAgent)
	}
	return nil
}

// scenario is the world of one scenario.
func (w *twilioWorld) scenario(t testing.TB) *twilioWorld {
	w.office = &office{
		ctx: w.test.Context(), t: t, address: w.page, desks: map[string]*desk{}, abroad: true,
		browser: func(agent string) *chromium.Browser {
			return chromium.Start(w.test, chromium.Options{Microphone: voices[agent], Abroad: true})
		},
		signIn: func(p *chromium.Page, _ string) error {
			name, value, _ := strings.Cut(w.cookie, "=")
			if err := p.SetCookie(w.page, name, value); err != nil {
				return err
			}
			return p.Reload()
		},
	}
	return w
}

// Clear deletes nothing that it has not made: a workspace with tasks is not for tests.
func (w *twilioWorld) Clear() error {
	api, err := w.api(w.ctx)
	if err != nil {
		return err
	}
	return w.Await("the workspace has no tasks; it has to be one for tests alone", func() (bool, error) {
		tasks, err := api.ListTask(w.account.workspace, &taskrouter.ListTaskParams{AssignmentStatus: &[]string{"pending", "reserved", "assigned", "wrapping"}})
		return len(tasks) == 0, err
	})
}

func (w *twilioWorld) SetStatus(_, status string) error {
	return provision.SetAgentStatus(w.ctx, w.twilio, w.workspace, w.agent, status)
}

func (w *twilioWorld) Caller(behaves string, _ int) (string, error) {
	number := w.phones[behaves]
	if number == "" {
		return "", fmt.Errorf("%s has no number for a caller who %s", envPhones, behaves)
	}
	return number, nil
}

func (w *twilioWorld) Change(string, string) error {
	return errors.New("a telephone on a real account cannot be changed during a scenario")
}

func (w *twilioWorld) Place(r sb.Request) error {
	_, err := stack.PublishRequest(w.ctx, w.kafka, r)
	return err
}

func (w *twilioWorld) Cancel(r sb.Request) error {
	return stack.PublishCancellation(w.ctx, w.kafka, r.Source, r.ID)
}

func (w *twilioWorld) Events(call sb.CallID) []sb.EventData {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]sb.EventData(nil), w.events[call]...)
}

// HearEachOther: the caller's ear is out of reach. What is known is that the agent hears something, and that the
// microphone is heard by the page and not muted.
func (w *twilioWorld) HearEachOther(agent, _ string) (agentHears, callerHears bool, err error) {
	heard, err := w.desks[agent].hears()
	if err != nil {
		return false, false, err
	}
	speaks, err := chromium.Eval[bool](w.desks[agent].page, `window.softphone.levels().mic > 0.01 && !window.softphone.state().call?.muted`)
	return len(heard) > 0, speaks, err
}

// Twilio is nil: what really happened only Twilio knows.
func (w *twilioWorld) Twilio() *simulator.Simulator { return nil }

func (w *twilioWorld) End(failed bool) error {
	return errors.Join(w.close(failed), w.SetStatus(w.agent, provision.StatusOffline))
}
