package switchboard

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func validRequest() Request {
	return Request{
		Source: "/crm/campaigns/42", ID: "evt-1", RequestedAt: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC),
		Caller: Caller{Phone: "+447700900001", Name: "Zoë", Locale: "en-GB"}, Reason: "renewal", Skills: []string{"landlord"},
	}
}

func TestValidRequests(t *testing.T) {
	only := Request{Source: "s", ID: "1", RequestedAt: time.Now(), Caller: Caller{Phone: "+442079460000"}}
	for _, r := range []Request{validRequest(), only} {
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
}

func TestInvalidRequestsNameTheFieldAndNotTheValue(t *testing.T) {
	for field, change := range map[string]func(*Request){
		"source":        func(r *Request) { r.Source = "" },
		"id":            func(r *Request) { r.ID = strings.Repeat("secret", 100) },
		"time":          func(r *Request) { r.RequestedAt = time.Time{} },
		"caller.phone":  func(r *Request) { r.Caller.Phone = "secret" },
		"caller.name":   func(r *Request) { r.Caller.Name = strings.Repeat("secret", 100) },
		"caller.locale": func(r *Request) { r.Caller.Locale = "secret!" },
		"reason":        func(r *Request) { r.Reason = strings.Repeat("secret", 200) },
		"skills":        func(r *Request) { r.Skills = make([]string, MaxSkills+1) },
		"skills[1]":     func(r *Request) { r.Skills = []string{"a", "secret'; --"} },
		"priority":      func(r *Request) { r.Priority = -1 },
		"max_attempts":  func(r *Request) { r.MaxAttempts = MaxMaxAttempts + 1 },
		"deadline":      func(r *Request) { r.Deadline = r.RequestedAt.Add(MaxDeadline + time.Second) },
	} {
		r := validRequest()
		change(&r)
		err := r.Validate()
		var fe *FieldError
		if !errors.As(err, &fe) || !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%s: got %v, want an error that names it", field, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the value: %v", field, err)
		}
	}
}

func TestNumberMayNotBePartOfTheIdentity(t *testing.T) {
	r := validRequest()
	r.ID = "call-447700900001"
	if err := r.Validate(); err == nil || strings.Contains(err.Error(), "447700") {
		t.Errorf("got %v, want a refusal that does not repeat the number", err)
	}
}

func TestEveryProblemIsNamedAtOnce(t *testing.T) {
	err := Request{}.Validate()
	for _, field := range []string{"source", "id", "time", "caller.phone"} {
		if err == nil || !strings.Contains(err.Error(), field+": ") {
			t.Errorf("%s is not named in %v", field, err)
		}
	}
}

// Two requests must never share a call: one of them would be lost.
func FuzzCallID(f *testing.F) {
	f.Add("/crm", "a/b", "/crm/a", "b")
	f.Add("s", "1", "s", "1")
	f.Add("s", "%2F", "s", "/")
	f.Add("s", "\x00", "\xff", "")
	f.Fuzz(func(t *testing.T, s1, id1, s2, id2 string) {
		a, b := NewCallID(s1, id1), NewCallID(s2, id2)
		if (a == b) != (s1 == s2 && id1 == id2) {
			t.Errorf("%q %q and %q %q: %s and %s", s1, id1, s2, id2, a, b)
		}
		possible := s1 != "" && id1 != "" && len(s1) <= MaxSourceLength && len(id1) <= MaxIDLength && Plain(s1) && Plain(id1)
		if s, id, err := a.Split(); (err == nil) != possible || possible && (s != s1 || id != id1) {
			t.Errorf("%q %q became %q %q, %v", s1, id1, s, id, err)
		}
	})
}

func TestWhatIsNoCallIsNotTakenForOne(t *testing.T) {
	for _, c := range []CallID{
		"", "call/", "call//", "call//1", "call/crm/", "reap/crm/1", "call/crm/1%2", "call/crm/a b", "call/crm/%41",
		"call/crm/\x00", "call/crm/%00", "call/\xff/1", "call/crm\n/1", "call/crm/%0A", "call/crm/%FF",
		CallID("call/crm/" + strings.Repeat("1", MaxIDLength+1)), CallID("call/" + strings.Repeat("s", MaxSourceLength+1) + "/1"),
	} {
		if source, id, err := c.Split(); err == nil {
			t.Errorf("%q was split into %q and %q", c, source, id)
		}
	}
}

func TestSIDs(t *testing.T) {
	const digits = "0123456789abcdef0123456789ABCDEF"
	for sid, ok := range map[string]bool{
		"CA" + digits: true, "": false, "CA": false, "CA1": false, "WT" + digits: false, "CA" + digits + "0": false,
		"CA" + digits[1:] + "g": false, "CA" + digits[3:] + "/..": false, "CA" + digits[1:] + "\n": false,
	} {
		if ValidSID("CA", sid) != ok {
			t.Errorf("%q: got %v, want %v", sid, !ok, ok)
		}
	}
}

func TestLegRefTravelsInURLs(t *testing.T) {
	r := LegRef{Call: NewCallID("/crm", "ä b&c=d"), Attempt: 2, Offer: 3, Party: PartyCaller}
	got, err := ParseLegRef(r.Query())
	if err != nil || got != r {
		t.Errorf("got %+v, %v, want %+v", got, err, r)
	}
	for name, q := range map[string]func(LegRef) LegRef{
		"call": func(r LegRef) LegRef { r.Call = "other"; return r }, "attempt": func(r LegRef) LegRef { r.Attempt = 0; return r },
		"party": func(r LegRef) LegRef { r.Party = "nobody"; return r },
	} {
		if _, err := ParseLegRef(q(r).Query()); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v, want an error that names it", name, err)
		}
	}
}

func TestPolicyIsReadable(t *testing.T) {
	text, err := json.Marshal(DefaultPolicy())
	if err != nil || !strings.Contains(string(text), `"wrap_up":"2m0s"`) {
		t.Errorf("got %s, %v", text, err)
	}
	var back Policy
	if err := json.Unmarshal(text, &back); err != nil || back.RetryAfter[Busy] != DefaultPolicy().RetryAfter[Busy] {
		t.Errorf("got %+v, %v", back, err)
	}
	if err := DefaultPolicy().Validate(); err != nil {
		t.Errorf("the default policy: %v", err)
	}
	for field, change := range map[string]func(*Policy){
		"caller_rings": func(p *Policy) { p.CallerRings = Duration(14 * time.Second) },
		"deadline":     func(p *Policy) { p.Deadline = Duration(73 * time.Hour) },
		"max_attempts": func(p *Policy) { p.MaxAttempts = 0 },
		"max_talk":     func(p *Policy) { p.MaxTalk = Duration(5 * time.Hour) },
		"retry_after":  func(p *Policy) { p.RetryAfter[Busy] = -1 },
	} {
		p := DefaultPolicy()
		change(&p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: got %v, want an error that names it", field, err)
		}
	}
}

func TestStatusesOnlyMoveForward(t *testing.T) {
	order := []LegStatus{LegUnknown, LegQueued, LegInitiated, LegRinging, LegInProgress, LegCompleted}
	for i := range order[1:] {
		if order[i].Rank() >= order[i+1].Rank() {
			t.Errorf("%q does not come before %q", order[i], order[i+1])
		}
	}
	for _, s := range []LegStatus{LegCompleted, LegBusy, LegFailed, LegNoAnswer, LegCanceled} {
		if !s.Over() {
			t.Errorf("%q is not over", s)
		}
	}
	if LegStatus("novel").Over() {
		t.Error("a word Twilio has invented since ends a leg")
	}
}
