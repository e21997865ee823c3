package desktop

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"
)

const (
	clientID     = "switchboard"
	clientSecret = "the secret of the client"
)

// provider is an identity provider that lets one person in.
type provider struct {
	t       *testing.T
	at      *httptest.Server
	key     *rsa.PrivateKey
	address string // the person's
	down    atomic.Bool
	// change, if set, changes what is claimed.
	change    func(map[string]any)
	signer    *rsa.PrivateKey // nil: key
	nonce     string
	challenge string
}

func newProvider(t *testing.T) *provider {
	p := &provider{t: t, address: "anna@example.test"}
	var err error
	if p.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	documents := &oidctest.Server{PublicKeys: []oidctest.PublicKey{{PublicKey: p.key.Public(), KeyID: "one", Algorithm: oidc.RS256}}}
	mux := http.NewServeMux()
	mux.Handle("/", documents)
	mux.HandleFunc("POST /token", p.token)
	p.at = httptest.NewServer(mux)
	t.Cleanup(p.at.Close)
	documents.SetIssuer(p.at.URL)
	return p
}

// RoundTrip is the network between us and the provider.
func (p *provider) RoundTrip(r *http.Request) (*http.Response, error) {
	if p.down.Load() {
		return nil, errors.New("the provider is down")
	}
	return http.DefaultTransport.RoundTrip(r)
}

// ask is the page at which the person signs in. It returns the address that the browser is sent back to.
func (p *provider) ask(location string) string {
	p.t.Helper()
	u, err := url.Parse(location)
	if err != nil {
		p.t.Fatal(err)
	}
	q := u.Query()
	if !strings.HasPrefix(location, p.at.URL+"/auth?") || q.Get("client_id") != clientID || q.Get("response_type") != "code" ||
		q.Get("redirect_uri") != testURL+pathSignedIn || q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" || !strings.Contains(q.Get("scope"), "openid") {
		p.t.Fatalf("asked at %s", location)
	}
	p.nonce, p.challenge = q.Get("nonce"), q.Get("code_challenge")
	return pathSignedIn + "?" + url.Values{"state": {q.Get("state")}, "code": {"the code"}}.Encode()
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
	}
	sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
	unescaped, _ := url.QueryUnescape(secret)
	w.Header().Set("Content-Type", "application/json")
	if id != clientID || unescaped != clientSecret || r.FormValue("code") != "the code" || base64.RawURLEncoding.EncodeToString(sum[:]) != p.challenge {
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	claims := map[string]any{
		"iss": p.at.URL, "aud": clientID, "sub": "4711", "exp": time.Now().Add(time.Hour).Unix(), "iat": time.Now().Unix(),
		"nonce": p.nonce, "email": p.address, "email_verified": true, "preferred_username": "bob",
		"roles": []string{"cc-agents"},
	}
	if p.change != nil {
		p.change(claims)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		p.t.Error(err)
	}
	signer := p.signer
	if signer == nil {
		signer = p.key
	}
	fmt.Fprintf(w, `{"access_token":"x","token_type":"Bearer","id_token":%q}`, oidctest.SignIDToken(signer, "one", oidc.RS256, string(text)))
}

func newOIDCRig(t *testing.T, claim string) (*rig, *provider) {
	p := newProvider(t)
	r := newRig(t, func(c *Config) {
		c.OIDC = &OIDC{
			Issuer: p.at.URL, ClientID: clientID, ClientSecret: clientSecret, Claim: claim, HTTP: p, RolesClaim: "roles", Audiences: []string{"temporal-ui"},
			Roles: map[Role][]string{RoleAgent: {"cc-agents"}, RoleSupervisor: {"cc-leads"}, RoleOperator: {"sre", "platform"}},
		}
	})
	r.attributes("anna", `{"contact_uri":"client:anna","email":"anna@example.test"}`)
	r.attributes("bob", `{"contact_uri":"client:bob","email":"bob@example.test"}`)
	return r, p
}

// goes sends the browser to sign in and returns where it is sent.
func (b *browser) goes(t *testing.T) string {
	t.Helper()
	w := b.do("GET", pathSignIn, "")
	if w.Code != http.StatusFound {
		t.Fatalf("got %d %s", w.Code, w.Body)
	}
	return w.Header().Get("Location")
}

func (b *browser) who(t *testing.T) string {
	t.Helper()
	c := decoded[configuration](t, b.do("GET", "/desktop/config", ""))
	if c.Agent == nil {
		return ""
	}
	return c.Agent.Name
}

func TestSignInWithAnIdentityProvider(t *testing.T) {
	for claim, want := range map[string]string{"email": "anna", "preferred_username": "bob"} { // the second is a friendly name
		t.Run(claim, func(t *testing.T) {
			r, p := newOIDCRig(t, claim)
			b := r.browser()
			c := decoded[configuration](t, b.do("GET", "/desktop/config", ""))
			if c.SignIn.Kind != "oidc" || c.SignIn.URL != pathSignIn || len(c.SignIn.Names) > 0 {
				t.Errorf("got %+v", c.SignIn)
			}
			back := p.ask(b.goes(t))
			w := b.do("GET", back, "")
			if w.Code != http.StatusFound || w.Header().Get("Location") != "/" || b.who(t) != want || len(b.cookies) != 1 {
				t.Errorf("got %d %s, signed in as %q", w.Code, w.Body, b.who(t))
			}
			if again := b.do("GET", back, ""); again.Code != http.StatusBadRequest {
				t.Errorf("the same answer again: got %d", again.Code)
			}
			if log := r.log.String(); strings.Contains(log, "the+code") || strings.Contains(log, p.nonce) || strings.Contains(log, clientSecret) {
				t.Errorf("the log holds a secret:\n%s", log)
			}
		})
	}
}

func TestNobodyIsBelievedWithoutTheProvider(t *testing.T) {
	r, _ := newOIDCRig(t, "email")
	refused(t, r.browser().do("POST", "/desktop/session", `{"name":"anna"}`), http.StatusNotFound, "do not sign in by name")
}

func TestAnswersOfTheProviderThatAreNotGood(t *testing.T) {
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	with := func(key string, value any) func(*provider, *browser, *string) {
		return func(p *provider, _ *browser, _ *string) { p.change = func(c map[string]any) { c[key] = value } }
	}
	for name, c := range map[string]struct {
		do     func(p *provider, b *browser, back *string)
		status int
		says   string
	}{
		"another state":           {func(_ *provider, _ *browser, back *string) { *back = strings.Replace(*back, "state=", "state=x", 1) }, 400, "does not belong"},
		"no state":                {func(_ *provider, _ *browser, back *string) { *back = pathSignedIn + "?code=the+code" }, 400, "does not belong"},
		"another browser":         {func(_ *provider, b *browser, _ *string) { clear(b.cookies) }, 400, "another browser"},
		"another sign-in":         {func(_ *provider, b *browser, _ *string) { b.do("GET", pathSignIn, "") }, 400, "does not belong"},
		"a forged attempt":        {func(_ *provider, b *browser, _ *string) { b.cookies["__Host-"+cookieSignIn].Value += "x" }, 400, "another browser"},
		"turned back":             {func(_ *provider, _ *browser, back *string) { *back += "&error=access_denied" }, 403, "turned back"},
		"another code":            {func(_ *provider, _ *browser, back *string) { *back = strings.Replace(*back, "the+code", "another", 1) }, 403, "not good enough"},
		"another nonce":           {with("nonce", "another"), 403, "not good enough"},
		"another issuer":          {with("iss", "https://id.example.test"), 403, "not good enough"},
		"another audience":        {with("aud", "somebody"), 403, "not good enough"},
		"expired":                 {with("exp", time.Now().Add(-time.Minute).Unix()), 403, "not good enough"},
		"not verified":            {with("email_verified", false), 403, "not good enough"},
		"not verified, in a word": {with("email_verified", "false"), 403, "not good enough"},
		"no address":              {with("email", nil), 403, "not good enough"},
		"another key":             {func(p *provider, _ *browser, _ *string) { p.signer = stranger }, 403, "not good enough"},
		"gone down":               {func(p *provider, _ *browser, _ *string) { p.down.Store(true) }, 503, "cannot be reached"},
		"no agent":                {with("email", "carol@example.test"), 403, "no agent of the workspace is called so"},
		"markup":                  {with("email", "<b>carol"), 403, html.EscapeString("<b>carol")},
		"an expression":           {with("email", `x" OR email HAS "anna`), 403, "cannot be the email"},
	} {
		t.Run(name, func(t *testing.T) {
			r, p := newOIDCRig(t, "email")
			b := r.browser()
			back := p.ask(b.goes(t))
			c.do(p, b, &back)
			w := b.do("GET", back, "")
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) || !strings.Contains(w.Body.String(), `href="/desktop/sign-in"`) {
				t.Errorf("got %d %s, want %d and %q", w.Code, w.Body, c.status, c.says)
			}
			if who := b.who(t); who != "" {
				t.Errorf("signed in as %s", who)
			}
		})
	}
}

func TestTwoAgentsWithOneAddress(t *testing.T) {
	r, p := newOIDCRig(t, "email")
	r.attributes("bob", `{"contact_uri":"client:bob","email":"anna@example.test"}`)
	b := r.browser()
	if w := b.do("GET", p.ask(b.goes(t)), ""); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "more than one agent") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestAProviderThatComesUpLater(t *testing.T) {
	r, p := newOIDCRig(t, "email")
	p.down.Store(true)
	b := r.browser()
	if w := b.do("GET", pathSignIn, ""); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "Try again in a moment") {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	p.down.Store(false)
	b.do("GET", p.ask(b.goes(t)), "")
	if b.who(t) != "anna" {
		t.Error("not signed in")
	}
}
