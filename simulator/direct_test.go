package simulator

import (
	"testing"
	"time"
)

func TestTaskForOneAgent(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna, ben := w.newAgent("anna", `{}`), w.newAgent("ben", `{}`)
	w.must(w.post(w.v1("/Workers/"+ben), "ActivitySid", w.offline))
	busy := w.newTask()
	w.advance(0)
	same(t, "anna is busy", w.offers(busy), []string{"anna pending"})

	w.newAgent("dora", `{}`) // who would take anything

	// Without capacity or availability being asked, unless the task says so.
	forBen := w.newTask("RoutingTarget", ben)
	polite := w.newTask("RoutingTarget", anna, "IgnoreCapacity", "false")
	forAnna := w.newTask("RoutingTarget", anna, "IgnoreCapacity", "yes")
	w.advance(0)
	same(t, "an agent who is not available", w.offers(forBen), []string{"ben pending"})
	same(t, "an agent without capacity", w.offers(forAnna), []string{"anna pending"})
	same(t, "an agent whose capacity is respected", w.offers(polite), []string{})

	body := w.get(w.v1("/Tasks/" + forBen)).body
	for name, want := range map[string]any{"routing_target": ben, "ignore_capacity": true, "task_queue_sid": w.queue, "workflow_sid": w.routing} {
		if body[name] != want {
			t.Errorf("%s: got %v, want %v", name, body[name], want)
		}
	}
	equals(t, "ignore_capacity", w.get(w.v1("/Tasks/" + polite)).body["ignore_capacity"].(bool), false)

	// Nobody else gets it.
	w.must(w.post(w.pendingOffer(forBen), "ReservationStatus", "rejected", "WorkerActivitySid", w.offline))
	w.advance(0)
	same(t, "offered again to the only one it is for", w.offers(forBen), []string{"ben rejected", "ben pending"})
	w.must(w.post(w.v1("/Workflows/"+w.routing), "ReEvaluateTasks", "true"))
	w.advance(0)
	same(t, "re-evaluation is not for it", w.offers(polite), []string{})
	for _, task := range []string{busy, forAnna} {
		w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "canceled", "Reason", "x"))
	}
	w.advance(0)
	same(t, "with capacity", w.offers(polite), []string{"anna pending"})

	find := func(target string) int { return len(w.get(w.v1("/Tasks"), "RoutingTarget", target).rows("tasks")) }
	equals(t, "tasks for ben", find(ben), 1)
	equals(t, "tasks for anna", find(anna), 2)
	w.must(w.post(w.pendingOffer(forBen), "ReservationStatus", "accepted"))
	w.must(w.post(w.v1("/Tasks/"+forBen), "AssignmentStatus", "completed", "Reason", "done"))
}

func TestTaskForADeletedAgentWaitsToTheEnd(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	ben := w.must(w.post(w.v1("/Workers"), "FriendlyName", "ben")).text("sid")
	task := w.newTask("RoutingTarget", ben, "Timeout", "30")
	w.must(w.remove(w.v1("/Workers/" + ben)))
	w.advance(29 * time.Second)
	same(t, "offers", w.offers(task), []string{})
	w.advance(time.Second)
	equals(t, "status", w.taskStatus(task), "canceled")
	w.nothingLeft()
}

func TestTaskForAQueue(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{"lang":"en"}`)
	french := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "french", "TargetWorkers", `lang == "fr"`)).text("sid")
	task := w.newTask("RoutingTarget", french)
	w.advance(0)
	equals(t, "queue", w.get(w.v1("/Tasks/"+task)).text("task_queue_friendly_name"), "french")
	same(t, "not for the agents of the routing's queue", w.offers(task), []string{})
	w.newAgent("chloe", `{"lang":"fr"}`)
	w.advance(0)
	same(t, "for its own", w.offers(task), []string{"chloe pending"})
}

func TestRoutingTargetRules(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	other := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "other")).text("sid")
	nowhere := w.newRouting(`{"task_routing":{"filters":[{"expression":"1==2","targets":[{"queue":"` + other + `"}]}]}}`)
	equals(t, "a routing as target", w.must(w.post(w.v1("/Tasks"), "RoutingTarget", w.routing)).text("workflow_sid"), w.routing)
	equals(t, "the queue of a worker's task", w.must(w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "RoutingTarget", anna,
		"TaskQueueSid", other)).text("task_queue_sid"), other)
	for _, bad := range [][]string{
		{"WorkflowSid", w.routing, "RoutingTarget", "WK00000000000000000000000000000000"},
		{"WorkflowSid", w.routing, "RoutingTarget", nowhere},
		{"WorkflowSid", w.routing, "RoutingTarget", other, "TaskQueueSid", w.queue},
		{"WorkflowSid", w.routing, "RoutingTarget", w.queue, "IgnoreCapacity", "true"},
		{"WorkflowSid", w.routing, "IgnoreCapacity", "true"},
		{"WorkflowSid", w.routing, "TaskQueueSid", w.queue},
		{"WorkflowSid", w.routing, "RoutingTarget", anna, "TaskQueueSid", "WQ00000000000000000000000000000000"},
		{"WorkflowSid", nowhere, "RoutingTarget", anna},
		{"RoutingTarget", anna},
	} {
		w.refused(w.post(w.v1("/Tasks"), bad...), 400, 20001)
	}
}

func TestTaskForOneAgentDeletedAtOnce(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	task := w.newTask("RoutingTarget", w.newAgent("anna", `{}`))
	w.must(w.remove(w.v1("/Tasks/" + task)))
	w.advance(time.Minute)
	same(t, "anna", w.experienced("client:anna"), []string{})
}
