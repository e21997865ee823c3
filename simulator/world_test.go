package simulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

func newVirtualClock() *VirtualClock { return NewVirtualClock(time.Time{}) }

// hook is one webhook that arrived at the software under test.
type hook struct {
	at     time.Time
	url    string
	method string
	form   url.Values
	header http.Header
}

// world is a simulator in virtual time with everything that leaves it.
type world struct {
	t     *testing.T
	sim   *Simulator
	clock *VirtualClock
	hooks []hook
	bench bool
	// answer decides what a webhook gets; nil: 204 and nothing.
	answer func(hook) (status int, contentType, body string)

	ws, available, offline string // SIDs, after withWorkspace
	queue, routing         string
}

func newWorld(t *testing.T, o Options) *world {
	t.Helper()
	w := &world{t: t, clock: newVirtualClock()}
	o.Clock, o.Webhooks = w.clock, w
	w.sim = New(o)
	t.Cleanup(w.sim.Close)
	t.Cleanup(func() {
		if t.Failed() {
			for _, e := range w.sim.Log() {
				t.Log(e)
			}
		}
	})
	return w
}

// RoundTrip is where webhooks arrive.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	body := []byte{}
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, err
	}
	if r.Method == http.MethodGet {
		form = r.URL.Query()
	}
	h := hook{at: w.clock.Now(), url: r.URL.String(), method: r.Method, form: form, header: r.Header}
	w.hooks = append(w.hooks, h)
	status, contentType, text := http.StatusNoContent, "", ""
	if w.answer != nil {
		status, contentType, text = w.answer(h)
	}
	if status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {contentType}},
		Body: io.NopCloser(bytes.NewReader([]byte(text))), Request: r}, nil
}

// received are the webhooks whose URL contains the text.
func (w *world) received(part string) []hook {
	var some []hook
	for _, h := range w.hooks {
		if strings.Contains(h.url, part) {
			some = append(some, h)
		}
	}
	return some
}

// values lists one parameter of the webhooks whose URL contains the text.
func (w *world) values(part, parameter string) []string {
	values := []string{}
	for _, h := range w.received(part) {
		values = append(values, h.form.Get(parameter))
	}
	return values
}

type answer struct {
	status int
	body   map[string]any
	header http.Header
	err    error
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

func (a answer) code() int {
	n, _ := a.body["code"].(float64)
	return int(n)
}

func (w *world) request(method, path string, header http.Header, fields ...string) answer {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	host := "https://api.twilio.com"
	switch {
	case strings.HasPrefix(path, "https://"): // such as the address of a next page
		host = ""
	case strings.HasPrefix(path, "/v1"):
		host = "https://taskrouter.twilio.com"
	}
	path = strings.ReplaceAll(path, "{AC}", DefaultAccountSID)
	target, body := host+path, io.Reader(strings.NewReader(form.Encode()))
	if method == http.MethodGet {
		body = nil
		if len(form) > 0 {
			target += "?" + form.Encode()
		}
	}
	r, err := http.NewRequestWithContext(w.context(), method, target, body)
	if err != nil {
		w.t.Fatal(err)
	}
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if r.Header.Get("Authorization") == "" {
		r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
	}
	return w.read(w.sim.Transport().RoundTrip(r))
}

func (w *world) post(path string, fields ...string) answer {
	w.t.Helper()
	return w.request(http.MethodPost, path, nil, fields...)
}

func (w *world) get(path string, fields ...string) answer {
	w.t.Helper()
	return w.request(http.MethodGet, path, nil, fields...)
}

func (w *world) remove(path string) answer {
	w.t.Helper()
	return w.request(http.MethodDelete, path, nil)
}

// must is a request that succeeds.
func (w *world) must(a answer) answer {
	w.t.Helper()
	if a.err != nil || a.status >= 300 {
		w.t.Fatalf("got %d %v %v, want success", a.status, a.body, a.err)
	}
	return a
}

// refused is a request that fails as Twilio's would.
func (w *world) refused(a answer, status, code int) answer {
	w.t.Helper()
	if a.status != status || a.code() != code {
		w.t.Errorf("got %d %v, want %d with code %d", a.status, a.body, status, code)
	}
	return a
}

func (w *world) advance(d time.Duration) { w.clock.Advance(d) }

// rows are the resources in a list answer.
func (a answer) rows(key string) []map[string]any {
	var rows []map[string]any
	items, _ := a.body[key].([]any)
	for _, item := range items {
		rows = append(rows, item.(map[string]any))
	}
	return rows
}

// withWorkspace makes a workspace with one queue for everybody and one routing into it, and callbacks
// at https://app.test/.
func (w *world) withWorkspace() *world {
	w.t.Helper()
	w.ws = w.must(w.post("/v1/Workspaces", "FriendlyName", "centre", "EventCallbackUrl", "https://app.test/events")).text("sid")
	for _, row := range w.must(w.get(w.v1("/Activities"))).rows("activities") {
		switch row["friendly_name"] {
		case "Available":
			w.available = row["sid"].(string)
		case "Offline":
			w.offline = row["sid"].(string)
		}
	}
	w.queue = w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "everybody")).text("sid")
	w.routing = w.newRouting(`{"task_routing":{"filters":[],"default_filter":{"queue":"` + w.queue + `"}}}`)
	return w
}

func (w *world) v1(path string) string { return "/v1/Workspaces/" + w.ws + path }

func (w *world) newRouting(configuration string) string {
	w.t.Helper()
	return w.must(w.post(w.v1("/Workflows"), "FriendlyName", "calls", "Configuration", configuration,
		"AssignmentCallbackUrl", "https://app.test/assigned", "TaskReservationTimeout", "60")).text("sid")
}

func (w *world) newAgent(name, attributes string) string {
	w.t.Helper()
	return w.must(w.post(w.v1("/Workers"), "FriendlyName", name, "Attributes", attributes, "ActivitySid", w.available)).text("sid")
}

func (w *world) newTask(fields ...string) string {
	w.t.Helper()
	return w.must(w.post(w.v1("/Tasks"), append([]string{"WorkflowSid", w.routing}, fields...)...)).text("sid")
}

func (w *world) taskStatus(task string) string {
	w.t.Helper()
	return w.must(w.get(w.v1("/Tasks/" + task))).text("assignment_status")
}

func (w *world) agentStatus(agent string) string {
	w.t.Helper()
	return w.must(w.get(w.v1("/Workers/" + agent))).text("activity_name")
}

// offers lists "agent status" of every reservation of a task, oldest first.
func (w *world) offers(task string) []string {
	w.t.Helper()
	offers := []string{}
	for _, row := range w.must(w.get(w.v1("/Tasks/" + task + "/Reservations"))).rows("reservations") {
		offers = append(offers, fmt.Sprint(row["worker_name"], " ", row["reservation_status"]))
	}
	return offers
}

// pendingOffer is the path of a task's pending reservation.
func (w *world) pendingOffer(task string) string {
	w.t.Helper()
	for _, row := range w.must(w.get(w.v1("/Tasks/" + task + "/Reservations"))).rows("reservations") {
		if row["reservation_status"] == "pending" {
			return w.v1("/Tasks/" + task + "/Reservations/" + row["sid"].(string))
		}
	}
	w.t.Fatalf("task %s has no pending reservation: %v", task, w.offers(task))
	return ""
}

// experienced lists what a party went through, as "What detail". What it said itself is in said.
func (w *world) experienced(party string) []string {
	list := []string{}
	for _, e := range w.sim.Log() {
		if e.Party == party && e.What != Alerted && e.What != Says {
			list = append(list, strings.TrimSpace(e.What+" "+e.Detail))
		}
	}
	return list
}

func (w *world) nothingLeft() {
	w.t.Helper()
	if left := w.sim.Leftovers(); len(left) > 0 {
		w.t.Errorf("left over: %q", left)
	}
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got  %q\n want %q", what, got, want)
	}
}

func equals[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// context of the test; a benchmark has none.
func (w *world) context() context.Context {
	if w.bench {
		return context.Background()
	}
	return w.t.Context()
}
