package simulator

import (
	"strings"
	"time"
)

// workspace is TaskRouter's unit of everything: agents, queues, routings and tasks live in one.
type workspace struct {
	sim           *Simulator
	account       *account
	sid           string
	friendlyName  string
	eventCallback string // EventCallbackUrl
	eventsFilter  string // comma list; "": every event
	multiTask     bool   // false: an agent has one task at a time, whatever the channels say
	order         string // PrioritizeQueueOrder, FIFO or LIFO
	defaultStatus *agentStatus
	timeoutStatus *agentStatus // where an agent goes when a reservation times out
	createdAt     time.Time
	updatedAt     time.Time

	statuses     table[*agentStatus]
	channels     table[*taskChannel]
	queues       table[*queue]
	routings     table[*routing]
	agents       table[*agent]
	tasks        table[*task]
	reservations map[string]*reservation
	events       journal[*event]

	waiting []*task // pending tasks in the order in which they are offered
	ended   []*task // in the order of their end, to be forgotten five minutes later

	matching  bool // a look for matches is already on its way
	lookAtAll bool // it looks at every waiting task
}

// How many of each a workspace can have (A.7).
const (
	mostStatuses = 100
	mostQueues   = 5_000
	mostAgents   = 15_000
)

func tooMany(most int, what string, ws *workspace) *apiError {
	return invalid("Workspace %s already has %d %s, and may not have more", ws.sid, most, what)
}

func createWorkspace(s *Simulator, r *request) (reply, *apiError) {
	r.required("FriendlyName")
	ws := &workspace{
		sim: s, account: r.account, friendlyName: r.limited("FriendlyName", "", 64),
		eventCallback: r.address("EventCallbackUrl", "", 20001), eventsFilter: r.text("EventsFilter"),
		multiTask: r.boolean("MultiTaskEnabled", true),
		order:     r.oneOf("PrioritizeQueueOrder", "FIFO", "FIFO", "LIFO"),
		createdAt: s.now(), updatedAt: s.now(), reservations: map[string]*reservation{},
	}
	template := r.oneOf("Template", "NONE", "NONE", "FIFO")
	if r.err != nil {
		return reply{}, r.err
	}
	ws.events.limit = eventsKept
	ws.sid = s.mint("WS", r.account.sid, ws.friendlyName)
	r.account.workspaces.add(ws.sid, ws)
	// The default and the timeout status of a new workspace are both Offline (A.3).
	ws.defaultStatus = ws.addStatus("Offline", false)
	ws.timeoutStatus = ws.defaultStatus
	ws.addStatus("Available", true)
	ws.addStatus("Unavailable", false)
	for _, name := range []string{defaultChannel, "voice", "chat", "sms", "video"} {
		ws.addChannel(strings.ToUpper(name[:1])+name[1:], name)
	}
	if template == "FIFO" {
		q := ws.addQueue(&queue{friendlyName: "Sample Queue", targetText: "1==1", target: always(), maxReserved: 1, order: "FIFO"})
		ws.addRouting(&routing{
			friendlyName: "Default Fifo Workflow", reservationTimeout: defaultReservationTimeout,
			configuration: `{"task_routing":{"filters":[],"default_filter":{"queue":"` + q.sid + `"}}}`,
			plan:          planFor(q),
		})
	}
	ws.emit("workspace.created", "Workspace "+ws.friendlyName+" created", fields{})
	return created(ws.body(r.base)), nil
}

func listWorkspaces(s *Simulator, r *request) (reply, *apiError) {
	var rows listing
	for ws := range r.account.workspaces.all() {
		if !r.has("FriendlyName") || r.text("FriendlyName") == ws.friendlyName {
			rows.add(ws.sid, func() object { return ws.body(r.base) })
		}
	}
	return s.list(r, "workspaces", rows)
}

func fetchWorkspace(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	return okay(ws.body(r.base)), nil
}

func updateWorkspace(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	name := r.name(ws.friendlyName, 64)
	callback := r.address("EventCallbackUrl", ws.eventCallback, 20001)
	multi := r.boolean("MultiTaskEnabled", ws.multiTask)
	order := r.oneOf("PrioritizeQueueOrder", ws.order, "FIFO", "LIFO")
	standard := ws.statusParam(r, "DefaultActivitySid", ws.defaultStatus)
	timeout := ws.statusParam(r, "TimeoutActivitySid", ws.timeoutStatus)
	if ws.multiTask && !multi && !ws.account.hasSingleTasking() {
		r.fail(invalid("A multitasking workspace cannot become single-tasking when there is no single-tasking workspace"))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	ws.friendlyName, ws.eventCallback, ws.multiTask, ws.order = name, callback, multi, order
	ws.eventsFilter = r.textOr("EventsFilter", ws.eventsFilter)
	ws.defaultStatus, ws.timeoutStatus = standard, timeout
	ws.updatedAt = s.now()
	ws.sortLine()
	ws.emit("workspace.updated", "Workspace "+ws.friendlyName+" updated", fields{})
	ws.look()
	return okay(ws.body(r.base)), nil
}

// hasSingleTasking: only then may a workspace go back to that older mode (S:TR).
func (a *account) hasSingleTasking() bool {
	for ws := range a.workspaces.all() {
		if !ws.multiTask {
			return true
		}
	}
	return false
}

// deleteWorkspace takes everything in it along (A.3).
func deleteWorkspace(s *Simulator, ws *workspace, _ *request) (reply, *apiError) {
	ws.account.workspaces.remove(ws.sid)
	ws.emit("workspace.deleted", "Workspace "+ws.friendlyName+" deleted", fields{})
	ws.eventCallback = "" // that was the last of its events
	for t := range ws.tasks.all() {
		ws.removeTask(t, "task.deleted")
	}
	for a := range ws.agents.all() {
		a.forgetWatchers()
	}
	ws.agents = table[*agent]{} // a look already on its way finds nobody
	return gone(), nil
}

func (ws *workspace) body(base string) object {
	url := base + "/v1/Workspaces/" + ws.sid
	return object{
		"sid": ws.sid, "account_sid": ws.account.sid, "friendly_name": ws.friendlyName,
		"event_callback_url": ws.eventCallback, "events_filter": textOrNull(ws.eventsFilter),
		"multi_task_enabled": ws.multiTask, "prioritize_queue_order": ws.order,
		"default_activity_sid": ws.defaultStatus.sid, "default_activity_name": ws.defaultStatus.friendlyName,
		"timeout_activity_sid": ws.timeoutStatus.sid, "timeout_activity_name": ws.timeoutStatus.friendlyName,
		"date_created": iso(ws.createdAt), "date_updated": iso(ws.updatedAt), "url": url,
		"links": object{
			"activities": url + "/Activities", "workers": url + "/Workers", "task_queues": url + "/TaskQueues",
			"workflows": url + "/Workflows", "tasks": url + "/Tasks", "task_channels": url + "/TaskChannels",
			"events": url + "/Events", "statistics": url + "/Statistics",
			"real_time_statistics": url + "/RealTimeStatistics", "cumulative_statistics": url + "/CumulativeStatistics",
		},
	}
}

// inWorkspace finds the workspace of the path before the handler sees the request.
func inWorkspace(handle func(*Simulator, *workspace, *request) (reply, *apiError)) handler {
	return func(s *Simulator, r *request) (reply, *apiError) {
		ws, found := r.account.workspaces.get(r.vars["WS"])
		if !found {
			return reply{}, notFound(r.path)
		}
		ws.forgetEnded()
		return handle(s, ws, r)
	}
}
