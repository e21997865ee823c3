package simulator

import (
	"cmp"
	"slices"
	"strings"
)

// listTasks knows every filter of the Task resource (A.3).
func listTasks(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var statuses []string
	for _, given := range r.values("AssignmentStatus") {
		statuses = append(statuses, strings.Split(given, ",")...)
	}
	for _, status := range statuses {
		if _, known := taskMoves[status]; !known {
			r.fail(invalid("AssignmentStatus '%s' is invalid", status))
		}
	}
	var (
		evaluate = r.expression("EvaluateTaskAttributes", "")
		order    = taskOrdering(r)
		priority = r.number("Priority", -1, 0, 1<<31-1)
		addons   = r.boolean("HasAddons", false) // no task has any here
		workflow = r.filter("WorkflowSid")
		named    = r.filter("WorkflowName")
		queue    = r.filter("TaskQueueSid")
		queued   = r.filter("TaskQueueName")
		target   = r.filter("RoutingTarget")
	)
	if r.err != nil {
		return reply{}, r.err
	}
	var tasks []*task
	for t := range ws.tasks.all() {
		var queueSID, queueName string
		if t.queue != nil {
			queueSID, queueName = t.queue.sid, t.queue.friendlyName
		}
		switch {
		case len(statuses) > 0 && !slices.Contains(statuses, t.status), priority >= 0 && priority != t.priority,
			!workflow(t.routing.sid), !named(t.routing.friendlyName), !queue(queueSID), !queued(queueName),
			!target(t.routingTarget), addons, evaluate != nil && !evaluate.Matches(t):
			continue
		}
		tasks = append(tasks, t)
	}
	slices.SortStableFunc(tasks, order)
	rows := make([]object, 0, len(tasks))
	for _, t := range tasks {
		row := ws.taskBody(t, r.base)
		if s.uncertain.ListsOmitAttributes {
			row["attributes"] = nil
		}
		rows = append(rows, row)
	}
	return s.list(r, "tasks", rows)
}

// taskOrdering: DateCreated and VirtualStartTime exclude each other; without an ordering the oldest
// come first.
func taskOrdering(r *request) func(a, b *task) int {
	if text := r.text("Ordering"); strings.Contains(text, "DateCreated") && strings.Contains(text, "VirtualStartTime") {
		r.fail(invalid("Ordering '%s' is invalid", text))
	}
	return ordering(r, sorting[*task]{
		"DateCreated":      func(a, b *task) int { return a.createdAt.Compare(b.createdAt) },
		"Priority":         func(a, b *task) int { return cmp.Compare(a.priority, b.priority) },
		"VirtualStartTime": func(a, b *task) int { return a.virtualStart.Compare(b.virtualStart) },
	})
}
