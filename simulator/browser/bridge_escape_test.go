package browser

import (
	"testing"

	"switchboard/simulator"
)

// Whatever a path looks like, it leads to what the token is for, or nowhere.
func TestPathsThatLeadElsewhere(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	other := g.post("/v1/Workspaces", "FriendlyName", "other")["sid"].(string)
	task := g.offer()
	g.tunnel(g.token(g.anna, "worker"), "POST", "Tasks/"+task, map[string]any{"Attributes": map[string]any{
		"conference": map[string]any{"participants": map[string]any{"customer": "CA1.json/../../../../Calls/CA1"}}}})
	before := g.get("/Workers/" + g.ben)["date_updated"]
	own, own2 := "Workspaces/"+g.ws+"/", "Workers/"+g.anna
	leave := map[string]any{"ActivitySid": g.statuses["Available"], "FriendlyName": "eve"}
	for path, params := range map[string]map[string]any{
		own + own2 + "/../" + g.ben:                             leave,
		own + own2 + "%2F..%2F" + g.ben:                         leave,
		own + own2 + "/../../Workers/" + g.ben:                  leave,
		own + "../" + g.ws + "/Workers/" + g.ben:                leave,
		own + "//Workers/" + g.ben:                              leave,
		own + "Workers/" + g.ben + "?a=" + g.anna:               leave,
		own + "Workers/" + g.ben + "#" + g.anna:                 leave,
		own + "Workers/." + g.ben:                               leave,
		own + "Workers/..":                                      leave,
		own + "Workers/{WR}":                                    leave,
		own + "Tasks/" + task + "%2e%2e":                        {"AssignmentStatus": "canceled"},
		own + "Tasks/../Workers/" + g.ben:                       leave,
		"Workspaces/" + g.ws + "%2F../" + other + "/" + own2:    leave,
		"Workspaces/" + other + "/../" + g.ws + "/" + own2:      leave,
		"Workspaces/" + other:                                   {"FriendlyName": "mine"},
		"../2010-04-01/Accounts/" + simulator.DefaultAccountSID: {"Status": "closed"},
		"https://taskrouter.twilio.com/v1/" + own + own2:        leave,
		own + own2 + "/CustomerParticipant":                     {"TaskSid": task, "Hold": true},
		own + own2 + "/KickWorkerParticipant":                   {"TaskSid": task, "TargetWorkerSid": "../" + g.ben},
		own + "Tasks":                                           {"WorkflowSid": g.routing, "RoutingTarget": []string{g.ben, g.anna}},
		"":                                                      leave,
		"Workspaces/":                                           leave,
	} {
		for _, method := range []string{"GET", "POST", "DELETE", "PATCH"} {
			status, body, err := g.tryTunnel(g.token(g.anna, "worker"), method, path, params)
			if err != nil || status != 403 && status != 404 {
				t.Errorf("%s %s: got %d %v %v, want 403 or 404", method, path, status, body, err)
			}
		}
	}
	equal(t, "ben was last changed", g.get("/Workers/" + g.ben)["date_updated"], before)
	equal(t, "ben's name", g.get("/Workers/" + g.ben)["friendly_name"].(string), "ben")
	equal(t, "the task", g.get("/Tasks/" + task)["assignment_status"].(string), "reserved")
}

// A token is for its own account, whose keys alone can sign it.
func TestATokenSignedByTheKeyOfAnotherAccount(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	sub := g.post("/2010-04-01/Accounts.json", "FriendlyName", "branch")["sid"].(string)
	g.post("/2010-04-01/Accounts/"+sub+"/Keys.json", "FriendlyName", "browser")
	key := g.post("/2010-04-01/Accounts/"+sub+"/Keys.json", "FriendlyName", "browser")
	g.key = [2]string{key["sid"].(string), key["secret"].(string)}
	status, body := g.tunnel(g.token(g.anna, "worker"), "GET", "Workers/"+g.anna, nil)
	equal(t, "a request: "+message(body), status, 401)
	if _, response, err := g.dial(g.token(g.anna, "worker")); err == nil || response.StatusCode != 401 {
		t.Errorf("a socket: got %v, want 401", err)
	}
}
