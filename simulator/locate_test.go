package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	voice "github.com/twilio/twilio-go/rest/api/v2010"
)

// raw is a request with everything that a client can get wrong.
func (w *world) raw(method, url, contentType, body string) answer {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.context(), method, url, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	r.SetBasicAuth(DefaultAccountSID, DefaultAuthToken)
	return w.read(w.sim.Transport().RoundTrip(r))
}

func (w *world) read(res *http.Response, err error) answer {
	w.t.Helper()
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	a := answer{status: res.StatusCode, header: res.Header}
	text, _ := io.ReadAll(res.Body)
	if len(text) > 0 && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(text, &a.body); err != nil {
			w.t.Fatalf("%s %s: %v", res.Request.Method, res.Request.URL, err)
		}
	}
	return a
}

const formType = "application/x-www-form-urlencoded"

func TestWhatCannotBeAsked(t *testing.T) {
	w := newWorld(t, Options{})
	const account = "https://api.twilio.com/2010-04-01/Accounts/" + DefaultAccountSID
	workspaces := "https://taskrouter.twilio.com/v1/Workspaces"
	for _, path := range []string{account + "/Calls", account + "/Calls.xml", account + "/Calls.csv", account + ".xml", account} {
		a := w.refused(w.raw("GET", path, "", ""), 404, 20404)
		if !strings.Contains(a.text("message"), "ask for /2010-04-01/Accounts/{AC}") {
			t.Errorf("%s: %s", path, a.text("message"))
		}
	}
	a := w.refused(w.raw("GET", account+"/Fax.xml", "", ""), 404, 20404)
	equals(t, "message", a.text("message"), "The requested resource /2010-04-01/Accounts/"+DefaultAccountSID+"/Fax.xml was not found")

	w.refused(w.raw("POST", workspaces, formType, "FriendlyName=%zz"), 400, 20001)
	w.refused(w.raw("POST", workspaces, "application/json", `{"FriendlyName":"x"}`), 400, 20001)
	w.refused(w.raw("POST", workspaces, formType, "FriendlyName="+strings.Repeat("x", formLimit)), 413, 20413)
	equals(t, "workspaces", w.sim.main.workspaces.len(), 0)
	a = w.refused(w.raw("PUT", account+"/Calls.json", formType, ""), 405, 20004)
	equals(t, "Allow", a.header.Get("Allow"), "GET, POST")
	w.refused(w.raw("OPTIONS", account+"/Calls.json", "", ""), 405, 20004)
}

func TestHeadersOfAnAnswer(t *testing.T) {
	w := newWorld(t, Options{})
	a := w.raw("HEAD", "https://taskrouter.twilio.com/v1/Workspaces", "", "")
	equals(t, "HEAD", a.status, 200)
	equals(t, "concurrent requests", a.header.Get("Twilio-Concurrent-Requests"), "1")
	if !isSID("RQ", a.header.Get("Twilio-Request-Id")) {
		t.Errorf("Twilio-Request-Id: %q", a.header.Get("Twilio-Request-Id"))
	}
}

// The older API's lists count their pages, and can be asked for the n-th.
func TestPagesByNumber(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	for _, name := range []string{"1", "2", "3", "4", "5"} {
		if _, err := api.CreateApplication((&voice.CreateApplicationParams{}).SetFriendlyName(name)); err != nil {
			t.Fatal(err)
		}
	}
	page, err := api.PageApplication((&voice.ListApplicationParams{}).SetPageSize(2), "", "2")
	if err != nil || len(page.Applications) != 1 || *page.Applications[0].FriendlyName != "1" {
		t.Fatalf("third page: %+v %v", page, err)
	}
	equals(t, "page", page.Page, 2)
	equals(t, "size", page.PageSize, 2)
	equals(t, "first row", page.Start, 4)
	equals(t, "last row", page.End, 4)
	equals(t, "first page", page.FirstPageUri, "/2010-04-01/Accounts/"+DefaultAccountSID+"/Applications.json?PageSize=2&Page=0")
	if page.NextPageUri != nil || page.PreviousPageUri == nil {
		t.Errorf("neighbours: next %v, previous %v", page.NextPageUri, page.PreviousPageUri)
	}
}
