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
)

// Fault is how a REST request fails. The zero value is no fault.
type Fault struct {
	Status      int  // answer this instead, with Twilio's error body (429: 20429, 503: 20503, …)
	AfterEffect bool // the request takes effect first
	LoseReply   bool // the connection breaks instead of an answer
	HTML        bool // the body is a proxy's page, not Twilio's JSON
}

func (f Fault) bites() bool { return f.Status != 0 || f.LoseReply }

// WebhookFault is how a webhook fails. The zero value is no fault.
type WebhookFault struct {
	Drop   bool // it never arrives; Twilio sees no answer
	Copies int  // extra copies
	// Delay postpones its arrival. A webhook whose answer matters (assignment, twiml) and that is
	// delayed beyond its time limit still arrives, but Twilio has given up on the answer.
	Delay time.Duration
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

// faultRule is a fault set through the control side by another process.
type faultRule struct {
	Route       string `json:"route"` // as in Requests(); "" or "*": every route
	Status      int    `json:"status"`
	AfterEffect bool   `json:"after_effect"`
	LoseReply   bool   `json:"lose_reply"`
	HTML        bool   `json:"html"`
	Times       int    `json:"times"` // how often it still bites
}

// faultFor asks the hook first, then the rules. Call it without the lock.
func (s *Simulator) faultFor(route string, form url.Values) Fault {
	s.lock()
	hook := s.hooks.OnRequest
	s.unlock()
	if hook != nil {
		if f := hook(route, form); f.bites() {
			return f
		}
	}
	s.lock()
	defer s.unlock()
	for i, r := range s.rules {
		if r.Route != "" && r.Route != "*" && r.Route != route {
			continue
		}
		if r.Times--; r.Times <= 0 {
			s.rules = append(s.rules[:i:i], s.rules[i+1:]...)
		}
		return Fault{Status: r.Status, AfterEffect: r.AfterEffect, LoseReply: r.LoseReply, HTML: r.HTML}
	}
	return Fault{}
}
