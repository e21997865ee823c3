package simulation

import (
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

// The tightest races, in every order. A call without faults is played once and every moment at which anything happens
// in it is noted: a decision, an activity taken up, a request at Twilio, its answer, a webhook, something that a phone
// does. Then it is played again with the first of two events just after each of these moments, and again, with the
// second just after each moment of that play that is not before the first; and all of it with the two changed over.
// Between two moments nothing happens, so it makes no difference where between them an event comes.
func TestEveryOrder(t *testing.T) {
	for _, r := range races {
		t.Run(r.name, func(t *testing.T) {
			var e exploration
			defer debug.SetGCPercent(debug.SetGCPercent(400))
			e.explore(r)
			t.Logf("%d orders, and %d plays end in %s", e.orders, e.plays, e.outcomes())
			if e.orders < r.atLeast {
				t.Errorf("only %d orders were tried, at least %d are expected: are the moments still noted?", e.orders, r.atLeast)
			}
			for i, f := range e.found {
				if i == tellsOf {
					t.Errorf("… and %d more", len(e.found)-i)
					break
				}
				t.Error(f)
			}
		})
	}
}

// apart is how long after the first the second of two events comes at the latest: later than that it is no race. With
// SIM_ORDERS set it is longer, which takes minutes.
var apart = 300 * time.Millisecond

func init() {
	if os.Getenv("SIM_ORDERS") != "" {
		apart = 3 * time.Second
	}
}

// tellsOf is how many of the orders that go wrong are told of.
const tellsOf = 5

// race is what happens at the same time.
type race struct {
	name    string
	plan    func(*Plan)
	from    sb.Stage // the first event comes when the call has reached this stage, or later
	until   sb.Stage // neither comes after this one; "": after the end
	events  [2]event // the second may be none
	atLeast int
}

// event is something that happens at a moment: what somebody does, or what a party's phone was going to do anyway.
type event struct {
	who     Actor
	answers string // the party that picks up then
}

func (e event) String() string {
	if e.answers != "" {
		return e.answers + " answers"
	}
	return string(e.who)
}

const (
	theCaller = "+447700900300"
	theAgent  = "client:anna"
)

var (
	callerAnswers = event{answers: theCaller}
	agentAnswers  = event{answers: theAgent}
	callerGoes    = event{who: CallerHangsUp}
	agentGoes     = event{who: AgentHangsUp}
	cancelled     = event{who: RequesterCancels}
	taskCancelled = event{who: TaskCancelled}
)

var races = []race{
	{
		name: "the agent drops while the caller's phone rings", from: sb.StageAgentJoined, until: sb.StageConnected,
		events: [2]event{agentGoes, callerAnswers}, atLeast: 100,
	},
	{
		name: "both hang up", from: sb.StageConnected, until: sb.StageWrappingUp,
		plan: func(p *Plan) {
			p.Calls[0].Phones[0].Talks, p.Agents[0].Moods[0].Softphone.HangsUpAfter = 0, 8*time.Second
		},
		events: [2]event{agentGoes, callerGoes}, atLeast: 100,
	},
	{
		name: "cancelled while dialling", from: sb.StageAgentJoined, until: sb.StageConnected,
		events: [2]event{cancelled, callerAnswers}, atLeast: 100,
	},
	{
		name: "cancelled as the agent drops", from: sb.StageAgentJoined, until: sb.StageConnected,
		events: [2]event{cancelled, agentGoes}, atLeast: 100,
	},
	{
		name: "the reservation times out while the agent answers", from: sb.StageAgentRinging, until: sb.StageCallerRinging,
		plan: func(p *Plan) {
			p.Calls[0].Policy.AgentRings = sb.Duration(provision.ReservationTimeout * time.Second)
			missesOne(p, provision.ReservationTimeout*time.Second)
		},
		events: [2]event{agentAnswers}, atLeast: 20,
	},
	{
		name: "the ring ends while the agent answers, and is cancelled", from: sb.StageAgentRinging, until: sb.StageCallerRinging,
		plan: func(p *Plan) {
			missesOne(p, time.Duration(p.Calls[0].Policy.AgentRings))
		},
		events: [2]event{agentAnswers, cancelled}, atLeast: 100,
	},
	{
		name: "the task is cancelled while the agent answers", from: sb.StageQueued, until: sb.StageCallerRinging,
		events: [2]event{taskCancelled, agentAnswers}, atLeast: 100,
	},
}

// missesOne has the agent let one ring of that length go by, and answer the next.
func missesOne(p *Plan, ring time.Duration) {
	moods := &p.Agents[0].Moods
	(*moods)[0].Softphone.Answer = simulator.NeverAnswers
	*moods = append(*moods, Mood{At: ring + 10*time.Second, Status: provision.StatusAvailable, Softphone: well})
}

// calm is one call to one agent at which nothing goes wrong, with time between all things.
func (r race) calm(seed uint64) Plan {
	policy := sb.DefaultPolicy()
	policy.Deadline, policy.WrapUp = sb.Duration(15*time.Minute), sb.Duration(3*time.Second)
	policy.RetryAfter = nil
	p := Plan{
		Seed: seed, Uncertain: simulator.DrawUncertain(seed),
		Agents: []Agent{{Name: "anna", Notes: time.Second, Moods: []Mood{{Status: provision.StatusAvailable, Softphone: simulator.Softphone{Rings: 2 * time.Second}}}}},
		Calls: []Call{{
			At: time.Second, Policy: policy, Phones: []simulator.Phone{{Rings: 3 * time.Second, Talks: 10 * time.Second}},
			Request: sb.Request{Source: "/simulation", ID: "1", Reason: "a question about cover", Caller: sb.Caller{Phone: theCaller}, MaxAttempts: 1},
		}},
		Weather: Weather{seed: seed, Hop: 30 * time.Millisecond, Trip: 150 * time.Millisecond},
	}
	if r.plan != nil {
		r.plan(&p)
	}
	return p
}

// happening is an event and when it happens, counted from the beginning.
type happening struct {
	event
	at time.Duration
}

// recorded is a play of a race.
type recorded struct {
	*Outcome
	moments []time.Duration            // in order
	stages  map[sb.Stage]time.Duration // when first reached
	rings   map[string]time.Duration   // when each party's phone first rang
	ended   time.Duration
	failure string
}

// record plays the race with these events. An answer's moment is counted from when its phone rings, as rings has it.
func (r race) record(seed uint64, events []happening, rings map[string]time.Duration) (out *recorded) {
	out = &recorded{stages: map[sb.Stage]time.Duration{}, rings: map[string]time.Duration{}}
	plan := r.calm(seed)
	for _, e := range events {
		if e.answers == theCaller {
			plan.Calls[0].Phones = []simulator.Phone{plan.Calls[0].Phones[0]}
			plan.Calls[0].Phones[0].Rings = max(time.Nanosecond, e.at-rings[theCaller])
		} else if e.answers == theAgent {
			softphone := &plan.Agents[0].Moods[0].Softphone
			softphone.Answer, softphone.Rings = simulator.Answers, max(time.Nanosecond, e.at-rings[theAgent])
		}
	}
	InAWorld(func(t testing.TB) {
		p := &play{plan: plan, byID: map[sb.CallID]*inPlay{}, hits: map[hit]int{}, arrivals: map[time.Time]sb.CallID{}}
		note := func(d ...time.Duration) {
			at := p.elapsed()
			for _, d := range append([]time.Duration{0}, d...) {
				at += d
				out.moments = append(out.moments, at)
			}
		}
		p.world = virtual.New(t, virtual.Options{
			Seed: plan.Seed, Uncertain: plan.Uncertain, Log: io.Discard, WebhookLatency: plan.Weather.Trip / 2, Conditions: noting(p.conditions(), note),
			Agents: []provision.Agent{{Name: "anna"}},
			OnStage: func(id sb.CallID, stage sb.Stage, attempt int) {
				if _, known := out.stages[stage]; !known {
					out.stages[stage] = p.elapsed()
				}
				p.stageReached(id, stage, attempt)
			},
		})
		p.start = p.world.Env.Now()
		p.world.Drive(func() {
			p.begin()
			for _, e := range events {
				if e.who != "" {
					p.world.After(e.at, func() { p.act(p.calls[0], e.who) })
				}
			}
		})
		out.Outcome = p.outcome()
		for _, e := range p.world.Sim.Log() {
			at := e.At.Sub(p.start)
			out.moments = append(out.moments, at)
			if _, known := out.rings[e.Party]; e.What == simulator.Rings && !known {
				out.rings[e.Party] = at
			}
		}
		out.ended = p.calls[0].run.Ended.Sub(p.start)
	}, func(failure string) { out.failure = failure })
	slices.Sort(out.moments)
	out.moments = slices.Compact(out.moments)
	return out
}

// noting tells of each moment at which something is done, as the conditions have it.
func noting(c virtual.Conditions, note func(...time.Duration)) virtual.Conditions {
	task, pickup, report, request, signal := c.Task, c.Pickup, c.Report, c.Request, c.Signal
	c.Task = func(workflow string, number int) time.Duration {
		d := task(workflow, number)
		note(d)
		return d
	}
	noted := func(f func(virtual.ActivityAttempt) time.Duration) func(virtual.ActivityAttempt) time.Duration {
		return func(a virtual.ActivityAttempt) time.Duration {
			d := f(a)
			if a.Activity != "Sweep" {
				note(d)
			}
			return d
		}
	}
	c.Pickup, c.Report = noted(pickup), noted(report)
	c.Request = func(a virtual.ActivityAttempt, r virtual.Request) virtual.Trip {
		trip := request(a, r)
		if a.Activity != "Sweep" {
			note(trip.Connect, trip.There, trip.Back)
		}
		return trip
	}
	c.Signal = func(workflow string) error {
		note()
		return signal(workflow)
	}
	return c
}

// within are the moments of a play, each a blink later, at which an event may come.
func (r race) within(p *recorded, notBefore time.Duration) (at []time.Duration) {
	from, known := p.stages[r.from]
	until, reached := p.stages[r.until]
	if !reached {
		until = p.ended
	}
	for _, m := range p.moments {
		if m++; known && m >= from && m >= notBefore && m <= until {
			at = append(at, m)
		}
	}
	return at
}

// exploration is what came of all orders of a race.
type exploration struct {
	mu     sync.Mutex
	plays  int
	orders int
	ends   map[string]int
	found  []string
}

func (e *exploration) explore(r race) {
	e.ends = map[string]int{}
	type task struct {
		seed          uint64
		first, second event
		at            time.Duration
		base          *recorded
	}
	var tasks []task
	for _, seed := range exploredSeeds {
		base := r.record(seed, nil, nil)
		e.judge(r, seed, nil, base)
		for i, first := range r.events {
			if first == (event{}) {
				continue
			}
			for _, at := range r.within(base, 0) {
				tasks = append(tasks, task{seed, first, r.events[1-i], at, base})
			}
		}
	}
	next := make(chan task)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for task := range next {
				one := []happening{{task.first, task.at}}
				alone := r.record(task.seed, one, task.base.rings)
				e.judge(r, task.seed, one, alone)
				if task.second == (event{}) || alone.failure != "" {
					continue
				}
				for _, at := range r.within(alone, task.at) {
					if at > task.at+apart {
						break
					}
					if _, rang := alone.rings[task.second.answers]; task.second.answers != "" && (!rang || at < alone.rings[task.second.answers]) {
						continue // nobody is rung then
					}
					two := []happening{{task.first, task.at}, {task.second, at}}
					rings := maps.Clone(alone.rings)
					if who := task.first.answers; who != "" {
						rings[who] = task.base.rings[who] // its moment was counted from that ring
					}
					e.judge(r, task.seed, two, r.record(task.seed, two, rings))
				}
			}
		})
	}
	for _, t := range tasks {
		next <- t
	}
	close(next)
	all.Wait()
	slices.Sort(e.found)
}

// exploredSeeds choose what nobody knows about Twilio, and how long things take.
var exploredSeeds = []uint64{1}

func (e *exploration) judge(r race, seed uint64, events []happening, p *recorded) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.plays++
	if len(events) > 0 {
		e.orders++
	}
	var what []string
	if p.failure != "" {
		what = append(what, p.failure)
	} else {
		ended := "no end"
		for _, ev := range p.Calls[0].Events {
			if ev.Data.Stage == sb.StageEnded {
				ended = strings.TrimSuffix(string(ev.Data.Outcome)+"/"+string(ev.Data.Reason), "/")
			}
		}
		e.ends[ended]++
		for _, v := range p.Violations {
			what = append(what, v.String())
		}
	}
	if len(what) == 0 {
		return
	}
	var when []string
	for _, h := range events {
		when = append(when, fmt.Sprintf("%v at %v", h.event, h.at))
	}
	text := fmt.Sprintf("seed %d, %s:\n  %s", seed, strings.Join(when, ", "), strings.Join(what, "\n  "))
	if len(e.found) == 0 && p.failure == "" && os.Getenv("SIM_STORY") != "" {
		text += "\n" + p.Timeline()
	}
	e.found = append(e.found, text)
}

func (e *exploration) outcomes() string {
	var names []string
	for name, n := range e.ends {
		names = append(names, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}
