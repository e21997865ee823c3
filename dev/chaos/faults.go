package chaos

import (
	"math/rand/v2"
	"time"

	"switchboard/simulator"
)

// told are the webhooks by which Twilio tells the product what happens.
var told = []string{
	simulator.KindAssignment, simulator.KindEvent, simulator.KindCall, simulator.KindConference, simulator.KindAMD,
}

// drawFaults draws what goes wrong at Twilio all the time, and how often: not every fault in every run, so that a fault
// which hides another does not always hide it.
func drawFaults(seed uint64) simulator.Faults {
	r := dice(seed, diceFaults)
	f := simulator.Faults{Seed: seed}
	maybe := func(add func(often float64), least, most float64) {
		often := least + r.Float64()*(most-least)
		if r.Float64() < 0.6 {
			add(often)
		}
	}
	request := func(rule simulator.RequestRule) func(float64) {
		return func(often float64) { rule.Probability = often; f.Requests = append(f.Requests, rule) }
	}
	webhook := func(rule simulator.WebhookRule) func(float64) {
		return func(often float64) { rule.Probability = often; f.Webhooks = append(f.Webhooks, rule) }
	}
	party := func(rule simulator.PartyRule) func(float64) {
		return func(often float64) { rule.Probability = often; f.Parties = append(f.Parties, rule) }
	}
	const participants = "POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants.json"
	const tasks = "POST /v1/Workspaces/{WS}/Tasks"
	maybe(request(simulator.RequestRule{Route: "*", Status: 429}), 0.01, 0.05)
	maybe(request(simulator.RequestRule{Route: "*", Status: 503}), 0.005, 0.03)
	maybe(request(simulator.RequestRule{Route: "*", Status: 502, HTML: true}), 0.005, 0.02)
	maybe(request(simulator.RequestRule{Route: "*", Status: 500, AfterEffect: true}), 0.005, 0.02)
	maybe(request(simulator.RequestRule{Route: "*", LoseReply: true}), 0.005, 0.03)
	maybe(request(simulator.RequestRule{Route: "*", LoseReply: true, AfterEffect: true}), 0.005, 0.03)
	maybe(request(simulator.RequestRule{Route: participants, LoseReply: true, AfterEffect: true}), 0.02, 0.08)
	maybe(request(simulator.RequestRule{Route: participants, Delay: between(5*time.Second, 9*time.Second)}), 0.01, 0.04)
	maybe(request(simulator.RequestRule{Route: tasks, LoseReply: true, AfterEffect: true}), 0.02, 0.10)
	maybe(request(simulator.RequestRule{Route: "*", Delay: between(100*time.Millisecond, 3*time.Second)}), 0.02, 0.15)
	maybe(request(simulator.RequestRule{Route: "*", SlowBody: between(100*time.Millisecond, 2*time.Second)}), 0.01, 0.05)

	for _, kind := range shuffled(r, told) {
		maybe(webhook(simulator.WebhookRule{Kind: kind, Drop: true}), 0.02, 0.30)
		maybe(webhook(simulator.WebhookRule{Kind: kind, Copies: 1 + r.IntN(2)}), 0.02, 0.20)
		maybe(webhook(simulator.WebhookRule{Kind: kind, Delay: between(100*time.Millisecond, 8*time.Second)}), 0.02, 0.20)
		maybe(webhook(simulator.WebhookRule{Kind: kind, Retry: true}), 0.02, 0.10)
	}
	for _, kind := range []string{simulator.KindCall, simulator.KindConference} {
		maybe(webhook(simulator.WebhookRule{Kind: kind, HoldBack: true}), 0.02, 0.15)
	}

	maybe(party(simulator.PartyRule{Party: "client:*", Answer: simulator.NeverAnswers}), 0.02, 0.08)
	maybe(party(simulator.PartyRule{Party: "client:*", Answer: simulator.Busy}), 0.02, 0.08)
	maybe(party(simulator.PartyRule{Party: "client:*", Answer: simulator.Unreachable}), 0.02, 0.05)
	maybe(party(simulator.PartyRule{Party: "client:*", HangsUpAfter: between(300*time.Millisecond, 15*time.Second)}), 0.02, 0.10)
	maybe(party(simulator.PartyRule{Party: "+*", HangsUpAfter: between(time.Second, 10*time.Second)}), 0.02, 0.10)
	return f
}

func between(from, to time.Duration) simulator.Span { return simulator.Span{From: from, To: to} }

func shuffled(r *rand.Rand, list []string) []string {
	mixed := make([]string, len(list))
	for i, j := range r.Perm(len(list)) {
		mixed[i] = list[j]
	}
	return mixed
}
