package simulator

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNamesAreUniqueAndNotTooLong(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	ben := w.newAgent("ben", `{}`)
	long, longest := strings.Repeat("é", 65), strings.Repeat("é", 64)
	other := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "other")).text("sid")
	fax := w.must(w.post(w.v1("/TaskChannels"), "FriendlyName", "Fax", "UniqueName", "fax")).text("sid")
	for _, c := range []struct{ path, name string }{
		{"/Workers", "Anna"}, {"/Workers/" + ben, "ANNA"}, {"/Workers", long}, {"/Workers/" + ben, long}, {"/Workers", ""}, {"/Workers/" + ben, ""},
		{"/Activities", "offline"}, {"/Activities/" + w.available, "Offline"}, {"/Activities", long}, {"/Activities/" + w.offline, long},
		{"/Activities", ""}, {"/Activities/" + w.offline, ""},
		{"/TaskQueues", "everybody"}, {"/TaskQueues/" + other, "everybody"}, {"/TaskQueues", ""}, {"/TaskQueues/" + other, ""},
		{"/TaskChannels/" + fax, long}, {"/TaskChannels/" + fax, ""}, {"/Workflows/" + w.routing, ""},
		{"", long}, {"", ""},
	} {
		w.refused(w.post(w.v1(c.path), "FriendlyName", c.name), 400, 20001)
	}
	w.refused(w.post("/v1/Workspaces", "FriendlyName", long), 400, 20001)
	w.refused(w.post(w.v1("/TaskChannels"), "FriendlyName", long, "UniqueName", "x"), 400, 20001)
	w.refused(w.post(w.v1("/TaskChannels"), "FriendlyName", "x", "UniqueName", "fax"), 400, 20001)
	// Characters count, not bytes; and one's own name is not taken by another.
	w.must(w.post(w.v1("/Workers/"+ben), "FriendlyName", longest))
	w.must(w.post(w.v1("/Workers/"+ben), "FriendlyName", longest))
	w.must(w.post(w.v1("/TaskQueues/"+other), "FriendlyName", "other", "TaskOrder", "LIFO"))
	w.must(w.post(w.v1("/Activities/"+w.offline), "FriendlyName", "offline"))
}

func TestWhatIsInUseCannotBeDeleted(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	lunch := w.must(w.post(w.v1("/Activities"), "FriendlyName", "Lunch")).text("sid")
	for _, status := range []string{w.offline, lunch} {
		anna := w.must(w.post(w.v1("/Workers"), "FriendlyName", "anna", "ActivitySid", status)).text("sid")
		w.refused(w.remove(w.v1("/Activities/"+status)), 400, 20001)
		w.must(w.remove(w.v1("/Workers/" + anna)))
	}
	reserving := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "r", "ReservationActivitySid", lunch)).text("sid")
	w.refused(w.remove(w.v1("/Activities/"+lunch)), 400, 20001)
	w.must(w.remove(w.v1("/TaskQueues/" + reserving)))
	assigning := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "a", "AssignmentActivitySid", lunch)).text("sid")
	w.refused(w.remove(w.v1("/Activities/"+lunch)), 400, 20001)
	w.must(w.remove(w.v1("/TaskQueues/" + assigning)))
	w.must(w.remove(w.v1("/Activities/" + lunch)))
	w.refused(w.remove(w.v1("/Activities/"+w.offline)), 400, 20001) // the default and the timeout status

	w.refused(w.remove(w.v1("/TaskQueues/"+w.queue)), 400, 20001) // a routing leads to it
	other := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "other")).text("sid")
	direct := w.newTask("RoutingTarget", other, "TaskChannel", "sms")
	w.refused(w.remove(w.v1("/TaskQueues/"+other)), 400, 20001)    // a task waits in it
	w.refused(w.remove(w.v1("/TaskChannels/sms")), 400, 20001)     // a task is on it
	w.refused(w.remove(w.v1("/TaskChannels/default")), 400, 20001) // tasks need it
	w.refused(w.remove(w.v1("/Workflows/"+w.routing)), 400, 20001) // a task is in it
	w.must(w.post(w.v1("/Tasks/"+direct), "AssignmentStatus", "canceled", "Reason", "x"))
	w.must(w.remove(w.v1("/TaskQueues/" + other)))
	w.must(w.remove(w.v1("/TaskChannels/sms")))
	w.must(w.remove(w.v1("/Workflows/" + w.routing)))
	w.must(w.remove(w.v1("/TaskQueues/" + w.queue)))
	w.must(w.get(w.v1("/Tasks/" + direct))) // what has ended can still be read
}

func TestAWorkspaceIsOnlySoLarge(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.sim.lock()
	ws, _ := w.sim.main.workspaces.get(w.ws)
	for i := ws.statuses.len(); i < 99; i++ {
		ws.addStatus("status "+strconv.Itoa(i), false)
	}
	for i := ws.queues.len(); i < 4_999; i++ {
		ws.addQueue(&queue{friendlyName: "queue " + strconv.Itoa(i)})
	}
	for i := range 14_999 {
		a := &agent{sid: "WK" + strconv.Itoa(i), friendlyName: "agent " + strconv.Itoa(i), status: ws.defaultStatus}
		ws.agents.add(a.sid, a)
	}
	w.sim.unlock()
	for _, path := range []string{"/Activities", "/TaskQueues", "/Workers"} {
		w.must(w.post(w.v1(path), "FriendlyName", "the last"))
		w.refused(w.post(w.v1(path), "FriendlyName", "one too many"), 400, 20001)
	}
}

func TestAttributesLimit(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	fits := `{"a":"` + strings.Repeat("é", attributesLimit-8) + `"}`
	tooLong := `{"a": "` + strings.Repeat("é", attributesLimit-8) + `"}` // white space counts
	task, anna := w.v1("/Tasks/"+w.newTask("Attributes", fits)), w.v1("/Workers/"+w.newAgent("anna", fits))
	w.refused(w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "Attributes", tooLong), 400, 20001)
	w.refused(w.post(w.v1("/Workers"), "FriendlyName", "ben", "Attributes", tooLong), 400, 20001)
	for _, path := range []string{task, anna} {
		for _, bad := range []string{tooLong, "[]", "null", `"x"`, "{", "{}x"} {
			w.refused(w.post(path, "Attributes", bad), 400, 20001)
		}
		equals(t, "attributes as they were", w.get(path).text("attributes"), fits)
		w.must(w.post(path, "Attributes", `{ "spaces" : "stay" }`))
		equals(t, "attributes as given", w.get(path).text("attributes"), `{ "spaces" : "stay" }`)
	}
}

func TestSettingsHaveLimits(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	plan := `{"task_routing":{"default_filter":{"queue":"` + w.queue + `"}}}`
	for _, path := range []string{"/Workflows", "/Workflows/" + w.routing} {
		for _, bad := range [][]string{
			{"TaskReservationTimeout", "86401"}, {"TaskReservationTimeout", "0"}, {"TaskReservationTimeout", "1.5"},
			{"AssignmentCallbackUrl", "app.test/a"}, {"FallbackAssignmentCallbackUrl", "ftp://app.test"},
		} {
			w.refused(w.post(w.v1(path), append(bad, "FriendlyName", "x", "Configuration", plan)...), 400, 20001)
		}
		w.must(w.post(w.v1(path), "FriendlyName", "x", "TaskReservationTimeout", "86400",
			"Configuration", plan+strings.Repeat(" ", largestConfiguration-len(plan))))
		w.refused(w.post(w.v1(path), "FriendlyName", "x", "Configuration", plan+strings.Repeat(" ", largestConfiguration-len(plan)+1)), 400, 20001)
	}
	for _, path := range []string{"/TaskQueues", "/TaskQueues/" + w.queue} {
		for _, bad := range [][]string{
			{"MaxReservedWorkers", "0"}, {"MaxReservedWorkers", "51"}, {"TaskOrder", "fifo"}, {"TargetWorkers", "a-b == 1"},
			{"ReservationActivitySid", "WA00000000000000000000000000000000"}, {"AssignmentActivitySid", w.queue},
		} {
			w.refused(w.post(w.v1(path), append(bad, "FriendlyName", "x")...), 400, 20001)
		}
	}
	for _, bad := range [][]string{{"Template", "LIFO"}, {"PrioritizeQueueOrder", "none"}, {"MultiTaskEnabled", "maybe"}, {"EventCallbackUrl", "/events"}} {
		w.refused(w.post("/v1/Workspaces", append(bad, "FriendlyName", "x")...), 400, 20001)
	}
	w.refused(w.request("POST", w.v1("/Workers/x"), nil, "If-Match", "1"), 400, 20001) // a header, not a field
	queue := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "nobody's", "TargetWorkers", ""))
	if queue.body["target_workers"] != nil {
		t.Errorf("target_workers of a queue for nobody: got %v, want null", queue.body["target_workers"])
	}
}

// Everything with an ETag: a request that names an older one changes nothing.
func TestIfMatchEverywhere(t *testing.T) {
	for name, c := range map[string]struct {
		path, method string
		fields       []string
	}{
		"update a task":              {"/Tasks/{WT}", "POST", []string{"Priority", "9"}},
		"cancel a task":              {"/Tasks/{WT}", "POST", []string{"AssignmentStatus", "canceled", "Reason", "x"}},
		"delete a task":              {"/Tasks/{WT}", "DELETE", nil},
		"update an agent":            {"/Workers/{idleAgent}", "POST", []string{"FriendlyName", "other"}},
		"delete an agent":            {"/Workers/{idleAgent}", "DELETE", nil},
		"accept an offer":            {"/Tasks/{WT}/Reservations/{WR}", "POST", []string{"ReservationStatus", "accepted"}},
		"reject an offer, by agent":  {"/Workers/{WK}/Reservations/{WR}", "POST", []string{"ReservationStatus", "rejected"}},
		"an agent's status":          {"/Workers/{WK}", "POST", []string{"ActivitySid", "{offline}"}},
		"an agent's pending offers":  {"/Workers/{WK}", "POST", []string{"ActivitySid", "{offline}", "RejectPendingReservations", "true"}},
		"an agent's attributes only": {"/Workers/{WK}", "POST", []string{"Attributes", `{"a":1}`}},
	} {
		w := newWorld(t, Options{})
		vars := taskRouterWorld(w)
		fill := func(text string) string {
			for name, value := range vars {
				text = strings.ReplaceAll(text, "{"+name+"}", value)
			}
			return text
		}
		path, fields := w.v1(fill(c.path)), make([]string, len(c.fields))
		for i := range c.fields {
			fields[i] = fill(c.fields[i])
		}
		with := func(etag string) answer {
			return w.request(c.method, path, http.Header{"If-Match": {etag}}, fields...)
		}
		before := w.must(w.get(path))
		etag := before.header.Get("ETag")
		if etag == "" {
			t.Errorf("%s: no ETag", name)
		}
		w.refused(with(`"999"`), 412, 20412)
		same(t, name+": nothing has changed", []string{w.get(path).header.Get("ETag"), w.get(path).text("date_updated")},
			[]string{etag, before.text("date_updated")})
		w.must(with(etag))
		if c.method == "DELETE" {
			w.refused(with(etag), 404, 20404)
			continue
		}
		if now := w.get(path).header.Get("ETag"); now == etag {
			t.Errorf("%s: the ETag is still %s", name, etag)
		}
		w.refused(with(etag), 412, 20412)
	}
}

func TestUpdatesThatExcludeEachOther(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("anna", `{}`)
	task := w.newTask()
	w.advance(0)
	path, offer := w.v1("/Tasks/"+task), w.pendingOffer(task)
	w.refused(w.post(path, "Reason", "just so"), 400, 20001)
	w.refused(w.post(offer, "ReservationStatus", "accepted", "WorkerActivitySid", w.offline), 400, 20001)
	w.refused(w.post(offer), 400, 20001)
	w.refused(w.post(offer, "ReservationStatus", "accepted", "Instruction", "accept"), 400, 20001)
	w.refused(w.post(offer, "ReservationStatus", "accepted", "From", "+442079460000"), 400, 20001)
	w.must(w.post(offer, "ReservationStatus", "accepted"))
	for _, status := range []string{"wrapping", "completed"} {
		w.refused(w.post(path, "AssignmentStatus", status, "Reason", "x", "Attributes", `{}`), 400, 20001)
	}
	w.refused(w.post(path, "AssignmentStatus", "completed"), 400, 20001) // no reason
	equals(t, "status", w.taskStatus(task), "assigned")
}

func TestMovingATaskInLine(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	first, second := w.newTask(), w.newTask("TaskChannel", "chat")
	w.refused(w.post(w.v1("/Tasks/"+second), "VirtualStartTime", "2030-01-01T00:00:00Z"), 400, 20001)
	w.refused(w.post(w.v1("/Tasks/"+second), "VirtualStartTime", "1899-12-31T00:00:00Z"), 400, 20001)
	w.refused(w.post(w.v1("/Tasks/"+second), "TaskChannel", "fax"), 400, 20001)
	a := w.must(w.post(w.v1("/Tasks/"+second), "VirtualStartTime", "2026-01-01T00:00:00Z", "TaskChannel", "default"))
	equals(t, "virtual start", a.text("virtual_start_time"), "2026-01-01T00:00:00Z")
	equals(t, "channel", a.text("task_channel_unique_name"), "default")
	w.newAgent("anna", `{}`)
	w.advance(0)
	same(t, "the one that says it is older", w.offers(second), []string{"anna pending"})
	same(t, "the other", w.offers(first), []string{})
}

func TestASingleTaskingWorkspaceIsOfOld(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.refused(w.post(w.v1(""), "MultiTaskEnabled", "false"), 400, 20001)
	w.must(w.post("/v1/Workspaces", "FriendlyName", "old", "MultiTaskEnabled", "false"))
	w.must(w.post(w.v1(""), "MultiTaskEnabled", "false"))
	equals(t, "multi_task_enabled", w.get(w.v1("")).body["multi_task_enabled"].(bool), false)
}

func TestStatisticsAreNotSimulated(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for _, path := range []string{"/Statistics", "/RealTimeStatistics", "/CumulativeStatistics", "/Workers/Statistics",
		"/TaskQueues/RealTimeStatistics", "/TaskQueues/" + w.queue + "/Statistics", "/Workflows/" + w.routing + "/RealTimeStatistics"} {
		w.refused(w.get(w.v1(path)), 404, 20404)
	}
}

// A task keeps the plan it came in by, and so that plan's queues.
func TestQueueOfAnOldPlanIsInUse(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	later := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "later")).text("sid")
	plan := `{"task_routing":{"default_filter":{"queue":"` + w.queue + `"}}}`
	w.routing = w.newRouting(`{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"` + w.queue + `","timeout":10},{"queue":"` + later + `"}]}]}}`)
	task := w.newTask()
	w.must(w.post(w.v1("/Workflows/"+w.routing), "Configuration", plan))
	w.refused(w.remove(w.v1("/TaskQueues/"+later)), 400, 20001)
	w.advance(11 * time.Second)
	equals(t, "queue", w.get(w.v1("/Tasks/"+task)).text("task_queue_sid"), later)
	w.must(w.remove(w.v1("/Tasks/" + task)))
	w.must(w.remove(w.v1("/TaskQueues/" + later)))
}

func TestNothingMoreFromADeletedWorkspace(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.sim.SetSoftphone("anna", Softphone{DeclinesOffers: 1, Rings: 5 * time.Second})
	w.newAgent("anna", `{}`)
	w.newAgent("ben", `{}`)
	w.newTask()
	w.advance(0)
	w.newTask()
	w.advance(0)
	w.must(w.remove(w.v1("")))
	w.advance(0)
	events := w.values("/events", "EventType")
	equals(t, "the last event", events[len(events)-1], "workspace.deleted")
	w.advance(time.Minute)
	equals(t, "events after it", len(w.values("/events", "EventType")), len(events))
	equals(t, "timers", w.clock.Pending(), 0)
	w.nothingLeft()
}

// The parameters are those of Twilio's "TaskRouter Events reference".
func TestEventsOfStatusesAndChannels(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1("/Activities"), "FriendlyName", "Lunch"))
	w.must(w.post(w.v1("/TaskChannels"), "FriendlyName", "Post", "UniqueName", "post", "ChannelOptimizedRouting", "true"))
	w.advance(0)
	events := w.received("/events")
	equals(t, "ActivityAvailable", events[len(events)-2].form.Get("ActivityAvailable"), "false")
	equals(t, "TaskChannelOptimizedRouting", events[len(events)-1].form.Get("TaskChannelOptimizedRouting"), "true")
}

func TestOldEventsAreForgotten(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1(""), "EventsFilter", "none"))
	ws, _ := w.sim.main.workspaces.get(w.ws)
	w.sim.lock()
	defer w.sim.unlock()
	for range eventsKept + 10 {
		ws.emit("workspace.updated", "again", fields{})
	}
	if n := len(ws.events.entries); n > eventsKept || n < eventsKept/2 {
		t.Errorf("%d events are kept, want at most %d, and not many fewer", n, eventsKept)
	}
}
