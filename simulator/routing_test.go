package simulator

import (
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"
)

func TestReservationTimeoutMovesTheAgentAway(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{"contact_uri":"client:anna"}`)
	task := w.newTask()
	w.advance(59 * time.Second)
	same(t, "offers", w.offers(task), []string{"anna pending"})
	w.advance(time.Second)
	same(t, "offers", w.offers(task), []string{"anna timeout"})
	equals(t, "task", w.taskStatus(task), "pending")
	equals(t, "agent", w.agentStatus(anna), "Offline")
	w.advance(time.Hour) // nothing ever moves the agent back
	equals(t, "agent", w.agentStatus(anna), "Offline")
	same(t, "log", w.experienced("client:anna"), []string{"Offered", "OfferEnded timeout", "StatusChanged Offline"})

	w.must(w.post(w.v1("/Workers/"+anna), "ActivitySid", w.available))
	w.advance(0)
	same(t, "offers", w.offers(task), []string{"anna timeout", "anna pending"})
}

func TestRejectWithoutActivityIsOfferedAgainAtOnce(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	w.advance(time.Second)
	w.newAgent("ben", `{}`)
	task := w.newTask()
	w.advance(0)
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "rejected"))
	w.advance(0)
	same(t, "offers", w.offers(task), []string{"anna rejected", "anna pending"}) // anna has been idle longest
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "rejected", "WorkerActivitySid", w.offline))
	w.advance(0)
	same(t, "offers", w.offers(task), []string{"anna rejected", "anna rejected", "ben pending"})
	equals(t, "anna", w.agentStatus(anna), "Offline")
	w.refused(w.post(w.pendingOffer(task), "ReservationStatus", "rejected", "WorkerActivitySid", "WAx"), 400, 20001)
}

func TestExclusionAttribute(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.routing = w.newRouting(fmt.Sprintf(`{"task_routing":{"filters":[{"filter_friendly_name":"all","expression":"1==1","targets":[
		{"queue":%q,"expression":"(task.skill_1 == null OR task.skill_1 IN worker.skills) AND worker.sid NOT IN task.declined_by"}]}]}}`, w.queue))
	anna := w.newAgent("anna", `{"skills":["uk"]}`)
	w.advance(time.Second)
	w.newAgent("ben", `{"skills":["uk","motor"]}`)
	motor := w.newTask("Attributes", `{"skill_1":"motor"}`)
	w.advance(0)
	same(t, "task with a skill", w.offers(motor), []string{"ben pending"})
	any := w.newTask("Attributes", `{}`)
	w.advance(0)
	same(t, "task without attributes", w.offers(any), []string{"anna pending"})
	w.must(w.post(w.v1("/Tasks/"+any), "Attributes", `{"declined_by":["`+anna+`"]}`))
	w.must(w.post(w.pendingOffer(any), "ReservationStatus", "rejected"))
	w.advance(0)
	same(t, "excluded agent", w.offers(any), []string{"anna rejected"})
	w.must(w.post(w.v1("/Tasks/"+any), "Attributes", `{"declined_by":[]}`)) // attributes updated: matched again
	w.advance(0)
	same(t, "exclusion lifted", w.offers(any), []string{"anna rejected", "anna pending"})
}

func TestOneAgentIsOfferedOneTaskAtATime(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	twin1, twin2 := w.newTask("Attributes", `{"id":"x"}`), w.newTask("Attributes", `{"id":"x"}`)
	w.advance(0)
	same(t, "first twin", w.offers(twin1), []string{"anna pending"})
	same(t, "second twin", w.offers(twin2), []string{})
	w.must(w.post(w.v1("/Tasks/"+twin1), "AssignmentStatus", "canceled", "Reason", "twin"))
	w.advance(0)
	same(t, "first twin", w.offers(twin1), []string{"anna canceled"})
	same(t, "second twin", w.offers(twin2), []string{"anna pending"})
	twins := w.get(w.v1("/Tasks"), "EvaluateTaskAttributes", `id == "x"`).rows("tasks")
	equals(t, "twins found by their attribute", len(twins), 2)
}

func TestIllegalMovesOfAReservation(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	task := w.newTask()
	w.advance(0)
	path := w.pendingOffer(task)
	w.refused(w.post(path, "ReservationStatus", "completed"), 400, 20001)
	w.refused(w.post(path, "ReservationStatus", "canceled"), 400, 20001)
	w.refused(w.post(path, "Instruction", "conference"), 400, 20001)
	w.refused(w.post(path), 400, 20001)
	w.must(w.post(path, "ReservationStatus", "accepted"))
	w.refused(w.post(path, "ReservationStatus", "rejected"), 400, 20001)
	w.refused(w.post(path, "ReservationStatus", "accepted"), 400, 20001)
	// The same reservation under its agent.
	row := w.get(w.v1("/Workers/"+anna+"/Reservations"), "ReservationStatus", "accepted").rows("reservations")[0]
	under := w.v1("/Workers/" + anna + "/Reservations/" + row["sid"].(string))
	equals(t, "under the worker", w.must(w.get(under)).text("reservation_status"), "accepted")
	w.must(w.post(under, "ReservationStatus", "completed"))
	equals(t, "task", w.taskStatus(task), "completed")
	w.nothingLeft()
}

func TestRejectPendingReservations(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.v1("/Workers/" + w.newAgent("anna", `{}`))
	task := w.newTask()
	w.advance(0)
	w.refused(w.post(anna, "ActivitySid", w.available, "RejectPendingReservations", "true"), 400, 20001)
	w.must(w.post(anna, "ActivitySid", w.offline))
	same(t, "a status alone keeps the offer", w.offers(task), []string{"anna pending"})
	w.must(w.post(anna, "ActivitySid", w.offline, "RejectPendingReservations", "true"))
	w.advance(0)
	same(t, "offers", w.offers(task), []string{"anna rejected"})
	equals(t, "task", w.taskStatus(task), "pending")
}

func TestReEvaluateTasks(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	vip := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "vip", "TargetWorkers", "")).text("sid")
	task := w.newTask("Attributes", `{"vip":true}`)
	config := fmt.Sprintf(`{"task_routing":{"filters":[{"expression":"vip==true","targets":[{"queue":%q}]}],"default_filter":{"queue":%q}}}`, vip, w.queue)
	w.must(w.post(w.v1("/Workflows/"+w.routing), "Configuration", config))
	equals(t, "tasks in it keep their plan", w.get(w.v1("/Tasks/"+task)).text("task_queue_friendly_name"), "everybody")
	w.must(w.post(w.v1("/Workflows/"+w.routing), "ReEvaluateTasks", "true"))
	equals(t, "evaluated again", w.get(w.v1("/Tasks/"+task)).text("task_queue_friendly_name"), "vip")
	w.newAgent("anna", `{}`)
	w.advance(0)
	same(t, "an empty expression is nobody", w.offers(task), []string{})
}

func TestBadConfigurations(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for _, config := range []string{
		`{`, `{}`, `{"task_routing":{}}`, `{"task_routing":{"filters":[{"expression":"1==1","targets":[]}]}}`,
		`{"task_routing":{"default_filter":{"queue":"WQ00000000000000000000000000000000"}}}`,
		`{"task_routing":{"filters":[{"expression":"a-b==1","targets":[{"queue":"` + w.queue + `"}]}]}}`,
		`{"task_routing":{"default_filter":{"queue":"` + w.queue + `","timeout":"soon"}}}`,
	} {
		w.refused(w.post(w.v1("/Workflows"), "FriendlyName", "x", "Configuration", config), 400, 20001)
	}
}

func TestAssignmentCallback(t *testing.T) {
	const jsonType = "application/json"
	for name, c := range map[string]struct {
		status       int
		kind, body   string
		fallback     bool
		offer, task  string
		agentOffline bool
	}{
		"empty 200":       {status: 200, offer: "pending", task: "reserved"},
		"accept":          {status: 200, kind: jsonType, body: `{"instruction":"accept"}`, offer: "accepted", task: "assigned"},
		"reject":          {status: 200, kind: jsonType, body: `{"instruction":"reject","activity_sid":"{offline}"}`, offer: "rejected", task: "pending", agentOffline: true},
		"no instruction":  {status: 200, kind: jsonType, body: `{}`, offer: "pending", task: "reserved"},
		"204":             {status: 204, fallback: true, offer: "pending", task: "reserved"},
		"500":             {status: 500, fallback: true, offer: "pending", task: "reserved"},
		"not JSON":        {status: 200, kind: jsonType, body: `<x/>`, fallback: true, offer: "pending", task: "reserved"},
		"wrong type":      {status: 200, kind: "text/html", body: `{"instruction":"accept"}`, fallback: true, offer: "pending", task: "reserved"},
		"connection lost": {status: 0, fallback: true, offer: "pending", task: "reserved"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}).withWorkspace()
			w.must(w.post(w.v1("/Workflows/"+w.routing), "FallbackAssignmentCallbackUrl", "https://app.test/fallback"))
			anna := w.newAgent("anna", `{"x":1}`)
			w.answer = func(h hook) (int, string, string) {
				if h.url == "https://app.test/assigned" {
					body := c.body
					if c.agentOffline {
						body = `{"instruction":"reject","activity_sid":"` + w.offline + `"}`
					}
					return c.status, c.kind, body
				}
				return 204, "", ""
			}
			task := w.newTask("Attributes", `{"n":1}`)
			w.advance(0)
			same(t, "offers", w.offers(task), []string{"anna " + c.offer})
			equals(t, "task", w.taskStatus(task), c.task)
			equals(t, "fallback called", len(w.received("/fallback")) == 1, c.fallback)
			equals(t, "agent offline", w.agentStatus(anna) == "Offline", c.agentOffline)
			form := w.received("/assigned")[0].form
			for _, parameter := range []string{"Timestamp", "AccountSid", "WorkspaceSid", "WorkflowSid", "TaskQueueSid", "WorkerSid",
				"WorkerAttributes", "TaskSid", "TaskAttributes", "TaskAge", "TaskPriority", "ReservationSid"} {
				if !form.Has(parameter) {
					t.Errorf("parameter %s is missing", parameter)
				}
			}
		})
	}
}

func TestLateAnswerToAssignmentIsIgnored(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1("/Workflows/"+w.routing), "FallbackAssignmentCallbackUrl", "https://app.test/fallback"))
	w.newAgent("anna", `{}`)
	w.answer = func(h hook) (int, string, string) { return 200, "application/json", `{"instruction":"accept"}` }
	first := true
	w.sim.SetHooks(Hooks{OnWebhook: func(kind string, _ url.Values) WebhookFault {
		if kind == KindAssignment && first {
			first = false
			return WebhookFault{Delay: 6 * time.Second}
		}
		if kind == KindAssignment {
			return WebhookFault{Drop: true}
		}
		return WebhookFault{}
	}})
	task := w.newTask()
	w.advance(30 * time.Second)
	equals(t, "it arrived all the same", len(w.received("/assigned")), 1)
	same(t, "offers", w.offers(task), []string{"anna pending"})
	if !slices.ContainsFunc(w.sim.Log(), func(e Entry) bool { return e.What == Alerted }) {
		t.Error("no alert")
	}

	w = newWorld(t, Options{Uncertain: Uncertain{UnansweredAssignmentCancels: true}}).withWorkspace()
	w.newAgent("anna", `{}`)
	w.answer = func(h hook) (int, string, string) { return 500, "", "" }
	task = w.newTask()
	w.advance(0)
	equals(t, "L3", w.offers(task)[0], "anna canceled")
}

func TestSoftphoneDeclinesOffers(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.sim.SetSoftphone("anna", Softphone{DeclinesOffers: 1})
	w.newAgent("Anna Smith", `{"contact_uri":"client:anna"}`)
	task := w.newTask()
	w.advance(0)
	// Meanwhile a ring is ignored.
	room := "/2010-04-01/Accounts/{AC}/Conferences/offer/Participants.json"
	w.must(w.post(room, "To", "client:anna", "From", "+447700900199"))
	w.advance(2 * time.Second)
	same(t, "offers", w.offers(task), []string{"Anna Smith rejected", "Anna Smith pending"})
	same(t, "log", w.experienced("client:anna"), []string{"Offered", "Dialled", "Joins", "Rings", "OfferEnded rejected", "Offered"})
}
