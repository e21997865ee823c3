package chaos

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// Plan is everything that a seed decides: what is asked for, how phones and agents behave, what is done to the product and
// when. How far the product has come when it happens is up to the machine.
type Plan struct {
	Over       sb.Duration           `json:"over"` // within it all requests come, and all harm is done
	Requests   []Planned             `json:"requests"`
	Softphones []simulator.Softphone `json:"-"` // by agent
	Harms      []Harm                `json:"harms"`
	Faults     simulator.Faults      `json:"faults"`
}

// Planned is a request to come.
type Planned struct {
	After   sb.Duration     `json:"after"`
	Request sb.Request      `json:"-"`
	Phone   simulator.Phone `json:"-"`
	Person  string          `json:"person"` // what the phone does, in words
	Twice   bool            `json:"twice,omitempty"`
	// Cancel is how long after the request it is withdrawn; 0: never; below 0: before it comes.
	Cancel sb.Duration `json:"cancel,omitempty"`
	// Expect is what must come of it if nobody interferes; empty: that depends.
	Expect sb.Outcome `json:"expect,omitempty"`
}

// Harm is one thing that is done to one part, for a while.
type Harm struct {
	After  sb.Duration `json:"after"`
	Kind   string      `json:"kind"`
	Target string      `json:"target"`
	For    sb.Duration `json:"for"`
}

func (h Harm) String() string {
	return fmt.Sprintf("%6.1f s  %-7s %s for %.1f s", inSeconds(h.After), h.Kind, h.Target, inSeconds(h.For))
}

// firstPhone is the first of the 900 fictional mobile numbers whose behaviour is ours: below it are the simulator's own.
const (
	firstPhone = 100
	MaxCalls   = 1000 - firstPhone
)

// source is the system that asks.
const source = "chaos"

// dice are one for each subject: to draw one more request does not change the harm.
func dice(seed uint64, subject uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, subject)) }

const (
	diceRequests = iota + 1
	diceAgents
	diceHarms
	diceFaults
)

// span draws a length of time, to the tenth of a second.
func span(r *rand.Rand, from, to time.Duration) time.Duration {
	return (from + time.Duration(r.Float64()*float64(to-from))).Round(100 * time.Millisecond)
}

// makePlan draws a plan. It depends on nothing but the options.
func makePlan(o Options) Plan {
	p := Plan{Over: sb.Duration(o.Over), Requests: drawRequests(o), Faults: simulator.Faults{Seed: o.Seed}}
	agents := dice(o.Seed, diceAgents)
	for range o.Agents {
		p.Softphones = append(p.Softphones, simulator.Softphone{
			Rings: span(agents, time.Second, 4*time.Second), HangsUpAfter: span(agents, 6*time.Second, 20*time.Second),
		})
	}
	if !o.Peace {
		p.Harms = drawHarms(o)
		p.Faults = drawFaults(o.Seed)
	}
	if o.WebhooksLost {
		// Only what the product needs to be told: TwiML is fetched all the same, or a caller would have nothing to hear.
		p.Faults.Webhooks = nil
		for _, kind := range told {
			p.Faults.Webhooks = append(p.Faults.Webhooks, simulator.WebhookRule{Kind: kind, Probability: 1, Drop: true})
		}
	}
	return p
}

// people are who is called, and how often each is in a hundred.
var people = []struct {
	often  int
	what   string
	phone  func(r *rand.Rand) simulator.Phone
	detect bool
	expect sb.Outcome
}{
	{38, "talks and hangs up", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, time.Second, 8*time.Second), Talks: span(r, 4*time.Second, 15*time.Second)}
	}, false, sb.Completed},
	{24, "talks until the agent hangs up", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, time.Second, 10*time.Second)}
	}, false, sb.Completed},
	{8, "never answers", func(*rand.Rand) simulator.Phone { return simulator.Phone{Answer: simulator.NeverAnswers} }, false, sb.NoAnswer},
	{8, "is engaged", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, 0, 2*time.Second), Answer: simulator.Busy}
	}, false, sb.Busy},
	{5, "cannot be reached", func(*rand.Rand) simulator.Phone { return simulator.Phone{Answer: simulator.Unreachable} }, false, sb.Unreachable},
	{6, "answers and hangs up at once", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, time.Second, 6*time.Second), HangsUpAtOnce: true}
	}, false, sb.HungUpEarly},
	{6, "has a voicemail, which is looked for", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, time.Second, 6*time.Second), Voicemail: true}
	}, true, sb.Voicemail},
	{5, "has a voicemail", func(r *rand.Rand) simulator.Phone {
		return simulator.Phone{Rings: span(r, time.Second, 6*time.Second), Voicemail: true}
	}, false, sb.Completed},
}

func drawRequests(o Options) []Planned {
	r := dice(o.Seed, diceRequests)
	var all []Planned
	for i := range o.Calls {
		who, draw := 0, r.IntN(100)
		for draw >= people[who].often {
			draw -= people[who].often
			who++
		}
		p := Planned{
			After: sb.Duration(span(r, 0, o.Over)), Person: people[who].what, Phone: people[who].phone(r), Expect: people[who].expect,
			Request: sb.Request{
				Source: source, ID: fmt.Sprintf("%d-%03d", o.Seed, i+1), Reason: "a question about cover", DetectMachine: people[who].detect,
				Caller:      sb.Caller{Phone: fmt.Sprintf("+447700900%03d", firstPhone+i), Name: "Zoë Example"},
				MaxAttempts: 1 + r.IntN(3),
			},
		}
		switch draw := r.IntN(100); {
		case draw < 8:
			p.Cancel, p.Expect = sb.Duration(span(r, 100*time.Millisecond, 25*time.Second)), ""
		case draw < 10:
			p.Cancel, p.Expect = -sb.Duration(time.Second), sb.Cancelled
		case draw < 15:
			p.Twice = true
		}
		all = append(all, p)
	}
	slices.SortStableFunc(all, func(a, b Planned) int { return int(a.After - b.After) })
	return all
}

// drawHarms spreads every kind of harm over the time: each target has its kills and pauses one after another, and those of
// different targets overlap as chance has it.
func drawHarms(o Options) []Harm {
	r := dice(o.Seed, diceHarms)
	var all []Harm
	for _, kind := range kinds {
		for _, target := range kind.targets() {
			n := kind.often(o.Kills)
			for i := range n {
				// One in each of n equal parts of the time, so that no two of a target's own meet by plan.
				part := o.Over / time.Duration(n)
				from, to := kind.lasts()
				all = append(all, Harm{
					After: sb.Duration((time.Duration(i)*part + span(r, 0, part)).Round(100 * time.Millisecond)), Kind: kind.name(), Target: target, For: sb.Duration(span(r, from, to)),
				})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Harm) int { return int(a.After - b.After) })
	return all
}

// policy is short everywhere, so that a run has an end: every retry of a request falls into it.
func policy() sb.Policy {
	p := sb.DefaultPolicy()
	p.Deadline = sb.Duration(30 * time.Minute)
	p.AgentRings, p.CallerRings = sb.Duration(10*time.Second), sb.Duration(15*time.Second)
	p.WrapUp, p.MaxTalk, p.DeclinedFor = sb.Duration(2*time.Second), sb.Duration(5*time.Minute), sb.Duration(5*time.Second)
	for outcome := range p.RetryAfter {
		p.RetryAfter[outcome] = sb.Duration(8 * time.Second)
	}
	return p
}

// policyJSON is what SWITCHBOARD_POLICY says.
func policyJSON() string {
	text, err := json.Marshal(policy())
	if err != nil {
		panic("chaos: a policy that JSON cannot spell: " + err.Error()) // it is made of durations and numbers
	}
	return string(text)
}

// Schedule is what will be done to the product, which the seed alone decides.
func Schedule(o Options) []Harm {
	if o.Peace || o.Rolling {
		return nil
	}
	return drawHarms(o)
}
