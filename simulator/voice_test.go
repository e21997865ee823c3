package simulator

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	ourNumber = "+442079460199"
	stays     = "+447700900002" // answers after 2 s and stays
	say       = `<Response><Say>One moment please</Say></Response>`
)

func (w *world) room(name string) string {
	return "/2010-04-01/Accounts/{AC}/Conferences/" + name + "/Participants.json"
}

// dial adds somebody to a room, with every callback on.
func (w *world) dial(room, to string, fields ...string) answer {
	w.t.Helper()
	standard := []string{"To", to, "From", ourNumber, "EarlyMedia", "false",
		"StatusCallback", "https://app.test/call", "StatusCallbackEvent", "initiated ringing answered completed",
		"ConferenceStatusCallback", "https://app.test/room", "ConferenceStatusCallbackEvent", "start end join leave mute hold modify announcement",
		"WaitUrl", "https://app.test/wait"}
	for i := 0; i < len(standard); i += 2 {
		given := slices.Contains(fields, standard[i])
		if !given {
			fields = append(fields, standard[i], standard[i+1])
		}
	}
	return w.must(w.post(w.room(room), fields...))
}

func (w *world) call(sid string) answer {
	w.t.Helper()
	return w.must(w.get("/2010-04-01/Accounts/{AC}/Calls/" + sid + ".json"))
}

func (w *world) updateCall(sid string, fields ...string) answer {
	w.t.Helper()
	return w.post("/2010-04-01/Accounts/{AC}/Calls/"+sid+".json", fields...)
}

func (w *world) conference(sid string) answer {
	w.t.Helper()
	return w.must(w.get("/2010-04-01/Accounts/{AC}/Conferences/" + sid + ".json"))
}

// speaking answers TwiML fetches with a sentence.
func (w *world) speaking() *world {
	w.answer = func(h hook) (int, string, string) {
		if strings.Contains(h.url, "/wait") || strings.Contains(h.url, "/twiml") {
			return 200, "text/xml", say
		}
		return 204, "", ""
	}
	return w
}

// talking is an agent, anna, in a room with somebody who stays.
func (w *world) talking() (agent, caller answer) {
	w.t.Helper()
	w.speaking()
	w.sim.SetSoftphone("anna", Softphone{})
	agent = w.dial("offer", "client:anna", "Label", "agent")
	w.advance(5 * time.Second)
	caller = w.dial(agent.text("conference_sid"), stays, "Label", "caller")
	w.advance(5 * time.Second)
	return agent, caller
}

// Each phone of the table, called alone with TwiML that keeps the line open.
func TestPhonesByTheirLastDigits(t *testing.T) {
	for digits, c := range map[string]struct {
		experience []string
		status     string
		duration   string
		sip        string
	}{
		"001": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "HangsUp", "Ended completed"}, "completed", "10", "200"},
		"999": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "HangsUp", "Ended completed"}, "completed", "10", "200"},
		"002": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "Ended completed"}, "completed", "61", "200"},
		"003": {[]string{"Dialled", "Rings", "StopsRinging no-answer", "Ended no-answer"}, "no-answer", "0", "487"},
		"004": {[]string{"Dialled", "Ended busy"}, "busy", "0", "486"},
		"005": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "HangsUp", "Ended completed"}, "completed", "0", "200"},
		"006": {[]string{"Dialled", "Ended failed"}, "failed", "0", "404"},
		"007": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "Ended completed"}, "completed", "61", "200"},
		"009": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "Ended completed"}, "completed", "61", "200"},
		"008": {[]string{"Dialled", "Rings", "Answers", "Hears hello", "Hears silence", "HangsUp", "Ended completed"}, "completed", "5", "200"},
	} {
		t.Run(digits, func(t *testing.T) {
			w := newWorld(t, Options{})
			number := "+447700900" + digits
			sid := w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", "To", number, "From", ourNumber, "Timeout", "30",
				"Twiml", `<Response><Say>hello</Say><Pause length="60"/></Response>`, "StatusCallback", "https://app.test/call")).text("sid")
			equals(t, "201 before the dial", w.call(sid).text("status"), "queued")
			w.advance(2 * time.Minute)
			same(t, "experienced", w.experienced(number), c.experience)
			equals(t, "status", w.call(sid).text("status"), c.status)
			equals(t, "duration", w.call(sid).text("duration"), c.duration)
			// Without an event list only "completed" is reported, for every final status.
			same(t, "callbacks", w.values("/call", "CallStatus"), []string{c.status})
			form := w.received("/call")[0].form
			equals(t, "SIP code", form.Get("SipResponseCode"), c.sip)
			equals(t, "sequence", form.Get("SequenceNumber"), "0")
			equals(t, "CallDuration", form.Get("CallDuration"), c.duration)
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestRingTimeoutHasFiveSecondsMore(t *testing.T) {
	w := newWorld(t, Options{})
	sid := w.dial("offer", "+447700900003", "Timeout", "20").text("call_sid")
	w.advance(24 * time.Second)
	equals(t, "at 24 s", w.call(sid).text("status"), "ringing")
	w.advance(time.Second)
	equals(t, "at 25 s", w.call(sid).text("status"), "no-answer")
	w.nothingLeft()
}

func TestStatusCallbacks(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	sid := w.dial("offer", stays).text("call_sid")
	w.advance(10 * time.Second)
	w.must(w.updateCall(sid, "Status", "completed"))
	w.advance(0)
	same(t, "statuses", w.values("/call", "CallStatus"), []string{"initiated", "ringing", "in-progress", "completed"})
	same(t, "sequence", w.values("/call", "SequenceNumber"), []string{"0", "1", "2", "3"})
	last := w.received("/call")[3].form
	for name, want := range map[string]string{
		"CallSid": sid, "AccountSid": DefaultAccountSID, "To": stays, "From": ourNumber, "Direction": "outbound-api",
		"ApiVersion": "2010-04-01", "CallbackSource": "call-progress-events", "CallDuration": "8", "Duration": "1",
		"Timestamp": "Sun, 22 Nov 2026 09:00:10 +0000",
	} {
		equals(t, name, last.Get(name), want)
	}
	if w.received("/call")[0].form.Has("CallDuration") {
		t.Error("CallDuration is only reported at the end")
	}
}

func TestUnknownCallbackEventReportsNothing(t *testing.T) {
	w := newWorld(t, Options{})
	w.dial("offer", "+447700900001", "StatusCallbackEvent", "finished", "WaitUrl", "")
	w.advance(time.Minute)
	equals(t, "callbacks", len(w.received("/call")), 0)
}

func TestCallParameters(t *testing.T) {
	w := newWorld(t, Options{})
	const calls = "/2010-04-01/Accounts/{AC}/Calls.json"
	w.refused(w.post(calls, "From", ourNumber, "Twiml", say), 400, 21201)
	w.refused(w.post(calls, "To", stays, "Twiml", say), 400, 21213)
	w.refused(w.post(calls, "To", "01234", "From", ourNumber, "Twiml", say), 400, 21211)
	w.refused(w.post(calls, "To", stays, "From", "me", "Twiml", say), 400, 21212)
	w.refused(w.post(calls, "To", stays, "From", ourNumber), 400, 21205)
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "Url", "nowhere"), 400, 21205)
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "Url", "https://my_app.test/twiml"), 400, 21205)
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "Twiml", say, "Record", "true"), 400, 20001)
	w.refused(w.get("/2010-04-01/Accounts/{AC}/Calls/CA00000000000000000000000000000000.json"), 404, 20404)
	w.refused(w.post("/2010-04-01/Accounts/AC99999999999999999999999999999999/Calls.json", "To", stays), 404, 20404)
	w.refused(w.get("/2010-04-01/Accounts/{AC}/Messages.json"), 404, 20404)
}

func TestCallList(t *testing.T) {
	w := newWorld(t, Options{})
	const calls = "/2010-04-01/Accounts/{AC}/Calls.json"
	first := w.dial("a", "+447700900004").text("call_sid")
	w.advance(time.Hour)
	second := w.dial("b", "+447700900003").text("call_sid")
	w.advance(time.Second)
	find := func(fields ...string) []string {
		sids := []string{}
		for _, row := range w.must(w.get(calls, fields...)).rows("calls") {
			sids = append(sids, row["sid"].(string))
		}
		return sids
	}
	same(t, "newest first", find(), []string{second, first})
	same(t, "by To", find("To", "+447700900004"), []string{first})
	same(t, "by From", find("From", ourNumber), []string{second, first})
	same(t, "by Status", find("Status", "ringing"), []string{second})
	same(t, "by day", find("StartTime", "2026-11-22"), []string{second, first})
	same(t, "since", find("StartTime>", "2026-11-22T09:30:00Z"), []string{second})
	same(t, "before", find("StartTime<", "2026-11-22T09:30:00Z"), []string{first})
	w.refused(w.get(calls, "Status", "lost"), 400, 20001)
	w.refused(w.remove("/2010-04-01/Accounts/{AC}/Calls/"+second+".json"), 400, 20009)
	w.must(w.remove("/2010-04-01/Accounts/{AC}/Calls/" + first + ".json"))
}

func TestEndingACall(t *testing.T) {
	for name, c := range map[string]struct {
		after         time.Duration
		status        string
		uncertain     Uncertain
		want          string
		wantCallbacks []string
	}{
		"cancel queued":             {0, "canceled", Uncertain{}, "canceled", []string{}}, // never reported
		"complete queued":           {0, "completed", Uncertain{}, "canceled", []string{}},
		"cancel ringing":            {time.Second, "canceled", Uncertain{}, "canceled", []string{"initiated", "ringing", "canceled"}},
		"complete ringing":          {time.Second, "completed", Uncertain{}, "canceled", []string{"initiated", "ringing", "canceled"}},
		"complete ringing, L11":     {time.Second, "completed", Uncertain{EndedWhileRinging: "no-answer"}, "no-answer", []string{"initiated", "ringing", "no-answer"}},
		"cancel ringing phone, L11": {time.Second, "canceled", Uncertain{EndedWhileRinging: "no-answer"}, "canceled", []string{"initiated", "ringing", "canceled"}},
		"cancel answered":           {5 * time.Second, "canceled", Uncertain{}, "in-progress", []string{"initiated", "ringing", "in-progress"}},
		"complete answered":         {5 * time.Second, "completed", Uncertain{}, "completed", []string{"initiated", "ringing", "in-progress", "completed"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{Uncertain: c.uncertain}).speaking()
			sid := w.dial("offer", stays).text("call_sid")
			if c.after > 0 {
				w.advance(c.after)
			}
			w.must(w.updateCall(sid, "Status", c.status))
			w.advance(time.Second)
			equals(t, "status", w.call(sid).text("status"), c.want)
			same(t, "callbacks", w.values("/call", "CallStatus"), c.wantCallbacks)
			if c.want != "in-progress" {
				w.refused(w.updateCall(sid, "Status", "completed"), 400, 21220)
			}
		})
	}
}

func TestRedirect(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	w.hooks = nil
	w.must(w.updateCall(caller.text("call_sid"), "Twiml", `<Response><Say>We are sorry,
		your agent has gone.</Say><Play>https://app.test/bye.mp3</Play><Hangup/></Response>`))
	w.advance(time.Minute)
	experience := w.experienced(stays)
	same(t, "caller", experience[len(experience)-5:], []string{"Hears the conversation", "Leaves participant_updated_via_api",
		"Hears We are sorry, your agent has gone.", "Hears play https://app.test/bye.mp3", "Ended completed"})
	leave := w.received("/room")[0].form
	equals(t, "event", leave.Get("StatusCallbackEvent"), "participant-leave")
	equals(t, "call status of the leaver", leave.Get("ParticipantCallStatus"), "in-progress")
	equals(t, "conference goes on", w.conference(agent.text("conference_sid")).text("status"), "in-progress")
	w.refused(w.updateCall(caller.text("call_sid"), "Twiml", say), 400, 21220)

	ringing := w.dial("other", stays).text("call_sid")
	w.advance(time.Second)
	equals(t, "message", w.refused(w.updateCall(ringing, "Url", "https://app.test/twiml"), 400, 21220).text("message"),
		"Call is not in-progress. Cannot redirect.")
}

func TestTwiMLFetch(t *testing.T) {
	for name, c := range map[string]struct {
		status     int
		kind, body string
		hears      []string
	}{
		"two verbs":      {200, "text/xml", `<Response><Say>Hello</Say><Pause/><Play>tone.mp3</Play></Response>`, []string{"Hello", "silence", "play https://app.test/tone.mp3"}},
		"unknown verb":   {200, "application/xml", `<Response><Dance/><Say>Hello</Say></Response>`, []string{"Hello"}},
		"audio":          {200, "audio/mpeg", "x", []string{"play https://app.test/twiml"}},
		"plain text":     {200, "text/plain", "Good morning", []string{"Good morning"}},
		"empty response": {200, "text/xml", `<Response/>`, nil},
		"500":            {500, "", "", []string{"We are sorry, an application error has occurred. Goodbye"}},
		"lost":           {0, "", "", []string{"We are sorry, an application error has occurred. Goodbye"}},
		"not TwiML":      {200, "text/xml", `<Answer/>`, []string{"We are sorry, an application error has occurred. Goodbye"}},
		"not XML":        {200, "text/xml", `<Response>`, []string{"We are sorry, an application error has occurred. Goodbye"}},
		"image":          {200, "image/png", "x", []string{"We are sorry, an application error has occurred. Goodbye"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.answer = func(hook) (int, string, string) { return c.status, c.kind, c.body }
			sid := w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", "To", stays, "From", ourNumber, "Url", "https://app.test/twiml")).text("sid")
			w.advance(time.Minute)
			var hears []string
			for _, e := range w.sim.Log() {
				if e.What == Hears {
					hears = append(hears, e.Detail)
				}
			}
			same(t, "hears", hears, c.hears)
			equals(t, "status", w.call(sid).text("status"), "completed")
			equals(t, "parameters", w.hooks[0].form.Get("CallSid"), sid)
			equals(t, "signature", w.hooks[0].header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, "https://app.test/twiml", w.hooks[0].form))
			w.nothingLeft()
		})
	}
}

func TestTwiMLRedirectAndFallback(t *testing.T) {
	w := newWorld(t, Options{})
	w.answer = func(h hook) (int, string, string) {
		switch h.url {
		case "https://app.test/twiml":
			return 200, "text/xml", `<Response><Redirect method="GET">/next?a=1</Redirect><Say>never</Say></Response>`
		case "https://app.test/next?a=1":
			return 500, "", ""
		}
		return 200, "text/xml", say
	}
	w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", "To", stays, "From", ourNumber, "Url", "https://app.test/twiml", "FallbackUrl", "https://app.test/fallback"))
	w.advance(time.Minute)
	if !slices.Contains(w.experienced(stays), "Hears One moment please") {
		t.Errorf("the fallback was not heard: %q, %d fetches", w.experienced(stays), len(w.hooks))
	}
	equals(t, "method of the redirect", w.received("/next")[0].method, "GET")
}

func TestTimeLimit(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	sid := w.dial("offer", stays, "TimeLimit", "60").text("call_sid")
	w.advance(61 * time.Second)
	equals(t, "at 61 s", w.call(sid).text("status"), "in-progress")
	w.must(w.updateCall(sid, "TimeLimit", "90"))
	w.advance(20 * time.Second)
	equals(t, "at 81 s, with a longer limit", w.call(sid).text("status"), "in-progress")
	w.advance(15 * time.Second)
	equals(t, "at 96 s", w.call(sid).text("status"), "completed")
	w.nothingLeft()
}

func TestCPSQueue(t *testing.T) {
	w := newWorld(t, Options{CallsPerSecond: 1}).speaking()
	var queueTimes []string
	for i := range 3 {
		a := w.dial("room"+strconv.Itoa(i), "+44770090000"+strconv.Itoa(i+1))
		queueTimes = append(queueTimes, a.text("queue_time"))
		equals(t, "participant status", a.text("status"), "queued")
	}
	same(t, "queue_time", queueTimes, []string{"0", "1000", "2000"})
	w.advance(1500 * time.Millisecond)
	var dialled []string
	for _, e := range w.sim.Log() {
		if e.What == Dialled {
			dialled = append(dialled, e.Party)
		}
	}
	same(t, "dialled after 1.5 s, first in first out", dialled, []string{"+447700900001", "+447700900002"})
}

func TestSoftphones(t *testing.T) {
	for name, c := range map[string]struct {
		set        bool
		phone      Softphone
		experience []string
	}{
		"not registered": {false, Softphone{}, []string{"Dialled", "Ended failed"}},
		"unreachable":    {true, Softphone{Answer: Unreachable}, []string{"Dialled", "Ended failed"}},
		"declines":       {true, Softphone{Answer: Busy}, []string{"Dialled", "Rings", "StopsRinging busy", "Ended busy"}},
		"never answers":  {true, Softphone{Answer: NeverAnswers}, []string{"Dialled", "Rings", "StopsRinging no-answer", "Ended no-answer"}},
		"drops":          {true, Softphone{DropsAfter: 3 * time.Second}, []string{"Dialled", "Rings", "Answers", "Joins", "Hears One moment please", "Hears silence", "HangsUp", "Leaves participant_hung_up", "Ended completed"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}).speaking()
			if c.set {
				w.sim.SetSoftphone("anna", c.phone)
			}
			w.dial("offer", "client:anna?task=WT1", "Timeout", "20")
			w.advance(time.Minute)
			same(t, "experienced", w.experienced("client:anna"), c.experience)
			w.nothingLeft()
		})
	}
}

func TestSoftphoneOnACallIsBusy(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetSoftphone("anna", Softphone{})
	w.dial("one", "client:anna")
	w.advance(5 * time.Second)
	second := w.dial("two", "client:anna").text("call_sid")
	w.advance(5 * time.Second)
	equals(t, "second call", w.call(second).text("status"), "busy")
	equals(t, "live legs", len(w.sim.LiveLegs()), 1)
	w.sim.HangUp("client:anna")
	w.nothingLeft()
}

func TestLinesOfAPhone(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetPhone(stays, Phone{Rings: time.Second, Lines: 1})
	w.dial("one", stays)
	w.advance(500 * time.Millisecond)
	second := w.dial("two", stays).text("call_sid")
	w.advance(500 * time.Millisecond)
	equals(t, "while it rings", w.call(second).text("status"), "busy")
}

func TestAnsweringMachineDetection(t *testing.T) {
	for number, want := range map[string]string{"+447700900007": "machine_start", stays: "human"} {
		w := newWorld(t, Options{}).speaking()
		sid := w.dial("offer", number, "MachineDetection", "Enable", "AmdStatusCallback", "https://app.test/amd").text("call_sid")
		w.advance(2 * time.Second)
		equals(t, "results while it rings", len(w.received("/amd")), 0)
		w.advance(5 * time.Second)
		same(t, "AnsweredBy", w.values("/amd", "AnsweredBy"), []string{want})
		equals(t, "CallSid", w.received("/amd")[0].form.Get("CallSid"), sid)
		if w.received("/amd")[0].form.Get("MachineDetectionDuration") == "" {
			t.Error("no MachineDetectionDuration")
		}
		equals(t, "answered_by", w.call(sid).text("answered_by"), want)
	}
	w := newWorld(t, Options{}).speaking()
	w.sim.SetSoftphone("anna", Softphone{})
	w.dial("offer", "client:anna", "MachineDetection", "Enable", "AmdStatusCallback", "https://app.test/amd")
	w.dial("off", "+447700900007", "AmdStatusCallback", "https://app.test/amd")
	w.advance(time.Minute)
	equals(t, "results for a client leg, or when off", len(w.received("/amd")), 0)

	// On a call without AsyncAmd the callee hears silence first, and the TwiML fetch says who answered.
	w = newWorld(t, Options{}).speaking()
	w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", "To", stays, "From", ourNumber, "Url", "https://app.test/twiml", "MachineDetection", "Enable"))
	w.advance(time.Minute)
	same(t, "experienced", w.experienced(stays), []string{"Dialled", "Rings", "Answers", "Hears silence", "Hears One moment please", "Ended completed"})
	equals(t, "AnsweredBy", w.received("/twiml")[0].form.Get("AnsweredBy"), "human")
}
