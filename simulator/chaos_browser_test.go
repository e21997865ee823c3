package simulator

import (
	"maps"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"
)

// browserChaos is chaos in which the agents have browsers: pages that are opened, loaded again and closed, that answer,
// decline, dial, and meddle with calls that are none of theirs. Each page keeps book of what it has been told.
type browserChaos struct {
	*chaos
	ways  *rand.Rand // drawn apart, so that the chaos of a seed stays what it is
	pages []*chaosPage
	what  map[string]int

	starts int // of the simulator, as far as the pages know
}

// chaosPage is a browser. What it is told must follow from what it was told before.
type chaosPage struct {
	c          *browserChaos
	account    string
	identity   string
	unregister func()            // nil: not registered
	calls      map[string]string // those it takes part in, and how
	over       map[string]bool   // those whose end it was told
}

// How a page takes part in a call.
const (
	pageRings   = "rings"
	pageDials   = "dials"
	pageTalks   = "talks"
	pageAnswers = "answers" // and is not told yet whether it may
)

func (p *chaosPage) Tell(news ClientNews) {
	p.c.what[string(news.What)]++
	bad := func(why string) {
		p.c.t.Errorf("a page of %s is told that call %s %s, but %s (%q)", p.identity, news.CallSID, news.What, why, p.calls[news.CallSID])
	}
	now := p.calls[news.CallSID]
	if p.over[news.CallSID] {
		bad("it was told of its end")
	}
	switch news.What {
	case ClientRings:
		if p.unregister == nil {
			bad("it is not registered")
		}
		if now != "" {
			bad("it has it already")
		}
		p.calls[news.CallSID] = pageRings
	case ClientStopsRinging:
		if now != pageRings {
			bad("it does not ring there")
		}
		p.leaves(news.CallSID)
	case ClientConnected:
		if now != pageDials {
			bad("it has not dialled")
		}
		p.calls[news.CallSID] = pageTalks
	case ClientEnded:
		if now != pageDials && now != pageTalks && now != pageAnswers {
			bad("it is not in it")
		}
		if now != pageDials && news.SIPCode != 0 {
			bad("it was answered, and yet refused")
		}
		p.leaves(news.CallSID)
	case ClientForgotten:
		if p.unregister == nil && len(p.calls) == 0 {
			bad("there is nothing to forget")
		}
		p.unregister = nil
		clear(p.calls)
	}
}

func (p *chaosPage) leaves(sid string) {
	delete(p.calls, sid)
	p.over[sid] = true
}

// TestChaosWithBrowsers runs for longer with CHAOS=2000, the number of seeds, and from another one with CHAOS_FROM=7000.
func TestChaosWithBrowsers(t *testing.T) {
	seeds, from := 24, 0
	if n, err := strconv.Atoi(os.Getenv("CHAOS")); err == nil {
		seeds = n
	}
	if n, err := strconv.Atoi(os.Getenv("CHAOS_FROM")); err == nil {
		from = n
	}
	what := map[string]int{}
	for seed := uint64(from); seed < uint64(from+seeds); seed++ {
		chaoticDayOfBrowsers(t, seed, what)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, happened := range []ClientEvent{ClientRings, ClientStopsRinging, ClientConnected, ClientEnded, ClientForgotten,
		"answered", "declined", "hung up", "took over", "rang in both", "meddled", "heard"} {
		if what[string(happened)] == 0 {
			t.Errorf("chaos in which nothing %s proves little: %v", happened, what)
		}
	}
}

func chaoticDayOfBrowsers(t *testing.T, seed uint64, what map[string]int) {
	c := &browserChaos{chaos: newChaos(t, seed), ways: rand.New(rand.NewPCG(seed, 2)), what: what, starts: 1}
	defer c.sim.Close()
	check := func() {
		c.rules()
		c.booksAgree()
		c.audibleMakesSense()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for range 60 {
		if c.draw(100) < 40 {
			c.act()
			c.afterReset()
		} else {
			c.pageActs()
		}
		check()
		c.advance(time.Duration(c.ways.Int64N(int64(4 * time.Second))))
		check()
	}
	for _, p := range c.pages {
		c.closes(p)
	}
	c.everybodyHangsUp()
	c.advance(5 * time.Hour)
	check()
	c.nothingLeft()
	c.judge()
	equals(t, "timers", c.clock.Pending(), 0)
	for _, p := range c.pages {
		for sid, how := range p.calls {
			t.Errorf("a page of %s still %s in call %s, seed %d", p.identity, how, sid, seed)
		}
	}
}

// afterReset: the same SIDs come again.
func (c *browserChaos) afterReset() {
	if c.starts == c.sim.starts {
		return
	}
	c.starts = c.sim.starts
	for _, p := range c.pages {
		clear(p.over)
		if p.unregister != nil || len(p.calls) > 0 {
			c.t.Errorf("a page of %s was not told of the reset", p.identity)
		}
	}
}

func (c *browserChaos) draw(n int) int { return c.ways.IntN(n) }

// pageActs does one thing with one page, drawn by chance.
func (c *browserChaos) pageActs() {
	if len(c.pages) < 3 || len(c.pages) < 8 && c.draw(8) == 0 {
		c.opens(chaosAgents[c.draw(len(chaosAgents))])
		return
	}
	p := c.pages[c.draw(len(c.pages))]
	sids := slices.Sorted(maps.Keys(p.calls))
	if len(sids) == 0 && c.draw(2) == 0 { // somebody with a call is more interesting
		for _, other := range c.pages {
			if len(other.calls) > 0 {
				p, sids = other, slices.Sorted(maps.Keys(other.calls))
				break
			}
		}
	}
	way := c.draw(20)
	if len(sids) == 0 || way < 7 {
		c.pageWithout(p, way)
		return
	}
	c.pageWith(p, sids[c.draw(len(sids))], way)
}

// pageWithout is what a page does whether it has a call or not.
func (c *browserChaos) pageWithout(p *chaosPage, way int) {
	switch way % 7 {
	case 0:
		c.closes(p)
		c.pages = slices.DeleteFunc(c.pages, func(other *chaosPage) bool { return other == p })
	case 1:
		c.unregisters(p)
	case 2:
		c.registers(p)
	case 3, 4:
		c.dialsOut(p)
	case 5:
		c.createsCallTo("client:" + p.identity + "?order=12")
	default:
		c.meddles(p)
	}
}

// pageWith is what a page does with a call of its own.
func (c *browserChaos) pageWith(p *chaosPage, sid string, way int) {
	switch how := p.calls[sid]; {
	case way < 10:
		c.takesOver(p, c.pages[c.draw(len(c.pages))], sid)
	case how == pageRings && way < 17:
		c.answers(p, sid)
	case how == pageTalks && way < 14:
		if err := c.sim.ClientPresses(sid, []string{"1", "#", "*12"}[c.draw(3)], p); err != nil {
			c.t.Errorf("keys of a page that talks: %v", err)
		}
	default:
		c.hangsUpIn(p, sid)
	}
}

func (c *browserChaos) opens(identity string) *chaosPage {
	p := &chaosPage{c: c, account: DefaultAccountSID, identity: identity, calls: map[string]string{}, over: map[string]bool{}}
	if c.sub != "" && c.draw(4) == 0 {
		p.account = c.sub
	}
	c.pages = append(c.pages, p)
	c.registers(p)
	return p
}

func (c *browserChaos) registers(p *chaosPage) {
	if p.unregister == nil {
		p.unregister, _ = c.sim.RegisterClient(p.account, p.identity, p) // its account may be gone
	}
}

func (c *browserChaos) unregisters(p *chaosPage) {
	if p.unregister != nil {
		p.unregister()
		p.unregister = nil
	}
}

// closes is the end of a page. Its calls are taken over by the next, or end with it.
func (c *browserChaos) closes(p *chaosPage) {
	c.unregisters(p)
	for _, sid := range slices.Sorted(maps.Keys(p.calls)) {
		if p.calls[sid] == "" { // its end came with that of another
			continue
		}
		c.hangsUpIn(p, sid)
	}
}

func (c *browserChaos) hangsUpIn(p *chaosPage, sid string) {
	c.what[map[string]string{pageRings: "declined", pageTalks: "hung up", pageDials: "hung up"}[p.calls[sid]]]++
	c.sim.ClientHangsUp(sid, p)
	if p.calls[sid] != "" {
		c.t.Errorf("a page of %s hung up, and still %s in call %s", p.identity, p.calls[sid], sid)
	}
}

// answers: as long as it is not told otherwise, a page in which a call rings can have it.
func (c *browserChaos) answers(p *chaosPage, sid string) {
	p.calls[sid] = pageAnswers
	if err := c.sim.ClientAnswers(sid, p); err != nil {
		c.t.Errorf("call %s rings in a page of %s, and cannot be answered: %v", sid, p.identity, err)
	}
	c.what["answered"]++
	if p.calls[sid] == pageAnswers { // not over in the same instant
		p.calls[sid] = pageTalks
	}
}

func (c *browserChaos) takesOver(before, after *chaosPage, sid string) {
	c.what["took over"]++
	how := before.calls[sid]
	live, answered := c.sim.ClientTakesOver(sid, before, after)
	if !live || answered != (how == pageTalks) {
		c.t.Errorf("a page takes over call %s in which another %s: live %v, answered %v", sid, how, live, answered)
	}
	if after.calls[sid] != "" && after != before {
		c.what["rang in both"]++
	}
	delete(before.calls, sid)
	after.calls[sid] = how
	delete(after.over, sid) // it may have rung there, and been answered elsewhere
}

func (c *browserChaos) dialsOut(p *chaosPage) {
	if len(c.apps) == 0 {
		return
	}
	token := AccessToken{AccountSID: DefaultAccountSID, Identity: p.identity, ApplicationSID: c.apps[c.draw(len(c.apps))]}
	// It may be over before ClientDials tells its SID, as for a browser: what comes first is kept until then.
	early := &earlyNews{}
	sid, err := c.sim.ClientDials(token, early, url.Values{"To": {chaosPhones[c.draw(len(chaosPhones))]}})
	if err != nil {
		return // somebody has deleted the app
	}
	p.calls[sid] = pageDials
	c.sim.ClientTakesOver(sid, early, p)
	for _, news := range early.news {
		p.Tell(news)
	}
}

type earlyNews struct{ news []ClientNews }

func (e *earlyNews) Tell(n ClientNews) { e.news = append(e.news, n) }

func (c *browserChaos) createsCallTo(to string) {
	c.post("/2010-04-01/Accounts/"+c.account()+"/Calls.json", "To", to, "From", ourNumber, "Timeout", strconv.Itoa(5+c.draw(40)), "Url", c.url())
}

// meddles names a call in which the page has no part.
func (c *browserChaos) meddles(p *chaosPage) {
	legs := c.sim.LiveLegs()
	if len(legs) == 0 {
		return
	}
	leg := legs[c.draw(len(legs))]
	if p.calls[leg.CallSID] != "" {
		return
	}
	c.what["meddled"]++
	entries := len(c.sim.Log())
	c.sim.ClientHangsUp(leg.CallSID, p)
	answered, pressed := c.sim.ClientAnswers(leg.CallSID, p), c.sim.ClientPresses(leg.CallSID, "1", p)
	taken, _ := c.sim.ClientTakesOver(leg.CallSID, p, c.pages[0])
	if after := len(c.sim.Log()); answered == nil || pressed == nil || taken || after != entries {
		c.t.Errorf("a page of %s has done something to call %s of %s, which is none of its: answered %v, pressed %v, taken over %v, %d entries",
			p.identity, leg.CallSID, leg.Party, answered, pressed, taken, after-entries)
	}
}
