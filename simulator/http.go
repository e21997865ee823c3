package simulator

import (
	"crypto/subtle"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// request is one REST request, its path already taken apart.
type request struct {
	params
	http *http.Request
	vars map[string]string // by the names in the route's pattern
	path string            // as Twilio quotes it in "not found"
	base string            // scheme and host that absolute URLs in the answer start with
}

// reply is the answer to a request that succeeded.
type reply struct {
	status int
	body   any    // nil: none
	etag   string // "": none
}

func okay(body any) reply    { return reply{status: http.StatusOK, body: body} }
func created(body any) reply { return reply{status: http.StatusCreated, body: body} }
func gone() reply            { return reply{status: http.StatusNoContent} }

type handler func(*Simulator, *request) (reply, *apiError)

// route is one line of the REST API.
type route struct {
	method, pattern string
	handle          handler
	segments        []string
}

func (r route) String() string { return r.method + " " + r.pattern }

// match takes a path apart. A variable is a whole segment, or one with a literal ending: "{CA}.json".
func (r route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	vars := map[string]string{}
	for i, want := range r.segments {
		if !strings.HasPrefix(want, "{") {
			if want != segments[i] {
				return nil, false
			}
			continue
		}
		name, ending, _ := strings.Cut(want[1:], "}")
		value, found := strings.CutSuffix(segments[i], ending)
		if !found || value == "" {
			return nil, false
		}
		vars[name] = value
	}
	return vars, true
}

// ServeHTTP is the whole REST API, for all of Twilio's hosts, and the control side under /simulator/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/simulator/") {
		s.serveControl(w, r)
		return
	}
	if err := r.ParseForm(); err != nil {
		s.answerError(w, invalid("cannot read the form: %v", err))
		return
	}
	if !s.authentic(r) {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		s.record(Request{Method: r.Method, Status: http.StatusUnauthorized})
		s.answerError(w, unauthorized())
		return
	}
	found, vars, err := s.find(r)
	if err != nil {
		s.record(Request{Method: r.Method, Status: err.status})
		s.answerError(w, err)
		return
	}
	fault := s.faultFor(found.String(), r.Form)
	var res reply
	effect := !fault.bites() || fault.AfterEffect
	if effect {
		res, err = s.carryOut(found, vars, r)
	}
	s.record(Request{
		Method: r.Method, Route: found.String(), Status: answeredStatus(fault, res, err),
		Effect: effect && err == nil, Summary: summary(vars, r.Form),
	})
	switch {
	case fault.LoseReply:
		panic(http.ErrAbortHandler) // the server breaks the connection, without a stack trace
	case fault.Status != 0:
		s.answerFault(w, fault)
	case err != nil:
		s.answerError(w, err)
	default:
		s.answer(w, res)
	}
}

func answeredStatus(fault Fault, res reply, err *apiError) int {
	switch {
	case fault.LoseReply:
		return 0
	case fault.Status != 0:
		return fault.Status
	case err != nil:
		return err.status
	}
	return res.status
}

func (s *Simulator) authentic(r *http.Request) bool {
	user, password, ok := r.BasicAuth()
	same := func(a, b string) int { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) }
	return ok && same(user, s.accountSID)&same(password, s.authToken) == 1
}

func (s *Simulator) find(r *http.Request) (route, map[string]string, *apiError) {
	segments := strings.Split(strings.Trim(r.URL.EscapedPath(), "/"), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil {
			return route{}, nil, notFound(r.URL.Path)
		}
		segments[i] = plain
	}
	otherMethod := false
	for _, candidate := range s.routes {
		vars, matches := candidate.match(segments)
		if !matches {
			continue
		}
		if candidate.method == r.Method {
			return candidate, vars, nil
		}
		otherMethod = true
	}
	if otherMethod {
		return route{}, nil, methodNotAllowed()
	}
	return route{}, nil, notFound(resourcePath(r))
}

// carryOut runs the handler under the lock. Another account's path is not found, whatever it names.
func (s *Simulator) carryOut(found route, vars map[string]string, r *http.Request) (reply, *apiError) {
	in := &request{params: params{form: r.Form}, http: r, vars: vars, path: resourcePath(r), base: baseURL(r)}
	s.lock()
	defer s.unlock()
	if account, has := vars["AC"]; has && account != s.accountSID {
		return reply{}, notFound(in.path)
	}
	return found.handle(s, in)
}

// resourcePath is how Twilio names a resource that was not found: TaskRouter without its version.
func resourcePath(r *http.Request) string { return strings.TrimPrefix(r.URL.Path, "/v1") }

// baseURL makes absolute URLs point where the client came from: Twilio's own host when a client kept
// it (an in-process or rewriting transport), the simulator's address otherwise.
func baseURL(r *http.Request) string {
	if r.TLS != nil || strings.HasSuffix(r.Host, ".twilio.com") {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Simulator) answer(w http.ResponseWriter, res reply) {
	s.lock()
	w.Header().Set("Twilio-Request-Id", s.mint("RQ"))
	s.unlock()
	if res.etag != "" {
		w.Header().Set("ETag", res.etag)
	}
	if res.body == nil {
		w.WriteHeader(res.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(res.status)
	_ = json.NewEncoder(w).Encode(res.body) // the client is gone: nobody left to tell
}

func (s *Simulator) answerError(w http.ResponseWriter, err *apiError) {
	s.answer(w, reply{status: err.status, body: err.body()})
}

func (s *Simulator) answerFault(w http.ResponseWriter, fault Fault) {
	if !fault.HTML {
		s.answerError(w, faultError(fault.Status))
		return
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(fault.Status)
	_, _ = io.WriteString(w, "<html><body><h1>"+http.StatusText(fault.Status)+"</h1></body></html>")
}

func (s *Simulator) record(r Request) {
	s.lock()
	defer s.unlock()
	r.At = s.now()
	s.requests.add(r)
}

// harmless names the parameters whose values may be shown: settings and SIDs, nothing about people.
var harmless = []string{
	"ActivitySid", "AssignmentStatus", "Capacity", "EarlyMedia", "EndConferenceOnExit", "Hold", "Label",
	"Muted", "Ordering", "PageSize", "PageToken", "Priority", "RejectPendingReservations", "ReservationSid",
	"ReservationStatus", "StartConferenceOnEnter", "Status", "TaskSid", "TimeLimit", "Timeout",
	"VirtualStartTime", "WorkerActivitySid", "WorkerSid", "WorkflowSid",
}

// summary tells what a request was about without personal data: the values of harmless parameters,
// the names of the others.
func summary(vars map[string]string, form url.Values) string {
	var parts []string
	for name, value := range vars {
		if name != "AC" && isSID(value[:min(2, len(value))], value) {
			parts = append(parts, value)
		}
	}
	slices.Sort(parts)
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if slices.Contains(harmless, name) {
			name += "=" + strings.Join(form[name], ",")
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, " ")
}
