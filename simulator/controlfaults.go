package simulator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
)

func (s *Simulator) controlFaults(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		tell(w, s.Faults())
		return
	case http.MethodPut:
		var in Faults
		if !understand(w, r, &in) || !accept(w, s.SetFaults(in)) {
			return
		}
	case http.MethodPost:
		rules, ok := understandRules(w, r)
		if !ok || !accept(w, s.addRequestFaults(rules)) {
			return
		}
	case http.MethodDelete:
		if text := r.URL.Query().Get("id"); text != "" {
			id, err := strconv.Atoi(text)
			if !accept(w, is(err == nil && s.removeFault(id), "there is no rule %s; GET /simulator/faults lists them", text)) {
				return
			}
		} else if !accept(w, s.SetFaults(Faults{})) {
			return
		}
	}
	w.WriteHeader(http.StatusNoContent)
}

// understandRules takes one rule or a list of them. A rule without times bites once, one without a
// probability always.
func understandRules(w http.ResponseWriter, r *http.Request) ([]RequestRule, bool) {
	var raw json.RawMessage
	if !understand(w, r, &raw) {
		return nil, false
	}
	rules := make([]RequestRule, 1)
	into := any(&rules[0])
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		into = &rules
	}
	if !accept(w, decode(bytes.NewReader(raw), into)) {
		return nil, false
	}
	for i := range rules {
		rules[i].Times, rules[i].Probability = cmp.Or(rules[i].Times, 1), cmp.Or(rules[i].Probability, 1)
	}
	return rules, true
}
