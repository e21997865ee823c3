package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// control is one request of the simulator's own side.
type control struct {
	method, path, what string
	serve              func(*Simulator, http.ResponseWriter, *http.Request)
}

// controls is the simulator's own side, for other processes: what happened, how the phones behave, and
// what goes wrong. It has no authentication; serve it on a loopback address only. What changes something
// answers 204; what is refused answers {"error": "…"}.
func controls() []control {
	return []control{
		{"GET", "/simulator/api", "this list", (*Simulator).controlIndex},
		{"GET", "/simulator/", "the page that shows all this", func(s *Simulator, w http.ResponseWriter, r *http.Request) { servePage(w, r) }},
		{"GET", "/simulator/state", "everything as it is: calls and who hears whom, agents, the waiting line, tasks, phones",
			func(s *Simulator, w http.ResponseWriter, _ *http.Request) { tell(w, s.Snapshot()) }},
		{"GET", "/simulator/stream", "what happens as it happens, as Server-Sent Events: log, request, webhook, state", (*Simulator).serveStream},
		{"GET", "/simulator/log", "what every party experienced; ?since=N: from number N, as in the last answer's next; ?about=: of one SID or party",
			func(s *Simulator, w http.ResponseWriter, r *http.Request) { tellJournal(s, w, r, "entries", &s.log) }},
		{"GET", "/simulator/requests", "the REST requests that were served, with the faults that bit them; ?since=N, ?about=SID",
			func(s *Simulator, w http.ResponseWriter, r *http.Request) {
				tellJournal(s, w, r, "requests", &s.requests)
			}},
		{"GET", "/simulator/webhooks", "the webhooks that were sent, what was answered, and the faults that bit them; ?since=N, ?about=SID",
			func(s *Simulator, w http.ResponseWriter, r *http.Request) {
				tellJournal(s, w, r, "webhooks", &s.webhookLog)
			}},
		{"GET", "/simulator/legs", "the calls that have not ended",
			func(s *Simulator, w http.ResponseWriter, _ *http.Request) { tell(w, object{"legs": s.LiveLegs()}) }},
		{"GET", "/simulator/leftovers", "whatever has not come to its end; empty when nothing is left behind",
			func(s *Simulator, w http.ResponseWriter, _ *http.Request) {
				tell(w, object{"leftovers": s.Leftovers()})
			}},
		{"GET", "/simulator/routes", "the REST requests that are simulated, as rules of faults name them", (*Simulator).controlRoutes},
		{"POST", "/simulator/phones", `how a telephone behaves: {"number", "rings": "2s", "answer", "talks", "hangs_up_at_once", "voicemail", "lines", "document", "voice_url"}`,
			(*Simulator).controlPhone},
		{"GET", "/simulator/phones/busy.xml", "the TwiML of a ready-made telephone; the others are in the folder simulator/phones",
			func(_ *Simulator, w http.ResponseWriter, r *http.Request) { servePhone(w, r) }},
		{"GET", "/simulator/tone/440.wav", "a recording of a tone, from 50 to 3400 Hz, for a Play; ?seconds=2: its length",
			func(_ *Simulator, w http.ResponseWriter, r *http.Request) { serveTone(w, r) }},
		{"POST", "/simulator/softphones", `registers an agent's softphone: {"identity", "account_sid", "rings", "answer", "hangs_up_after", "drops_after", "declines_offers"}`,
			(*Simulator).controlSoftphone},
		{"POST", "/simulator/hangup", `{"party"}: "+447700900001" or "client:anna" puts its phone down, on all its legs; {"call_sid"}: on that one`, (*Simulator).controlHangUp},
		{"POST", "/simulator/dialin", `somebody dials an owned number: {"from", "to", "phone"}, a phone as above; answers {"call_sid"}`, (*Simulator).controlDialIn},
		{"POST", "/simulator/press", `{"party", "digits"}: presses keys; w waits for half a second`, (*Simulator).controlPress},
		{"POST", "/simulator/say", `{"party", "text"}: says something`, (*Simulator).controlSay},
		{"POST", "/simulator/webhooks", `{"on": false} loses all webhooks, {"on": true} sends them again`, (*Simulator).controlWebhooks},
		{"GET", "/simulator/faults", "the rules of what goes wrong, and how often each has bitten", (*Simulator).controlFaults},
		{"PUT", "/simulator/faults", `replaces them: {"seed", "requests": […], "webhooks": […], "parties": […]}, see Faults in the Go documentation`,
			(*Simulator).controlFaults},
		{"POST", "/simulator/faults", `adds one rule for requests, or a list; one without times bites once: {"route", "status": 503}`,
			(*Simulator).controlFaults},
		{"DELETE", "/simulator/faults", "takes all rules away, or the one with ?id=N", (*Simulator).controlFaults},
		{"POST", "/simulator/reset", "everything back to the state after the start, with the same SIDs to come", (*Simulator).controlReset},
	}
}

func (s *Simulator) serveControl(w http.ResponseWriter, r *http.Request) {
	switch { // what documents name, and so anybody may fetch
	case strings.HasPrefix(r.URL.Path, "/simulator/phones/"):
		servePhone(w, r)
		return
	case strings.HasPrefix(r.URL.Path, tonePath):
		serveTone(w, r)
		return
	}
	if err := s.sameOrigin.Check(r); err != nil { // another site's page must not push our buttons
		tellError(w, http.StatusForbidden, err)
		return
	}
	if r.Method == http.MethodGet && isPageFile(r.URL.Path) {
		servePage(w, r)
		return
	}
	var others []string
	for _, c := range controls() {
		switch {
		case c.path != r.URL.Path:
		case c.method == r.Method:
			c.serve(s, w, r)
			return
		default:
			others = append(others, c.method)
		}
	}
	if len(others) > 0 {
		w.Header().Set("Allow", strings.Join(others, ", "))
		tellError(w, http.StatusMethodNotAllowed, fmt.Errorf("%s takes %s", r.URL.Path, strings.Join(others, ", ")))
		return
	}
	tellError(w, http.StatusNotFound, fmt.Errorf("there is no %s; GET /simulator/api lists what there is", r.URL.Path))
}

func (s *Simulator) controlIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, c := range controls() {
		_, _ = fmt.Fprintf(w, "%-6s %-26s %s\n", c.method, c.path, c.what)
	}
}

func (s *Simulator) controlRoutes(w http.ResponseWriter, _ *http.Request) {
	routes := []string{}
	for _, known := range s.routes {
		routes = append(routes, known.product+" "+known.String())
	}
	tell(w, object{"routes": routes})
}

func (s *Simulator) controlWebhooks(w http.ResponseWriter, r *http.Request) {
	var in struct {
		On *bool `json:"on"`
	}
	if understand(w, r, &in) && accept(w, is(in.On != nil, "on is missing: true or false")) {
		s.SetWebhooks(*in.On)
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Simulator) controlReset(w http.ResponseWriter, _ *http.Request) {
	if accept(w, s.Reset()) {
		w.WriteHeader(http.StatusNoContent)
	}
}

// duration is spelled as Go does: "10s".
type duration struct{ d time.Duration }

func (d *duration) UnmarshalText(text []byte) (err error) {
	d.d, err = time.ParseDuration(string(text))
	return err
}

func (d duration) check(name string) error { return is(d.d >= 0, "%s must not be negative", name) }

// is makes an error of what is not so.
func is(so bool, format string, args ...any) error {
	if so {
		return nil
	}
	return fmt.Errorf(format, args...)
}

func understand(w http.ResponseWriter, r *http.Request, into any) bool {
	return accept(w, decode(r.Body, into))
}

// decode refuses what it does not know: a misspelled setting must not pass for one that works.
func decode(from io.Reader, into any) error {
	d := json.NewDecoder(from)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("cannot read the JSON: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("cannot read the JSON: something follows its end")
	}
	return nil
}

// accept answers 400 to what is no JSON, or makes no sense.
func accept(w http.ResponseWriter, err error) bool {
	if err != nil {
		tellError(w, http.StatusBadRequest, err)
	}
	return err == nil
}

func tellError(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(object{"error": err.Error()}) // the client is gone: nobody left to tell
}

func tell(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body) // the client is gone: nobody left to tell
}
