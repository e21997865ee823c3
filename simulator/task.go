package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// States of a task.
const (
	taskPending   = "pending"
	taskReserved  = "reserved"
	taskAssigned  = "assigned"
	taskWrapping  = "wrapping"
	taskCompleted = "completed"
	taskCanceled  = "canceled"
)

// taskMoves is the life of a task (A.5). An assigned task can never go back to the queue (fact 1).
var taskMoves = moves{
	taskPending:   {taskReserved, taskCanceled},
	taskReserved:  {taskPending, taskAssigned, taskCanceled}, // pending: every reservation was rejected or timed out
	taskAssigned:  {taskWrapping, taskCompleted},
	taskWrapping:  {taskCompleted},
	taskCompleted: {},
	taskCanceled:  {},
}

const (
	defaultTaskTimeout = 86_400              // seconds until it must be assigned
	longestTaskTimeout = 1_209_600           // two weeks
	longestAssignment  = 24 * time.Hour      // an assigned task older than this is deleted by the system
	mostAssignments    = 1000                // pending → reserved, then it is cancelled
	endedTaskKept      = 5 * time.Minute     // then it answers 404
	reasonTTL          = "Task TTL Exceeded" // S:TR
	reasonTargets      = "Task canceled on Workflow timeout"
	reasonAssignments  = "Task TTL Exceeded or Max assignment count exceeded"
)

// task is one piece of work waiting for an agent.
type task struct {
	sid, status, reason string
	attributesText      string
	attributes          map[string]any
	priority            int
	channel             *taskChannel
	routing             *routing
	routingTarget       string        // RoutingTarget as given
	direct              *direct       // what it means; nil: the routing decides
	timeout             time.Duration // TTL
	version             int           // counts changes; the ETag
	createdAt           time.Time
	updatedAt           time.Time
	virtualStart        time.Time // its place in line
	enteredQueue        time.Time
	endedAt             time.Time
	order               uint64 // of creation, the last tie-break

	// Where it stands in its routing.
	filter        *planFilter // nil: none matched
	step          int         // index of the target
	queue         *queue
	fresh         bool          // skip_if has not been asked at this step
	patience      time.Duration // the age at which the target's time is up; counts only if it has a timeout
	targetExpired bool          // the target's time ran out while an offer was open

	reservations []*reservation // oldest first
	assignments  int            // how often it went from pending to reserved

	ttl, targetTimer, oldAge *timer
}

func createTask(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	t := &task{
		status: taskPending, version: 1, createdAt: s.now(), updatedAt: s.now(),
		timeout:      r.seconds("Timeout", defaultTaskTimeout, 1, longestTaskTimeout),
		priority:     r.number("Priority", 0, 0, 1<<31-1),
		virtualStart: ws.virtualStart(r, s.now()),
		channel:      ws.channelParam(r, defaultChannel),
		routing:      ws.routingParam(r),
	}
	t.attributesText, t.attributes = r.attributes("{}")
	t.routingTarget, t.direct = r.text("RoutingTarget"), ws.directParam(r, t)
	if r.err != nil {
		return reply{}, r.err
	}
	t.sid = s.mint("WT", ws.sid, t.attributesText)
	ws.tasks.add(t.sid, t)
	t.order = ws.tasks.next
	t.ttl = s.schedule(ws.ageOrigin(t).Add(t.timeout).Sub(s.now()), func() {
		if t.status == taskPending || t.status == taskReserved {
			ws.cancelTask(t, reasonTTL)
		}
	})
	s.note(Entry{TaskSID: t.sid, What: TaskChanged, Detail: taskPending})
	if t.direct != nil {
		ws.enterDirect(t)
	} else {
		ws.enterRouting(t)
	}
	// Twilio answers before it looks for an agent: the reply always says pending.
	return reply{status: 201, body: ws.taskBody(t, r.base), etag: t.etag()}, nil
}

func (ws *workspace) virtualStart(r *request, or time.Time) time.Time {
	v := r.instant("VirtualStartTime", or)
	if v.After(ws.sim.now()) {
		r.fail(invalid("VirtualStartTime must not be in the future"))
	}
	if v.Year() < 1900 {
		r.fail(invalid("VirtualStartTime must not be before the year 1900"))
	}
	return v
}

func (ws *workspace) channelParam(r *request, or string) *taskChannel {
	name := r.text("TaskChannel")
	if name == "" {
		name = or
	}
	c := ws.channelNamed(name)
	if c == nil {
		r.fail(invalid("TaskChannel '%s' does not exist in workspace %s", name, ws.sid))
	}
	return c
}

func (ws *workspace) routingParam(r *request) *routing {
	sid := r.text("WorkflowSid")
	if target := r.text("RoutingTarget"); strings.HasPrefix(target, "WW") {
		if sid != "" && sid != target {
			r.fail(invalid("WorkflowSid '%s' is not the RoutingTarget '%s'", sid, target))
		}
		sid = target
	}
	if sid == "" && ws.sim.uncertain.WorkflowSidOptional && ws.routings.len() == 1 {
		for w := range ws.routings.all() {
			return w
		}
	}
	if sid == "" {
		r.fail(missing("WorkflowSid"))
		return nil
	}
	w, found := ws.routings.get(sid)
	if !found {
		r.fail(invalid("Workflow %s does not exist in workspace %s", sid, ws.sid))
	}
	return w
}

// ageOrigin is when a task's clock starts (L18).
func (ws *workspace) ageOrigin(t *task) time.Time {
	if ws.sim.uncertain.TimeoutsFromVirtualStart {
		return t.virtualStart
	}
	return t.createdAt
}

func fetchTask(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	t, found := ws.tasks.get(r.vars["WT"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return reply{status: 200, body: ws.taskBody(t, r.base), etag: t.etag()}, nil
}

func updateTask(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	t, found := ws.tasks.get(r.vars["WT"])
	if !found {
		return reply{}, notFound(r.path)
	}
	status := r.oneOf("AssignmentStatus", t.status, taskCanceled, taskWrapping, taskCompleted)
	attributesText, attributes := r.attributes(t.attributesText)
	priority := r.number("Priority", t.priority, 0, 1<<31-1)
	virtualStart := ws.virtualStart(r, t.virtualStart)
	channel := ws.channelParam(r, t.channel.sid)
	if r.err != nil {
		return reply{}, r.err
	}
	if !r.ifMatch(t.version) {
		return reply{}, preconditionFailed()
	}
	reason := r.text("Reason")
	if reason != "" && !r.has("AssignmentStatus") {
		return reply{}, invalid("Reason is only allowed together with AssignmentStatus")
	}
	if r.has("AssignmentStatus") {
		if err := ws.checkStatusUpdate(t, status, r); err != nil {
			return reply{}, err
		}
	}
	if r.has("Attributes") || r.has("Priority") || r.has("VirtualStartTime") || r.has("TaskChannel") {
		waiting := ws.leaveLine(t)
		t.attributesText, t.attributes = attributesText, attributes
		t.priority, t.virtualStart, t.channel = priority, virtualStart, channel
		if waiting {
			ws.joinLine(t)
		}
		t.touch(s.now())
		ws.emit("task.updated", "Task "+t.sid+" updated", ws.taskFields(t))
		ws.look()
	}
	if r.has("AssignmentStatus") {
		switch status {
		case taskCanceled:
			ws.cancelTask(t, reason)
		case taskWrapping:
			t.reason = cmp.Or(reason, t.reason)
			ws.wrapTask(t)
		case taskCompleted:
			ws.completeTask(t, reason)
		}
	}
	return reply{status: 200, body: ws.taskBody(t, r.base), etag: t.etag()}, nil
}

// checkStatusUpdate has Twilio's own words: software reads them (A.5; the one about wrapping up is from
// github.com/lehel-twilio/plugin-dialpad#26).
func (ws *workspace) checkStatusUpdate(t *task, status string, r *request) *apiError {
	where := fmt.Sprintf("task %s in workspace %s for account %s", t.sid, ws.sid, ws.account.sid)
	switch {
	case status == taskCanceled && !taskMoves.allow(t.status, taskCanceled):
		return invalid("Cannot cancel %s because it is not pending or reserved.", where)
	case status == taskCompleted && !taskMoves.allow(t.status, taskCompleted):
		return invalid("Cannot complete %s because it is not currently assigned.", where)
	case status == taskWrapping && !taskMoves.allow(t.status, taskWrapping):
		return invalid("Cannot wrap up a %s because it is not currently assigned.", where)
	case status != taskCanceled && r.has("Attributes"):
		return invalid("Cannot update Attributes and AssignmentStatus %s in the same request", status)
	case status != taskWrapping && r.text("Reason") == "":
		return missing("Reason")
	}
	return nil
}

func deleteTask(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	t, found := ws.tasks.get(r.vars["WT"])
	if !found {
		return reply{}, notFound(r.path)
	}
	if !r.ifMatch(t.version) {
		return reply{}, preconditionFailed()
	}
	ws.removeTask(t, "task.deleted")
	return gone(), nil
}

// removeTask takes a task away in whatever state it is, and frees its agent.
func (ws *workspace) removeTask(t *task, kind string) {
	ws.forgetTimers(t)
	ws.leaveLine(t)
	for _, res := range slices.Clone(t.reservations) {
		if !reservationMoves.final(res.status) {
			rings := res.leg != nil && res.status == reservationPending
			ws.closeReservation(res, reservationCanceled)
			ws.emit("reservation.canceled", "Reservation "+res.sid+" canceled", ws.reservationFields(res))
			if rings {
				ws.sim.end(res.leg, callCanceled, ByTwilio)
			}
		}
	}
	ws.emit(kind, "Task "+t.sid+" deleted", ws.taskFields(t))
	ws.sim.note(Entry{TaskSID: t.sid, What: TaskChanged, Detail: "deleted"})
	ws.forget(t)
	ws.look()
}

// setTask is the only place where a task's status changes.
func (ws *workspace) setTask(t *task, status string) {
	if !taskMoves.allow(t.status, status) {
		panic(fmt.Sprintf("simulator: task %s cannot go from %s to %s", t.sid, t.status, status))
	}
	t.status = status
	t.touch(ws.sim.now())
	ws.sim.note(Entry{TaskSID: t.sid, What: TaskChanged, Detail: status})
	if taskMoves.final(status) {
		ws.forgetTimers(t)
		t.endedAt = ws.sim.now()
		ws.ended = append(ws.ended, t)
	}
}

func (ws *workspace) cancelTask(t *task, reason string) {
	ws.leaveLine(t)
	t.reason = reason
	ws.setTask(t, taskCanceled)
	ws.emit("task.canceled", reason, ws.taskFields(t).with(fields{"TaskCanceledReason": reason}))
	for _, res := range slices.Clone(t.reservations) {
		if res.status == reservationPending {
			ws.endOffer(res, reservationCanceled)
		}
	}
	ws.look()
}

func (ws *workspace) wrapTask(t *task) {
	ws.setTask(t, taskWrapping)
	ws.emit("task.wrapup", "Task "+t.sid+" is wrapping up", ws.taskFields(t))
	if res := t.accepted(); res != nil {
		ws.setReservation(res, reservationWrapping)
		ws.emit("reservation.wrapup", "Reservation "+res.sid+" is wrapping up", ws.reservationFields(res))
	}
}

// completeTask: a trailing task.updated follows the end (B.2).
func (ws *workspace) completeTask(t *task, reason string) {
	t.reason = reason
	ws.setTask(t, taskCompleted)
	ws.emit("task.completed", "Task "+t.sid+" completed", ws.taskFields(t).with(fields{"TaskCompletedReason": reason}))
	if res := t.accepted(); res != nil {
		ws.closeReservation(res, reservationCompleted)
		res.agent.idleSince = ws.sim.now()
		ws.emit("reservation.completed", "Reservation "+res.sid+" completed", ws.reservationFields(res))
	}
	ws.emit("task.updated", "Task "+t.sid+" updated", ws.taskFields(t))
	ws.look()
}

// accepted is the reservation that holds an assigned task.
func (t *task) accepted() *reservation {
	for _, res := range t.reservations {
		if res.status == reservationAccepted || res.status == reservationWrapping {
			return res
		}
	}
	return nil
}

func (ws *workspace) forgetTimers(t *task) {
	for _, timer := range []*timer{t.ttl, t.targetTimer, t.oldAge} {
		ws.sim.cancel(timer)
	}
	for _, res := range t.reservations {
		ws.sim.cancel(res.timer)
	}
}

// forgetEnded drops tasks that ended more than five minutes ago, with their reservations (A.5). It
// runs when somebody looks, so that nothing ticks when nobody does.
func (ws *workspace) forgetEnded() {
	for len(ws.ended) > 0 && ws.sim.now().Sub(ws.ended[0].endedAt) >= endedTaskKept {
		ws.forget(ws.ended[0])
		ws.ended = ws.ended[1:]
	}
}

func (ws *workspace) forget(t *task) {
	ws.tasks.remove(t.sid)
	for _, res := range t.reservations {
		delete(ws.reservations, res.sid)
		res.agent.reservations = slices.DeleteFunc(res.agent.reservations, func(r *reservation) bool { return r == res })
	}
}

func (t *task) touch(now time.Time) {
	t.version++
	t.updatedAt = now
}

func (t *task) etag() string { return fmt.Sprintf("%q", strconv.Itoa(t.version)) }

// Lookup makes a task what a filter's expression sees: its attributes (A.4).
func (t *task) Lookup(key string) (any, bool) {
	v, found := t.attributes[key]
	return v, found
}

func (t *task) age(now time.Time) int { return wholeSeconds(now.Sub(t.createdAt)) }

func (ws *workspace) taskFields(t *task) fields {
	f := fields{
		"TaskSid": t.sid, "TaskAttributes": t.attributesText, "TaskAge": strconv.Itoa(t.age(ws.sim.now())),
		"TaskPriority": strconv.Itoa(t.priority), "TaskAssignmentStatus": t.status,
		"WorkflowSid": t.routing.sid, "WorkflowName": t.routing.friendlyName,
		"TaskChannelSid": t.channel.sid, "TaskChannelUniqueName": t.channel.uniqueName,
	}
	if t.queue != nil {
		f["TaskQueueSid"], f["TaskQueueName"] = t.queue.sid, t.queue.friendlyName
	}
	return f
}
