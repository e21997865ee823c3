package simulator

import (
	"encoding/binary"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// requestFault asks the hook first, then the rules. Call it without the lock.
func (s *Simulator) requestFault(found route, in *request) Fault {
	s.lock()
	hook := s.hooks.OnRequest
	s.unlock()
	if hook != nil {
		if f := hook(found.String(), in.form); f.bites() {
			return f
		}
	}
	s.lock()
	defer s.unlock()
	for i := range s.faults.Requests {
		r := &s.faults.Requests[i]
		if !r.means(found) || !matches(r.Match, in.form, in.vars) {
			continue
		}
		rule := *r
		rule.Bitten, rule.ID = 0, 0
		dice, bites := s.throw(rule, r.Probability, r.Times, &r.Bitten, in.identity(found)...)
		if bites {
			return Fault{Status: r.Status, AfterEffect: r.AfterEffect, LoseReply: r.LoseReply, HTML: r.HTML,
				Delay: r.Delay.pick(dice), SlowBody: r.SlowBody.pick(dice)}
		}
	}
	return Fault{}
}

// webhookFault draws what happens to a webhook by the rules. Call it with the lock held.
func (s *Simulator) webhookFault(w webhook) WebhookFault {
	for i := range s.faults.Webhooks {
		r := &s.faults.Webhooks[i]
		if r.Kind != "" && r.Kind != w.kind || r.Event != "" && r.Event != w.event() || !matches(r.Match, w.form, nil) {
			continue
		}
		rule := *r
		rule.Bitten, rule.ID = 0, 0
		identity := []string{w.kind, w.event(), w.resource(), w.form.Get("SequenceNumber")}
		if dice, bites := s.throw(rule, r.Probability, r.Times, &r.Bitten, identity...); bites {
			return WebhookFault{Drop: r.Drop, Copies: r.Copies, Delay: r.Delay.pick(dice), HoldBack: r.HoldBack,
				IgnoreAnswer: r.IgnoreAnswer, Retry: r.Retry}
		}
	}
	return WebhookFault{}
}

// misconduct draws whether a party behaves as a rule says instead of as it would.
func (s *Simulator) misconduct(c *call, would conduct) conduct {
	for i := range s.faults.Parties {
		r := &s.faults.Parties[i]
		if !like(r.Party, c.party) || r.Answer == "" && would.answer != "" && would.answer != Answers {
			continue // who does not answer cannot hang up
		}
		rule := *r
		rule.Bitten, rule.ID = 0, 0
		dice, bites := s.throw(rule, r.Probability, r.Times, &r.Bitten, c.party, c.sid)
		if !bites {
			continue
		}
		if r.Answer == "" {
			would.answer, would.sipCode, would.afterReply = Answers, 0, r.HangsUpAfter.pick(dice)
			s.note(c.entry(Misbehaves, "hangs up after "+would.afterReply.String()))
			return would
		}
		would.answer, would.sipCode = r.Answer, refusal(c.party, r.Answer)
		if would.sipCode == 486 {
			would.rings = 0 // an engaged line does not ring
		}
		s.note(c.entry(Misbehaves, string(r.Answer)))
		return would
	}
	return would
}

// refusal is the SIP code of a party that does not answer.
func refusal(party string, a Answer) int {
	switch {
	case a == Unreachable:
		return 404
	case a == Busy && identityOf(party) != "":
		return 603
	case a == Busy:
		return 486
	}
	return 0
}

// throw draws whether a rule bites what has this identity. The dice left over choose a length of time.
func (s *Simulator) throw(rule any, probability float64, times int, bitten *int, identity ...string) (dice float64, bites bool) {
	about := append([]string{"fault", strconv.FormatUint(s.faults.Seed, 10), ruleID(rule)}, identity...)
	h := s.draw(about...) // also for a rule that is used up, so that Times does not shift later draws
	if times > 0 && *bitten >= times || fraction(h) >= probability {
		return 0, false
	}
	*bitten++
	return fraction(h[8:]), true
}

// fraction makes a number from 0 up to 1 of the first eight bytes.
func fraction(h []byte) float64 {
	return float64(binary.BigEndian.Uint64(h)>>11) / (1 << 53)
}

func matches(match map[string]string, form url.Values, vars map[string]string) bool {
	for name, pattern := range match {
		value, isVar := vars[name]
		if !isVar {
			value = form.Get(name)
		}
		if !like(pattern, value) {
			return false
		}
	}
	return true
}

// volatile names the parameters that tell when a request was made rather than what it is.
var volatile = []string{"VirtualStartTime", "Timestamp", "StartTime", "StartTime<", "StartTime>", "PageToken"}

// identity is what a request is: who asks for what, with which parameters.
func (r *request) identity(found route) []string {
	is := []string{r.account.sid, found.String()}
	for _, name := range slices.Sorted(maps.Keys(r.vars)) {
		is = append(is, name, r.vars[name])
	}
	for _, name := range slices.Sorted(maps.Keys(r.form)) {
		if !slices.Contains(volatile, name) {
			is = append(is, name)
			for _, value := range r.form[name] {
				is = append(is, withoutHost(value))
			}
		}
	}
	return is
}

// withoutHost is what is left of a URL: an application under test listens on another port in each run.
func withoutHost(value string) string {
	if u, err := url.Parse(value); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return u.RequestURI()
	}
	return value
}

// event is what a webhook reports, by the parameter that its kind has for it.
func (w webhook) event() string {
	for _, name := range []string{"EventType", "StatusCallbackEvent", "CallStatus"} {
		if event := w.form.Get(name); event != "" {
			return event
		}
	}
	return ""
}

// resource is the SID of what a webhook reports about.
func (w webhook) resource() string {
	for _, name := range []string{"ResourceSid", "ReservationSid", "ConferenceSid", "CallSid"} {
		if sid := w.form.Get(name); sid != "" {
			return sid
		}
	}
	return ""
}

// wait lets time pass for one REST request, without the lock. Only a wall clock can: on a borrowed clock
// nothing moves before the request is answered.
func (s *Simulator) wait(d time.Duration) {
	if _, real := s.clock.(wallClock); !real || d <= 0 {
		return
	}
	over := make(chan struct{})
	s.lock()
	s.schedule(d, func() { close(over) })
	alive := s.alive
	s.unlock()
	select {
	case <-over:
	case <-alive.Done():
	}
}

// slowBody sends the first byte of a body and lets the rest wait.
type slowBody struct {
	http.ResponseWriter
	wait   func()
	waited bool
}

func (w *slowBody) Write(body []byte) (int, error) {
	if w.waited || len(body) < 2 {
		return w.ResponseWriter.Write(body)
	}
	w.waited = true
	if n, err := w.ResponseWriter.Write(body[:1]); err != nil {
		return n, err
	}
	_ = http.NewResponseController(w.ResponseWriter).Flush() // a writer that cannot: the body comes in one piece
	w.wait()
	n, err := w.ResponseWriter.Write(body[1:])
	return n + 1, err
}
