package simulator

import (
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
			return reply{}, invalid("AssignmentStatus '%s' is invalid", status)
		}
	}
	evaluate := r.expression("EvaluateTaskAttributes", "")
	order, err := taskOrdering(r.text("Ordering"))
	if err != nil {
		return reply{}, err
	}
	priority := r.number("Priority", -1, 0, 1<<31-1)
	addons := r.boolean("HasAddons", false)
	if r.err != nil {
		return reply{}, r.err
	}
	is := func(name, value string) bool { return !r.has(name) || r.text(name) == value }
	var tasks []*task
	for t := range ws.tasks.all() {
		switch {
		case len(statuses) > 0 && !slices.Contains(statuses, t.status), priority >= 0 && priority != t.priority,
			!is("WorkflowSid", t.routing.sid), !is("WorkflowName", t.routing.friendlyName),
			r.has("TaskQueueSid") && (t.queue == nil || t.queue.sid != r.text("TaskQueueSid")),
			r.has("TaskQueueName") && (t.queue == nil || t.queue.friendlyName != r.text("TaskQueueName")),
			addons, evaluate != nil && !evaluate.Matches(t):
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

// taskOrdering reads "Priority:desc,DateCreated:asc". DateCreated and VirtualStartTime exclude each
// other; without an ordering the oldest come first.
func taskOrdering(text string) (func(a, b *task) int, *apiError) {
	var keys []func(a, b *task) int
	used := map[string]bool{}
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		name, direction, _ := strings.Cut(strings.TrimSpace(part), ":")
		used[name] = true
		var key func(a, b *task) int
		switch name {
		case "DateCreated":
			key = func(a, b *task) int { return a.createdAt.Compare(b.createdAt) }
		case "Priority":
			key = func(a, b *task) int { return a.priority - b.priority }
		case "VirtualStartTime":
			key = func(a, b *task) int { return a.virtualStart.Compare(b.virtualStart) }
		}
		if key == nil || direction != "asc" && direction != "desc" || used["DateCreated"] && used["VirtualStartTime"] {
			return nil, invalid("Ordering '%s' is invalid", text)
		}
		if direction == "desc" {
			keys = append(keys, func(a, b *task) int { return key(b, a) })
		} else {
			keys = append(keys, key)
		}
	}
	return func(a, b *task) int {
		for _, key := range keys {
			if n := key(a, b); n != 0 {
				return n
			}
		}
		return 0
	}, nil
}
