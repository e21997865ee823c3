package simulator

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// States of a reservation.
const (
	reservationPending   = "pending"
	reservationAccepted  = "accepted"
	reservationRejected  = "rejected"
	reservationTimeout   = "timeout"
	reservationCanceled  = "canceled"
	reservationRescinded = "rescinded"
	reservationWrapping  = "wrapping"
	reservationCompleted = "completed"
)

// reservationMoves is the life of an offer to one agent (A.6). An accepted one is only canceled when
// its task is deleted under it.
var reservationMoves = moves{
	reservationPending:   {reservationAccepted, reservationRejected, reservationTimeout, reservationCanceled, reservationRescinded},
	reservationAccepted:  {reservationWrapping, reservationCompleted, reservationCanceled},
	reservationWrapping:  {reservationCompleted, reservationCanceled},
	reservationRejected:  {},
	reservationTimeout:   {},
	reservationCanceled:  {},
	reservationRescinded: {},
	reservationCompleted: {},
}

type reservation struct {
	sid, status          string
	task                 *task
	agent                *agent
	queue                *queue
	version              int
	createdAt, updatedAt time.Time
	timer                *timer    // TaskReservationTimeout
	leg                  *call     // the agent's, of the instruction conference
	restsUntil           time.Time // when the agent who rejected it can be offered the task again
}

// offer reserves a task for an agent. The workspace's look for matches calls it.
func (ws *workspace) offer(t *task, a *agent) {
	s := ws.sim
	if taskMoves.final(t.status) {
		return // with MaxReservedWorkers above 1: the offer before this one was one too many
	}
	if t.status == taskPending {
		t.assignments++
		if t.assignments > mostAssignments {
			ws.cancelTask(t, reasonAssignments)
			return
		}
		ws.leaveLine(t)
		ws.setTask(t, taskReserved)
	}
	res := &reservation{sid: s.mint("WR", t.sid, a.sid), status: reservationPending, task: t, agent: a, queue: t.queue,
		version: 1, createdAt: s.now(), updatedAt: s.now()}
	ws.reservations[res.sid] = res
	t.reservations = append(t.reservations, res)
	a.reservations = append(a.reservations, res)
	a.live = append(a.live, res)
	a.offeredAt = s.now()
	a.version++ // twilio-taskrouter.js counts on it, as on a channel's changes
	res.timer = s.schedule(t.routing.reservationTimeout, func() {
		// Twilio moves the agent away and tells nobody but the event callback (fact 3).
		ws.endOffer(res, reservationTimeout)
		ws.setStatus(a, ws.timeoutStatus)
	})
	s.note(Entry{Party: a.party(), TaskSID: t.sid, ReservationSID: res.sid, What: Offered})
	ws.emit("reservation.created", "Reservation "+res.sid+" created", ws.reservationFields(res))
	if !ws.multiTask && t.queue.onReservation != nil {
		ws.setStatus(a, t.queue.onReservation)
	}
	ws.callAssignment(res)
	ws.softphoneSees(res)
}

// softphoneSees: a scripted agent may decline the offer on the page, as the SDK's
// reservation.reject() without an activity does.
func (ws *workspace) softphoneSees(res *reservation) {
	p := ws.account.softphones[identityOf(res.agent.party())]
	if p == nil || p.DeclinesOffers <= 0 {
		return
	}
	p.DeclinesOffers--
	p.declining++
	identity, after := identityOf(res.agent.party()), p.Rings
	if after == 0 {
		after = softphoneRings
	}
	ws.sim.schedule(after, func() {
		ws.account.softphones[identity].declining--
		if res.status == reservationPending {
			ws.reject(res, nil)
		}
	})
}

// setReservation is the only place where a reservation's status changes.
func (ws *workspace) setReservation(res *reservation, status string) {
	if !reservationMoves.allow(res.status, status) {
		panic(fmt.Sprintf("simulator: reservation %s cannot go from %s to %s", res.sid, res.status, status))
	}
	wasOffer := res.status == reservationPending
	res.status = status
	res.version++
	res.updatedAt = ws.sim.now()
	if wasOffer {
		ws.sim.cancel(res.timer)
		ws.sim.note(Entry{Party: res.agent.party(), TaskSID: res.task.sid, ReservationSID: res.sid, What: OfferEnded, Detail: status})
	}
}

// closeReservation brings a reservation to an end and gives its capacity back.
func (ws *workspace) closeReservation(res *reservation, status string) {
	ws.setReservation(res, status)
	res.agent.live = slices.DeleteFunc(res.agent.live, func(r *reservation) bool { return r == res })
}

// endOffer ends a pending reservation without an agreement. When it was the task's last, the task
// goes back to the queue.
func (ws *workspace) endOffer(res *reservation, status string) {
	ws.closeReservation(res, status)
	ws.emit("reservation."+status, "Reservation "+res.sid+" "+status, ws.reservationFields(res))
	if res.leg != nil {
		ws.sim.end(res.leg, callCanceled, ByTwilio)
	}
	t := res.task
	open := slices.ContainsFunc(t.reservations, func(r *reservation) bool { return r.status == reservationPending })
	if t.status == taskReserved && !open {
		ws.setTask(t, taskPending)
		t.fresh = true
		switch {
		case t.targetExpired:
			ws.targetTimedOut(t)
		case status == reservationTimeout && ws.sim.uncertain.TimedOutOfferMovesOn && t.step+1 < len(t.filter.targets):
			ws.moveTo(t, t.filter, t.step+1)
		default:
			ws.wait(t)
		}
	}
	ws.look()
}

// accept assigns the task. Other agents' offers of it are rescinded.
func (ws *workspace) accept(res *reservation) {
	t := res.task
	ws.setReservation(res, reservationAccepted)
	ws.setTask(t, taskAssigned)
	ws.sim.cancel(t.ttl)
	ws.sim.cancel(t.targetTimer)
	t.oldAge = ws.sim.schedule(longestAssignment, func() { ws.removeTask(t, "task.system-deleted") })
	ws.emit("reservation.accepted", "Reservation "+res.sid+" accepted", ws.reservationFields(res))
	for _, other := range slices.Clone(t.reservations) {
		if other.status == reservationPending {
			ws.endOffer(other, reservationRescinded)
		}
	}
	if !ws.multiTask && t.queue.onAssignment != nil {
		ws.setStatus(res.agent, t.queue.onAssignment)
	}
}

// reject: without a status the agent stays where they are, and is offered the same task again at
// once (fact 4).
func (ws *workspace) reject(res *reservation, status *agentStatus) {
	if rests := ws.sim.uncertain.RejectRests; rests > 0 {
		res.restsUntil = ws.sim.now().Add(rests)
		ws.sim.schedule(rests, ws.look)
	}
	ws.endOffer(res, reservationRejected)
	if status != nil {
		ws.setStatus(res.agent, status)
	}
}

// reservationOf finds the reservation of the path, under a task or under an agent.
func (ws *workspace) reservationOf(r *request) *reservation {
	res := ws.reservations[r.vars["WR"]]
	if res == nil || r.vars["WT"] != "" && res.task.sid != r.vars["WT"] || r.vars["WK"] != "" && res.agent.sid != r.vars["WK"] {
		return nil
	}
	return res
}

func listReservations(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var all []*reservation
	var agentSID string
	if sid, underTask := r.vars["WT"]; underTask {
		t, found := ws.tasks.get(sid)
		if !found {
			return reply{}, notFound(r.path)
		}
		all, agentSID = t.reservations, r.text("WorkerSid")
	} else {
		a, found := ws.agents.get(r.vars["WK"])
		if !found {
			return reply{}, notFound(r.path)
		}
		all = a.reservations
	}
	status := r.text("ReservationStatus")
	if _, known := reservationMoves[status]; status != "" && !known {
		return reply{}, invalid("ReservationStatus '%s' is invalid", status)
	}
	var rows listing
	for _, res := range all {
		if (status == "" || res.status == status) && (agentSID == "" || res.agent.sid == agentSID) {
			rows.add(res.sid, func() object { return ws.reservationBody(res, r) })
		}
	}
	return s.list(r, "reservations", rows)
}

func fetchReservation(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	res := ws.reservationOf(r)
	if res == nil {
		return reply{}, notFound(r.path)
	}
	return reply{status: 200, body: ws.reservationBody(res, r), etag: res.etag()}, nil
}

func updateReservation(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	res := ws.reservationOf(r)
	if res == nil {
		return reply{}, notFound(r.path)
	}
	status := r.oneOf("ReservationStatus", "", reservationAccepted, reservationRejected, reservationWrapping, reservationCompleted)
	next := ws.statusParam(r, "WorkerActivitySid", nil)
	instruction, given := r.instruction()
	switch {
	case status == "" && instruction == "":
		r.fail(missing("ReservationStatus"))
	case status != "" && instruction != "":
		r.fail(invalid("ReservationStatus and Instruction exclude each other"))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	rejects := status == reservationRejected || instruction == "reject"
	if next != nil && !rejects {
		return reply{}, invalid("WorkerActivitySid is only allowed when rejecting a reservation")
	}
	if instruction != "" {
		if !r.ifMatch(res.version) {
			return reply{}, preconditionFailed()
		}
		if err := ws.follow(res, instruction, given); err != nil {
			return reply{}, invalid("%s", err.text)
		}
		return reply{status: 200, body: ws.reservationBody(res, r), etag: res.etag()}, nil
	}
	if !r.ifMatch(res.version) {
		return reply{}, preconditionFailed()
	}
	if ws.sim.uncertain.WrapUpOnlyByTask && (status == reservationWrapping || status == reservationCompleted) {
		return reply{}, invalid("ReservationStatus '%s' is only available to Flex accounts", status)
	}
	if !reservationMoves.allow(res.status, status) {
		answer := http.StatusBadRequest
		if res.status == reservationRescinded && status == reservationAccepted {
			answer = http.StatusGone // somebody else was faster ("Task Queue resource")
		}
		return reply{}, refuse(answer, 20001, "Cannot set reservation %s in workspace %s for account %s to %s because it is currently %s.",
			res.sid, ws.sid, ws.account.sid, status, res.status)
	}
	switch status {
	case reservationAccepted:
		ws.accept(res)
	case reservationRejected:
		ws.reject(res, next)
	case reservationWrapping:
		ws.wrapTask(res.task)
	case reservationCompleted:
		ws.completeTask(res.task, "")
	}
	return reply{status: 200, body: ws.reservationBody(res, r), etag: res.etag()}, nil
}

func (res *reservation) etag() string { return fmt.Sprintf("%q", strconv.Itoa(res.version)) }

func (ws *workspace) reservationFields(res *reservation) fields {
	return ws.taskFields(res.task).with(res.agent.fields()).with(fields{
		"ReservationSid": res.sid, "TaskQueueSid": res.queue.sid, "TaskQueueName": res.queue.friendlyName,
	})
}

func (ws *workspace) reservationBody(res *reservation, r *request) object {
	workspaceURL := r.base + "/v1/Workspaces/" + ws.sid
	taskURL, agentURL := workspaceURL+"/Tasks/"+res.task.sid, workspaceURL+"/Workers/"+res.agent.sid
	url := taskURL
	if r.vars["WK"] != "" {
		url = agentURL
	}
	return object{
		"sid": res.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "reservation_status": res.status,
		"task_sid": res.task.sid, "worker_sid": res.agent.sid, "worker_name": res.agent.friendlyName,
		"date_created": iso(res.createdAt), "date_updated": iso(res.updatedAt),
		"url":   url + "/Reservations/" + res.sid,
		"links": object{"task": taskURL, "worker": agentURL, "workspace": workspaceURL},
	}
}
