package simulator

import (
	"strings"
	"testing"
	"time"
)

// inState makes a task in a state, in the way that software would, with the offers that go with it.
func (w *world) inState(state string) (task string) {
	w.t.Helper()
	w.withWorkspace()
	task = w.newTask()
	path := w.v1("/Tasks/" + task)
	if state == taskPending {
		return task
	}
	w.newAgent("anna", `{}`)
	w.advance(0)
	switch state {
	case taskReserved:
		return task
	case taskCanceled:
		w.must(w.post(path, "AssignmentStatus", "canceled", "Reason", "x"))
		return task
	}
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
	switch state {
	case taskWrapping:
		w.must(w.post(path, "AssignmentStatus", "wrapping"))
	case taskCompleted:
		w.must(w.post(path, "AssignmentStatus", "completed", "Reason", "x"))
	}
	return task
}

// Every state of a task, and every status that an update can name. "": it works. The words are
// Twilio's: software reads them.
func TestEveryUpdateOfATask(t *testing.T) {
	const (
		cannotCancel   = "Cannot cancel task {WT} in workspace {WS} for account {AC} because it is not pending or reserved."
		cannotWrapUp   = "Cannot wrap up a task {WT} in workspace {WS} for account {AC} because it is not currently assigned."
		cannotComplete = "Cannot complete task {WT} in workspace {WS} for account {AC} because it is not currently assigned."
	)
	want := map[string]map[string]string{
		taskPending:   {taskCanceled: "", taskWrapping: cannotWrapUp, taskCompleted: cannotComplete},
		taskReserved:  {taskCanceled: "", taskWrapping: cannotWrapUp, taskCompleted: cannotComplete},
		taskAssigned:  {taskCanceled: cannotCancel, taskWrapping: "", taskCompleted: ""},
		taskWrapping:  {taskCanceled: cannotCancel, taskWrapping: cannotWrapUp, taskCompleted: ""},
		taskCompleted: {taskCanceled: cannotCancel, taskWrapping: cannotWrapUp, taskCompleted: cannotComplete},
		taskCanceled:  {taskCanceled: cannotCancel, taskWrapping: cannotWrapUp, taskCompleted: cannotComplete},
	}
	for from := range taskMoves {
		for to := range taskMoves {
			t.Run(from+" to "+to, func(t *testing.T) {
				w := newWorld(t, Options{})
				task := w.inState(from)
				equals(t, "state before", w.taskStatus(task), from)
				a := w.post(w.v1("/Tasks/"+task), "AssignmentStatus", to, "Reason", "because")
				refusal, settable := want[from][to]
				switch {
				case !settable:
					w.refused(a, 400, 20001)
					equals(t, "words", a.text("message"), "AssignmentStatus '"+to+"' is invalid; allowed: canceled, wrapping, completed")
				case refusal != "":
					w.refused(a, 400, 20001)
					equals(t, "words", a.text("message"),
						strings.NewReplacer("{WT}", task, "{WS}", w.ws, "{AC}", DefaultAccountSID).Replace(refusal))
				default:
					equals(t, "answer", w.must(a).text("assignment_status"), to)
					equals(t, "reason", a.text("reason"), "because")
				}
				after := from
				if settable && refusal == "" {
					after = to
				}
				equals(t, "state after", w.taskStatus(task), after)
			})
		}
	}
}

// offerInState makes a reservation in a state, in the way that software and time would.
func (w *world) offerInState(state string) (offer string) {
	w.t.Helper()
	w.withWorkspace()
	if state == reservationRescinded {
		w.must(w.post(w.v1("/TaskQueues/"+w.queue), "MaxReservedWorkers", "2"))
		w.newAgent("ben", `{}`)
	}
	w.newAgent("anna", `{}`)
	task := w.newTask()
	w.advance(0)
	path := w.v1("/Tasks/" + task)
	rows := w.get(path + "/Reservations").rows("reservations")
	offer = path + "/Reservations/" + rows[0]["sid"].(string)
	switch state {
	case reservationPending:
	case reservationRejected:
		w.must(w.post(offer, "ReservationStatus", "rejected", "WorkerActivitySid", w.offline))
	case reservationTimeout:
		w.advance(time.Minute)
	case reservationCanceled:
		w.must(w.post(path, "AssignmentStatus", "canceled", "Reason", "x"))
	case reservationRescinded:
		w.must(w.post(path+"/Reservations/"+rows[1]["sid"].(string), "ReservationStatus", "accepted"))
	default:
		w.must(w.post(offer, "ReservationStatus", "accepted"))
		if state != reservationAccepted {
			w.must(w.post(path, "AssignmentStatus", state, "Reason", "x")) // wrapping and completed follow the task
		}
	}
	// The same reservation, seen from its agent.
	equals(w.t, "seen from the agent", w.get(w.v1("/Workers/"+rows[0]["worker_sid"].(string)+"/Reservations/"+rows[0]["sid"].(string))).
		text("reservation_status"), state)
	return offer
}

// Every state of a reservation, and every status that an update can name.
func TestEveryUpdateOfAReservation(t *testing.T) {
	allowed := map[string]string{
		reservationPending:  "accepted rejected",
		reservationAccepted: "wrapping completed",
		reservationWrapping: "completed",
	}
	task := map[string]string{ // what becomes of the task
		reservationAccepted: taskAssigned, reservationRejected: taskPending, reservationWrapping: taskWrapping, reservationCompleted: taskCompleted,
	}
	for from := range reservationMoves {
		for to := range reservationMoves {
			t.Run(from+" to "+to, func(t *testing.T) {
				w := newWorld(t, Options{})
				offer := w.offerInState(from)
				a := w.post(offer, "ReservationStatus", to)
				_, settable := task[to]
				ok := strings.Contains(" "+allowed[from]+" ", " "+to+" ")
				switch {
				case !settable:
					w.refused(a, 400, 20001)
					equals(t, "words", a.text("message"),
						"ReservationStatus '"+to+"' is invalid; allowed: accepted, rejected, wrapping, completed")
				case !ok:
					status := 400
					if from == reservationRescinded && to == reservationAccepted {
						status = 410 // somebody else was faster
					}
					w.refused(a, status, 20001)
					equals(t, "words", a.text("message"), "Cannot set reservation "+offer[len(offer)-34:]+" in workspace "+w.ws+
						" for account "+DefaultAccountSID+" to "+to+" because it is currently "+from+".")
				default:
					equals(t, "answer", w.must(a).text("reservation_status"), to)
					equals(t, "task", w.taskStatus(a.text("task_sid")), task[to])
				}
				if !ok {
					equals(t, "state after", w.get(offer).text("reservation_status"), from)
				}
			})
		}
	}
}
