package desktop

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSignInByName(t *testing.T) {
	r := newRig(t, nil)
	b := r.browser()
	for body, says := range map[string]string{
		`{"name":"carol"}`: "no agent of the workspace", `{"name":""}`: "a name is needed", `{}`: "a name is needed", `nonsense`: "not the JSON",
	} {
		refused(t, b.do("POST", "/desktop/session", body), http.StatusUnprocessableEntity, says)
	}
	if w := b.do("POST", "/desktop/session", `{"name":"anna"}`); w.Code != http.StatusNoContent {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	c := b.cookies["__Host-"+cookieSession]
	if c == nil || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.MaxAge != 12*60*60 {
		t.Errorf("cookie: %+v", c)
	}
	me := decoded[configuration](t, b.do("GET", "/desktop/config", "")).Agent
	if me == nil || *me != (Agent{"anna", r.workspace.Agents["anna"], "anna"}) {
		t.Errorf("got %+v", me)
	}
	if w := b.do("DELETE", "/desktop/session", ""); w.Code != http.StatusNoContent || len(b.cookies) != 0 {
		t.Errorf("sign out: got %d, cookies %v", w.Code, b.cookies)
	}
	if w := b.do("GET", pathSignIn, ""); w.Code != http.StatusNotFound {
		t.Errorf("there is no identity provider: got %d", w.Code)
	}
	r.attributes("bob", `{"contact_uri":"+447700900123"}`)
	refused(t, b.do("POST", "/desktop/session", `{"name":"bob"}`), http.StatusUnprocessableEntity, "has no softphone")
}

func TestCookiesWithoutTLS(t *testing.T) {
	r := newRig(t, func(c *Config) { c.PublicURL = "http://localhost:8080" })
	if c := r.as("anna").cookies[cookieSession]; c == nil || c.Secure || !c.HttpOnly {
		t.Errorf("cookie: %+v", c)
	}
}

func TestForgedCookies(t *testing.T) {
	r := newRig(t, nil)
	b := r.as("anna")
	name := "__Host-" + cookieSession
	good := b.cookies[name].Value
	body, tag, _ := strings.Cut(good, ".")
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil {
		t.Fatal(err)
	}
	bobs := strings.ReplaceAll(string(text), string(r.workspace.Agents["anna"]), string(r.workspace.Agents["bob"]))
	if bobs == string(text) {
		t.Fatal("nothing was forged")
	}
	other := cookies{key: []byte("another key that is long enough, too"), secure: true}
	w := httptest.NewRecorder()
	if err := other.set(w, cookieSession, Agent{"bob", r.workspace.Agents["bob"], "bob"}, time.Hour); err != nil {
		t.Fatal(err)
	}
	for what, value := range map[string]string{
		"another agent": base64.RawURLEncoding.EncodeToString([]byte(bobs)) + "." + tag,
		"no signature":  body + ".", "half": body, "empty": "", "nonsense": "a.b", "another key": w.Result().Cookies()[0].Value,
		"another purpose": body + "." + base64.RawURLEncoding.EncodeToString(r.cookies.mac(cookieSignIn, body)),
	} {
		b.cookies[name].Value = value
		if w := b.do("POST", "/desktop/token", ""); w.Code != http.StatusUnauthorized {
			t.Errorf("%s: got %d, want 401", what, w.Code)
		}
	}
	b.cookies[name].Value = good
	if w := b.do("POST", "/desktop/token", ""); w.Code != http.StatusOK {
		t.Errorf("the good one: got %d", w.Code)
	}
}

func TestCookiesExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := cookies{key: testKey}
		w := httptest.NewRecorder()
		if err := c.set(w, cookieSession, "x", time.Hour); err != nil {
			t.Fatal(err)
		}
		req := httptest.NewRequest("GET", "/", nil)
		req.AddCookie(w.Result().Cookies()[0])
		var v string
		time.Sleep(time.Hour - 2*time.Second)
		if !c.read(req, cookieSession, &v) || v != "x" {
			t.Error("expired early")
		}
		time.Sleep(2 * time.Second)
		if c.read(req, cookieSession, &v) {
			t.Error("good after its time")
		}
	})
}
