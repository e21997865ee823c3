package webhook

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	sb "switchboard"
)

// Twilio's signatures never expire, so whoever has seen a callback can send it again. It then says no more than it did,
// to a call that is over: nothing is told, and what it shows to be live is reaped once.
func TestACallbackSentAgainAfterTheCallsEnd(t *testing.T) {
	for name, c := range map[string]struct {
		target string
		form   url.Values
		reaps  bool
	}{
		"the end of a leg":    {legTarget, legForm("completed"), false},
		"a leg in progress":   {legTarget, legForm("in-progress"), true},
		"somebody left":       {roomTarget, roomForm("participant-leave"), false},
		"a reservation ended": {sb.PathTaskEvents, eventForm("reservation.completed"), false},
		"an assignment":       {sb.PathTaskAssigned, assignmentForm(), true},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.calls.onSignal = answer(ErrNoCall)
			for range 3 {
				if w := r.post(c.target, c.form); w.Code >= 300 {
					t.Errorf("got %d %s, want it acknowledged", w.Code, w.Body)
				}
			}
			if len(r.calls.signals) > 0 || (len(r.calls.reaps) > 0) != c.reaps {
				t.Errorf("told %v, reaped %v; want nothing told, and reaped: %v", r.calls.signals, r.calls.reaps, c.reaps)
			}
			for _, reap := range r.calls.reaps { // one identity: Temporal takes one of them
				if reap.WorkflowID() != r.calls.reaps[0].WorkflowID() {
					t.Errorf("reaped as %s and as %s", r.calls.reaps[0].WorkflowID(), reap.WorkflowID())
				}
			}
			if got := r.stats.Snapshot()[countNoCall]; got != 3 {
				t.Errorf("counts: got %v, want 3 %s", r.stats.Snapshot(), countNoCall)
			}
			noPersonalData(t, r.log.String())
		})
	}
}

// Another account signs with a token that is good for it. That does not make it one that is served here, whatever it
// says and wherever it says it.
func TestAnotherAccountsCallbacksAreRefused(t *testing.T) {
	const account, token = "AC00000000000000000000000000000bad", "the0token0of0another0account"
	theirs := with(legForm("ringing"), "AccountSid", account)
	asOurs := legForm("ringing")
	twice := legForm("ringing")
	twice["AccountSid"] = []string{testAccount, account}
	for name, c := range map[string]struct {
		form   url.Values
		signed string
		why    string
	}{
		"as itself":                 {theirs, sign(token, testURL+legTarget, theirs), countAccount},
		"as itself, with our token": {theirs, sign(testToken, testURL+legTarget, theirs), countAccount},
		"as us":                     {asOurs, sign(token, testURL+legTarget, asOurs), countForged},
		"as us and as itself":       {twice, sign(token, testURL+legTarget, twice), countForged},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			w := r.serve(rawRequest(legTarget, c.form.Encode(), c.signed))
			if w.Code != http.StatusForbidden || r.calls.told() > 0 {
				t.Errorf("got %d %s, told %v; want 403 and nothing told", w.Code, w.Body, r.calls.signals)
			}
			if r.stats.Snapshot()[c.why] != 1 || !strings.Contains(r.log.String(), "why="+c.why) {
				t.Errorf("counts %v, log %s; want %s", r.stats.Snapshot(), r.log, c.why)
			}
			if strings.Contains(r.log.String(), token) || strings.Contains(r.log.String(), account) {
				t.Errorf("the log repeats what the sender said: %s", r.log)
			}
			noPersonalData(t, r.log.String()+w.Body.String())
		})
	}
}

// What is signed is the address that Twilio was given: a signature over another of ours is good for nothing here.
func TestASignatureForAnotherAddressIsRefused(t *testing.T) {
	form := legForm("ringing")
	for _, address := range []string{
		"http://calls.example.test", "https://calls.example.test:8443", "https://calls.example.test.", "https://CALLS.example.test",
		"https://staging.example.test", "https://calls.example.test/twilio", "https://user@calls.example.test", "",
	} {
		r := newRig(t)
		req := rawRequest(legTarget, form.Encode(), sign(testToken, address+legTarget, form))
		req.Host = strings.TrimPrefix(address, "https://")
		req.Header.Set("X-Forwarded-Host", req.Host)
		if w := r.serve(req); w.Code != http.StatusForbidden || r.calls.told() > 0 || r.stats.Snapshot()[countForged] != 1 {
			t.Errorf("signed for %q: got %d, told %d, counts %v; want 403", address, w.Code, r.calls.told(), r.stats.Snapshot())
		}
	}
}

// endless is a body without an end; it counts what was taken of it.
type endless struct{ taken int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.taken += len(p)
	return len(p), nil
}

func TestBodiesOfEveryShape(t *testing.T) {
	many := legForm("ringing")
	for i := range 9_000 {
		many.Set(strconv.FormatInt(int64(i), 36), "")
	}
	tooMany := legForm("ringing") // for net/url
	for i := range 11_000 {
		tooMany.Set(strconv.FormatInt(int64(i), 36), "")
	}
	same := legForm("ringing")
	same["p"] = slices.Repeat([]string{"a", "b"}, 4_500)
	deep := with(eventForm("task.created"), "TaskAttributes", strings.Repeat("[", 5_000)+strings.Repeat("]", 5_000))
	deeper := with(eventForm("task.created"), "TaskAttributes", strings.Repeat(`{"call":`, 3_000))
	bomb := signedRequest(legTarget, legForm("ringing"))
	bomb.Body, bomb.ContentLength = io.NopCloser(bytes.NewReader(gzipped(t, 64<<20))), -1
	bomb.Header.Set("Content-Encoding", "gzip")
	for _, c := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"9,000 parameters", signedRequest(legTarget, many), http.StatusNoContent},
		{"11,000 parameters", signedRequest(legTarget, tooMany), http.StatusForbidden},
		{"a parameter 9,000 times", signedRequest(legTarget, same), http.StatusNoContent},
		{"deep JSON", signedRequest(sb.PathTaskEvents, deep), http.StatusNoContent},
		{"deep JSON without an end", signedRequest(sb.PathTaskEvents, deeper), http.StatusNoContent},
		{"a gzip bomb", bomb, http.StatusUnsupportedMediaType},
		{"NUL in a SID", signedRequest(legTarget, with(legForm("ringing"), "CallSid", testLeg[:33]+"\x00")), http.StatusBadRequest},
		{"a SID that is no UTF-8", signedRequest(legTarget, with(legForm("ringing"), "CallSid", testLeg[:33]+"\xff")), http.StatusBadRequest},
		{"NUL where nobody looks", signedRequest(legTarget, with(legForm("ringing"), "Extra", "\x00\xff")), http.StatusNoContent},
		{"an empty body", signedRequest(legTarget, url.Values{}), http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			if w := r.serve(c.request); w.Code != c.status {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.status)
			}
			noPersonalData(t, r.log.String())
		})
	}
}

func gzipped(t *testing.T, size int64) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.CopyN(w, &endless{}, size); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestNoMoreIsReadThanAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		signature string
		status    int
		most      int
	}{
		"with some signature": {"anything", http.StatusRequestEntityTooLarge, maxBody + 1<<10},
		"without one":         {"", http.StatusForbidden, 0},
	} {
		body := &endless{}
		req := rawRequest(legTarget, "", c.signature)
		req.Body, req.ContentLength = io.NopCloser(body), -1
		r := newRig(t)
		if w := r.serve(req); w.Code != c.status || body.taken > c.most || r.calls.told() > 0 {
			t.Errorf("%s: got %d after %d bytes, want %d after at most %d", name, w.Code, body.taken, c.status, c.most)
		}
	}
}
