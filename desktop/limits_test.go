package desktop

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	sb "switchboard"
)

func TestWhoeverAsksTooOftenIsAskedToWait(t *testing.T) {
	r := newRig(t, nil)
	r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
	b := r.as("anna")
	tooMany := false
	for range 3 * requestsBurst {
		if w := b.do("GET", callTarget, ""); w.Code == http.StatusTooManyRequests {
			refused(t, w, http.StatusTooManyRequests, "wait a moment")
			if w.Header().Get("Retry-After") == "" {
				t.Error("nothing says when to try again")
			}
			tooMany = true
			break
		}
	}
	if !tooMany {
		t.Error("everything was served")
	}
	r.calls.state.Agent = r.workspace.Agents["bob"]
	if w := r.as("bob").do("GET", callTarget, ""); w.Code != http.StatusOK {
		t.Errorf("another agent at the same address: got %d", w.Code)
	}
	if w := b.do("GET", "/", ""); w.Code == http.StatusTooManyRequests {
		t.Error("the page itself is not served")
	}
}

func TestWhoseAddressItIs(t *testing.T) {
	for _, c := range []struct{ remote, forwarded, want string }{
		{"203.0.113.7:1234", "", "203.0.113.7"},
		{"203.0.113.7:1234", "198.51.100.1", "203.0.113.7"}, // anybody's claim
		{"127.0.0.1:1234", "198.51.100.1", "198.51.100.1"},
		{"10.1.2.3:1234", "198.51.100.9, 198.51.100.1", "198.51.100.1"}, // what our proxy saw, not what it was told
		{"10.1.2.3:1234", "nonsense", "10.1.2.3"},
		{"[::1]:1234", "2001:db8::1", "2001:db8::/64"},
		{"[2001:db8::abcd]:1234", "", "2001:db8::/64"},
		{"[::ffff:203.0.113.7]:1234", "", "203.0.113.7"},
		{"@", "", "@"},
	} {
		req := httptest.NewRequest("GET", "/", nil)
		req.RemoteAddr = c.remote
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := address(req); got != c.want {
			t.Errorf("%s (%s): got %s, want %s", c.remote, c.forwarded, got, c.want)
		}
	}
}

// Every change is refused to another site, by each of what a browser says of where it comes from.
func TestNoChangeFromAnotherSite(t *testing.T) {
	r := newRig(t, nil)
	r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
	for _, route := range r.routed {
		method, target, _ := strings.Cut(route, " ")
		if method == http.MethodGet {
			continue
		}
		for name, change := range map[string]func(http.Header){
			"without our header": func(h http.Header) { h.Del("X-Switchboard") },
			"another origin":     func(h http.Header) { h.Set("Origin", "https://evil.example.test") },
			"no page's origin":   func(h http.Header) { h.Set("Origin", "null") },
			"cross-site":         func(h http.Header) { h.Del("Origin"); h.Set("Sec-Fetch-Site", "cross-site") },
			"a neighbour":        func(h http.Header) { h.Del("Origin"); h.Set("Sec-Fetch-Site", "same-site") },
		} {
			req := r.as("anna").request(method, target, `{}`)
			change(req.Header)
			w := httptest.NewRecorder()
			r.ServeHTTP(w, req)
			if w.Code != http.StatusForbidden || len(w.Result().Cookies()) > 0 {
				t.Errorf("%s, %s: got %d", route, name, w.Code)
			}
		}
	}
	for _, c := range r.as("anna").cookies {
		if c.SameSite != http.SameSiteLaxMode || !c.HttpOnly || !c.Secure {
			t.Errorf("the cookie is %+v", c)
		}
	}
}

func TestWhatABrowserIsTold(t *testing.T) {
	for url, strict := range map[string]string{testURL: "max-age=31536000", "http://localhost:8080": ""} {
		r := newRig(t, func(c *Config) { c.PublicURL = url })
		h := r.browser().do("GET", "/desktop/shim.js", "").Header()
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Opener-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Strict-Transport-Security": strict,
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s: got %q, want %q", url, name, got, want)
			}
		}
	}
}
