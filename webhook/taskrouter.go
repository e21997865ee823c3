package webhook

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	sb "switchboard"
)

// How the news came: as OfferNews and TaskNews document it.
const (
	viaAssignment = "assignment"
	viaEvent      = "event"
)

// readAssignment reads TaskRouter's assignment callback: a reservation was made for one of our tasks.
func readAssignment(_, form url.Values) (news, error) {
	return readOffer(form, sb.ReservationPending, viaAssignment)
}

// decideLater is the answer that leaves a reservation pending: 200, JSON by type, and empty. Anything in the body would
// be taken for an instruction.
func decideLater(c echo.Context) error {
	return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, nil)
}

// noContentJSON is what TaskRouter asks for as the answer to an event.
func noContentJSON(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationJSON)
	return c.NoContent(http.StatusNoContent)
}

// taskEvents and reservationEvents say where a task or a reservation stands after an event. The workspace has many
// more events; they are of no interest to a call.
var taskEvents = map[string]sb.TaskStatus{
	"task.created":        sb.TaskPending,
	"task.wrapup":         sb.TaskWrapping,
	"task.completed":      sb.TaskCompleted,
	"task.canceled":       sb.TaskCanceled,
	"task.deleted":        sb.TaskGone,
	"task.system-deleted": sb.TaskGone,
}

var reservationEvents = map[string]sb.ReservationStatus{
	"reservation.created":   sb.ReservationPending,
	"reservation.accepted":  sb.ReservationAccepted,
	"reservation.rejected":  sb.ReservationRejected,
	"reservation.timeout":   sb.ReservationTimeout,
	"reservation.canceled":  sb.ReservationCanceled,
	"reservation.rescinded": sb.ReservationRescinded,
	"reservation.wrapup":    sb.ReservationWrapping,
	"reservation.completed": sb.ReservationCompleted,
}

// readTaskEvent reads TaskRouter's event callback.
func readTaskEvent(_, form url.Values) (news, error) {
	event := form.Get("EventType")
	if event == "" {
		return news{}, unreadable{"EventType", "is missing"}
	}
	if status, ok := reservationEvents[event]; ok {
		return readOffer(form, status, viaEvent)
	}
	status, ok := taskEvents[event]
	if !ok {
		return news{}, errNoNews
	}
	ref, task, err := readTask(form)
	if err != nil {
		return news{}, err
	}
	n := news{call: ref.Call, signal: sb.SignalTask, arg: sb.TaskNews{
		Ref: ref, Task: task, Status: status, Queue: readText(form, "TaskQueueName"), Via: viaEvent,
	}}
	if status == sb.TaskPending {
		n.stray.Task = task
	}
	return n, nil
}

// readOffer reads what the assignment callback and the events of reservations have in common.
func readOffer(form url.Values, status sb.ReservationStatus, via string) (news, error) {
	ref, task, err := readTask(form)
	if err != nil {
		return news{}, err
	}
	reservation, err := readSID(form, "ReservationSid", "WR")
	if err != nil {
		return news{}, err
	}
	agent, err := readSID(form, "WorkerSid", "WK")
	if err != nil {
		return news{}, err
	}
	attributes := readAgentAttributes(form.Get("WorkerAttributes"))
	name := readText(form, "WorkerName")
	if name == "" {
		name = attributes.first("full_name", "name")
	}
	n := news{call: ref.Call, signal: sb.SignalOffer, arg: sb.OfferNews{
		Ref:         ref,
		Task:        task,
		Reservation: sb.ReservationSID(reservation),
		Status:      status,
		Agent:       sb.AgentSID(agent),
		AgentName:   name,
		ContactURI:  attributes.first("contact_uri"),
		Queue:       readText(form, "TaskQueueName"),
		Via:         via,
	}}
	if status == sb.ReservationPending || status == sb.ReservationAccepted {
		n.stray.Task = task
	}
	return n, nil
}

// readTask finds out whose task it is. A workspace may hold tasks of others: theirs lack what we write into the
// attributes.
func readTask(form url.Values) (sb.TaskRef, sb.TaskSID, error) {
	var ref sb.TaskRef
	if err := json.Unmarshal([]byte(form.Get("TaskAttributes")), &ref); err != nil {
		return sb.TaskRef{}, "", errForeign
	}
	if _, _, err := ref.Call.Split(); err != nil || ref.Task < 1 || ref.Attempt < 1 {
		return sb.TaskRef{}, "", errForeign
	}
	task, err := readSID(form, "TaskSid", "WT")
	return ref, sb.TaskSID(task), err
}

func readSID(form url.Values, name, kind string) (string, error) {
	sid := form.Get(name)
	if sid == "" {
		return "", unreadable{name, "is missing"}
	}
	if !sb.ValidSID(kind, sid) {
		return "", unreadable{name, "must be " + kind + " and 32 hexadecimal digits"}
	}
	return sid, nil
}

// maxText is above every name that Twilio allows, and below the 2 kB of a search attribute.
const maxText = 500

// readText reads what is shown and stored but not decided upon. What nobody can show or store is taken as not told: the
// news beside it still counts.
func readText(form url.Values, name string) string { return fit(form.Get(name)) }

func fit(text string) string {
	if len(text) > maxText || !sb.Plain(text) {
		return ""
	}
	return text
}

// agentAttributes are what the contact centre wrote about an agent: any JSON object. News must not fail on them.
type agentAttributes map[string]any

func readAgentAttributes(text string) agentAttributes {
	var a agentAttributes
	_ = json.Unmarshal([]byte(text), &a) // whatever it is instead, it tells us nothing
	return a
}

// first returns the first of the named attributes that is a text with something in it, fit to be kept.
func (a agentAttributes) first(names ...string) string {
	for _, name := range names {
		if text, _ := a[name].(string); fit(text) != "" {
			return text
		}
	}
	return ""
}
