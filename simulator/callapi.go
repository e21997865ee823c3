package simulator

import (
	"cmp"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

var e164 = regexp.MustCompile(`^\+[1-9]\d{1,14}$`)

// splitAddress takes the custom parameters off an address: client:anna?a=1, app:AP…?a=1.
func splitAddress(to string) (party, parameters string) {
	if strings.HasPrefix(to, "client:") || strings.HasPrefix(to, "app:") {
		party, parameters, _ = strings.Cut(to, "?")
		return party, parameters
	}
	return to, ""
}

// dialledParams reads what creating a call and adding a participant have in common. Only the least
// Timeout differs (C.1, C.4).
func (s *Simulator) dialledParams(r *request, leastTimeout int) *call {
	c := &call{
		account: r.account, to: r.text("To"), from: r.text("From"), callback: r.callback("StatusCallback", "completed", callEvents),
		timeout:   r.seconds("Timeout", defaultRingTimeout, leastTimeout, longestRingTimeout),
		timeLimit: r.seconds("TimeLimit", defaultTimeLimit, 1, 86_400),
	}
	r.address("StatusCallback", "", 21609)
	if r.text("StatusCallback") != "" && c.callback.url == "" {
		s.alert(21626, "Invalid 'StatusCallbackEvent'", Entry{})
	}
	r.text("CallReason") // shown on some telephones; it changes nothing else
	isNumber := !strings.HasPrefix(c.to, "client:") && !strings.HasPrefix(c.to, "app:")
	switch {
	case c.to == "":
		r.fail(refuse(400, 21201, "No 'To' number is specified"))
	case c.from == "":
		r.fail(refuse(400, 21213, "No 'From' number is specified"))
	case strings.HasPrefix(c.to, "sip:"):
		r.fail(invalid("To sip: is not simulated"))
	case isNumber && !e164.MatchString(c.to), strings.TrimPrefix(c.to, "client:") == "":
		r.fail(refuse(400, 21211, "The phone number you are attempting to call, %s, is not valid.", c.to))
	case isNumber && !e164.MatchString(c.from):
		r.fail(refuse(400, 21212, "The source phone number provided, %s, is not yet verified for your account.", c.from))
	}
	if c.shown = r.text("CallerId"); c.shown != "" && isNumber && !e164.MatchString(c.shown) {
		r.fail(refuse(400, 21212, "The source phone number provided, %s, is not yet verified for your account.", c.shown))
	}
	if isNumber && s.strictCallerID && r.err == nil {
		s.ours(r, c.callerID())
	}
	return c
}

// ours refuses a number that the account does not own, if Options.StrictCallerID says so. Numbers that are
// only verified are not simulated.
func (s *Simulator) ours(r *request, number string) {
	if owner, _ := s.numberOwner(number); owner != r.account {
		r.fail(refuse(400, 21210, "'From' phone number not verified: %s is none of the account's", number))
	}
}

// callerID is the number that the called party is shown.
func (c *call) callerID() string { return cmp.Or(c.shown, c.from) }

// callback reads a callback's URL, method and events. An unknown event name is answered 201 all the
// same, and then nothing is ever reported (C.1, H 22).
func (r *request) callback(name, standard string, known map[string]string) callback {
	c := callback{url: r.text(name), method: r.method(name+"Method", http.MethodPost), events: r.words(name + "Event")}
	if len(c.events) == 0 {
		c.events = strings.Fields(standard)
	}
	for _, event := range c.events {
		valid := false
		for _, k := range known {
			valid = valid || k == event
		}
		if !valid {
			return callback{}
		}
	}
	return c
}

// identity is what makes a leg this one and no other, for its SID.
func (c *call) identity() []string {
	return []string{c.account.sid, c.to, c.from, withoutHost(c.callback.url)}
}

func createCall(s *Simulator, r *request) (reply, *apiError) {
	c := s.dialledParams(r, 1)
	c.program = program{url: r.address("Url", "", 21205), method: r.method("Method", http.MethodPost)}
	if c.program.url == "" {
		c.program.inline = r.limited("Twiml", "", 4000)
	}
	c.fallback = program{url: r.address("FallbackUrl", "", 21205), method: r.method("FallbackMethod", http.MethodPost)}
	c.detection = r.detectionParams(r.boolean("AsyncAmd", false), "AsyncAmdStatusCallback")
	c.digits = r.digits("SendDigits")
	if sid := r.text("ApplicationSid"); sid != "" && c.program.empty() { // Url and Twiml go first
		app, found := c.account.applications.get(sid)
		if !found {
			r.fail(refuse(400, 21218, "Invalid ApplicationSid: there is no such application"))
			return reply{}, r.err
		}
		c.program, c.fallback = app.voice.program, app.voice.fallback
		if !r.has("StatusCallback") {
			c.callback = app.voice.status
		}
	}
	if strings.HasPrefix(c.to, "app:") {
		r.fail(refuse(400, 21211, "The phone number you are attempting to call, %s, is not valid: an application is dialled into a conference.", c.to))
	}
	if r.err == nil && c.program.empty() {
		r.fail(refuse(400, 21205, "Url parameter is required."))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	c.sid = s.mint("CA", c.identity()...)
	s.newCall(c)
	return created(s.callBody(c)), nil
}

// digits reads keys to press, with w and W for waiting.
func (r *request) digits(name string) string {
	v := r.text(name)
	if strings.Trim(v, keys+"wW") != "" {
		r.fail(invalid("%s must be of 0-9, A-D, *, #, w and W", name))
	}
	return v
}

// plainCallback reads a callback that has no events to choose from.
func (r *request) plainCallback(name string) callback {
	return callback{url: r.address(name, "", 21609), method: r.method(name+"Method", http.MethodPost)}
}

func fetchCall(s *Simulator, r *request) (reply, *apiError) {
	c, found := r.account.calls.get(r.vars["CA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(s.callBody(c)), nil
}

func listCalls(s *Simulator, r *request) (reply, *apiError) {
	during := r.span("StartTime")
	ending := r.span("EndTime")
	if r.err != nil {
		return reply{}, r.err
	}
	if _, known := callMoves[r.text("Status")]; r.has("Status") && !known {
		return reply{}, invalid("Status '%s' is invalid", r.text("Status"))
	}
	var rows listing
	for c := range r.account.calls.newestFirst() {
		started := c.dialledAt
		if started.IsZero() {
			started = c.createdAt
		}
		switch {
		case r.has("To") && r.text("To") != c.to && r.text("To") != c.party,
			r.has("From") && r.text("From") != c.from, r.has("ParentCallSid") && r.text("ParentCallSid") != c.parent,
			r.has("Status") && r.text("Status") != c.publicStatus(),
			!during.holds(started), !ending.holds(c.endedAt):
			continue
		}
		rows.add(c.sid, func() object { return s.callBody(c) })
	}
	return s.list2010(r, "calls", rows)
}

// updateCall ends a call or sends it to other TwiML.
func updateCall(s *Simulator, r *request) (reply, *apiError) {
	c, found := r.account.calls.get(r.vars["CA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	status := r.oneOf("Status", "", callCompleted, callCanceled)
	next := program{url: r.address("Url", "", 21205), method: r.method("Method", http.MethodPost)}
	if r.has("Twiml") {
		next.inline = r.limited("Twiml", "", 4000)
		if next.url != "" {
			r.fail(invalid("Url and Twiml exclude each other"))
		}
	}
	fallback := program{url: r.address("FallbackUrl", c.fallback.url, 21205), method: r.method("FallbackMethod", http.MethodPost)}
	limit := r.seconds("TimeLimit", wholeSeconds(c.timeLimit), 1, 86_400)
	if status != "" && !next.empty() {
		r.fail(invalid("Status excludes Url and Twiml"))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	redirect := !next.empty()
	if c.over() || redirect && c.status != callInProgress {
		return reply{}, refuse(400, 21220, "Call is not in-progress. Cannot redirect.")
	}
	c.fallback = fallback
	if r.has("StatusCallback") {
		events := c.callback.events
		if len(events) == 0 {
			events = []string{"completed"}
		}
		c.callback = r.plainCallback("StatusCallback")
		c.callback.events = events
	}
	if limit != c.timeLimit {
		c.timeLimit = limit
		if c.status == callInProgress {
			s.limit(c)
		}
	}
	switch {
	case status != "":
		s.endByRequest(c, status)
	case redirect:
		s.redirect(c, next)
	}
	return okay(s.callBody(c)), nil
}

// endByRequest: canceled stops only what has not been answered, and is no error otherwise; completed
// ends both (C.1). What a ringing leg's final status then is, nobody knows (L11).
func (s *Simulator) endByRequest(c *call, status string) {
	switch c.status {
	case callInProgress:
		if status == callCompleted {
			s.end(c, callCompleted, ByRequest)
		}
	case callInitiated, callRinging:
		final := callCanceled
		if s.uncertain.EndedWhileRinging != "" && (status == callCompleted || identityOf(c.party) != "") {
			final = s.uncertain.EndedWhileRinging
		}
		c.sipCode = 487
		s.end(c, final, ByRequest)
	default:
		s.end(c, callCanceled, ByRequest)
	}
}

// redirect takes a leg out of its conference at once (C.1), then runs the new TwiML.
func (s *Simulator) redirect(c *call, next program) {
	if c.script != nil && c.script.replaced != nil {
		c.script.replaced()
	}
	s.stopScript(c)
	s.stopMusic(c)
	if d := c.dialledBy; d != nil { // it leaves the one who called it
		c.dialledBy = nil
		d.lost(c)
	}
	if p := c.participant; p != nil {
		c.participant = nil
		p.conference.leave(p, leaving{by: ByRequest, callStatus: callInProgress})
		c.room = ""
	}
	c.program = next
	s.runProgram(c, next)
}

func deleteCall(s *Simulator, r *request) (reply, *apiError) {
	c, found := r.account.calls.get(r.vars["CA"])
	if !found {
		return reply{}, notFound(r.path)
	}
	if !c.over() {
		return reply{}, refuse(400, 20009, "Cannot delete this resource before it is complete")
	}
	c.account.calls.remove(c.sid)
	return gone(), nil
}

func (s *Simulator) callBody(c *call) object {
	uri := "/2010-04-01/Accounts/" + c.account.sid + "/Calls/" + c.sid
	body := object{
		"sid": c.sid, "account_sid": c.account.sid, "parent_call_sid": textOrNull(c.parent), "to": c.to, "to_formatted": c.to,
		"from": c.from, "from_formatted": c.from, "phone_number_sid": textOrNull(c.number), "status": c.publicStatus(),
		"date_created": rfc2822(c.createdAt), "date_updated": rfc2822(c.updatedAt),
		"start_time": rfc2822OrNull(c.dialledAt), "end_time": rfc2822OrNull(c.endedAt), "duration": nil,
		"price": nil, "price_unit": "USD", "direction": c.direction, "answered_by": textOrNull(c.answeredBy),
		"api_version": "2010-04-01", "forwarded_from": nil, "group_sid": nil, "caller_name": nil,
		"queue_time": strconv.FormatInt(c.queueTime.Milliseconds(), 10), "trunk_sid": nil, "uri": uri + ".json",
		"subresource_uris": object{
			"events": uri + "/Events.json", "notifications": uri + "/Notifications.json", "recordings": uri + "/Recordings.json",
		},
	}
	if c.over() {
		body["duration"] = strconv.Itoa(c.seconds())
	}
	return body
}

// span is a filter by date: X, X< and X>, each a day or an instant.
type span struct {
	from, to time.Time // zero: open
	set      bool
}

func (r *request) span(name string) span {
	var s span
	if v := r.text(name); v != "" {
		s.set, s.from = true, r.instant(name, time.Time{}).Truncate(24*time.Hour)
		s.to = s.from.Add(24 * time.Hour)
	}
	if v := r.text(name + ">"); v != "" {
		s.set, s.from = true, r.instant(name+">", time.Time{})
	}
	if v := r.text(name + "<"); v != "" {
		s.set, s.to = true, r.instant(name+"<", time.Time{})
	}
	return s
}

// holds: on or after from, before to. Twilio's dates have whole seconds.
func (s span) holds(t time.Time) bool {
	if !s.set {
		return true
	}
	t = t.Truncate(time.Second)
	return !t.IsZero() && !t.Before(s.from) && (s.to.IsZero() || t.Before(s.to))
}
