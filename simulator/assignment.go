package simulator

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// assignmentLimit is how long the assignment callback may take (B.1).
const assignmentLimit = 5 * time.Second

// callAssignment asks the application what to do with a reservation, first at the callback URL, then,
// if that fails in any way, at the fallback.
func (ws *workspace) callAssignment(res *reservation) {
	w := res.task.routing
	form := ws.assignmentForm(res)
	ask := func(address string, failed func(webhookAnswer)) {
		ws.sim.send(webhook{
			account: ws.account, kind: KindAssignment, url: address, form: form, limit: assignmentLimit, about: res.about(),
			answered: func(answer webhookAnswer) {
				if !ws.instruct(res, answer) {
					failed(answer)
				}
			},
		})
	}
	bothFailed := func(webhookAnswer) {
		if ws.sim.uncertain.UnansweredAssignmentCancels && res.status == reservationPending {
			ws.endOffer(res, reservationCanceled)
		}
	}
	if w.assignmentCallback == "" {
		return // somebody watches the reservations in another way
	}
	ask(w.assignmentCallback, func(answer webhookAnswer) {
		if w.fallbackCallback == "" {
			bothFailed(answer)
			return
		}
		ask(w.fallbackCallback, bothFailed)
	})
}

func (res *reservation) about() Entry {
	return Entry{TaskSID: res.task.sid, ReservationSID: res.sid}
}

func (ws *workspace) assignmentForm(res *reservation) url.Values {
	t := res.task
	return url.Values{
		"AccountSid": {ws.account.sid}, "WorkspaceSid": {ws.sid}, "WorkflowSid": {t.routing.sid},
		"TaskQueueSid": {res.queue.sid}, "WorkerSid": {res.agent.sid}, "WorkerAttributes": {res.agent.attributesText},
		"WorkerName": {res.agent.friendlyName}, "TaskSid": {t.sid}, "TaskAttributes": {t.attributesText},
		"TaskAge": {strconv.Itoa(t.age(ws.sim.now()))}, "TaskPriority": {strconv.Itoa(t.priority)},
		"ReservationSid": {res.sid}, "Timestamp": {strconv.FormatInt(ws.sim.now().Unix(), 10)},
	}
}

// instruct follows the answer, and reports whether it was one. An empty 200 means "decided later, by
// REST"; anything but a 200 with JSON is a failure (B.1).
func (ws *workspace) instruct(res *reservation, answer webhookAnswer) bool {
	s := ws.sim
	if answer.err != nil {
		s.alert(11200, "assignment callback: "+plainError(answer.err), res.about())
		return false
	}
	if answer.status != 200 {
		s.alert(11200, "assignment callback answered "+strconv.Itoa(answer.status), res.about())
		return false
	}
	if len(bytes.TrimSpace(answer.body)) == 0 {
		if s.uncertain.EmptyReplyAlerts {
			s.alert(40001, "callback reply is not JSON", res.about())
		}
		return true
	}
	if !strings.HasPrefix(strings.TrimSpace(answer.contentType), "application/json") {
		s.alert(40000, "callback reply lacks Content-Type: application/json", res.about())
		return false
	}
	var instruction map[string]any
	if json.Unmarshal(answer.body, &instruction) != nil {
		s.alert(40001, "callback reply is not JSON", res.about())
		return false
	}
	if res.status != reservationPending {
		return true // decided meanwhile; the instruction is ignored
	}
	ws.instructByReply(res, instruction)
	return true
}
