package simulator

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Tunnelled is a request that a browser makes through TaskRouter's event bridge. It is a REST request with other
// clothes: parameters in JSON, and an access token instead of the account's.
type Tunnelled struct {
	Token        AccessToken
	Method, Path string // GET or POST, Workspaces/WS…/Workers/WK…
	Params       map[string]json.RawMessage
	IfMatch      string // "": whatever the version
}

// What a token's role may do. The names are Twilio's.
const (
	roleWorker     = "worker"
	roleSupervisor = "supervisor"
)

// tunnelRoute is a request of the event bridge; the path begins with Workspaces/{WS}/.
type tunnelRoute struct {
	method, path string
	rest         string // its path in REST, where that is another
	supervisor   bool   // a worker may not
	participant  bool   // means a participant of the task's conference, see tunnelparticipant.go
}

var tunnelRoutes = []tunnelRoute{
	{method: "GET", path: "Activities"},
	{method: "GET", path: "Workers/{WK}"},
	{method: "POST", path: "Workers/{WK}"},
	{method: "GET", path: "Workers/{WK}/WorkerChannels", rest: "Workers/{WK}/Channels"},
	{method: "GET", path: "Workers/{WK}/Reservations"},
	{method: "GET", path: "Workers/{WK}/Reservations/{WR}"},
	{method: "POST", path: "Workers/{WK}/Reservations/{WR}"},
	{method: "POST", path: "Workers/{WK}/WorkerParticipant", participant: true},
	{method: "POST", path: "Workers/{WK}/CustomerParticipant", participant: true},
	{method: "POST", path: "Workers/{WK}/HoldWorkerParticipant", participant: true},
	{method: "POST", path: "Workers/{WK}/KickWorkerParticipant", participant: true},
	{method: "POST", path: "Tasks"},
	{method: "GET", path: "Tasks/{WT}"},
	{method: "POST", path: "Tasks/{WT}"},

	{method: "GET", path: "Workers", supervisor: true},
	{method: "GET", path: "TaskQueues", supervisor: true},
	{method: "GET", path: "TaskQueues/{WQ}", supervisor: true},
	{method: "GET", path: "Tasks", supervisor: true},
	{method: "GET", path: "Tasks/{WT}/Reservations/{WR}", supervisor: true},
	{method: "POST", path: "Tasks/{WT}/Reservations/{WR}", supervisor: true},
}

// tunnelNames are parameters that have another name in REST.
var tunnelNames = map[string]string{"TaskChannelUniqueName": "TaskChannel", "TaskChannelSid": "TaskChannel"}

// Tunnel carries out a browser's request, by the code that serves REST, with the same faults and into the same
// journal. The answer is that of REST, and shows what only browsers are shown. Status 0: a fault wants the reply lost.
func (s *Simulator) Tunnel(t Tunnelled) (status int, body map[string]any) {
	s.concurrent.Add(1)
	defer s.concurrent.Add(-1)
	found, in, err := s.tunnelRequest(t)
	if err != nil {
		s.record(Request{Method: t.Method, Status: err.status})
		return err.status, err.body()
	}
	res, err, fault := s.serve(found, in)
	s.wait(fault.SlowBody)
	switch {
	case fault.LoseReply:
		return 0, nil
	case fault.Status != 0:
		return fault.Status, faultError(fault.Status).body()
	case err != nil:
		return err.status, err.body()
	}
	body, _ = res.body.(object)
	return res.status, body
}

// tunnelRequest is the REST request that a browser's means, if its token allows it.
func (s *Simulator) tunnelRequest(t Tunnelled) (route, *request, *apiError) {
	means, vars, err := t.route()
	if err != nil {
		return route{}, nil, err
	}
	form, err := t.form()
	if err != nil {
		return route{}, nil, err
	}
	s.lock()
	defer s.unlock()
	ws, a, granted := s.agentOf(t.Token)
	if granted != nil {
		return route{}, nil, notAllowed("%s", granted.Error())
	}
	if err := ws.mayTunnel(t.Token.Role, a, means, vars, form); err != nil {
		return route{}, nil, err
	}
	if means.participant {
		return s.participantRequest(ws, means, vars, form)
	}
	found, in, err := s.restRequest(ws.account, t.Method, "/v1/Workspaces/"+ws.sid+"/"+means.restPath(vars), form)
	if err != nil {
		return route{}, nil, err
	}
	if t.IfMatch != "" {
		in.http.Header.Set(ifMatch, t.IfMatch)
	}
	if means.path == "Workers/{WK}/Reservations" {
		if in.yes("Active") {
			found.handle = inWorkspace(listLiveReservations)
		}
		delete(form, "Active") // REST does not know it
	}
	carryOut := found.handle
	found.handle = func(s *Simulator, r *request) (reply, *apiError) {
		res, err := carryOut(s, r)
		if err == nil {
			res.body = ws.shownInBrowser(res.body)
		}
		return res, err
	}
	return found, in, nil
}

// restRequest is a request of the account as if it had come over HTTP.
func (s *Simulator) restRequest(a *account, method, path string, form url.Values) (route, *request, *apiError) {
	address := &url.URL{Path: path}
	if method == http.MethodGet {
		address.RawQuery = form.Encode()
	}
	r := &http.Request{Method: method, URL: address, Header: http.Header{}}
	where := location{path: path, escaped: address.EscapedPath()}
	found, vars, err := s.find(method, where)
	if err != nil {
		return route{}, nil, err
	}
	return found, &request{params: params{form: form}, http: r, account: a, signedIn: a, vars: vars, location: where, path: where.resource()}, nil
}

// route takes the path apart. It must be in the workspace of the token.
func (t Tunnelled) route() (tunnelRoute, map[string]string, *apiError) {
	workspace, rest, _ := strings.Cut(strings.TrimPrefix(strings.Trim(t.Path, "/"), "Workspaces/"), "/")
	if workspace != t.Token.WorkspaceSID {
		return tunnelRoute{}, nil, notAllowed("the token is for workspace %s, not for %s", t.Token.WorkspaceSID, workspace)
	}
	segments := strings.Split(rest, "/")
	for _, candidate := range tunnelRoutes {
		pattern := route{segments: strings.Split(candidate.path, "/")}
		if vars, matches := pattern.match(segments); matches && candidate.method == t.Method {
			return candidate, vars, nil
		}
	}
	if slices.Contains(segments, "Transfers") {
		return tunnelRoute{}, nil, refuse(http.StatusNotImplemented, 20001, "Transfers of tasks are not simulated")
	}
	return tunnelRoute{}, nil, refuse(http.StatusNotFound, 20404, "%s %s was not found: the event bridge has no such request, or it is not simulated", t.Method, t.Path)
}

func (r tunnelRoute) restPath(vars map[string]string) string {
	path := r.rest
	if path == "" {
		path = r.path
	}
	for name, value := range vars {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	return path
}

// form turns the parameters into those of a form: an object, which only Attributes are, into its text; null is not given.
func (t Tunnelled) form() (url.Values, *apiError) {
	form := url.Values{}
	for name, raw := range t.Params {
		if rest, other := tunnelNames[name]; other {
			name = rest
		}
		if raw = bytes.TrimSpace(raw); bytes.HasPrefix(raw, []byte("{")) || name == "Attributes" && bytes.HasPrefix(raw, []byte("[")) {
			form.Set(name, string(raw))
			continue
		}
		var value any
		if err := json.Unmarshal(raw, &value); err != nil {
			return nil, invalid("%s is not valid JSON", name)
		}
		if values := plainValues(value); values != nil {
			form[name] = values
		}
	}
	for _, after := range []string{"AfterSid", "NextToken"} {
		if sid := form.Get(after); sid != "" {
			form.Set("PageToken", "PA"+base64.RawURLEncoding.EncodeToString([]byte("0:"+sid+":"))) // see startOf
		}
		delete(form, after)
	}
	return form, nil
}

func notAllowed(format string, args ...any) *apiError {
	return refuse(http.StatusForbidden, 20003, "Authentication Error - %s", fmt.Sprintf(format, args...))
}

// mayTunnel: a worker may see and change themselves, the offers made to them and the tasks they have; a supervisor
// everybody's.
func (ws *workspace) mayTunnel(role string, a *agent, means tunnelRoute, vars map[string]string, form url.Values) *apiError {
	if role == roleSupervisor {
		return nil
	}
	if means.supervisor {
		return notAllowed("only a supervisor may %s %s", means.method, means.path)
	}
	if sid := vars["WK"]; sid != "" && sid != a.sid {
		return notAllowed("the token is for worker %s, not for %s", a.sid, sid)
	}
	if means.path == "Tasks" && form.Get("RoutingTarget") != a.sid {
		return notAllowed("a worker may only create tasks with themselves as RoutingTarget")
	}
	if sid := vars["WT"]; sid != "" && !a.has(sid) {
		return notAllowed("worker %s does not have task %s", a.sid, sid)
	}
	return nil
}

// has reports whether the agent has a task, or is offered it, or had it until it ended.
func (a *agent) has(taskSID string) bool {
	return slices.ContainsFunc(a.reservations, func(res *reservation) bool {
		gaveUp := slices.Contains([]string{reservationRejected, reservationTimeout, reservationRescinded}, res.status)
		return res.task.sid == taskSID && !gaveUp
	})
}

// listLiveReservations is the list with Active=true.
func listLiveReservations(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	a, found := ws.agents.get(r.vars["WK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	var rows listing
	for _, res := range a.live {
		rows.add(res.sid, func() object { return ws.reservationBody(res, r) })
	}
	return s.list(r, "reservations", rows)
}

// shownInBrowser is a resource, or a list of them, with what only browsers are shown.
func (ws *workspace) shownInBrowser(body any) any {
	shown, _ := body.(object)
	for key, value := range shown {
		if rows, isList := value.([]object); isList {
			for i, row := range rows {
				rows[i] = ws.news(row)
			}
			shown[key] = rows
			return shown
		}
	}
	return ws.news(shown)
}
