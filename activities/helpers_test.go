package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	sb "switchboard"
)

const (
	testWorkspace = "WS11111111111111111111111111111111"
	testRouting   = "WW11111111111111111111111111111111"
	testAvailable = "WA11111111111111111111111111111111"
	testMissed    = "WA22222222222222222222222222222222"
	testTimedOut  = "WA33333333333333333333333333333333"
	testTask      = "WT11111111111111111111111111111111"
	testOffer     = "WR11111111111111111111111111111111"
	testAgent     = "WK11111111111111111111111111111111"
	testLeg       = "CA11111111111111111111111111111111"
	testAgentLeg  = "CA22222222222222222222222222222222"
	testRoom      = "CF11111111111111111111111111111111"

	// testPhone must never be seen in an error or a log, in any spelling.
	testPhone    = "+447700900123"
	testCallerID = "+442079460750"
)

var (
	testCall      = sb.NewCallID("crm/leads", "4711")
	testCallerRef = sb.LegRef{Call: testCall, Attempt: 2, Offer: 3, Party: sb.PartyCaller}
	testAgentRef  = sb.LegRef{Call: testCall, Attempt: 2, Offer: 3, Party: sb.PartyAgent}
	testTaskRef   = sb.TaskRef{Call: testCall, Task: 1, Attempt: 2}
	testStart     = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
)

// clock is a clock that moves only when somebody waits or says so.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func (c *clock) Wait(ctx context.Context, d time.Duration) error {
	c.add(d)
	return ctx.Err()
}

// request is one request that Twilio got.
type request struct {
	route string // method and path, without the account's or workspace's part
	form  url.Values
	head  http.Header
	host  string
}

// fake answers for Twilio what each test tells it to.
type fake struct {
	t  *testing.T
	mu sync.Mutex
	// answers are the handlers of each route, taken in turn; the last one stays.
	answers  map[string][]http.HandlerFunc
	requests []request
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	path := r.URL.Path
	for _, prefix := range []string{"/2010-04-01/Accounts/AC1/", "/v1/Workspaces/" + testWorkspace + "/", "/v1/Workspaces/"} {
		path = strings.TrimPrefix(path, prefix)
	}
	route := r.Method + " " + path
	f.mu.Lock()
	f.requests = append(f.requests, request{route, r.Form, r.Header, r.Host})
	list := f.answers[route]
	if len(list) > 1 {
		f.answers[route] = list[1:]
	}
	f.mu.Unlock()
	if len(list) == 0 {
		refuse(404, 20404)(w, r)
		return
	}
	list[0](w, r)
}

// on sets the answers of a route.
func (f *fake) on(route string, answers ...http.HandlerFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.answers == nil {
		f.answers = map[string][]http.HandlerFunc{}
	}
	f.answers[route] = answers
}

// got returns the requests of a route, or all.
func (f *fake) got(route string) []request {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []request
	for _, r := range f.requests {
		if route == "" || r.route == route {
			out = append(out, r)
		}
	}
	return out
}

// say answers with JSON.
func say(status int, body string, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

// refuse answers with Twilio's error; like some of Twilio's it repeats the number.
func refuse(status, code int) http.HandlerFunc {
	return say(status, fmt.Sprintf(`{"code":%d,"message":"The number %s is no good","more_info":"https://www.twilio.com/docs/errors/%d","status":%d}`, code, testPhone, code, status))
}

// proxyPage is what a proxy on the way says.
func proxyPage(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		fmt.Fprint(w, "<html>To="+testPhone+" cannot be served</html>")
	}
}

// reset breaks the connection after so much of a reply.
func reset(partial string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		_, _ = io.WriteString(conn, partial)
		_ = conn.Close()
	}
}

// world is one set of activities and what is around them.
type world struct {
	*Activities
	t     *testing.T
	fake  *fake
	clock *clock
	logs  *bytes.Buffer
	env   *testsuite.TestActivityEnvironment
	calls *fakeCalls
}

// newWorld connects activities over the real network with a server that is told what to answer.
func newWorld(t *testing.T, options ...func(*Config)) *world {
	t.Helper()
	f := &fake{t: t}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	w := &world{t: t, fake: f, clock: &clock{now: testStart}, logs: &bytes.Buffer{}, calls: &fakeCalls{}}
	cfg := Config{
		Twilio:    TwilioConfig{AccountSID: "AC1", AuthToken: "secret", APIURL: server.URL, Workspace: testWorkspace, Routing: testRouting},
		PublicURL: "https://calls.example.test/", CallerID: testCallerID,
		Statuses: Statuses{Available: testAvailable, Missed: testMissed},
		Calls:    w.calls, Now: w.clock.Now, Wait: w.clock.Wait,
		Logger: slog.New(slog.NewJSONHandler(&lockedWriter{w: w.logs}, nil)),
	}
	for _, o := range options {
		o(&cfg)
	}
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.Activities = a
	var suite testsuite.WorkflowTestSuite
	w.env = suite.NewTestActivityEnvironment()
	w.env.RegisterActivity(a)
	t.Cleanup(func() { noNumber(t, "log", w.logs.String()) })
	return w
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// run runs one activity as Temporal does. An error is checked for the caller's number.
func run[T any](w *world, activity, in any) (T, error) {
	w.t.Helper()
	var out T
	args := []any{in}
	if in == nil {
		args = nil
	}
	value, err := w.env.ExecuteActivity(activity, args...)
	if err != nil {
		for e := err; e != nil; e = errors.Unwrap(e) {
			noNumber(w.t, "error", fmt.Sprintf("%v %+v %#v", e, e, e))
		}
		return out, err
	}
	if value.HasValue() {
		if err := value.Get(&out); err != nil {
			w.t.Fatal(err)
		}
	}
	return out, nil
}

// done runs an activity that must succeed.
func done[T any](w *world, activity, in any) T {
	w.t.Helper()
	out, err := run[T](w, activity, in)
	if err != nil {
		w.t.Fatalf("unexpected error: %v", err)
	}
	return out
}

// nothing is the result of activities that have none.
type nothing struct{}

func noNumber(t *testing.T, where, text string) {
	t.Helper()
	for _, p := range []string{testPhone, testPhone[1:], testPhone[3:]} {
		if strings.Contains(text, p) {
			t.Errorf("the caller's number is in the %s: %s", where, text)
			return
		}
	}
}

// wantError checks the type of an activity's error and whether Temporal retries it.
func wantError(t *testing.T, err error, errorType string, retryable bool) {
	t.Helper()
	app, ok := errors.AsType[*temporal.ApplicationError](err)
	if !ok {
		t.Fatalf("error: got %v, want an ApplicationError of type %s", err, errorType)
	}
	if app.Type() != errorType || app.NonRetryable() == retryable {
		t.Errorf("error: got %q (type %s, retryable %t), want type %s, retryable %t", app.Error(), app.Type(), !app.NonRetryable(), errorType, retryable)
	}
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// jsonOf shows a value as the histories have it.
func jsonOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// fakeCalls stands for the running calls.
type fakeCalls struct {
	told    []string
	news    []sb.OfferNews
	gone    map[sb.CallID]bool
	asked   []sb.CallID // whether they run
	failing error
}
