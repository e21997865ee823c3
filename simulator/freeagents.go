package simulator

import (
	"encoding/json"
	"slices"
	"strings"

	"switchboard/simulator/expression"
)

// freeAgents are those who might be offered something, for the length of one look. A workspace can have
// 15,000 agents and thousands of waiting tasks, and not every pair of them can be tried.
type freeAgents struct {
	ws *workspace
	on map[*taskChannel][]*agent // who has capacity there, the one to be asked first in front
	// nobody: what some task of this look wished for in vain. Offers only make fewer agents free.
	nobody map[wish]bool
}

// wish is all that the choice of agents for a task depends on.
type wish struct {
	target  *planTarget
	channel *taskChannel
	values  string // of the task's attributes that the target reads
}

func (f *freeAgents) onChannel(c *taskChannel) []*agent {
	list, known := f.on[c]
	if known {
		return list
	}
	for a := range f.ws.agents.all() {
		if a.status.available && f.ws.hasCapacity(a, c) {
			list = append(list, a)
		}
	}
	// Stable: a tie goes to the agent created first.
	slices.SortStableFunc(list, func(a, b *agent) int {
		if f.ws.sim.uncertain.RoundRobin {
			return a.offeredAt.Compare(b.offeredAt)
		}
		return a.idleSince.Compare(b.idleSince)
	})
	f.on[c] = list
	return list
}

// offered takes note that agents were just offered a task.
func (f *freeAgents) offered(agents []*agent) {
	if f.ws.sim.uncertain.RoundRobin {
		clear(f.on) // they now come last
		return
	}
	for c := range f.ws.channels.all() {
		for _, a := range agents {
			if i := slices.Index(f.on[c], a); i >= 0 && !(a.status.available && f.ws.hasCapacity(a, c)) {
				f.on[c] = slices.Delete(f.on[c], i, i+1)
			}
		}
	}
}

// eligible are the agents a task is to be offered to now, the one to be asked first in front.
func (f *freeAgents) eligible(t *task) []*agent {
	now, target := f.ws.sim.now(), t.target()
	is := wish{target, t.channel, target.valuesOf(t)}
	if f.nobody[is] {
		return nil
	}
	var fit []*agent
	sees, rests := &offerScope{task: t, now: now}, false
	for _, a := range f.onChannel(t.channel) {
		sees.agent = a
		if !target.queue.takes(a) || !target.means(a, sees) || target.where != nil && !target.where.Matches(sees) {
			continue
		}
		if t.restsFrom(a, now) {
			rests = true
			continue
		}
		fit = append(fit, a)
		if len(target.orderBy) == 0 && len(fit) == target.queue.maxReserved {
			return fit
		}
	}
	if len(fit) == 0 {
		f.nobody[is] = !rests && !readsChannel(target.where) && !readsChannel(target.queue.target)
	}
	expression.Sort(fit, target.orderBy, func(a *agent) expression.Scope { return &offerScope{task: t, agent: a} })
	return fit[:min(len(fit), target.queue.maxReserved)]
}

// valuesOf are the values of a task's attributes that decide for whom it is.
func (p *planTarget) valuesOf(t *task) string {
	var b strings.Builder
	sees := &offerScope{task: t}
	add := func(path expression.Path) {
		value, found := path.Lookup(sees)
		text, err := json.Marshal(value)
		if err != nil {
			panic("simulator: an attribute that was JSON is no longer: " + err.Error())
		}
		b.WriteString(trueFalse(found))
		b.Write(text)
	}
	for _, path := range p.reads {
		add(path)
	}
	if path := p.knownPath(); path != nil {
		add(path)
	}
	return b.String()
}

// ofTask are the task's attributes that a target's expression reads.
func ofTask(e *expression.Expression) (paths []expression.Path) {
	for _, path := range e.Paths() {
		if strings.HasPrefix(path.String(), "task.") {
			paths = append(paths, path)
		}
	}
	return paths
}

// readsChannel: the expression asks how much agents have to do. An offer may then make them fit.
func readsChannel(e *expression.Expression) bool {
	return slices.ContainsFunc(e.Paths(), func(p expression.Path) bool {
		return slices.Contains(strings.Split(p.String(), "."), "channel")
	})
}
