package simulator

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// routingCase is one rule of TaskRouter's routing. Its parts have one thing a line, or several with
// semicolons between:
//
//	queues    name [Parameter=value …]: expression      no expression: 1==1; there is always "everybody"
//	agents    name attributes [status]                  in the order of who has been idle longest
//	routing   the JSON inside task_routing, with queues by name
//	script    task name [attributes] [Parameter=value …] | wait seconds | accept task | reject task [agent [status]]
//	          complete task | wrap task | update task attributes | agent … | status agent status
//	          channel agent channel Parameter=value … | queue name Parameter=value … | workspace Parameter=value …
//	          reevaluate | reject task × times
//	want      seconds and what happened then: "task to agent" (an offer), "task in queue" (but for everybody),
//	          "agent timeout task" and other ends of offers that the script did not bring about, "agent status",
//	          "task canceled: reason", "alert code"
//
// A reservation times out after 60 s, unless the case says otherwise.
type routingCase struct {
	page, rule string // the title of Twilio's page, and what it says

	reservationTimeout int // seconds
	queues, agents     string
	routing            string
	script             string
	want               string
}

func (c routingCase) run(t *testing.T) {
	w := &scriptWorld{world: newWorld(t, Options{}).withWorkspace(), queues: map[string]string{},
		agents: map[string]string{}, tasks: map[string]string{}, statuses: map[string]string{}}
	w.answer = func(hook) (int, string, string) { return 200, "", "" } // decided later
	w.queues["everybody"] = w.queue
	w.must(w.post(w.v1("/Activities"), "FriendlyName", "Meeting", "Available", "true"))
	for _, row := range w.must(w.get(w.v1("/Activities"))).rows("activities") {
		w.statuses[row["friendly_name"].(string)] = row["sid"].(string)
	}
	for _, line := range lines(c.queues) {
		head, expression, _ := strings.Cut(line, ":")
		w.newQueue(head, strings.TrimSpace(expression))
	}
	for _, line := range lines(c.agents) {
		w.do("agent " + line)
		w.advance(time.Second)
	}
	if c.routing != "" {
		w.routing = w.newRouting(w.withSIDs(c.routing))
	}
	if c.reservationTimeout > 0 {
		w.must(w.post(w.v1("/Workflows/"+w.routing), "TaskReservationTimeout", strconv.Itoa(c.reservationTimeout)))
	}
	w.hooks, w.start = nil, w.clock.Now()
	for _, line := range lines(c.script) {
		w.do(line)
		w.advance(0)
	}
	same(t, c.page+": "+c.rule, w.timeline(), lines(c.want))
}

func lines(text string) []string {
	parts := []string{}
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == ';' }) {
		if line = strings.TrimSpace(line); line != "" {
			parts = append(parts, line)
		}
	}
	return parts
}

// scriptWorld is a world whose things have names.
type scriptWorld struct {
	*world
	start                           time.Time
	queues, agents, tasks, statuses map[string]string // SIDs by name
}

func (w *scriptWorld) newQueue(head, expression string) {
	words := strings.Fields(head)
	parameters := append([]string{"FriendlyName", words[0]}, w.parameters(words[1:])...)
	if expression != "" {
		parameters = append(parameters, "TargetWorkers", expression)
	}
	w.queues[words[0]] = w.must(w.post(w.v1("/TaskQueues"), parameters...)).text("sid")
}

var named = regexp.MustCompile(`"queue":"(\w+)"|\{(\w+)\}`)

// withSIDs puts SIDs for the names of queues, and for names of agents and statuses in braces.
func (w *scriptWorld) withSIDs(text string) string {
	text = named.ReplaceAllStringFunc(text, func(match string) string {
		if name, isQueue := strings.CutPrefix(match, `"queue":"`); isQueue {
			return `"queue":"` + w.queues[strings.TrimSuffix(name, `"`)] + `"`
		}
		name := strings.Trim(match, "{}")
		if sid, isAgent := w.agents[name]; isAgent {
			return sid
		}
		return w.statuses[name]
	})
	return `{"task_routing":{` + text + `}}`
}

// parameters reads Parameter=value; VirtualStartTime is given in seconds before now.
func (w *scriptWorld) parameters(words []string) []string {
	var list []string
	for _, word := range words {
		name, value, found := strings.Cut(word, "=")
		if !found {
			w.t.Fatalf("not Parameter=value: %s", word)
		}
		if name == "VirtualStartTime" {
			seconds, _ := strconv.Atoi(value)
			value = w.clock.Now().Add(-time.Duration(seconds) * time.Second).Format(time.RFC3339)
		}
		list = append(list, name, value)
	}
	return list
}

func (w *scriptWorld) do(line string) {
	w.t.Helper()
	words := strings.Fields(line)
	verb, words := words[0], append(words[1:], "", "")
	name := words[0]
	task, agent := w.v1("/Tasks/"+w.tasks[name]), w.v1("/Workers/"+w.agents[name])
	rest := slices.DeleteFunc(slices.Clone(words[1:]), func(word string) bool { return word == "" })
	attributes := "{}"
	if len(rest) > 0 && strings.HasPrefix(rest[0], "{") {
		attributes = strings.NewReplacer("{anna}", w.agents["anna"], "{ben}", w.agents["ben"]).Replace(rest[0])
		rest = rest[1:]
	}
	switch verb {
	case "wait":
		seconds, err := strconv.Atoi(name)
		if err != nil {
			w.t.Fatal(err)
		}
		w.advance(time.Duration(seconds) * time.Second)
	case "task":
		w.tasks[name] = w.newTask(append([]string{"Attributes", attributes}, w.parameters(rest)...)...)
	case "agent":
		status := w.available
		if len(rest) > 0 {
			status = w.statuses[rest[0]]
		}
		w.agents[name] = w.must(w.post(w.v1("/Workers"), "FriendlyName", name, "Attributes", attributes, "ActivitySid", status)).text("sid")
	case "accept":
		w.must(w.post(w.offer(name, words[1]), "ReservationStatus", "accepted"))
	case "reject":
		if words[1] == "×" {
			w.rejectOften(name, words[2])
			return
		}
		w.must(w.post(w.offer(name, words[1]), "ReservationStatus", "rejected", "WorkerActivitySid", w.statuses[words[2]]))
	case "complete":
		w.must(w.post(task, "AssignmentStatus", "completed", "Reason", "done"))
	case "wrap":
		w.must(w.post(task, "AssignmentStatus", "wrapping", "Reason", "hung up"))
	case "update":
		w.must(w.post(task, "Attributes", attributes))
	case "status":
		w.must(w.post(agent, "ActivitySid", w.statuses[words[1]]))
	case "channel":
		w.must(w.post(agent+"/Channels/"+rest[0], w.parameters(rest[1:])...))
	case "queue":
		w.must(w.post(w.v1("/TaskQueues/"+w.queues[name]), w.parameters(rest)...))
	case "workspace":
		w.must(w.post(w.v1(""), w.parameters(append([]string{name}, rest...))...))
	case "reevaluate":
		w.must(w.post(w.v1("/Workflows/"+w.routing), "ReEvaluateTasks", "true"))
	default:
		w.t.Fatalf("no such step: %s", line)
	}
}

// offer is the path of a task's pending reservation, of a certain agent if one is named.
func (w *scriptWorld) offer(task, agent string) string {
	w.t.Helper()
	for _, row := range w.must(w.get(w.v1("/Tasks/" + w.tasks[task] + "/Reservations"))).rows("reservations") {
		if row["reservation_status"] == "pending" && (agent == "" || row["worker_name"] == agent) {
			return w.v1("/Tasks/" + w.tasks[task] + "/Reservations/" + row["sid"].(string))
		}
	}
	w.t.Fatalf("%s has no pending reservation of %q: %v", task, agent, w.offers(w.tasks[task]))
	return ""
}

// rejectOften has every open offer of a task rejected, again and again, and forgets what was seen of it.
func (w *scriptWorld) rejectOften(task, times string) {
	n, err := strconv.Atoi(times)
	if err != nil {
		w.t.Fatal(err)
	}
	for range n {
		w.sim.lock()
		ws, _ := w.sim.main.workspaces.get(w.ws)
		t, _ := ws.tasks.get(w.tasks[task])
		for _, res := range slices.Clone(t.reservations[max(0, len(t.reservations)-2):]) {
			if res.status == reservationPending {
				ws.reject(res, nil)
			}
		}
		w.sim.unlock()
		w.hooks = nil
		w.advance(0)
	}
}

// timeline is what happened, from the events and the debugger.
func (w *scriptWorld) timeline() []string {
	names := map[string]string{}
	for name, sid := range w.tasks {
		names[sid] = name
	}
	type moment struct {
		at   time.Time
		what string
	}
	var all []moment
	for _, h := range w.received("/events") {
		task, agent := names[h.form.Get("TaskSid")], h.form.Get("WorkerName")
		what := ""
		switch kind := h.form.Get("EventType"); kind {
		case "task-queue.entered":
			if queue := h.form.Get("TaskQueueName"); queue != "everybody" {
				what = task + " in " + queue
			}
		case "reservation.created":
			what = task + " to " + agent
		case "reservation.timeout", "reservation.canceled", "reservation.rescinded":
			what = agent + " " + strings.TrimPrefix(kind, "reservation.") + " " + task
		case "worker.activity.update":
			what = agent + " " + h.form.Get("WorkerActivityName")
		case "task.canceled":
			what = task + " canceled: " + h.form.Get("TaskCanceledReason")
		}
		if what != "" {
			all = append(all, moment{h.at, what})
		}
	}
	for _, e := range w.sim.Log() {
		if e.What == Alerted && !e.At.Before(w.start) {
			code, _, _ := strings.Cut(e.Detail, " ")
			all = append(all, moment{e.At, "alert " + code})
		}
	}
	slices.SortStableFunc(all, func(a, b moment) int { return a.at.Compare(b.at) })
	timeline := []string{}
	for _, m := range all {
		timeline = append(timeline, fmt.Sprintf("%d %s", int(m.at.Sub(w.start)/time.Second), m.what))
	}
	return timeline
}
