package simulator

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

const customer = "+447700900102"

// instructed is a world with one agent on a softphone and one task, whose assignment callback is
// answered with the text.
func instructed(t *testing.T, reply, attributes string) (*world, string) {
	w := newWorld(t, Options{}).withWorkspace()
	w.answer = func(h hook) (int, string, string) {
		switch {
		case strings.HasSuffix(h.url, "/assigned"):
			return 200, "application/json", reply
		case strings.HasSuffix(h.url, "/voice"):
			return 200, "text/xml", `<Response><Say>Connected</Say><Pause length="5"/></Response>`
		}
		return 204, "", ""
	}
	w.sim.SetSoftphone("anna", Softphone{HangsUpAfter: 20 * time.Second})
	w.sim.SetPhone(customer, Phone{Rings: 2 * time.Second})
	w.newAgent("anna", `{"contact_uri":"client:anna"}`)
	return w, w.newTask("Attributes", attributes)
}

// attribute reads one of a task's attributes.
func (w *world) attribute(task, name string) any {
	w.t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(w.must(w.get(w.v1("/Tasks/"+task))).text("attributes")), &all); err != nil {
		w.t.Fatal(err)
	}
	return all[name]
}

func (w *world) alerts() []string {
	list := []string{}
	for _, e := range w.sim.Log() {
		if e.What == Alerted {
			code, _, _ := strings.Cut(e.Detail, " ")
			list = append(list, code)
		}
	}
	return list
}

func TestInstructionCall(t *testing.T) {
	for _, accept := range []bool{false, true} {
		w, task := instructed(t, `{"instruction":"call","from":"+442079460000","url":"https://app.test/voice","accept":`+trueFalse(accept)+
			`,"status_callback_url":"https://app.test/leg"}`, `{"a":1}`)
		w.advance(3 * time.Second)
		same(t, "agent", w.experienced("client:anna")[1:], append(map[bool][]string{true: {"OfferEnded accepted"}}[accept],
			"Dialled", "Rings", "Answers", "Hears Connected", "Hears silence"))
		same(t, "offers", w.offers(task), []string{map[bool]string{true: "anna accepted", false: "anna pending"}[accept]})
		call, _ := w.attribute(task, "worker_call_sid").(string)
		equals(t, "worker_call_sid is the call", w.call(call).text("to"), "client:anna")
		equals(t, "other attributes", w.attribute(task, "a"), any(1.0))
		w.advance(20 * time.Second)
		same(t, "status callbacks", w.values("/leg", "CallStatus"), []string{"completed"})
	}
}

func TestInstructionRedirect(t *testing.T) {
	w, _ := instructed(t, "", "{}")
	w.sim.SetSoftphone("ben", Softphone{})
	waiting := w.must(w.post(calls, "From", "+442079460000", "To", customer, "Twiml", `<Response><Pause length="100"/></Response>`)).text("sid")
	w.advance(3 * time.Second)
	w.must(w.post(w.pendingOfferOfAnyone(), "Instruction", "Redirect", "RedirectCallSid", waiting, "RedirectUrl", "https://app.test/voice", "RedirectAccept", "true"))
	w.advance(time.Second)
	heard := w.experienced(customer)
	same(t, "the customer", heard[len(heard)-2:], []string{"Hears Connected", "Hears silence"})
}

// pendingOfferOfAnyone is the path of the one pending reservation there is.
func (w *world) pendingOfferOfAnyone() string {
	w.t.Helper()
	for _, task := range w.must(w.get(w.v1("/Tasks"), "AssignmentStatus", "reserved")).rows("tasks") {
		return w.pendingOffer(task["sid"].(string))
	}
	w.t.Fatal("no task is reserved")
	return ""
}

func TestInstructionConferenceDialsTheCustomer(t *testing.T) {
	w, task := instructed(t, `{"instruction":"conference","from":"+442079460000","end_conference_on_customer_exit":true,
		"conference_status_callback":"https://app.test/room","conference_status_callback_event":["start","end"]}`, `{"outbound_to":"`+customer+`"}`)
	w.advance(time.Second)
	same(t, "while it rings", w.offers(task), []string{"anna pending"})
	w.advance(5 * time.Second)
	same(t, "when the agent has answered", w.offers(task), []string{"anna accepted"})
	same(t, "agent", w.experienced("client:anna"), []string{"Offered", "Dialled", "Joins", "Rings", "Answers", "OfferEnded accepted",
		"Hears play " + defaultMusic, "Hears ringing", "Hears the conversation"})
	same(t, "customer", w.experienced(customer), []string{"Dialled", "Joins", "Rings", "Answers", "Hears the conversation"})
	room := w.attribute(task, "conference").(map[string]any)
	who := room["participants"].(map[string]any)
	body := w.must(w.get("/2010-04-01/Accounts/{AC}/Conferences/" + room["sid"].(string) + ".json"))
	equals(t, "the room has the task's name", body.text("friendly_name"), task)
	equals(t, "worker", w.call(who["worker"].(string)).text("to"), "client:anna")
	equals(t, "customer", w.call(who["customer"].(string)).text("to"), customer)
	w.advance(time.Minute)
	equals(t, "after the agent has hung up", w.taskStatus(task), "wrapping")
	w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "completed", "Reason", "done"))
	w.sim.HangUp(customer)
	w.advance(time.Second)
	same(t, "room", w.values("/room", "StatusCallbackEvent"), []string{"conference-start", "conference-end"})
	equals(t, "why it ended", w.values("/room", "ReasonConferenceEnded")[1], "participant-with-end-conference-on-exit-left")
	w.nothingLeft()
}

// The caller who waits is taken into the agent's conference, and goes on with their own document after it.
func TestInstructionConferenceFetchesTheCaller(t *testing.T) {
	w, _ := instructed(t, "", "{}")
	w.must(w.post(w.pendingOfferAfter(time.Millisecond), "ReservationStatus", "rejected", "WorkerActivitySid", w.offline))
	waiting := w.must(w.post(calls, "From", "+442079460000", "To", customer, "Twiml", `<Response><Pause length="100"/></Response>`)).text("sid")
	w.advance(3 * time.Second)
	ben := w.must(w.post(w.v1("/Workers"), "FriendlyName", "ben", "Attributes", `{"contact_uri":"client:ben"}`)).text("sid")
	w.sim.SetSoftphone("ben", Softphone{HangsUpAfter: 10 * time.Second})
	task := w.newTask("Attributes", `{"call_sid":"`+waiting+`"}`, "Priority", "9")
	w.must(w.post(w.v1("/Workers/"+ben), "ActivitySid", w.available))
	w.advance(time.Millisecond)
	w.must(w.post(w.pendingOffer(task), "Instruction", "conference", "From", "+442079460000", "EndConferenceOnExit", "true"))
	w.advance(5 * time.Second)
	heard := w.experienced(customer)
	equals(t, "customer", heard[len(heard)-1], "Hears the conversation")
	w.advance(20 * time.Second)
	equals(t, "task", w.taskStatus(task), "wrapping")
}

func (w *world) pendingOfferAfter(d time.Duration) string {
	w.t.Helper()
	w.advance(d)
	return w.pendingOfferOfAnyone()
}

func TestInstructionConferenceOfAnAgentWhoIsNotThere(t *testing.T) {
	w, task := instructed(t, `{"instruction":"conference","from":"+442079460000"}`, `{"outbound_to":"`+customer+`"}`)
	w.sim.SetSoftphone("anna", Softphone{Answer: Unreachable})
	w.advance(150 * time.Millisecond)
	equals(t, "first offer", w.offers(task)[0], "anna canceled")
	equals(t, "second offer", w.offers(task)[1], "anna pending") // H 3: and so on, until somebody sees to it
	same(t, "customer", w.experienced(customer), []string{})
	equals(t, "alert", w.alerts()[0], "40145")
}

// An offer that ends while the agent's telephone rings takes the ring along.
func TestInstructionConferenceOfAnOfferThatEnds(t *testing.T) {
	w, task := instructed(t, `{"instruction":"conference","from":"+442079460000"}`, `{"outbound_to":"`+customer+`"}`)
	w.sim.SetSoftphone("anna", Softphone{Answer: NeverAnswers})
	w.advance(2 * time.Second)
	w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "canceled", "Reason", "changed their mind"))
	same(t, "agent", w.experienced("client:anna"), []string{"Offered", "Dialled", "Joins", "Rings", "OfferEnded canceled", "StopsRinging canceled",
		"Leaves participant_add_failed", "Ended canceled"})
	w.nothingLeft()
}

func TestInstructionsThatCannotBeFollowed(t *testing.T) {
	for _, c := range []struct {
		reply, attributes string
		code              string
	}{
		{`{"instruction":"call","url":"https://app.test/voice"}`, "{}", "40111"},
		{`{"instruction":"call","from":"+442079460000"}`, "{}", "40112"},
		{`{"instruction":"call","from":"+442079460000","url":"nowhere"}`, "{}", "40112"},
		{`{"instruction":"call","to":"nobody","from":"+442079460000","url":"https://app.test/voice"}`, "{}", "40110"},
		{`{"instruction":"redirect","call_sid":"CA1"}`, "{}", "40120"},
		{`{"instruction":"redirect","call_sid":"CA1","url":"https://app.test/voice"}`, "{}", "40121"},
		{`{"instruction":"conference","to":"nobody","from":"+442079460000"}`, `{"outbound_to":"+447700900102"}`, "40137"},
		{`{"instruction":"conference"}`, `{"outbound_to":"+447700900102"}`, "40138"},
		{`{"instruction":"conference","from":"+442079460000"}`, `{}`, "40142"},
		{`{"instruction":"conference","from":"+442079460000","post_work_activity_sid":"WA1"}`, `{"outbound_to":"+447700900102"}`, "40143"},
		{`{"instruction":"conference","from":"+442079460000","status_callback":"nowhere"}`, `{"outbound_to":"+447700900102"}`, "40159"},
		{`{"instruction":"dequeue"}`, "{}", "40001"},
		{`{"instruction":"accept","beep":true}`, "{}", "40001"},
		{`{"instruction":"reject","activity_sid":"WA1"}`, "{}", "40100"},
		{`{}`, "{}", "40005"},
	} {
		w, _ := instructed(t, c.reply, c.attributes)
		w.advance(50 * time.Millisecond)
		same(t, c.reply, w.alerts(), []string{c.code})
		if dialled := len(w.sim.LiveLegs()); dialled > 0 {
			t.Errorf("%s: %d legs were dialled", c.reply, dialled)
		}
	}
}

func TestInstructionsByRequestAreRefusedAloud(t *testing.T) {
	w, _ := instructed(t, "", `{"outbound_to":"`+customer+`"}`)
	offer := w.pendingOfferAfter(time.Millisecond)
	w.refused(w.post(offer, "Instruction", "dequeue"), 400, 20001)
	w.refused(w.post(offer, "Instruction", "conference"), 400, 20001)
	w.refused(w.post(offer, "Instruction", "accept", "ReservationStatus", "accepted"), 400, 20001)
	w.refused(w.post(offer, "Instruction", "call", "CallFrom", "+442079460000", "CallUrl", "https://app.test/voice", "CallRecord", "true"), 400, 20001)
	w.refused(w.request(http.MethodPost, offer, http.Header{"If-Match": {`"99"`}}, "Instruction", "accept"), 412, 20412)
	w.must(w.post(offer, "Instruction", "accept"))
	a := w.refused(w.post(offer, "Instruction", "conference", "From", "+442079460000"), 400, 20001)
	equals(t, "words", a.text("message"), "Unable to execute Conference instruction. Reservation "+offer[len(offer)-34:]+" is not currently in a Pending state.")
}

// Two agents are rung; the one who is slower stops ringing, and the task of the other goes on.
func TestInstructionConferenceOfTwoAgents(t *testing.T) {
	w, task := instructed(t, `{"instruction":"conference","from":"+442079460000"}`, `{"outbound_to":"`+customer+`","id":12345678901234567890}`)
	w.must(w.post(w.v1("/TaskQueues/"+w.queue), "MaxReservedWorkers", "2"))
	w.sim.SetSoftphone("anna", Softphone{Rings: 30 * time.Second})
	w.sim.SetSoftphone("ben", Softphone{Rings: 2 * time.Second, HangsUpAfter: 20 * time.Second})
	w.newAgent("ben", `{"contact_uri":"client:ben"}`)
	w.advance(6 * time.Second)
	same(t, "offers", w.offers(task), []string{"anna rescinded", "ben accepted"})
	equals(t, "task", w.taskStatus(task), "assigned")
	text := w.get(w.v1("/Tasks/" + task)).text("attributes")
	if !strings.Contains(text, `"id":12345678901234567890`) {
		t.Errorf("a long number is another one: %s", text)
	}
	w.advance(30 * time.Second)
	equals(t, "when ben has hung up", w.taskStatus(task), "wrapping")
}

// A task that is accepted by a request while the agent is rung is the application's to end.
func TestInstructionConferenceAcceptedInAnotherWay(t *testing.T) {
	w, task := instructed(t, `{"instruction":"conference","from":"+442079460000"}`, `{"outbound_to":"`+customer+`"}`)
	w.sim.SetSoftphone("anna", Softphone{Rings: 5 * time.Second})
	w.advance(time.Second)
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
	w.advance(20 * time.Second)
	equals(t, "task", w.taskStatus(task), "assigned")
}

func TestInstructionConferenceOfADeletedTask(t *testing.T) {
	for _, wait := range []time.Duration{time.Second, 6 * time.Second} { // while it rings, and in the conversation
		w, task := instructed(t, `{"instruction":"conference","from":"+442079460000"}`, `{"outbound_to":"`+customer+`"}`)
		w.advance(wait)
		w.must(w.remove(w.v1("/Tasks/" + task)))
		w.advance(time.Minute)
		events := w.values("/events", "EventType")
		equals(t, "the last event", events[len(events)-1], "task.deleted")
	}
}
