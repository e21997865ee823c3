package desktop

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	sb "switchboard"
	"switchboard/telemetry"
)

// Whether the softphone of an agent is there: told by the pages that are open, and by their absence.
const (
	// lostAfter is how long an agent may have no page connected: a page that is loaded again is back sooner.
	lostAfter = 3 * time.Second
	// silentAfter is how long a page may be connected and say nothing: it does so every 5 s.
	silentAfter = 12 * time.Second
	// againAfter is how long TaskRouter is believed to agree with a page that is ready: another process, which saw the page
	// leave and not come to this one, may have put its agent aside.
	againAfter = 30 * time.Second
	// mostPages bounds what is remembered of an agent's pages.
	mostPages = 20
	// mostStreams bounds the connections of an agent's pages.
	mostStreams = 20
)

// Why an agent was put aside, for the agent and for the log.
const (
	whyClosed = "the page was closed or lost its connection"
	whySilent = "the page stopped answering"
	whyBack   = "the softphone is ready again"
)

// presence puts agents aside whose softphone has gone, and takes them back when it has come. It never touches a status
// that the agent chose and in which no calls are offered.
type presence struct {
	statuses  Statuses
	agents    standings
	telemetry *telemetry.Telemetry // nil: nobody is told
	log       *slog.Logger

	ctx  context.Context // ends with the process
	stop context.CancelFunc
	wait sync.WaitGroup

	mu   sync.Mutex
	here map[sb.AgentSID]*attendance
}

// standings is TaskRouter, as far as presence needs it.
type standings interface {
	standing(ctx context.Context, agent sb.AgentSID) (standing, error)
	move(ctx context.Context, agent sb.AgentSID, since standing, to string) error
}

func newPresence(statuses Statuses, agents standings, log *slog.Logger) *presence {
	p := &presence{statuses: statuses, agents: agents, log: log, here: map[sb.AgentSID]*attendance{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	return p
}

// close ends every stream, and waits for what is being said to TaskRouter.
func (p *presence) close() {
	p.mu.Lock()
	p.stop()
	p.mu.Unlock()
	p.wait.Wait()
}

// attendance is what we know of one agent's pages. It is forgotten when the agent has none.
type attendance struct {
	agent   sb.AgentSID
	pages   map[string]*openPage
	latest  int       // place in line of the newest page
	owner   *openPage // the newest: it has the softphone
	changed chan struct{}

	report report    // the owner's last
	told   bool      // there is one
	heard  time.Time // the owner's last sign of life
	unseen time.Time // since when the owner has no stream; zero if it has, or never had

	settled verdict   // what TaskRouter knows
	asked   time.Time // when it was last asked
}

// openPage is one page of an agent, known by an id it made up when it was loaded.
type openPage struct {
	place    int
	streams  map[*stream]bool
	replaced bool // it was told that another has taken over
}

// report is what a page says of its softphone.
type report struct {
	Ready  bool   `json:"ready"`
	Why    string `json:"why"`
	Wanted string `json:"wanted"` // the status the agent last chose; empty: none
}

// stream is a connection over which a page is told something.
type stream struct {
	page   string
	events chan event
}

type event struct {
	name string
	data any
}

// statusEvent says that we changed an agent's status.
type statusEvent struct {
	Status string `json:"status"`
	Why    string `json:"why"`
}

// send never waits: a page that does not read loses its stream, connects again and sees the status at TaskRouter.
func (s *stream) send(e event) {
	select {
	case s.events <- e:
	default:
	}
}

var (
	errEnding   = errors.New("this process is ending: connect again")
	errManyTabs = errors.New("you have the page open too often: close some tabs")
)

// open connects a page, unless the process is ending or the agent has too many pages.
func (p *presence) open(agent sb.AgentSID, id string) (*stream, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return nil, errEnding
	}
	if a := p.here[agent]; a != nil && a.streams() >= mostStreams {
		return nil, errManyTabs
	}
	a, page := p.page(agent, id)
	if page.replaced { // it was told to stand down and comes back: somebody pressed the button that takes over
		page.replaced = false
		a.latest++
		page.place = a.latest
		a.take(page)
	}
	s := &stream{page: id, events: make(chan event, 8)}
	page.streams[s] = true
	if page != a.owner {
		page.replaced = true
		s.send(event{"taken", struct{}{}})
		return s, nil
	}
	a.heard, a.unseen = time.Now(), time.Time{}
	a.change()
	return s, nil
}

// leave ends a page's connection.
func (p *presence) leave(agent sb.AgentSID, s *stream) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a := p.here[agent]
	if a == nil || a.pages[s.page] == nil {
		return
	}
	page := a.pages[s.page]
	delete(page.streams, s)
	if page == a.owner && len(page.streams) == 0 {
		a.unseen = time.Now()
		a.wake()
	}
}

// hear takes a page's report. It reports false to a page that has been replaced by a newer one.
func (p *presence) hear(agent sb.AgentSID, id string, r report) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx.Err() != nil {
		return true
	}
	a, page := p.page(agent, id)
	if page != a.owner {
		return false
	}
	// A page that is not ready is looked at each time: its agent may have become available in other ways.
	news := !r.Ready || a.settled != ready || a.report.Wanted != r.Wanted || time.Since(a.asked) >= againAfter
	a.report, a.told, a.heard = r, true, time.Now()
	if news {
		a.change()
	}
	return true
}

// page finds a page of an agent. One that was never seen before is newer than all others and owns the softphone.
func (p *presence) page(agent sb.AgentSID, id string) (*attendance, *openPage) {
	a := p.here[agent]
	if a == nil {
		a = &attendance{agent: agent, pages: map[string]*openPage{}, changed: make(chan struct{}, 1)}
		p.here[agent] = a
		p.wait.Go(func() { p.watch(a) })
	}
	page := a.pages[id]
	if page == nil {
		a.latest++
		page = &openPage{place: a.latest, streams: map[*stream]bool{}}
		a.pages[id] = page
		a.take(page)
		a.forgetOldest()
	}
	return a, page
}

// take makes a page the owner of the softphone, and tells the one before.
func (a *attendance) take(page *openPage) {
	before := a.owner
	a.owner, a.told, a.report, a.heard, a.unseen = page, false, report{}, time.Now(), time.Time{}
	if before == nil || before == page {
		return
	}
	for s := range before.streams {
		before.replaced = true
		s.send(event{"taken", struct{}{}})
	}
}

func (a *attendance) streams() (n int) {
	for _, page := range a.pages {
		n += len(page.streams)
	}
	return n
}

func (a *attendance) forgetOldest() {
	for len(a.pages) > mostPages {
		oldest := ""
		for id, page := range a.pages {
			if page != a.owner && len(page.streams) == 0 && (oldest == "" || page.place < a.pages[oldest].place) {
				oldest = id
			}
		}
		if oldest == "" {
			return
		}
		delete(a.pages, oldest)
	}
}

// change has TaskRouter asked again.
func (a *attendance) change() {
	a.settled = undecided
	a.wake()
}

// wake has the watch look again.
func (a *attendance) wake() {
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

func (a *attendance) tell(e event) {
	for s := range a.owner.streams {
		s.send(e)
	}
}

type verdict int

const (
	undecided verdict = iota
	lost              // no calls may be offered
	ready             // calls may be offered, if the agent wants any
)

// judge says what an agent's pages show, why, and until when that holds by itself.
func (a *attendance) judge(now time.Time) (v verdict, why string, until time.Time) {
	until, why = a.heard.Add(silentAfter), whySilent
	if gone := a.unseen.Add(lostAfter); !a.unseen.IsZero() && gone.Before(until) {
		until, why = gone, whyClosed
	}
	switch {
	case !now.Before(until):
		return lost, why, time.Time{}
	case a.told && !a.report.Ready:
		return lost, a.report.Why, until
	case a.told:
		return ready, whyBack, until
	default:
		return undecided, "", until
	}
}

// watch looks after one agent until no page is left and TaskRouter knows.
func (p *presence) watch(a *attendance) {
	failures := 0
	for p.ctx.Err() == nil {
		p.mu.Lock()
		v, why, until := a.judge(time.Now())
		if v == a.settled || v == undecided {
			if v == lost && len(a.owner.streams) == 0 && until.IsZero() {
				delete(p.here, a.agent)
				p.mu.Unlock()
				return
			}
			p.mu.Unlock()
			a.pause(p.ctx, until)
			continue
		}
		a.settled, a.asked = v, time.Now() // a change meanwhile takes it back
		wanted := a.report.Wanted
		p.mu.Unlock()

		status, err := p.settle(a.agent, v, wanted)
		p.mu.Lock()
		if err != nil {
			a.settled = undecided
		} else if status != "" {
			a.tell(event{"status", statusEvent{status, why}})
		}
		p.mu.Unlock()
		if err == nil {
			failures = 0
			continue
		}
		if p.ctx.Err() == nil {
			p.log.WarnContext(p.ctx, "an agent's status could not be set; it is tried again", "AgentSid", a.agent, "error", err)
		}
		failures++
		a.pause(p.ctx, time.Now().Add(min(time.Second<<min(failures-1, 4), 15*time.Second)))
	}
}

// pause waits for a change, for a moment, or for the end. A zero moment never comes.
func (a *attendance) pause(ctx context.Context, until time.Time) {
	var moment <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		moment = t.C
	}
	select {
	case <-a.changed:
	case <-moment:
	case <-ctx.Done():
	}
}

// settle makes TaskRouter agree, and tells the new status if it had to be changed.
func (p *presence) settle(agent sb.AgentSID, v verdict, wanted string) (string, error) {
	const tries = 3 // each is overtaken only if somebody changes the agent just then
	for range tries {
		status, err := p.settleOnce(agent, v, wanted)
		switch {
		case errors.Is(err, errOvertaken):
			continue
		case errors.Is(err, errNoAgent):
			return "", nil
		default:
			return status, err
		}
	}
	return "", errOvertaken
}

func (p *presence) settleOnce(agent sb.AgentSID, v verdict, wanted string) (string, error) {
	ctx, cancel := context.WithTimeout(p.ctx, twilioTimeout)
	defer cancel()
	now, err := p.agents.standing(ctx, agent)
	if err != nil {
		return "", err
	}
	to := ""
	switch {
	case v == lost && now.available:
		to = p.statuses.Lost
	case v == ready && now.status == p.statuses.Lost:
		to = wanted
	}
	if to == "" {
		return "", nil
	}
	if err := p.agents.move(ctx, agent, now, to); err != nil {
		return "", err
	}
	if v == lost {
		p.telemetry.AgentLost(ctx)
	}
	p.log.InfoContext(ctx, "agent's status set", "AgentSid", agent, "status", to)
	return to, nil
}
