package simulator

import (
	"net/url"
	"time"
)

// Hooks let a test interfere at the interesting moments; nil means nothing. They are called without
// the simulator's lock, so they may ask the simulator questions.
type Hooks struct {
	// OnRequest may make a REST request fail. The route is spelled as in Requests().
	OnRequest func(route string, form url.Values) Fault
	// OnWebhook may drop, double or delay a webhook. The kinds are the Kind constants.
	OnWebhook func(kind string, form url.Values) WebhookFault
}

// Kinds of webhooks.
const (
	KindAssignment = "assignment"
	KindEvent      = "taskrouter.event"
	KindCall       = "call.status"
	KindConference = "conference"
	KindAMD        = "amd"
	KindTwiML      = "twiml"
	KindRecording  = "recording"
)

var kinds = []string{KindAssignment, KindEvent, KindCall, KindConference, KindAMD, KindTwiML, KindRecording}

// answerMatters: Twilio does what the answer says; of the other kinds it only wants to know that they arrived.
func answerMatters(kind string) bool { return kind == KindAssignment || kind == KindTwiML }

// Fault is how a REST request fails. The zero value is no fault.
type Fault struct {
	// Status is answered instead, with Twilio's error body (429: 20429, 503: 20503, …). There is no
	// Retry-After: Twilio documents none and asks for exponential backoff (20429).
	Status      int
	AfterEffect bool // the request takes effect first
	LoseReply   bool // the connection breaks instead of an answer
	HTML        bool // the body is a proxy's page, not Twilio's JSON
	// Delay holds the request up, before its effect or, with AfterEffect, after it; a client that has
	// given up meanwhile changes nothing about the effect. On a borrowed clock nobody can wait: the
	// delay is only written in the journal. What a client does that gives up is tested with LoseReply.
	Delay time.Duration
	// SlowBody is how long the body dribbles once the header has been answered; only on a wall clock.
	SlowBody time.Duration
}

func (f Fault) bites() bool { return f != Fault{} }

// fails: something else is answered than what the request deserves.
func (f Fault) fails() bool { return f.Status != 0 || f.LoseReply }

// WebhookFault is how a webhook fails. The zero value is no fault.
type WebhookFault struct {
	Drop   bool // it never arrives; Twilio sees no answer
	Copies int  // extra copies, each with an I-Twilio-Idempotency-Token of its own
	// Delay postpones its arrival. A webhook whose answer matters (assignment, twiml) and that is
	// delayed beyond its time limit still arrives, but Twilio has given up on the answer.
	Delay time.Duration
	// HoldBack makes it arrive after the next report about the same resource, or 15 s late when there is
	// none. Not for webhooks whose answer matters.
	HoldBack bool
	// IgnoreAnswer: it arrives, but to Twilio the answer never comes. Whether that means another
	// attempt is for the URL's connection overrides to say ("rt").
	IgnoreAnswer bool
	// Retry: it arrives, the connection breaks before the answer, and Twilio tries again with the same
	// I-Twilio-Idempotency-Token, unless the URL says rc=0. The second answer counts.
	Retry bool
}

// SetHooks replaces the hooks.
func (s *Simulator) SetHooks(h Hooks) {
	s.lock()
	defer s.unlock()
	s.hooks = h
}

// SetWebhooks switches all webhooks off or on. TwiML is fetched either way: without it a caller has
// nothing to listen to. What falls due while off is lost, as if nobody had answered.
func (s *Simulator) SetWebhooks(on bool) {
	s.lock()
	defer s.unlock()
	s.webhooksOn = on
}
