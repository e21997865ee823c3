package simulator_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/simulator"
)

// BenchmarkThousandCalls is a thousand conversations at once, on the wall clock and over real HTTP:
// each is a task, an offer, an agent's leg and a caller's leg in a conference, with all its webhooks.
// The software that answers them runs in the same process and takes its share of the processor.
//
//	go test ./simulator -run '^$' -bench ThousandCalls -benchtime 1x
func BenchmarkThousandCalls(b *testing.B) {
	for range b.N {
		newLoad(b, 1000).run(20*time.Second, 30*time.Second)
	}
}

// load is a call centre that does nothing but answer webhooks.
type load struct {
	b          *testing.B
	sim        *simulator.Simulator
	twilio, us *httptest.Server
	client     *http.Client
	calls      int

	workspace, routing, queue string
	requests, webhooks, live  atomic.Int64
	peak                      atomic.Int64
	done                      sync.WaitGroup
	offers                    sync.Map // room → path of the reservation
	ended                     sync.Map // room → struct{}
}

func newLoad(b *testing.B, calls int) *load {
	l := &load{b: b, calls: calls, sim: simulator.New(simulator.Options{})}
	l.client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}, Timeout: 30 * time.Second}
	l.twilio = httptest.NewServer(l.sim)
	l.us = httptest.NewServer(http.HandlerFunc(l.answer))
	b.Cleanup(func() {
		l.sim.Close()
		l.us.Close()
		l.twilio.Close()
	})
	return l
}

func (l *load) run(ramp, talk time.Duration) {
	l.workspace = l.post("/v1/Workspaces", "FriendlyName", "load", "EventCallbackUrl", l.us.URL+"/event",
		"EventsFilter", "reservation.created,reservation.accepted,task.completed")["sid"].(string)
	ws := "/v1/Workspaces/" + l.workspace
	l.queue = l.post(ws+"/TaskQueues", "FriendlyName", "all")["sid"].(string)
	l.routing = l.post(ws+"/Workflows", "FriendlyName", "all", "AssignmentCallbackUrl", l.us.URL+"/offer",
		"Configuration", `{"task_routing":{"default_filter":{"queue":"`+l.queue+`"}}}`)["sid"].(string)
	available := ""
	for _, a := range l.get(ws + "/Activities")["activities"].([]any) {
		if a := a.(map[string]any); a["available"] == true {
			available = a["sid"].(string)
		}
	}
	for i := range l.calls {
		agent := fmt.Sprintf("agent%d", i)
		l.sim.SetSoftphone(agent, simulator.Softphone{})
		l.post(ws+"/Workers", "FriendlyName", agent, "ActivitySid", available, "Attributes", `{"contact_uri":"client:`+agent+`"}`)
		l.sim.SetPhone(caller(i), simulator.Phone{Rings: 2 * time.Second, Talks: talk})
	}
	l.requests.Store(0)
	l.done.Add(l.calls)
	began := time.Now()
	l.b.ResetTimer()
	for i := range l.calls {
		time.Sleep(time.Until(began.Add(ramp * time.Duration(i) / time.Duration(l.calls)))) // the load, not a wait for something
		l.post(ws+"/Tasks", "WorkflowSid", l.routing, "Attributes", fmt.Sprintf(`{"request":"%d"}`, i))
	}
	l.done.Wait()
	l.b.StopTimer()
	took := time.Since(began)
	late := l.sim.Lateness()
	l.b.ReportMetric(float64(late.P50)/float64(time.Millisecond), "ms-late-p50")
	l.b.ReportMetric(float64(late.P99)/float64(time.Millisecond), "ms-late-p99")
	l.b.ReportMetric(float64(late.Max)/float64(time.Millisecond), "ms-late-max")
	l.b.ReportMetric(float64(l.peak.Load()), "calls-at-once")
	l.b.ReportMetric(float64(l.requests.Load())/took.Seconds(), "requests/s")
	l.b.ReportMetric(float64(l.webhooks.Load())/took.Seconds(), "webhooks/s")
	if left := l.sim.Leftovers(); len(left) > 0 {
		l.b.Errorf("left behind: %d, first %s", len(left), left[0])
	}
}

func caller(i int) string { return fmt.Sprintf("+447700%06d", 900000+i%1000) }

// answer is the software under test: it hears webhooks and acts on them, after it has answered.
func (l *load) answer(w http.ResponseWriter, r *http.Request) {
	l.webhooks.Add(1)
	_ = r.ParseForm()
	w.WriteHeader(http.StatusOK)
	switch form := r.PostForm; {
	case r.URL.Path == "/offer":
		go l.dialAgent(form)
	case form.Get("StatusCallbackEvent") == "participant-join" && form.Get("ParticipantLabel") == "agent":
		go l.dialCaller(form.Get("ConferenceSid"), form.Get("FriendlyName"))
	case form.Get("StatusCallbackEvent") == "conference-start":
		l.peak.Store(max(l.peak.Load(), l.live.Add(1)))
	case form.Get("StatusCallbackEvent") == "conference-end":
		go l.complete(form.Get("FriendlyName"))
	}
}

func (l *load) dialAgent(offer url.Values) {
	var agent struct {
		Contact string `json:"contact_uri"`
	}
	_ = json.Unmarshal([]byte(offer.Get("WorkerAttributes")), &agent)
	task := offer.Get("TaskSid")
	l.offers.Store(task, "/v1/Workspaces/"+l.workspace+"/Tasks/"+task+"/Reservations/"+offer.Get("ReservationSid"))
	l.dial(task, agent.Contact, "agent")
}

func (l *load) dial(room, to, label string) {
	l.post("/2010-04-01/Accounts/"+simulator.DefaultAccountSID+"/Conferences/"+room+"/Participants.json",
		"From", "+442079460000", "To", to, "Label", label, "EarlyMedia", "false", "EndConferenceOnExit", "true",
		"StatusCallback", l.us.URL+"/leg", "StatusCallbackEvent", "initiated", "StatusCallbackEvent", "ringing",
		"StatusCallbackEvent", "answered", "StatusCallbackEvent", "completed",
		"ConferenceStatusCallback", l.us.URL+"/room", "ConferenceStatusCallbackEvent", "start end join leave")
}

func (l *load) dialCaller(conference, task string) {
	offer, _ := l.offers.Load(task)
	l.post(offer.(string), "ReservationStatus", "accepted")
	var n int
	t := l.get("/v1/Workspaces/" + l.workspace + "/Tasks/" + task)["attributes"].(string)
	_, _ = fmt.Sscanf(t, `{"request":"%d"}`, &n)
	l.dial(conference, caller(n), "caller")
}

func (l *load) complete(task string) {
	if _, twice := l.ended.LoadOrStore(task, struct{}{}); twice {
		return
	}
	l.live.Add(-1)
	l.post("/v1/Workspaces/"+l.workspace+"/Tasks/"+task, "AssignmentStatus", "completed", "Reason", "talked")
	l.done.Done()
}

func (l *load) post(path string, fields ...string) map[string]any {
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Add(fields[i], fields[i+1])
	}
	r, _ := http.NewRequest(http.MethodPost, l.twilio.URL+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return l.send(r)
}

func (l *load) get(path string) map[string]any {
	r, _ := http.NewRequest(http.MethodGet, l.twilio.URL+path, nil)
	return l.send(r)
}

func (l *load) send(r *http.Request) map[string]any {
	l.requests.Add(1)
	r.SetBasicAuth(simulator.DefaultAccountSID, simulator.DefaultAuthToken)
	res, err := l.client.Do(r)
	if err != nil {
		l.b.Error(err)
		return nil
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	if res.StatusCode > 299 {
		l.b.Errorf("%s %s: %d %s", r.Method, r.URL.Path, res.StatusCode, body)
	}
	var out map[string]any
	_ = json.Unmarshal(body, &out)
	return out
}
