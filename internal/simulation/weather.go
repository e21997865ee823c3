package simulation

import (
	"time"

	"switchboard/simulator"
)

// Weather is what goes wrong between the product's processes, Temporal, Kafka and Twilio, and in the processes.
type Weather struct {
	seed uint64
	heal time.Duration

	// How long things take when nothing is wrong.
	Hop, Trip time.Duration // at most, within the data centre and to Twilio

	// Chances, of each that comes by; 0 in most plans.
	NoConnection, LostThere, LostBack float64 // of a request to Twilio
	SlowThere, SlowBack               float64
	Slow                              time.Duration // at most
	LatePickup                        float64       // no worker takes the activity up for a while
	Late                              time.Duration // at most
	SlowTask                          float64       // the worker stands still between hearing and deciding
	Death                             float64       // the worker is killed while it runs the activity
	EventsLost, AckLost               float64       // Kafka does not take the events, or does not say that it has

	// Times in which something is away altogether.
	NoWorker, NoTemporal, NoKafka, NoTwilio []Spell
}

// Spell is a time with a beginning and an end.
type Spell struct{ From, To time.Duration }

func drawWeather(d dice, seed uint64, heal time.Duration) Weather {
	w := Weather{
		seed: seed, heal: heal, Hop: d.between(time.Millisecond, 40*time.Millisecond), Trip: d.between(10*time.Millisecond, 300*time.Millisecond),
		Slow: d.between(time.Second, 20*time.Second), Late: d.between(time.Second, 40*time.Second),
	}
	for _, p := range []*float64{
		&w.NoConnection, &w.LostThere, &w.LostBack, &w.SlowThere, &w.SlowBack, &w.LatePickup, &w.SlowTask, &w.Death, &w.EventsLost, &w.AckLost,
	} {
		if d.chance(0.25) {
			*p = d.Float64() * d.Float64() * 0.6
		}
	}
	for _, s := range []*[]Spell{&w.NoWorker, &w.NoTemporal, &w.NoKafka, &w.NoTwilio} {
		for d.chance(0.12) && len(*s) < 2 {
			from := d.between(0, heal)
			*s = append(*s, Spell{from, min(heal, from+d.between(time.Second, 90*time.Second))})
		}
	}
	return w
}

// drawFaults has the simulator break what is Twilio's to break.
func drawFaults(d dice, seed uint64) simulator.Faults {
	f := simulator.Faults{Seed: seed}
	odds := func() float64 { return 0.01 + 0.5*d.Float64()*d.Float64() }
	for _, r := range []simulator.RequestRule{
		{Status: 429}, {Status: 500}, {Status: 503, AfterEffect: true}, {Status: 502, HTML: true}, {Status: 500, AfterEffect: true},
		{LoseReply: true}, {LoseReply: true, AfterEffect: true}, {Status: 401},
	} {
		if !d.chance(0.12) && !(r.LoseReply && d.storm(0.3)) {
			continue
		}
		r.Route = pick(d, "*", "*", "POST *", "GET *", "POST /2010-04-01*", "POST /v1*")
		r.Probability = odds()
		if r.Status == 401 {
			r.Times = 1 + d.IntN(3)
		}
		f.Requests = append(f.Requests, r)
	}
	for _, r := range []simulator.WebhookRule{
		{Drop: true}, {Copies: 1}, {Copies: 2}, {Delay: simulator.Span{From: 0, To: 3 * time.Second}},
		{Delay: simulator.Span{From: time.Second, To: time.Minute}}, {HoldBack: true}, {IgnoreAnswer: true}, {Retry: true},
	} {
		for _, kind := range webhookKinds {
			if !d.chance(0.15) && !(r.Drop && d.storm(0.4)) || r.HoldBack && kind == simulator.KindAssignment {
				continue
			}
			rule := r
			rule.Kind, rule.Probability = kind, odds()
			if r.Drop && (d.chance(0.2) || d.storm(0.4)) {
				rule.Probability = 1
			}
			f.Webhooks = append(f.Webhooks, rule)
		}
	}
	for _, r := range []simulator.PartyRule{
		{Answer: simulator.NeverAnswers}, {Answer: simulator.Busy}, {Answer: simulator.Unreachable}, {HangsUpAfter: simulator.Span{From: 0, To: 4 * time.Second}},
	} {
		if d.chance(0.08) {
			r.Party, r.Probability = pick(d, "*", "client:*", "+*"), odds()
			f.Parties = append(f.Parties, r)
		}
	}
	return f
}

// webhookKinds are those that are news: what a party hears (TwiML) comes from a document of ours that Twilio fetches, and
// nobody else could tell of a machine.
var webhookKinds = []string{simulator.KindAssignment, simulator.KindEvent, simulator.KindCall, simulator.KindConference}
