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
	name := r.required("FriendlyName")
	r.limited("FriendlyName", "", 64)
	available := r.boolean("Available", false)
	if r.err != nil {
		return reply{}, r.err
	}
	for st := range ws.statuses.all() {
		if strings.EqualFold(st.friendlyName, name) {
			return reply{}, invalid("Activity with FriendlyName %s already exists", name)
		}
	}
	st := ws.addStatus(name, available)
	ws.emit("activity.created", "Activity "+name+" created", st.fields())
	return created(ws.statusBody(st, r.base)), nil
}

func listStatuses(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var rows []object
	for st := range ws.statuses.all() {
		if r.has("FriendlyName") && r.text("FriendlyName") != st.friendlyName {
			continue
		}
		if r.has("Available") && r.boolean("Available", false) != st.available {
			continue
		}
		rows = append(rows, ws.statusBody(st, r.base))
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
	name := r.limited("FriendlyName", st.friendlyName, 64)
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
	if inUse {
		return reply{}, invalid("Cannot delete activity %s because it is in use", st.sid)
	}
	ws.statuses.remove(st.sid)
	ws.emit("activity.deleted", "Activity "+st.friendlyName+" deleted", st.fields())
	return gone(), nil
}

func (st *agentStatus) fields() fields {
	return fields{"ActivitySid": st.sid, "ActivityName": st.friendlyName, "Available": trueFalse(st.available)}
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
