package simulator

import (
	"strings"

	"switchboard/simulator/expression"
)

// How a task goes through its routing (A.4): "Workflows Overview", "Workflows and Assignment", and
// "Timeout evaluation".
//
// The first filter that matches takes it to its first target. A target that times out, or is skipped,
// hands it to the next target, and the last one to the next filter that matches. When there is none, a
// skipped task goes to the default filter; one that timed out does not, and is canceled.

// enterRouting sends a new task, or one to be evaluated again, through its routing from the top. The
// order of the events is the one observed on a real account (B.2): task.created is not first.
func (ws *workspace) enterRouting(t *task) {
	isNew := t.queue == nil
	t.patience = 0
	t.filter, t.step = ws.firstFilter(t), 0
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
	ws.targetMatched(t)
}

// firstFilter is where a task's way begins; nil: nothing is meant for it.
func (ws *workspace) firstFilter(t *task) *planFilter {
	if f := ws.filterFrom(t.routing.plan, 0, t); f != nil {
		return f
	}
	return t.routing.plan.fallback
}

// filterFrom is the first filter at or below a position that matches; nil: none does.
func (ws *workspace) filterFrom(p *plan, position int, t *task) *planFilter {
	for _, f := range p.filters[position:] {
		if f.when.Matches(&filterScope{t, ws.sim.now()}) {
			return f
		}
	}
	return nil
}

func (t *task) target() *planTarget { return t.filter.targets[t.step] }

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
	ws.checkKnownAgent(t)
	ws.sim.cancel(t.targetTimer)
	t.targetTimer = nil
	if target.timeout == 0 {
		return // it waits to the end of its TTL
	}
	t.patience += target.timeout
	t.targetTimer = ws.sim.schedule(ws.ageOrigin(t).Add(t.patience).Sub(ws.sim.now()), func() {
		switch t.status {
		case taskPending:
			ws.targetTimedOut(t)
		case taskReserved:
			t.targetExpired = true // an open offer runs on; then the next target
		}
	})
}

// checkKnownAgent tells the debugger when a known-agent target can match nobody. The task stays in it
// all the same; null is nobody on purpose ("Known Agent Routing").
func (ws *workspace) checkKnownAgent(t *task) {
	target := t.target()
	path := target.knownPath()
	if path == nil {
		return
	}
	v, found := path.Lookup(&offerScope{task: t})
	if found && v == nil {
		return
	}
	about := Entry{TaskSID: t.sid}
	for a := range ws.agents.all() {
		if target.names(a, v) {
			if !target.queue.takes(a) {
				ws.sim.alert(40152, "Invalid Queue for Known Worker", about)
			}
			return
		}
	}
	ws.sim.alert(40154, "Invalid Known Worker information", about)
}

// knownPath leads to the task attribute that says who is meant; nil: anybody.
func (p *planTarget) knownPath() expression.Path {
	if p.knownSID != nil {
		return p.knownSID
	}
	return p.knownName
}

// names reports whether the attribute of a known-agent target means an agent.
func (p *planTarget) names(a *agent, v any) bool {
	text, isText := expression.Text(v)
	if p.knownSID != nil {
		return isText && text == a.sid
	}
	return isText && strings.EqualFold(text, a.friendlyName)
}

func (ws *workspace) targetMatched(t *task) {
	ws.emit("workflow.target-matched", "Task "+t.sid+" matched a workflow target", ws.taskFields(t))
	if !ws.inLine(t) {
		ws.joinLine(t)
	}
	ws.lookAtFresh()
}

func (ws *workspace) targetTimedOut(t *task) {
	ws.emit("task-queue.timeout", "Task "+t.sid+" timed out of TaskQueue "+t.queue.friendlyName,
		ws.taskFields(t).with(t.queue.fields()))
	if !ws.moveOn(t) {
		ws.leaveWorkflow(t, "workflow.timeout")
	}
}

// moveOn takes the task to the next target, or to the next filter that matches, if there is one.
func (ws *workspace) moveOn(t *task) bool {
	if t.step+1 < len(t.filter.targets) {
		ws.moveTo(t, t.filter, t.step+1)
		return true
	}
	next := ws.filterFrom(t.filter.plan, t.filter.next, t)
	if next == nil || ws.sim.uncertain.FirstFilterOnly {
		return false
	}
	ws.moveTo(t, next, 0)
	return true
}

func (ws *workspace) moveTo(t *task, f *planFilter, step int) {
	t.filter, t.step = f, step
	ws.enterTarget(t)
	ws.targetMatched(t)
}

// skip asks skip_if, once each time the task comes to a target and nobody could be offered it.
func (ws *workspace) skip(t *task) bool {
	target, asked := t.target(), t.fresh
	t.fresh = false
	if !asked || !target.skipIf.Matches(staffing{ws, target.queue}) {
		return false
	}
	fallback := t.filter.plan.fallback
	switch {
	case ws.moveOn(t):
	case fallback != nil && t.filter != fallback:
		ws.moveTo(t, fallback, 0)
	default:
		ws.leaveWorkflow(t, "workflow.skipped")
	}
	return true
}

// leaveWorkflow cancels a task that no target wants any more.
func (ws *workspace) leaveWorkflow(t *task, kind string) {
	ws.emit(kind, "Task "+t.sid+" left workflow", ws.taskFields(t))
	ws.cancelTask(t, reasonTargets)
}
