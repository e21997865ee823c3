package simulator

import (
	"slices"
	"time"
)

// How a waiting task meets a free agent (A.4, A.7).
//
// Tasks stand in one line (waiting.go). Each in turn is offered to the eligible agent who comes first
// in the target's order_by, and among equals has been idle longest. Whatever may change the outcome
// calls look, which looks once, right after the request that caused it: Twilio, too, answers a create
// before it routes.

// look asks for a search for matches. Many changes in one request make one search.
func (ws *workspace) look() {
	ws.lookAtAll = true
	ws.lookAtFresh()
}

// lookAtFresh is enough when nothing changed but that a task came to a target: the others have been
// tried with the same agents before.
func (ws *workspace) lookAtFresh() {
	if ws.matching {
		return
	}
	ws.matching = true
	ws.sim.schedule(0, func() {
		all := ws.lookAtAll
		ws.matching, ws.lookAtAll = false, false
		ws.match(all)
	})
}

func (ws *workspace) match(all bool) {
	free := freeAgents{ws: ws, on: map[*taskChannel][]*agent{}, nobody: map[wish]bool{}}
	for _, t := range slices.Clone(ws.waiting) {
		if !t.fresh && !all {
			continue
		}
		// A skipped target hands the task to the next one at once; the number of targets bounds this.
		for t.status == taskPending && t.filter != nil {
			if agents := free.eligible(t); len(agents) > 0 {
				for _, a := range agents {
					ws.offer(t, a)
				}
				free.offered(agents)
				break
			}
			if !ws.skip(t) {
				break
			}
		}
	}
}

// hasCapacity counts pending reservations too.
func (ws *workspace) hasCapacity(a *agent, channel *taskChannel) bool {
	if !ws.multiTask && len(a.live) > 0 {
		return false
	}
	for ac := range a.channels.all() {
		if ac.channel == channel && ac.available && ac.tasks() < ac.capacity {
			return true
		}
	}
	return false
}

// restsFrom: the agent has rejected the task a short while ago (L15).
func (t *task) restsFrom(a *agent, now time.Time) bool {
	return slices.ContainsFunc(t.reservations, func(r *reservation) bool { return r.agent == a && now.Before(r.restsUntil) })
}

// means: a known-agent target is for that agent only; nobody, if the attribute is missing.
func (p *planTarget) means(a *agent, o *offerScope) bool {
	path := p.knownPath()
	if path == nil {
		return true
	}
	v, _ := path.Lookup(o)
	return p.names(a, v)
}
