package simulator

import (
	"strings"
	"testing"
	"time"
)

const calls = "/2010-04-01/Accounts/{AC}/Calls.json"

// owned makes a number of the main account, with a voice URL.
func (w *world) owned(number, voiceURL string) *ownedNumber {
	n := &ownedNumber{sid: "PN" + strings.Repeat("0", 31) + "1", e164: number,
		voice: voiceHandling{program: program{url: voiceURL, method: "POST"}, status: callback{url: "https://app.test/number", method: "POST", events: []string{"completed"}}}}
	a := w.sim.main
	a.numbers.add(n.sid, n)
	a.numbersByE164[number] = n
	return n
}

// serving answers TwiML fetches by the last part of their path.
func (w *world) serving(documents map[string]string) *world {
	w.answer = func(h hook) (int, string, string) {
		address, _, _ := strings.Cut(h.url, "?")
		if text, found := documents[address[strings.LastIndex(address, "/")+1:]]; found {
			return 200, "text/xml", text
		}
		return 204, "", ""
	}
	return w
}

// said lists what a party said and pressed, as "What detail".
func (w *world) said(party string) []string {
	list := []string{}
	for _, e := range w.sim.Log() {
		if e.Party == party && (e.What == Says || e.What == Presses) {
			list = append(list, e.What+" "+e.Detail)
		}
	}
	return list
}

const (
	ownedNumber1 = "+442079460001"
	person       = "+447700900101"
)

// The document of a number is what the far end does: it rings, answers, speaks, hangs up.
func TestACallToAnOwnedNumberRunsItsDocument(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Pause length="3"/><Say>Welcome</Say><Play digits="ww12#"/></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	sid := w.must(w.post(calls, "To", ownedNumber1, "From", ourNumber, "Twiml", `<Response><Say>Hello there</Say><Pause length="60"/></Response>`)).text("sid")
	w.advance(3 * time.Second)
	equals(t, "rings for the length of the first Pause", w.call(sid).text("status"), "ringing")
	equals(t, "and so does the other end", w.received("/voice")[0].form.Get("CallStatus"), "ringing")
	equals(t, "Direction", w.received("/voice")[0].form.Get("Direction"), "inbound")
	w.advance(time.Minute)
	same(t, "the number", w.experienced(ownedNumber1), []string{"Dialled", "Rings", "Answers", "Hears Hello there", "Hears silence", "Presses 12#", "HangsUp", "Ended completed"})
	same(t, "says", w.said(ownedNumber1), []string{"Says Welcome", "Presses 12#"})
	same(t, "the caller, who is our number", w.said(ourNumber), []string{"Says Hello there"})
	same(t, "hears", w.experienced(ourNumber), []string{"Hears Welcome", "Hears digits ww12#", "Ended completed"})
	rows := w.must(w.get(calls)).rows("calls")
	equals(t, "calls", len(rows), 2)
	equals(t, "direction", rows[0]["direction"].(string), "inbound")
	equals(t, "phone_number_sid", rows[0]["phone_number_sid"].(string), w.sim.main.numbersByE164[ownedNumber1].sid)
	equals(t, "direction of the other", rows[1]["direction"].(string), "outbound-api")
	same(t, "the number's StatusCallback", w.values("/number", "CallStatus"), []string{"completed"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestHowAFarEndRefuses(t *testing.T) {
	for document, c := range map[string]struct {
		uncertain   Uncertain
		status, sip string
		experience  []string
	}{
		`<Response><Reject reason="busy"/></Response>`:      {Uncertain{}, "busy", "486", []string{"Dialled", "Ended busy"}},
		`<Response><Reject/></Response>`:                    {Uncertain{}, "busy", "603", []string{"Dialled", "Ended busy"}},
		`<Response><Reject reason="rejected"/></Response>`:  {Uncertain{RejectedCall: "failed"}, "failed", "603", []string{"Dialled", "Ended failed"}},
		`<Response><Pause length="2"/><Reject/></Response>`: {Uncertain{}, "busy", "603", []string{"Dialled", "Rings", "StopsRinging busy", "Ended busy"}},
		`<Response/>`: {Uncertain{}, "completed", "200", []string{"Dialled", "Rings", "Answers", "Hears hello", "HangsUp", "Ended completed"}},
		`<Response><Say>x</Say><Reject/></Response>`:             {Uncertain{}, "completed", "200", []string{"Dialled", "Rings", "Answers", "Hears hello", "HangsUp", "Ended completed"}},
		`<Response><Pause length="700"/><Say>x</Say></Response>`: {Uncertain{}, "no-answer", "487", []string{"Dialled", "Rings", "StopsRinging no-answer", "Ended no-answer"}},
	} {
		w := newWorld(t, Options{Uncertain: c.uncertain})
		w.sim.SetPhone(person, Phone{Document: document})
		sid := w.must(w.post(calls, "To", person, "From", ourNumber, "StatusCallback", "https://app.test/call",
			"Twiml", `<Response><Say>hello</Say><Pause length="60"/></Response>`)).text("sid")
		w.advance(2 * time.Minute)
		equals(t, document, w.call(sid).text("status"), c.status)
		equals(t, document, w.received("/call")[0].form.Get("SipResponseCode"), c.sip)
		got := w.experienced(person)
		if i := len(got) - 3; i > 0 && got[i] == "Hears silence" {
			got = append(got[:i], got[i+1:]...)
		}
		same(t, document, got, c.experience)
		w.nothingLeft()
		equals(t, "timers", w.clock.Pending(), 0)
	}
}

func TestANumberWithoutAVoiceURLFails(t *testing.T) {
	w := newWorld(t, Options{})
	w.owned(ownedNumber1, "")
	sid := w.must(w.post(calls, "To", ownedNumber1, "From", ourNumber, "Twiml", say)).text("sid")
	w.advance(time.Second)
	equals(t, "status", w.call(sid).text("status"), "failed")
	equals(t, "calls", len(w.must(w.get(calls)).rows("calls")), 1)
}

// A phone may be the user's own: its document is fetched like a number's.
func TestAPhoneWithAVoiceURL(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"phone": `<Response><Say>Hi</Say><Pause length="5"/></Response>`})
	w.sim.SetPhone(person, Phone{VoiceURL: "https://phones.test/phone"})
	w.must(w.post(calls, "To", person, "From", ourNumber, "Twiml", `<Response><Say>hello</Say><Pause length="60"/></Response>`))
	w.advance(time.Minute)
	same(t, "says", w.said(person), []string{"Says Hi"})
	equals(t, "To", w.received("/phone")[0].form.Get("To"), person)
	equals(t, "signature", w.received("/phone")[0].header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, "https://phones.test/phone", w.received("/phone")[0].form))
	equals(t, "calls of the account", len(w.must(w.get(calls)).rows("calls")), 1)
	equals(t, "live legs", len(w.sim.LiveLegs()), 0)
	equals(t, "timers", w.clock.Pending(), 0)
}

// What is cancelled while it rings stops at the other end too.
func TestACancelledRingStopsAtTheOtherEnd(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Pause length="60"/></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	sid := w.must(w.post(calls, "To", ownedNumber1, "From", ourNumber, "Twiml", say)).text("sid")
	w.advance(2 * time.Second)
	equals(t, "legs", len(w.sim.LiveLegs()), 2)
	w.must(w.updateCall(sid, "Status", "canceled"))
	w.advance(0)
	same(t, "at the other end", w.values("/number", "CallStatus"), []string{"no-answer"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestReadyMadePhonesAreServed(t *testing.T) {
	w := newWorld(t, Options{})
	for name := range w.sim.readyMade {
		a := w.get("/simulator/phones/" + name + ".xml")
		equals(t, name, a.status, 200)
		equals(t, name, a.header.Get("Content-Type"), "text/xml")
	}
	equals(t, "phones", len(w.sim.readyMade), 9)
	equals(t, "none", w.get("/simulator/phones/nobody.xml").status, 404)
	for digits, name := range phoneByDigits {
		if name != "" && w.sim.readyMade[name] == nil {
			t.Errorf("%s: no document %s", digits, name)
		}
	}
}
