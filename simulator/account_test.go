package simulator

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask sends a GET straight to the handler.
func ask(t *testing.T, s *Simulator, host, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://"+host+path, nil)
	r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestOnePortServesAllHosts(t *testing.T) {
	s := New(Options{Clock: newVirtualClock()})
	defer s.Close()
	const calls = "/2010-04-01/Accounts/" + DefaultAccountSID + "/Calls.json"
	for _, c := range []struct {
		host, path string
		want       int
		base       string // that absolute URLs start with
	}{
		{"taskrouter.twilio.com", "/v1/Workspaces", 200, "https://taskrouter.twilio.com/v1/"},
		{"taskrouter.dublin.ie1.twilio.com", "/v1/Workspaces", 200, "https://taskrouter.dublin.ie1.twilio.com/v1/"},
		{"127.0.0.1:8090", "/taskrouter/v1/Workspaces", 200, "http://127.0.0.1:8090/taskrouter/v1/"},
		{"127.0.0.1:8090", "/v1/Workspaces", 200, "http://127.0.0.1:8090/v1/"},
		{"api.twilio.com", calls, 200, ""},
		{"127.0.0.1:8090", "/api" + calls, 200, ""},
		{"127.0.0.1:8090", calls, 200, ""},
		{"api.twilio.com", "/v1/Workspaces", 404, ""}, // the other host's
		{"taskrouter.twilio.com", calls, 404, ""},
		{"127.0.0.1:8090", "/taskrouter" + calls, 404, ""},
		{"127.0.0.1:8090", "/verify/v1/Workspaces", 404, ""},
		{"monitor.twilio.com", "/v1/Alerts", 200, ""},
		{"127.0.0.1:8090", "/monitor/v1/Alerts", 200, ""},
		{"127.0.0.1:8090", "/v1/Alerts", 200, ""},
		{"taskrouter.twilio.com", "/v1/Alerts", 404, ""},
		{"accounts.twilio.com", "/v1/AuthTokens/Secondary", 404, ""}, // rotation of the token: not simulated
	} {
		w := ask(t, s, c.host, c.path)
		if w.Code != c.want {
			t.Errorf("%s%s: %d, want %d", c.host, c.path, w.Code, c.want)
		}
		if c.base != "" && !strings.Contains(w.Body.String(), `"url":"`+c.base+`Workspaces?`) {
			t.Errorf("%s%s: absolute URLs should start with %s: %s", c.host, c.path, c.base, w.Body)
		}
	}
}

func TestSIDsDoNotDependOnTheOrderOfRequests(t *testing.T) {
	sids := func(names ...string) map[string]string {
		w := newWorld(t, Options{}).withWorkspace()
		found := map[string]string{}
		for _, name := range names {
			found[name] = w.newAgent(name, "{}")
		}
		return found
	}
	here, there := sids("anna", "ben", "cora"), sids("cora", "ben", "anna")
	for name, sid := range here {
		equals(t, name, there[name], sid)
	}
	if here["anna"] == here["ben"] {
		t.Error("two agents share a SID")
	}
	w := newWorld(t, Options{}).withWorkspace()
	first, second := w.newTask(), w.newTask()
	if first == second {
		t.Error("two tasks alike share a SID")
	}
}

func TestCounterForgetsOnlyWhatIsOld(t *testing.T) {
	var c counter
	for want := range uint64(3) {
		equals(t, "count", c.next(7), want)
	}
	for key := range uint64(counterLimit) {
		c.next(key + 100)
	}
	equals(t, "count of a key not long forgotten", c.next(7), 3)
	for key := range uint64(2 * counterLimit) {
		c.next(key + 100 + counterLimit)
	}
	equals(t, "count of a key long forgotten", c.next(7), 0)
}

// A client belongs to an account: the same identity in two accounts is two people.
func TestSoftphonesOfASubaccount(t *testing.T) {
	w := newWorld(t, Options{})
	sub := w.must(w.post("/2010-04-01/Accounts.json", "FriendlyName", "customer")).text("sid")
	path := "/2010-04-01/Accounts/" + sub + "/Calls.json"
	ring := func() string {
		call := w.must(w.post(path, "From", ourNumber, "To", "client:anna", "Twiml", "<Response><Pause/></Response>")).text("sid")
		w.advance(10 * time.Second)
		return w.must(w.get("/2010-04-01/Accounts/" + sub + "/Calls/" + call + ".json")).text("status")
	}
	w.sim.SetSoftphone("anna", Softphone{})
	equals(t, "the other account's anna", ring(), "failed")
	w.sim.SetSoftphone("anna", Softphone{Account: sub})
	equals(t, "its own anna", ring(), "completed")
	defer func() {
		if recover() == nil {
			t.Error("a softphone of no account was registered")
		}
	}()
	w.sim.SetSoftphone("anna", Softphone{Account: "AC1"})
}
