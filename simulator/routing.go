package simulator

import (
	"time"
)

// routing is TaskRouter's Workflow: it finds the queue, and the agents in it, for a task.
type routing struct {
	sid, friendlyName    string
	configuration        string // as given
	plan                 *plan  // what it means
	assignmentCallback   string
	fallbackCallback     string
	reservationTimeout   time.Duration
	createdAt, updatedAt time.Time
}

const (
	defaultReservationTimeout = 120 * time.Second
	largestConfiguration      = 1_038_576 // bytes (A.8)
)

func (ws *workspace) addRouting(w *routing) *routing {
	w.sid, w.createdAt, w.updatedAt = ws.sim.mint("WW", ws.sid, w.friendlyName), ws.sim.now(), ws.sim.now()
	ws.routings.add(w.sid, w)
	return w
}

func createRouting(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	r.required("FriendlyName")
	r.required("Configuration")
	w := &routing{reservationTimeout: defaultReservationTimeout}
	ws.readRouting(r, w)
	if r.err != nil {
		return reply{}, r.err
	}
	ws.addRouting(w)
	ws.emit("workflow.created", "Workflow "+w.friendlyName+" created", w.fields())
	return created(ws.routingBody(w, r.base)), nil
}

// readRouting fills in what the request gives; what it does not, stays.
func (ws *workspace) readRouting(r *request, w *routing) {
	w.friendlyName = r.name(w.friendlyName, unlimited)
	w.assignmentCallback = r.address("AssignmentCallbackUrl", w.assignmentCallback, 20001)
	w.fallbackCallback = r.address("FallbackAssignmentCallbackUrl", w.fallbackCallback, 20001)
	w.reservationTimeout = r.seconds("TaskReservationTimeout", wholeSeconds(w.reservationTimeout), 1, 86_400)
	if !r.has("Configuration") || r.err != nil {
		return
	}
	w.configuration = r.text("Configuration")
	if len(w.configuration) > largestConfiguration {
		r.fail(invalid("Configuration must not exceed %d bytes", largestConfiguration))
		return
	}
	plan, err := ws.parsePlan(w.configuration)
	if err != nil {
		r.fail(invalid("Workflow configuration is invalid: %v", err))
		return
	}
	w.plan = plan
}

func listRoutings(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var rows listing
	for w := range ws.routings.all() {
		if !r.has("FriendlyName") || r.text("FriendlyName") == w.friendlyName {
			rows.add(w.sid, func() object { return ws.routingBody(w, r.base) })
		}
	}
	return s.list(r, "workflows", rows)
}

func fetchRouting(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	w, found := ws.routings.get(r.vars["WW"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(ws.routingBody(w, r.base)), nil
}

// updateRouting: tasks already in it keep the old plan, unless ReEvaluateTasks sends them through the
// new one (A.4).
func updateRouting(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	w, found := ws.routings.get(r.vars["WW"])
	if !found {
		return reply{}, notFound(r.path)
	}
	changed := *w
	ws.readRouting(r, &changed)
	again := r.boolean("ReEvaluateTasks", false)
	if r.err != nil {
		return reply{}, r.err
	}
	*w = changed
	w.updatedAt = s.now()
	ws.emit("workflow.updated", "Workflow "+w.friendlyName+" updated", w.fields())
	if again {
		for t := range ws.tasks.all() {
			if t.routing == w && t.direct == nil && t.status == taskPending {
				ws.enterRouting(t)
			}
		}
	}
	ws.look()
	return okay(ws.routingBody(w, r.base)), nil
}

func deleteRouting(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	w, found := ws.routings.get(r.vars["WW"])
	if !found {
		return reply{}, notFound(r.path)
	}
	for t := range ws.tasks.all() {
		if t.routing == w && !taskMoves.final(t.status) {
			return reply{}, invalid("Cannot delete workflow %s because it has tasks", w.sid)
		}
	}
	ws.routings.remove(w.sid)
	ws.emit("workflow.deleted", "Workflow "+w.friendlyName+" deleted", w.fields())
	return gone(), nil
}

func (w *routing) fields() fields {
	return fields{"WorkflowSid": w.sid, "WorkflowName": w.friendlyName}
}

func (ws *workspace) routingBody(w *routing, base string) object {
	workspaceURL := base + "/v1/Workspaces/" + ws.sid
	url := workspaceURL + "/Workflows/" + w.sid
	return object{
		"sid": w.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "friendly_name": w.friendlyName,
		"configuration": w.configuration, "document_content_type": "application/json",
		"assignment_callback_url": textOrNull(w.assignmentCallback), "fallback_assignment_callback_url": textOrNull(w.fallbackCallback),
		"task_reservation_timeout": wholeSeconds(w.reservationTimeout),
		"date_created":             iso(w.createdAt), "date_updated": iso(w.updatedAt), "url": url,
		"links": object{
			"workspace": workspaceURL, "statistics": url + "/Statistics",
			"real_time_statistics": url + "/RealTimeStatistics", "cumulative_statistics": url + "/CumulativeStatistics",
		},
	}
}
