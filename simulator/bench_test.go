package simulator

import (
	"fmt"
	"testing"
	"time"
)

// One whole call: task, offer, two legs, conversation, completion, with all its webhooks.
func BenchmarkOneCall(b *testing.B) {
	for range b.N {
		clock := newVirtualClock()
		w := &world{t: &testing.T{}, clock: clock, bench: true}
		w.sim = New(Options{Clock: clock, Webhooks: w})
		w.withWorkspace().speaking()
		w.sim.SetSoftphone("anna", Softphone{HangsUpAfter: 10 * time.Second})
		w.newAgent("anna", `{}`)
		task := w.newTask()
		w.advance(0)
		room := w.dial("offer", "client:anna").text("conference_sid")
		w.advance(2 * time.Second)
		w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
		w.dial(room, stays, "EndConferenceOnExit", "true")
		w.advance(time.Minute)
		w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "completed", "Reason", "done"))
		w.advance(0)
		w.sim.Close()
	}
}

// A thousand tasks wait for a skill that nobody has, and one more comes.
func BenchmarkLongLine(b *testing.B) {
	clock := newVirtualClock()
	w := &world{t: &testing.T{}, clock: clock, bench: true}
	w.sim = New(Options{Clock: clock, Webhooks: w})
	defer w.sim.Close()
	w.withWorkspace()
	w.must(w.post(w.v1(""), "EventsFilter", "none"))
	w.routing = w.newRouting(`{"task_routing":{"default_filter":{"queue":"` + w.queue + `","expression":"task.skill IN worker.skills"}}}`)
	for i := range 20 {
		w.newAgent("agent"+string(rune('a'+i)), `{"skills":["uk"]}`)
	}
	for range 1000 {
		w.newTask("Attributes", `{"skill":"motor"}`)
	}
	w.advance(0)
	for b.Loop() {
		w.newTask("Attributes", `{"skill":"motor"}`)
		w.advance(0)
	}
}

// What one request costs, without a network: routing, parameters, the work, and the answer as JSON.
func BenchmarkRequest(b *testing.B) {
	clock := newVirtualClock()
	w := &world{t: &testing.T{}, clock: clock, bench: true}
	w.sim = New(Options{Clock: clock, Webhooks: w})
	defer w.sim.Close()
	w.withWorkspace()
	w.must(w.post(w.v1(""), "EventsFilter", "none"))
	for i := range 50 {
		w.newAgent(fmt.Sprintf("agent%d", i), `{"contact_uri":"client:x"}`)
	}
	task := w.newTask("Priority", "5")
	w.advance(0)
	account := "/2010-04-01/Accounts/" + DefaultAccountSID
	for _, c := range []struct {
		name string
		ask  func()
	}{
		{"fetch task", func() { w.must(w.get(w.v1("/Tasks/" + task))) }},
		{"update task", func() { w.must(w.post(w.v1("/Tasks/"+task), "Attributes", `{"a":1}`)) }},
		{"list 50 workers", func() { w.must(w.get(w.v1("/Workers"))) }},
		{"not found", func() { w.get(account + "/Calls/CA00000000000000000000000000000000.json") }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.ask()
			}
		})
	}
}
