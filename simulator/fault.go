package simulator

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Faults is what goes wrong, and how often. Whether a rule bites is drawn from the seed, the rule, and
// what the request, the webhook or the call is (its route and parameters, its resource and event, its
// party): not from when it comes. So the same requests in another order meet the same faults, and a
// retry, being the second of its kind, is a new draw. Only Times depends on the order: the first so
// many that the dice choose.
//
// The first rule that bites decides. Set them with Options.Faults, SetFaults, or PUT /simulator/faults.
type Faults struct {
	Seed     uint64        `json:"seed"`
	Requests []RequestRule `json:"requests,omitempty"`
	Webhooks []WebhookRule `json:"webhooks,omitempty"`
	Parties  []PartyRule   `json:"parties,omitempty"`
}

// RequestRule makes REST requests fail.
type RequestRule struct {
	// Route as in Requests(), with the product in front or not; a * at the end stands for any ending:
	// "POST /v1/Workspaces/{WS}/Tasks", "GET *", "taskrouter *". "" and "*": every route.
	Route string `json:"route"`
	// Match names parameters, or variables of the route such as CF, and the values they must have. A *
	// at the end of a value stands for any ending.
	Match map[string]string `json:"match,omitempty"`

	Probability float64 `json:"probability"`      // above 0; 1: always
	Times       int     `json:"times,omitempty"`  // it bites at most so often; 0: no limit
	Bitten      int     `json:"bitten,omitempty"` // how often it has, set by the simulator
	ID          int     `json:"id,omitempty"`     // its number, set by the simulator

	Status      int  `json:"status,omitempty"`       // see Fault
	AfterEffect bool `json:"after_effect,omitempty"` // see Fault
	LoseReply   bool `json:"lose_reply,omitempty"`   // see Fault
	HTML        bool `json:"html,omitempty"`         // see Fault
	Delay       Span `json:"delay,omitzero"`         // see Fault
	SlowBody    Span `json:"slow_body,omitzero"`     // see Fault
}

// WebhookRule makes webhooks fail.
type WebhookRule struct {
	Kind  string            `json:"kind,omitempty"`  // one of the Kind constants; "": every kind
	Event string            `json:"event,omitempty"` // EventType, StatusCallbackEvent or CallStatus; "": every event
	Match map[string]string `json:"match,omitempty"` // parameters and their values, as in RequestRule

	Probability float64 `json:"probability"`      // above 0; 1: always
	Times       int     `json:"times,omitempty"`  // it bites at most so often; 0: no limit
	Bitten      int     `json:"bitten,omitempty"` // how often it has, set by the simulator
	ID          int     `json:"id,omitempty"`     // its number, set by the simulator

	Drop         bool `json:"drop,omitempty"`          // see WebhookFault
	Copies       int  `json:"copies,omitempty"`        // see WebhookFault
	Delay        Span `json:"delay,omitzero"`          // see WebhookFault
	HoldBack     bool `json:"hold_back,omitempty"`     // see WebhookFault
	IgnoreAnswer bool `json:"ignore_answer,omitempty"` // see WebhookFault
	Retry        bool `json:"retry,omitempty"`         // see WebhookFault
}

// PartyRule makes telephones and softphones behave otherwise than SetPhone and SetSoftphone say.
type PartyRule struct {
	Party string `json:"party"` // "+447700900001", "client:anna", "client:*", "+*"; "" and "*": everybody

	Probability float64 `json:"probability"`      // above 0; 1: always
	Times       int     `json:"times,omitempty"`  // it bites at most so often; 0: no limit
	Bitten      int     `json:"bitten,omitempty"` // how often it has, set by the simulator
	ID          int     `json:"id,omitempty"`     // its number, set by the simulator

	// Answer is what the party does instead of answering: NeverAnswers, Busy (of a softphone: declines),
	// Unreachable (of a softphone: not registered, so that it does not ring).
	Answer Answer `json:"answer,omitempty"`
	// HangsUpAfter: it answers, and its connection breaks this long after. "300ms": it hangs up at once.
	HangsUpAfter Span `json:"hangs_up_after,omitzero"`
}

// Span is a length of time, or a range to draw one from. In JSON "2s", or "500ms..3s".
type Span struct{ From, To time.Duration }

// MarshalText writes "2s" or "500ms..3s".
func (d Span) MarshalText() ([]byte, error) {
	if d.To <= d.From {
		return []byte(d.From.String()), nil
	}
	return []byte(d.From.String() + ".." + d.To.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (d *Span) UnmarshalText(text []byte) (err error) {
	from, to, isRange := strings.Cut(string(text), "..")
	if d.From, err = time.ParseDuration(from); err != nil {
		return err
	}
	if d.To = 0; isRange {
		d.To, err = time.ParseDuration(to)
	}
	return err
}

// pick takes a length out of the range; x is from 0 up to 1.
func (d Span) pick(x float64) time.Duration {
	if d.To <= d.From {
		return d.From
	}
	return (d.From + time.Duration(x*float64(d.To-d.From))).Round(time.Millisecond)
}

// SetFaults replaces all faults. The error says which rule cannot be meant; nothing has changed then.
func (s *Simulator) SetFaults(f Faults) error {
	if err := f.check(s.routes); err != nil {
		return err
	}
	s.lock()
	defer s.unlock()
	s.setFaults(f)
	return nil
}

// setFaults copies the rules: the simulator counts in them.
func (s *Simulator) setFaults(f Faults) {
	s.faults = Faults{Seed: f.Seed}
	for _, r := range f.Requests {
		r.Bitten, r.ID, r.Match = 0, s.nextRule(), maps.Clone(r.Match)
		s.faults.Requests = append(s.faults.Requests, r)
	}
	for _, r := range f.Webhooks {
		r.Bitten, r.ID, r.Match = 0, s.nextRule(), maps.Clone(r.Match)
		s.faults.Webhooks = append(s.faults.Webhooks, r)
	}
	for _, r := range f.Parties {
		r.Bitten, r.ID = 0, s.nextRule()
		s.faults.Parties = append(s.faults.Parties, r)
	}
}

func (s *Simulator) nextRule() int {
	s.ruleIDs++
	return s.ruleIDs
}

// Faults returns the faults that are set, with how often each rule has bitten.
func (s *Simulator) Faults() Faults {
	s.lock()
	defer s.unlock()
	f := s.faults
	f.Requests, f.Webhooks, f.Parties = slices.Clone(f.Requests), slices.Clone(f.Webhooks), slices.Clone(f.Parties)
	return f
}

// addRequestFaults puts further rules behind those that are set: the one-shot faults of the control
// side. Those that are used up make room.
func (s *Simulator) addRequestFaults(rules []RequestRule) error {
	if err := (Faults{Requests: rules}).check(s.routes); err != nil {
		return err
	}
	s.lock()
	defer s.unlock()
	s.faults.Requests = slices.DeleteFunc(s.faults.Requests, func(r RequestRule) bool { return r.Times > 0 && r.Bitten >= r.Times })
	for _, r := range rules {
		r.Bitten, r.ID = 0, s.nextRule()
		s.faults.Requests = append(s.faults.Requests, r)
	}
	return nil
}

// removeFault reports whether there was a rule of that number.
func (s *Simulator) removeFault(id int) bool {
	s.lock()
	defer s.unlock()
	f := &s.faults
	before := len(f.Requests) + len(f.Webhooks) + len(f.Parties)
	f.Requests = slices.DeleteFunc(f.Requests, func(r RequestRule) bool { return r.ID == id })
	f.Webhooks = slices.DeleteFunc(f.Webhooks, func(r WebhookRule) bool { return r.ID == id })
	f.Parties = slices.DeleteFunc(f.Parties, func(r PartyRule) bool { return r.ID == id })
	return len(f.Requests)+len(f.Webhooks)+len(f.Parties) < before
}

// check refuses rules that cannot be meant: a test whose faults never bite proves nothing.
func (f Faults) check(routes []route) error {
	for i, r := range f.Requests {
		if err := r.check(routes); err != nil {
			return fmt.Errorf("requests[%d]: %w", i, err)
		}
	}
	for i, r := range f.Webhooks {
		if err := r.check(); err != nil {
			return fmt.Errorf("webhooks[%d]: %w", i, err)
		}
	}
	for i, r := range f.Parties {
		if err := r.check(); err != nil {
			return fmt.Errorf("parties[%d]: %w", i, err)
		}
	}
	return nil
}

func (r RequestRule) check(routes []route) error {
	if !slices.ContainsFunc(routes, r.means) {
		return fmt.Errorf("no route is called %q; write it as in GET /simulator/requests, or with a * at its end", r.Route)
	}
	if r.Status != 0 && (r.Status < 400 || r.Status > 599) {
		return fmt.Errorf("status %d is no failure; give one from 400 to 599", r.Status)
	}
	if r.Status == 0 && !r.LoseReply && r.Delay == (Span{}) && r.SlowBody == (Span{}) {
		return fmt.Errorf("say what happens: status, lose_reply, delay or slow_body")
	}
	return checkOdds(r.Probability, r.Times)
}

func (r RequestRule) means(to route) bool {
	return like(r.Route, to.String()) || like(r.Route, to.product+" "+to.String())
}

func (r WebhookRule) check() error {
	if r.Kind != "" && !slices.Contains(kinds, r.Kind) {
		return fmt.Errorf("kind %q: use one of %s", r.Kind, strings.Join(kinds, ", "))
	}
	if r.HoldBack && answerMatters(r.Kind) {
		return fmt.Errorf("hold_back: a %s webhook has no next one to wait for; use delay", r.Kind)
	}
	if !r.Drop && r.Copies <= 0 && r.Delay == (Span{}) && !r.HoldBack && !r.IgnoreAnswer && !r.Retry {
		return fmt.Errorf("say what happens: drop, copies, delay, hold_back, ignore_answer or retry")
	}
	return checkOdds(r.Probability, r.Times)
}

func (r PartyRule) check() error {
	switch {
	case !slices.Contains([]Answer{"", NeverAnswers, Busy, Unreachable}, r.Answer):
		return fmt.Errorf("answer %q: use %s, %s or %s", r.Answer, NeverAnswers, Busy, Unreachable)
	case r.Answer == "" && r.HangsUpAfter == (Span{}):
		return fmt.Errorf("say what happens: answer or hangs_up_after")
	}
	return checkOdds(r.Probability, r.Times)
}

func checkOdds(probability float64, times int) error {
	if math.IsNaN(probability) || probability <= 0 || probability > 1 {
		return fmt.Errorf("probability %v: it must be above 0 and at most 1; leave out a rule that shall never bite", probability)
	}
	if times < 0 {
		return fmt.Errorf("times %d: it must be 0 (no limit) or more", times)
	}
	return nil
}

// like compares with a pattern: "" and "*" are like everything, a * at its end stands for any ending.
func like(pattern, text string) bool {
	beginning, open := strings.CutSuffix(pattern, "*")
	return pattern == "" || pattern == text || open && strings.HasPrefix(text, beginning)
}

// String says what the fault does, for the journal.
func (f Fault) String() string {
	var parts []string
	if f.Delay > 0 {
		parts = append(parts, "delayed "+f.Delay.String())
	}
	switch {
	case f.LoseReply:
		parts = append(parts, "reply lost")
	case f.Status != 0:
		parts = append(parts, strconv.Itoa(f.Status)+" "+http.StatusText(f.Status))
	}
	if f.SlowBody > 0 {
		parts = append(parts, "body slow by "+f.SlowBody.String())
	}
	if len(parts) == 0 {
		return ""
	}
	if f.AfterEffect {
		parts = append(parts, "after the effect")
	}
	return strings.Join(parts, ", ")
}

// String says what the fault does, for the journal.
func (f WebhookFault) String() string {
	var parts []string
	add := func(is bool, text string) {
		if is {
			parts = append(parts, text)
		}
	}
	add(f.Drop, "dropped")
	add(f.Copies > 0, "copied "+strconv.Itoa(f.Copies)+" times")
	add(f.Delay > 0, "delayed "+f.Delay.String())
	add(f.HoldBack, "held back")
	add(f.IgnoreAnswer, "answer ignored")
	add(f.Retry, "retried")
	return strings.Join(parts, ", ")
}

// ruleID tells rules apart when dice are thrown. It is what the rule says, not its place in the list:
// a further rule does not change what the others draw.
func ruleID(rule any) string {
	text, err := json.Marshal(rule)
	if err != nil {
		panic("simulator: a rule that JSON cannot spell: " + err.Error()) // checkOdds refuses NaN
	}
	return string(text)
}
