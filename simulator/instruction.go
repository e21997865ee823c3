package simulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// An instruction tells TaskRouter what to do with a pending reservation (A.6, B.1): as the answer to the
// assignment callback, in JSON with small letters, or as an update of the reservation. Accepting and
// rejecting need no more than that; the others dial.
//
//	call        rings the agent, who then hears the document at a URL
//	redirect    sends a call that is waiting to another document
//	conference  rings the agent, and when they answer brings them together with the caller: the call
//	            that the task's attribute call_sid names, or one to its attribute outbound_to
//
// dequeue and supervise are not simulated.

// instructionFields are the parameters of each instruction, by their names in the assignment reply.
var instructionFields = map[string]map[string]string{
	"accept": {},
	"reject": {"activity_sid": "WorkerActivitySid"},
	"call": {
		"to": "CallTo", "from": "CallFrom", "url": "CallUrl", "accept": "CallAccept", "timeout": "CallTimeout",
		"status_callback_url": "CallStatusCallbackUrl",
	},
	"redirect": {"call_sid": "RedirectCallSid", "url": "RedirectUrl", "accept": "RedirectAccept"},
	"conference": {
		"to": "To", "from": "From", "timeout": "Timeout", "post_work_activity_sid": "PostWorkActivitySid",
		"status_callback": "StatusCallback", "status_callback_method": "StatusCallbackMethod",
		"status_callback_event": "StatusCallbackEvent", "status_callback_events": "StatusCallbackEvent",
		"muted": "Muted", "beep": "Beep", "start_conference_on_enter": "StartConferenceOnEnter",
		"end_conference_on_exit": "EndConferenceOnExit", "end_conference_on_customer_exit": "EndConferenceOnCustomerExit",
		"beep_on_customer_entrance": "BeepOnCustomerEntrance", "wait_url": "WaitUrl", "wait_method": "WaitMethod",
		"early_media": "EarlyMedia", "max_participants": "MaxParticipants", "jitter_buffer_size": "JitterBufferSize",
		"conference_status_callback": "ConferenceStatusCallback", "conference_status_callback_method": "ConferenceStatusCallbackMethod",
		"conference_status_callback_event": "ConferenceStatusCallbackEvent", "conference_status_callback_events": "ConferenceStatusCallbackEvent",
	},
}

// instructionError is why an instruction cannot be followed: 400 for a request, an alert with the code
// for the answer to a callback.
type instructionError struct {
	code int
	text string
}

func cannot(code int, format string, args ...any) *instructionError {
	return &instructionError{code, fmt.Sprintf(format, args...)}
}

// instruction reads the Instruction of a request with its parameters; "": there is none. One that
// belongs to another instruction, or to none, is a mistake.
func (r *request) instruction() (kind string, given url.Values) {
	kind, given = strings.ToLower(r.text("Instruction")), url.Values{}
	kinds := slices.Sorted(maps.Keys(instructionFields))
	if kind != "" && !slices.Contains(kinds, kind) {
		r.fail(invalid("Instruction '%s' is invalid or not simulated; possible: %s", r.text("Instruction"), strings.Join(kinds, ", ")))
	}
	for _, of := range kinds {
		for _, name := range slices.Sorted(maps.Values(instructionFields[of])) {
			values := r.values(name)
			switch {
			case len(values) == 0:
			case of == kind:
				given[name] = values
			case name != "WorkerActivitySid": // of a rejection, too
				r.fail(invalid("%s is a parameter of Instruction=%s", name, of))
			}
		}
	}
	return kind, given
}

// instructByReply follows the JSON that answers an assignment callback.
func (ws *workspace) instructByReply(res *reservation, reply map[string]any) {
	kind, _ := reply["instruction"].(string)
	fields, known := instructionFields[kind]
	switch {
	case kind == "":
		ws.sim.alert(40005, "callback reply has no instruction", res.about())
		return
	case !known:
		ws.sim.alert(40001, "the callback reply's instruction is unknown or not simulated", res.about())
		return
	}
	given := url.Values{}
	for name, value := range reply {
		parameter, is := fields[name]
		switch {
		case name == "instruction":
		case !is:
			ws.sim.alert(40001, "the callback reply's field "+name+" is unknown or not simulated; it is ignored", res.about())
		default:
			given[parameter] = plainValues(value)
		}
	}
	if err := ws.follow(res, kind, given); err != nil {
		ws.sim.alert(err.code, err.text, res.about())
	}
}

// plainValues is a JSON value as a form would have it. Lists may also be one text with commas.
func plainValues(value any) []string {
	switch value := value.(type) {
	case string:
		return []string{value}
	case bool:
		return []string{strconv.FormatBool(value)}
	case float64:
		return []string{strconv.FormatFloat(value, 'f', -1, 64)}
	case []any:
		var all []string
		for _, one := range value {
			all = append(all, plainValues(one)...)
		}
		return all
	}
	return nil
}

func (ws *workspace) follow(res *reservation, kind string, given url.Values) *instructionError {
	if res.status != reservationPending {
		code := map[string]int{"call": 40114, "redirect": 40123, "conference": 40136}[kind]
		return cannot(code, "Unable to execute %s instruction. Reservation %s is not currently in a Pending state.",
			strings.ToUpper(kind[:1])+kind[1:], res.sid)
	}
	switch kind {
	case "reject":
		sid := given.Get("WorkerActivitySid")
		next, found := ws.statuses.get(sid)
		if sid != "" && !found {
			return cannot(40100, "reject: activity_sid is invalid")
		}
		ws.reject(res, next)
	case "call":
		return ws.ringAgent(res, given)
	case "redirect":
		return ws.redirectWaiting(res, given)
	case "conference":
		return ws.bringTogether(res, given)
	default:
		ws.accept(res)
	}
	return nil
}

// legOf reads the leg of an instruction with the names that creating a call has.
func (ws *workspace) legOf(res *reservation, given url.Values, to, from, timeout string) (*call, *request) {
	form := maps.Clone(given)
	form["To"] = []string{cmp.Or(given.Get(to), res.agent.party())}
	form["From"] = []string{given.Get(from)}
	form["Timeout"] = []string{given.Get(timeout)}
	r := &request{params: params{form: form}, account: ws.account}
	return ws.sim.dialledParams(r, 1), r
}

// ringAgent is the instruction call.
func (ws *workspace) ringAgent(res *reservation, given url.Values) *instructionError {
	s := ws.sim
	leg, r := ws.legOf(res, given, "CallTo", "CallFrom", "CallTimeout")
	leg.program = program{url: r.address("CallUrl", "", 21205), method: http.MethodPost}
	leg.callback = callback{url: r.address("CallStatusCallbackUrl", "", 21609), method: http.MethodPost, events: []string{"completed"}}
	accept := r.boolean("CallAccept", false)
	switch {
	case r.err != nil && (r.err.code == 21201 || r.err.code == 21211):
		return cannot(40110, "call: to is missing or invalid")
	case r.err != nil && (r.err.code == 21210 || r.err.code == 21212 || r.err.code == 21213):
		return cannot(40111, "call: from is missing or invalid")
	case leg.program.empty() || r.err != nil && r.err.code == 21205:
		return cannot(40112, "call: url is missing or invalid")
	case r.err != nil:
		return cannot(40113, "call: the call could not be created: %s", r.err.message)
	}
	leg.sid = s.mint("CA", append(leg.identity(), res.sid)...)
	leg.onEnd = func() {
		if leg.answeredAt.IsZero() && res.status == reservationPending {
			s.alert(40113, "call: the call to the worker failed", res.about())
			ws.endOffer(res, reservationCanceled)
		}
	}
	s.newCall(leg)
	ws.addAttribute(res.task, "worker_call_sid", leg.sid)
	if accept {
		ws.accept(res)
	}
	return nil
}

// redirectWaiting is the instruction redirect.
func (ws *workspace) redirectWaiting(res *reservation, given url.Values) *instructionError {
	r := &request{params: params{form: given}, account: ws.account}
	next := program{url: r.address("RedirectUrl", "", 21205), method: http.MethodPost}
	accept := r.boolean("RedirectAccept", false)
	waiting, found := ws.account.calls.get(r.text("RedirectCallSid"))
	switch {
	case r.err != nil || next.empty():
		return cannot(40120, "redirect: url is missing or invalid")
	case !found:
		return cannot(40121, "redirect: call_sid is missing or invalid")
	case waiting.status != callInProgress:
		return cannot(40122, "redirect: the call is not in progress")
	}
	if accept {
		ws.accept(res)
	}
	ws.sim.redirect(waiting, next)
	return nil
}

// bringTogether is the instruction conference. The room has the name of the task; its parameters are
// the agent's. The reservation is accepted when the agent answers, and canceled when they do not; when
// they leave, the task goes on to its wrap-up by itself.
func (ws *workspace) bringTogether(res *reservation, given url.Values) *instructionError {
	s, t := ws.sim, res.task
	text := func(name string) string { v, _ := t.attributes[name].(string); return v }
	waiting, isWaiting := ws.account.calls.get(text("call_sid"))
	isWaiting = isWaiting && waiting.status == callInProgress
	if given.Get("From") == "" {
		given = maps.Clone(given)
		given.Set("From", cmp.Or(text("from"), text("called"), text("to")))
	}
	leg, r := ws.legOf(res, given, "To", "From", "Timeout")
	p := s.participantParams(r, leg)
	endWithCustomer := r.boolean("EndConferenceOnCustomerExit", false)
	r.boolean("BeepOnCustomerEntrance", true) // beeps are not simulated
	afterwards := given.Get("PostWorkActivitySid")
	next, found := ws.statuses.get(afterwards)
	switch {
	case r.err != nil && (r.err.code == 21201 || r.err.code == 21211):
		return cannot(40137, "conference: to is missing or invalid")
	case r.err != nil && (r.err.code == 21210 || r.err.code == 21212 || r.err.code == 21213):
		return cannot(40138, "conference: from is missing or invalid")
	case !isWaiting && text("outbound_to") == "":
		return cannot(40142, "conference: the task has neither a call_sid of a call in progress nor an outbound_to")
	case afterwards != "" && (ws.multiTask || !found):
		return cannot(40143, "conference: post_work_activity_sid is invalid, or not possible in a multitasking workspace")
	case r.err != nil && r.err.code == 21609:
		return cannot(40159, "conference: a callback URL is invalid")
	case r.err != nil:
		return cannot(40145, "conference: the call could not be created: %s", r.err.message)
	}
	joined := false
	leg.onAnswer = func() {
		if res.status != reservationPending {
			s.end(leg, callCompleted, ByTwilio)
			return
		}
		joined = true
		ws.accept(res)
		customer := waiting
		if isWaiting {
			s.redirect(waiting, program{verbs: intoRoom(t.sid, endWithCustomer)})
		} else {
			customer = ws.dialCustomer(p.conference, text("outbound_to"), leg.from, endWithCustomer)
		}
		ws.addAttribute(t, "conference", object{"sid": p.conference.sid, "participants": object{"worker": leg.sid, "customer": customer.sid}})
	}
	leg.onEnd = func() {
		switch {
		case res.status == reservationPending:
			s.alert(40145, "conference: the call to the worker failed", res.about())
			ws.endOffer(res, reservationCanceled)
		case res.status != reservationAccepted || !joined:
			// Another agent has the task, or this one has it in another way; or it is deleted.
		case ws.multiTask:
			ws.wrapTask(t)
		default:
			ws.completeTask(t, "")
			if _, exists := ws.agents.get(res.agent.sid); exists && next != nil {
				ws.setStatus(res.agent, next)
			}
		}
	}
	res.leg = leg
	room := ws.account.activeConference(t.sid)
	if room == nil {
		room = ws.account.openConference(t.sid)
	}
	s.dialInto(room, p, res.sid)
	return nil
}

func intoRoom(name string, endOnExit bool) []element {
	return []element{{Name: "Dial", Children: []element{
		{Name: "Conference", Text: name, Attrs: map[string]string{"endConferenceOnExit": trueFalse(endOnExit)}},
	}}}
}

// dialCustomer adds the one whom the task is about.
func (ws *workspace) dialCustomer(room *conference, to, from string, endOnExit bool) *call {
	r := &request{account: ws.account, params: params{form: url.Values{
		"To": {to}, "From": {from}, "EndConferenceOnExit": {trueFalse(endOnExit)},
	}}}
	leg := ws.sim.dialledParams(r, 1)
	p := ws.sim.participantParams(r, leg)
	ws.sim.dialInto(room, p, room.sid)
	return leg
}

// addAttribute writes into the task's attributes, as Twilio does with what an instruction creates.
func (ws *workspace) addAttribute(t *task, name string, value any) {
	attributes := map[string]json.RawMessage{} // the others stay as they are, long numbers too
	err := json.Unmarshal([]byte(t.attributesText), &attributes)
	if err == nil {
		attributes[name], err = json.Marshal(value)
	}
	text, err2 := json.Marshal(attributes)
	t.attributes = nil
	if err := errors.Join(err, err2, json.Unmarshal(text, &t.attributes)); err != nil {
		panic("simulator: attributes that were JSON are no longer: " + err.Error())
	}
	t.attributesText = string(text)
	t.touch(ws.sim.now())
	ws.emit("task.updated", "Task "+t.sid+" updated", ws.taskFields(t))
}
