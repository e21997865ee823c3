package simulator

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/twilio/twilio-go/client"
	voice "github.com/twilio/twilio-go/rest/api/v2010"
	monitor "github.com/twilio/twilio-go/rest/monitor/v1"
)

func debuggerOf(c *client.Client) *monitor.ApiService { return monitor.NewApiServiceWithClient(c) }

// badWorld is one in which a status callback and the TwiML of a call are answered badly.
func badWorld(t *testing.T, o Options) *world {
	w := newWorld(t, o)
	w.answer = func(h hook) (int, string, string) {
		switch {
		case strings.HasSuffix(h.url, "/call"):
			return 500, "text/html", "<h1>Sorry</h1>"
		case strings.HasSuffix(h.url, "/twiml"):
			return 200, "text/xml", "<Response><Juggle/></Response>"
		}
		return 204, "", ""
	}
	return w
}

func (w *world) badCall(api *voice.ApiService) string {
	w.t.Helper()
	call, err := api.CreateCall((&voice.CreateCallParams{}).SetTo(stays).SetFrom(ourNumber).SetUrl("https://app.test/twiml").
		SetStatusCallback("https://app.test/call"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.advance(time.Minute)
	return *call.Sid
}

func TestTwilioGoReadsAlerts(t *testing.T) {
	w := badWorld(t, Options{})
	_, api := twilioGo(w.sim)
	call := w.badCall(api)
	main := debuggerOf(as(w.sim, DefaultAccountSID, DefaultAuthToken, DefaultAccountSID))
	list := func(p *monitor.ListAlertParams) string {
		t.Helper()
		alerts, err := main.ListAlert(p)
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, a := range alerts {
			all = append(all, *a.ErrorCode+" "+*a.LogLevel)
			if *a.ResourceSid != call || *a.AccountSid != DefaultAccountSID || !isSID("NO", *a.Sid) {
				t.Errorf("alert: %+v", a)
			}
			if strings.Contains(*a.AlertText, "7700900") {
				t.Errorf("a number in %q", *a.AlertText)
			}
		}
		return strings.Join(all, ", ")
	}
	p := func() *monitor.ListAlertParams { return &monitor.ListAlertParams{} }
	equals(t, "newest first", list(p().SetPageSize(1)), "15003 warning, 12200 warning")
	equals(t, "errors", list(p().SetLogLevel("error")), "")
	equals(t, "from now", list(p().SetStartDate(w.clock.Now())), "")
	equals(t, "until then", list(p().SetEndDate(w.clock.Now().Add(-50*time.Second))), "15003 warning, 12200 warning")
	equals(t, "before", list(p().SetEndDate(w.clock.Now().Add(-2*time.Minute))), "")
	_, err := main.ListAlert(p().SetLogLevel("fatal"))
	refusedAs(t, "no such level", err, 400, 20001)

	alerts, err := main.ListAlert(p().SetLimit(1))
	if err != nil {
		t.Fatal(err)
	}
	a, err := main.FetchAlert(*alerts[0].Sid)
	if err != nil {
		t.Fatal(err)
	}
	variables, err := url.ParseQuery(*a.RequestVariables)
	if err != nil || variables.Get("CallSid") != call {
		t.Errorf("variables: %v %v", variables, err)
	}
	same(t, "what was asked and answered",
		[]string{*a.RequestMethod, *a.RequestUrl, *a.ResponseBody, *a.ResponseHeaders, *a.MoreInfo, *a.AlertText, *a.Url},
		[]string{"POST", "https://app.test/call", "<h1>Sorry</h1>", "Content-Type=text%2Fhtml", "https://www.twilio.com/docs/errors/15003",
			"Warning Response to Callback URL: 500", "https://monitor.twilio.com/v1/Alerts/" + *a.Sid})
	_, err = main.FetchAlert("NO00000000000000000000000000000000")
	refusedAs(t, "no such alert", err, 404, 20404)
	w.advance(31 * 24 * time.Hour)
	equals(t, "after a month", list(p()), "")
}

// An alert belongs to the account whose call or request it is about.
func TestAlertsBelongToAnAccount(t *testing.T) {
	w := badWorld(t, Options{DebuggerURL: "https://app.test/debugger"})
	sub, api := newSubaccount(t, w.sim, "customer")
	w.badCall(api)
	if _, err := api.CreateCall((&voice.CreateCallParams{}).SetTo(stays).SetFrom(ourNumber).SetTwiml(say).
		SetStatusCallback("https://app.test/call").SetStatusCallbackEvent([]string{"rings"})); err != nil {
		t.Fatal(err)
	}
	w.advance(time.Second)
	of := func(sid, token string) (codes []string) {
		alerts, err := debuggerOf(as(w.sim, sid, token, sid)).ListAlert(nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range alerts {
			codes = append(codes, *a.ErrorCode)
		}
		return codes
	}
	same(t, "the subaccount's", of(*sub.Sid, *sub.AuthToken), []string{"21626", "15003", "12200"})
	same(t, "the main account's", of(DefaultAccountSID, DefaultAuthToken), nil)

	hooks := w.received("/debugger")
	equals(t, "debugger webhooks", len(hooks), 3)
	var payload struct {
		Code    string `json:"error_code"`
		Webhook struct {
			Request  struct{ URL string }
			Response struct {
				Status int `json:"status_code"`
			}
		}
	}
	h := hooks[1]
	if err := json.Unmarshal([]byte(h.form.Get("Payload")), &payload); err != nil {
		t.Fatal(err)
	}
	same(t, "debugger webhook", []string{h.form.Get("AccountSid"), h.form.Get("ParentAccountSid"), h.form.Get("Level"), payload.Code, payload.Webhook.Request.URL},
		[]string{*sub.Sid, DefaultAccountSID, "Warning", "15003", "https://app.test/call"})
	equals(t, "status", payload.Webhook.Response.Status, 500)
}

// Where nobody listens to the debugger's webhook, that is no new alert.
func TestDebuggerFailsInSilence(t *testing.T) {
	w := badWorld(t, Options{DebuggerURL: "https://app.test/call"})
	_, api := twilioGo(w.sim)
	w.badCall(api)
	n := 0
	for _, e := range w.sim.Log() {
		if e.What == Alerted {
			n++
		}
	}
	equals(t, "alerts", n, 2)
}

func TestOldAlertsAreForgotten(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.lock()
	for range alertsKept + 3 {
		w.sim.alert(40153, "Absolute Paging", Entry{})
	}
	kept := w.sim.main.alerts.len()
	w.sim.unlock()
	equals(t, "kept", kept, alertsKept)
}

// Whoever reads an alert sees what was asked and what came back, also of TwiML and of assignment callbacks.
func TestAlertsShowTheExchange(t *testing.T) {
	w := badWorld(t, Options{}).withWorkspace()
	w.must(w.post(calls, "From", ourNumber, "To", stays, "Url", "https://app.test/twiml"))
	w.answer = func(h hook) (int, string, string) {
		if strings.HasSuffix(h.url, "/assigned") {
			return 200, "application/json", "nonsense"
		}
		return 200, "text/xml", "<Response><Juggle/></Response>"
	}
	w.newAgent("anna", "{}")
	w.newTask()
	w.advance(5 * time.Second)
	main := debuggerOf(as(w.sim, DefaultAccountSID, DefaultAuthToken, DefaultAccountSID))
	alerts, err := main.ListAlert(&monitor.ListAlertParams{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, a := range alerts {
		full, err := main.FetchAlert(*a.Sid)
		if err != nil {
			t.Fatal(err)
		}
		seen[*a.ErrorCode] = *full.RequestUrl + " " + *full.ResponseBody
	}
	equals(t, "TwiML", seen["12200"], "https://app.test/twiml <Response><Juggle/></Response>")
	equals(t, "assignment", seen["40001"], "https://app.test/assigned nonsense")
}
