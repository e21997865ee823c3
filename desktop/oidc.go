package desktop

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// OIDC is the identity provider that vouches for the agents, by OpenID Connect's authorization code flow.
type OIDC struct {
	Issuer                 string
	ClientID, ClientSecret string
	// Claim is what identifies an agent: its value is that of the agent's attribute of the same name, or the agent's
	// friendly name.
	Claim string
	// RolesClaim is where the roles are: a claim's name, or a path such as realm_access.roles. Roles are its values that
	// give a role. Whoever has none is not let in.
	RolesClaim string
	Roles      map[Role][]string
	// Audiences are those whose tokens are believed when Temporal's UI or CLI passes one on; none: no token is.
	Audiences []string
	// HTTP replaces the network; nil is the network.
	HTTP http.RoundTripper
}

// An attribute of this form can stand in a TaskRouter expression.
var claimName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func (o *OIDC) validate() error {
	var errs []error
	if u, err := url.Parse(o.Issuer); err != nil || u.Host == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		errs = append(errs, errors.New("OIDC: the issuer must be an https address"))
	}
	if o.ClientID == "" || o.ClientSecret == "" {
		errs = append(errs, errors.New("OIDC: the client ID with its secret is missing"))
	}
	if !claimName.MatchString(o.Claim) {
		errs = append(errs, errors.New("OIDC: the claim must be of letters, digits and underscores, such as email"))
	}
	if o.RolesClaim == "" || len(o.Roles) == 0 {
		errs = append(errs, errors.New("OIDC: the claim with the roles, and which of its values give a role, are missing"))
	}
	for role, values := range o.Roles {
		if !slices.Contains(AllRoles(), role) || len(values) == 0 || slices.Contains(values, "") {
			errs = append(errs, fmt.Errorf("OIDC: %.20q is no role, or has no values: there are %q", role, AllRoles()))
		}
	}
	return errors.Join(errs...)
}

// providerTimeout is how long the identity provider may take for an answer.
const providerTimeout = 8 * time.Second

// openID talks to the identity provider. It is found at the first sign-in, and looked for again at the next when it was
// not there: a provider that is down keeps no process from starting.
type openID struct {
	OIDC
	redirect string

	mu       sync.Mutex
	provider *oidc.Provider
}

// use makes ctx carry our transport, and end in time.
func (o *openID) use(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx = oidc.ClientContext(ctx, &http.Client{Transport: o.HTTP, Timeout: providerTimeout})
	return context.WithTimeout(ctx, providerTimeout)
}

func (o *openID) find(ctx context.Context) (*oidc.Provider, error) {
	o.mu.Lock()
	known := o.provider
	o.mu.Unlock()
	if known != nil {
		return known, nil
	}
	found, err := oidc.NewProvider(ctx, o.Issuer)
	if err != nil {
		return nil, fmt.Errorf("find the identity provider: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.provider = found
	return found, nil
}

func (o *openID) client(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{
		ClientID: o.ClientID, ClientSecret: o.ClientSecret, Endpoint: p.Endpoint(), RedirectURL: o.redirect,
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
}

// errNotVouched: the provider's answer cannot be relied upon.
var errNotVouched = errors.New("the identity provider's answer is not good")

// claimed exchanges the code that the browser brought for what the provider says about who that is.
func (o *openID) claimed(ctx context.Context, code string, a attempt) (person, error) {
	provider, err := o.find(ctx)
	if err != nil {
		return person{}, err
	}
	token, err := o.client(provider).Exchange(ctx, code, oauth2.VerifierOption(a.Verifier))
	if refused, ok := errors.AsType[*oauth2.RetrieveError](err); ok && refused.Response != nil { // its text holds the whole answer
		if refused.Response.StatusCode < 500 {
			return person{}, fmt.Errorf("%w: the code was refused (%s)", errNotVouched, refused.ErrorCode)
		}
		return person{}, fmt.Errorf("exchange the code: the provider answered %d", refused.Response.StatusCode)
	}
	if err != nil {
		return person{}, fmt.Errorf("exchange the code: %w", err)
	}
	text, _ := token.Extra("id_token").(string)
	id, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: o.ClientID}).Verify(ctx, text)
	if err != nil {
		return person{}, fmt.Errorf("%w: %w", errNotVouched, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(a.Nonce)) != 1 {
		return person{}, fmt.Errorf("%w: the nonce is not the one we sent", errNotVouched)
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return person{}, fmt.Errorf("%w: %w", errNotVouched, err)
	}
	// Some providers write the boolean as a string, and some leave it out.
	if verified, told := claims["email_verified"]; o.Claim == "email" && told && verified != true && verified != "true" {
		return person{}, fmt.Errorf("%w: the e-mail address is not verified", errNotVouched)
	}
	value, _ := claims[o.Claim].(string)
	if value == "" {
		return person{}, fmt.Errorf("%w: it does not have the claim %s", errNotVouched, o.Claim)
	}
	return person{Who: value, Roles: o.rolesIn(claims)}, nil
}

// attempt is one try to sign in; the browser keeps it, signed, while it is at the identity provider.
type attempt struct {
	State    string `json:"s"`
	Nonce    string `json:"n"`
	Verifier string `json:"p"` // of PKCE
}

// signIn sends the browser to the identity provider.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	if s.openID == nil {
		return refuse(http.StatusNotFound, "agents sign in by name here: choose one on the page")
	}
	ctx, cancel := s.openID.use(r.Context())
	defer cancel()
	provider, err := s.openID.find(ctx)
	if err != nil {
		s.log.WarnContext(ctx, "sign-in is not possible", "error", err)
		return s.tell(w, http.StatusServiceUnavailable, notice{Title: "Sign-in is not possible at present",
			Text: "The identity provider cannot be reached. Try again in a moment; calls that are going on are not affected."})
	}
	a := attempt{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	if err := s.cookies.set(w, cookieSignIn, a, signInLifetime); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, s.openID.client(provider).AuthCodeURL(a.State, oidc.Nonce(a.Nonce), oauth2.S256ChallengeOption(a.Verifier)), http.StatusFound)
	return nil
}

// signedIn is where the browser comes back to.
func (s *Server) signedIn(w http.ResponseWriter, r *http.Request) error {
	if s.openID == nil {
		return refuse(http.StatusNotFound, "agents sign in by name here: choose one on the page")
	}
	again := func(status int, text string) error {
		return s.tell(w, status, notice{Title: "You are not signed in", Text: text})
	}
	var a attempt
	kept := s.cookies.read(r, cookieSignIn, &a)
	s.cookies.clear(w, cookieSignIn) // one try, one answer
	query := r.URL.Query()
	switch {
	case !kept:
		return again(http.StatusBadRequest, "This sign-in has expired, or was begun in another browser.")
	case subtle.ConstantTimeCompare([]byte(query.Get("state")), []byte(a.State)) != 1:
		return again(http.StatusBadRequest, "The answer does not belong to this sign-in: perhaps it was begun in another tab.")
	case query.Get("error") != "":
		return again(http.StatusForbidden, "The identity provider did not let you in, or you turned back.")
	}
	ctx, cancel := s.openID.use(r.Context())
	defer cancel()
	p, err := s.openID.claimed(ctx, query.Get("code"), a)
	switch {
	case errors.Is(err, errNotVouched):
		s.log.WarnContext(ctx, "sign-in refused", "error", err)
		return again(http.StatusForbidden, "The identity provider's answer is not good enough; the log of the webhook process says why.")
	case err != nil:
		s.log.WarnContext(ctx, "sign-in is not possible", "error", err)
		return again(http.StatusServiceUnavailable, "The identity provider cannot be reached at present.")
	case len(p.Roles) == 0:
		return s.tell(w, http.StatusForbidden, notice{Title: "You are signed in, but have no role here", Who: p.Who,
			Text: fmt.Sprintf("Ask whoever looks after the accounts at your identity provider that its claim %s holds one of: %s. Then sign in again.", s.openID.RolesClaim, s.openID.wanted())})
	}
	if p.is(RoleAgent) {
		asking, stop := context.WithTimeout(r.Context(), twilioTimeout)
		defer stop()
		me, err := s.agents.vouchedFor(asking, s.openID.Claim, p.Who)
		reason, unfit := errors.AsType[*unfit](err)
		switch {
		case err == nil:
			p.Agent = &me
		case unfit && len(p.Roles) == 1:
			return s.tell(w, http.StatusForbidden, notice{Title: "You are signed in, but not as an agent", Who: p.Who,
				Text: fmt.Sprintf("No call can be given to you: %s. Ask whoever looks after the agents to set the attribute %s of yours to exactly that.", reason.why, s.openID.Claim)})
		case !unfit:
			s.log.WarnContext(asking, "TaskRouter could not be asked", "what", "find the agent", "error", err)
			return again(http.StatusServiceUnavailable, "Twilio cannot be reached at present.")
		}
	}
	if err := s.begin(w, r, p); err != nil {
		return err
	}
	if p.Agent == nil { // the page is for agents
		return s.tell(w, http.StatusOK, notice{Title: "You are signed in", Who: p.Who,
			Text: fmt.Sprintf("Your part here: %s. You can close this page; Temporal's UI now shows to operators what calls are about.", orList(p.Roles))})
	}
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, "/", http.StatusFound)
	return nil
}

// notice is a page of its own, for a browser that is on its way and has not got ours.
type notice struct{ Title, Who, Text string }

var notices = template.Must(template.New("").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.Title}} – Switchboard</title>
<h1>{{.Title}}</h1>
{{with .Who}}<p>You are signed in as <strong>{{.}}</strong>.</p>
{{end}}<p>{{.Text}}</p>
<p><a href="/desktop/sign-in">Sign in again</a></p>
</html>
`))

func (s *Server) tell(w http.ResponseWriter, status int, n notice) error {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = notices.Execute(w, n) // nobody is left to tell when this fails
	return nil
}
