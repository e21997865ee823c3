package simulator

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// fields are the parameters of an event, by Twilio's names.
type fields map[string]string

func (f fields) with(more fields) fields {
	out := maps.Clone(f)
	maps.Copy(out, more)
	return out
}

// event is one line of a workspace's history (B.2), kept whether or not a callback is configured.
type event struct {
	sid, kind, description string
	resourceType           string
	resourceSID            string
	at                     time.Time
	fields                 fields
}

// eventsKept bounds a workspace's events; Twilio keeps those of thirty days.
const eventsKept = 50_000

// emit records an event and tells the workspace's EventCallbackUrl, if the filter lets it through.
func (ws *workspace) emit(kind, description string, about fields) {
	s := ws.sim
	e := &event{sid: s.mint("EV"), kind: kind, description: description, at: s.now(), fields: about}
	e.resourceType, e.resourceSID = resourceOf(kind, about, ws.sid)
	ws.events.add(e)
	ws.tellAgents(kind, about)
	if ws.eventCallback == "" || !ws.wants(kind) {
		return
	}
	form := url.Values{
		"EventType": {kind}, "AccountSid": {ws.account.sid}, "WorkspaceSid": {ws.sid}, "WorkspaceName": {ws.friendlyName},
		"EventDescription": {description}, "ResourceType": {e.resourceType}, "ResourceSid": {e.resourceSID},
		"Timestamp": {strconv.FormatInt(s.now().Unix(), 10)}, "TimestampMs": {strconv.FormatInt(s.now().UnixMilli(), 10)},
		"Sid": {e.sid},
	}
	for name, value := range about {
		form.Set(name, value)
	}
	s.send(webhook{account: ws.account, kind: KindEvent, url: ws.eventCallback, form: form,
		about: Entry{TaskSID: about["TaskSid"], ReservationSID: about["ReservationSid"]}})
}

func (ws *workspace) wants(kind string) bool {
	if strings.TrimSpace(ws.eventsFilter) == "" {
		return true
	}
	for wanted := range strings.SplitSeq(ws.eventsFilter, ",") {
		if strings.TrimSpace(wanted) == kind {
			return true
		}
	}
	return false
}

// resourceOf: the group of the event's name is the type of its resource, and tells which SID it is.
func resourceOf(kind string, about fields, workspaceSID string) (string, string) {
	group, _, _ := strings.Cut(kind, ".")
	parameter := map[string]string{
		"task": "TaskSid", "reservation": "ReservationSid", "worker": "WorkerSid", "task-queue": "TaskQueueSid",
		"workflow": "WorkflowSid", "activity": "ActivitySid", "task-channel": "TaskChannelSid",
	}[group]
	if parameter == "" {
		return group, workspaceSID
	}
	return group, about[parameter]
}

// defaultEventMinutes is how far back a list goes unless told otherwise (A.2).
const defaultEventMinutes = 15

func listEvents(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	from, to := s.now().Add(-time.Duration(r.number("Minutes", defaultEventMinutes, 1, 30*24*60))*time.Minute), s.now()
	if r.has("StartDate") {
		from = r.instant("StartDate", from)
		if from.Before(s.now().Add(-30 * 24 * time.Hour)) {
			r.fail(invalid("StartDate must not be older than 30 days"))
		}
	}
	to = r.instant("EndDate", to)
	if r.err != nil {
		return reply{}, r.err
	}
	entries, _ := ws.events.since(0)
	var rows listing
	for _, e := range slices.Backward(entries) { // newest first
		if !e.at.Before(from) && !e.at.After(to) && e.passes(r) {
			rows.add(e.sid, func() object { return ws.eventBody(e, r.base) })
		}
	}
	return s.list(r, "events", rows)
}

func (e *event) passes(r *request) bool {
	for _, name := range []string{"TaskSid", "WorkerSid", "ReservationSid", "TaskQueueSid", "WorkflowSid"} {
		if r.text(name) != "" && r.text(name) != e.fields[name] {
			return false
		}
	}
	if c := r.text("TaskChannel"); c != "" && c != e.fields["TaskChannelSid"] && c != e.fields["TaskChannelUniqueName"] {
		return false
	}
	if r.text("Sid") != "" && r.text("Sid") != e.sid {
		return false
	}
	return r.text("EventType") == "" || r.text("EventType") == e.kind
}

func fetchEvent(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	entries, _ := ws.events.since(0)
	for _, e := range slices.Backward(entries) {
		if e.sid == r.vars["EV"] {
			return okay(ws.eventBody(e, r.base)), nil
		}
	}
	return reply{}, notFound(r.path)
}

func (ws *workspace) eventBody(e *event, base string) object {
	data := object{"workspace_sid": ws.sid, "workspace_name": ws.friendlyName}
	for name, value := range e.fields {
		data[snakeCase(name)] = value
	}
	url := base + "/v1/Workspaces/" + ws.sid
	return object{
		"sid": e.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "event_type": e.kind,
		"description": e.description, "event_data": data, "event_date": iso(e.at), "event_date_ms": e.at.UnixMilli(),
		"resource_type": e.resourceType, "resource_sid": e.resourceSID, "resource_url": nil,
		"actor_sid": nil, "actor_type": nil, "actor_url": nil, "source": "twilio", "source_ip_address": nil,
		"url": url + "/Events/" + e.sid,
	}
}

// snakeCase turns TaskQueueSid into task_queue_sid.
func snakeCase(name string) string {
	var b strings.Builder
	for i, c := range name {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
