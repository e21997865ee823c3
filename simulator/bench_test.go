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
	for range 2000 {
		w.newTask()
	}
	w.advance(0)
	account := "/2010-04-01/Accounts/" + DefaultAccountSID
	for _, c := range []struct {
		name string
		ask  func()
	}{
		{"fetch task", func() { w.must(w.get(w.v1("/Tasks/" + task))) }},
		{"update task", func() { w.must(w.post(w.v1("/Tasks/"+task), "Attributes", `{"a":1}`)) }},
		{"list 50 workers", func() { w.must(w.get(w.v1("/Workers"))) }},
		{"list 50 of 2,000 tasks", func() { w.must(w.get(w.v1("/Tasks"))) }},
		{"not found", func() { w.get(account + "/Calls/CA00000000000000000000000000000000.json") }},
	} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.ask()
			}
		})
	}
}

// A look at a long line in a large workspace: 5,000 tasks wait, 15,000 agents are free, and none of them
// has the skill; then all of them have it.
func BenchmarkLargeWorkspace(b *testing.B) {
	const tasks, agents = 5000, 15000
	large := func(expression string) (*world, *workspace) {
		clock := newVirtualClock()
		w := &world{t: &testing.T{}, clock: clock, bench: true}
		w.sim = New(Options{Clock: clock, Webhooks: w})
		b.Cleanup(w.sim.Close)
		w.withWorkspace()
		w.must(w.post(w.v1(""), "EventsFilter", "none"))
		w.routing = w.newRouting(`{"task_routing":{"default_filter":{"queue":"` + w.queue + `","expression":"` + expression + `"}}}`)
		for range tasks {
			w.newTask("Attributes", `{"skill":"motor"}`)
		}
		w.advance(0)
		for i := range agents {
			w.newAgent(fmt.Sprintf("agent%d", i), `{"skills":["uk"]}`)
		}
		ws, _ := w.sim.main.workspaces.get(w.ws)
		return w, ws
	}
	b.Run("nobody", func(b *testing.B) {
		w, ws := large("task.skill IN worker.skills")
		w.advance(0)
		for b.Loop() {
			ws.look()
			w.sim.lock()
			w.sim.unlock()
			w.advance(0)
		}
	})
	b.Run("everybody", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			w, _ := large("task.skill != worker.skill")
			b.StartTimer()
			w.advance(0)
		}
	})
}
