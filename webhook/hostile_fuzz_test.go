package webhook

import (
	"encoding/json"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/converter"

	sb "switchboard"
)

var callbackPaths = []string{
	sb.PathTaskAssigned, sb.PathTaskEvents, sb.PathLeg, sb.PathRoom, sb.PathMachine, sb.PathRingback, sb.PathOneMoment, sb.PathCalledBack,
}

// Whatever stands in a callback that Twilio signed, it is understood or answered 400, and what is told to a call is of
// that call and fit for Temporal. The number and the name in it are seen by nobody.
func FuzzSignedCallbacks(f *testing.F) {
	const running, over, down = 0, 1, 2
	ref := testLegRef.Query().Encode()
	for state := range 3 {
		f.Add(state, 0, "", assignmentForm().Encode())
		f.Add(state, 1, "", eventForm("task.created").Encode())
		f.Add(state, 1, "", eventForm("reservation.timeout").Encode())
		f.Add(state, 2, ref, with(legForm("completed"), "CallDuration", "3").Encode())
		f.Add(state, 2, ref, legForm("ringing").Encode())
		f.Add(state, 3, ref, roomForm("participant-leave").Encode())
		f.Add(state, 3, ref, with(roomForm("conference-end"), "CallSidEndingConference", testLeg).Encode())
		f.Add(state, 4, ref, values("CallSid", testLeg, "AnsweredBy", "human").Encode())
	}
	f.Add(running, 6, "locale=de-CH", values("CallSid", testLeg).Encode())
	f.Add(running, 2, "call=%zz;&attempt=-1", "CallSid=&CallSid=%00&=&;")
	// Each of these was told to a call that could not have it.
	f.Add(running, 2, ref, with(legForm("ringing"), "Timestamp", "Sat, 01 Jan 0000 00:00:00 +2359").Encode())
	f.Add(running, 2, ref, with(legForm("ringing"), "Timestamp", "Fri, 31 Dec 9999 23:59:59 -2359").Encode())
	f.Add(over, 2, ref, with(legForm("ringing"), "CallSid", "CA/../../Accounts").Encode())
	f.Add(over, 2, ref, with(legForm("ringing"), "CallSid", "CA"+strings.Repeat("0", 2000)).Encode())
	f.Add(running, 2, "call=call%2Fcrm%2F%00%FF&attempt=1&offer=1&party=agent", legForm("ringing").Encode())
	f.Add(running, 2, "call=call%2Fcrm%2F"+strings.Repeat("1", 1200)+"&attempt=1&offer=1&party=agent", legForm("ringing").Encode())
	f.Add(running, 3, ref, with(roomForm("participant-join"), "ParticipantLabel", "\xff\x00").Encode())
	f.Add(running, 3, ref, with(roomForm("conference-end"), "CallSidEndingConference", "CA9").Encode())
	f.Add(running, 0, "", with(assignmentForm(), "WorkerName", strings.Repeat("n", 5000), "TaskQueueName", "\x00").Encode())
	f.Add(running, 0, "", with(assignmentForm(), "WorkerAttributes", `{"contact_uri":"client:\u0000"}`).Encode())
	f.Add(running, 4, ref, values("CallSid", testLeg, "AnsweredBy", "\xff").Encode())

	f.Fuzz(func(t *testing.T, state, path int, query, body string) {
		if path < 0 || path >= len(callbackPaths) || len(body) > maxBody/2 {
			t.Skip("not a request of this test")
		}
		target := callbackPaths[path] + "?" + query
		if u, err := url.Parse(testURL + target); err != nil || u.String() != testURL+target {
			t.Skip("not a URL that Twilio would call")
		}
		body = values("To", callerPhone, "Caller", callerPhone, "CallerName", callerName).Encode() + "&" + body
		form, err := url.ParseQuery(body)
		if err != nil {
			t.Skip("not a form, so there is nothing to sign")
		}
		r := newRig(t)
		switch state {
		case over:
			r.calls.onSignal = answer(ErrNoCall)
		case down:
			r.calls.onSignal = answer(errDown)
		}
		w := r.serve(rawRequest(target, body, sign(testToken, testURL+target, form)))

		switch {
		case w.Code == http.StatusOK, w.Code == http.StatusNoContent:
		case w.Code == http.StatusBadRequest && r.calls.told() == 0:
		case w.Code == http.StatusServiceUnavailable && state == down && r.stats.Snapshot()[countUnreachable] == 1:
		default:
			t.Errorf("%s: got %d %s, and the calls were told %d times", target, w.Code, w.Body, r.calls.told())
		}
		if len(r.calls.signals) > 1 || len(r.calls.reaps) > 1 || state != over && len(r.calls.reaps) > 0 {
			t.Errorf("told the calls more than once, or the reaper although the call runs: %+v %+v", r.calls.signals, r.calls.reaps)
		}
		for _, s := range r.calls.signals {
			if named := callNamed(callbackPaths[path], query, form); s.Call != named {
				t.Errorf("told %q of what is %q's", s.Call, named)
			}
			fitForTemporal(t, s)
		}
		for _, reap := range r.calls.reaps {
			if (reap.Leg == "") == (reap.Task == "") {
				t.Errorf("the reaper is to end %+v: want one thing", reap)
			}
			checkValue(t, reflect.ValueOf(reap))
		}
		if seen := r.log.String() + w.Body.String(); !strings.Contains(query, "7700900123") && !strings.Contains(body[strings.Index(body, "&"):], "call%2F") {
			noPersonalData(t, seen)
		}
	})
}

// callNamed is the call that a callback is about, read in another way than the handler does.
func callNamed(path, query string, form url.Values) sb.CallID {
	if path == sb.PathTaskAssigned || path == sb.PathTaskEvents {
		var attributes struct {
			Call sb.CallID `json:"call"`
		}
		_ = json.Unmarshal([]byte(form.Get("TaskAttributes")), &attributes) // then it names none
		return attributes.Call
	}
	q, _ := url.ParseQuery(query) // what can be read of it
	return sb.CallID(q.Get("call"))
}

// fitForTemporal fails unless a signal arrives at a workflow as it was sent, and of the call it is sent to.
func fitForTemporal(t *testing.T, s signalled) {
	t.Helper()
	if _, _, err := s.Call.Split(); err != nil || len(s.Call) > 1000 {
		t.Errorf("the call %q: %v", s.Call, err)
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(s.Arg)
	if err != nil {
		t.Fatalf("%s cannot be sent: %v", s.Name, err)
	}
	back := reflect.New(reflect.TypeOf(s.Arg))
	if err := converter.GetDefaultDataConverter().FromPayload(payload, back.Interface()); err != nil || !reflect.DeepEqual(back.Elem().Interface(), s.Arg) {
		t.Errorf("%s arrives as %+v, %v; sent was %+v", s.Name, back.Elem(), err, s.Arg)
	}
	var of sb.CallID
	switch arg := s.Arg.(type) {
	case sb.OfferNews:
		of = arg.Ref.Call
	case sb.TaskNews:
		of = arg.Ref.Call
	case sb.LegNews:
		of = arg.Ref.Call
	case sb.RoomNews:
		of = arg.Ref.Call
	}
	if of != s.Call {
		t.Errorf("%s says it is of %q, and is sent to %q", s.Name, of, s.Call)
	}
	checkValue(t, reflect.ValueOf(s.Arg))
}

var kinds = map[string]string{
	"AgentSID": "WK", "TaskSID": "WT", "ReservationSID": "WR", "CallSID": "CA", "ConferenceSID": "CF",
}

// checkValue fails at a text in v that cannot be stored or shown, and at a SID that is none.
func checkValue(t *testing.T, v reflect.Value) {
	t.Helper()
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			checkValue(t, v.Field(i))
		}
	case v.Kind() == reflect.String:
		text := v.String()
		if kind, isSID := kinds[v.Type().Name()]; isSID && text != "" && !sb.ValidSID(kind, text) {
			t.Errorf("told the %s %q", v.Type().Name(), text)
		}
		if !sb.Plain(text) || len(text) > 1000 {
			t.Errorf("told the %s %q", v.Type().Name(), text)
		}
	}
}
