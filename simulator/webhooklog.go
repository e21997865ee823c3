package simulator

import (
	"net/http"
	"net/url"
	"time"
)

// Webhook is one webhook of the journal: what was sent, what came back, what a fault did to it. It is
// written when the matter is over, so a webhook that is still waiting for its answer is not in yet.
type Webhook struct {
	At        time.Time  `json:"at"`              // when it left, or would have
	Token     string     `json:"token,omitempty"` // I-Twilio-Idempotency-Token, the same for every attempt
	Kind      string     `json:"kind"`            // one of the Kind constants
	Method    string     `json:"method"`
	URL       string     `json:"url"` // with its fragment, which is not sent
	Form      url.Values `json:"form"`
	Signature string     `json:"signature,omitempty"` // X-Twilio-Signature

	Attempts    []WebhookAttempt `json:"attempts"`         // the answer is that of the last; empty: it never left
	Status      int              `json:"status,omitempty"` // of the answer; 0: none
	ContentType string           `json:"content_type,omitempty"`
	Body        string           `json:"body,omitempty"` // of the answer, the first 2,048 bytes
	Error       string           `json:"error,omitempty"`
	DurationMS  int64            `json:"duration_ms"` // of all attempts, by the simulator's clock

	Fault string `json:"fault,omitempty"` // what an injected fault did to it, in words
}

// WebhookAttempt is one try to deliver a webhook.
type WebhookAttempt struct {
	Status     int    `json:"status,omitempty"`
	Error      string `json:"error,omitempty"`
	DurationMS int64  `json:"duration_ms"`
}

const (
	// webhookLogLimit is lower than that of the other journals: an entry has some kilobytes.
	webhookLogLimit = 20_000
	webhookLogBody  = 2 << 10
)

// Webhooks returns the journal of webhooks, in the order in which they came to their end.
func (s *Simulator) Webhooks() []Webhook {
	s.lock()
	defer s.unlock()
	all, _ := s.webhookLog.since(0)
	return all
}

// row begins the journal's entry about a webhook.
func (w webhook) row(at time.Time, token string) Webhook {
	method := w.method
	if method == "" {
		method = http.MethodPost
	}
	return Webhook{At: at, Token: token, Kind: w.kind, Method: method, URL: w.url, Form: w.form,
		Attempts: []WebhookAttempt{}, Fault: w.fault}
}

func (w *Webhook) tried(a webhookAnswer, took time.Duration) {
	attempt := WebhookAttempt{Status: a.status, DurationMS: took.Milliseconds()}
	if a.err != nil {
		attempt.Error = plainError(a.err)
	}
	w.Attempts = append(w.Attempts, attempt)
	w.DurationMS += attempt.DurationMS
	w.Signature, w.Status, w.ContentType, w.Error = a.signature, a.status, a.contentType, attempt.Error
	w.Body = string(a.body[:min(len(a.body), webhookLogBody)])
}

// lose writes down a webhook that never leaves. Call it with the lock held.
func (s *Simulator) lose(w webhook) {
	s.webhookLog.add(w.row(s.now(), ""))
}
