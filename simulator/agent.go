package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// agent is TaskRouter's Worker.
type agent struct {
	sid, friendlyName string
	status            *agentStatus
	attributesText    string
	attributes        map[string]any
	version           int // counts changes; the ETag
	createdAt         time.Time
	updatedAt         time.Time
	statusSince       time.Time
	// idleSince decides who is offered the next task: the longest idle first. A rejected or timed
	// out offer does not move an agent back in that line, so a reject without a status is offered
	// the same task again (fact 4).
	idleSince    time.Time
	offeredAt    time.Time // when the last task was offered
	channels     table[*agentChannel]
	reservations []*reservation // every one that can still be read
	live         []*reservation // pending, accepted, wrapping: they use capacity
	watchers     []*watcher     // the agent's browsers
}

func createAgent(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	r.required("FriendlyName")
	a := &agent{friendlyName: r.limited("FriendlyName", "", 64), version: 1,
		createdAt: s.now(), updatedAt: s.now(), statusSince: s.now(), idleSince: s.now()}
	a.status = ws.statusParam(r, "ActivitySid", ws.defaultStatus)
	a.attributesText, a.attributes = r.attributes("{}")
	ws.checkAgentName(r, a.friendlyName, nil)
	if ws.agents.len() >= mostAgents {
		r.fail(tooMany(mostAgents, "workers", ws))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	a.sid = s.mint("WK", ws.sid, a.friendlyName)
	for c := range ws.channels.all() {
		a.addChannel(ws, c)
	}
	ws.agents.add(a.sid, a)
	ws.emit("worker.created", "Worker "+a.friendlyName+" created", a.fields())
	ws.look()
	return reply{status: 201, body: ws.agentBody(a, r.base), etag: a.etag()}, nil
}

// checkAgentName: names are unique in a workspace, whatever the case (A.3).
func (ws *workspace) checkAgentName(r *request, name string, self *agent) {
	for other := range ws.agents.all() {
		if other != self && strings.EqualFold(other.friendlyName, name) {
			r.fail(invalid("Worker with friendly name %s already exists in workspace %s", name, ws.sid))
		}
	}
}

func listAgents(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var (
		target   = r.expression("TargetWorkersExpression", "")
		order    = ordering(r, agentSorting)
		named    = r.filter("FriendlyName")
		status   = r.filter("ActivitySid")
		statusIs = r.filter("ActivityName")
		queues   = ws.namedQueues(r)
	)
	if r.err != nil {
		return reply{}, r.err
	}
	var agents []*agent
	for a := range ws.agents.all() {
		if named(a.friendlyName) && status(a.status.sid) && statusIs(a.status.friendlyName) &&
			(!r.has("Available") || r.yes("Available") == a.status.available) &&
			(target == nil || target.Matches(a)) && queues(a) {
			agents = append(agents, a)
		}
	}
	slices.SortStableFunc(agents, order)
	var rows listing
	for _, a := range agents {
		rows.add(a.sid, func() object { return s.listedAttributes(ws.agentBody(a, r.base)) })
	}
	return s.list(r, "workers", rows)
}

// agentSorting: Twilio does not say by what agents can be ordered; these are the dates and names of its
// answer.
var agentSorting = sorting[*agent]{
	"ActivityName":      func(a, b *agent) int { return strings.Compare(a.status.friendlyName, b.status.friendlyName) },
	"DateCreated":       func(a, b *agent) int { return a.createdAt.Compare(b.createdAt) },
	"DateStatusChanged": func(a, b *agent) int { return a.statusSince.Compare(b.statusSince) },
	"DateUpdated":       func(a, b *agent) int { return a.updatedAt.Compare(b.updatedAt) },
	"FriendlyName":      func(a, b *agent) int { return strings.Compare(a.friendlyName, b.friendlyName) },
}

// namedQueues is the filter by queue: agents who match the expression of one that is meant.
func (ws *workspace) namedQueues(r *request) func(*agent) bool {
	sid, name := r.filter("TaskQueueSid"), r.filter("TaskQueueName")
	given := r.has("TaskQueueSid") || r.has("TaskQueueName")
	return func(a *agent) bool {
		for q := range ws.queues.all() {
			if sid(q.sid) && name(q.friendlyName) && q.takes(a) {
				return true
			}
		}
		return !given
	}
}

func fetchAgent(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	a, found := ws.agents.get(r.vars["WK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return reply{status: 200, body: ws.agentBody(a, r.base), etag: a.etag()}, nil
}

func updateAgent(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	a, found := ws.agents.get(r.vars["WK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	name := r.name(a.friendlyName, 64)
	status := ws.statusParam(r, "ActivitySid", a.status)
	attributesText, attributes := r.attributes(a.attributesText)
	rejectPending := r.boolean("RejectPendingReservations", false)
	ws.checkAgentName(r, name, a)
	if rejectPending && status.available {
		r.fail(invalid("RejectPendingReservations is only allowed when the new activity is not available"))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	if !r.ifMatch(a.version) {
		return reply{}, preconditionFailed()
	}
	a.touch(s.now()) // before the events: they tell of the new version
	a.friendlyName = name
	if attributesText != a.attributesText {
		a.attributesText, a.attributes = attributesText, attributes
		ws.emit("worker.attributes.update", "Worker "+name+" attributes updated", a.fields())
	}
	ws.setStatus(a, status)
	if rejectPending {
		for _, res := range slices.Clone(a.live) {
			if res.status == reservationPending {
				ws.reject(res, nil)
			}
		}
	}
	ws.look()
	return reply{status: 200, body: ws.agentBody(a, r.base), etag: a.etag()}, nil
}

// deleteAgent is refused while tasks could still be offered: make the agent unavailable first (A.7).
func deleteAgent(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	a, found := ws.agents.get(r.vars["WK"])
	switch {
	case !found:
		return reply{}, notFound(r.path)
	case !r.ifMatch(a.version):
		return reply{}, preconditionFailed()
	case a.status.available:
		return reply{}, invalid("Cannot delete worker %s because it is in an available activity", a.sid)
	}
	for _, res := range slices.Clone(a.live) {
		if res.status == reservationPending {
			ws.endOffer(res, reservationCanceled)
		}
	}
	ws.agents.remove(a.sid)
	ws.emit("worker.deleted", "Worker "+a.friendlyName+" deleted", a.fields())
	a.forgetWatchers()
	return gone(), nil
}

// setStatus moves an agent to another status. Nothing ever moves an agent back (fact 3).
func (ws *workspace) setStatus(a *agent, status *agentStatus) {
	if a.status == status {
		return
	}
	now := ws.sim.now()
	before, spent := a.status, now.Sub(a.statusSince)
	a.status, a.statusSince, a.idleSince = status, now, now
	a.touch(now)
	ws.sim.note(Entry{Party: a.party(), What: StatusChanged, Detail: status.friendlyName})
	ws.emit("worker.activity.update", "Worker "+a.friendlyName+" updated to "+status.friendlyName+" Activity",
		a.fields().with(fields{
			"WorkerPreviousActivitySid": before.sid, "WorkerPreviousActivityName": before.friendlyName,
			"WorkerTimeInPreviousActivity":   strconv.Itoa(wholeSeconds(spent)),
			"WorkerTimeInPreviousActivityMs": strconv.FormatInt(spent.Milliseconds(), 10),
		}))
	ws.look()
}

func (a *agent) touch(now time.Time) {
	a.version++
	a.updatedAt = now
}

// party is how the agent appears in the log: the address on which they are rung.
func (a *agent) party() string {
	if uri, isText := a.attributes["contact_uri"].(string); isText {
		return uri
	}
	return "client:" + a.friendlyName
}

// Lookup makes an agent what a queue's expression sees: the agent's attributes, and who they are (A.4).
func (a *agent) Lookup(key string) (any, bool) {
	switch key {
	case "sid":
		return &a.sid, true
	case "friendly_name":
		return &a.friendlyName, true
	case "activity_sid":
		return &a.status.sid, true
	case "activity_name":
		return &a.status.friendlyName, true
	case "channel":
		return (*channelsOf)(a), true
	}
	v, found := a.attributes[key]
	return v, found
}

func (a *agent) etag() string { return fmt.Sprintf("%q", strconv.Itoa(a.version)) }

func (a *agent) fields() fields {
	return fields{
		"WorkerSid": a.sid, "WorkerName": a.friendlyName, "WorkerAttributes": a.attributesText,
		"WorkerActivitySid": a.status.sid, "WorkerActivityName": a.status.friendlyName,
		"WorkerVersion": strconv.Itoa(a.version),
	}
}

func (ws *workspace) agentBody(a *agent, base string) object {
	workspaceURL := base + "/v1/Workspaces/" + ws.sid
	url := workspaceURL + "/Workers/" + a.sid
	return object{
		"sid": a.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "friendly_name": a.friendlyName,
		"activity_sid": a.status.sid, "activity_name": a.status.friendlyName, "available": a.status.available,
		"attributes": a.attributesText, "date_created": iso(a.createdAt), "date_updated": iso(a.updatedAt),
		"date_status_changed": iso(a.statusSince), "url": url,
		"links": object{
			"workspace": workspaceURL, "activity": workspaceURL + "/Activities/" + a.status.sid,
			"reservations": url + "/Reservations", "channels": url + "/Channels", "worker_channels": url + "/Channels",
			"worker_statistics": url + "/Statistics", "statistics": workspaceURL + "/Workers/Statistics",
			"real_time_statistics":  workspaceURL + "/Workers/RealTimeStatistics",
			"cumulative_statistics": workspaceURL + "/Workers/CumulativeStatistics",
		},
	}
}

// ifMatch honours the header of that name: a change is made only if nobody else made one meanwhile.
// The quotes do not matter.
func (r *request) ifMatch(version int) bool {
	if r.read != nil {
		r.read[ifMatch] = true
	}
	want := r.http.Header.Get(ifMatch)
	if want == "" || want == "*" {
		return true
	}
	return strings.Trim(strings.TrimPrefix(want, "W/"), `"`) == strconv.Itoa(version)
}
