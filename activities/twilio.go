package activities

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twilio/twilio-go/client"
	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/telemetry"
)

// requestTimeout bounds one request to Twilio, connection included.
const requestTimeout = 8 * time.Second

// answerMargin is left of an activity's time when a request is given up, so that the activity can still say what it
// knows: that is more than a time-out tells.
const answerMargin = 300 * time.Millisecond

// maxReply bounds what is read of a reply: a thousand tasks with full attributes.
const maxReply = 16 << 20

// TwilioConfig is what is needed to talk to an account.
type TwilioConfig struct {
	AccountSID sb.AccountSID
	// AuthToken, or APIKey with APISecret.
	AuthToken, APIKey, APISecret string
	// APIURL, if set, receives the requests for all of Twilio's hosts; the Host header keeps the host they were for.
	APIURL string
	// Transport replaces the network; nil is the network.
	Transport http.RoundTripper
	Workspace sb.WorkspaceSID
	Routing   sb.RoutingSID
	// Telemetry is told of every request; nil: nobody is.
	Telemetry *telemetry.Telemetry
	// Waiting, if set, has requests that only read repeated until Twilio answers them or the context ends, and is told
	// each time why not. A process that is starting has nothing better to do; an activity has Temporal's retries.
	Waiting func(error)
}

// Twilio makes requests to an account.
//
// It stands between twilio-go's generated methods and the network because twilio-go by itself takes no context, drops
// ".<digits>" from filters, takes a redirect for success, leaks the bodies of errors and, worst, does not tell a
// request that was refused from one that may have been executed. Nothing here repeats a request but for
// TwilioConfig.Waiting.
type Twilio struct {
	TwilioConfig
	base   *url.URL
	header http.Header // of every request; its values are shared
	// pooled keeps connections, fresh makes one for each request.
	pooled, fresh http.RoundTripper
}

// NewTwilio checks the configuration; it makes no request.
func NewTwilio(cfg TwilioConfig) (*Twilio, error) {
	t := &Twilio{TwilioConfig: cfg, pooled: cfg.Transport, fresh: cfg.Transport}
	if cfg.AccountSID == "" {
		return nil, errors.New("the account SID is missing")
	}
	if cfg.AuthToken == "" && (cfg.APIKey == "" || cfg.APISecret == "") {
		return nil, errors.New("either the auth token or an API key with its secret is needed")
	}
	user := cfg.APIKey + ":" + cfg.APISecret
	if cfg.AuthToken != "" {
		user = string(cfg.AccountSID) + ":" + cfg.AuthToken
	}
	t.header = http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(user))},
		"User-Agent":    {"switchboard twilio-go/" + client.LibraryVersion},
		"Accept":        {"application/json"},
	}
	if cfg.APIURL != "" {
		u, err := url.Parse(cfg.APIURL)
		if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
			return nil, errors.New("the API URL must be an http or https URL")
		}
		t.base = u
	}
	if cfg.Transport == nil {
		t.pooled, t.fresh = network()
	}
	return t, nil
}

// network makes the transports to the real Twilio, or to a simulator with an address.
func network() (pooled, fresh *http.Transport) {
	pooled = http.DefaultTransport.(*http.Transport).Clone()
	pooled.MaxIdleConnsPerHost = 32
	pooled.IdleConnTimeout = 20 * time.Second
	// HTTP/1.1 alone: there a request whose body was not written has not been executed, and the transport does not
	// repeat requests behind our back.
	pooled.Protocols = new(http.Protocols)
	pooled.Protocols.SetHTTP1(true)
	pooled.ForceAttemptHTTP2 = false

	fresh = pooled.Clone()
	fresh.DisableKeepAlives = true
	dial := pooled.DialContext
	fresh.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &guarded{Conn: conn}, nil
	}
	return pooled, fresh
}

// guarded is a connection for one request. Once it is known which, nothing is written without the request's consent.
type guarded struct {
	net.Conn
	request atomic.Pointer[body]
}

func (g *guarded) Write(p []byte) (int, error) {
	if b := g.request.Load(); b != nil && !b.begin() {
		return 0, errNotWritten
	}
	return g.Conn.Write(p)
}

// guard makes a request's connection ask b before it writes. Connections of other transports do not ask; there b is
// asked when it is read.
func guard(ctx context.Context, b *body) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		conn := info.Conn
		if t, ok := conn.(*tls.Conn); ok {
			conn = t.NetConn()
		}
		if g, ok := conn.(*guarded); ok {
			g.request.Store(b)
		}
	}})
}

// TaskRouter makes TaskRouter requests that end with ctx.
func (t *Twilio) TaskRouter(ctx context.Context) *taskrouter.ApiService {
	return taskrouter.NewApiServiceWithClient(&session{t: t, ctx: ctx, transport: t.pooled})
}

// Voice makes requests about calls and conferences that end with ctx.
func (t *Twilio) Voice(ctx context.Context) *voice.ApiService {
	return voice.NewApiServiceWithClient(&session{t: t, ctx: ctx, transport: t.pooled})
}

// voiceIf is Voice for dials: may is asked once the connection stands and right before the request is written; if it
// says no, nothing is. Each request has a connection of its own: on a kept one that Twilio has just closed a request
// is lost and nobody can tell whether it was executed.
func (t *Twilio) voiceIf(ctx context.Context, may func() bool) *voice.ApiService {
	return voice.NewApiServiceWithClient(&session{t: t, ctx: ctx, transport: t.fresh, may: may})
}

// session is twilio-go's client for the requests of one context.
type session struct {
	t         *Twilio
	ctx       context.Context // twilio-go's methods take none
	transport http.RoundTripper
	may       func() bool
}

func (s *session) AccountSid() string       { return string(s.t.AccountSID) }
func (s *session) SetTimeout(time.Duration) {}
func (s *session) SetOauth(client.OAuth)    {}
func (s *session) OAuth() client.OAuth      { return nil }

// How long to pause before a request is repeated for TwilioConfig.Waiting: doubling from the first to the last.
const (
	firstWait = 100 * time.Millisecond
	lastWait  = 5 * time.Second
)

// SendRequest makes one request, or with TwilioConfig.Waiting as many as it takes. Its error is always a *Failure; a
// response it returns is a 2xx in full.
func (s *session) SendRequest(method, rawURL string, data url.Values, headers map[string]any, _ ...byte) (*http.Response, error) {
	for pause := firstWait; ; pause = min(2*pause, lastWait) {
		res, err := s.send(method, rawURL, data, headers)
		if s.t.Waiting == nil || method != http.MethodGet || err == nil || failure(err).kind == never || s.ctx.Err() != nil {
			return res, err
		}
		s.t.Waiting(err)
		again := time.NewTimer(pause)
		select {
		case <-again.C:
		case <-s.ctx.Done():
			again.Stop()
			return nil, err
		}
	}
}

func (s *session) send(method, rawURL string, data url.Values, headers map[string]any) (*http.Response, error) {
	ctx, cancel := s.limit()
	defer cancel()
	ctx, tell := s.t.Telemetry.TwilioRequest(ctx, method, rawURL)
	res, err := s.exchange(ctx, method, rawURL, data, headers)
	if err != nil {
		f := failure(err)
		tell(telemetry.Reply{Status: f.Status, Code: f.Code, Error: f.Error()})
		return nil, err
	}
	tell(telemetry.Reply{Status: res.StatusCode})
	return res, nil
}

func (s *session) exchange(ctx context.Context, method, rawURL string, data url.Values, headers map[string]any) (*http.Response, error) {
	req, body, err := s.request(ctx, method, rawURL, data, headers)
	if err != nil {
		return nil, err
	}
	res, err := s.transport.RoundTrip(req)
	begun, late := body.withdraw()
	if err != nil {
		if begun {
			return nil, &Failure{kind: ambiguous}
		}
		return nil, &Failure{kind: again, late: late}
	}
	defer res.Body.Close()
	var text bytes.Buffer
	text.Grow(int(min(max(res.ContentLength, 0), maxReply)) + bytes.MinRead) // room for what is announced, and to see its end
	if _, err := text.ReadFrom(io.LimitReader(res.Body, maxReply+1)); err != nil || text.Len() > maxReply {
		// The status line has come but not all of the body. It is not believed: in doubt, in doubt.
		return nil, &Failure{kind: ambiguous, Status: res.StatusCode}
	}
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return nil, classify(res.StatusCode, text.Bytes(), begun)
	}
	res.Body = io.NopCloser(&text)
	return res, nil
}

// limit is the context of one request.
func (s *session) limit() (context.Context, context.CancelFunc) {
	timeout := requestTimeout
	if end, ok := s.ctx.Deadline(); ok {
		timeout = min(timeout, time.Until(end)-answerMargin)
	}
	return context.WithTimeout(s.ctx, timeout)
}

func (s *session) request(ctx context.Context, method, rawURL string, data url.Values, headers map[string]any) (*http.Request, *body, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, nil, &Failure{kind: never, ours: "a URL that cannot be"}
	}
	host := u.Host
	if s.t.base != nil {
		u.Scheme, u.Host = s.t.base.Scheme, s.t.base.Host
		u.Path = strings.TrimRight(s.t.base.Path, "/") + u.Path
	} else if host != "twilio.com" && !strings.HasSuffix(host, ".twilio.com") {
		// The addresses of further pages come from replies; credentials go to nobody else.
		return nil, nil, &Failure{kind: never, ours: "a URL that is not Twilio's"}
	}
	var b *body
	if method == http.MethodPost {
		b = &body{text: strings.NewReader(data.Encode()), may: s.may}
	} else if len(data) > 0 {
		u.RawQuery = data.Encode()
	}
	if b != nil {
		ctx = guard(ctx, b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "", nil)
	if err != nil {
		return nil, nil, &Failure{kind: never, ours: "a request that cannot be"}
	}
	req.URL = u
	if b != nil {
		// No GetBody: what cannot be rewound is not repeated.
		req.Body, req.ContentLength = b, b.text.Size()
	}
	req.Host = host
	maps.Copy(req.Header, s.t.header)
	for k, v := range headers {
		req.Header.Set(k, fmt.Sprint(v))
	}
	return req, b, nil
}

// body is the body of a POST. It knows whether anybody has begun to write the request; until somebody has read the body
// at the very least, the request, its length announced, cannot have been executed.
type body struct {
	mu    sync.Mutex
	text  *strings.Reader
	may   func() bool // nil: yes
	begun bool
	shut  bool // not begun, and never will be
	late  bool
}

var errNotWritten = errors.New("the request is not to be written any more")

// begin is called when there is a connection and the next thing is to write. It reports whether that may be.
func (b *body) begin() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.begun && !b.shut {
		b.late = b.may != nil && !b.may()
		b.begun, b.shut = !b.late, b.late
	}
	return b.begun
}

// Read is called by the transport to write the body.
func (b *body) Read(p []byte) (int, error) {
	if !b.begin() {
		return 0, errNotWritten
	}
	return b.text.Read(p)
}

// Close does nothing: the transport may close the body before we have asked what became of it.
func (b *body) Close() error { return nil }

// withdraw keeps the body from being written from now on, if that has not begun: a transport that was told to give up
// may still be about to. It reports whether writing had begun, and whether it was refused as too late. A request
// without a body counts as begun.
func (b *body) withdraw() (begun, late bool) {
	if b == nil {
		return true, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut = !b.begun
	return b.begun, b.late
}

// classify says what a reply other than 2xx means.
func classify(status int, text []byte, begun bool) *Failure {
	var reply struct {
		Code    *int    `json:"code"`
		Status  *int    `json:"status"`
		Message *string `json:"message"`
	}
	f := &Failure{Status: status}
	twilios := json.Unmarshal(text, &reply) == nil && (reply.Code != nil || reply.Status != nil || reply.Message != nil)
	if twilios && reply.Code != nil {
		f.Code = *reply.Code
	}
	switch {
	case status == http.StatusTooManyRequests:
		f.kind = again
	case status == http.StatusPreconditionFailed, status >= 400 && status < 500 && status != http.StatusRequestTimeout && twilios:
		f.kind = never
	case !begun:
		f.kind = again
	default: // 3xx, 5xx, and what a proxy on the way may have said after passing the request on
		f.kind = ambiguous
	}
	return f
}
