package simulator

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// control asks the simulator's own side.
func (w *world) control(method, path, body string) (int, string) {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1"+path, strings.NewReader(body))
	out := httptest.NewRecorder()
	w.sim.ServeHTTP(out, r)
	return out.Code, strings.TrimSpace(out.Body.String())
}

func TestControlListsItself(t *testing.T) {
	w := newWorld(t, Options{})
	status, index := w.control("GET", "/simulator/api", "")
	equals(t, "status", status, 200)
	manual, err := os.ReadFile("../docs/simulator-control.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range controls() {
		if !strings.Contains(string(manual), c.path) {
			t.Errorf("%s is not in docs/simulator-control.md", c.path)
		}
		if !strings.Contains(index, c.path) || c.what == "" {
			t.Errorf("%s %s is not listed", c.method, c.path)
		}
		if c.method == "GET" && c.path != "/simulator/stream" { // which does not end
			status, body := w.control("GET", c.path, "")
			if status != 200 || body == "" {
				t.Errorf("GET %s: %d %s", c.path, status, body)
			}
		}
	}
}

func TestControlRefuses(t *testing.T) {
	w := newWorld(t, Options{})
	for _, c := range []struct {
		method, path, body string
		status             int
		says               string
	}{
		{"GET", "/simulator/apis", "", 404, "GET /simulator/api lists what there is"},
		{"PUT", "/simulator/phones", "", 405, "/simulator/phones takes POST"},
		{"GET", "/simulator/log?since=x", "", 400, "since=x is not a number"},
		{"POST", "/simulator/phones", `{"nummer":"+447700900001"}`, 400, `unknown field \"nummer\"`},
		{"POST", "/simulator/phones", `{"number":"+447700900001"} {}`, 400, "something follows its end"},
		{"POST", "/simulator/phones", `{}`, 400, "number is missing"},
		{"POST", "/simulator/phones", `{"number":"client:anna"}`, 400, "it at /simulator/softphones"},
		{"POST", "/simulator/phones", `{"number":"+447700900001","rings":"2 seconds"}`, 400, "unknown unit"},
		{"POST", "/simulator/phones", `{"number":"+447700900001","talks":"-2s"}`, 400, "talks must not be negative"},
		{"POST", "/simulator/softphones", `{"identity":"anna","answer":"Never"}`, 400, `answer \"Never\" is none of`},
		{"POST", "/simulator/hangup", `{}`, 400, "party is missing"},
		{"POST", "/simulator/webhooks", `{}`, 400, "on is missing"},
		{"PUT", "/simulator/faults", `{"request":[]}`, 400, `unknown field \"request\"`},
		{"PUT", "/simulator/faults", `{"requests":[{"route":"*","status":503}]}`, 400, "requests[0]: probability 0"},
		{"POST", "/simulator/faults", `[{"status":503},{"state":503}]`, 400, `unknown field \"state\"`},
		{"POST", "/simulator/faults", `{"route":"GET /v1/Nothing","status":503}`, 400, "no route is called"},
		{"DELETE", "/simulator/faults?id=7", "", 400, "there is no rule 7"},
	} {
		status, body := w.control(c.method, c.path, c.body)
		if status != c.status || !strings.HasPrefix(body, `{"error":"`) || !strings.Contains(body, c.says) {
			t.Errorf("%s %s %s: got %d %s, want %d and %q", c.method, c.path, c.body, status, body, c.status, c.says)
		}
	}
}

func TestControlOfFaults(t *testing.T) {
	w := newWorld(t, Options{})
	list := func() int { return w.get("/v1/Workspaces").status }
	does := func(method, path, body string) {
		t.Helper()
		if status, text := w.control(method, path, body); status != 204 {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	does("POST", "/simulator/faults", `{"route":"GET /v1/Workspaces","status":503}`)
	equals(t, "one-shot", list(), 503)
	equals(t, "it is used up", list(), 200)
	does("POST", "/simulator/faults", `[{"status":500,"times":2},{"status":429}]`)
	for _, want := range []int{500, 500, 429, 200} {
		equals(t, "a list, in its order", list(), want)
	}
	const all = `{"seed":7,"requests":[{"route":"GET *","match":{"FriendlyName":"x"},"probability":0.5,"delay":"1s..3s"},{"route":"","probability":1,"status":503}],` +
		`"webhooks":[{"kind":"call.status","probability":0.1,"copies":2}],"parties":[{"party":"client:*","probability":1,"hangs_up_after":"300ms"}]}`
	does("PUT", "/simulator/faults", all)
	equals(t, "by probability", list(), 503)
	_, told := w.control("GET", "/simulator/faults", "")
	if !strings.Contains(told, `"delay":"1s..3s"`) || !strings.Contains(told, `"bitten":1`) {
		t.Errorf("told %s", told)
	}
	does("PUT", "/simulator/faults", told) // what it tells, it understands
	equals(t, "again", w.sim.Faults().Requests[1].Bitten, 0)
	id := w.sim.Faults().Requests[1].ID
	does("DELETE", "/simulator/faults?id="+strconv.Itoa(id), "")
	equals(t, "one taken away", list(), 200)
	does("DELETE", "/simulator/faults", "")
	equals(t, "all taken away", len(w.sim.Faults().Webhooks), 0)
}

func TestControlOfPhones(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	status, _ := w.control("POST", "/simulator/softphones", `{"identity":"anna","rings":"3s"}`)
	equals(t, "status", status, 204)
	w.control("POST", "/simulator/phones", `{"number":"+447700900123","answer":"Busy"}`)
	w.dial("one", "client:anna")
	w.dial("two", "+447700900123")
	w.advance(4 * time.Second)
	same(t, "anna", w.experienced("client:anna")[:3], []string{"Dialled", "Rings", "Answers"})
	same(t, "busy", w.experienced("+447700900123"), []string{"Dialled", "Ended busy"})
	w.control("POST", "/simulator/hangup", `{"party":"client:anna"}`)
	equals(t, "after hanging up", len(w.sim.LiveLegs()), 0)
	_, legs := w.control("GET", "/simulator/legs", "")
	equals(t, "legs", legs, `{"legs":[]}`)
}

func TestControlHangsUpOneLeg(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	first, second := w.dial("one", stays).text("call_sid"), w.dial("two", stays).text("call_sid")
	status, text := w.control("POST", "/simulator/hangup", `{"call_sid":"`+first+`"}`)
	equals(t, "it does not ring yet: "+text, status, 400)
	w.advance(5 * time.Second)
	status, _ = w.control("POST", "/simulator/hangup", `{"call_sid":"`+first+`"}`)
	equals(t, "status", status, 204)
	w.advance(0)
	equals(t, "the one", w.call(first).text("status"), "completed")
	equals(t, "the other of the same party", w.call(second).text("status"), "in-progress")
	status, _ = w.control("POST", "/simulator/hangup", `{"call_sid":"`+first+`"}`)
	equals(t, "twice", status, 400)
}

// Reset takes everything back: what comes then is as in a new simulator, to the last SID.
func TestReset(t *testing.T) {
	w := newWorld(t, Options{Faults: Faults{Requests: []RequestRule{{Route: "DELETE *", Probability: 1, Status: 500}}}})
	story := func() (sids []string) {
		w.withWorkspace().newAgent("anna", `{}`)
		w.speaking()
		sids = append(sids, w.ws, w.queue, w.routing, w.newTask("Attributes", `{"n":1}`))
		return append(sids, w.dial("offer", stays).text("call_sid"))
	}
	first := story()
	w.sim.SetPhone(stays, Phone{Answer: Busy})
	w.sim.SetHooks(Hooks{OnWebhook: nil, OnRequest: nil})
	w.sim.SetWebhooks(false)
	if err := w.sim.SetFaults(Faults{}); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	if status, text := w.control("POST", "/simulator/reset", ""); status != 204 {
		t.Fatal(status, text)
	}
	w.nothingLeft()
	equals(t, "log", len(w.sim.Log()), 0)
	equals(t, "requests", len(w.sim.Requests()), 0)
	equals(t, "what the clock still holds", w.clock.Pending(), 0)
	equals(t, "workspaces", len(w.get("/v1/Workspaces").rows("workspaces")), 0)
	equals(t, "faults of the start", w.remove("/v1/Workspaces/WS00000000000000000000000000000000").status, 500)
	w.hooks = nil
	w.advance(time.Minute)
	equals(t, "webhooks of before", len(w.hooks), 0)
	same(t, "the same SIDs again", story(), first)
	w.advance(5 * time.Second)
	if len(w.received("/call")) == 0 {
		t.Error("webhooks are still off")
	}
	equals(t, "the phone is its old self", w.experienced(stays)[1], "Rings")
}

// A webhook that is out while Reset happens comes to nothing, whatever is answered.
func TestResetAbandonsWhatIsUnderWay(t *testing.T) {
	entered, over := make(chan struct{}), make(chan error)
	s := New(Options{Webhooks: roundTripper(func(r *http.Request) (*http.Response, error) {
		close(entered)
		<-r.Context().Done()
		over <- r.Context().Err()
		return nil, io.ErrUnexpectedEOF
	})})
	w := &world{t: t, sim: s}
	w.post("/v1/Workspaces", "FriendlyName", "x", "EventCallbackUrl", "https://app.test/events")
	<-entered
	if err := s.Reset(); err != nil {
		t.Fatal(err)
	}
	<-over
	s.Close() // waits for it
	equals(t, "log", len(s.Log()), 0)
	if err := s.Reset(); err == nil {
		t.Error("a closed simulator was reset")
	}
}

// The faults of the manual are such as the simulator takes.
func TestFaultsOfTheManual(t *testing.T) {
	manual, err := os.ReadFile("../docs/simulator-control.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(manual), "/simulator/faults -d '")
	faults, _, _ := strings.Cut(rest, "'")
	w := newWorld(t, Options{})
	if status, text := w.control("PUT", "/simulator/faults", faults); status != 204 {
		t.Errorf("%d %s", status, text)
	}
}
