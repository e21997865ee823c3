package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	sb "switchboard"
	"switchboard/allowance"
	"switchboard/telemetry"
)

// DefaultSignalTimeout is how long a callback waits for Temporal. Twilio gives the assignment callback 5 s in all.
const DefaultSignalTimeout = 2 * time.Second

const (
	maxSignalTimeout = 4 * time.Second
	readyTimeout     = time.Second
)

// Config is what the handler needs to know.
type Config struct {
	// PublicURL is where Twilio reaches us: scheme, host, port if there is one, and the path that the proxy in front
	// takes off, if it takes one off. Signatures are made over it, so it must be what Twilio was given, to the letter.
	PublicURL string
	// AuthTokens returns the tokens with which an account may have signed, the primary one first; none when the
	// account is not ours. It is asked before anything about the request is certain.
	AuthTokens func(account sb.AccountSID) []string
	Calls      Calls
	// Logger is where to write; nowhere if nil.
	Logger *slog.Logger
	// Stats is where to count; nil if /debug/stats is all that reads the counts.
	Stats *Stats
	// Telemetry is told of every request of Twilio's; nil: nobody is.
	Telemetry *telemetry.Telemetry
	// SignalTimeout is DefaultSignalTimeout if zero.
	SignalTimeout time.Duration
	// Page serves the agents' page and its requests: every path that is not Twilio's or the operators'. Nil: none is
	// served. It is not asked for Twilio's signature and minds who asks by itself.
	Page http.Handler
	// Codec decrypts payloads for Temporal's UI: every path under /codec/. Nil: nothing does. It minds who asks, too.
	Codec http.Handler
}

func (c Config) validate() error {
	var errs []error
	wrong := func(field, problem string) { errs = append(errs, fmt.Errorf("%s: %s", field, problem)) }
	u, err := url.Parse(c.PublicURL)
	switch {
	case c.PublicURL == "":
		wrong("PublicURL", "is missing")
	case err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "":
		wrong("PublicURL", "must be an address such as https://calls.example.com")
	case u.User != nil || strings.ContainsAny(c.PublicURL, "?#"):
		wrong("PublicURL", "must have no user, query or fragment")
	}
	if c.AuthTokens == nil {
		wrong("AuthTokens", "is missing")
	}
	if c.Calls == nil {
		wrong("Calls", "is missing")
	}
	if c.SignalTimeout < 0 || c.SignalTimeout > maxSignalTimeout {
		wrong("SignalTimeout", fmt.Sprintf("must be between 0 and %v: Twilio waits 5s for an answer", maxSignalTimeout))
	}
	if len(errs) > 0 {
		return fmt.Errorf("webhook configuration: %w", errors.Join(errs...))
	}
	return nil
}

type server struct {
	Config
	log        *slog.Logger
	stats      *Stats
	deliveries chan struct{} // holds one for each callback that is being delivered
	reapers    *allowance.Allowance
	refusals   *allowance.Allowance // that are logged
	unsaid     atomic.Int64         // refusals since the last one that was logged
}

// New returns the handler of all callbacks, or an error that names everything that is wrong with the configuration.
func New(cfg Config) (http.Handler, error) {
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if cfg.SignalTimeout == 0 {
		cfg.SignalTimeout = DefaultSignalTimeout
	}
	s := &server{
		Config: cfg, log: cfg.Logger, stats: cfg.Stats,
		deliveries: make(chan struct{}, maxDeliveries), reapers: allowance.New(reaperBurst, reapersPerSecond),
		refusals: allowance.New(refusalBurst, refusalsPerSecond),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.stats == nil {
		s.stats = &Stats{}
	}
	cfg.Telemetry.Callbacks(s.stats.Snapshot)

	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(io.Discard) // slog is used throughout
	e.HTTPErrorHandler = answerError
	e.Use(s.logRequest, middleware.RecoverWithConfig(middleware.RecoverConfig{LogErrorFunc: s.logPanic}))

	e.POST(sb.PathTaskAssigned, s.callback(readAssignment, decideLater))
	e.POST(sb.PathTaskEvents, s.callback(readTaskEvent, noContentJSON))
	e.POST(sb.PathLeg, s.callback(readLeg, noContent))
	e.POST(sb.PathRoom, s.callback(readRoom, noContent))
	e.POST(sb.PathMachine, s.callback(readMachine, noContent))

	e.POST(sb.PathRingback, s.signed(s.ringback))
	e.POST(sb.PathOneMoment, s.signed(s.oneMoment))
	e.POST(sb.PathCalledBack, s.signed(s.calledBack))
	e.Match([]string{http.MethodGet, http.MethodHead}, pathRingbackWAV, ringbackSound)

	e.GET("/healthz", func(c echo.Context) error { return c.String(http.StatusOK, "up\n") })
	e.GET("/readyz", s.ready)
	e.GET("/debug/stats", s.showStats)
	if cfg.Codec != nil {
		e.Any("/codec/*", echo.WrapHandler(cfg.Codec))
	}
	if cfg.Page != nil {
		page := echo.WrapHandler(cfg.Page)
		e.Match([]string{http.MethodGet, http.MethodHead}, "/*", page)
		e.Any("/desktop/*", page)
	}
	return e, nil
}

// news is what a callback means for a call.
type news struct {
	call   sb.CallID
	signal string // one of the signals of package switchboard,
	arg    any    // and what goes with it
	// stray is what the callback shows to be live, and is to be ended if no such call is running. Nothing if empty.
	stray sb.Reap
}

// A reading finds the news in a callback. Besides news there are three results: an unreadable error, errForeign, and
// errNoNews. It does nothing else, so that each callback's meaning is a table in the tests.
type reading func(query, form url.Values) (news, error)

var (
	errForeign = errors.New("the task is not one of ours")
	errNoNews  = errors.New("no call needs to know")
)

// unreadable says why a callback cannot be understood. Neither of its texts repeats what the callback carried.
type unreadable struct {
	what     string // for the log: the parameter
	sentence string // for the answer
}

func (u unreadable) Error() string { return u.what + ": " + u.sentence }

// Where a request keeps what is known of it.
const (
	callKey  = "call"  // an sb.CallID
	beganKey = "began" // a time.Time
)

// callback verifies, reads, delivers, and then acknowledges. Whatever could not be delivered is answered 503, which
// has Twilio send it again; whatever never will be, because its call is over, is acknowledged like the rest.
func (s *server) callback(read reading, acknowledge echo.HandlerFunc) echo.HandlerFunc {
	return s.signed(func(c echo.Context, form url.Values) error {
		ctx := c.Request().Context()
		n, err := read(c.QueryParams(), form)
		switch {
		case errors.Is(err, errForeign):
			s.stats.count(countForeign)
			return acknowledge(c)
		case errors.Is(err, errNoNews):
			s.stats.count(countIgnored)
			return acknowledge(c)
		case err != nil:
			u, _ := errors.AsType[unreadable](err)
			s.stats.count(countUnreadable)
			s.log.WarnContext(ctx, "callback not understood", "path", c.Path(), "what", u.what)
			return echo.NewHTTPError(http.StatusBadRequest, u.what+" "+u.sentence)
		}
		c.Set(callKey, n.call)
		ctx, told := s.Telemetry.Callback(ctx, n.call, c.Path(), c.Get(beganKey).(time.Time))
		err = s.deliver(ctx, n)
		told(err == nil)
		if err != nil {
			s.stats.count(countUnreachable)
			s.log.WarnContext(ctx, "callback not delivered", "path", c.Path(), "call", n.call, "error", err)
			return echo.NewHTTPError(http.StatusServiceUnavailable, "the call cannot be told at present; please send this again")
		}
		return acknowledge(c)
	})
}

// deliver signals the call, or has the stray ended where there is no call to signal; both within SignalTimeout.
func (s *server) deliver(ctx context.Context, n news) error {
	// News that has been read is delivered even if Twilio hangs up meanwhile.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.SignalTimeout)
	defer cancel()
	select {
	case s.deliveries <- struct{}{}:
		defer func() { <-s.deliveries }()
	case <-ctx.Done():
		return errBusy
	}
	err := s.Calls.Signal(ctx, n.call, n.signal, n.arg)
	if err == nil {
		s.stats.count(countSignalled + n.signal)
		return nil
	}
	if !errors.Is(err, ErrNoCall) {
		return err
	}
	s.stats.count(countNoCall)
	if n.stray == (sb.Reap{}) {
		return nil
	}
	if !s.reapers.Take() {
		s.stats.count(countNotReaped)
		return errManyStrays
	}
	if err := s.Calls.Reap(ctx, n.stray); err != nil {
		return err
	}
	s.stats.count(countReaped)
	s.log.InfoContext(ctx, "something live belongs to no running call: sent the reaper",
		"call", n.call, "CallSid", n.stray.Leg, "TaskSid", n.stray.Task)
	return nil
}

func noContent(c echo.Context) error { return c.NoContent(http.StatusNoContent) }

// ready answers for the load balancer: without Temporal every callback would be refused.
func (s *server) ready(c echo.Context) error {
	ctx, cancel := context.WithTimeout(c.Request().Context(), readyTimeout)
	defer cancel()
	if err := s.Calls.Reachable(ctx); err != nil {
		return echo.NewHTTPError(http.StatusServiceUnavailable, "Temporal cannot be reached: callbacks are refused, and Twilio sends them again")
	}
	return c.String(http.StatusOK, "ready\n")
}

// showStats answers on this machine only, and not through a proxy on it.
func (s *server) showStats(c echo.Context) error {
	r := c.Request()
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || r.Header.Get("X-Forwarded-For") != "" || r.Header.Get("Forwarded") != "" {
		return echo.ErrNotFound
	}
	return c.JSON(http.StatusOK, s.stats.Snapshot())
}

// answerError answers in plain sentences, for whoever reads Twilio's debugger.
func answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	status, sentence := http.StatusInternalServerError, "Switchboard failed; its log has the reason"
	if known, ok := errors.AsType[*echo.HTTPError](err); ok {
		status, sentence = known.Code, fmt.Sprint(known.Message)
	}
	_ = c.String(status, sentence+"\n") // nobody is left to tell when this fails
}

func (s *server) logRequest(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx := c.Request().Context()
		began := time.Now()
		c.Set(beganKey, began)
		if err := next(c); err != nil {
			c.Error(err) // answered here, so that the status is known
		}
		if !strings.HasSuffix(c.Path(), "/*") { // the agents' page, where a stream lasts as long as the page is open
			s.Telemetry.Served(ctx, c.Path(), c.Response().Status, time.Since(began))
		}
		if s.log.Enabled(ctx, slog.LevelDebug) {
			// The route, not the URL: of what a request carries only the call is fit to be read by everybody.
			s.log.DebugContext(ctx, "request", "method", c.Request().Method, "path", c.Path(),
				"status", c.Response().Status, "took", time.Since(began), "call", c.Get(callKey))
		}
		return nil
	}
}

// logPanic tells where, and what only if the runtime says so: the text of any other panic may hold a parameter.
func (s *server) logPanic(c echo.Context, err error, stack []byte) error {
	s.stats.count(countPanic)
	what := fmt.Sprintf("%T", err)
	if fault, ok := errors.AsType[runtime.Error](err); ok {
		what = fault.Error()
	}
	s.log.ErrorContext(c.Request().Context(), "panic", "path", c.Path(), "what", what, "stack", string(stack))
	return errors.New("panic")
}

// RunConfig is what Run needs to know.
type RunConfig struct {
	Address string // host:port
	// Setting is what an operator changes to choose another address: the name of an environment variable.
	Setting string
	Handler http.Handler
	Logger  *slog.Logger // nowhere if nil
	// Ending, if set, is called when the process is told to end: it ends what would otherwise never finish.
	Ending func()
	// Listening, if set, is told the address once connections are accepted.
	Listening func(net.Addr)
}

// newHTTPServer gives whoever connects a limited time for everything.
func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      15 * time.Second, // Twilio's own limit for an answer
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
}

// shutdownGrace is how long requests may take to finish when the process is told to end: far longer than SignalTimeout.
const shutdownGrace = 10 * time.Second

// Run serves until ctx ends, then lets the requests that have begun finish. A nil error means that all did.
func Run(ctx context.Context, cfg RunConfig) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", cfg.Address)
	if err != nil {
		choose := "choose another address"
		if cfg.Setting != "" {
			choose += " with " + cfg.Setting
		}
		return fmt.Errorf("listen for callbacks on %s: %w; %s", cfg.Address, err, choose)
	}
	log := cfg.Logger
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	srv := newHTTPServer(cfg.Handler, log)
	if cfg.Ending != nil {
		srv.RegisterOnShutdown(cfg.Ending)
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(bound(listener, maxConnections)) }()
	log.InfoContext(ctx, "listening for callbacks", "address", listener.Addr().String())
	if cfg.Listening != nil {
		cfg.Listening(listener.Addr())
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve callbacks on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownGrace)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		_ = srv.Close() // what is still open now stays unanswered; Twilio sends it again
		return fmt.Errorf("finish the callbacks that had begun: %w", err)
	}
	return nil
}
