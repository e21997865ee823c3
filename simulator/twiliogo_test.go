package simulator

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

// twilioGo is the official client, talking to a simulator without sockets.
func twilioGo(s *Simulator) (*taskrouter.ApiService, *voice.ApiService) {
	c := &client.Client{Credentials: client.NewCredentials(DefaultAccountSID, DefaultAuthToken), HTTPClient: &http.Client{Transport: s.Transport()}}
	c.SetAccountSid(DefaultAccountSID)
	return taskrouter.NewApiServiceWithClient(c), voice.NewApiServiceWithClient(c)
}

func TestTwilioGoPagesThroughTaskRouter(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	tr, _ := twilioGo(w.sim)
	want := map[string]bool{}
	for i := range 7 {
		task, err := tr.CreateTask(w.ws, (&taskrouter.CreateTaskParams{}).SetWorkflowSid(w.routing).SetAttributes(`{"n":`+strconv.Itoa(i)+`}`))
		if err != nil {
			t.Fatal(err)
		}
		want[*task.Sid] = true
	}
	tasks, err := tr.ListTask(w.ws, (&taskrouter.ListTaskParams{}).SetPageSize(3))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "tasks on three pages", len(tasks), 7)
	for _, task := range tasks {
		delete(want, *task.Sid)
	}
	equals(t, "missed", len(want), 0)
	some, err := tr.ListTask(w.ws, (&taskrouter.ListTaskParams{}).SetPageSize(3).SetLimit(4).SetAssignmentStatus([]string{"pending", "reserved"}))
	if err != nil || len(some) != 4 {
		t.Errorf("limited: got %d %v, want 4", len(some), err)
	}
	// A row that comes in front must not shift the next page; absolute paging no longer returns data.
	page, err := tr.PageTask(w.ws, (&taskrouter.ListTaskParams{}).SetPageSize(3).SetOrdering("DateCreated:desc"), "", "")
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "page", len(page.Tasks), 3)
	last := page.Tasks[2].Sid
	w.advance(time.Second)
	w.newTask()
	next := w.must(w.request("GET", (*page.Meta.NextPageUrl)[len("https://taskrouter.twilio.com"):], nil)).rows("tasks")
	if len(next) != 3 || next[0]["sid"] == *last {
		t.Errorf("second page: got %v", next)
	}
	equals(t, "absolute paging", len(w.get(w.v1("/Tasks"), "Page", "1", "PageSize", "3").rows("tasks")), 0)
}

func TestTwilioGoPagesThroughVoice(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	for i := range 5 {
		p, err := api.CreateParticipant("room"+strconv.Itoa(i), (&voice.CreateParticipantParams{}).SetTo("+447700900004").SetFrom(ourNumber).
			SetLabel("caller").SetEarlyMedia(false).SetStatusCallbackEvent([]string{"initiated", "completed"}))
		if err != nil {
			t.Fatal(err)
		}
		if *p.Status != "queued" || *p.QueueTime != "0" || p.CallSid == nil || p.ConferenceSid == nil {
			t.Errorf("participant: %+v", p)
		}
		w.advance(time.Second)
	}
	calls, err := api.ListCall((&voice.ListCallParams{}).SetPageSize(2).SetTo("+447700900004").SetStartTimeAfter(w.clock.Now().Add(-time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "calls on three pages", len(calls), 5)
	rooms, err := api.ListConference((&voice.ListConferenceParams{}).SetPageSize(2).SetStatus("completed"))
	if err != nil {
		t.Fatal(err)
	}
	equals(t, "conferences", len(rooms), 5)
}

func TestTwilioGoUnderstandsTheRest(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	tr, api := twilioGo(w.sim)
	if _, err := tr.CreateWorker(w.ws, (&taskrouter.CreateWorkerParams{}).SetFriendlyName("anna").SetActivitySid(w.available)); err != nil {
		t.Fatal(err)
	}
	task := w.newTask()
	w.advance(0)
	meta, err := tr.FetchTaskWithMetadata(w.ws, task)
	if err != nil {
		t.Fatal(err)
	}
	etag := meta.GetHeaders().Get("Etag")
	if _, err := tr.UpdateTask(w.ws, task, (&taskrouter.UpdateTaskParams{}).SetIfMatch(etag).SetAttributes(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	_, err = tr.UpdateTask(w.ws, task, (&taskrouter.UpdateTaskParams{}).SetIfMatch(etag).SetAttributes(`{"a":2}`))
	var refused *client.TwilioRestError
	if !errors.As(err, &refused) || refused.Status != 412 {
		t.Errorf("If-Match: got %v, want 412", err)
	}
	offers, err := tr.ListTaskReservation(w.ws, task, nil)
	if err != nil || len(offers) != 1 {
		t.Fatalf("reservations: %v %v", offers, err)
	}
	updated, err := tr.UpdateTaskReservation(w.ws, task, *offers[0].Sid, (&taskrouter.UpdateTaskReservationParams{}).SetReservationStatus("accepted"))
	if err != nil || *updated.ReservationStatus != "accepted" {
		t.Errorf("accept: %v %v", updated, err)
	}
	events, err := tr.ListEvent(w.ws, (&taskrouter.ListEventParams{}).SetTaskSid(task).SetEventType("reservation.accepted"))
	if err != nil || len(events) != 1 {
		t.Errorf("events: %v %v", events, err)
	}
	for name, list := range map[string]func() (int, error){
		"workspaces": func() (int, error) { l, err := tr.ListWorkspace(nil); return len(l), err },
		"activities": func() (int, error) { l, err := tr.ListActivity(w.ws, nil); return len(l), err },
		"workers":    func() (int, error) { l, err := tr.ListWorker(w.ws, nil); return len(l), err },
		"channels":   func() (int, error) { l, err := tr.ListTaskChannel(w.ws, nil); return len(l), err },
		"queues":     func() (int, error) { l, err := tr.ListTaskQueue(w.ws, nil); return len(l), err },
		"workflows":  func() (int, error) { l, err := tr.ListWorkflow(w.ws, nil); return len(l), err },
		"of worker": func() (int, error) {
			l, err := tr.ListWorkerReservation(w.ws, *offers[0].WorkerSid, nil)
			return len(l), err
		},
		"worker channels": func() (int, error) {
			l, err := tr.ListWorkerChannel(w.ws, *offers[0].WorkerSid, nil)
			return len(l), err
		},
	} {
		if n, err := list(); err != nil || n == 0 {
			t.Errorf("%s: got %d %v", name, n, err)
		}
	}
	_, err = api.FetchCall("CA00000000000000000000000000000000", nil)
	if !errors.As(err, &refused) || refused.Code != 20404 {
		t.Errorf("unknown call: got %v, want 20404", err)
	}
	call, err := api.CreateCall((&voice.CreateCallParams{}).SetTo(stays).SetFrom(ourNumber).SetTwiml(say))
	if err != nil {
		t.Fatal(err)
	}
	w.advance(3 * time.Second)
	if _, err := api.UpdateCall(*call.Sid, (&voice.UpdateCallParams{}).SetStatus("completed")); err != nil {
		t.Error(err)
	}
	_, err = api.UpdateCall(*call.Sid, (&voice.UpdateCallParams{}).SetStatus("completed"))
	if !errors.As(err, &refused) || refused.Code != 21220 {
		t.Errorf("ended call: got %v, want 21220", err)
	}
}

// The official validator accepts what we sign.
func TestTwilioGoValidatesOurSignatures(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.dial("offer", stays, "StatusCallback", "https://app.test:8443/call?wf=call%2F1")
	w.advance(time.Minute)
	validator := client.NewRequestValidator(DefaultAuthToken)
	for _, h := range w.hooks {
		form := map[string]string{}
		for name := range h.form {
			form[name] = h.form.Get(name)
		}
		if !validator.Validate(h.url, form, h.header.Get("X-Twilio-Signature")) {
			t.Errorf("not accepted: %s %v", h.url, h.form)
		}
	}
}
