package simulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// serveControl is the simulator's own side, for other processes: what happened, and how the phones
// behave. It has no authentication; serve it on a loopback address only.
func (s *Simulator) serveControl(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/simulator/phones/") {
		servePhone(w, r)
		return
	}
	switch r.Method + " " + r.URL.Path {
	case "GET /simulator/log":
		n, _ := strconv.Atoi(r.URL.Query().Get("since"))
		s.lock()
		entries, next := s.log.since(n)
		s.unlock()
		tell(w, object{"entries": entries, "next": next})
	case "GET /simulator/requests":
		n, _ := strconv.Atoi(r.URL.Query().Get("since"))
		s.lock()
		requests, next := s.requests.since(n)
		s.unlock()
		tell(w, object{"requests": requests, "next": next})
	case "GET /simulator/legs":
		tell(w, object{"legs": s.LiveLegs()})
	case "GET /simulator/leftovers":
		tell(w, object{"leftovers": s.Leftovers()})
	case "POST /simulator/webhooks":
		var in struct {
			On *bool `json:"on"`
		}
		if understand(w, r, &in) {
			s.SetWebhooks(in.On == nil || *in.On)
			w.WriteHeader(http.StatusNoContent)
		}
	case "POST /simulator/phones":
		var in phoneJSON
		if understand(w, r, &in) {
			s.SetPhone(in.Number, Phone{Rings: in.Rings.d, Answer: in.Answer, Talks: in.Talks.d,
				HangsUpAtOnce: in.HangsUpAtOnce, Voicemail: in.Voicemail, Lines: in.Lines, Document: in.Document, VoiceURL: in.VoiceURL})
			w.WriteHeader(http.StatusNoContent)
		}
	case "POST /simulator/softphones":
		var in softphoneJSON
		if understand(w, r, &in) {
			s.SetSoftphone(in.Identity, Softphone{Rings: in.Rings.d, Answer: in.Answer, HangsUpAfter: in.HangsUpAfter.d,
				DropsAfter: in.DropsAfter.d, DeclinesOffers: in.DeclinesOffers})
			w.WriteHeader(http.StatusNoContent)
		}
	case "POST /simulator/hangup":
		var in struct {
			Party string `json:"party"`
		}
		if understand(w, r, &in) {
			s.HangUp(in.Party)
			w.WriteHeader(http.StatusNoContent)
		}
	case "POST /simulator/faults":
		var in []RequestRule
		if understandRules(w, r, &in) {
			if err := s.addRequestFaults(in); err != nil {
				http.Error(w, err.Error(), http.StatusBadRequest)
				return
			}
			w.WriteHeader(http.StatusNoContent)
		}
	case "DELETE /simulator/faults":
		_ = s.SetFaults(Faults{})
		w.WriteHeader(http.StatusNoContent)
	default:
		http.Error(w, "no such control; see package simulator, control.go", http.StatusNotFound)
	}
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

type softphoneJSON struct {
	Identity       string   `json:"identity"`
	Rings          duration `json:"rings"`
	Answer         Answer   `json:"answer"`
	HangsUpAfter   duration `json:"hangs_up_after"`
	DropsAfter     duration `json:"drops_after"`
	DeclinesOffers int      `json:"declines_offers"`
}

// duration is spelled as Go does: "10s".
type duration struct{ d time.Duration }

func (d *duration) UnmarshalText(text []byte) (err error) {
	d.d, err = time.ParseDuration(string(text))
	return err
}

// understandRules takes one rule or a list of them. A rule without times bites once, one without a
// probability always.
func understandRules(w http.ResponseWriter, r *http.Request, into *[]RequestRule) bool {
	var raw json.RawMessage
	if !understand(w, r, &raw) {
		return false
	}
	if err := json.Unmarshal(raw, into); err != nil {
		one := RequestRule{}
		if err := json.Unmarshal(raw, &one); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return false
		}
		*into = []RequestRule{one}
	}
	for i := range *into {
		rule := &(*into)[i]
		rule.Times, rule.Probability = max(rule.Times, 1), cmp.Or(rule.Probability, 1)
	}
	return true
}

func understand(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields() // a misspelled setting must not pass for one that works
	if err := d.Decode(into); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return false
	}
	return true
}

func tell(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody left to tell
}
