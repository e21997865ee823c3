package simulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// KindDebugger is the webhook that tells of alerts, see Options.DebuggerURL.
const KindDebugger = "debugger"

const (
	alertsKept = 10_000              // of each account
	alertAge   = 30 * 24 * time.Hour // older ones cannot be asked for
)

// debuggerAlert is one line of Twilio's debugger: an error that no caller is told about.
type debuggerAlert struct {
	sid, text   string
	code        int
	level       string
	about       Entry
	exchange    exchange
	generatedAt time.Time
}

// exchange is the HTTP request that an alert is about: a webhook of ours, or a request that was asked
// of us. Only who fetches a single alert gets to see its contents.
type exchange struct {
	account     *account
	method, url string
	variables   url.Values
	webhook     bool // we asked, and this came back:
	status      int
	contentType string
	body        string
}

// exchange is the webhook and its answer, for an alert.
func (w webhook) exchange(a webhookAnswer) exchange {
	return exchange{account: w.account, method: w.method, url: w.url, variables: w.form, webhook: true,
		status: a.status, contentType: a.contentType, body: string(a.body)}
}

// exchange is the request itself, for an alert.
func (r *request) exchange() exchange {
	return exchange{account: r.account, method: r.http.Method, url: r.base + r.location.path, variables: r.form}
}

// alert is Twilio's debugger: errors that no caller is told about. The text is seen by many, so it
// never has a number or a name in it; the exchange, where there was one, may have.
func (s *Simulator) alert(code int, text string, about Entry, of ...exchange) {
	about.What, about.Detail = Alerted, fmt.Sprintf("%d %s", code, text)
	s.note(about)
	s.logger.Warn("twilio alert", "code", code, "text", text, "CallSid", about.CallSID)
	a := &debuggerAlert{code: code, text: text, level: levelOf(code), about: about, generatedAt: s.now()}
	switch {
	case len(of) > 0:
		a.exchange = of[0]
	case s.exchanged != nil:
		a.exchange = *s.exchanged
	case s.serving != nil:
		a.exchange = s.serving.exchange()
	}
	owner := s.accountOf(about)
	if owner == nil {
		owner = a.exchange.account
	}
	if owner == nil {
		owner = s.main
	}
	a.sid = s.mint("NO", owner.sid, strconv.Itoa(code))
	owner.alerts.add(a.sid, a)
	for owner.alerts.len() > alertsKept {
		for oldest := range owner.alerts.all() {
			owner.alerts.remove(oldest.sid)
			break
		}
	}
	s.tellDebugger(owner, a)
}

// accountOf finds whose the things are that an entry of the log names; nil: nobody's.
func (s *Simulator) accountOf(about Entry) *account {
	for a := range s.accounts.all() {
		_, call := a.calls.get(about.CallSID)
		_, conference := a.conferences.get(about.ConferenceSID)
		if call || conference {
			return a
		}
		for ws := range a.workspaces.all() {
			if _, found := ws.tasks.get(about.TaskSID); found {
				return a
			}
		}
	}
	return nil
}

// resource is what the alert is about, as Twilio names it.
func (a *debuggerAlert) resource() string {
	for _, sid := range []string{a.about.CallSID, a.about.ReservationSID, a.about.TaskSID, a.about.ConferenceSID} {
		if sid != "" {
			return sid
		}
	}
	return ""
}

// tellDebugger posts the alert to where the console's debugger webhook points. Nothing comes of it
// when that fails: there would be no end of alerts.
func (s *Simulator) tellDebugger(owner *account, a *debuggerAlert) {
	if s.debuggerURL == "" {
		return
	}
	payload := object{"resource_sid": a.resource(), "service_sid": nil, "error_code": strconv.Itoa(a.code), "more_info": object{"msg": a.text}}
	if x := a.exchange; x.webhook {
		payload["webhook"] = object{
			"type":     "application/json",
			"request":  object{"url": x.url, "method": x.method, "headers": object{}, "parameters": x.variables},
			"response": object{"status_code": x.status, "headers": object{"Content-Type": x.contentType}, "body": x.body},
		}
	}
	text, _ := json.Marshal(payload) // strings, numbers and objects of them
	form := url.Values{"Sid": {a.sid}, "AccountSid": {owner.sid}, "Timestamp": {iso(a.generatedAt)}, "Level": {levelNames[a.level]},
		"PayloadType": {"application/json"}, "Payload": {string(text)}}
	if owner.parent != nil {
		form.Set("ParentAccountSid", owner.parent.sid)
	}
	s.send(webhook{account: owner, kind: KindDebugger, method: http.MethodPost, url: s.debuggerURL, form: form,
		answered: func(webhookAnswer) {}})
}

func listAlerts(s *Simulator, r *request) (reply, *apiError) {
	level := r.oneOf("LogLevel", "", "error", "warning", "notice", "debug")
	from, to := r.instant("StartDate", time.Time{}), r.instant("EndDate", s.now())
	if r.err != nil {
		return reply{}, r.err
	}
	var rows listing
	for a := range r.account.alerts.newestFirst() {
		at := a.generatedAt.Truncate(time.Second)
		if level != "" && level != a.level || at.Before(from) || at.After(to) || s.now().Sub(at) > alertAge {
			continue
		}
		rows.add(a.sid, func() object { return a.body(r) })
	}
	return s.list(r, "alerts", rows)
}

func fetchAlert(_ *Simulator, r *request) (reply, *apiError) {
	a, found := r.account.alerts.get(r.vars["NO"])
	if !found {
		return reply{}, notFound(r.path)
	}
	body := a.body(r)
	body["request_variables"], body["request_headers"] = a.exchange.variables.Encode(), ""
	body["response_headers"], body["response_body"] = "", textOrNull(a.exchange.body)
	if a.exchange.contentType != "" {
		body["response_headers"] = url.Values{"Content-Type": {a.exchange.contentType}}.Encode()
	}
	return okay(body), nil
}

func (a *debuggerAlert) body(r *request) object {
	at := iso(a.generatedAt)
	return object{
		"sid": a.sid, "account_sid": r.account.sid, "error_code": strconv.Itoa(a.code), "log_level": a.level, "alert_text": a.text,
		"more_info": moreInfo(a.code), "api_version": apiVersion, "resource_sid": a.resource(), "service_sid": nil,
		"request_method": textOrNull(a.exchange.method), "request_url": textOrNull(a.exchange.url),
		"date_created": at, "date_generated": at, "date_updated": at, "url": r.base + "/v1/Alerts/" + a.sid,
	}
}
