package simulator

import "net/http"

func (s *Simulator) controlDialIn(w http.ResponseWriter, r *http.Request) {
	var in struct {
		From  string    `json:"from"`
		To    string    `json:"to"`
		Phone phoneJSON `json:"phone"`
	}
	if !understand(w, r, &in) {
		return
	}
	in.Phone.Number = in.From
	if !accept(w, in.Phone.check()) {
		return
	}
	sid, err := s.DialIn(in.From, in.To, in.Phone.phone())
	if accept(w, err) {
		tell(w, object{"call_sid": sid})
	}
}

func (s *Simulator) controlPress(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Party  string `json:"party"`
		Digits string `json:"digits"`
	}
	if understand(w, r, &in) && accept(w, is(in.Party != "" && in.Digits != "", "party or digits is missing")) {
		s.Press(in.Party, in.Digits)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Simulator) controlSay(w http.ResponseWriter, r *http.Request) {
	var in struct {
		Party string `json:"party"`
		Text  string `json:"text"`
	}
	if understand(w, r, &in) && accept(w, is(in.Party != "" && in.Text != "", "party or text is missing")) {
		s.Say(in.Party, in.Text)
		w.WriteHeader(http.StatusNoContent)
	}
}
