package browser

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"switchboard/simulator"
)

func TestWhatTheSDKAsksForAtTheStart(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{Uncertain: simulator.Uncertain{ListsOmitAttributes: true}})
	token := g.token(g.anna, "worker")
	task := g.offer("Attributes", `{"name":"Ann"}`)
	get := func(path string, params map[string]any) map[string]any {
		t.Helper()
		status, body := g.tunnel(token, "GET", path, params)
		equal(t, path, status, 200)
		return body
	}
	own := "Workers/" + g.anna
	worker := get(own, nil)
	complete(t, "worker", worker, agentNames)
	equal(t, "attributes", worker["attributes"].(string), `{"contact_uri":"client:anna"}`)
	page := map[string]any{"PageSize": 1000}
	for path, names := range map[string]string{"Activities": statusNames, own + "/WorkerChannels": channelNames, own + "/Reservations": reservationNames} {
		list := get(path, page)
		if after, there := list["after_sid"]; !there || after != nil {
			t.Errorf("%s: after_sid is %v, want null", path, after)
		}
		if len(rows(list)) == 0 {
			t.Errorf("%s: no contents: %v", path, list)
		}
		for _, row := range rows(list) {
			complete(t, path, row, names)
		}
	}
	reservations := rows(get(own+"/Reservations", map[string]any{"Active": "true", "PageSize": 1000}))
	about := reservations[0]["task"].(map[string]any)
	complete(t, "task", about, taskNames)
	equal(t, "task", about["sid"].(string), task)
	equal(t, "attributes, whatever lists omit", about["attributes"].(string), `{"name":"Ann"}`)
	for _, channel := range rows(get(own+"/WorkerChannels", page)) {
		if channel["task_channel_unique_name"] == "voice" {
			equal(t, "last_reserved_time", channel["last_reserved_time"].(float64), float64(g.clock.Now().Unix()*1000))
		}
	}
}

func TestOnlyActiveReservations(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token, path := g.token(g.anna, "worker"), "Workers/"+g.anna+"/Reservations"
	g.offer()
	_, list := g.tunnel(token, "GET", path, map[string]any{"Active": "true"})
	sid := rows(list)[0]["sid"].(string)
	g.tunnel(token, "POST", path+"/"+sid, map[string]any{"ReservationStatus": "rejected", "WorkerActivitySid": g.statuses["Offline"]})
	_, list = g.tunnel(token, "GET", path, map[string]any{"Active": "true"})
	equal(t, "active", len(rows(list)), 0)
	_, list = g.tunnel(token, "GET", path, nil)
	equal(t, "all", len(rows(list)), 1)
}

func TestPagesFollowEachOther(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	var names []string
	params := map[string]any{"PageSize": 2}
	for range 2 {
		_, list := g.tunnel(g.token(g.anna, "worker"), "GET", "Activities", params)
		for _, row := range rows(list) {
			names = append(names, row["friendly_name"].(string))
		}
		params["AfterSid"] = list["after_sid"]
	}
	equal(t, "names", strings.Join(names, " "), "Offline Available Unavailable")
	equal(t, "after the last", params["AfterSid"], nil)
}

func TestLifeOfAReservationThroughTheTunnel(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token := g.token(g.anna, "worker")
	page := g.connect(token)
	task := g.offer()
	path := "Workers/" + g.anna + "/Reservations/" + page.expect("reservation.created").Payload["sid"].(string)
	for _, step := range []struct{ status, assignment, event string }{
		{"accepted", "assigned", "reservation.accepted"}, {"wrapping", "wrapping", "task.wrapup"}, {"completed", "completed", "reservation.wrapup"},
	} {
		status, body := g.tunnel(token, "POST", path, map[string]any{"ReservationStatus": step.status})
		equal(t, step.status, status, 200)
		complete(t, step.status, body, reservationNames)
		equal(t, "status", body["reservation_status"].(string), step.status)
		equal(t, "task", body["task"].(map[string]any)["assignment_status"].(string), step.assignment)
		page.expect(step.event)
	}
	status, body := g.tunnel(token, "GET", "Tasks/"+task, nil)
	equal(t, "its task, ended", status, 200)
	complete(t, "task", body, taskNames)
	status, body = g.tunnel(token, "POST", path, map[string]any{"ReservationStatus": "accepted"})
	equal(t, "accepting what is over", status, 400)
	if message, _ := body["message"].(string); !strings.Contains(message, "completed") {
		t.Errorf("message %q, want Twilio's words", message)
	}
}

func TestParametersInJSON(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token := g.token(g.anna, "worker")
	attributes := map[string]any{"big": 1234567890123456789, "nested": map[string]any{"a": []int{1, 2}}}
	status, body := g.tunnel(token, "POST", "Workers/"+g.anna, map[string]any{"Attributes": attributes, "ActivitySid": g.statuses["Offline"], "RejectPendingReservations": true})
	equal(t, "status", status, 200)
	equal(t, "attributes", body["attributes"].(string), `{"big":1234567890123456789,"nested":{"a":[1,2]}}`)
	equal(t, "activity", body["activity_name"].(string), "Offline")
	status, body = g.tunnel(token, "POST", "Workers/"+g.anna, map[string]any{"FriendlyNam": "x"})
	equal(t, "a misspelled parameter", status, 400)
	if message, _ := body["message"].(string); !strings.Contains(message, "FriendlyNam") {
		t.Errorf("message %q does not name the parameter", message)
	}
}

func TestVersions(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token, path := g.token(g.anna, "worker"), "Workers/"+g.anna
	version := func() string {
		_, body := g.tunnel(token, "GET", path, nil)
		return string(rune('0' + int(body["version"].(float64))))
	}
	before := version()
	status, _ := g.tunnel(token, "POST", path, map[string]any{"Attributes": map[string]any{"a": 1}}, "If-Match", before)
	equal(t, "with the version", status, 200)
	status, _ = g.tunnel(token, "POST", path, map[string]any{"Attributes": map[string]any{"a": 2}}, "If-Match", before)
	equal(t, "with an older version", status, 412)
	before = version()
	g.offer() // the SDK counts one on for an offer, which no event of the worker tells of
	equal(t, "version after an offer", version(), string(rune(before[0]+1)))
}

func TestWhatATokenAllows(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	g.post(g.v1("/Workers/"+g.anna), "ActivitySid", g.statuses["Offline"])
	g.post(g.v1("/Workers/"+g.ben), "ActivitySid", g.statuses["Available"])
	task := g.offer() // ben's
	ben := g.token(g.ben, "worker")
	_, list := g.tunnel(ben, "GET", "Workers/"+g.ben+"/Reservations", nil)
	offer := rows(list)[0]["sid"].(string)
	worker, supervisor := g.token(g.anna, "worker"), g.token(g.anna, "supervisor")
	for name, c := range map[string]struct {
		method, path string
		params       map[string]any
		worker       int // what anna gets as a worker
		supervisor   int
	}{
		"oneself":                {"GET", "Workers/" + g.anna, nil, 200, 200},
		"another worker":         {"GET", "Workers/" + g.ben, nil, 403, 200},
		"another's activity":     {"POST", "Workers/" + g.ben, map[string]any{"ActivitySid": g.statuses["Available"]}, 403, 200},
		"another's reservations": {"GET", "Workers/" + g.ben + "/Reservations", nil, 403, 200},
		"another's, as one's":    {"GET", "Workers/" + g.anna + "/Reservations/" + offer, nil, 404, 404},
		"a task of another":      {"GET", "Tasks/" + task, nil, 403, 200},
		"all workers":            {"GET", "Workers", nil, 403, 200},
		"all queues":             {"GET", "TaskQueues", nil, 403, 200},
		"all tasks":              {"GET", "Tasks", nil, 403, 200},
		"a task's reservation":   {"GET", "Tasks/" + task + "/Reservations/" + offer, nil, 403, 200},
		"supervising":            {"POST", "Tasks/" + task + "/Reservations/" + offer, map[string]any{"Instruction": "supervise"}, 403, 400},
		"the workspace":          {"GET", "", nil, 404, 404},
		"a new worker":           {"POST", "Workers", map[string]any{"FriendlyName": "eve"}, 404, 404},
		"deleting":               {"DELETE", "Workers/" + g.ben, nil, 404, 404},
		"a task for another":     {"POST", "Tasks", map[string]any{"WorkflowSid": g.routing, "RoutingTarget": g.ben}, 403, 200},
		"transfers":              {"POST", "Workers/" + g.anna + "/Transfers", nil, 501, 501},
		"another's participant":  {"POST", "Workers/" + g.anna + "/WorkerParticipant", map[string]any{"ReservationSid": offer}, 403, 403},
	} {
		status, body := g.tunnel(worker, c.method, c.path, c.params)
		equal(t, name+", worker: "+message(body), status, c.worker)
		if status > 299 && message(body) == "" {
			t.Errorf("%s: no message: %v", name, body)
		}
		status, body = g.tunnel(supervisor, c.method, c.path, c.params)
		equal(t, name+", supervisor: "+message(body), status, c.supervisor)
	}
	other := g.post("/v1/Workspaces", "FriendlyName", "other")["sid"].(string)
	status, _, err := g.tryTunnel(worker, "GET", "Workspaces/"+other+"/Activities", nil)
	if err != nil || status != 403 {
		t.Errorf("another workspace: %d %v, want 403", status, err)
	}
	status, body, _ := g.tryTunnel(g.token(g.anna, "worker", g.clock.Now().Add(-time.Minute)), "GET", "Workspaces/"+g.ws+"/Activities", nil)
	equal(t, "an expired token: "+message(body), status, 401)
	for _, row := range slices.Concat(listed(g, supervisor, "Workers", agentNames), listed(g, supervisor, "TaskQueues", queueNames)) {
		equal(t, "workspace", row["workspace_sid"].(string), g.ws)
	}
}

func listed(g *bridgeRig, token, path, names string) []map[string]any {
	g.t.Helper()
	_, list := g.tunnel(token, "GET", path, nil)
	for _, row := range rows(list) {
		complete(g.t, path, row, names)
	}
	return rows(list)
}

func message(body map[string]any) string {
	text, _ := body["message"].(string)
	return text
}

func TestTaskOfATokenThatGaveItUp(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token := g.token(g.anna, "worker")
	task := g.offer()
	_, list := g.tunnel(token, "GET", "Workers/"+g.anna+"/Reservations", nil)
	status, _ := g.tunnel(token, "GET", "Tasks/"+task, nil)
	equal(t, "offered", status, 200)
	g.tunnel(token, "POST", "Workers/"+g.anna+"/Reservations/"+rows(list)[0]["sid"].(string),
		map[string]any{"ReservationStatus": "rejected", "WorkerActivitySid": g.statuses["Offline"]})
	status, _ = g.tunnel(token, "POST", "Tasks/"+task, map[string]any{"AssignmentStatus": "canceled", "Reason": "mine no more"})
	equal(t, "given up", status, 403)
}

func TestConferenceOfAnInstruction(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	g.sim.SetPhone("+447700900002", simulator.Phone{})
	g.sim.SetSoftphone("anna", simulator.Softphone{})
	token := g.token(g.anna, "worker")
	page := g.connect(token)
	status, made := g.tunnel(token, "POST", "Tasks", map[string]any{
		"WorkflowSid": g.routing, "RoutingTarget": g.anna, "TaskChannelUniqueName": "voice",
		"Attributes": map[string]any{"outbound_to": "+447700900002", "from": "+442079460001"},
	})
	equal(t, "createTask: "+message(made), status, 200)
	g.clock.Advance(0)
	offer := page.expect("reservation.created").Payload["sid"].(string)
	status, body := g.tunnel(token, "POST", "Workers/"+g.anna+"/Reservations/"+offer, map[string]any{"Instruction": "conference", "From": "+442079460001", "EndConferenceOnExit": true})
	equal(t, "conference: "+message(body), status, 200)
	equal(t, "until they answer", body["reservation_status"].(string), "pending")
	g.clock.Advance(time.Minute)
	page.expect("reservation.accepted", "task.updated")

	own := "Workers/" + g.anna
	status, body = g.tunnel(token, "POST", own+"/CustomerParticipant", map[string]any{"TaskSid": made["sid"], "Hold": true})
	equal(t, "hold: "+message(body), status, 200)
	complete(t, "task", body, taskNames)
	equal(t, "the customer is on hold", g.participant("+447700900002")["hold"].(bool), true)
	status, body = g.tunnel(token, "POST", own+"/WorkerParticipant", map[string]any{"ReservationSid": offer, "Mute": true})
	equal(t, "mute: "+message(body), status, 200)
	complete(t, "reservation", body, reservationNames)
	equal(t, "the worker is muted", g.participant("client:anna")["muted"].(bool), true)
	status, body = g.tunnel(token, "POST", own+"/HoldWorkerParticipant", map[string]any{"TaskSid": made["sid"], "TargetWorkerSid": g.anna, "Hold": true})
	equal(t, "hold of a worker: "+message(body), status, 200)
	equal(t, "the worker is on hold", g.participant("client:anna")["hold"].(bool), true)
	status, body = g.tunnel(token, "POST", own+"/KickWorkerParticipant", map[string]any{"TaskSid": made["sid"], "TargetWorkerSid": g.anna})
	equal(t, "kick: "+message(body), status, 200)
	page.expect("task.wrapup", "reservation.wrapup")
	status, _ = g.tunnel(token, "POST", own+"/WorkerParticipant", map[string]any{"ReservationSid": offer, "Mute": true})
	equal(t, "mute afterwards", status, 404)
}

// participant is who has that address in the only conference.
func (g *bridgeRig) participant(address string) map[string]any {
	g.t.Helper()
	account := "/2010-04-01/Accounts/" + simulator.DefaultAccountSID
	room := g.ask("GET", account+"/Conferences.json", nil)["conferences"].([]any)[0].(map[string]any)["sid"].(string)
	for _, row := range g.ask("GET", account+"/Conferences/"+room+"/Participants.json", nil)["participants"].([]any) {
		p := row.(map[string]any)
		if g.ask("GET", account+"/Calls/"+p["call_sid"].(string)+".json", nil)["to"] == address {
			return p
		}
	}
	g.t.Fatalf("%s is in no conference", address)
	return nil
}

func TestTunnelMeetsFaultsAndIsJournalled(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	token := g.token(g.anna, "worker")
	if err := g.sim.SetFaults(simulator.Faults{Requests: []simulator.RequestRule{
		{Route: "POST /v1/Workspaces/{WS}/Workers/{WK}", Probability: 1, Times: 1, Status: 503},
		{Route: "GET /v1/Workspaces/{WS}/Activities", Probability: 1, Times: 1, LoseReply: true},
	}}); err != nil {
		t.Fatal(err)
	}
	status, body := g.tunnel(token, "POST", "Workers/"+g.anna, map[string]any{"ActivitySid": g.statuses["Offline"]})
	equal(t, "fault: "+message(body), status, 503)
	equal(t, "no effect", g.get("/Workers/" + g.anna)["activity_name"].(string), "Available")
	if _, _, err := g.tryTunnel(token, "GET", "Workspaces/"+g.ws+"/Activities", nil); err == nil {
		t.Error("a lost reply has come")
	}
	status, _ = g.tunnel(token, "POST", "Workers/"+g.anna, map[string]any{"ActivitySid": g.statuses["Offline"]})
	equal(t, "again", status, 200)
	seen := map[int]int{}
	for _, r := range g.sim.Requests() {
		if r.Route == "POST /v1/Workspaces/{WS}/Workers/{WK}" {
			seen[r.Status]++
		}
	}
	if !maps.Equal(seen, map[int]int{503: 1, 200: 1}) {
		t.Errorf("the journal has %v", seen)
	}
}

func TestPagesOfOtherOriginsMayAsk(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	r, err := http.NewRequestWithContext(t.Context(), "OPTIONS", g.server.URL+"/v1/wschannels", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Access-Control-Request-Headers", "apiversion,clientversion,if-match")
	response, err := g.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	equal(t, "status", response.StatusCode, 204)
	equal(t, "origin", response.Header.Get("Access-Control-Allow-Origin"), "*")
	for _, name := range []string{"apiversion", "clientversion", "if-match", "content-type"} {
		if !strings.Contains(response.Header.Get("Access-Control-Allow-Headers"), name) {
			t.Errorf("header %s is not allowed", name)
		}
	}
}

func TestNonsenseIsRefused(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	for _, c := range []struct {
		method, body string
		status       int
	}{{"POST", "ReservationStatus=accepted", 400}, {"POST", `{"url":7}`, 400}, {"POST", `{}`, 401}, {"PUT", `{}`, 405}, {"GET", ``, 401}} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, g.server.URL+"/v1/wschannels", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		response, err := g.server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		equal(t, c.method+" "+c.body, response.StatusCode, c.status)
	}
	status, body := g.tunnel(g.token(g.anna, "worker"), "POST", "Workers/"+g.anna, map[string]any{"Attributes": []string{}})
	equal(t, "attributes that are no object: "+message(body), status, 400)
}

func TestTheServerHasTheBridge(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	server, err := New(g.sim, Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := httptest.NewServer(server)
	defer all.Close()
	g.server = all
	page := g.connect(g.token(g.anna, "worker"))
	closed := make(chan error, 1)
	go func() { closed <- server.Close() }()
	equal(t, "close code", page.closed(), websocket.StatusGoingAway)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
