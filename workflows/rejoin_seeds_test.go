package workflows_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/internal/virtual"
	"switchboard/simulator"
)

// An agent comes back at any moment, up to three times, with webhooks lost, doubled and late and requests that fail, while
// lost legs end, people hang up and operators cancel: nobody is left behind, nobody is left alone, and the room ends with
// whichever leg of the agent's is alive.
func TestComingBackAtAnyMoment(t *testing.T) {
	for seed := range uint64(30) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			c := drawComeback(seed)
			w, p := c.world(t)
			r := w.Request(c.phone)
			got := w.Run(r)
			checkEnd(t, w, input(r), got)
			c.checkAlone(t, w)
			if together := c.together(w); together > 4*time.Second && got.Attempts == 1 && got.Outcome != sb.Completed {
				t.Errorf("they talked for %v, and the outcome is %s\n%s", together, got.Outcome, w.Story())
			}
			if t.Failed() {
				t.Logf("%+v\nanswered in the page: %v", *c, p.calls)
			}
		})
	}
}

// comeback is what happens in one such call; times are counted from the stage.
type comeback struct {
	seed     uint64
	phone    string
	stage    sb.Stage
	webhooks bool // are drawn, rather than all in order
	faults   int  // of so many requests at most
	bites    float64
	tries    []comebackTry
	event    string
	eventAt  time.Duration

	unwatched time.Time // from here on nobody tells us anything
}

type comebackTry struct {
	at, dies time.Duration // when the agent asks, and how much later the leg before ends
	deaf     bool          // the page does not answer
}

func drawComeback(seed uint64) *comeback {
	r := rand.New(rand.NewPCG(seed, 99))
	tenths := func(n int) time.Duration { return time.Duration(r.IntN(n)) * 100 * time.Millisecond }
	c := &comeback{
		seed: seed, phone: []string{patient, patient, "+447700900008"}[r.IntN(3)],
		stage:    []sb.Stage{sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected, sb.StageConnected}[r.IntN(4)],
		webhooks: r.IntN(3) > 0, faults: r.IntN(3) * r.IntN(6), bites: r.Float64(),
	}
	at := tenths(40)
	for range 1 + r.IntN(3) {
		try := comebackTry{at: at, dies: tenths(300), deaf: r.IntN(4) == 0}
		if r.IntN(2) == 0 {
			try.dies = tenths(20)
		}
		c.tries = append(c.tries, try)
		at += tenths(150)
	}
	if r.IntN(2) == 0 {
		c.event, c.eventAt = []string{"caller hangs up", "update by agent", "update by switchboard", "cancelled", "agent hangs up"}[r.IntN(5)], tenths(200)
	}
	return c
}

func (c *comeback) world(t *testing.T) (*virtual.World, *page) {
	uncertain := simulator.DrawUncertain(c.seed)
	uncertain.NoWaitAfterStart = false // else nobody could have a sentence heard
	w := virtual.New(t, virtual.Options{Seed: c.seed, Uncertain: uncertain})
	p := openPage(t, w)
	c.setHooks(w)
	legs := 0 // that have been ended
	endLegs := func(to int) {
		for ; legs < to; legs++ {
			w.Sim.ClientHangsUp(p.call(legs), p)
		}
	}
	w.At(c.stage, 1, func() {
		for i, try := range c.tries {
			w.After(try.at, func() {
				p.setDeaf(try.deaf)
				before := p.answers()
				w.Env.UpdateWorkflow(sb.UpdateRejoin, fmt.Sprint(i), (&answer{}).callbacks(), sb.Rejoin{Agent: anna(w)})
				w.After(try.dies, func() { endLegs(before) })
			})
		}
		w.After(c.eventAt, func() {
			switch c.event {
			case "caller hangs up":
				w.Sim.HangUp(c.phone)
			case "update by agent":
				update(w, sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent})
			case "update by switchboard":
				update(w, sb.UpdateHangUp, sb.HangUp{By: sb.PartySwitchboard})
			case "cancelled":
				w.Env.CancelWorkflow()
			case "agent hangs up":
				endLegs(p.answers())
			}
		})
		w.After(lastMoment, func() {
			c.unwatched = w.Env.Now()
			w.Sim.SetWebhooks(false)
			endLegs(p.answers())
		})
	})
	return w, p
}

// lastMoment is when whoever still talks hangs up, and nobody tells us.
const lastMoment = 5 * time.Minute

func (c *comeback) setHooks(w *virtual.World) {
	var h simulator.Hooks
	if c.webhooks {
		h.OnWebhook = drawWebhooks(rand.New(rand.NewPCG(c.seed, 100)))
	}
	r, left := rand.New(rand.NewPCG(c.seed, 101)), c.faults
	var mu sync.Mutex // two activities can be under way at once
	begun := false
	w.At(c.stage, 1, func() {
		mu.Lock()
		defer mu.Unlock()
		begun = true
	})
	h.OnRequest = func(route string, _ url.Values) simulator.Fault {
		mu.Lock()
		defer mu.Unlock()
		if !begun || left == 0 || !strings.HasPrefix(route, "POST /2010") || r.Float64() > c.bites {
			return simulator.Fault{}
		}
		left--
		if r.IntN(3) == 0 {
			return simulator.Fault{LoseReply: true, AfterEffect: r.IntN(2) == 0}
		}
		return simulator.Fault{Status: []int{429, 500, 503}[r.IntN(3)]}
	}
	w.Sim.SetHooks(h)
}

// line is who is in the room at a moment of the log.
type line struct {
	agents map[string]bool
	caller bool
}

func (l *line) take(e simulator.Entry, phone string) {
	switch {
	case truth.IsAgent(e.Party) && e.What == simulator.Joins:
		l.agents[e.CallSID] = true
	case truth.IsAgent(e.Party) && (e.What == simulator.Leaves || e.What == simulator.Ended):
		delete(l.agents, e.CallSID)
	case e.Party == phone && e.What == simulator.Answers:
		l.caller = true
	case e.Party == phone && e.What == simulator.Ended:
		l.caller = false
	}
}

// checkAlone: a caller waits for an agent who comes back for no longer than the softphone rings, and goes with one whose
// leg the room is bound to without our help.
func (c *comeback) checkAlone(t *testing.T, w *virtual.World) {
	t.Helper()
	l, since := line{agents: map[string]bool{}}, time.Time{}
	for _, e := range w.Sim.Log() {
		was := l.caller && len(l.agents) == 0
		l.take(e, c.phone)
		is := l.caller && len(l.agents) == 0
		longest := 40 * time.Second
		if !c.unwatched.IsZero() && !since.Before(c.unwatched) {
			longest = time.Second
		}
		switch {
		case is && !was:
			since = e.At
		case was && !is && e.At.Sub(since) > longest:
			t.Errorf("the caller was alone for %v\n%s", e.At.Sub(since), w.Story())
		}
	}
	if l.caller {
		t.Errorf("the caller is on the line to the end\n%s", w.Story())
	}
}

// together is for how long caller and agent were connected.
func (c *comeback) together(w *virtual.World) (total time.Duration) {
	l, since := line{agents: map[string]bool{}}, time.Time{}
	for _, e := range w.Sim.Log() {
		if l.caller && len(l.agents) > 0 {
			total += e.At.Sub(since)
		}
		l.take(e, c.phone)
		since = e.At
	}
	return total
}
