package simulator

import (
	"slices"
	"time"

	"switchboard/simulator/expression"
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
	free := ws.freeAgents()
	for _, t := range slices.Clone(ws.waiting) {
		if !t.fresh && (!all || len(free) == 0) {
			continue
		}
		// A skipped target hands the task to the next one at once; the number of targets bounds this.
		for t.status == taskPending && t.filter != nil {
			if agents := ws.eligible(t, free); len(agents) > 0 {
				for _, a := range agents[:min(len(agents), t.queue.maxReserved)] {
					ws.offer(t, a)
				}
				free = slices.DeleteFunc(free, func(a *agent) bool { return !ws.hasCapacity(a, nil) })
				break
			}
			if !ws.skip(t) {
				break
			}
		}
	}
}

// freeAgents are those who might be offered anything at all.
func (ws *workspace) freeAgents() []*agent {
	var free []*agent
	for a := range ws.agents.all() {
		if a.status.available && ws.hasCapacity(a, nil) {
			free = append(free, a)
		}
	}
	return free
}

// hasCapacity counts pending reservations too. Channel nil: on any channel.
func (ws *workspace) hasCapacity(a *agent, channel *taskChannel) bool {
	if !ws.multiTask && len(a.live) > 0 {
		return false
	}
	for ac := range a.channels.all() {
		if (channel == nil || ac.channel == channel) && ac.available && ac.tasks() < ac.capacity {
			return true
		}
	}
	return false
}

// eligible are the agents a task can be offered to now, the one to be asked first in front.
func (ws *workspace) eligible(t *task, free []*agent) []*agent {
	target, sees := t.target(), &offerScope{task: t, now: ws.sim.now()}
	var fit []*agent
	for _, a := range free {
		sees.agent = a
		if a.status.available && ws.hasCapacity(a, t.channel) && !t.restsFrom(a, ws.sim.now()) && target.queue.takes(a) &&
			target.means(a, sees) && (target.where == nil || target.where.Matches(sees)) {
			fit = append(fit, a)
		}
	}
	// Stable: a tie goes to the agent created first.
	slices.SortStableFunc(fit, func(a, b *agent) int {
		if ws.sim.uncertain.RoundRobin {
			return a.offeredAt.Compare(b.offeredAt)
		}
		return a.idleSince.Compare(b.idleSince)
	})
	expression.Sort(fit, target.orderBy, func(a *agent) expression.Scope { return &offerScope{task: t, agent: a} })
	return fit
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
