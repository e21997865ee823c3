package simulator

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestNewWorkspaceHasTwiliosDefaults(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	body := w.must(w.get(w.v1(""))).body
	equals(t, "default activity", body["default_activity_name"].(string), "Offline")
	equals(t, "timeout activity", body["timeout_activity_name"].(string), "Offline")
	equals(t, "multitasking", body["multi_task_enabled"].(bool), true)
	var names, channels []string
	for _, row := range w.must(w.get(w.v1("/Activities"))).rows("activities") {
		names = append(names, row["friendly_name"].(string))
	}
	same(t, "activities", names, []string{"Offline", "Available", "Unavailable"})
	for _, row := range w.must(w.get(w.v1("/TaskChannels"))).rows("channels") {
		channels = append(channels, row["unique_name"].(string))
	}
	same(t, "channels", channels, []string{"default", "voice", "chat", "sms", "video"})
	equals(t, "available activities", len(w.get(w.v1("/Activities"), "Available", "true").rows("activities")), 1)

	w.must(w.post(w.v1(""), "TimeoutActivitySid", w.available, "EventsFilter", "task.created"))
	equals(t, "timeout activity after update", w.get(w.v1("")).text("timeout_activity_name"), "Available")
	w.refused(w.post(w.v1(""), "DefaultActivitySid", "WA00000000000000000000000000000000"), 400, 20001)
	w.refused(w.post("/v1/Workspaces"), 400, 20001)
}

func TestFIFOTemplate(t *testing.T) {
	w := newWorld(t, Options{})
	w.ws = w.must(w.post("/v1/Workspaces", "FriendlyName", "x", "Template", "FIFO")).text("sid")
	equals(t, "queue", w.get(w.v1("/TaskQueues")).rows("task_queues")[0]["friendly_name"].(string), "Sample Queue")
	routing := w.get(w.v1("/Workflows")).rows("workflows")[0]
	equals(t, "workflow", routing["friendly_name"].(string), "Default Fifo Workflow")
	equals(t, "reservation timeout", routing["task_reservation_timeout"].(float64), 120)
}

func TestAvailabilityOfAnActivityIsForGood(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1("/Activities/"+w.offline), "Available", "true", "FriendlyName", "Away"))
	body := w.get(w.v1("/Activities/" + w.offline)).body
	equals(t, "available", body["available"].(bool), false)
	equals(t, "name", body["friendly_name"].(string), "Away")
}

func TestWorkers(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{"skills":["uk"]}`)
	ben := w.must(w.post(w.v1("/Workers"), "FriendlyName", "ben")).text("sid")
	equals(t, "activity of a worker created without one", w.agentStatus(ben), "Offline")
	w.refused(w.post(w.v1("/Workers"), "FriendlyName", "ANNA"), 400, 20001)
	w.refused(w.post(w.v1("/Workers"), "FriendlyName", strings.Repeat("x", 65)), 400, 20001)
	w.refused(w.post(w.v1("/Workers"), "FriendlyName", "c", "Attributes", "[1]"), 400, 20001)
	w.refused(w.post(w.v1("/Workers"), "FriendlyName", "c", "Attributes", `{"a":"`+strings.Repeat("x", 4096)+`"}`), 400, 20001)

	count := func(fields ...string) int { return len(w.must(w.get(w.v1("/Workers"), fields...)).rows("workers")) }
	equals(t, "all", count(), 2)
	equals(t, "by ActivityName", count("ActivityName", "Available"), 1)
	equals(t, "by ActivitySid", count("ActivitySid", w.offline), 1)
	equals(t, "by Available", count("Available", "false"), 1)
	equals(t, "by FriendlyName", count("FriendlyName", "ben"), 1)
	equals(t, "by expression", count("TargetWorkersExpression", `skills HAS "uk"`), 1)

	w.refused(w.remove(w.v1("/Workers/"+anna)), 400, 20001) // still available
	w.must(w.post(w.v1("/Workers/"+anna), "ActivitySid", w.offline))
	w.must(w.remove(w.v1("/Workers/" + anna)))
	w.refused(w.get(w.v1("/Workers/"+anna)), 404, 20404)
}

func TestWorkerChannelCapacity(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	path := w.v1("/Workers/" + anna + "/Channels/voice")
	body := w.must(w.get(path)).body
	equals(t, "capacity", body["configured_capacity"].(float64), 1)
	equals(t, "free", body["available_capacity_percentage"].(float64), 100)
	first, second := w.newTask("TaskChannel", "voice"), w.newTask("TaskChannel", "voice")
	w.advance(0)
	equals(t, "free with a pending offer", w.get(path).body["available_capacity_percentage"].(float64), 0)
	same(t, "second task waits", w.offers(second), []string{})
	w.must(w.post(path, "Capacity", "2"))
	w.advance(0)
	same(t, "first", w.offers(first), []string{"anna pending"})
	same(t, "second, with more capacity", w.offers(second), []string{"anna pending"})
	// Another channel counts by itself.
	chat := w.newTask("TaskChannel", "chat")
	w.advance(0)
	same(t, "chat", w.offers(chat), []string{"anna pending"})
	w.refused(w.post(w.v1("/TaskChannels"), "FriendlyName", "x", "UniqueName", "call-back"), 400, 20001)
}

func TestIfMatch(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	task := w.newTask("Attributes", `{"a":1}`)
	path := w.v1("/Tasks/" + task)
	etag := w.get(path).header.Get("ETag")
	with := func(etag string) http.Header { return http.Header{"If-Match": {etag}} }
	w.must(w.request("POST", path, with(etag), "Attributes", `{"a":2}`))
	w.refused(w.request("POST", path, with(etag), "Attributes", `{"a":3}`), 412, 20412)
	equals(t, "attributes", w.get(path).text("attributes"), `{"a":2}`)
	now := w.get(path).header.Get("ETag")
	w.must(w.request("POST", path, with(strings.Trim(now, `"`)), "Attributes", `{"a":4}`)) // quotes do not matter
	w.must(w.post(path, "Attributes", `{"a":5}`))                                          // without If-Match the last wins

	anna := w.v1("/Workers/" + w.newAgent("anna", `{}`))
	etag = w.get(anna).header.Get("ETag")
	w.must(w.request("POST", anna, with(etag), "Attributes", `{"x":1}`))
	w.refused(w.request("POST", anna, with(etag), "Attributes", `{"x":2}`), 412, 20412)
	w.refused(w.request("DELETE", path, with("1")), 412, 20412)
}

func TestTaskIsBorn(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	started := w.clock.Now().Add(-time.Hour)
	a := w.must(w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "Attributes", `{"n": 1}`, "Priority", "7",
		"VirtualStartTime", started.Format(time.RFC3339), "TaskChannel", "voice", "Timeout", "100"))
	equals(t, "status", a.status, 201)
	for name, want := range map[string]any{
		"assignment_status": "pending", "attributes": `{"n": 1}`, "priority": 7.0, "timeout": 100.0, "age": 0.0,
		"virtual_start_time": iso(started), "task_channel_unique_name": "voice", "task_queue_sid": w.queue,
		"task_queue_friendly_name": "everybody", "workflow_sid": w.routing, "addons": "{}",
	} {
		if a.body[name] != want {
			t.Errorf("%s: got %v, want %v", name, a.body[name], want)
		}
	}
	for _, bad := range [][]string{
		{}, {"WorkflowSid", "WW00000000000000000000000000000000"}, {"WorkflowSid", w.routing, "Attributes", "{"},
		{"WorkflowSid", w.routing, "Timeout", "1209601"}, {"WorkflowSid", w.routing, "Priority", "-1"},
		{"WorkflowSid", w.routing, "TaskChannel", "fax"},
		{"WorkflowSid", w.routing, "Priority", "2147483648"}, {"WorkflowSid", w.routing, "Timeout", "0"},
		{"WorkflowSid", w.routing, "VirtualStartTime", "1899-12-31T23:59:59Z"}, {"WorkflowSid", w.routing, "VirtualStartTime", "yesterday"},
		{"WorkflowSid", w.routing, "VirtualStartTime", w.clock.Now().Add(time.Minute).Format(time.RFC3339)},
	} {
		w.refused(w.post(w.v1("/Tasks"), bad...), 400, 20001)
	}
}

func TestTaskRulesAndTwiliosWords(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	task := w.newTask()
	path := w.v1("/Tasks/" + task)
	where := "task " + task + " in workspace " + w.ws + " for account " + DefaultAccountSID
	a := w.refused(w.post(path, "AssignmentStatus", "completed", "Reason", "x"), 400, 20001)
	equals(t, "complete a pending task", a.text("message"), "Cannot complete "+where+" because it is not currently assigned.")
	a = w.refused(w.post(path, "AssignmentStatus", "wrapping"), 400, 20001)
	equals(t, "wrap up a pending task", a.text("message"), "Cannot wrap up a "+where+" because it is not currently assigned.")
	w.refused(w.post(path, "AssignmentStatus", "canceled"), 400, 20001) // no reason
	w.refused(w.post(path, "AssignmentStatus", "pending"), 400, 20001)

	w.newAgent("anna", `{}`)
	w.advance(0)
	equals(t, "status", w.taskStatus(task), "reserved")
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
	equals(t, "status", w.taskStatus(task), "assigned")
	a = w.refused(w.post(path, "AssignmentStatus", "canceled", "Reason", "x"), 400, 20001)
	equals(t, "cancel an assigned task", a.text("message"), "Cannot cancel "+where+" because it is not pending or reserved.")
	w.refused(w.post(path, "AssignmentStatus", "completed", "Reason", "x", "Attributes", "{}"), 400, 20001)
	w.must(w.post(path, "AssignmentStatus", "wrapping"))
	same(t, "reservation follows", w.offers(task), []string{"anna wrapping"})
	w.must(w.post(path, "AssignmentStatus", "completed", "Reason", "done"))
	same(t, "reservation follows", w.offers(task), []string{"anna completed"})
	equals(t, "reason", w.get(path).text("reason"), "done")
	w.nothingLeft()

	w.advance(endedTaskKept - time.Second)
	w.must(w.get(path))
	w.advance(time.Second) // five minutes after its end it is gone
	w.refused(w.get(path), 404, 20404)
	w.refused(w.get(path+"/Reservations"), 404, 20404)
	equals(t, "message", w.get(path).text("message"), "The requested resource /Workspaces/"+w.ws+"/Tasks/"+task+" was not found")
}

func TestTaskTTL(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	waiting := w.newTask("Timeout", "30")
	w.advance(29 * time.Second)
	equals(t, "before its TTL", w.taskStatus(waiting), "pending")
	w.advance(time.Second)
	equals(t, "after", w.taskStatus(waiting), "canceled")
	equals(t, "reason", w.get(w.v1("/Tasks/"+waiting)).text("reason"), "Task TTL Exceeded")

	anna := w.newAgent("anna", `{}`)
	offered := w.newTask("Timeout", "30")
	w.advance(30 * time.Second)
	equals(t, "an offered task", w.taskStatus(offered), "canceled")
	same(t, "its offer", w.offers(offered), []string{"anna canceled"})
	equals(t, "the agent stays available", w.agentStatus(anna), "Available")
	w.nothingLeft()
}

func TestVirtualStartCanCountForTimeouts(t *testing.T) {
	for counts, want := range map[bool]string{false: "pending", true: "canceled"} {
		w := newWorld(t, Options{Uncertain: Uncertain{TimeoutsFromVirtualStart: counts}}).withWorkspace()
		task := w.newTask("Timeout", "600", "VirtualStartTime", w.clock.Now().Add(-time.Hour).Format(time.RFC3339))
		w.advance(time.Second)
		equals(t, "task older than its TTL", w.taskStatus(task), want)
	}
}

func TestTaskList(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	low := w.newTask("Attributes", `{"switchboard":"a","n":1}`, "Priority", "1")
	w.advance(time.Second)
	high := w.newTask("Attributes", `{"switchboard":"b","n":2}`, "Priority", "5")
	w.advance(time.Second)
	gone := w.newTask("Attributes", `{"switchboard":"b","n":3}`)
	w.must(w.post(w.v1("/Tasks/"+gone), "AssignmentStatus", "canceled", "Reason", "x"))
	find := func(fields ...string) []string {
		sids := []string{}
		for _, row := range w.must(w.get(w.v1("/Tasks"), fields...)).rows("tasks") {
			sids = append(sids, row["sid"].(string))
		}
		return sids
	}
	same(t, "oldest first", find(), []string{low, high, gone})
	same(t, "by status", find("AssignmentStatus", "pending"), []string{low, high})
	same(t, "by several", find("AssignmentStatus", "canceled", "AssignmentStatus", "pending"), []string{low, high, gone})
	same(t, "by attributes", find("EvaluateTaskAttributes", `switchboard == "b" AND n > 2`), []string{gone})
	same(t, "by priority", find("Priority", "5"), []string{high})
	same(t, "by workflow", find("WorkflowSid", w.routing, "WorkflowName", "calls"), []string{low, high, gone})
	same(t, "by queue", find("TaskQueueSid", w.queue, "TaskQueueName", "nobody"), []string{})
	same(t, "ordered", find("Ordering", "Priority:desc,DateCreated:desc"), []string{high, low, gone})
	w.refused(w.get(w.v1("/Tasks"), "Ordering", "DateCreated:asc,VirtualStartTime:asc"), 400, 20001)
	w.refused(w.get(w.v1("/Tasks"), "EvaluateTaskAttributes", `a-b == 1`), 400, 20001)
	w.refused(w.get(w.v1("/Tasks"), "AssignmentStatus", "lost"), 400, 20001)
}

func TestDeletedTaskFreesItsAgent(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	first := w.newTask()
	w.advance(0)
	w.must(w.post(w.pendingOffer(first), "ReservationStatus", "accepted"))
	second := w.newTask()
	w.must(w.remove(w.v1("/Tasks/" + first)))
	w.advance(0)
	w.refused(w.get(w.v1("/Tasks/"+first)), 404, 20404)
	same(t, "next task", w.offers(second), []string{"anna pending"})
}

func TestAssignedTooLongIsDeletedBySystem(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	task := w.newTask()
	w.advance(0)
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
	w.advance(longestAssignment)
	w.refused(w.get(w.v1("/Tasks/"+task)), 404, 20404)
	if !slices.Contains(w.values("/events", "EventType"), "task.system-deleted") {
		t.Error("no task.system-deleted event")
	}
	w.nothingLeft()
}

func TestEventsInTheOrderSeenOnARealAccount(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{"contact_uri":"client:anna"}`)
	w.advance(0)
	w.hooks = nil
	task := w.newTask("Attributes", `{"n":1}`)
	w.advance(0)
	w.must(w.post(w.pendingOffer(task), "ReservationStatus", "accepted"))
	w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "completed", "Reason", "done"))
	w.advance(0)
	same(t, "events", w.values("/events", "EventType"), []string{"workflow.entered", "task-queue.entered", "task.created",
		"workflow.target-matched", "reservation.created", "reservation.accepted", "task.completed", "reservation.completed", "task.updated"})
	offer := w.received("/events")[4].form
	for name, want := range map[string]string{
		"TaskSid": task, "TaskAttributes": `{"n":1}`, "WorkerName": "anna", "WorkerActivityName": "Available",
		"TaskQueueSid": w.queue, "WorkflowSid": w.routing, "AccountSid": DefaultAccountSID, "WorkspaceSid": w.ws,
		"ResourceType": "reservation", "TaskAssignmentStatus": "reserved",
	} {
		equals(t, name, offer.Get(name), want)
	}

	find := func(fields ...string) int { return len(w.must(w.get(w.v1("/Events"), fields...)).rows("events")) }
	equals(t, "events of the task", find("TaskSid", task), 9)
	equals(t, "events of a type", find("EventType", "reservation.created"), 1)
	newest := w.get(w.v1("/Events")).rows("events")[0]
	equals(t, "newest first", newest["event_type"].(string), "task.updated")
	equals(t, "event data", newest["event_data"].(map[string]any)["task_sid"].(string), task)
	w.must(w.get(w.v1("/Events/" + newest["sid"].(string))))
	w.advance(16 * time.Minute)
	equals(t, "the last 15 minutes", find(), 0)
	if find("Minutes", "60") == 0 {
		t.Error("no events in the last hour")
	}
	w.refused(w.get(w.v1("/Events"), "StartDate", w.clock.Now().Add(-31*24*time.Hour).Format(time.RFC3339)), 400, 20001)
}

func TestEventsFilter(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1(""), "EventsFilter", "task.created, worker.activity.update"))
	w.advance(0)
	w.hooks = nil
	anna := w.newAgent("anna", `{}`)
	w.newTask()
	w.advance(7 * time.Second)
	w.must(w.post(w.v1("/Workers/"+anna), "ActivitySid", w.offline))
	w.advance(0)
	same(t, "events", w.values("/events", "EventType"), []string{"task.created", "worker.activity.update"})
	equals(t, "time before", w.received("/events")[1].form.Get("WorkerTimeInPreviousActivity"), "7")
	equals(t, "status before", w.received("/events")[1].form.Get("WorkerPreviousActivitySid"), w.available)
}

func TestDeletingAWorkspaceTakesEverythingAlong(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	w.newTask()
	w.must(w.remove(w.v1("")))
	w.advance(time.Hour)
	w.refused(w.get(w.v1("/Tasks")), 404, 20404)
	equals(t, "timers", w.clock.Pending(), 0)
}
