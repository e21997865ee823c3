package simulation

import (
	"fmt"
	"math/rand/v2"
	"time"

	sb "switchboard"
	"switchboard/provision"
	"switchboard/simulator"
)

// Plan is all that happens to the product from outside. Times are counted from the beginning.
type Plan struct {
	Seed      uint64
	Agents    []Agent
	Calls     []Call
	Uncertain simulator.Uncertain
	Faults    simulator.Faults // of Twilio, as far as the simulator knows them
	Weather   Weather          // of the network and of our own processes
	Heal      time.Duration    // from here on nothing goes wrong
}

// Agent is a person at a desktop.
type Agent struct {
	Name  string
	Moods []Mood
	// Notes is how long the agent takes for the notes; 0: for ever, the time limit ends it.
	Notes time.Duration
}

// Mood is how an agent behaves from a moment on.
type Mood struct {
	At        time.Duration
	Status    string // what the agent sets; "": leaves it
	Softphone simulator.Softphone
}

// Call is a request, and what becomes of it on the other end.
type Call struct {
	At      time.Duration
	Request sb.Request
	Policy  sb.Policy
	// Phones is how the caller behaves, attempt by attempt; the last is for all further ones.
	Phones []simulator.Phone
	Acts   []Act
}

// Act is what somebody does at a moment in the call: when it has reached a stage, and some time later.
type Act struct {
	Who   Actor
	Stage sb.Stage
	After time.Duration
}

// Actor is who does something, and what.
type Actor string

// What people do.
const (
	CallerHangsUp    Actor = "the caller hangs up"
	AgentHangsUp     Actor = "the agent hangs up"
	RequesterCancels Actor = "the requester cancels"
	OperatorCancels  Actor = "an operator cancels"
	AgentEnds        Actor = "the agent ends the call by the page"
	OperatorEnds     Actor = "an operator ends the call"
	TaskCancelled    Actor = "an operator cancels the task at Twilio"
)

var actors = []Actor{CallerHangsUp, AgentHangsUp, RequesterCancels, OperatorCancels, AgentEnds, OperatorEnds, TaskCancelled}

// stages at which somebody may act.
var stages = []sb.Stage{
	sb.StageQueued, sb.StageAgentRinging, sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected, sb.StageWrappingUp, sb.StageRetryPlanned,
}

// dice draw, always the same for the same seed.
type dice struct {
	*rand.Rand
	stormy bool
}

func (d dice) chance(p float64) bool { return d.Float64() < p }

// storm is a chance that there is in a storm only.
func (d dice) storm(p float64) bool { return d.stormy && d.chance(p) }

func (d dice) between(from, to time.Duration) time.Duration {
	return from + time.Duration(d.Int64N(int64(to-from)+1))
}

// moment is a length of time of no particular order of magnitude: nothing at all, a blink, seconds.
func (d dice) moment() time.Duration {
	switch d.IntN(5) {
	case 0:
		return 0
	case 1:
		return d.between(0, 50*time.Millisecond)
	case 2:
		return d.between(0, time.Second)
	case 3:
		return d.between(0, 5*time.Second)
	default:
		return d.between(0, 30*time.Second)
	}
}

func pick[T any](d dice, of ...T) T { return of[d.IntN(len(of))] }

// Draw makes the plan of a seed. The seed also draws which kinds of trouble there are at all, and how much: a world in
// which everything always goes wrong a little would never see what one fault alone can do.
func Draw(seed uint64) Plan {
	return draw(seed, dice{Rand: rand.New(rand.NewPCG(seed, 0x51b7))})
}

// Storm makes a plan of the same kind for a worse world: news and answers are lost three times as often, and half of the
// people hang up within seconds, so that they race each other while little of it is told. What Draw's worlds show once in
// 30,000 calls a storm shows once in 4,000.
func Storm(seed uint64) Plan {
	return draw(seed, dice{rand.New(rand.NewPCG(seed, 0x5708)), true})
}

func draw(seed uint64, d dice) Plan {
	p := Plan{Seed: seed, Uncertain: simulator.DrawUncertain(seed), Heal: d.between(2*time.Minute, 12*time.Minute)}
	// Were it so, a caller whose agent drops in the blink before the room is bound to the agent's leg would hear nothing
	// until we act, and while we stand still nobody does: see docs/simulation.md.
	p.Uncertain.NoWaitAfterStart = false
	for i := range 1 + d.IntN(3) {
		p.Agents = append(p.Agents, drawAgent(d, []string{"anna", "ben", "cleo"}[i], p.Heal))
	}
	for i := range 1 + d.IntN(5) {
		p.Calls = append(p.Calls, drawCall(d, i, p.Heal))
	}
	p.Faults = drawFaults(d, seed)
	p.Weather = drawWeather(d, seed, p.Heal)
	return p
}

func drawAgent(d dice, name string, heal time.Duration) Agent {
	a := Agent{Name: name, Notes: d.between(time.Second, 20*time.Second)}
	if d.chance(0.1) {
		a.Notes = 0
	}
	for at := time.Duration(0); at < heal; at += d.between(20*time.Second, 5*time.Minute) {
		a.Moods = append(a.Moods, drawMood(d, at))
		if d.chance(0.4) {
			break // and stays so
		}
	}
	// In the end everybody works as they should, so that everything can be seen through.
	return Agent{Name: a.Name, Notes: a.Notes, Moods: append(a.Moods, Mood{At: heal, Status: provision.StatusAvailable, Softphone: well})}
}

// well is a softphone at which an agent answers and stays.
var well = simulator.Softphone{HangsUpAfter: 40 * time.Second}

func drawMood(d dice, at time.Duration) Mood {
	m := Mood{At: at, Status: provision.StatusAvailable, Softphone: simulator.Softphone{
		Rings: d.between(200*time.Millisecond, 8*time.Second), HangsUpAfter: d.between(time.Second, 90*time.Second),
	}}
	if d.storm(0.5) {
		m.Softphone.HangsUpAfter = d.between(1, 14*time.Second)
		return m
	}
	switch d.IntN(14) {
	case 0:
		m.Softphone.Answer = simulator.NeverAnswers
	case 1:
		m.Softphone.Answer = simulator.Busy
	case 2:
		m.Softphone.Answer = simulator.Unreachable
	case 3:
		m.Softphone.DropsAfter = d.between(100*time.Millisecond, 20*time.Second)
	case 4:
		m.Softphone.DeclinesOffers = 1 + d.IntN(3)
	case 5:
		m.Status = pick(d, provision.StatusOffline, provision.StatusBreak, provision.StatusGone)
	case 6:
		m.Softphone.HangsUpAfter = d.between(1, 3*time.Second)
	}
	return m
}

func drawCall(d dice, i int, heal time.Duration) Call {
	c := Call{
		At: d.between(0, 40*time.Second),
		Request: sb.Request{
			Source: "/simulation", ID: fmt.Sprint(i + 1), Reason: "a question about cover",
			Caller:      sb.Caller{Phone: fmt.Sprintf("+4477009003%02d", i), Name: "Zoë Example"},
			MaxAttempts: 1 + d.IntN(3), Priority: d.IntN(2), DetectMachine: d.chance(0.2),
		},
		Policy: drawPolicy(d),
	}
	if d.chance(0.3) {
		c.Request.Caller.Locale = pick(d, "en-GB", "de-DE", "fr-FR")
	}
	if d.chance(0.05) {
		c.At = d.between(0, heal)
	}
	for range c.Request.MaxAttempts {
		c.Phones = append(c.Phones, drawPhone(d))
	}
	for (d.chance(0.45) || d.storm(0.45)) && len(c.Acts) < 3 {
		c.Acts = append(c.Acts, Act{Who: pick(d, actors...), Stage: pick(d, stages...), After: d.moment()})
	}
	return c
}

func drawPolicy(d dice) sb.Policy {
	p := sb.DefaultPolicy()
	p.Deadline = sb.Duration(d.between(3*time.Minute, 40*time.Minute))
	p.AgentRings = sb.Duration(d.between(10*time.Second, 25*time.Second).Round(time.Second))
	p.CallerRings = sb.Duration(d.between(15*time.Second, 40*time.Second).Round(time.Second))
	p.WrapUp = sb.Duration(d.between(0, 30*time.Second))
	p.MaxTalk = sb.Duration(d.between(30*time.Second, 4*time.Minute).Round(time.Second))
	p.DeclinedFor = sb.Duration(d.between(5*time.Second, time.Minute))
	p.RetryAfter = map[sb.Outcome]sb.Duration{}
	for _, o := range []sb.Outcome{sb.Busy, sb.NoAnswer, sb.Unreachable, sb.Voicemail, sb.Uncertain, sb.Failed} {
		if wait := d.between(0, 2*time.Minute); d.chance(0.85) {
			p.RetryAfter[o] = sb.Duration(wait)
		}
	}
	return p
}

func drawPhone(d dice) simulator.Phone {
	p := simulator.Phone{Rings: d.between(500*time.Millisecond, 12*time.Second), Talks: d.between(time.Second, time.Minute)}
	if d.storm(0.5) {
		p.Talks = d.between(1, 4*time.Second)
		return p
	}
	switch d.IntN(12) {
	case 0:
		p.Answer = simulator.Busy
	case 1:
		p.Answer = simulator.NeverAnswers
	case 2:
		p.Answer = simulator.Unreachable
	case 3:
		p.HangsUpAtOnce = true
	case 4:
		p.Voicemail = true
	case 5:
		p.Talks = 0
	case 6:
		p.Talks = d.between(time.Second, 5*time.Second)
	case 7:
		p.Rings = d.between(10*time.Second, 45*time.Second)
	}
	return p
}
