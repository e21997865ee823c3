package desktop

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/provision"
	"switchboard/simulator"
)

const (
	testURL  = "https://calls.example.test"
	testCall = sb.CallID("call/claims/42%2Fb")

	// Nobody's, and never to be seen in a log.
	callerName = "Zoë Bloggs"
	testNote   = "wants the claim paid out to her sister"
)

var (
	testKey      = []byte("a key of the tests that is long enough")
	testStatuses = Statuses{Choosable: []string{"Available", "On a break", "Gone Home"}, Lost: "Softphone lost", Missed: "Missed call"}
	errDown      = errors.New("temporal is down")
)

// fakeCalls answers with what the test says, and records the updates.
type fakeCalls struct {
	mu       sync.Mutex
	state    sb.State
	timeline []sb.TimelineEntry
	err      error // of queries
	refused  error // of updates
	updates  []updated
}

type updated struct {
	Call sb.CallID
	Name string
	Arg  any
}

func (f *fakeCalls) State(context.Context, sb.CallID) (sb.State, error) { return f.state, f.err }

func (f *fakeCalls) Timeline(context.Context, sb.CallID) ([]sb.TimelineEntry, error) {
	return f.timeline, f.err
}

func (f *fakeCalls) Update(_ context.Context, id sb.CallID, name string, arg any) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.updates = append(f.updates, updated{id, name, arg})
	return f.refused
}

// rig is a server on a simulated account with the agents anna and bob.
type rig struct {
	*Server
	t         testing.TB
	sim       *simulator.Simulator
	workspace provision.Workspace
	twilio    *activities.Twilio
	calls     *fakeCalls
	log       *bytes.Buffer // everything from debug up
}

func newRig(t testing.TB, change func(*Config)) *rig {
	t.Helper()
	sim := simulator.New(simulator.Options{Webhooks: http.DefaultTransport})
	t.Cleanup(sim.Close)
	account := activities.TwilioConfig{AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: sim.Transport()}
	r := &rig{t: t, sim: sim, calls: &fakeCalls{}, log: &bytes.Buffer{}}
	var err error
	if r.workspace, err = provision.Apply(t.Context(), provision.Config{
		Twilio: account, PublicURL: testURL, Agents: []provision.Agent{{Name: "anna"}, {Name: "bob"}},
	}); err != nil {
		t.Fatal(err)
	}
	if r.twilio, err = activities.NewTwilio(account); err != nil {
		t.Fatal(err)
	}
	key, err := r.twilio.Voice(t.Context()).CreateNewKey(&voice.CreateNewKeyParams{})
	if err != nil {
		t.Fatal(err)
	}
	account.APIKey, account.APISecret, account.Workspace = *key.Sid, *key.Secret, r.workspace.Workspace
	cfg := Config{
		PublicURL: testURL, Twilio: account, SessionKey: testKey, Statuses: testStatuses, Dispositions: []string{"Resolved", "Call again"},
		Calls: r.calls, Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&cfg)
	}
	if r.Server, err = New(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// attributes sets an agent's.
func (r *rig) attributes(agent, text string) {
	r.t.Helper()
	params := (&taskrouter.UpdateWorkerParams{}).SetAttributes(text)
	if _, err := r.twilio.TaskRouter(r.t.Context()).UpdateWorker(string(r.workspace.Workspace), string(r.workspace.Agents[agent]), params); err != nil {
		r.t.Fatal(err)
	}
}

// browser is somebody's, with what it keeps.
type browser struct {
	*rig
	cookies map[string]*http.Cookie
}

func (r *rig) browser() *browser { return &browser{r, map[string]*http.Cookie{}} }

// as is a browser in which an agent has signed in.
func (r *rig) as(agent string) *browser {
	r.t.Helper()
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodPost, "/", nil)
	if err := r.begin(w, req, person{Who: agent, Roles: []Role{RoleAgent}, Agent: &Agent{Name: agent, SID: r.workspace.Agents[agent], Identity: agent}}); err != nil {
		r.t.Fatal(err)
	}
	b := r.browser()
	b.keep(w.Result())
	return b
}

func (b *browser) keep(res *http.Response) {
	for _, c := range res.Cookies() {
		b.cookies[c.Name] = c
		if c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
}

func (b *browser) request(method, target, body string) *http.Request {
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	if method != http.MethodGet {
		req.Header.Set("X-Switchboard", "1")
		req.Header.Set("Origin", testURL)
		req.Header.Set("Content-Type", "application/json")
	}
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	return req
}

func (b *browser) send(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.ServeHTTP(w, req)
	b.keep(w.Result())
	return w
}

func (b *browser) do(method, target, body string) *httptest.ResponseRecorder {
	return b.send(b.request(method, target, body))
}

// decoded reads an answer as JSON.
func decoded[T any](t testing.TB, w *httptest.ResponseRecorder) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%d %s: %v", w.Code, w.Body, err)
	}
	return v
}

// refused checks the status and that the sentence says what it should.
func refused(t testing.TB, w *httptest.ResponseRecorder, status int, says string) {
	t.Helper()
	if got := decoded[map[string]string](t, w)["error"]; w.Code != status || !strings.Contains(got, says) {
		t.Errorf("got %d %q, want %d and %q", w.Code, got, status, says)
	}
}
