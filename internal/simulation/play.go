package simulation

import (
	"fmt"
	"io"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

// Outcome is what came of a plan.
type Outcome struct {
	Plan       Plan
	Violations []truth.Violation
	Calls      []truth.Call
	Cells      map[Cell]int
	// Timeline is what every party experienced, in order, for people; made only when asked for.
	Timeline func() string
}

// settle is how long the world is watched after the last call has ended and everything has healed: the sweep, the reapers
// and late callbacks have their say, and then nothing may be left.
const settle = 150 * time.Second

// patience bounds a play after everything has healed; the checkers' bounds are far shorter.
const patience = 12 * time.Hour

// play is a plan being carried out.
type play struct {
	plan     Plan
	world    *virtual.World
	start    time.Time
	calls    []*inPlay
	byID     map[sb.CallID]*inPlay
	going    int
	updates  int
	hits     map[hit]int
	notes    []note                  // of faults, for the timeline
	arrivals map[time.Time]sb.CallID // whose request comes to Twilio then
}

type note struct {
	at   time.Time
	text string
}

// inPlay is one call of it.
type inPlay struct {
	plan      Call
	run       *virtual.Run
	reached   []reached
	done      []bool // which acts
	cancelled time.Time
	hungUp    []sb.Party
}

type hit struct {
	call  sb.CallID
	stage sb.Stage
	fault string
}

// Play carries out a plan and judges it.
func Play(t testing.TB, plan Plan) *Outcome {
	p := &play{plan: plan, byID: map[sb.CallID]*inPlay{}, hits: map[hit]int{}, arrivals: map[time.Time]sb.CallID{}}
	o := virtual.Options{
		Seed: plan.Seed, Uncertain: plan.Uncertain, Log: io.Discard, Conditions: p.conditions(),
		WebhookLatency: plan.Weather.Trip / 2, OnStage: p.stageReached,
	}
	for _, a := range plan.Agents {
		o.Agents = append(o.Agents, provision.Agent{Name: a.Name})
	}
	p.world = virtual.New(t, o)
	p.start = p.world.Env.Now()
	p.world.Drive(p.begin)
	return p.outcome()
}

func (p *play) begin() {
	if err := p.world.Sim.SetFaults(p.plan.Faults); err != nil {
		p.world.T.Fatal(err)
	}
	for _, a := range p.plan.Agents {
		for _, m := range a.Moods {
			p.world.After(m.At, func() { p.mood(a, m) })
		}
	}
	p.going = len(p.plan.Calls)
	for _, c := range p.plan.Calls {
		p.world.After(c.At, func() { p.accept(c) })
	}
	p.world.After(p.plan.Heal, p.heal)
	p.world.After(p.plan.Heal+patience, p.world.Stop)
}

// elapsed is how long the play has been going on.
func (p *play) elapsed() time.Duration { return p.world.Env.Now().Sub(p.start) }

// stormy: things go wrong now.
func (p *play) stormy() bool { return p.elapsed() < p.plan.Heal }

func (p *play) heal() {
	if err := p.world.Sim.SetFaults(simulator.Faults{}); err != nil {
		p.world.T.Fatal(err)
	}
}

func (p *play) mood(a Agent, m Mood) {
	p.world.Sim.SetSoftphone(a.Name, m.Softphone)
	if m.Status != "" {
		p.setStatus(a.Name, m.Status)
	}
}

// setStatus is what the agent's page does: until Twilio has taken it.
func (p *play) setStatus(agent, status string) {
	if p.world.TrySetStatus(agent, status) != nil {
		p.world.After(time.Second, func() { p.setStatus(agent, status) })
	}
}

func (p *play) accept(c Call) {
	c.Request.RequestedAt = p.world.Env.Now()
	in := &inPlay{plan: c, done: make([]bool, len(c.Acts))}
	p.calls = append(p.calls, in)
	p.byID[c.Request.Call()] = in
	p.world.Sim.SetPhone(c.Request.Caller.Phone, c.Phones[0])
	in.run = p.world.Serve(sb.CallInput{Request: c.Request, Policy: c.Policy}, func(*virtual.Run) {
		if p.going--; p.going == 0 {
			p.world.After(max(0, p.plan.Heal-p.elapsed())+settle, p.world.Stop)
		}
	})
}

// stageReached: the workflow has just decided so; nobody else knows yet.
func (p *play) stageReached(id sb.CallID, stage sb.Stage, attempt int) {
	in := p.byID[id]
	in.reached = append(in.reached, reached{p.world.Env.Now(), stage})
	if n := min(attempt, len(in.plan.Phones)); stage == sb.StageQueued && n > 0 {
		p.world.Sim.SetPhone(in.plan.Request.Caller.Phone, in.plan.Phones[n-1])
	}
	for i, a := range in.plan.Acts {
		if a.Stage == stage && !in.done[i] {
			in.done[i] = true
			p.world.After(a.After, func() { p.act(in, a.Who) })
		}
	}
	if stage == sb.StageWrappingUp {
		p.finishNotes(in)
	}
}

func (p *play) outcome() *Outcome {
	o := &Outcome{Plan: p.plan, Cells: p.coverage(), Timeline: p.timeline}
	c := truth.Case{Log: p.world.Sim.Log(), Left: p.world.Sim.Leftovers(), Agents: map[string]string{}, Until: p.world.Env.Now(), Transit: p.plan.Weather.Slow + p.plan.Weather.Trip}
	for _, ws := range p.world.Sim.Snapshot().Workspaces {
		for _, a := range ws.Agents {
			c.Agents[a.Name] = a.Status
		}
	}
	events := map[sb.CallID][]sb.Event{}
	for _, e := range p.world.Events() {
		events[e.Call] = append(events[e.Call], e)
	}
	for _, in := range p.calls {
		id := in.run.Input.Request.Call()
		c.Calls = append(c.Calls, truth.Call{
			Request: in.run.Input.Request, Policy: in.run.Input.Policy, Events: events[id], Accepted: in.run.Began, Ended: in.run.Ended,
			Healed: p.start.Add(p.plan.Heal), Cancelled: in.cancelled, HungUp: in.hungUp,
		})
		if in.run.Err != nil {
			o.Violations = append(o.Violations, truth.Violation{
				Invariant: "ends_once", Call: id, At: in.run.Ended, What: fmt.Sprintf("its workflow failed: %v", in.run.Err),
			})
		}
	}
	o.Calls = c.Calls
	o.Violations = append(o.Violations, truth.Judge(c)...)
	return o
}

// bites notes that a fault has hit a call, and says how long it takes: d, unless nothing goes wrong any more before.
func (p *play) bites(fault, workflow string, d time.Duration) time.Duration {
	if in := p.byID[sb.CallID(workflow)]; in != nil {
		p.hits[hit{sb.CallID(workflow), in.stageAt(p.world.Env.Now()), fault}]++
	}
	p.notes = append(p.notes, note{p.world.Env.Now(), fault + " (" + workflow + ")"})
	return max(0, min(d, p.plan.Heal-p.elapsed()))
}
