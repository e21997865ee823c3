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
	var rows listing
	for _, t := range tasks {
		rows.add(t.sid, func() object { return s.listedAttributes(ws.taskBody(t, r.base)) })
	}
	return s.list(r, "tasks", rows)
}

// listedAttributes takes the attributes out of a row, if lists have none (L6).
func (s *Simulator) listedAttributes(row object) object {
	if s.uncertain.ListsOmitAttributes {
		row["attributes"] = nil
	}
	return row
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

func (ws *workspace) taskBody(t *task, base string) object {
	workspaceURL := base + "/v1/Workspaces/" + ws.sid
	url := workspaceURL + "/Tasks/" + t.sid
	body := object{
		"sid": t.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "age": t.age(ws.sim.now()),
		"assignment_status": t.status, "attributes": t.attributesText, "addons": "{}", "priority": t.priority,
		"reason": textOrNull(t.reason), "timeout": wholeSeconds(t.timeout), "ignore_capacity": t.direct != nil && t.direct.agent != nil, "routing_target": textOrNull(t.routingTarget),
		"workflow_sid": t.routing.sid, "workflow_friendly_name": t.routing.friendlyName,
		"task_channel_sid": t.channel.sid, "task_channel_unique_name": t.channel.uniqueName,
		"task_queue_sid": nil, "task_queue_friendly_name": nil, "task_queue_entered_date": isoOrNull(t.enteredQueue),
		"date_created": iso(t.createdAt), "date_updated": iso(t.updatedAt), "virtual_start_time": iso(t.virtualStart),
		"url": url,
	}
	links := object{"workspace": workspaceURL, "workflow": workspaceURL + "/Workflows/" + t.routing.sid, "reservations": url + "/Reservations"}
	if t.queue != nil {
		body["task_queue_sid"], body["task_queue_friendly_name"] = t.queue.sid, t.queue.friendlyName
		links["task_queue"] = workspaceURL + "/TaskQueues/" + t.queue.sid
	}
	body["links"] = links
	return body
}
