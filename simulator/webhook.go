package simulator

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// webhookLimit is how long Twilio waits for any webhook in all, retries included (D.1, E.3).
const webhookLimit = 15 * time.Second

// bodyLimit is the largest answer Twilio reads (11750).
const bodyLimit = 64 << 10

// webhook is one request of Twilio's to the software under test.
type webhook struct {
	account           *account // whose token signs it
	kind, method, url string
	form              url.Values
	about             Entry         // for the log when it fails
	limit             time.Duration // 0: webhookLimit
	// answered gets the answer, or the lack of one, once, under the lock. Nil: a status callback,
	// whose answer nobody reads; a failure is only a line in the debugger (C.1).
	answered func(webhookAnswer)
}

// webhookAnswer is what came back. err is set when nothing did.
type webhookAnswer struct {
	status      int
	contentType string
	body        []byte
	err         error
}

var (
	errDropped = errors.New("the webhook was dropped")
	errTooLate = errors.New("no answer within the time limit")
)

// send lets a webhook leave through the clock, after the lock is released. Call it with the lock held.
func (s *Simulator) send(w webhook) {
	if w.url == "" {
		return
	}
	if w.limit == 0 {
		w.limit = webhookLimit
	}
	latency := s.webhookLatency
	if w.kind == KindTwiML {
		latency = 0 // it is fetched when the call needs it, not reported after the fact
	}
	hook := s.hooks.OnWebhook
	s.afterUnlock(func() {
		fault := WebhookFault{}
		if hook != nil {
			fault = hook(w.kind, w.form)
		}
		s.lock()
		defer s.unlock()
		s.post(w, fault, latency)
	})
}

func (s *Simulator) post(w webhook, fault WebhookFault, latency time.Duration) {
	copyOf := w
	copyOf.answered = nil
	switch {
	case fault.Drop:
		s.giveUp(w, latency+w.limit, errDropped)
	case w.answered != nil && fault.Delay >= w.limit:
		s.dispatch(latency+fault.Delay, func() { s.deliver(copyOf) })
		s.giveUp(w, latency+w.limit, errTooLate)
	default:
		s.dispatch(latency+fault.Delay, func() { s.deliver(w) })
	}
	for range fault.Copies {
		s.dispatch(latency+fault.Delay, func() { s.deliver(copyOf) })
	}
}

func (s *Simulator) giveUp(w webhook, after time.Duration, why error) {
	if w.answered != nil {
		s.schedule(after, func() { w.answered(webhookAnswer{err: why}) })
	}
}

// deliver makes the request and its retries on the clock's thread, without the lock.
func (s *Simulator) deliver(w webhook) {
	s.lock()
	off := !s.webhooksOn && w.kind != KindTwiML
	token := s.mintToken()
	if off {
		s.giveUp(w, w.limit, errDropped)
	}
	s.unlock()
	if off {
		return
	}
	address, o := overrides(w.url)
	ctx, cancel := s.alive, context.CancelFunc(func() {})
	if _, real := s.clock.(wallClock); real {
		// On a borrowed clock time stands still while the webhook is out, so nothing can run late; there
		// WebhookFault.Delay makes an answer late. Not arming a timer for every webhook halves the work.
		ctx, cancel = context.WithTimeout(s.alive, min(w.limit, o.total))
	}
	defer cancel()

	var answer webhookAnswer
	for attempt := 0; attempt <= o.retries; attempt++ {
		answer = s.attempt(ctx, w, address, token)
		if ctx.Err() != nil || !o.retry(answer) {
			break
		}
	}
	s.lock()
	defer s.unlock()
	switch {
	case s.closed:
	case w.answered != nil:
		w.answered(answer)
	case answer.err != nil:
		s.alert(11200, "HTTP retrieval failure: "+plainError(answer.err), w.about)
	case answer.status >= 400:
		s.alert(15003, "Warning Response to Callback URL: "+strconv.Itoa(answer.status), w.about)
	}
}

func (s *Simulator) attempt(ctx context.Context, w webhook, address, token string) webhookAnswer {
	target, body := address, io.Reader(nil)
	signed := w.form
	if w.method == http.MethodGet {
		target, signed = withQuery(address, w.form), nil
	} else {
		body = strings.NewReader(w.form.Encode())
	}
	method := w.method
	if method == "" {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return webhookAnswer{err: err}
	}
	if user := r.URL.User; user != nil {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
		r.URL.User = nil
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	}
	r.Header.Set("User-Agent", "TwilioProxy/1.1")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("I-Twilio-Idempotency-Token", token)
	r.Header.Set("X-Twilio-Signature", signature(w.account.token, target, signed))
	res, err := s.webhooks.RoundTrip(r)
	if err != nil {
		return webhookAnswer{err: err}
	}
	defer res.Body.Close()
	answer := webhookAnswer{status: res.StatusCode, contentType: res.Header.Get("Content-Type")}
	answer.body, answer.err = io.ReadAll(io.LimitReader(res.Body, bodyLimit+1))
	return answer
}

func withQuery(address string, form url.Values) string {
	switch {
	case len(form) == 0:
		return address
	case strings.Contains(address, "?"):
		return address + "&" + form.Encode()
	}
	return address + "?" + form.Encode()
}

// connection is what the fragment of a webhook's URL can override (E.3).
type connection struct {
	retries int
	when    []string // 4xx, 5xx, ct, rt, all
	total   time.Duration
}

// overrides takes the fragment off a URL. It is neither sent nor signed.
func overrides(address string) (string, connection) {
	c := connection{retries: 1, when: []string{"ct"}, total: webhookLimit}
	address, fragment, found := strings.Cut(address, "#")
	if !found {
		return address, c
	}
	settings, err := url.ParseQuery(fragment)
	if err != nil {
		return address, c
	}
	if n, err := strconv.Atoi(settings.Get("rc")); err == nil && n >= 0 && n <= 5 {
		c.retries = n
	}
	if rp := settings.Get("rp"); rp != "" {
		c.when = strings.Split(rp, ",")
	}
	if ms, err := strconv.Atoi(settings.Get("tt")); err == nil && ms > 0 {
		c.total = min(time.Duration(ms)*time.Millisecond, webhookLimit)
	}
	return address, c
}

// retry decides by the kind of failure. Without overrides only a failure to connect is tried again,
// once; an answer of 4xx or 5xx is final.
func (c connection) retry(a webhookAnswer) bool {
	kind := ""
	switch {
	case a.err != nil && isConnectFailure(a.err):
		kind = "ct"
	case a.err != nil:
		kind = "rt"
	case a.status >= 500:
		kind = "5xx"
	case a.status >= 400:
		kind = "4xx"
	default:
		return false
	}
	for _, w := range c.when {
		if w == kind || w == "all" {
			return true
		}
	}
	return false
}

func isConnectFailure(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// plainError leaves out the URL that net/http puts in its errors: a query can carry anything.
func plainError(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}
