package simulator

import (
	"errors"
	"net/http"
	"slices"
)

func (s *Simulator) controlPhone(w http.ResponseWriter, r *http.Request) {
	var in phoneJSON
	if understand(w, r, &in) && accept(w, in.check()) {
		s.SetPhone(in.Number, in.phone())
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Simulator) controlSoftphone(w http.ResponseWriter, r *http.Request) {
	var in softphoneJSON
	if understand(w, r, &in) && accept(w, in.check()) {
		if accept(w, s.setSoftphone(in.Identity, in.softphone())) {
			w.WriteHeader(http.StatusNoContent)
		}
	}
}

func (s *Simulator) controlHangUp(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Party   string `json:"party"`
		CallSID string `json:"call_sid"`
	}
	if !understand(w, r, &in) || !accept(w, is((in.Party == "") != (in.CallSID == ""), "party is missing: a number, or client:anna; or a call_sid")) {
		return
	}
	if in.Party != "" {
		s.HangUp(in.Party)
	} else if !accept(w, is(s.HangUpCall(in.CallSID), "no phone rings or is off the hook in call %s", in.CallSID)) {
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

type phoneJSON struct {
	Number        string   `json:"number"`
	Rings         duration `json:"rings"`
	Answer        Answer   `json:"answer"`
	Talks         duration `json:"talks"`
	HangsUpAtOnce bool     `json:"hangs_up_at_once"`
	Voicemail     bool     `json:"voicemail"`
	Lines         int      `json:"lines"`
	Document      string   `json:"document"`
	VoiceURL      string   `json:"voice_url"`
}

func (p phoneJSON) phone() Phone {
	return Phone{Rings: p.Rings.d, Answer: p.Answer, Talks: p.Talks.d,
		HangsUpAtOnce: p.HangsUpAtOnce, Voicemail: p.Voicemail, Lines: p.Lines, Document: p.Document, VoiceURL: p.VoiceURL}
}

func (p phoneJSON) check() error {
	return errors.Join(
		is(p.Number != "", "number is missing"),
		is(identityOf(p.Number) == "", "%s is a softphone: set it at /simulator/softphones", p.Number),
		p.Answer.check(), p.Rings.check("rings"), p.Talks.check("talks"),
		is(p.Lines >= 0, "lines must not be negative"))
}

type softphoneJSON struct {
	Identity       string   `json:"identity"`
	AccountSID     string   `json:"account_sid"`
	Rings          duration `json:"rings"`
	Answer         Answer   `json:"answer"`
	HangsUpAfter   duration `json:"hangs_up_after"`
	DropsAfter     duration `json:"drops_after"`
	DeclinesOffers int      `json:"declines_offers"`
}

func (p softphoneJSON) softphone() Softphone {
	return Softphone{Account: p.AccountSID, Rings: p.Rings.d, Answer: p.Answer, HangsUpAfter: p.HangsUpAfter.d,
		DropsAfter: p.DropsAfter.d, DeclinesOffers: p.DeclinesOffers}
}

func (p softphoneJSON) check() error {
	return errors.Join(
		is(p.Identity != "", "identity is missing"),
		is(identityOf(p.Identity) == "", "identity is what comes after client:"),
		p.Answer.check(), p.Rings.check("rings"), p.HangsUpAfter.check("hangs_up_after"), p.DropsAfter.check("drops_after"),
		is(p.DeclinesOffers >= 0, "declines_offers must not be negative"))
}

func (a Answer) check() error {
	all := []Answer{"", Answers, NeverAnswers, Busy, Unreachable}
	return is(slices.Contains(all, a), "answer %q is none of Answers, NeverAnswers, Busy, Unreachable", a)
}
