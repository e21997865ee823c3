package workflows_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

// Whatever happens to the webhooks, and whatever the truth about Twilio is where nobody knows it, a call ends as its
// phone says. A seed draws both: lost, doubled and late webhooks, and the simulator's switches.
func TestWebhooksMakeNoDifference(t *testing.T) {
	for seed := range uint64(20 * len(phones)) {
		p := phones[seed%uint64(len(phones))]
		t.Run(fmt.Sprintf("seed %d, phone %s", seed, p.phone[len(p.phone)-3:]), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			w := virtual.New(t, virtual.Options{Seed: seed, Agents: annaAndBen, Uncertain: simulator.DrawUncertain(seed)})
			w.Sim.SetHooks(simulator.Hooks{OnWebhook: drawWebhooks(r)})
			req := w.Request(p.phone)
			req.DetectMachine = p.detectMachine
			expect(t, w, req, sb.Result{Outcome: p.outcome, HungUpBy: p.by, Attempts: 1})
			for _, a := range annaAndBen {
				checkStatus(t, w, a.Name, provision.StatusAvailable)
			}
		})
	}
}

func drawWebhooks(r *rand.Rand) func(string, url.Values) simulator.WebhookFault {
	drop, double, late := r.Float64()*0.6, r.Float64()*0.4, r.Float64()*0.7
	latest := time.Duration(1+r.IntN(12)) * time.Second
	if r.IntN(4) == 0 {
		latest = time.Minute
	}
	return func(kind string, _ url.Values) simulator.WebhookFault {
		if kind == simulator.KindTwiML || kind == simulator.KindAMD {
			return simulator.WebhookFault{} // no news of the call's: what a party hears, and who else would tell of a machine
		}
		f := simulator.WebhookFault{Drop: r.Float64() < drop}
		if r.Float64() < double {
			f.Copies = 1 + r.IntN(2)
		}
		if r.Float64() < late {
			f.Delay = time.Duration(r.Int64N(int64(latest)))
		}
		return f
	}
}

// lateNewsOf delays whatever is told of the caller's leg, so that the agent's end is heard of first.
func lateNewsOf(phone string) func(string, url.Values) simulator.WebhookFault {
	return func(kind string, form url.Values) simulator.WebhookFault {
		if kind == simulator.KindCall && form.Get("To") == phone || strings.HasPrefix(form.Get("ParticipantLabel"), "caller") {
			return simulator.WebhookFault{Delay: 500 * time.Millisecond}
		}
		return simulator.WebhookFault{}
	}
}

// The caller's end takes the room and the agent's leg along. Heard of in the wrong order it looks like an agent who
// dropped, and would be made good by ringing again.
func TestCallersEndIsNotTakenForTheAgents(t *testing.T) {
	for phone, want := range map[string]sb.Result{
		"+447700900005": {Outcome: sb.HungUpEarly, HungUpBy: sb.PartyCaller, Attempts: 1},
		"+447700900003": {Outcome: sb.NoAnswer, Attempts: 1},
	} {
		w := virtual.New(t, virtual.Options{Agents: annaAndBen, Uncertain: simulator.Uncertain{JoinBeforeAnswer: phone == "+447700900003"}})
		w.Sim.SetHooks(simulator.Hooks{OnWebhook: lateNewsOf(phone)})
		expect(t, w, w.Request(phone), want)
		if n := rings(w, phone); n != 1 {
			t.Errorf("%s rang %d times\n%s", phone, n, w.Story())
		}
	}
}

// The same, and Twilio's first answer to the apology is unclear: it cannot have ended the leg, so the caller had.
func TestCallersEndIsKnownAfterAnUnclearAnswer(t *testing.T) {
	const phone = "+447700900005"
	w := virtual.New(t, virtual.Options{Agents: annaAndBen})
	hooks, failed := simulator.Hooks{OnWebhook: lateNewsOf(phone)}, 0
	hooks.OnRequest = func(_ string, form url.Values) simulator.Fault {
		if form.Get("Twiml") != "" && failed == 0 {
			failed++
			return simulator.Fault{Status: 503}
		}
		return simulator.Fault{}
	}
	w.Sim.SetHooks(hooks)
	expect(t, w, w.Request(phone), sb.Result{Outcome: sb.HungUpEarly, HungUpBy: sb.PartyCaller, Attempts: 1})
	if failed != 1 {
		t.Errorf("the fault did not bite\n%s", w.Story())
	}
}
