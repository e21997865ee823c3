package simulator

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// request is one REST request, its path already taken apart.
type request struct {
	params
	http     *http.Request
	account  *account          // whose resources the path means: its own, or a subaccount's
	signedIn *account          // who asks
	byKey    bool              // with a key, which cannot do all that the token can
	vars     map[string]string // by the names in the route's pattern
	location location
	path     string // the resource, as Twilio quotes it in "not found"
	base     string // what absolute URLs in the answer start with
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

// made is the SID of what the request created; "" if it created nothing.
func (r reply) made() string {
	body, _ := r.body.(object)
	if r.status != http.StatusCreated {
		return ""
	}
	for _, name := range []string{"sid", "call_sid"} {
		if sid, isText := body[name].(string); isText {
			return sid
		}
	}
	return ""
}

type handler func(*Simulator, *request) (reply, *apiError)

// route is one line of the REST API.
type route struct {
	method, pattern string
	handle          handler
	// takes and refuses are the parameters that Twilio documents for this request: those that work
	// here, and those that are answered 400 because ignoring them would change what happens. Names
	// with spaces between.
	takes, refuses string

	tokenOnly  bool // no key may ask: accounts and keys (the kind of key is Standard)
	activeOnly bool // refused while the account is suspended or closed

	dials    bool   // a request with the idempotency token of an earlier one may be the same (L9)
	product  string // taskrouter, api, …: the first part of Twilio's host name
	segments []string
	known    map[string]bool // takes and refuses: true for what is taken
}

func (r route) String() string { return r.method + " " + r.pattern }

// match takes a path apart. A variable is a whole segment, or one with a literal ending: "{CA}.json".
func (r *route) match(segments []string) (map[string]string, bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	for i, want := range r.segments {
		if want != segments[i] && !strings.HasPrefix(want, "{") {
			return nil, false
		}
	}
	vars := map[string]string{}
	for i, want := range r.segments {
		if !strings.HasPrefix(want, "{") {
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
	if r.URL.Path == "/" || r.URL.Path == "/simulator" {
		http.Redirect(w, r, "/simulator/", http.StatusFound)
		return
	}
	s.concurrent.Add(1)
	defer s.concurrent.Add(-1)
	user, password, _ := r.BasicAuth()
	s.lock()
	account, byKey := s.signIn(user, password)
	s.unlock()
	if account == nil {
		w.Header().Set("WWW-Authenticate", `Basic realm="Twilio API"`)
		s.record(Request{Method: r.Method, Status: http.StatusUnauthorized})
		s.answerError(w, unauthorized())
		return
	}
	where := locate(r)
	found, vars, err := s.find(r.Method, where)
	if err == nil {
		err = readForm(w, r)
	}
	if err != nil {
		s.record(Request{Method: r.Method, Status: err.status})
		if err.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", s.methods(where))
		}
		s.answerError(w, err)
		return
	}
	in := &request{params: params{form: r.Form, read: s.read[found.String()]}, http: r, account: account, signedIn: account, byKey: byKey, vars: vars,
		location: where, path: where.resource(), base: where.base}
	res, err, fault := s.serve(found, in)
	if fault.SlowBody > 0 {
		w = &slowBody{ResponseWriter: w, wait: func() { s.wait(fault.SlowBody) }}
	}
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

// serve carries a request out, or meets a fault, and writes it into the journal.
func (s *Simulator) serve(found route, in *request) (res reply, err *apiError, fault Fault) {
	fault = s.requestFault(found, in)
	effect := !fault.fails() || fault.AfterEffect
	if !fault.AfterEffect {
		s.wait(fault.Delay)
	}
	if effect {
		res, err = s.carryOut(found, in)
	}
	if fault.AfterEffect {
		s.wait(fault.Delay)
	}
	s.record(Request{
		Method: in.http.Method, Route: found.String(), Status: answeredStatus(fault, res, err),
		Effect: effect && err == nil, Created: res.made(), Summary: summary(in.vars, in.form), Fault: fault.String(),
	})
	return res, err, fault
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

// formLimit is the largest form that is read: a workflow's configuration of a megabyte, escaped.
const formLimit = 4 << 20

// readForm reads the parameters, from the body and from the query. Any other kind of body would pass
// for a request without parameters.
func readForm(w http.ResponseWriter, r *http.Request) *apiError {
	r.Body = http.MaxBytesReader(w, r.Body, formLimit)
	if r.Method == http.MethodPost && r.ContentLength != 0 {
		if media, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); media != "application/x-www-form-urlencoded" {
			return invalid("the parameters must be sent as application/x-www-form-urlencoded")
		}
	}
	var tooLarge *http.MaxBytesError
	err := r.ParseForm()
	switch {
	case errors.As(err, &tooLarge):
		return refuse(http.StatusRequestEntityTooLarge, 20413, "Request Entity Too Large")
	case err != nil:
		return invalid("the form cannot be read")
	}
	return nil
}

// carryOut runs the handler under the lock. A path that names an account means that account, if the
// one who asks may act for it.
func (s *Simulator) carryOut(found route, in *request) (reply, *apiError) {
	s.lock()
	defer s.unlock()
	if now, _ := s.accounts.get(in.account.sid); now != in.account {
		return reply{}, unauthorized() // Reset came between
	}
	return s.perform(found, in)
}

// perform is called with the lock held.
func (s *Simulator) perform(found route, in *request) (reply, *apiError) {
	if sid, has := in.vars["AC"]; has {
		account, exists := s.accounts.get(sid)
		switch {
		case !exists:
			return reply{}, notFound(in.path)
		case !in.account.owns(account), in.byKey && account != in.account && !s.uncertain.KeysActForSubaccounts:
			return reply{}, permissionDenied()
		}
		in.account = account
	}
	if found.tokenOnly && in.byKey {
		return reply{}, permissionDenied()
	}
	if err := in.account.notActive(); found.activeOnly && err != nil {
		return reply{}, err
	}
	if err := found.check(in.form); err != nil && !s.uncertain.UnknownParametersIgnored {
		return reply{}, err
	}
	s.serving = in
	defer func() { s.serving = nil }()
	if token := in.http.Header.Get(idempotencyToken); s.uncertain.IdempotencyTokens && found.dials && token != "" {
		return s.once(token, in, found.handle)
	}
	return found.handle(s, in)
}

// check refuses what the request does not have, or has and is not simulated. A misspelled parameter
// is the commonest mistake there is, and silence its worst answer.
func (r route) check(form url.Values) *apiError {
	if r.known == nil {
		return nil
	}
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		taken, documented := r.known[name]
		switch {
		case !documented || name == ifMatch: // that one is a header
			return invalid("%s is not a parameter of %s", name, r)
		case !taken && form.Get(name) != "" && form.Get(name) != "false":
			return invalid("%s is not simulated", name)
		}
	}
	return nil
}

// texts are for answers while they are written.
var texts = sync.Pool{New: func() any { return new([]byte) }}

func (s *Simulator) answer(w http.ResponseWriter, res reply) {
	s.lock()
	w.Header().Set("Twilio-Request-Id", s.mint("RQ"))
	w.Header().Set("Twilio-Concurrent-Requests", strconv.Itoa(int(s.concurrent.Load())))
	s.unlock()
	if res.etag != "" {
		if s.uncertain.BareETags {
			res.etag = strings.Trim(res.etag, `"`)
		}
		w.Header().Set("ETag", res.etag)
	}
	if res.body == nil {
		w.WriteHeader(res.status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(res.status)
	text := texts.Get().(*[]byte)
	*text = append(appendJSON((*text)[:0], res.body), '\n')
	_, _ = w.Write(*text) // the client is gone: nobody left to tell
	texts.Put(text)
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
