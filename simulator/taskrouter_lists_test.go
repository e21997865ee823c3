package simulator

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"
)

// found lists one field of the rows of a list.
func (w *world) found(path, key, field string, fields ...string) []string {
	w.t.Helper()
	values := []string{}
	for _, row := range w.must(w.get(path, fields...)).rows(key) {
		values = append(values, row[field].(string))
	}
	return values
}

func TestOrderedLists(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for _, name := range []string{"cora", "anna", "ben"} {
		w.newAgent(name, `{}`)
		w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", name))
		w.advance(time.Second)
	}
	agents := func(by string) []string { return w.found(w.v1("/Workers"), "workers", "friendly_name", "Ordering", by) }
	queues := func(by string) []string {
		return w.found(w.v1("/TaskQueues"), "task_queues", "friendly_name", "Ordering", by)
	}
	same(t, "agents by name", agents("FriendlyName:asc"), []string{"anna", "ben", "cora"})
	same(t, "agents, newest first", agents("DateCreated:desc"), []string{"ben", "anna", "cora"})
	same(t, "queues by name", queues("FriendlyName:desc"), []string{"everybody", "cora", "ben", "anna"})
	same(t, "queues, newest first", queues("DateCreated:desc"), []string{"ben", "anna", "everybody", "cora"})

	cora := w.get(w.v1("/Workers"), "FriendlyName", "cora").rows("workers")[0]["sid"].(string)
	w.must(w.post(w.v1("/Workers/"+cora), "ActivitySid", w.offline))
	same(t, "agents by status, then name", agents("ActivityName:desc,FriendlyName:desc"), []string{"cora", "ben", "anna"})
	same(t, "the last who changed status", agents("DateStatusChanged:desc")[:1], []string{"cora"})
	w.advance(time.Second)
	w.must(w.post(w.v1("/TaskQueues/"+w.queue), "TaskOrder", "LIFO"))
	same(t, "the last who changed", agents("DateUpdated:desc")[:1], []string{"cora"})
	same(t, "the last that changed", queues("DateUpdated:desc")[:1], []string{"everybody"})
	for _, bad := range []string{"Name:asc", "FriendlyName", "FriendlyName:up", "FriendlyName:asc,"} {
		w.refused(w.get(w.v1("/Workers"), "Ordering", bad), 400, 20001)
		w.refused(w.get(w.v1("/TaskQueues"), "Ordering", bad), 400, 20001)
		w.refused(w.get(w.v1("/Tasks"), "Ordering", bad), 400, 20001)
	}
}

func TestListFilters(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{"lang":"fr"}`)
	ben := w.must(w.post(w.v1("/Workers"), "FriendlyName", "ben")).text("sid")
	french := w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "french", "TargetWorkers", `lang == "fr"`)).text("sid")
	w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "nobody", "TargetWorkers", ""))
	task := w.newTask("TaskChannel", "chat")
	for _, c := range []struct {
		path, key, name, value string
		want                   []string
	}{
		{"/Workers", "workers", "TaskQueueSid", french, []string{"anna"}},
		{"/Workers", "workers", "TaskQueueName", "everybody", []string{"anna", "ben"}},
		{"/Workers", "workers", "TaskQueueName", "nobody", nil},
		{"/Workers", "workers", "TaskQueueName", "unheard of", nil},
		{"/Workers", "workers", "ActivitySid", w.available, []string{"anna"}},
		{"/Workers", "workers", "ActivityName", "Offline", []string{"ben"}},
		{"/Workers", "workers", "TargetWorkersExpression", `friendly_name == "ben" OR lang == "fr"`, []string{"anna", "ben"}},
		{"/Workers", "workers", "Available", "1", []string{"anna"}},
		{"/Workers", "workers", "Available", "available", []string{"ben"}}, // all other values mean false
		{"/TaskQueues", "task_queues", "FriendlyName", "french", []string{"french"}},
		{"/TaskQueues", "task_queues", "WorkerSid", anna, []string{"everybody", "french"}},
		{"/TaskQueues", "task_queues", "WorkerSid", ben, []string{"everybody"}},
		{"/TaskQueues", "task_queues", "WorkerSid", "WK00000000000000000000000000000000", nil},
		{"/TaskQueues", "task_queues", "EvaluateWorkerAttributes", `{"lang":"fr"}`, []string{"everybody", "french"}},
		{"/TaskQueues", "task_queues", "EvaluateWorkerAttributes", `{}`, []string{"everybody"}},
		{"/Workflows", "workflows", "FriendlyName", "calls", []string{"calls"}},
		{"/Workflows", "workflows", "FriendlyName", "other", nil},
		{"/Activities", "activities", "FriendlyName", "Offline", []string{"Offline"}},
		{"/Activities", "activities", "Available", "yes", []string{"Available"}},
		{"/Activities", "activities", "Available", "no", []string{"Offline", "Unavailable"}},
		{"/Events", "events", "TaskChannel", "voice", nil},
	} {
		if c.want == nil {
			c.want = []string{}
		}
		same(t, c.path+" "+c.name+" "+c.value, w.found(w.v1(c.path), c.key, "friendly_name", c.name, c.value), c.want)
	}
	same(t, "workspaces", w.found("/v1/Workspaces", "workspaces", "sid", "FriendlyName", "centre"), []string{w.ws})
	same(t, "workspaces", w.found("/v1/Workspaces", "workspaces", "sid", "FriendlyName", "other"), []string{})
	for _, both := range [][]string{
		{"WorkerSid", ben, "EvaluateWorkerAttributes", `{"lang":"fr"}`}, {"WorkerSid", anna, "EvaluateWorkerAttributes", `{}`},
	} {
		same(t, "both filters of queues", w.found(w.v1("/TaskQueues"), "task_queues", "friendly_name", both...), []string{"everybody"})
	}
	same(t, "tasks with add-ons", w.found(w.v1("/Tasks"), "tasks", "sid", "HasAddons", "true"), []string{})
	same(t, "tasks without", w.found(w.v1("/Tasks"), "tasks", "sid", "HasAddons", "false"), []string{task})
	w.refused(w.get(w.v1("/TaskQueues"), "EvaluateWorkerAttributes", `lang`), 400, 20001)
}

func TestEventFilters(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	task := w.newTask("TaskChannel", "chat")
	w.advance(0)
	offer := w.pendingOffer(task)
	offer = offer[len(offer)-34:]
	kinds := func(fields ...string) []string { return w.found(w.v1("/Events"), "events", "event_type", fields...) }
	created := []string{"reservation.created"}
	same(t, "ReservationSid", kinds("ReservationSid", offer), created)
	same(t, "WorkerSid", kinds("WorkerSid", anna), []string{"reservation.created", "worker.created"})
	same(t, "TaskSid and EventType", kinds("TaskSid", task, "EventType", "reservation.created"), created)
	same(t, "TaskQueueSid", kinds("TaskQueueSid", w.queue, "EventType", "task-queue.entered"), []string{"task-queue.entered"})
	same(t, "WorkflowSid", kinds("WorkflowSid", w.routing, "EventType", "workflow.created"), []string{"workflow.created"})
	same(t, "TaskChannel", kinds("TaskChannel", "chat", "EventType", "task.created"), []string{"task.created"})
	event := w.found(w.v1("/Events"), "events", "sid")[0]
	same(t, "Sid", kinds("Sid", event), created)
	before := w.clock.Now().Add(-time.Second).Format(time.RFC3339)
	same(t, "EndDate", kinds("EndDate", before), []string{})
	w.advance(20 * time.Minute)
	same(t, "the last 15 minutes", kinds("TaskSid", task), []string{})
	same(t, "StartDate", kinds("StartDate", before, "ReservationSid", offer, "EventType", "reservation.created"), created)
	same(t, "Minutes", kinds("Minutes", "21", "ReservationSid", offer, "EventType", "reservation.created"), created)
	for _, bad := range [][]string{{"Minutes", "0"}, {"Minutes", "x"}, {"StartDate", "x"}, {"EndDate", "22/11/2026"}} {
		w.refused(w.get(w.v1("/Events"), bad...), 400, 20001)
	}
}

// Every list of TaskRouter, forwards and back by the links in its answers.
func TestPagingBothWays(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for i := range 7 {
		name := "n" + strconv.Itoa(i)
		w.newAgent(name, `{}`)
		w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", name))
		w.must(w.post(w.v1("/Activities"), "FriendlyName", name))
		w.must(w.post(w.v1("/TaskChannels"), "FriendlyName", name, "UniqueName", name))
		w.must(w.post("/v1/Workspaces", "FriendlyName", name))
		w.newRouting(`{"task_routing":{"filters":[],"default_filter":{"queue":"` + w.queue + `"}}}`)
	}
	task := w.newTask("RoutingTarget", w.get(w.v1("/Workers")).rows("workers")[0]["sid"].(string))
	for range 6 {
		w.newTask()
		w.advance(0)
		w.must(w.post(w.pendingOffer(task), "ReservationStatus", "rejected"))
	}
	w.advance(0)
	agent := w.get(w.v1("/Tasks/" + task + "/Reservations")).rows("reservations")[0]["worker_sid"].(string)
	for path, key := range map[string]string{
		"/v1/Workspaces": "workspaces", w.v1("/Workers"): "workers", w.v1("/TaskQueues"): "task_queues",
		w.v1("/Workflows"): "workflows", w.v1("/Activities"): "activities", w.v1("/TaskChannels"): "channels",
		w.v1("/Tasks"): "tasks", w.v1("/Events"): "events", w.v1("/Tasks/" + task + "/Reservations"): "reservations",
		w.v1("/Workers/" + agent + "/Reservations"): "reservations", w.v1("/Workers/" + agent + "/Channels"): "channels",
	} {
		all := w.found(path, key, "sid", "PageSize", "1000")
		if len(all) < 7 {
			t.Fatalf("%s has only %d rows: too few for this test", path, len(all))
		}
		var forwards []string
		next, last := path+"?PageSize=3", ""
		for page := 0; next != ""; page++ {
			a := w.must(w.get(next))
			meta := a.body["meta"].(map[string]any)
			equals(t, path+" key", meta["key"].(string), key)
			equals(t, path+" page", meta["page"].(float64), float64(page))
			equals(t, path+" page_size", meta["page_size"].(float64), 3)
			for _, row := range a.rows(key) {
				forwards = append(forwards, row["sid"].(string))
			}
			again := w.must(w.get(meta["url"].(string))).rows(key)
			equals(t, path+" at its url", again[0]["sid"].(string), a.rows(key)[0]["sid"].(string))
			last = next
			next, _ = meta["next_page_url"].(string)
		}
		same(t, path+" forwards", forwards, all)

		var back []string
		for previous := last; previous != ""; {
			a := w.must(w.get(previous))
			rows := a.rows(key)
			for i := len(rows) - 1; i >= 0; i-- {
				back = append([]string{rows[i]["sid"].(string)}, back...)
			}
			previous, _ = a.body["meta"].(map[string]any)["previous_page_url"].(string)
		}
		same(t, path+" back", back, all)
		first := w.must(w.get(w.must(w.get(last)).body["meta"].(map[string]any)["first_page_url"].(string)))
		equals(t, path+" first_page_url", first.rows(key)[0]["sid"].(string), all[0])
	}
}

// Rows that come or go between two pages are neither shown twice nor skipped.
func TestPagesOfAListThatChanges(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	var tasks []string
	for range 8 {
		tasks = append(tasks, w.newTask())
	}
	page := func(path string) (sids []string, next string) {
		a := w.must(w.get(path))
		for _, row := range a.rows("tasks") {
			sids = append(sids, row["sid"].(string))
		}
		next, _ = a.body["meta"].(map[string]any)["next_page_url"].(string)
		return sids, next
	}
	_, second := page(w.v1("/Tasks?PageSize=2"))
	w.must(w.remove(w.v1("/Tasks/" + tasks[0])))
	shown, _ := page(second)
	same(t, "after one in front has gone", shown, tasks[2:4])
	w.must(w.remove(w.v1("/Tasks/" + tasks[1]))) // the one that the page starts after
	shown, _ = page(second)
	same(t, "after the last of the page before has gone", shown, tasks[2:4])

	_, second = page(w.v1("/Tasks?PageSize=2"))
	w.must(w.remove(w.v1("/Tasks/" + tasks[2])))
	w.must(w.remove(w.v1("/Tasks/" + tasks[4]))) // the one that the page starts with
	shown, _ = page(second)
	same(t, "after its own first has gone", shown, tasks[5:7])
}

func TestPagingRules(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	path := w.v1("/Activities")
	for _, bad := range []string{"0", "-1", "ten", "1.5"} {
		w.refused(w.get(path, "PageSize", bad), 400, 20001)
	}
	w.refused(w.get(path, "PageSize", "1001"), 400, 20007)
	equals(t, "largest page", w.must(w.get(path, "PageSize", "1000")).body["meta"].(map[string]any)["page_size"].(float64), 1000)
	equals(t, "page size unless asked", w.must(w.get(path)).body["meta"].(map[string]any)["page_size"].(float64), 50)
	w.refused(w.get(path, "Page", "-1"), 400, 20001)
	w.refused(w.get(path, "PageToken", "nonsense!"), 400, 20001)
	w.refused(w.get(path, "pagesize", "2"), 400, 20001) // misspelt
	// Page=2 without a token finds nothing, and the debugger says why.
	equals(t, "absolute paging", len(w.must(w.get(path, "Page", "1", "PageSize", "2")).rows("activities")), 0)
	alerts := 0
	for _, e := range w.sim.Log() {
		if e.What == Alerted && e.Detail[:5] == "40153" {
			alerts++
		}
	}
	equals(t, "alerts 40153", alerts, 1)
	// The links keep the filters.
	next := w.get(path, "Available", "no", "PageSize", "1").body["meta"].(map[string]any)["next_page_url"].(string)
	u, err := url.Parse(next)
	if err != nil || u.Query().Get("Available") != "no" {
		t.Errorf("next_page_url %q should keep Available=no: %v", next, err)
	}
}

func TestTaskRouterOfAnotherAccountIsInvisible(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	anna := w.newAgent("anna", `{}`)
	w.sim.lock()
	sub := w.sim.addAccount("AC00000000000000000000000000000002", "sub", "sub", w.sim.main)
	other := w.sim.addAccount("AC00000000000000000000000000000003", "other", "other", nil)
	w.sim.unlock()
	for _, who := range []*account{sub, other} {
		r, err := http.NewRequest(http.MethodGet, "https://taskrouter.twilio.com", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth(who.sid, who.token)
		as := func(method, path string, fields ...string) answer {
			return w.request(method, path, http.Header{"Authorization": r.Header["Authorization"]}, fields...)
		}
		equals(t, "workspaces", len(w.must(as("GET", "/v1/Workspaces")).rows("workspaces")), 0)
		for _, method := range []string{"GET", "POST", "DELETE"} {
			w.refused(as(method, w.v1("")), 404, 20404)
			w.refused(as(method, w.v1("/Workers/"+anna)), 404, 20404)
		}
		own := w.must(as("POST", "/v1/Workspaces", "FriendlyName", "own"))
		equals(t, "account of its own workspace", own.text("account_sid"), who.sid)
		w.refused(w.get("/v1/Workspaces/"+own.text("sid")), 404, 20404) // the parent signs in as the subaccount for that
		// One's agent cannot be named in another's workspace either.
		w.refused(as("POST", "/v1/Workspaces/"+own.text("sid")+"/Workers", "FriendlyName", "x", "ActivitySid", w.available), 400, 20001)
	}
	w.must(w.get(w.v1("/Workers/" + anna)))
}
