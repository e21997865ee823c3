package desktop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/allowance"
)

const (
	// twilioTimeout is how long a request of the page may wait for TaskRouter, all tries together.
	twilioTimeout = 6 * time.Second
	// callTimeout is how long it may wait for a call's workflow: longer than Temporal takes to try a workflow task again
	// that failed, which is 10 s.
	callTimeout = 12 * time.Second
	// maxBody is far above what the page sends: a note of 4,000 characters.
	maxBody = 64 << 10
)

// Config is what New needs.
type Config struct {
	// PublicURL is where browsers find the page, besides localhost.
	PublicURL string
	// Twilio is the account with its workspace. Its API key signs the access tokens; the auth token, if there is one, is
	// what TaskRouter is asked with.
	Twilio activities.TwilioConfig
	// TokenLifetime is how long an access token is good for; an hour if zero.
	TokenLifetime time.Duration
	// Edge is where softphones connect to Twilio; empty: the nearest.
	Edge string
	// BrowserTwilio is where browsers reach a simulator of Twilio; empty: they go to Twilio itself.
	BrowserTwilio string
	// OIDC is who vouches for the agents. Nil: whoever comes says who they are, which is for laptops alone.
	OIDC *OIDC
	// SessionKey signs the cookies; every process that serves the page must have the same. At least 32 bytes.
	SessionKey []byte
	Statuses   Statuses
	// Dispositions are what an agent may say came of a conversation.
	Dispositions []string
	Calls        Calls
	Logger       *slog.Logger // nowhere if nil
}

// Statuses are the names of the agent statuses that the page and its server use.
type Statuses struct {
	Choosable []string // by the agent, in this order
	Lost      string   // set by us while an agent has no softphone
	Missed    string   // set when an agent did not answer
}

func (c Config) validate() error {
	var errs []error
	wrong := func(field, problem string) { errs = append(errs, fmt.Errorf("%s: %s", field, problem)) }
	for field, text := range map[string]string{"PublicURL": c.PublicURL, "BrowserTwilio": c.BrowserTwilio} {
		if field == "BrowserTwilio" && text == "" {
			continue
		}
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Hostname() == "" {
			wrong(field, "must be an address such as https://calls.example.com")
		}
	}
	if c.Twilio.Workspace == "" {
		wrong("Twilio", "the workspace is missing")
	}
	if c.Twilio.APIKey == "" || c.Twilio.APISecret == "" {
		wrong("Twilio", "the API key with its secret is missing: it signs the access tokens")
	}
	if c.TokenLifetime < 0 || c.TokenLifetime > maxTokenLifetime {
		wrong("TokenLifetime", "must be between 0 and 24h, Twilio's limit")
	}
	if len(c.SessionKey) < minSessionKey {
		wrong("SessionKey", fmt.Sprintf("must have at least %d bytes", minSessionKey))
	}
	if len(c.Statuses.Choosable) == 0 || c.Statuses.Lost == "" || slices.Contains(c.Statuses.Choosable, c.Statuses.Lost) {
		wrong("Statuses", "some must be choosable, and Lost must be another")
	}
	if c.Calls == nil {
		wrong("Calls", "is missing")
	}
	if c.OIDC != nil {
		errs = append(errs, c.OIDC.validate())
	}
	return errors.Join(errs...)
}

// Server serves the page and everything it asks for. Use New.
type Server struct {
	cfg      Config
	log      *slog.Logger
	mux      *http.ServeMux
	public   *url.URL
	browser  *url.URL // BrowserTwilio; nil: Twilio itself
	routed   []string // the patterns of all routes
	limits   *allowance.Each
	page     page
	cookies  cookies
	agents   *directory
	presence *presence
	openID   *openID // nil: agents sign in by name
}

// New returns the server, or an error that names everything that is wrong with the configuration. It asks nobody:
// TaskRouter and the identity provider are found when they are needed.
func New(cfg Config) (*Server, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("desktop configuration: %w", err)
	}
	if cfg.TokenLifetime == 0 {
		cfg.TokenLifetime = time.Hour
	}
	s := &Server{cfg: cfg, log: cfg.Logger}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		return nil, fmt.Errorf("desktop configuration: Twilio: %w", err)
	}
	s.agents = &directory{twilio: twilio, workspace: string(cfg.Twilio.Workspace)}
	s.public, _ = url.Parse(cfg.PublicURL) // both have been checked
	if cfg.BrowserTwilio != "" {
		s.browser, _ = url.Parse(cfg.BrowserTwilio)
	}
	if s.page, err = readPage(built); err != nil {
		return nil, err
	}
	s.limits = allowance.NewEach(requestsBurst, requestsPerSecond)
	s.cookies = cookies{key: cfg.SessionKey, secure: s.public.Scheme == "https"}
	s.presence = newPresence(cfg.Statuses, s.agents, s.log)
	s.presence.telemetry = cfg.Twilio.Telemetry
	if cfg.OIDC != nil {
		s.openID = &openID{OIDC: *cfg.OIDC, redirect: strings.TrimRight(cfg.PublicURL, "/") + pathSignedIn}
	}
	s.routes()
	return s, nil
}

// The paths of sign-in with an identity provider, which is told the second one.
const (
	pathSignIn   = "/desktop/sign-in"
	pathSignedIn = "/desktop/signed-in"
)

func (s *Server) routes() {
	s.mux = http.NewServeMux()
	on := func(pattern string, h handler) {
		s.routed = append(s.routed, pattern)
		s.mux.Handle(pattern, s.serve(h))
	}
	on("GET /desktop/shim.js", s.shim)
	on("GET /desktop/config", s.config)
	on("POST /desktop/session", s.signInByName)
	on("DELETE /desktop/session", s.signOut)
	on("GET "+pathSignIn, s.signIn)
	on("GET "+pathSignedIn, s.signedIn)
	on("POST /desktop/token", s.agent(s.token))
	on("GET /desktop/call", s.allowed([]Role{RoleAgent, RoleSupervisor}, s.showCall))
	on("POST /desktop/call/hang-up", s.agent(s.hangUp))
	on("POST /desktop/call/wrap-up", s.agent(s.finishWrapUp))
	on("POST /desktop/call/rejoin", s.agent(s.rejoin))
	on("GET /desktop/presence", s.agent(s.stream))
	on("POST /desktop/device", s.agent(s.device))
	on("GET /", s.file)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Close ends the streams of the open pages, so that the process can end. No agent is put aside for that: the pages
// connect to the next process.
func (s *Server) Close() { s.presence.close() }

// problem is an answer that is no success: for the agent, in a sentence that tells what to do.
type problem struct {
	status   int
	sentence string
}

func (p problem) Error() string { return p.sentence }

func refuse(status int, format string, args ...any) error {
	return problem{status, fmt.Sprintf(format, args...)}
}

// handler answers a request or returns why not: a problem, or an error that is nobody's business but the log's.
type handler func(w http.ResponseWriter, r *http.Request) error

func (s *Server) serve(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.protect(w.Header())
		err := s.unforged(r)
		if err == nil {
			err = s.within(w, r)
		}
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			err = h(w, r)
		}
		if err != nil {
			s.answerError(w, r, err)
		}
	})
}

// answerError logs the route, not the URL: that may hold what the identity provider sent.
func (s *Server) answerError(w http.ResponseWriter, r *http.Request, err error) {
	p, told := errors.AsType[problem](err)
	if !told {
		p = problem{http.StatusInternalServerError, "Switchboard failed; its log has the reason. Try again"}
		s.log.ErrorContext(r.Context(), "page's request failed", "route", r.Pattern, "error", err)
	}
	s.log.DebugContext(r.Context(), "page's request refused", "route", r.Pattern, "status", p.status)
	answer(w, p.status, map[string]string{"error": p.sentence})
}

// unforged refuses what another site may have made the browser send: a change needs a header that only a page of ours
// can set, and an origin that is ours.
func (s *Server) unforged(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site == "cross-site" || site == "same-site" {
		return refuse(http.StatusForbidden, "the request comes from another site: open the page at %s", s.cfg.PublicURL)
	}
	if r.Header.Get("X-Switchboard") != "1" {
		return refuse(http.StatusForbidden, "the header X-Switchboard: 1 is missing; only the page itself may ask for this")
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return nil // no browser, or one that does not tell; the cookie is kept from other sites in any case
	}
	u, err := url.Parse(origin)
	switch {
	case err != nil || u.Host == "":
	case u.Host == s.public.Host && u.Scheme == s.public.Scheme:
		return nil
	case u.Host == r.Host && loopback(u.Hostname()): // a laptop, where the public URL may be a container's name
		return nil
	}
	return refuse(http.StatusForbidden, "the request comes from another site: open the page at %s", s.cfg.PublicURL)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // nobody is left to tell when this fails
}

func noContent(w http.ResponseWriter) error {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func read(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" || r.Header.Get("Content-Encoding") != "" {
		return refuse(http.StatusUnsupportedMediaType, "the request must be of type application/json and not compressed: load the page again")
	}
	text, err := io.ReadAll(r.Body)
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return refuse(http.StatusRequestEntityTooLarge, "the request is larger than 64 kB: write less")
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return refuse(http.StatusRequestTimeout, "the request did not come in time: try again")
	}
	if err != nil || json.Unmarshal(text, into) != nil {
		return refuse(http.StatusUnprocessableEntity, "the request is not the JSON that is expected: load the page again")
	}
	return nil
}

// configuration is what the page has to know before anything else.
type configuration struct {
	SignIn struct {
		Kind  string   `json:"kind"`
		Names []string `json:"names,omitempty"`
		Roles []Role   `json:"roles,omitempty"`
		URL   string   `json:"url,omitempty"`
	} `json:"sign_in"`
	Agent *Agent `json:"agent"`
	Roles []Role `json:"roles,omitempty"` // of who has signed in
	Voice struct {
		Edge       string `json:"edge"`
		Signalling string `json:"signalling"`
		Sounds     bool   `json:"sounds"` // the page plays its own, and fetches none from elsewhere
	} `json:"voice"`
	TaskRouter struct {
		REST   string `json:"rest"`
		Socket string `json:"socket"`
	} `json:"task_router"`
	Statuses     []string `json:"statuses"`
	LostStatus   string   `json:"lost_status"`
	MissedStatus string   `json:"missed_status"`
	Dispositions []string `json:"dispositions"`
}

func (s *Server) config(w http.ResponseWriter, r *http.Request) error {
	c := configuration{
		Statuses: s.cfg.Statuses.Choosable, LostStatus: s.cfg.Statuses.Lost, MissedStatus: s.cfg.Statuses.Missed,
		Dispositions: s.cfg.Dispositions,
	}
	c.Voice.Edge, c.Voice.Sounds = s.cfg.Edge, true
	if s.browser != nil {
		c.Voice.Signalling = s.browser.Host
		bridge := *s.browser
		bridge.Path = "/v1/wschannels"
		c.TaskRouter.REST = bridge.String()
		bridge.Scheme = strings.Replace(bridge.Scheme, "http", "ws", 1)
		c.TaskRouter.Socket = bridge.String()
	}
	if p, ok := s.session(r); ok && p.is(RoleAgent) {
		c.Agent, c.Roles = p.Agent, p.Roles
	}
	c.SignIn.Kind, c.SignIn.URL = "oidc", pathSignIn
	if s.openID == nil {
		c.SignIn.Kind, c.SignIn.URL, c.SignIn.Roles = "names", "", AllRoles()
		ctx, cancel := context.WithTimeout(r.Context(), twilioTimeout)
		defer cancel()
		var err error
		// Who has signed in will sign out, and then needs them, too; until then the page works without.
		if c.SignIn.Names, err = s.agents.names(ctx); err != nil && c.Agent == nil {
			return s.twilioDown(ctx, "list agents", err)
		}
	}
	answer(w, http.StatusOK, c)
	return nil
}

// twilioDown is the answer when TaskRouter could not be asked.
func (s *Server) twilioDown(ctx context.Context, what string, err error) error {
	s.log.WarnContext(ctx, "TaskRouter could not be asked", "what", what, "error", err)
	return refuse(http.StatusServiceUnavailable, "Twilio cannot be reached at present: try again in a moment")
}

// Agent is who has signed in.
type Agent struct {
	Name     string      `json:"name"`
	SID      sb.AgentSID `json:"sid"`
	Identity string      `json:"identity"` // the softphone is client:<identity>
}
