package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	sb "switchboard"
)

const (
	testURL     = "https://calls.example.test"
	testAccount = "AC00000000000000000000000000000001"
	testToken   = "0123456789abcdef0123456789abcdef"
	testCall    = sb.CallID("call/claims/42%2Fb") // its request's ID is 42/b

	testTask        = "WT00000000000000000000000000000001"
	testReservation = "WR00000000000000000000000000000001"
	testAgent       = "WK00000000000000000000000000000001"
	testLeg         = "CA00000000000000000000000000000001"
	testRoom        = "CF00000000000000000000000000000001"

	// Nobody's: numbers Ofcom keeps for drama.
	callerPhone = "+447700900123"
	ourPhone    = "+442079460999"
	callerName  = "Zoë Bloggs"
	agentName   = "Anna Example"
)

var errDown = errors.New("temporal is down")

// fakeCalls records what it is told, and answers with what the test says.
type fakeCalls struct {
	mu       sync.Mutex
	signals  []signalled
	reaps    []sb.Reap
	onSignal func(ctx context.Context) error // nil: the call is told
	onReap   func(ctx context.Context) error
	onReach  func(ctx context.Context) error
}

type signalled struct {
	Call sb.CallID
	Name string
	Arg  any
}

func answer(err error) func(context.Context) error { return func(context.Context) error { return err } }

// never answers until its time is up.
func never(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}

func (f *fakeCalls) Signal(ctx context.Context, id sb.CallID, name string, arg any) error {
	if f.onSignal != nil {
		if err := f.onSignal(ctx); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.signals = append(f.signals, signalled{id, name, arg})
	return nil
}

func (f *fakeCalls) Reap(ctx context.Context, r sb.Reap) error {
	if f.onReap != nil {
		if err := f.onReap(ctx); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reaps = append(f.reaps, r)
	return nil
}

func (f *fakeCalls) Reachable(ctx context.Context) error {
	if f.onReach != nil {
		return f.onReach(ctx)
	}
	return nil
}

// told returns what reached the calls in any way.
func (f *fakeCalls) told() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.signals) + len(f.reaps)
}

// rig is a handler with everything around it that a test looks at.
type rig struct {
	http.Handler
	calls *fakeCalls
	stats *Stats
	log   *bytes.Buffer // everything from debug up
}

func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{calls: &fakeCalls{}, stats: &Stats{}, log: &bytes.Buffer{}}
	h, err := New(Config{
		PublicURL: testURL,
		AuthTokens: func(account sb.AccountSID) []string {
			if account != testAccount {
				return nil
			}
			return []string{testToken, "", "the0secondary0token"}
		},
		Calls:  r.calls,
		Stats:  r.stats,
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Handler = h
	return r
}

func (r *rig) serve(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

// post sends a form as Twilio would.
func (r *rig) post(target string, form url.Values) *httptest.ResponseRecorder {
	return r.serve(signedRequest(target, form))
}

// signedRequest makes the request that Twilio would send to target, a path with its query.
func signedRequest(target string, form url.Values) *http.Request {
	req := httptest.NewRequest(http.MethodPost, target, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	req.Header.Set(signatureHeader, sign(testToken, testURL+target, form))
	return req
}

// sign is Twilio's rule, written down once more so that the tests do not check the validator with itself.
func sign(token, rawURL string, form url.Values) string {
	var text strings.Builder
	text.WriteString(rawURL)
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			text.WriteString(name + value)
		}
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(text.String()))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// with returns form with pairs of names and values set; an empty value takes the name out.
func with(form url.Values, pairs ...string) url.Values {
	form = maps.Clone(form)
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			form.Del(pairs[i])
		} else {
			form.Set(pairs[i], pairs[i+1])
		}
	}
	return form
}

func values(pairs ...string) url.Values {
	return with(url.Values{"AccountSid": {testAccount}}, pairs...)
}

var (
	testTaskRef = sb.TaskRef{Call: testCall, Task: 2, Attempt: 1}
	testLegRef  = sb.LegRef{Call: testCall, Attempt: 1, Offer: 3, Party: sb.PartyCaller}
	testRoomRef = sb.LegRef{Call: testCall, Attempt: 1, Offer: 3, Party: sb.PartyAgent}
)

const taskAttributes = `{"call":"call/claims/42%2Fb","task":2,"attempt":1,"name":"` + callerName + `","skills":["claims"]}`

func assignmentForm() url.Values {
	return values(
		"Timestamp", "1763800000", "WorkspaceSid", "WS1", "WorkflowSid", "WW1", "TaskQueueSid", "WQ1", "TaskQueueName", "Claims",
		"WorkerSid", testAgent, "WorkerName", agentName, "WorkerAttributes", `{"contact_uri":"client:anna","full_name":"Other"}`,
		"TaskSid", testTask, "TaskAttributes", taskAttributes, "TaskAge", "3", "TaskPriority", "0", "ReservationSid", testReservation,
	)
}

func eventForm(event string) url.Values {
	return with(assignmentForm(), "EventType", event, "EventDescription", "something about "+callerName)
}

func legForm(status string) url.Values {
	return values("CallSid", testLeg, "From", ourPhone, "To", callerPhone, "CallStatus", status, "ApiVersion", "2010-04-01",
		"Direction", "outbound-api", "Timestamp", "Sun, 22 Nov 2026 13:00:05 +0000", "CallbackSource", "call-progress-events", "SequenceNumber", "2")
}

func roomForm(event string) url.Values {
	return values("ConferenceSid", testRoom, "FriendlyName", "room-1", "SequenceNumber", "3", "Timestamp", "Sun, 22 Nov 2026 13:00:05 +0000",
		"StatusCallbackEvent", event, "CallSid", testLeg, "ParticipantLabel", "caller-1-3", "Muted", "false", "Hold", "false")
}

var (
	legTarget     = sb.PathLeg + "?" + testLegRef.Query().Encode()
	roomTarget    = sb.PathRoom + "?" + testRoomRef.Query().Encode()
	machineTarget = sb.PathMachine + "?" + testLegRef.Query().Encode()
)

// noPersonalData fails if what was logged holds a number or a name, in the clear or as sent.
func noPersonalData(t *testing.T, log string) {
	t.Helper()
	for _, secret := range []string{
		callerPhone, callerPhone[1:], ourPhone[1:], callerName, "Bloggs", url.QueryEscape(callerName), agentName, "Anna", testToken,
	} {
		if strings.Contains(log, secret) {
			t.Errorf("the log holds %q:\n%s", secret, log)
		}
	}
}

// gauge measures how much happens at once.
type gauge struct {
	mu           sync.Mutex
	now, highest int
}

func (g *gauge) begin() (end func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now++
	g.highest = max(g.highest, g.now)
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.now--
	}
}

func (g *gauge) most() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.highest
}

// gauged measures how many signals are under way at once.
type gauged struct {
	*fakeCalls
	gauge *gauge
}

func (g *gauged) Signal(ctx context.Context, id sb.CallID, name string, arg any) error {
	defer g.gauge.begin()()
	return g.fakeCalls.Signal(ctx, id, name, arg)
}
