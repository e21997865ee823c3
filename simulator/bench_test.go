package simulator

import (
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
