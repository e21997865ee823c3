package simulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// someFaults bite about a third of everything.
func someFaults(seed uint64) Faults {
	return Faults{
		Seed:     seed,
		Requests: []RequestRule{{Route: "POST *", Probability: 0.3, Status: 503}},
		Webhooks: []WebhookRule{{Kind: KindEvent, Event: "task.created", Probability: 0.3, Drop: true}},
	}
}

// TestFaultsDoNotDependOnTheOrder sends the same requests in two orders: the same ones fail, and the
// same webhooks are lost.
func TestFaultsDoNotDependOnTheOrder(t *testing.T) {
	const n = 200
	run := func(seed uint64, order []int) (failed, told []string) {
		w := newWorld(t, Options{}).withWorkspace()
		if err := w.sim.SetFaults(someFaults(seed)); err != nil {
			t.Fatal(err)
		}
		for _, i := range order {
			attributes := fmt.Sprintf(`{"n":%d}`, i)
			if a := w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "Attributes", attributes, "VirtualStartTime", w.clock.Now().Format(time.RFC3339)); a.status == 503 {
				failed = append(failed, attributes)
			}
			w.advance(time.Second)
		}
		for _, h := range w.received("/events") {
			if h.form.Get("EventType") == "task.created" {
				told = append(told, h.form.Get("TaskAttributes"))
			}
		}
		slices.Sort(failed)
		slices.Sort(told)
		return failed, told
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	failed, told := run(1, order)
	if len(failed) < n/5 || len(failed) > n/2 || len(told) < n/5 || len(told) > (n-len(failed))*9/10 {
		t.Errorf("%d of %d failed, %d told of: not a third", len(failed), n, len(told))
	}
	slices.Reverse(order)
	failedBackwards, toldBackwards := run(1, order)
	same(t, "failed", failedBackwards, failed)
	same(t, "told of", toldBackwards, told)
	if other, _ := run(2, order); slices.Equal(other, failed) {
		t.Error("another seed drew the same faults")
	}
}

// A retry is the second of its kind, and drawn anew; the third has again its own luck, in every run.
func TestARetryIsANewDraw(t *testing.T) {
	run := func() (luck []int) {
		w := newWorld(t, Options{Faults: Faults{Requests: []RequestRule{{Route: "POST /v1/Workspaces", Probability: 0.5, Status: 500}}}})
		for range 40 {
			luck = append(luck, w.post("/v1/Workspaces", "FriendlyName", "again").status)
		}
		return luck
	}
	luck := run()
	if !slices.Contains(luck, 500) || !slices.Contains(luck, 201) {
		t.Errorf("always the same: %v", luck)
	}
	same(t, "in another run", strings.Fields(fmt.Sprint(run())), strings.Fields(fmt.Sprint(luck)))
}

func TestOddsAreKept(t *testing.T) {
	s := New(Options{Clock: newVirtualClock()})
	defer s.Close()
	for _, p := range []float64{0.01, 0.2, 0.5, 1} {
		rule, bitten := RequestRule{Probability: p}, 0
		var dice float64
		for i := range 10_000 {
			if x, bites := s.throw(rule, p, 0, &bitten, fmt.Sprint(i)); bites {
				dice += x
			}
		}
		if got := float64(bitten) / 10_000; got < p-0.02 || got > p+0.02 {
			t.Errorf("probability %v: it bit in %v of all cases", p, got)
		}
		if mean := dice / float64(bitten); p > 0.1 && (mean < 0.45 || mean > 0.55) {
			t.Errorf("probability %v: lengths of time are drawn from %v on average, want the middle", p, mean)
		}
	}
}

func TestRequestRules(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	always := func(r RequestRule) *RequestRule { r.Probability = 1; return &r }
	for name, c := range map[string]struct {
		rule        *RequestRule
		first, then int // status of two creations of a task
	}{
		"by its route":             {always(RequestRule{Route: "POST /v1/Workspaces/{WS}/Tasks", Status: 503}), 503, 503},
		"another's":                {always(RequestRule{Route: "POST /v1/Workspaces/{WS}/Workers", Status: 503}), 201, 201},
		"by its beginning":         {always(RequestRule{Route: "POST /v1/Workspaces/{WS}/Ta*", Status: 503}), 503, 503},
		"by its product":           {always(RequestRule{Route: "taskrouter *", Status: 429}), 429, 429},
		"by the other product":     {always(RequestRule{Route: "api *", Status: 429}), 201, 201},
		"once":                     {always(RequestRule{Route: "*", Times: 1, Status: 500, HTML: true}), 500, 201},
		"by a parameter":           {always(RequestRule{Match: map[string]string{"Priority": "7"}, Status: 500}), 500, 500},
		"by another value":         {always(RequestRule{Match: map[string]string{"Priority": "8"}, Status: 500}), 201, 201},
		"by the value's beginning": {always(RequestRule{Match: map[string]string{"WorkflowSid": "WW*"}, Status: 500}), 500, 500},
		"by the path":              {always(RequestRule{Match: map[string]string{"WS": w.ws}, Status: 500}), 500, 500},
		"a delay":                  {always(RequestRule{Delay: Span{From: time.Hour}}), 201, 201}, // nobody can wait on this clock
	} {
		if err := w.sim.SetFaults(Faults{Requests: []RequestRule{*c.rule}}); err != nil {
			t.Fatal(name, err)
		}
		for _, want := range []int{c.first, c.then} {
			equals(t, name, w.post(w.v1("/Tasks"), "WorkflowSid", w.routing, "Priority", "7").status, want)
		}
	}
	w.sim.SetFaults(Faults{Requests: []RequestRule{{Probability: 1, Times: 1, Status: 503, AfterEffect: true, Delay: Span{From: 2 * time.Second}}}})
	w.post(w.v1("/Tasks"), "WorkflowSid", w.routing)
	requests := w.sim.Requests()
	equals(t, "the journal", requests[len(requests)-1].Fault, "delayed 2s, 503 Service Unavailable, after the effect")
	equals(t, "bitten", w.sim.Faults().Requests[0].Bitten, 1)
	w.post(w.v1("/Tasks"), "WorkflowSid", w.routing)
	requests = w.sim.Requests()
	equals(t, "the journal without a fault", requests[len(requests)-1].Fault, "")
}

func TestFaultsThatCannotBeMeant(t *testing.T) {
	s := New(Options{Clock: newVirtualClock()})
	defer s.Close()
	for want, f := range map[string]Faults{
		`requests[0]: no route is called "POST /v1/Task"`: {Requests: []RequestRule{{Route: "POST /v1/Task", Probability: 1, Status: 500}}},
		`requests[1]: probability 0`:                      {Requests: []RequestRule{{Probability: 1, Status: 500}, {Status: 500}}},
		`probability 1.5`:                                 {Requests: []RequestRule{{Status: 500, Probability: 1.5}}},
		`requests[0]: say what happens`:                   {Requests: []RequestRule{{Probability: 1}}},
		`status 200 is no failure`:                        {Requests: []RequestRule{{Probability: 1, Status: 200}}},
		`times -1`:                                        {Requests: []RequestRule{{Probability: 1, Status: 500, Times: -1}}},
		`webhooks[0]: kind "sms"`:                         {Webhooks: []WebhookRule{{Probability: 1, Kind: "sms", Drop: true}}},
		`webhooks[0]: say what happens`:                   {Webhooks: []WebhookRule{{Probability: 1}}},
		`no next one to wait for`:                         {Webhooks: []WebhookRule{{Probability: 1, Kind: KindTwiML, HoldBack: true}}},
		`parties[0]: answer "Shouts"`:                     {Parties: []PartyRule{{Probability: 1, Answer: "Shouts"}}},
		`parties[0]: say what happens`:                    {Parties: []PartyRule{{Probability: 1}}},
	} {
		if err := s.SetFaults(f); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("New took a rule that cannot be meant")
		}
	}()
	New(Options{Faults: Faults{Parties: []PartyRule{{Probability: 1}}}})
}

func TestSpans(t *testing.T) {
	for text, want := range map[string]Span{`"2s"`: {From: 2 * time.Second}, `"500ms..3s"`: {500 * time.Millisecond, 3 * time.Second}} {
		var d Span
		if err := json.Unmarshal([]byte(text), &d); err != nil {
			t.Fatal(err)
		}
		equals(t, text, d, want)
		back, _ := json.Marshal(d)
		equals(t, "back", string(back), text)
	}
	if err := json.Unmarshal([]byte(`"2s.."`), &Span{}); err == nil {
		t.Error("half a range was understood")
	}
	equals(t, "the middle", Span{time.Second, 3 * time.Second}.pick(0.5), 2*time.Second)
}

func TestWebhookRules(t *testing.T) {
	told := func(r WebhookRule, fragment string) (*world, []hook) {
		r.Probability = 1
		w := newWorld(t, Options{Faults: Faults{Webhooks: []WebhookRule{r}}})
		w.dial("offer", stays, "StatusCallback", "https://app.test/call"+fragment, "StatusCallbackEvent", "initiated", "StatusCallbackEvent", "ringing")
		w.advance(time.Minute)
		return w, w.received("/call")
	}
	events := func(hooks []hook) (list []string) {
		for _, h := range hooks {
			list = append(list, h.form.Get("CallStatus"))
		}
		return list
	}
	token := func(h hook) string { return h.header.Get("I-Twilio-Idempotency-Token") }

	_, hooks := told(WebhookRule{Kind: KindCall, Event: "initiated", Drop: true}, "")
	same(t, "dropped", events(hooks), []string{"ringing"})
	_, hooks = told(WebhookRule{Kind: KindConference, Drop: true}, "")
	same(t, "of another kind", events(hooks), []string{"initiated", "ringing"})
	_, hooks = told(WebhookRule{Match: map[string]string{"CallStatus": "r*"}, Copies: 2}, "")
	same(t, "copied", events(hooks), []string{"initiated", "ringing", "ringing", "ringing"})
	if token(hooks[1]) == token(hooks[2]) {
		t.Error("a copy has the token of another: it is a retry then")
	}
	_, hooks = told(WebhookRule{Event: "initiated", HoldBack: true}, "")
	same(t, "held back until after the next", events(hooks), []string{"ringing", "initiated"})
	_, hooks = told(WebhookRule{Event: "ringing", HoldBack: true}, "")
	equals(t, "held back with no next one", hooks[1].at.Sub(hooks[0].at), dialSetup+webhookLimit)
	_, hooks = told(WebhookRule{Event: "initiated", Retry: true}, "")
	same(t, "retried", events(hooks), []string{"initiated", "initiated", "ringing"})
	equals(t, "token of the retry", token(hooks[1]), token(hooks[0]))
	_, hooks = told(WebhookRule{Event: "initiated", Retry: true}, "#rc=0")
	same(t, "not retried when the URL says so", events(hooks), []string{"initiated", "ringing"})
	w, hooks := told(WebhookRule{Event: "initiated", IgnoreAnswer: true}, "")
	same(t, "ignored", events(hooks), []string{"initiated", "ringing"})
	i := slices.IndexFunc(w.sim.Log(), func(e Entry) bool { return strings.HasSuffix(e.Detail, errTooLate.Error()) })
	equals(t, "noticed when Twilio gives up", w.sim.Log()[i].At.Sub(hooks[0].at), webhookLimit)
	_, hooks = told(WebhookRule{Event: "initiated", IgnoreAnswer: true}, "#rp=rt&rt=4000")
	same(t, "ignored, and the URL asks for a retry", events(hooks), []string{"initiated", "ringing", "initiated"})
	equals(t, "after its read timeout", hooks[2].at.Sub(hooks[0].at), 4*time.Second)
}

// An ignored answer of an assignment callback: the instruction arrives nowhere, and Twilio turns to the fallback.
func TestIgnoredAnswerOfAnAssignment(t *testing.T) {
	w := newWorld(t, Options{Faults: Faults{Webhooks: []WebhookRule{{Kind: KindAssignment, Probability: 1, IgnoreAnswer: true}}}}).withWorkspace()
	w.answer = func(hook) (int, string, string) { return 200, "application/json", `{"instruction":"accept"}` }
	w.newAgent("anna", `{}`)
	task := w.newTask()
	w.advance(time.Minute / 2)
	equals(t, "assignment callbacks", len(w.received("/assigned")), 1)
	same(t, "offers", w.offers(task), []string{"anna pending"})
}

func TestPartyRules(t *testing.T) {
	for name, c := range map[string]struct {
		party string
		rule  PartyRule
		want  []string // what the party goes through
	}{
		"busy":          {stays, PartyRule{Answer: Busy}, []string{"Dialled", "Misbehaves Busy", "Ended busy"}},
		"unreachable":   {stays, PartyRule{Party: "+4477*", Answer: Unreachable}, []string{"Dialled", "Misbehaves Unreachable", "Ended failed"}},
		"not meant":     {stays, PartyRule{Party: "client:*", Answer: Busy}, []string{"Dialled", "Rings", "Answers"}},
		"declines":      {"client:anna", PartyRule{Party: "client:anna", Answer: Busy}, []string{"Dialled", "Misbehaves Busy", "Rings", "StopsRinging busy", "Ended busy"}},
		"does not ring": {"client:anna", PartyRule{Answer: Unreachable}, []string{"Dialled", "Misbehaves Unreachable", "Ended failed"}},
		"drops":         {"client:anna", PartyRule{HangsUpAfter: Span{From: 3 * time.Second}}, []string{"Dialled", "Misbehaves hangs up after 3s", "Rings", "Answers"}},
		"cannot drop":   {"+447700900004", PartyRule{HangsUpAfter: Span{From: 3 * time.Second}}, []string{"Dialled", "Ended busy"}},
	} {
		c.rule.Probability = 1
		w := newWorld(t, Options{Faults: Faults{Parties: []PartyRule{c.rule}}}).speaking()
		w.sim.SetSoftphone("anna", Softphone{})
		w.dial("offer", c.party)
		w.advance(time.Minute)
		got := w.experienced(c.party)
		same(t, name, got[:min(len(got), len(c.want))], c.want)
		if dropped := strings.HasPrefix(c.want[len(c.want)-1], "Ended") || name == "drops"; dropped != (len(w.sim.LiveLegs()) == 0) {
			t.Errorf("%s: left over %v", name, w.sim.LiveLegs())
		}
	}
}

// Some of many calls go wrong, the same ones whatever was dialled before.
func TestMisconductDoesNotDependOnTheOrder(t *testing.T) {
	run := func(order []string) map[string]string {
		w := newWorld(t, Options{Faults: Faults{Parties: []PartyRule{{Probability: 0.5, Answer: Unreachable}}}}).speaking()
		fate := map[string]string{}
		for _, number := range order {
			leg := w.dial("room of "+number, number).text("call_sid")
			w.advance(time.Second)
			fate[number] = w.call(leg).text("status")
		}
		return fate
	}
	var order []string
	for i := range 40 {
		order = append(order, fmt.Sprintf("+4477009001%02d", i))
	}
	fate := run(order)
	slices.Reverse(order)
	if again := run(order); !maps.Equal(again, fate) {
		t.Errorf("other fates in another order:\n%v\n%v", fate, again)
	}
	if n := len(slices.DeleteFunc(slices.Collect(maps.Values(fate)), func(s string) bool { return s != "failed" })); n < 8 || n > 32 {
		t.Errorf("%d of 40 failed", n)
	}
}

// On a wall clock a delayed request really waits. The client that gives up meanwhile has had its effect.
func TestDelaysOnTheWallClock(t *testing.T) {
	effect := make(chan struct{}, 16)
	s := New(Options{Webhooks: roundTripper(func(*http.Request) (*http.Response, error) {
		effect <- struct{}{}
		return nil, io.ErrUnexpectedEOF
	})})
	defer s.Close()
	server := httptest.NewServer(s)
	defer server.Close()
	create := func(ctx context.Context, rule RequestRule) (*http.Response, error) {
		rule.Probability = 1
		if err := s.SetFaults(Faults{Requests: []RequestRule{rule}}); err != nil {
			t.Fatal(err)
		}
		form := url.Values{"FriendlyName": {"x"}, "EventCallbackUrl": {"https://app.test/events"}}
		r, _ := http.NewRequestWithContext(ctx, "POST", server.URL+"/v1/Workspaces", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
		return http.DefaultClient.Do(r)
	}

	begun := time.Now()
	res, err := create(t.Context(), RequestRule{Delay: Span{From: 20 * time.Millisecond}})
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("delayed: %v %v", res, err)
	}
	res.Body.Close()
	if at := s.Requests()[0].At; at.Sub(begun) < 20*time.Millisecond {
		t.Errorf("answered after %v", at.Sub(begun))
	}
	<-effect

	ctx, giveUp := context.WithCancel(t.Context())
	go func() {
		<-effect
		giveUp()
	}()
	if _, err = create(ctx, RequestRule{Delay: Span{From: time.Hour}, AfterEffect: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("delayed after its effect: %v", err)
	}

	ctx, giveUp = context.WithCancel(t.Context())
	res, err = create(ctx, RequestRule{SlowBody: Span{From: time.Hour}})
	if err != nil || res.StatusCode != 201 {
		t.Fatalf("slow body: %v %v", res, err)
	}
	first := make([]byte, 1)
	if _, err := io.ReadFull(res.Body, first); err != nil || first[0] != '{' {
		t.Errorf("the first byte: %q, %v", first, err)
	}
	giveUp()
	if _, err := io.ReadAll(res.Body); !errors.Is(err, context.Canceled) {
		t.Errorf("the rest of the body: %v", err)
	}
	res.Body.Close()
	s.Close() // lets go the handlers that still wait
}

// An application listens on another port in each run; that makes no other request of what it asks.
func TestIdentityOfARequest(t *testing.T) {
	identity := func(fields ...string) string {
		form := url.Values{}
		for i := 0; i < len(fields); i += 2 {
			form.Add(fields[i], fields[i+1])
		}
		r := &request{params: params{form: form}, account: &account{sid: "AC1"}, vars: map[string]string{"WS": "WS1", "WT": "WT1"}}
		return fmt.Sprintf("%q", r.identity(route{method: "POST", pattern: "/x"}))
	}
	equals(t, "all of it", identity("To", "a", "From", "b", "Timestamp", "now"), `["AC1" "POST /x" "WS" "WS1" "WT" "WT1" "From" "b" "To" "a"]`)
	equals(t, "another port", identity("Url", "http://127.0.0.1:1/a?b=c"), identity("Url", "http://127.0.0.1:2/a?b=c"))
	if identity("Url", "http://127.0.0.1:1/a?b=c") == identity("Url", "http://127.0.0.1:1/a?b=d") {
		t.Error("another query makes no difference")
	}
}
