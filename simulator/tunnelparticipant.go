package simulator

import (
	"net/http"
	"net/url"
)

// participantRequest is what the SDK calls holding the customer, muting oneself, and so on: a request to a participant
// of the conference that the instruction conference made. In a conference made otherwise there is nobody to find.
func (s *Simulator) participantRequest(ws *workspace, means tunnelRoute, vars map[string]string, form url.Values) (route, *request, *apiError) {
	take := func(name string) string {
		value := form.Get(name)
		delete(form, name)
		return value
	}
	res, taskSID := ws.reservations[take("ReservationSid")], take("TaskSid")
	if res != nil {
		taskSID = res.task.sid
	}
	a, _ := ws.agents.get(vars["WK"])
	t, found := ws.tasks.get(taskSID)
	if !found || a == nil || !a.has(taskSID) || res != nil && res.agent != a {
		return route{}, nil, notAllowed("worker %s does not have the task or reservation that %s names", vars["WK"], means.path)
	}
	method, target := http.MethodPost, take("TargetWorkerSid")
	var leg string
	switch means.path {
	case "Workers/{WK}/CustomerParticipant":
		leg = t.customerLeg()
	case "Workers/{WK}/WorkerParticipant":
		leg = t.legOf(a.sid)
		if mute, given := form["Mute"]; given {
			form["Muted"] = mute
			delete(form, "Mute")
		}
	case "Workers/{WK}/KickWorkerParticipant":
		method, leg = http.MethodDelete, t.legOf(target)
	default:
		leg = t.legOf(target)
	}
	if leg == "" {
		return route{}, nil, refuse(http.StatusNotFound, 20404, "The participant of task %s was not found: only those of a conference made by the instruction conference are known", t.sid)
	}
	path := "/2010-04-01/Accounts/" + ws.account.sid + "/Conferences/" + t.sid + "/Participants/" + leg + ".json"
	rest, in, err := s.restRequest(ws.account, method, path, form)
	if err != nil {
		return route{}, nil, err
	}
	carryOut := rest.handle
	rest.handle = func(s *Simulator, r *request) (reply, *apiError) {
		if _, err := carryOut(s, r); err != nil {
			return reply{}, err
		}
		if res != nil {
			return okay(ws.reservationNews(res)), nil
		}
		return okay(ws.taskNews(t)), nil
	}
	return rest, in, nil
}

// legOf is the call of an agent in the task's conference; "": they are not in it.
func (t *task) legOf(agentSID string) string {
	for _, res := range t.reservations {
		if res.agent.sid == agentSID && res.leg != nil && !res.leg.over() {
			return res.leg.sid
		}
	}
	return ""
}

// customerLeg is the call of the one whom the task is about, as the instruction wrote it into the attributes.
func (t *task) customerLeg() string {
	conference, _ := t.attributes["conference"].(map[string]any)
	participants, _ := conference["participants"].(map[string]any)
	sid, _ := participants["customer"].(string)
	return sid
}
