package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAuthentication(t *testing.T) {
	w := newWorld(t, Options{})
	for name, set := range map[string]func(*http.Request){
		"none":    func(*http.Request) {},
		"account": func(r *http.Request) { r.SetBasicAuth("AC99999999999999999999999999999999", DefaultAuthToken) },
		"token":   func(r *http.Request) { r.SetBasicAuth(DefaultAccountSID, "x") },
	} {
		r, _ := http.NewRequestWithContext(t.Context(), "GET", "https://taskrouter.twilio.com/v1/Workspaces", nil)
		set(r)
		res, err := w.sim.Transport().RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		var body map[string]any
		if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
			t.Fatal(err)
		}
		equals(t, name, res.StatusCode, 401)
		equals(t, name, body["code"].(float64), 20003)
	}
}

func TestErrorBody(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.refused(w.get("/v1/Workspaces/WS00000000000000000000000000000000"), 404, 20404)
	equals(t, "message", a.text("message"), "The requested resource /Workspaces/WS00000000000000000000000000000000 was not found")
	equals(t, "more_info", a.text("more_info"), "https://www.twilio.com/docs/errors/20404")
	equals(t, "status", a.body["status"].(float64), 404)
	w.refused(w.get("/v1/Workspaces/x/Skills"), 404, 20404)
	w.refused(w.remove("/v1/Workspaces"), 405, 20004)
	w.refused(w.get("/2010-04-01/Accounts/{AC}/Calls"), 404, 20404) // XML is not simulated
	w.refused(w.get("/v1/Workspaces", "PageSize", "1001"), 400, 20007)
}

func TestFaults(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	var next Fault
	var asked []string
	w.sim.SetHooks(Hooks{OnRequest: func(route string, form url.Values) Fault {
		asked = append(asked, route+" "+form.Get("Priority"))
		f := next
		next = Fault{}
		return f
	}})
	create := func(f Fault) answer {
		next = f
		return w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "Priority", "3")
	}
	tasks := func() int { return len(w.get(w.v1("/Tasks")).rows("tasks")) }
	w.refused(create(Fault{Status: 429}), 429, 20429)
	w.refused(create(Fault{Status: 503}), 503, 20503)
	equals(t, "tasks after refusals", tasks(), 0)
	w.refused(create(Fault{Status: 500, AfterEffect: true}), 500, 20500)
	equals(t, "tasks after an effect", tasks(), 1)
	if a := create(Fault{LoseReply: true}); !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("lost before: got %v", a.err)
	}
	equals(t, "tasks after a request lost before its effect", tasks(), 1)
	if a := create(Fault{LoseReply: true, AfterEffect: true}); !errors.Is(a.err, io.ErrUnexpectedEOF) {
		t.Errorf("lost after: got %v", a.err)
	}
	equals(t, "tasks after a reply lost after its effect", tasks(), 2)
	a := create(Fault{Status: 503, HTML: true})
	equals(t, "status", a.status, 503)
	equals(t, "type", a.header.Get("Content-Type"), "text/html")

	equals(t, "route as the hook sees it", asked[0], "POST /v1/Workspaces/{WS}/Tasks 3")
	requests := w.sim.Requests()
	i := slices.IndexFunc(requests, func(r Request) bool { return r.Status == 0 })
	equals(t, "lost before its effect", requests[i].Effect, false)
	equals(t, "route", requests[i].Route, "POST /v1/Workspaces/{WS}/Tasks")
	equals(t, "summary", requests[i].Summary, w.ws+" Priority=3 WorkflowSid="+w.routing)
}

func TestSummariesNameNobody(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newAgent("Anna Smith", `{"phone":"+447700900123"}`)
	w.dial("offer", stays)
	w.must(w.get("/2010-04-01/Accounts/{AC}/Calls.json", "To", stays))
	for _, r := range w.sim.Requests() {
		if strings.Contains(r.Summary, "4477009") || strings.Contains(r.Summary, "Anna") {
			t.Errorf("personal data in %q", r.Summary)
		}
	}
}

func TestTransportHonoursTheContext(t *testing.T) {
	w := newWorld(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r, _ := http.NewRequestWithContext(ctx, "POST", "https://taskrouter.twilio.com/v1/Workspaces", strings.NewReader("FriendlyName=x"))
	r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
	if _, err := w.sim.Transport().RoundTrip(r); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	equals(t, "nothing happened", len(w.get("/v1/Workspaces").rows("workspaces")), 0)
}

func TestWebhookFaults(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetHooks(Hooks{OnWebhook: func(kind string, form url.Values) WebhookFault {
		switch {
		case kind != KindCall:
			return WebhookFault{}
		case form.Get("CallStatus") == "ringing":
			return WebhookFault{Drop: true}
		case form.Get("CallStatus") == "initiated":
			return WebhookFault{Delay: 5 * time.Second}
		}
		return WebhookFault{Copies: 1}
	}})
	w.dial("offer", stays)
	w.advance(10 * time.Second)
	same(t, "lost, late and twice", w.values("/call", "CallStatus"), []string{"in-progress", "in-progress", "initiated"})
	same(t, "as numbered", w.values("/call", "SequenceNumber"), []string{"2", "2", "0"})
}

func TestWebhooksOff(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace().speaking()
	w.advance(0)
	w.hooks = nil
	w.sim.SetWebhooks(false)
	w.newAgent("anna", `{}`)
	task := w.newTask()
	w.dial("offer", stays)
	w.advance(30 * time.Second)
	for _, h := range w.hooks {
		if !strings.HasSuffix(h.url, "/wait") {
			t.Errorf("a webhook left: %s", h.url)
		}
	}
	equals(t, "TwiML fetches", len(w.received("/wait")), 1)
	same(t, "the offer waits for an answer", w.offers(task), []string{"anna pending"})
	w.sim.SetWebhooks(true)
	w.newTask()
	w.advance(0)
	if len(w.received("/events")) == 0 {
		t.Error("no webhooks after they were switched on again")
	}
}

func TestWebhookLatency(t *testing.T) {
	w := newWorld(t, Options{WebhookLatency: 300 * time.Millisecond}).speaking()
	w.dial("offer", stays, "StatusCallbackEvent", "initiated")
	w.advance(299 * time.Millisecond)
	equals(t, "too early", len(w.hooks), 0)
	w.advance(time.Millisecond)
	equals(t, "in time", len(w.hooks), 1)
}

func TestConnectionOverrides(t *testing.T) {
	for fragment, c := range map[string]struct {
		status, attempts int
	}{
		"":                {500, 1}, // status callbacks are not retried on HTTP errors
		"#rc=2":           {500, 1},
		"#rc=2&rp=5xx":    {500, 3},
		"#rc=2&rp=4xx":    {500, 1},
		"#rc=3&rp=all":    {404, 4},
		"#rc=9&rp=all":    {500, 2}, // out of range: the default of one
		"#rp=all,ct":      {0, 2},
		"#rc=0&rp=all":    {0, 1},
		"#rc=5&rp=rt,4xx": {0, 6},
	} {
		w := newWorld(t, Options{})
		w.answer = func(h hook) (int, string, string) { return c.status, "", "" }
		w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call"+fragment, "StatusCallbackEvent", "completed")
		w.advance(time.Second)
		hooks := w.received("/call")
		equals(t, "attempts with "+fragment, len(hooks), c.attempts)
		for _, h := range hooks {
			equals(t, "URL", h.url, "https://app.test/call")
			equals(t, "signature", h.header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, "https://app.test/call", h.form))
			equals(t, "token of every attempt", h.header.Get("I-Twilio-Idempotency-Token"), hooks[0].header.Get("I-Twilio-Idempotency-Token"))
		}
	}
}

func TestConnectFailureIsRetriedOnce(t *testing.T) {
	attempts := 0
	clock := newVirtualClock()
	s := New(Options{Clock: clock, Webhooks: roundTripper(func(*http.Request) (*http.Response, error) {
		attempts++
		return nil, &net.OpError{Op: "dial", Err: errors.New("refused")}
	})})
	defer s.Close()
	w := &world{t: t, sim: s, clock: clock}
	w.dial("offer", "+447700900004", "StatusCallbackEvent", "completed")
	clock.Advance(time.Second)
	equals(t, "attempts", attempts, 2)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestGETCallbackCarriesItsParametersInTheURL(t *testing.T) {
	w := newWorld(t, Options{})
	w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call?attempt=1", "StatusCallbackMethod", "GET", "StatusCallbackEvent", "completed")
	w.advance(time.Second)
	h := w.received("/call")[0]
	equals(t, "method", h.method, "GET")
	equals(t, "own parameter", h.form.Get("attempt"), "1")
	equals(t, "status", h.form.Get("CallStatus"), "busy")
	equals(t, "signature", h.header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, h.url, nil))
}

func TestControlSide(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	control := func(method, path, body string) (int, map[string]any) {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8090/simulator/"+path, strings.NewReader(body))
		out := httptest.NewRecorder()
		w.sim.ServeHTTP(out, r)
		var decoded map[string]any
		_ = json.Unmarshal(out.Body.Bytes(), &decoded)
		return out.Code, decoded
	}
	post := func(path, body string) {
		t.Helper()
		if status, _ := control("POST", path, body); status != 204 {
			t.Fatalf("POST %s: got %d, want 204", path, status)
		}
	}
	post("phones", `{"number":"+447700900555","rings":"3s","talks":"1m","lines":1}`)
	post("softphones", `{"identity":"anna","hangs_up_after":"5s"}`)
	room := w.dial("offer", "client:anna").text("conference_sid")
	w.dial(room, "+447700900555")
	w.advance(4 * time.Second)
	_, legs := control("GET", "legs", "")
	equals(t, "legs", len(legs["legs"].([]any)), 2)
	post("hangup", `{"party":"+447700900555"}`)
	_, left := control("GET", "leftovers", "")
	equals(t, "leftovers: a call and its conference", len(left["leftovers"].([]any)), 2)
	_, log := control("GET", "log", "")
	next := log["next"].(float64)
	_, rest := control("GET", "log?since="+jsonNumber(next-2), "")
	equals(t, "log since", len(rest["entries"].([]any)), 2)

	post("faults", `{"route":"GET /v1/Workspaces","status":503,"times":2}`)
	post("faults", `[{"route":"POST /v1/Workspaces","lose_reply":true,"after_effect":true}]`)
	w.refused(w.get("/v1/Workspaces"), 503, 20503)
	w.refused(w.get("/v1/Workspaces"), 503, 20503)
	equals(t, "third", w.get("/v1/Workspaces").status, 200)
	if a := w.post("/v1/Workspaces", "FriendlyName", "x"); a.err == nil {
		t.Error("the reply was not lost")
	}
	equals(t, "after its effect", len(w.get("/v1/Workspaces").rows("workspaces")), 1)
	_, requests := control("GET", "requests", "")
	if len(requests["requests"].([]any)) < 6 {
		t.Errorf("requests: got %v", requests)
	}
	post("webhooks", `{"on":false}`)
	for path, body := range map[string]string{"phones": `{"numbr":"x"}`, "hangup": `{`, "nothing": `{}`} {
		if status, _ := control("POST", path, body); status < 400 {
			t.Errorf("POST %s %s: got %d, want an error", path, body, status)
		}
	}
}

func jsonNumber(f float64) string { b, _ := json.Marshal(f); return string(b) }

// On the wall clock, over sockets: what a separate process would see.
func TestOverSocketsOnTheWallClock(t *testing.T) {
	arrived := make(chan string, 100)
	app := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		if got, want := r.Header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, "http://"+r.Host+r.URL.Path, r.PostForm); got != want {
			t.Errorf("signature: got %s, want %s", got, want)
		}
		arrived <- r.PostForm.Get("CallStatus")
	}))
	defer app.Close()
	s := New(Options{})
	defer s.Close()
	s.SetPhone("+447700900123", Phone{})
	server := httptest.NewServer(s)
	defer server.Close()
	send := func(method, path string, form url.Values) (*http.Response, error) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewBufferString(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
		return http.DefaultClient.Do(r)
	}
	calls := "/2010-04-01/Accounts/" + DefaultAccountSID + "/Calls.json"
	res, err := send("POST", calls, url.Values{"To": {"+447700900123"}, "From": {ourNumber}, "Twiml": {"<Response><Hangup/></Response>"},
		"StatusCallback": {app.URL + "/call"}, "StatusCallbackEvent": {"initiated", "ringing", "answered", "completed"}})
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("create: %v %v", res, err)
	}
	res.Body.Close()
	seen := map[string]bool{}
	for len(seen) < 4 {
		select {
		case status := <-arrived:
			seen[status] = true
		case <-t.Context().Done():
			t.Fatalf("callbacks: got only %v", seen)
		}
	}

	s.SetHooks(Hooks{OnRequest: func(string, url.Values) Fault { return Fault{LoseReply: true} }})
	if res, err := send("POST", calls, url.Values{"To": {"x"}}); err == nil {
		res.Body.Close()
		t.Error("the connection did not break")
	}
}

// Close gives up what is under way and leaves nothing behind.
func TestClose(t *testing.T) {
	entered := make(chan struct{})
	s := New(Options{Webhooks: roundTripper(func(r *http.Request) (*http.Response, error) {
		close(entered)
		<-r.Context().Done() // an application that never answers
		return nil, r.Context().Err()
	})})
	w := &world{t: t, sim: s}
	w.post("/v1/Workspaces", "FriendlyName", "x", "EventCallbackUrl", "https://app.test/events")
	<-entered
	s.Close()
	s.lock()
	equals(t, "timers", len(s.timers), 0)
	s.unlock()
	w.must(w.get("/v1/Workspaces")) // reading is still possible
}
