package codec

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const ui = "https://temporal.example.test"

type rig struct {
	http.Handler
	keys Keys
	log  bytes.Buffer
}

// newRig is a server that lets in whoever has the cookie or the token of Olga, an operator, and knows Anna, who is none.
func newRig(t testing.TB) *rig {
	t.Helper()
	r := &rig{keys: keys(t, "a:"+key(1))}
	var err error
	r.Handler, err = NewServer(ServerConfig{
		Keys: r.keys, UI: ui + "/", Logger: slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Allow: func(req *http.Request) (string, int, string) {
			if c, err := req.Cookie("session"); err == nil && c.Value == "olga" || req.Header.Get("Authorization") == "Bearer olga" {
				return "olga@example.test", http.StatusOK, ""
			} else if err == nil && c.Value == "anna" {
				return "", http.StatusForbidden, "you are no operator"
			}
			return "", http.StatusUnauthorized, "sign in"
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func body(t testing.TB, payloads ...*commonpb.Payload) string {
	t.Helper()
	text, err := protojson.Marshal(&commonpb.Payloads{Payloads: payloads})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// ask is what the UI sends, with the cookie of somebody.
func ask(method, path, body, cookie string, headers ...string) *http.Request {
	req := httptest.NewRequest(method, path, strings.NewReader(body))
	req.Header.Set("Origin", ui)
	req.Header.Set("Content-Type", "application/json")
	if cookie != "" {
		req.AddCookie(&http.Cookie{Name: "session", Value: cookie})
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	return req
}

func (r *rig) answer(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r.ServeHTTP(w, req)
	return w
}

func TestAnOperatorReadsAndIsWrittenDown(t *testing.T) {
	r := newRig(t)
	w := r.answer(ask("POST", PathDecode, body(t, encrypted(t, r.keys, secret), payload(t, "clear")), "olga"))
	var out commonpb.Payloads
	if err := protojson.Unmarshal(w.Body.Bytes(), &out); err != nil || w.Code != http.StatusOK || len(out.Payloads) != 2 || !proto.Equal(out.Payloads[0], payload(t, secret)) {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != ui || h.Get("Access-Control-Allow-Credentials") != "true" || h.Get("Cache-Control") != "no-store" || h.Get("Vary") != "Origin" {
		t.Errorf("got %v", h)
	}
	log := r.log.String()
	if !strings.Contains(log, "who=olga@example.test how_many=2") || strings.Contains(log, "Bloggs") || strings.Contains(log, "900123") {
		t.Errorf("log: %s", log)
	}
	back := r.answer(ask("POST", PathEncode, w.Body.String(), "olga"))
	if back.Code != http.StatusOK || strings.Contains(back.Body.String(), "json/plain") || !strings.Contains(back.Body.String(), metadataKeyID) {
		t.Errorf("encoded: got %d %s", back.Code, back.Body)
	}
}

func TestNobodyElseReads(t *testing.T) {
	r := newRig(t)
	text := body(t, encrypted(t, r.keys, secret))
	foreign := body(t, encrypted(t, keys(t, "b:"+key(2)), secret))
	for name, c := range map[string]struct {
		req    *http.Request
		status int
		says   string
	}{
		"nobody":                        {ask("POST", PathDecode, text, ""), 401, "sign in"},
		"an agent":                      {ask("POST", PathDecode, text, "anna"), 403, "no operator"},
		"an agent, encoding":            {ask("POST", PathEncode, text, "anna"), 403, "no operator"},
		"another site, with the cookie": {ask("POST", PathDecode, text, "olga", "Origin", "https://evil.example.test"), 403, "Temporal's UI"},
		"a neighbour of the UI":         {ask("POST", PathDecode, text, "olga", "Origin", ui+".evil.test"), 403, "Temporal's UI"},
		"the UI without TLS":            {ask("POST", PathDecode, text, "olga", "Origin", strings.Replace(ui, "https", "http", 1)), 403, "Temporal's UI"},
		"a page without an origin":      {ask("POST", PathDecode, text, "olga", "Origin", "null"), 403, "Temporal's UI"},
		"a cookie without an origin":    {ask("POST", PathDecode, text, "olga", "Origin", ""), 403, "Bearer"},
		"a site with somebody's token":  {ask("POST", PathDecode, text, "", "Origin", "https://evil.example.test", "Authorization", "Bearer olga"), 403, "Temporal's UI"},
		"a form":                        {ask("POST", PathDecode, text, "olga", "Content-Type", "text/plain"), 415, "application/json"},
		"compressed":                    {ask("POST", PathDecode, text, "olga", "Content-Encoding", "gzip"), 415, "not compressed"},
		"no JSON":                       {ask("POST", PathDecode, "{", "olga"), 400, "list of payloads"},
		"too large":                     {ask("POST", PathDecode, `{"payloads":[{"data":"`+strings.Repeat("A", maxBody)+`"}]}`, "olga"), 413, "4 MB"},
		"too many":                      {ask("POST", PathDecode, `{"payloads":[`+strings.Repeat("{},", maxPayloads)+`{}]}`, "olga"), 413, "more than"},
		"another key":                   {ask("POST", PathDecode, foreign, "olga"), 422, `the key "b"`},
		"read":                          {ask("GET", PathDecode, "", "olga"), 405, ""},
		"another path":                  {ask("POST", "/codec/keys", text, "olga"), 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := r.answer(c.req)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || strings.Contains(w.Body.String(), "Bloggs") {
				t.Errorf("got %d %s, want %d and %q", w.Code, w.Body, c.status, c.says)
			}
			if allowed := w.Header().Get("Access-Control-Allow-Origin"); allowed != "" && allowed != ui {
				t.Errorf("%s may read the answer", allowed)
			}
		})
	}
	if strings.Contains(r.log.String(), "Bloggs") {
		t.Errorf("log: %s", r.log.String())
	}
}

// A page of the UI asks for each payload by itself, and anybody can send what such a page does.
func TestKnockingFillsNoLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		knock := func(times int) {
			for range times {
				r.answer(ask(http.MethodPost, PathDecode, body(t), ""))
			}
		}
		knock(refusalBurst + 100)
		time.Sleep(time.Duration(float64(time.Second) / refusalsPerSecond)) // of the bubble's own clock
		knock(1)
		lines := strings.Count(r.log.String(), `msg="payloads not given out"`)
		if lines != refusalBurst+1 || !strings.Contains(r.log.String(), "not_logged_before=100") {
			t.Errorf("%d refusals are logged, want %d, the last with the 100 that were not:\n%s", lines, refusalBurst+1, r.log.String())
		}
	})
}

func TestAProgramWithAToken(t *testing.T) {
	r := newRig(t)
	w := r.answer(ask("POST", PathDecode, body(t, encrypted(t, r.keys, secret)), "", "Origin", "", "Authorization", "Bearer olga"))
	if w.Code != http.StatusOK || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestBrowsersAskFirst(t *testing.T) {
	r := newRig(t)
	w := r.answer(ask("OPTIONS", PathDecode, "", "", "Access-Control-Request-Method", "POST"))
	h := w.Header()
	if w.Code != http.StatusNoContent || h.Get("Access-Control-Allow-Origin") != ui || !strings.Contains(h.Get("Access-Control-Allow-Headers"), "X-Namespace") {
		t.Errorf("the UI: got %d %v", w.Code, h)
	}
	w = r.answer(ask("OPTIONS", PathDecode, "", "", "Origin", "https://evil.example.test"))
	if w.Code != http.StatusForbidden || w.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another: got %d %v", w.Code, w.Header())
	}
}

func TestAServerThatCannotBe(t *testing.T) {
	_, err := NewServer(ServerConfig{UI: "temporal.example.test"})
	if err == nil || !strings.Contains(err.Error(), "keys are missing") || !strings.Contains(err.Error(), "who may") || !strings.Contains(err.Error(), "the UI must be") {
		t.Errorf("got %v", err)
	}
}

// Whatever an operator's browser sends, the answer is one of those above, and nothing of it is in the log.
func FuzzDecode(f *testing.F) {
	k := keys(f, "a:"+key(1))
	f.Add(body(f, encrypted(f, k, secret)))
	f.Add(body(f, payload(f, secret)))
	f.Add(`{"payloads":[{"metadata":{"encoding":"YmluYXJ5L2VuY3J5cHRlZA==","encryption-key-id":"YQ=="},"data":"AAAA"}]}`)
	f.Add(`{"payloads":[null],"x":1}`)
	f.Add(strings.Repeat(`{"payloads":`, 100))
	f.Fuzz(func(t *testing.T, text string) {
		r := newRig(t)
		for _, path := range []string{PathDecode, PathEncode} {
			w := r.answer(ask("POST", path, text, "olga"))
			switch w.Code {
			case http.StatusOK:
				var out commonpb.Payloads
				if err := protojson.Unmarshal(w.Body.Bytes(), &out); err != nil {
					t.Errorf("the answer cannot be read: %v", err)
				}
			case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
				if sentence, _ := io.ReadAll(w.Body); len(sentence) == 0 || len(sentence) > 300 {
					t.Errorf("got %d and %q", w.Code, sentence)
				}
			default:
				t.Errorf("got %d", w.Code)
			}
		}
		if strings.Contains(r.log.String(), "Bloggs") {
			t.Errorf("log: %s", r.log.String())
		}
	})
}
