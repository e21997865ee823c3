package features

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

// virtualWorld is the whole product in this process, on a clock that stands while a sentence acts.
type virtualWorld struct {
	*virtual.World
	desks map[string]*headset
	live  *virtual.Live // the call of the moment
}

// patience is how long a sentence may take to come true: longer than the longest pause between two attempts.
const patience = 3 * time.Hour

// agents of the scenarios. In virtual time and in the browser they are at home when a scenario begins.
var agents = []string{"alice", "bob"}

func newVirtualWorld(t testing.TB) *virtualWorld {
	w := &virtualWorld{desks: map[string]*headset{}}
	var people []provision.Agent
	for _, name := range agents {
		people = append(people, provision.Agent{Name: name})
	}
	w.World = virtual.New(t, virtual.Options{Agents: people})
	for _, name := range agents {
		w.Sim.SetSoftphone(name, simulator.Softphone{Answer: simulator.Unreachable}) // until the page is open
		w.World.SetStatus(name, provision.StatusOffline)
		w.desks[name] = &headset{w: w, agent: name}
	}
	return w
}

func (w *virtualWorld) Now() time.Time { return w.Env.Now() }

func (w *virtualWorld) Desk(agent string) Desk { return w.desks[agent] }

func (w *virtualWorld) Twilio() *simulator.Simulator { return w.Sim }

func (w *virtualWorld) Clear() error {
	w.CancelTasks()
	return nil
}

func (w *virtualWorld) SetStatus(agent, status string) error {
	w.World.SetStatus(agent, status)
	return nil
}

func (w *virtualWorld) Caller(behaves string, _ int) (string, error) {
	const phone = "+447700900123"
	return phone, w.Change(phone, behaves)
}

func (w *virtualWorld) Change(phone, behaves string) error {
	p, known := phoneThat(behaves, "http://twilio.test/simulator/tone/1000.wav")
	if !known {
		return fmt.Errorf("nobody knows a caller who %s", behaves)
	}
	w.Sim.SetPhone(phone, p)
	return nil
}

func (w *virtualWorld) Place(r sb.Request) error {
	return w.begin(sb.CallInput{Request: r, Policy: sb.DefaultPolicy()})
}

// Cancel of a request that was not made yet starts its call, which then has nothing to do; see sb.CallInput.
func (w *virtualWorld) Cancel(r sb.Request) error {
	why := sb.Cancellation{Reason: sb.ReasonRequester}
	if w.live != nil && !w.live.Over() && len(w.Events(r.Call())) > 0 {
		w.Env.SignalWorkflow(sb.SignalCancel, why)
		return nil
	}
	only := sb.Request{Source: r.Source, ID: r.ID, RequestedAt: r.RequestedAt}
	return w.begin(sb.CallInput{Request: only, Policy: sb.DefaultPolicy(), Cancelled: &why})
}

func (w *virtualWorld) begin(in sb.CallInput) error {
	if w.live != nil {
		if !w.live.Over() {
			return errors.New("virtual time knows one call at a time: let the other one end first")
		}
		w.Continue()
	}
	if in.Request.RequestedAt.IsZero() {
		in.Request.RequestedAt = w.Env.Now()
	}
	w.live = w.Begin(in)
	return nil
}

func (w *virtualWorld) Events(call sb.CallID) (list []sb.EventData) {
	for _, e := range w.World.Events() {
		if e.Call == call {
			list = append(list, e.Data)
		}
	}
	return list
}

func (w *virtualWorld) Await(what string, met func() (bool, error)) error {
	var err error
	within := func() bool {
		var is bool
		is, err = met()
		return is || err != nil
	}
	if w.live == nil || w.live.Over() { // nothing is going on: it is so, or it will never be
		if !within() {
			return fmt.Errorf("%s: no, and nothing is going on that could change it\n%s", what, w.Story())
		}
	} else if !w.live.Until(patience, within) {
		return fmt.Errorf("%s: not within %v\n%s", what, patience, w.Story())
	}
	if err != nil {
		return fmt.Errorf("%s: %w\n%s", what, err, w.Story())
	}
	return nil
}

// HearEachOther: in virtual time there is no sound; the simulator knows who hears whom.
func (w *virtualWorld) HearEachOther(agent, phone string) (agentHears, callerHears bool, err error) {
	return hears(w.Sim, "client:"+agent) == "the conversation", hears(w.Sim, phone) == "the conversation", nil
}

func (w *virtualWorld) End(bool) error { return nil } // the test's clean-up ends a call that goes on

// hears is what a party hears now; "" when it is not on the line.
func hears(sim *simulator.Simulator, party string) (now string) {
	for _, e := range sim.Log() {
		if e.Party != party {
			continue
		}
		switch e.What {
		case simulator.Hears:
			now = e.Detail
		case simulator.Ended:
			now = ""
		}
	}
	return now
}

// headset stands for an agent's browser: it is registered as one, and does what a hand on the mouse would do.
type headset struct {
	w     *virtualWorld
	agent string

	mu      sync.Mutex
	ringing string // the call that rings
	talking string // the call that was answered
	close   func()
}

// Tell is the simulator's news; it comes under its lock.
func (h *headset) Tell(n simulator.ClientNews) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch n.What {
	case simulator.ClientRings:
		h.ringing = n.CallSID
	case simulator.ClientStopsRinging:
		h.ringing = ""
	case simulator.ClientEnded, simulator.ClientForgotten:
		h.talking = ""
	}
}

func (h *headset) calls() (ringing, talking string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.ringing, h.talking
}

func (h *headset) Open() (err error) {
	if h.close == nil {
		h.close, err = h.w.Sim.RegisterClient(simulator.DefaultAccountSID, h.agent, h)
	}
	return err
}

func (h *headset) Choose(status string) error { return h.w.SetStatus(h.agent, status) }

func (h *headset) Status() (string, error) { return h.w.Status(h.agent), nil }

// Offer reads what TaskRouter's socket would have brought: the attributes of the task that is offered.
func (h *headset) Offer() (name, reason string, err error) {
	task := offered(h.w.Sim, h.agent)
	for _, t := range h.w.Tasks() {
		if *t.Sid == task {
			return attributes(*t.Attributes)
		}
	}
	return "", "", nil
}

func (h *headset) Rings() (bool, error) {
	ringing, _ := h.calls()
	return ringing != "", nil
}

func (h *headset) Talking() (bool, error) {
	_, talking := h.calls()
	return talking != "" && h.stage() == sb.StageConnected, nil
}

func (h *headset) WrappingUp() (bool, error) { return h.stage() == sb.StageWrappingUp, nil }

func (h *headset) stage() sb.Stage {
	value, err := h.w.Env.QueryWorkflow(sb.QueryState)
	if err != nil {
		return ""
	}
	var s sb.State
	if value.Get(&s) != nil {
		return ""
	}
	return s.Stage
}

// Told: what the page says is made of what the call says.
func (h *headset) Told(want sb.Outcome) (bool, error) {
	for _, e := range h.w.World.Events() {
		if e.Data.Outcome == want {
			return true, nil
		}
	}
	return false, nil
}

func (h *headset) Answer() error {
	ringing, _ := h.calls()
	if err := h.w.Sim.ClientAnswers(ringing, h); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ringing, h.talking = "", ringing
	return nil
}

func (h *headset) Decline() error {
	ringing, _ := h.calls()
	h.w.Sim.ClientHangsUp(ringing, h)
	return nil
}

func (h *headset) HangUp() error {
	_, talking := h.calls()
	if talking == "" {
		return errors.New("there is no call to hang up")
	}
	h.w.Sim.ClientHangsUp(talking, h)
	return nil
}

func (h *headset) Mute(bool) error { return errNoSound }

func (h *headset) Press(keys string) error {
	_, talking := h.calls()
	return h.w.Sim.ClientPresses(talking, keys, h)
}

var errNoSound = errors.New("there is no sound in virtual time: keep this scenario for the browser")

// Finish sends what the page's button sends.
func (h *headset) Finish(disposition string) error {
	answered, refused := false, error(nil)
	h.w.Env.UpdateWorkflow(sb.UpdateFinishWrapUp, "finish", &testsuite.TestUpdateCallback{
		OnAccept: func() {}, OnReject: func(err error) { answered, refused = true, err },
		OnComplete: func(_ any, err error) { answered, refused = true, err },
	}, sb.WrapUp{Disposition: disposition})
	if err := h.w.Await("the notes are taken", func() (bool, error) { return answered, nil }); err != nil {
		return err
	}
	return refused
}

func (h *headset) Break() error {
	_, talking := h.calls()
	h.w.Sim.ClientHangsUp(talking, h)
	return nil
}

// lateNews holds back what tells that a caller has picked up.
func lateNews(sim *simulator.Simulator, phone string) {
	sim.SetHooks(simulator.Hooks{OnWebhook: func(_ string, form url.Values) simulator.WebhookFault {
		if form.Get("CallStatus") == "in-progress" && form.Get("To") == phone || strings.HasPrefix(form.Get("ParticipantLabel"), "caller-1-") {
			return simulator.WebhookFault{Delay: 3 * time.Second}
		}
		return simulator.WebhookFault{}
	}})
}
