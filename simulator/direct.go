package simulator

import (
	"strings"

	"switchboard/simulator/expression"
)

// direct is a RoutingTarget: the one agent or the one queue a task is for, past the rules of its
// routing. The routing still gives the callback and the time that an offer stands.
type direct struct {
	filter *planFilter // the whole plan: one target
	// agent is offered the task whether or not they are available and have capacity (IgnoreCapacity).
	// Such a task does not stand in line.
	agent *agent
}

// directParam reads RoutingTarget, IgnoreCapacity and TaskQueueSid. Nil: the routing decides, as usual.
// A RoutingTarget that is a routing is the same as WorkflowSid (see routingParam).
//
// Twilio does not say in which queue a task for an agent is when no TaskQueueSid is given; here it is the
// one of the target at which the task would have started.
func (ws *workspace) directParam(r *request, t *task) *direct {
	given, queueSID := r.text("RoutingTarget"), r.text("TaskQueueSid")
	a, isAgent := ws.agents.get(given)
	q, isQueue := ws.queues.get(given)
	belongs, queueExists := ws.queues.get(queueSID)
	ignoreCapacity := r.yes("IgnoreCapacity") || !r.has("IgnoreCapacity")
	switch {
	case r.err != nil:
		return nil
	case queueSID != "" && !queueExists:
		r.fail(invalid("TaskQueueSid '%s' is not a task queue of workspace %s", queueSID, ws.sid))
	case r.has("IgnoreCapacity") && !isAgent:
		r.fail(invalid("IgnoreCapacity can only be used when RoutingTarget is a worker"))
	case isQueue && (queueSID == "" || belongs == q):
		return &direct{filter: planFor(q).fallback}
	case isQueue:
		r.fail(invalid("TaskQueueSid '%s' is not the RoutingTarget '%s'", queueSID, given))
	case isAgent:
		if belongs == nil {
			belongs = ws.firstQueue(t)
		}
		if belongs == nil {
			r.fail(invalid("No target of workflow %s matches the task: TaskQueueSid is required", t.routing.sid))
			return nil
		}
		return ws.directTo(a, belongs, ignoreCapacity, r)
	case strings.HasPrefix(given, "WW"): // routingParam has read it
		fallthrough
	case given == "":
		if queueSID != "" {
			r.fail(invalid("TaskQueueSid is not simulated without a RoutingTarget that is a worker"))
		}
	default:
		r.fail(invalid("RoutingTarget '%s' is not a worker, task queue or workflow of workspace %s", given, ws.sid))
	}
	return nil
}

func (ws *workspace) directTo(a *agent, q *queue, ignoreCapacity bool, r *request) *direct {
	only, err := expression.Parse(`worker.sid == "` + a.sid + `"`)
	if err != nil {
		r.fail(invalid("RoutingTarget '%s' is invalid", a.sid))
		return nil
	}
	d := &direct{filter: planFor(q).fallback}
	d.filter.targets[0].where = only
	if ignoreCapacity {
		d.agent = a
	}
	return d
}

// firstQueue is where the task's routing would put it; nil: nowhere.
func (ws *workspace) firstQueue(t *task) *queue {
	if f := ws.firstFilter(t); f != nil {
		return f.targets[0].queue
	}
	return nil
}

// enterDirect puts a new task where its RoutingTarget says. The events are those of any new task.
func (ws *workspace) enterDirect(t *task) {
	t.filter, t.step = t.direct.filter, 0
	ws.emit("workflow.entered", "Task "+t.sid+" entered workflow", ws.taskFields(t))
	ws.enterTarget(t)
	ws.emit("task.created", "Task "+t.sid+" created", ws.taskFields(t))
	ws.emit("workflow.target-matched", "Task "+t.sid+" matched a workflow target", ws.taskFields(t))
	ws.wait(t)
	ws.lookAtFresh()
}

// wait puts a pending task in line, or sees to it that the agent it is for is asked.
func (ws *workspace) wait(t *task) {
	if t.direct == nil || t.direct.agent == nil {
		ws.joinLine(t)
		return
	}
	ws.sim.schedule(0, func() {
		_, agentExists := ws.agents.get(t.direct.agent.sid)
		_, taskExists := ws.tasks.get(t.sid) // it may have been deleted in the same instant
		if agentExists && taskExists && t.status == taskPending {
			ws.offer(t, t.direct.agent)
		}
	})
}
