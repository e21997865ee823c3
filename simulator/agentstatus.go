package simulator

import (
	"strings"
	"time"
)

// agentStatus is TaskRouter's Activity: what an agent is doing, and whether tasks may be offered.
type agentStatus struct {
	sid, friendlyName    string
	available            bool // for good: an update of it is answered 200 and ignored (A.3)
	createdAt, updatedAt time.Time
}

func (ws *workspace) addStatus(name string, available bool) *agentStatus {
	st := &agentStatus{sid: ws.sim.mint("WA", ws.sid, name), friendlyName: name, available: available,
		createdAt: ws.sim.now(), updatedAt: ws.sim.now()}
	ws.statuses.add(st.sid, st)
	return st
}

func createStatus(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	r.required("FriendlyName")
	name := r.limited("FriendlyName", "", 64)
	available := r.yes("Available")
	ws.checkStatusName(r, name, nil)
	if ws.statuses.len() >= mostStatuses {
		r.fail(tooMany(mostStatuses, "activities", ws))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	st := ws.addStatus(name, available)
	ws.emit("activity.created", "Activity "+name+" created", st.fields())
	return created(ws.statusBody(st, r.base)), nil
}

func (ws *workspace) checkStatusName(r *request, name string, self *agentStatus) {
	for other := range ws.statuses.all() {
		if other != self && strings.EqualFold(other.friendlyName, name) {
			r.fail(invalid("Activity with friendly name %s already exists in workspace %s", name, ws.sid))
		}
	}
}

func listStatuses(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	named := r.filter("FriendlyName")
	var rows listing
	for st := range ws.statuses.all() {
		if named(st.friendlyName) && (!r.has("Available") || r.yes("Available") == st.available) {
			rows.add(st.sid, func() object { return ws.statusBody(st, r.base) })
		}
	}
	return s.list(r, "activities", rows)
}

func fetchStatus(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	st, found := ws.statuses.get(r.vars["WA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(ws.statusBody(st, r.base)), nil
}

func updateStatus(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	st, found := ws.statuses.get(r.vars["WA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	name := r.name(st.friendlyName, 64)
	ws.checkStatusName(r, name, st)
	if r.err != nil {
		return reply{}, r.err
	}
	st.friendlyName, st.updatedAt = name, s.now()
	ws.emit("activity.updated", "Activity "+name+" updated", st.fields())
	return okay(ws.statusBody(st, r.base)), nil
}

func deleteStatus(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	st, found := ws.statuses.get(r.vars["WA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	inUse := st == ws.defaultStatus || st == ws.timeoutStatus
	for a := range ws.agents.all() {
		inUse = inUse || a.status == st
	}
	for q := range ws.queues.all() {
		inUse = inUse || q.onReservation == st || q.onAssignment == st
	}
	if inUse {
		return reply{}, invalid("Cannot delete activity %s because it is in use", st.sid)
	}
	ws.statuses.remove(st.sid)
	ws.emit("activity.deleted", "Activity "+st.friendlyName+" deleted", st.fields())
	return gone(), nil
}

func (st *agentStatus) fields() fields {
	return fields{"ActivitySid": st.sid, "ActivityName": st.friendlyName, "ActivityAvailable": trueFalse(st.available)}
}

func (ws *workspace) statusBody(st *agentStatus, base string) object {
	url := base + "/v1/Workspaces/" + ws.sid
	return object{
		"sid": st.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "friendly_name": st.friendlyName,
		"available": st.available, "date_created": iso(st.createdAt), "date_updated": iso(st.updatedAt),
		"url": url + "/Activities/" + st.sid, "links": object{"workspace": url},
	}
}

// statusParam reads the SID of a status of this workspace.
func (ws *workspace) statusParam(r *request, name string, or *agentStatus) *agentStatus {
	if r.text(name) == "" {
		return or
	}
	st, found := ws.statuses.get(r.text(name))
	if !found {
		r.fail(invalid("%s '%s' is not an activity of workspace %s", name, r.text(name), ws.sid))
		return or
	}
	return st
}

func trueFalse(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
