package simulator

import (
	"slices"
	"strings"
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
	target, sees := t.target(), &offerScope{task: t}
	var fit []*agent
	for _, a := range free {
		sees.agent = a
		if a.status.available && ws.hasCapacity(a, t.channel) && target.queue.takes(a) &&
			target.means(sees) && (target.where == nil || target.where.Matches(sees)) {
			fit = append(fit, a)
		}
	}
	// Stable: a tie goes to the agent created first.
	slices.SortStableFunc(fit, func(a, b *agent) int { return a.idleSince.Compare(b.idleSince) })
	expression.Sort(fit, target.orderBy, func(a *agent) expression.Scope { return &offerScope{t, a} })
	return fit
}

func (t *task) target() *planTarget { return t.filter.targets[t.step] }

// means: a known-agent target is for that agent only; nobody, if the attribute is missing.
func (p *planTarget) means(o *offerScope) bool {
	if p.knownSID != nil {
		sid, _ := p.knownSID.Lookup(o)
		return sid == o.agent.sid
	}
	if p.knownName != nil {
		v, _ := p.knownName.Lookup(o)
		name, _ := expression.Text(v)
		return strings.EqualFold(name, o.agent.friendlyName)
	}
	return true
}

// offerScope is what a target's expression sees: task.… and worker.… (A.4).
type offerScope struct {
	task  *task
	agent *agent
}

func (o *offerScope) Lookup(key string) (any, bool) {
	switch key {
	case "task":
		return o.task, true
	case "worker":
		return o.agent, true
	}
	return nil, false
}

// enterRouting sends a new task, or one to be evaluated again, through its routing from the top. The
// order of the events is the one observed on a real account (B.2): task.created is not first.
func (ws *workspace) enterRouting(t *task) {
	isNew := t.queue == nil
	t.filter, t.step = t.routing.plan.filterFor(t), 0
	ws.emit("workflow.entered", "Task "+t.sid+" entered workflow", ws.taskFields(t))
	if t.filter != nil {
		ws.enterTarget(t)
	}
	if isNew {
		ws.emit("task.created", "Task "+t.sid+" created", ws.taskFields(t))
	}
	if t.filter == nil {
		ws.leaveWorkflow(t, "workflow.timeout")
		return
	}
	ws.emit("workflow.target-matched", "Task "+t.sid+" matched a workflow target", ws.taskFields(t))
	if !ws.inLine(t) {
		ws.joinLine(t)
	}
	ws.lookAtFresh()
}

func (p *plan) filterFor(t *task) *planFilter {
	for _, f := range p.filters {
		if f.when.Matches(t) {
			return f
		}
	}
	return p.fallback
}

// enterTarget puts the task where its current target says. A target's timeout counts on the age of
// the task, added up over the targets before it: three of 10 s end at 10, 20 and 30 (A.4).
func (ws *workspace) enterTarget(t *task) {
	waiting := ws.leaveLine(t)
	target := t.target()
	if t.queue != target.queue {
		t.queue, t.enteredQueue = target.queue, ws.sim.now()
		ws.emit("task-queue.entered", "Task "+t.sid+" entered TaskQueue "+t.queue.friendlyName,
			ws.taskFields(t).with(t.queue.fields()))
	}
	if target.priority != nil {
		t.priority = *target.priority
	}
	t.fresh, t.targetExpired = true, false
	if waiting {
		ws.joinLine(t)
	}
	ws.sim.cancel(t.targetTimer)
	t.targetTimer = nil
	if target.timeout == 0 {
		return // it waits to the end of its TTL
	}
	var sum time.Duration
	for _, earlier := range t.filter.targets[:t.step+1] {
		sum += earlier.timeout
	}
	t.targetTimer = ws.sim.schedule(ws.ageOrigin(t).Add(sum).Sub(ws.sim.now()), func() {
		switch t.status {
		case taskPending:
			ws.targetTimedOut(t)
		case taskReserved:
			t.targetExpired = true // an open offer runs on; then the next target
		}
	})
}

func (ws *workspace) targetTimedOut(t *task) {
	ws.emit("task-queue.timeout", "Task "+t.sid+" timed out of TaskQueue "+t.queue.friendlyName,
		ws.taskFields(t).with(t.queue.fields()))
	if t.step+1 == len(t.filter.targets) {
		ws.leaveWorkflow(t, "workflow.timeout")
		return
	}
	ws.nextTarget(t)
}

func (ws *workspace) nextTarget(t *task) {
	t.step++
	ws.enterTarget(t)
	ws.emit("workflow.target-matched", "Task "+t.sid+" matched a workflow target", ws.taskFields(t))
	if !ws.inLine(t) {
		ws.joinLine(t)
	}
	ws.lookAtFresh()
}

// skip asks skip_if, once each time the task comes to a target and nobody could be offered it. After
// the last target of a skipped filter the default filter has its turn (A.4).
func (ws *workspace) skip(t *task) bool {
	target := t.target()
	if !t.fresh || target.skipIf == nil {
		t.fresh = false
		return false
	}
	t.fresh = false
	if !target.skipIf.Matches(staffing{ws, target.queue}) {
		return false
	}
	switch fallback := t.routing.plan.fallback; {
	case t.step+1 < len(t.filter.targets):
		ws.nextTarget(t)
	case fallback != nil && t.filter != fallback:
		t.filter, t.step = fallback, 0
		ws.enterTarget(t)
	default:
		ws.leaveWorkflow(t, "workflow.skipped")
	}
	return true
}

// staffing is what skip_if sees: workers.available, workers.unavailable and workers.WA… count the
// agents of the target's queue.
type staffing struct {
	ws    *workspace
	queue *queue
}

func (s staffing) Lookup(key string) (any, bool) {
	if key == "workers" {
		return staff(s), true
	}
	return nil, false
}

type staff staffing

func (s staff) Lookup(key string) (any, bool) {
	_, isStatus := s.ws.statuses.get(key)
	if !isStatus && key != "available" && key != "unavailable" {
		return nil, false
	}
	n := 0
	for a := range s.ws.agents.all() {
		if (a.status.sid == key || a.status.available == (key == "available") && !isStatus) && s.queue.takes(a) {
			n++
		}
	}
	return n, true
}

// leaveWorkflow cancels a task that no target wants any more.
func (ws *workspace) leaveWorkflow(t *task, kind string) {
	ws.emit(kind, "Task "+t.sid+" left workflow", ws.taskFields(t))
	ws.cancelTask(t, reasonTargets)
}
