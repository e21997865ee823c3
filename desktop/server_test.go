package desktop

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/simulator"
)

func TestConfigurationProblemsAreNamedAllAtOnce(t *testing.T) {
	_, err := New(Config{PublicURL: "calls.example.com", TokenLifetime: 25 * time.Hour, SessionKey: []byte("short"), OIDC: &OIDC{Issuer: "http://id.example.com", Claim: "a-b"}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"PublicURL: must be", "workspace is missing", "API key with its secret", "TokenLifetime", "SessionKey", "Statuses", "Calls: is missing",
		"issuer must be an https", "client ID", "the claim must be",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestTheConfigurationOfThePage(t *testing.T) {
	for name, c := range map[string]struct {
		browser                        string
		signalling, rest, socket, shim string
	}{
		"twilio":              {"", "", "", "", ""},
		"simulator":           {"http://localhost:8090", "localhost:8090", "http://localhost:8090/v1/wschannels", "ws://localhost:8090/v1/wschannels", `"ws://localhost:8090/"`},
		"simulator with TLS":  {"https://sim.example.test", "sim.example.test", "https://sim.example.test/v1/wschannels", "wss://sim.example.test/v1/wschannels", ""},
		"simulator elsewhere": {"http://[::1]:8090", "[::1]:8090", "http://[::1]:8090/v1/wschannels", "ws://[::1]:8090/v1/wschannels", `/^wss:\/\/\[::1\]:8090\//`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c2 *Config) { c2.BrowserTwilio, c2.Edge = c.browser, "ashburn" })
			b := r.browser()
			got := decoded[configuration](t, b.do("GET", "/desktop/config", ""))
			if got.Voice.Signalling != c.signalling || got.TaskRouter.REST != c.rest || got.TaskRouter.Socket != c.socket || got.Voice.Edge != "ashburn" {
				t.Errorf("got %+v", got)
			}
			if got.SignIn.Kind != "names" || !slices.Equal(got.SignIn.Names, []string{"anna", "bob"}) || got.Agent != nil {
				t.Errorf("got %+v, want both names and nobody signed in", got.SignIn)
			}
			if !slices.Equal(got.Statuses, testStatuses.Choosable) || got.LostStatus != "Softphone lost" || got.MissedStatus != "Missed call" || len(got.Dispositions) != 2 {
				t.Errorf("got %+v", got)
			}
			shim := b.do("GET", "/desktop/shim.js", "")
			if body := shim.Body.String(); c.shim == "" && body != "" || !strings.Contains(body, c.shim) {
				t.Errorf("shim: got %q, want %q in it", body, c.shim)
			}
			policy := shim.Header().Get("Content-Security-Policy")
			if to := strings.Replace(c.rest, "/v1/wschannels", "", 1); !strings.Contains(policy, to) || (c.rest == "") != strings.Contains(policy, "twilio.com") {
				t.Errorf("policy: %s", policy)
			}
			if strings.Contains(policy, "unsafe") {
				t.Errorf("policy: %s", policy)
			}
		})
	}
}

func TestThePageItself(t *testing.T) {
	r := newRig(t, nil)
	b := r.browser()
	r.page = page{}
	if w := b.do("GET", "/", ""); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "make desktop") {
		t.Errorf("not built: got %d %s", w.Code, w.Body)
	}
	var err error
	if r.page, err = readPage(fstest.MapFS{
		"page/dist/index.html": {Data: []byte("<!doctype html>the page")}, "page/dist/assets/a-1.js": {Data: []byte("1")}, "page/dist.txt": {Data: []byte("note")},
	}); err != nil {
		t.Fatal(err)
	}
	index := b.do("GET", "/", "")
	if index.Code != 200 || !strings.Contains(index.Body.String(), "the page") || index.Header().Get("Cache-Control") != "no-cache" || !strings.HasPrefix(index.Header().Get("Content-Type"), "text/html") {
		t.Errorf("index: got %d %v", index.Code, index.Header())
	}
	again := b.request("GET", "/", "")
	again.Header.Set("If-None-Match", index.Header().Get("ETag"))
	if w := b.send(again); w.Code != http.StatusNotModified {
		t.Errorf("the same again: got %d, want 304", w.Code)
	}
	if w := b.do("GET", "/assets/a-1.js", ""); w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/javascript") {
		t.Errorf("asset: got %d %v", w.Code, w.Header())
	}
	for _, path := range []string{"/assets/a-2.js", "/dist.txt", "/assets/", "/desktop/nothing", "/../server.go"} {
		if w := b.do("GET", path, ""); w.Code == 200 {
			t.Errorf("%s: got 200", path)
		}
	}
}

// The embedded bundle, whether it is there or not, can be read.
func TestTheEmbeddedPage(t *testing.T) {
	p, err := readPage(built)
	if err != nil {
		t.Fatal(err)
	}
	if _, there := p["/index.html"]; !there && len(p) > 0 {
		t.Errorf("a bundle without its page: %d files", len(p))
	}
}

func TestOtherSitesCannotAct(t *testing.T) {
	r := newRig(t, func(c *Config) { c.PublicURL = "http://webhook:8080" })
	b := r.as("anna")
	for _, c := range []struct {
		origin, host, header string
		status               int
	}{
		{"http://webhook:8080", "webhook:8080", "1", http.StatusNoContent},
		{"http://webhook:8080", "behind-a-proxy:1234", "1", http.StatusNoContent},
		{"http://localhost:8080", "localhost:8080", "1", http.StatusNoContent},
		{"http://127.0.0.1:8080", "127.0.0.1:8080", "1", http.StatusNoContent},
		{"", "webhook:8080", "1", http.StatusNoContent},
		{"http://webhook:8080", "webhook:8080", "", http.StatusForbidden},
		{"https://webhook:8080", "webhook:8080", "1", http.StatusForbidden},
		{"http://evil.example.test", "webhook:8080", "1", http.StatusForbidden},
		{"http://evil.example.test:8080", "evil.example.test:8080", "1", http.StatusForbidden}, // a name that leads to us
		{"http://localhost:3000", "localhost:8080", "1", http.StatusForbidden},
		{"http://localhost:3000", "webhook:8080", "1", http.StatusForbidden},
		{"null", "webhook:8080", "1", http.StatusForbidden},
	} {
		req := b.request("DELETE", "/desktop/session", "")
		req.Host = c.host
		req.Header.Set("Origin", c.origin)
		req.Header.Set("X-Switchboard", c.header)
		if c.origin == "" {
			req.Header.Del("Origin")
		}
		if w := b.send(req); w.Code != c.status {
			t.Errorf("%+v: got %d", c, w.Code)
		}
	}
}

func TestTokens(t *testing.T) {
	r := newRig(t, func(c *Config) { c.TokenLifetime = 90 * time.Second })
	refused(t, r.browser().do("POST", "/desktop/token", ""), http.StatusUnauthorized, "sign in")
	b := r.as("anna")
	before := time.Now()
	w := b.do("POST", "/desktop/token", "")
	got := decoded[struct {
		Token, Identity string
		Expires         time.Time
	}](t, w)
	token, err := r.sim.VerifyAccessToken(got.Token)
	if err != nil {
		t.Fatal(err)
	}
	if !token.Incoming || token.ApplicationSID != "" || token.Role != "worker" || token.AgentSID != string(r.workspace.Agents["anna"]) ||
		token.WorkspaceSID != string(r.workspace.Workspace) || token.Identity != "anna" || token.AccountSID != simulator.DefaultAccountSID {
		t.Errorf("got %+v", token)
	}
	if !token.Expires.Equal(got.Expires) || token.Expires.After(before.Add(95*time.Second)) || token.Expires.Before(before.Add(88*time.Second)) {
		t.Errorf("expires %v, and says %v", token.Expires, got.Expires)
	}
	if w.Header().Get("Cache-Control") != "no-store" {
		t.Error("a token may be kept by a cache")
	}
	if log := r.log.String(); strings.Contains(log, got.Token) || strings.Contains(log, b.cookies["__Host-"+cookieSession].Value) {
		t.Errorf("the log holds a secret:\n%s", log)
	}
}

func TestNoTokenForAnAgentWhoIsGone(t *testing.T) {
	r := newRig(t, nil)
	anna, bob := r.as("anna"), r.as("bob")
	if err := r.twilio.TaskRouter(t.Context()).DeleteWorker(string(r.workspace.Workspace), string(r.workspace.Agents["anna"]), nil); err != nil {
		t.Fatal(err)
	}
	refused(t, anna.do("POST", "/desktop/token", ""), http.StatusUnauthorized, "cannot take calls any more")
	if len(anna.cookies) != 0 {
		t.Error("the session is kept")
	}
	r.attributes("bob", `{"contact_uri":"client:robert"}`)
	refused(t, bob.do("POST", "/desktop/token", ""), http.StatusUnauthorized, "another address")
}

func TestATokenIsMadeWhileTaskRouterIsDown(t *testing.T) {
	r := newRig(t, nil)
	b := r.as("anna")
	twilio := r.cfg.Twilio
	twilio.Transport = down{}
	r.agents.twilio, _ = activities.NewTwilio(twilio)
	if w := b.do("POST", "/desktop/token", ""); w.Code != http.StatusOK {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	refused(t, r.browser().do("POST", "/desktop/session", `{"name":"anna"}`), http.StatusServiceUnavailable, "try again")
	refused(t, r.browser().do("GET", "/desktop/config", ""), http.StatusServiceUnavailable, "try again")
	if w := b.do("GET", "/desktop/config", ""); w.Code != http.StatusOK {
		t.Errorf("the page of an agent who has signed in: got %d", w.Code)
	}
}

type down struct{}

func (down) RoundTrip(*http.Request) (*http.Response, error) { return nil, errDown }

// A page of a neighbouring host has the cookie sent along. It is not ours all the same.
func TestOtherSitesAskForNothing(t *testing.T) {
	r := newRig(t, nil)
	for site, want := range map[string]int{
		"": http.StatusOK, "same-origin": http.StatusOK, "none": http.StatusOK, "same-site": http.StatusForbidden, "cross-site": http.StatusForbidden,
	} {
		r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
		req := httptest.NewRequest("GET", testURL+callTarget, nil)
		for _, c := range r.as("anna").cookies {
			req.AddCookie(c)
		}
		if site != "" {
			req.Header.Set("Sec-Fetch-Site", site)
		}
		w := httptest.NewRecorder()
		r.ServeHTTP(w, req)
		if w.Code != want {
			t.Errorf("%q: got %d %s, want %d", site, w.Code, w.Body, want)
		}
	}
}
