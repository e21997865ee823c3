package webhook

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/twilio/twilio-go/client"

	sb "switchboard"
	"switchboard/allowance"
)

// rawRequest makes a request without any care for what is in it.
func rawRequest(target, body, signature string) *http.Request {
	path, query, _ := strings.Cut(target, "?")
	return (&http.Request{
		Method:     http.MethodPost,
		URL:        &url.URL{Path: path, RawQuery: query},
		RequestURI: target,
		Header: http.Header{
			"Content-Type":  {"application/x-www-form-urlencoded"},
			signatureHeader: {signature},
		},
		Body: io.NopCloser(strings.NewReader(body)),
	}).WithContext(context.Background())
}

func TestTwiliosSignatureVectors(t *testing.T) {
	classic := url.Values{
		"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+12349013030"}, "Digits": {"1234"}, "From": {"+12349013030"}, "To": {"+18005551212"},
	}
	sorted := url.Values{
		"Digits": {"1234"}, "CallSid": {"CA1234567890ABCDE"}, "To": {"+18005551212"}, "Caller": {"+14158675309"},
		"From": {"+14158675309"}, "ReasonConferenceEnded": {"test"}, "Reason": {"Participant"},
	}
	const query = "/myapp.php?foo=1&bar=2"
	for _, c := range []struct {
		name, token, public, target, signature string
		form                                   url.Values
		status                                 int
	}{
		{"1", "12345", "https://example.com", query, "vNe7KK2kJwCsxc9K3OLkkKB3qqI=", classic, 200},
		{"2", "12345", "https://example.com:443", query, "rRyApp2BmeNbfvDRorL/FjZz1XY=", classic, 200},
		{"2, our URL without the port", "12345", "https://example.com", query, "rRyApp2BmeNbfvDRorL/FjZz1XY=", classic, 200},
		{"3", "12345", "https://example.com:8443", query, "yYR635bRJxiopbhL+rMlWrFB7JY=", classic, 200},
		{"3, our URL without the port", "12345", "https://example.com", query, "yYR635bRJxiopbhL+rMlWrFB7JY=", classic, 403},
		{"4", "12345", "https://mycompany.com", query, "vOEb5UThFn24KEfnOFLQY2AE5FY=", sorted, 200},
		{"4, our URL with a slash", "12345", "https://mycompany.com/", query, "vOEb5UThFn24KEfnOFLQY2AE5FY=", sorted, 200},
		{"4, other token", "12346", "https://mycompany.com", query, "vOEb5UThFn24KEfnOFLQY2AE5FY=", sorted, 403},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &server{Config: Config{
				PublicURL:  strings.TrimRight(c.public, "/"),
				AuthTokens: func(sb.AccountSID) []string { return []string{c.token} },
			}, log: slog.New(slog.DiscardHandler), stats: &Stats{}, refusals: allowance.New(refusalBurst, refusalsPerSecond)}
			e := echo.New()
			e.POST("/myapp.php", s.signed(func(c echo.Context, _ url.Values) error { return c.NoContent(http.StatusOK) }))
			w := httptest.NewRecorder()
			e.ServeHTTP(w, rawRequest(c.target, c.form.Encode(), c.signature))
			if w.Code != c.status {
				t.Errorf("got %d, want %d", w.Code, c.status)
			}
		})
	}

	t.Run("5, through the whole handler", func(t *testing.T) {
		const account = "AC00000000000000000000000000000000"
		stats := &Stats{}
		h, err := New(Config{
			PublicURL: "https://app.example.test", Calls: &fakeCalls{}, Stats: stats,
			AuthTokens: func(a sb.AccountSID) []string { return map[sb.AccountSID][]string{account: {testToken}}[a] },
		})
		if err != nil {
			t.Fatal(err)
		}
		form := url.Values{
			"AccountSid": {account}, "ReservationSid": {testReservation}, "TaskAge": {"0"}, "TaskAttributes": {`{"type":"call","name":"Zoë & co"}`},
			"TaskPriority": {"0"}, "TaskSid": {testTask}, "WorkerSid": {testAgent},
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, rawRequest("/task_assigned", form.Encode(), "g/XE4Tns2d8auHTf1jf4Cve7iLo="))
		if w.Code != http.StatusOK || stats.Snapshot()[countForeign] != 1 {
			t.Errorf("got %d, counts %v; want 200 and 1 foreign", w.Code, stats.Snapshot())
		}
	})

	t.Run("7, nothing but a URL", func(t *testing.T) {
		if !validSignature("https://app.example.test/twiml?CallSid=CA1&From=%2B15551112222", nil, "+0IrGWSMz9QFQ7Qyll25wemuZng=", []string{testToken}) {
			t.Error("refused")
		}
	})
}

func TestSignaturesAreJudgedAsByTwiliosValidator(t *testing.T) {
	form := url.Values{"Name": {"Zoë & co"}, "CallSid": {"CA1"}, "Empty": {""}}
	params := map[string]string{"Name": "Zoë & co", "CallSid": "CA1", "Empty": ""}
	validator := client.NewRequestValidator(testToken)
	hosts := []string{"http://a.test", "http://a.test:80", "http://a.test:8080", "https://a.test", "https://a.test:80", "https://a.test:443", "https://a.test:8443"}
	accepted := 0
	for _, ours := range hosts {
		for _, signed := range hosts {
			const target = "/leg?call=a%2Fb&x=Zo%C3%AB"
			signature := sign(testToken, signed+target, form)
			want := validator.Validate(ours+target, params, signature)
			if got := validSignature(ours+target, form, signature, []string{testToken}); got != want {
				t.Errorf("our URL %s, signed %s: got %t, want %t", ours, signed, got, want)
			}
			if want {
				accepted++
			}
		}
	}
	if accepted <= len(hosts) || accepted == len(hosts)*len(hosts) {
		t.Errorf("%d pairs were accepted: nothing is shown", accepted)
	}
}

func TestWhatIsNotTwiliosIsRefusedAndNotLogged(t *testing.T) {
	form := with(legForm("ringing"), "CallerName", callerName)
	ours := sign(testToken, testURL+legTarget, form)
	body := form.Encode()
	for _, c := range []struct {
		name    string
		request *http.Request
		why     string
	}{
		{"unsigned", rawRequest(legTarget, body, ""), countUnsigned},
		{"nonsense", rawRequest(legTarget, body, "Zoë Bloggs +447700900123"), countForged},
		{"token of another", rawRequest(legTarget, body, sign("another", testURL+legTarget, form)), countForged},
		{"empty token", rawRequest(legTarget, body, sign("", testURL+legTarget, form)), countForged},
		{"changed status", rawRequest(legTarget, with(form, "CallStatus", "completed").Encode(), ours), countForged},
		{"changed parameter that nobody reads", rawRequest(legTarget, with(form, "From", callerPhone).Encode(), ours), countForged},
		{"added parameter", rawRequest(legTarget, body+"&Extra=1", ours), countForged},
		{"parameter left out", rawRequest(legTarget, with(form, "Direction", "").Encode(), ours), countForged},
		{"parameter given a second time", rawRequest(legTarget, body+"&CallStatus=completed", ours), countForged},
		{"another call", rawRequest(strings.Replace(legTarget, "42", "43", 1), body, ours), countForged},
		{"query in another order", rawRequest(sb.PathLeg+"?party=caller&offer=3&attempt=1&call="+url.QueryEscape(string(testCall)), body, ours), countForged},
		{"query otherwise encoded", rawRequest(strings.Replace(legTarget, "%2F", "/", 1), body, ours), countForged},
		{"another path", rawRequest(strings.Replace(legTarget, sb.PathLeg, sb.PathMachine, 1), body, ours), countForged},
		{"another public URL", rawRequest(legTarget, body, sign(testToken, "https://evil.example.test"+legTarget, form)), countForged},
		{"http instead of https", rawRequest(legTarget, body, sign(testToken, "http://calls.example.test"+legTarget, form)), countForged},
		{"not a form", rawRequest(legTarget, "%zz"+callerPhone, ours), countForged},
		{"account of others", func() *http.Request {
			form := with(form, "AccountSid", "AC99999999999999999999999999999999")
			return rawRequest(legTarget, form.Encode(), sign(testToken, testURL+legTarget, form))
		}(), countAccount},
		{"no account", func() *http.Request {
			form := with(form, "AccountSid", "")
			return rawRequest(legTarget, form.Encode(), sign(testToken, testURL+legTarget, form))
		}(), countAccount},
		{"account in the query", func() *http.Request {
			form, target := with(form, "AccountSid", ""), legTarget+"&AccountSid="+testAccount
			return rawRequest(target, form.Encode(), sign(testToken, testURL+target, form))
		}(), countAccount},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			w := r.serve(c.request)
			if w.Code != http.StatusForbidden {
				t.Errorf("got %d %s, want 403", w.Code, w.Body)
			}
			if r.calls.told() > 0 {
				t.Errorf("told the calls: %v %v", r.calls.signals, r.calls.reaps)
			}
			if got := r.stats.Snapshot()[c.why]; got != 1 {
				t.Errorf("counts: got %v, want 1 %s", r.stats.Snapshot(), c.why)
			}
			log := r.log.String()
			if !strings.Contains(log, `msg="request refused" path=/leg`) && !strings.Contains(log, "path=/answered_by") {
				t.Errorf("the log does not tell of it:\n%s", log)
			}
			noPersonalData(t, log+w.Body.String())
			if strings.Contains(log, "claims") {
				t.Errorf("the log repeats a query that nobody vouches for:\n%s", log)
			}
		})
	}
}

// Whoever knocks all day is counted each time and fills no disk.
func TestKnockingFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		knock := func(times int) {
			for range times {
				r.serve(rawRequest(legTarget, "", ""))
			}
		}
		knock(refusalBurst + 100)
		time.Sleep(time.Duration(float64(time.Second) / refusalsPerSecond)) // of the bubble's own clock
		knock(1)
		if got := r.stats.Snapshot()[countUnsigned]; got != refusalBurst+101 {
			t.Errorf("%d refusals were counted, want %d", got, refusalBurst+101)
		}
		lines := strings.Count(r.log.String(), `msg="request refused"`)
		if lines != refusalBurst+1 || !strings.Contains(r.log.String(), "not_logged_before=100") {
			t.Errorf("%d refusals are logged, want %d, the last with the 100 that were not:\n%s", lines, refusalBurst+1, r.log.String())
		}
	})
}

func TestWhoSignedIsToldByThePublicURLAlone(t *testing.T) {
	r := newRig(t)
	req := signedRequest(legTarget, legForm("ringing"))
	req.Host = "10.0.0.7:8080" // behind a proxy
	req.Header.Set("X-Forwarded-Host", "evil.example.test")
	req.Header.Set("X-Forwarded-Proto", "http")
	if w := r.serve(req); w.Code != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
}

func TestSecondTokenServesWhileTheFirstIsReplaced(t *testing.T) {
	r := newRig(t)
	form := legForm("ringing")
	w := r.serve(rawRequest(legTarget, form.Encode(), sign("the0secondary0token", testURL+legTarget, form)))
	if w.Code != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
}

func TestRequestWithoutASocketIsCheckedByItsURL(t *testing.T) {
	r := newRig(t)
	req := signedRequest(legTarget, legForm("ringing"))
	req.RequestURI = ""
	if w := r.serve(req); w.Code != http.StatusNoContent {
		t.Errorf("got %d %s, want 204", w.Code, w.Body)
	}
}

func TestRepeatedParametersAreSignedWithAllTheirValues(t *testing.T) {
	r := newRig(t)
	form := legForm("ringing")
	form["Tag"] = []string{"b", "a", "b"}
	if w := r.post(legTarget, form); w.Code != http.StatusNoContent {
		t.Errorf("as signed: got %d %s, want 204", w.Code, w.Body)
	}
	signature := sign(testToken, testURL+legTarget, form)
	form["Tag"] = []string{"b", "a", "c"}
	if w := r.serve(rawRequest(legTarget, form.Encode(), signature)); w.Code != http.StatusForbidden {
		t.Errorf("another value: got %d %s, want 403", w.Code, w.Body)
	}
}

// brokenBody ends before its time.
type brokenBody struct{}

func (brokenBody) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
func (brokenBody) Close() error             { return nil }

func TestRequestsOfAnotherShape(t *testing.T) {
	large := legForm("ringing")
	large.Set("Extra", strings.Repeat("x", maxBody))
	ofType := func(contentType string) *http.Request {
		req := signedRequest(legTarget, legForm("ringing"))
		req.Header.Set("Content-Type", contentType)
		return req
	}
	broken := signedRequest(legTarget, legForm("ringing"))
	broken.Body = brokenBody{}
	get := signedRequest(legTarget, legForm("ringing"))
	get.Method = http.MethodGet
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"too large", signedRequest(legTarget, large), http.StatusRequestEntityTooLarge},
		{"JSON", ofType("application/json"), http.StatusUnsupportedMediaType},
		{"multipart", ofType("multipart/form-data; boundary=x"), http.StatusUnsupportedMediaType},
		{"no type", ofType(""), http.StatusUnsupportedMediaType},
		{"type in capitals", ofType("Application/X-WWW-Form-URLEncoded"), http.StatusNoContent},
		{"cut off", broken, http.StatusBadRequest},
		{"GET", get, http.StatusMethodNotAllowed},
		{"no such path", signedRequest("/"+callerPhone, legForm("ringing")), http.StatusNotFound},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			w := r.serve(c.request)
			if w.Code != c.status {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.status)
			}
			if c.status != http.StatusNoContent && r.calls.told() > 0 {
				t.Errorf("told the calls: %v %v", r.calls.signals, r.calls.reaps)
			}
			noPersonalData(t, r.log.String())
		})
	}
}
