package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

const (
	patient  = `<Response><Pause length="3600"/></Response>`
	other    = "+447700900102"
	afterAll = `<Response><Say>Bye</Say></Response>`
)

// dialled is a person who reaches a document that dials on.
func (w *world) dialled(dial string, documents map[string]string) string {
	w.t.Helper()
	all := map[string]string{"voice": "<Response>" + dial + "<Say>Next verb</Say></Response>", "after": afterAll}
	for name, document := range documents {
		all[name] = document
	}
	return w.dialIn(Phone{Document: patient}, all)
}

func (w *world) children(parent string) []map[string]any {
	w.t.Helper()
	return w.must(w.get(calls, "ParentCallSid", parent)).rows("calls")
}

func TestDialANumber(t *testing.T) {
	w := newWorld(t, Options{CallsPerSecond: 0.001})
	w.must(w.post(calls, "To", "+447700900004", "From", ourNumber, "Twiml", say)) // takes the account's turn; a Dial needs none
	w.sim.SetPhone(other, Phone{Rings: 2 * time.Second, Talks: 10 * time.Second})
	sid := w.dialled(`<Dial action="after"><Number statusCallback="leg" statusCallbackEvent="initiated ringing answered completed">`+other+`</Number></Dial>`, nil)
	w.advance(5 * time.Second)
	children := w.children(sid)
	equals(t, "children", len(children), 1)
	for name, want := range map[string]string{"status": "in-progress", "direction": "outbound-dial", "from": person, "to": other, "parent_call_sid": sid, "queue_time": "0"} {
		equals(t, name, children[0][name].(string), want)
	}
	w.advance(time.Minute)
	same(t, "person", w.experienced(person), []string{"Dials " + ownedNumber1, "Hears ringing", "Hears the conversation", "Hears Bye", "Ended completed"})
	same(t, "other", w.experienced(other), []string{"Dialled", "Rings", "Answers", "Hears the conversation", "HangsUp", "Ended completed"})
	same(t, "status callbacks of the leg", w.values("/leg", "CallStatus"), []string{"initiated", "ringing", "in-progress", "completed"})
	equals(t, "ParentCallSid", w.received("/leg")[0].form.Get("ParentCallSid"), sid)
	for name, want := range map[string]string{"DialCallStatus": "completed", "DialCallDuration": "10", "DialBridged": "true",
		"DialCallSid": children[0]["sid"].(string), "CallStatus": "in-progress", "CallSid": sid} {
		equals(t, name, w.received("/after")[0].form.Get(name), want)
	}
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

// The outside world has no calls and rooms of its own: a phone there does not dial on.
func TestAPhoneOfTheOutsideWorldDialsNobody(t *testing.T) {
	for _, noun := range []string{"<Conference>theirs</Conference>", other} {
		w := newWorld(t, Options{}).speaking()
		w.sim.SetPhone(stays, Phone{Document: "<Response><Dial>" + noun + "</Dial><Say>Nobody there</Say></Response>"})
		w.must(w.post(calls, "To", stays, "From", ourNumber, "Twiml", patient))
		w.advance(time.Minute)
		same(t, "phone", w.said(stays), []string{"Says Nobody there"})
		same(t, "alerts", w.alerts(), []string{"12200"})
		w.nothingLeft()
	}
}

func TestDialCallStatus(t *testing.T) {
	for name, c := range map[string]struct {
		phone  Phone
		dial   string
		status string
		after  time.Duration
	}{
		"busy":                 {Phone{Answer: Busy}, `<Dial action="after">` + other + `</Dial>`, "busy", 0},
		"declined":             {Phone{Answer: Busy, Rings: 3 * time.Second}, `<Dial action="after">` + other + `</Dial>`, "busy", 3 * time.Second},
		"unreachable":          {Phone{Answer: Unreachable}, `<Dial action="after">` + other + `</Dial>`, "failed", 0},
		"timeout, and 5 s":     {Phone{Answer: NeverAnswers}, `<Dial timeout="10" action="after">` + other + `</Dial>`, "no-answer", 14900 * time.Millisecond},
		"standard timeout":     {Phone{Answer: NeverAnswers}, `<Dial action="after">` + other + `</Dial>`, "no-answer", 34900 * time.Millisecond},
		"no noun":              {Phone{}, `<Dial action="after"/>`, "failed", -dialSetup},
		"no number":            {Phone{}, `<Dial action="after">nobody</Dial>`, "failed", -dialSetup},
		"invalid callerId":     {Phone{}, `<Dial callerId="me" action="after">` + other + `</Dial>`, "failed", -dialSetup},
		"timeLimit":            {Phone{}, `<Dial timeLimit="20" action="after">` + other + `</Dial>`, "completed", 20 * time.Second},
		"softphone not there":  {Phone{}, `<Dial action="after"><Client>ben</Client></Dial>`, "failed", 0},
		"sequence: the second": {Phone{Talks: 4 * time.Second}, `<Dial sequential="true" timeout="5" action="after"><Number>+447700900003</Number><Number>` + other + `</Number></Dial>`, "completed", 14 * time.Second},
		"together: the second": {Phone{Talks: 4 * time.Second}, `<Dial timeout="5" action="after"><Number>+447700900003</Number><Number>` + other + `</Number></Dial>`, "completed", 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.sim.SetPhone(other, c.phone)
			w.dialled(c.dial, nil)
			w.advance(2 * time.Minute)
			form := w.received("/after")[0].form
			same(t, "DialCallStatus", w.values("/after", "DialCallStatus"), []string{c.status})
			equals(t, "after", w.received("/after")[0].at.Sub(newVirtualClock().now), dialSetup+c.after)
			equals(t, "DialCallDuration", form.Has("DialCallDuration"), c.status == "completed")
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestDialWithoutActionGoesOn(t *testing.T) {
	for _, dial := range []string{`<Dial>` + other + `</Dial>`, `<Dial/>`, `<Dial><Sip>sip:a@b.test</Sip></Dial>`} {
		w := newWorld(t, Options{})
		w.sim.SetPhone(other, Phone{Answer: Busy})
		w.dialled(dial, nil)
		w.advance(time.Minute)
		experience := w.experienced(person)
		same(t, dial, experience[len(experience)-2:], []string{"Hears Next verb", "Ended completed"})
	}
}

// Several phones ring together: the first to answer is connected, the others stop.
func TestDialSeveral(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{Rings: 4 * time.Second})
	w.sim.SetSoftphone("anna", Softphone{Rings: 3 * time.Second, HangsUpAfter: 5 * time.Second})
	w.sim.SetSoftphone("ben", Softphone{Rings: 8 * time.Second})
	sid := w.dialled(`<Dial action="after"><Number>`+other+`</Number><Client statusCallback="leg" statusCallbackEvent="initiated"><Identity>anna</Identity><Parameter name="order" value="12"/></Client><Client>ben</Client></Dial>`, nil)
	w.advance(time.Minute)
	same(t, "anna", w.experienced("client:anna"), []string{"Dialled", "Rings", "Answers", "Hears the conversation", "HangsUp", "Ended completed"})
	for _, party := range []string{other, "client:ben"} {
		same(t, party, w.experienced(party), []string{"Dialled", "Rings", "StopsRinging canceled", "Ended canceled"})
	}
	equals(t, "children", len(w.children(sid)), 3)
	equals(t, "custom parameter", w.received("/leg")[0].form.Get("To"), "client:anna?order=12")
	equals(t, "DialCallDuration", w.received("/after")[0].form.Get("DialCallDuration"), "5")
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

// The caller leaves: by hanging up while it rings, while they talk, or by a request.
func TestLeavingADial(t *testing.T) {
	for name, c := range map[string]struct {
		after  time.Duration
		leave  func(w *world, sid string)
		status string // DialCallStatus
		leg    string
	}{
		"hangs up, ringing":    {2 * time.Second, func(w *world, _ string) { w.sim.HangUp(person) }, "canceled", "canceled"},
		"hangs up, talking":    {10 * time.Second, func(w *world, _ string) { w.sim.HangUp(person) }, "completed", "completed"},
		"ended by request":     {10 * time.Second, func(w *world, sid string) { w.must(w.updateCall(sid, "Status", "completed")) }, "completed", "completed"},
		"sent elsewhere":       {10 * time.Second, func(w *world, sid string) { w.must(w.updateCall(sid, "Url", "https://app.test/elsewhere")) }, "completed", "completed"},
		"the leg's time limit": {10 * time.Second, func(w *world, sid string) { w.must(w.updateCall(sid, "TimeLimit", "3")) }, "completed", "completed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			w.sim.SetPhone(other, Phone{Rings: 4 * time.Second})
			sid := w.dialled(`<Dial action="after">`+other+`</Dial>`, map[string]string{"elsewhere": `<Response><Say>Elsewhere</Say></Response>`})
			w.advance(c.after)
			leg := w.children(sid)[0]["sid"].(string)
			c.leave(w, sid)
			w.advance(time.Minute)
			same(t, "DialCallStatus, though nobody waits for the answer", w.values("/after", "DialCallStatus"), []string{c.status})
			equals(t, "leg", w.call(leg).text("status"), c.leg)
			heard := strings.Join(w.experienced(person), ", ")
			equals(t, "hears what action says", strings.Contains(heard, "Bye"), false)
			equals(t, "hears the new document", strings.Contains(heard, "Elsewhere"), name == "sent elsewhere")
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestHangupOnStar(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{})
	w.dialled(`<Dial hangupOnStar="true" action="after">`+other+`</Dial>`, nil)
	w.advance(5 * time.Second)
	w.sim.Press(person, "1*")
	w.advance(time.Second)
	same(t, "DialCallStatus", w.values("/after", "DialCallStatus"), []string{"completed"})
}

// Before it is bridged, the called party hears url, and may refuse; sendDigits reach its document.
func TestWhisperAndSendDigits(t *testing.T) {
	for press, want := range map[string][]string{
		"1": {"Dialled", "Rings", "Answers", "Hears digits 7", "Hears Press 1", "Presses 1", "Hears the conversation"},
		"2": {"Dialled", "Rings", "Answers", "Hears digits 7", "Hears Press 1", "Presses 2", "Ended completed"},
	} {
		w := newWorld(t, Options{})
		w.sim.SetPhone(other, Phone{Document: `<Response><Gather numDigits="1" finishOnKey=""><Pause length="1"/></Gather><Play digits="ww` + press + `"/><Pause length="60"/></Response>`})
		w.dialled(`<Dial action="after"><Number url="whisper" sendDigits="7">`+other+`</Number></Dial>`, map[string]string{
			"whisper": `<Response><Gather numDigits="1" action="pressed"><Say loop="4">Press 1</Say></Gather></Response>`})
		answers := w.answer
		w.answer = func(h hook) (int, string, string) {
			if strings.HasSuffix(h.url, "/pressed") && h.form.Get("Digits") == "1" {
				return 200, "text/xml", `<Response/>`
			} else if strings.HasSuffix(h.url, "/pressed") {
				return 200, "text/xml", `<Response><Hangup/></Response>`
			}
			return answers(h)
		}
		w.advance(20 * time.Second)
		same(t, "other", w.experienced(other), want)
		equals(t, "Direction", w.received("/whisper")[0].form.Get("Direction"), "outbound-dial")
		if press == "2" {
			equals(t, "DialBridged", w.received("/after")[0].form.Get("DialBridged"), "false")
		}
	}
}

func TestMachineDetectionInADial(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialled(`<Dial><Number machineDetection="Enable" machineDetectionSpeechThreshold="3000" amdStatusCallback="amd">+447700900007</Number></Dial>`, nil)
	w.advance(time.Minute)
	same(t, "AnsweredBy", w.values("/amd", "AnsweredBy"), []string{"machine_start"})
	equals(t, "after", w.received("/amd")[0].form.Get("MachineDetectionDuration"), "3000")
}

// A document that asks itself again and again at one instant does not stop the clock.
func TestADialThatTurnsInCircles(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialled(`<Dial action="voice">nobody</Dial>`, nil)
	w.advance(10 * time.Second)
	if n := len(w.received("/voice")); n < 15 || n > 40 {
		t.Errorf("requests in 10 s: got %d, want about two dozen", n)
	}
	w.sim.HangUp(person)
	w.advance(0)
	w.nothingLeft()
}

// The same documents and people twice give the same log.
func TestVoiceIsDeterministic(t *testing.T) {
	day := func() []string {
		w := newWorld(t, Options{Seed: 7})
		w.sim.SetPhone(other, Phone{Rings: 3 * time.Second, Talks: 20 * time.Second})
		w.sim.SetSoftphone("anna", Softphone{Rings: 3 * time.Second})
		w.dialled(`<Dial action="after"><Number>`+other+`</Number><Client>anna</Client></Dial>`, map[string]string{
			"after": `<Response><Dial><Conference waitUrl="/wait">lobby</Conference></Dial></Response>`, "wait": say})
		for _, digits := range []string{"001", "002", "005", "007", "008"} {
			w.dial("lobby", "+447700900"+digits)
		}
		w.advance(10 * time.Minute)
		var lines []string
		for _, e := range w.sim.Log() {
			lines = append(lines, e.String())
		}
		for _, h := range w.hooks {
			lines = append(lines, h.at.String()+" "+h.url+" "+h.form.Encode())
		}
		return lines
	}
	same(t, "second run", day(), day())
}

func TestAnswerOnBridge(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{Rings: 5 * time.Second})
	sid := w.dialled(`<Dial answerOnBridge="true">`+other+`</Dial>`, nil)
	w.advance(4 * time.Second)
	equals(t, "while it rings", w.call(sid).text("status"), "ringing")
	w.advance(4 * time.Second)
	equals(t, "when it is bridged", w.call(sid).text("status"), "in-progress")
}

// A request takes the called party elsewhere: it lives on, and the caller's Dial is over.
func TestRedirectingADialledLeg(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{})
	sid := w.dialled(`<Dial action="after">`+other+`</Dial>`, nil)
	w.advance(5 * time.Second)
	leg := w.children(sid)[0]["sid"].(string)
	w.must(w.updateCall(leg, "Twiml", `<Response><Say>Please wait</Say><Pause length="60"/></Response>`))
	w.advance(5 * time.Second)
	same(t, "DialCallStatus", w.values("/after", "DialCallStatus"), []string{"completed"})
	equals(t, "caller", w.call(sid).text("status"), "completed")
	equals(t, "leg", w.call(leg).text("status"), "in-progress")
}

// The called number belongs to another account, which answers with a document of its own.
func TestDialAnotherAccountsNumber(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.lock()
	sub := w.sim.addAccount("AC00000000000000000000000000000009", "subtoken", "Sub", w.sim.main)
	n := &ownedNumber{sid: "PN00000000000000000000000000000009", e164: "+442079460009", voice: voiceHandling{program: program{url: "https://sub.test/sub", method: "POST"}}}
	sub.numbers.add(n.sid, n)
	sub.numbersByE164[n.e164] = n
	w.sim.unlock()
	w.dialled(`<Dial>`+n.e164+`</Dial>`, map[string]string{"sub": `<Response><Pause length="2"/><Say>Sub here</Say></Response>`})
	w.advance(time.Minute)
	form := w.received("sub.test")[0].form
	equals(t, "AccountSid", form.Get("AccountSid"), sub.sid)
	equals(t, "From", form.Get("From"), person)
	equals(t, "signature", w.received("sub.test")[0].header.Get("X-Twilio-Signature"), sign("subtoken", "https://sub.test/sub", url.Values(form)))
	same(t, "said", w.said(n.e164), []string{"Says Sub here"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}
