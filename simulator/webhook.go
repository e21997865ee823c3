package simulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
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
	about             Entry           // for the log when it fails
	limit             time.Duration   // 0: webhookLimit
	alive             context.Context // ends when nobody waits for it any more: after Close and Reset
	ignored, retried  bool            // what a fault does to its first attempt, see WebhookFault
	fault             string          // what a fault does to it, for the journal
	cookies           cookies         // that the call has been given
	// answered gets the answer, or the lack of one, once, under the lock. Nil: a status callback,
	// whose answer nobody reads; a failure is only a line in the debugger (C.1).
	answered func(webhookAnswer)
}

// webhookAnswer is what came back. err is set when nothing did.
type webhookAnswer struct {
	status      int
	contentType string
	body        []byte
	location    string // of a redirect
	cookies     []*http.Cookie
	err         error
	signature   string // of the request
}

var (
	errDropped = errors.New("the webhook was dropped")
	errTooLate = errors.New("no answer within the time limit")
	errBroken  = errors.New("the connection broke before the answer")
)

// send lets a webhook leave through the clock, after the lock is released. Call it with the lock held.
// Webhooks are independent of each other, as Twilio's are: none waits for the answer to an earlier one,
// and they may overtake each other on their way.
func (s *Simulator) send(w webhook) {
	if w.url == "" || s.loading {
		return
	}
	if w.limit == 0 {
		w.limit = webhookLimit
	}
	w.alive = s.alive
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
		if w.alive.Err() != nil {
			return
		}
		if fault == (WebhookFault{}) {
			fault = s.webhookFault(w)
		}
		s.post(w, fault, latency)
	})
}

func (s *Simulator) post(w webhook, fault WebhookFault, latency time.Duration) {
	w.fault = fault.String()
	copyOf := w
	copyOf.answered, copyOf.fault = nil, "a copy"
	w.ignored, w.retried = fault.IgnoreAnswer, fault.Retry
	switch {
	case fault.Drop:
		s.lose(w)
		s.giveUp(w, latency+w.limit, errDropped)
	case w.answered != nil && fault.Delay >= w.limit:
		late := w
		late.answered, late.fault = nil, w.fault+", too late for an answer"
		s.dispatch(latency+fault.Delay, func() { s.deliver(late) })
		s.giveUp(w, latency+w.limit, errTooLate)
	case fault.HoldBack && w.answered == nil:
		s.hold(w, latency+fault.Delay)
	default:
		s.dispatch(latency+fault.Delay, func() { s.deliver(w) })
	}
	for range fault.Copies {
		s.dispatch(latency+fault.Delay, func() { s.deliver(copyOf) })
	}
}

func (s *Simulator) giveUp(w webhook, after time.Duration, why error) {
	if w.answered != nil {
		s.schedule(after, func() { s.take(w, webhookAnswer{err: why}) })
	}
}

// heldWebhook waits until the next one about the same resource has been delivered.
type heldWebhook struct {
	webhook webhook
	patient *timer // until it leaves in any case
}

func (s *Simulator) hold(w webhook, after time.Duration) {
	h, about := &heldWebhook{webhook: w}, w.resource()
	s.held[about] = append(s.held[about], h)
	h.patient = s.dispatch(after+webhookLimit, func() {
		s.lock()
		s.held[about] = slices.DeleteFunc(s.held[about], func(other *heldWebhook) bool { return other == h })
		s.unlock()
		s.deliver(w)
	})
}

// release lets go what was held back until now.
func (s *Simulator) release(about string) {
	for _, h := range s.held[about] {
		s.cancel(h.patient)
		s.dispatch(0, func() { s.deliver(h.webhook) })
	}
	delete(s.held, about)
}

// delivery is a webhook on its way, with its retries. All attempts carry the same token.
type delivery struct {
	webhook
	connection
	address, token string
	until          time.Time // then Twilio has given up, whatever is left to try
	attempts       int
	row            Webhook // of the journal
}

// take hands the answer to who waits for it. What they complain about is this exchange.
func (s *Simulator) take(w webhook, answer webhookAnswer) {
	x := w.exchange(answer)
	s.exchanged = &x
	defer func() { s.exchanged = nil }()
	w.answered(answer)
}

// deliver makes the request and its retries on the clock's thread, without the lock.
func (s *Simulator) deliver(w webhook) {
	s.lock()
	if w.alive.Err() != nil {
		s.unlock()
		return
	}
	if !s.webhooksOn && w.kind != KindTwiML {
		w.fault = "webhooks are off"
		s.lose(w)
		s.giveUp(w, w.limit, errDropped)
		s.unlock()
		return
	}
	d := &delivery{webhook: w, token: s.mintToken()}
	d.row = w.row(s.now(), d.token)
	s.webhooksOut++
	var ignored []string
	d.address, d.connection, ignored = overrides(w.url)
	for _, why := range ignored {
		s.alert(11100, "connection override ignored: "+why, w.about) // Twilio documents no code of its own
	}
	d.until = s.now().Add(min(w.limit, d.total))
	s.unlock()
	s.try(d)
}

// try makes one attempt, and arranges for the next.
func (s *Simulator) try(d *delivery) {
	ctx, cancel := context.WithValue(d.alive, connectTimeout{}, d.connect), context.CancelFunc(func() {})
	if _, real := s.clock.(wallClock); real {
		// On a borrowed clock time stands still while the webhook is out, so nothing can run late; there
		// WebhookFault.Delay makes an answer late. Not arming a timer for every webhook halves the work.
		s.lock()
		left := d.until.Sub(s.now())
		s.unlock()
		ctx, cancel = context.WithTimeout(ctx, min(d.read, left))
	}
	from := s.clock.Now()
	answer := s.attempt(ctx, d.webhook, d.address, d.token)
	if d.kind == KindTwiML {
		answer = s.follow(ctx, d.webhook, answer, d.address, d.token)
	}
	cancel()
	d.row.tried(answer, s.clock.Now().Sub(from))

	s.lock()
	defer s.unlock()
	if d.alive.Err() != nil {
		return
	}
	if !answerMatters(d.kind) {
		s.release(d.resource())
	}
	var lost time.Duration // how long Twilio would have waited for an answer that a fault took away
	switch {
	case d.ignored && d.attempts == 0:
		answer, lost = webhookAnswer{err: errTooLate}, min(d.read, d.until.Sub(s.now()))
	case d.retried && d.attempts == 0:
		answer = webhookAnswer{err: errBroken}
	}
	d.attempts++
	if d.attempts <= d.retries && d.retry(answer) && s.now().Add(lost).Before(d.until) {
		s.dispatch(lost, func() { s.try(d) })
		return
	}
	if lost > 0 {
		s.schedule(lost, func() { s.settle(d, answer) })
		return
	}
	s.settle(d, answer)
}

// settle does what the last answer, or the lack of one, means.
func (s *Simulator) settle(d *delivery, answer webhookAnswer) {
	s.webhooksOut--
	s.webhookLog.add(d.row)
	switch w := d.webhook; {
	case w.answered != nil:
		s.take(w, answer)
	case answer.err != nil:
		s.alert(11200, "HTTP retrieval failure: "+plainError(answer.err), w.about, w.exchange(answer))
	case answer.status >= 400:
		s.alert(15003, "Warning Response to Callback URL: "+strconv.Itoa(answer.status), w.about, w.exchange(answer))
	}
}

func (s *Simulator) attempt(ctx context.Context, w webhook, address, token string) webhookAnswer {
	address = sendable(address)
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
	r.Header.Set(idempotencyToken, token)
	answer := webhookAnswer{signature: signature(w.account.token, target, signed)}
	r.Header.Set("X-Twilio-Signature", answer.signature)
	for _, cookie := range w.cookies.of(target) {
		r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	}
	res, err := s.webhooks.RoundTrip(r)
	if err != nil {
		answer.err = err
		return answer
	}
	defer res.Body.Close()
	answer.status, answer.contentType = res.StatusCode, res.Header.Get("Content-Type")
	answer.location, answer.cookies = redirectOf(res), res.Cookies()
	answer.body, answer.err = io.ReadAll(io.LimitReader(res.Body, bodyLimit+1))
	return answer
}

// sendable writes what a request line cannot have, such as an umlaut or a space, as %XX. What is sent is what
// is signed, so it is done before.
func sendable(address string) string {
	unsendable := func(c rune) bool { return c <= ' ' || c > '~' || strings.ContainsRune("\"<>\\^`{|}", c) }
	if strings.IndexFunc(address, unsendable) < 0 {
		return address
	}
	var b strings.Builder
	for _, c := range []byte(address) {
		if unsendable(rune(c)) {
			fmt.Fprintf(&b, "%%%02X", c)
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
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

// plainError leaves out the URL that net/http puts in its errors: a query can carry anything.
func plainError(err error) string {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err.Error()
	}
	return err.Error()
}
