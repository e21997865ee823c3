package simulator

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"switchboard/simulator/expression"
)

// queue is TaskRouter's TaskQueue: which agents may serve the tasks that wait in it.
type queue struct {
	sid, friendlyName string
	targetText        string                 // TargetWorkers as given
	target            *expression.Expression // nil: nobody
	maxReserved       int                    // MaxReservedWorkers: so many agents are offered one task at once
	order             string                 // FIFO or LIFO
	onReservation     *agentStatus
	onAssignment      *agentStatus // both only in single-tasking workspaces (A.7)
	createdAt         time.Time
	updatedAt         time.Time
}

func (q *queue) takes(a *agent) bool { return q.target.Matches(a) }

// always is the expression 1==1, the default of a queue.
func always() *expression.Expression {
	e, err := expression.Parse("1==1")
	if err != nil {
		panic(err)
	}
	return e
}

// expression reads one in TaskRouter's language. Checking is syntactic only (A.4).
func (r *request) expression(name, or string) *expression.Expression {
	text := r.textOr(name, or)
	if text == "" {
		return nil
	}
	e, err := expression.Parse(text)
	if err != nil {
		r.fail(invalid("%s is not a valid expression: %v", name, err))
	}
	return e
}

func (ws *workspace) addQueue(q *queue) *queue {
	q.sid, q.createdAt, q.updatedAt = ws.sim.mint("WQ", ws.sid, q.friendlyName), ws.sim.now(), ws.sim.now()
	ws.queues.add(q.sid, q)
	return q
}

func createQueue(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	q := &queue{
		friendlyName: r.required("FriendlyName"), targetText: r.textOr("TargetWorkers", "1==1"),
		target:        r.expression("TargetWorkers", "1==1"), // given but empty: nobody
		maxReserved:   r.number("MaxReservedWorkers", 1, 1, 50),
		order:         r.oneOf("TaskOrder", "FIFO", "FIFO", "LIFO"),
		onReservation: ws.statusParam(r, "ReservationActivitySid", nil),
		onAssignment:  ws.statusParam(r, "AssignmentActivitySid", nil),
	}
	ws.checkQueueName(r, q, nil)
	if ws.queues.len() >= mostQueues {
		r.fail(tooMany(mostQueues, "task queues", ws))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	ws.addQueue(q)
	ws.emit("task-queue.created", "TaskQueue "+q.friendlyName+" created", q.fields())
	return created(ws.queueBody(q, r.base)), nil
}

func (ws *workspace) checkQueueName(r *request, q, self *queue) {
	for other := range ws.queues.all() {
		if other != self && other.friendlyName == q.friendlyName {
			r.fail(invalid("TaskQueue with friendly name %s already exists in workspace %s", q.friendlyName, ws.sid))
		}
	}
}

// queueSorting: Twilio does not say by what queues can be ordered; these are the dates and the name.
var queueSorting = sorting[*queue]{
	"DateCreated":  func(a, b *queue) int { return a.createdAt.Compare(b.createdAt) },
	"DateUpdated":  func(a, b *queue) int { return a.updatedAt.Compare(b.updatedAt) },
	"FriendlyName": func(a, b *queue) int { return strings.Compare(a.friendlyName, b.friendlyName) },
}

func listQueues(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var matching []expression.Scope
	if r.has("EvaluateWorkerAttributes") {
		var attributes expression.Attributes
		if json.Unmarshal([]byte(r.text("EvaluateWorkerAttributes")), &attributes) != nil {
			r.fail(invalid("EvaluateWorkerAttributes is not a valid JSON object"))
		}
		matching = append(matching, attributes)
	}
	if sid := r.text("WorkerSid"); sid != "" {
		a, found := ws.agents.get(sid)
		if !found {
			return s.list(r, "task_queues", nil)
		}
		matching = append(matching, a)
	}
	named, order := r.filter("FriendlyName"), ordering(r, queueSorting)
	if r.err != nil {
		return reply{}, r.err
	}
	var queues []*queue
	for q := range ws.queues.all() {
		others := func(in expression.Scope) bool { return !q.target.Matches(in) }
		if named(q.friendlyName) && !slices.ContainsFunc(matching, others) {
			queues = append(queues, q)
		}
	}
	slices.SortStableFunc(queues, order)
	var rows listing
	for _, q := range queues {
		rows.add(q.sid, func() object { return ws.queueBody(q, r.base) })
	}
	return s.list(r, "task_queues", rows)
}

func fetchQueue(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	q, found := ws.queues.get(r.vars["WQ"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(ws.queueBody(q, r.base)), nil
}

func updateQueue(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	q, found := ws.queues.get(r.vars["WQ"])
	if !found {
		return reply{}, notFound(r.path)
	}
	changed := *q
	changed.friendlyName = r.name(q.friendlyName, unlimited)
	ws.checkQueueName(r, &changed, q)
	changed.targetText = r.textOr("TargetWorkers", q.targetText)
	changed.target = r.expression("TargetWorkers", q.targetText)
	changed.maxReserved = r.number("MaxReservedWorkers", q.maxReserved, 1, 50)
	changed.order = r.oneOf("TaskOrder", q.order, "FIFO", "LIFO")
	changed.onReservation = ws.statusParam(r, "ReservationActivitySid", q.onReservation)
	changed.onAssignment = ws.statusParam(r, "AssignmentActivitySid", q.onAssignment)
	if r.err != nil {
		return reply{}, r.err
	}
	targetChanged := changed.targetText != q.targetText
	*q = changed
	q.updatedAt = s.now()
	ws.sortLine()
	if targetChanged {
		ws.emit("task-queue.expression.updated", "TaskQueue "+q.friendlyName+" expression updated", q.fields())
	}
	ws.look()
	return okay(ws.queueBody(q, r.base)), nil
}

func deleteQueue(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	q, found := ws.queues.get(r.vars["WQ"])
	if !found {
		return reply{}, notFound(r.path)
	}
	for w := range ws.routings.all() {
		if w.plan.uses(q) {
			return reply{}, invalid("Cannot delete task queue %s because workflow %s uses it", q.sid, w.sid)
		}
	}
	for t := range ws.tasks.all() {
		// Its routing may have been changed since the task came in: the task keeps the old plan.
		if !taskMoves.final(t.status) && (t.queue == q || t.filter.plan.uses(q)) {
			return reply{}, invalid("Cannot delete task queue %s because it has tasks", q.sid)
		}
	}
	ws.queues.remove(q.sid)
	ws.emit("task-queue.deleted", "TaskQueue "+q.friendlyName+" deleted", q.fields())
	return gone(), nil
}

func (q *queue) fields() fields {
	return fields{"TaskQueueSid": q.sid, "TaskQueueName": q.friendlyName, "TaskQueueTargetExpression": q.targetText}
}

func (ws *workspace) queueBody(q *queue, base string) object {
	url := base + "/v1/Workspaces/" + ws.sid
	body := object{
		"sid": q.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "friendly_name": q.friendlyName,
		"target_workers": textOrNull(q.targetText), "max_reserved_workers": q.maxReserved, "task_order": q.order,
		"reservation_activity_sid": nil, "reservation_activity_name": nil,
		"assignment_activity_sid": nil, "assignment_activity_name": nil,
		"date_created": iso(q.createdAt), "date_updated": iso(q.updatedAt), "url": url + "/TaskQueues/" + q.sid,
	}
	links := object{
		"workspace": url, "statistics": url + "/TaskQueues/" + q.sid + "/Statistics",
		"real_time_statistics":      url + "/TaskQueues/" + q.sid + "/RealTimeStatistics",
		"cumulative_statistics":     url + "/TaskQueues/" + q.sid + "/CumulativeStatistics",
		"list_statistics":           url + "/TaskQueues/Statistics",
		"bulk_real_time_statistics": url + "/TaskQueues/RealTimeStatistics",
	}
	if q.onReservation != nil {
		body["reservation_activity_sid"], body["reservation_activity_name"] = q.onReservation.sid, q.onReservation.friendlyName
		links["reservation_activity"] = url + "/Activities/" + q.onReservation.sid
	}
	if q.onAssignment != nil {
		body["assignment_activity_sid"], body["assignment_activity_name"] = q.onAssignment.sid, q.onAssignment.friendlyName
		links["assignment_activity"] = url + "/Activities/" + q.onAssignment.sid
	}
	body["links"] = links
	return body
}
