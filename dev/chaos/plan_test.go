package chaos

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/simulator"
)

func options(seed uint64, calls int) Options {
	return Options{Seed: seed, Calls: calls, Agents: 10, Over: 2 * time.Second * time.Duration(calls), Kills: 10, Settle: time.Minute, Dir: "somewhere"}
}

func entry(phone string) simulator.Entry {
	return simulator.Entry{Party: phone, What: simulator.Dialled}
}

// The seed, and nothing else, decides.
func TestSameSeedSamePlan(t *testing.T) {
	spell := func(seed uint64) string {
		p := makePlan(options(seed, 300))
		text, err := json.Marshal([]any{p, p.Softphones})
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	first, again := spell(1), spell(1)
	if first != again {
		t.Error("the same seed gave two plans")
	}
	if first == spell(2) {
		t.Error("two seeds gave the same plan")
	}
	all, few := drawHarms(options(1, 300)), makePlan(options(1, 300)).Harms
	for i := range all {
		if all[i] != few[i] || all[i] != Schedule(options(1, 300))[i] {
			t.Fatalf("harm %d is not what the schedule says", i)
		}
	}
}

func TestPlanHasWhatWasAskedFor(t *testing.T) {
	o := options(3, 300)
	p := makePlan(o)
	phones := map[string]bool{}
	for _, r := range p.Requests {
		phones[r.Request.Caller.Phone] = true
		r.Request.RequestedAt = time.Now()
		if err := stack.CheckRequest(r.Request); err != nil {
			t.Errorf("a request would not be understood: %v", err)
		}
		if !strings.HasPrefix(r.Request.Caller.Phone, "+447700900") || r.After < 0 || time.Duration(r.After) > o.Over {
			t.Errorf("a request at %v for a phone that is not ours", r.After)
		}
	}
	if len(phones) != o.Calls {
		t.Errorf("%d phones for %d calls", len(phones), o.Calls)
	}
	times := map[string]int{}
	for _, h := range p.Harms {
		times[h.Kind+" "+h.Target]++
		if h.After < 0 || time.Duration(h.After) > o.Over {
			t.Errorf("%s is outside of the run", h)
		}
	}
	for _, process := range processes {
		if n := times["kill "+process]; n != o.Kills {
			t.Errorf("%s is killed %d times, want %d", process, n, o.Kills)
		}
		if times["pause "+process] == 0 {
			t.Errorf("%s is never paused", process)
		}
	}
	if err := policy().Validate(); err != nil {
		t.Error(err)
	}
	var read sb.Policy
	if err := json.Unmarshal([]byte(policyJSON()), &read); err != nil || read.WrapUp != policy().WrapUp || len(read.RetryAfter) != len(policy().RetryAfter) {
		t.Errorf("the policy reads %+v, %v", read, err)
	}
}

// A rule that cannot be meant would be refused only when the whole product has been started.
func TestFaultsCanBeMeant(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	for seed := range uint64(200) {
		if err := sim.SetFaults(drawFaults(seed)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	lost := options(1, 10)
	lost.Peace, lost.WebhooksLost = true, true
	p := makePlan(lost)
	if len(p.Harms) > 0 || len(p.Faults.Requests) > 0 || len(p.Faults.Webhooks) != len(told) {
		t.Errorf("all webhooks lost: got %d harms and %+v", len(p.Harms), p.Faults)
	}
}

// A cut that ends takes nothing of the rest with it, and the rest nothing of the cut.
func TestFaultsOfTheMomentComeAndGo(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	t.Cleanup(sim.Close)
	always := simulator.Faults{Seed: 4, Requests: []simulator.RequestRule{{Route: "GET *", Probability: 0.5, Status: 500}}}
	s := &sky{simulator: sim, always: always, moment: map[string]simulator.RequestRule{}}
	f := &field{sky: s}
	for _, k := range []kind{refuse{}, cutOff{}, loseReplies{}} {
		if err := k.begin(t.Context(), f, twilio); err != nil {
			t.Fatal(err)
		}
		if got := sim.Faults().Requests; len(got) != 2 || got[0].Probability != 1 || got[1].Status != 500 {
			t.Errorf("%s: got %+v, want it before what always is", k.name(), got)
		}
		if err := k.end(t.Context(), f, twilio); err != nil {
			t.Fatal(err)
		}
		if got := sim.Faults().Requests; len(got) != 1 || got[0].Status != 500 {
			t.Errorf("after %s: got %+v", k.name(), got)
		}
	}
	if err := s.clearUp(); err != nil || len(sim.Faults().Requests) > 0 {
		t.Errorf("after all: got %+v, %v", sim.Faults(), err)
	}
}

func TestOptionsThatCannotBeMeant(t *testing.T) {
	for want, change := range map[string]func(*Options){
		"from 1 to 900":    func(o *Options) { o.Calls = 901 },
		"agents":           func(o *Options) { o.Agents = 0 },
		"at least once":    func(o *Options) { o.Kills = 0 },
		"must be positive": func(o *Options) { o.Over = 0 },
		"two runs":         func(o *Options) { o.Rolling, o.WebhooksLost = true, true },
	} {
		o := options(1, 10)
		change(&o)
		if err := o.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
