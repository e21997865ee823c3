package simulator

import (
	"slices"
	"testing"
	"time"
)

// addApp makes a TwiML app by REST.
func (w *world) addApp(voiceURL string) string {
	w.t.Helper()
	return w.must(w.post("/2010-04-01/Accounts/{AC}/Applications.json", "FriendlyName", "app", "VoiceUrl", voiceURL, "StatusCallback", "https://app.test/over")).text("sid")
}

func TestACallByApplicationSid(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"app": say})
	app := w.addApp("https://app.test/app")
	w.must(w.post(calls, "To", stays, "From", ourNumber, "ApplicationSid", app))
	w.advance(time.Minute)
	equals(t, "hears", slices.Contains(w.experienced(stays), "Hears One moment please"), true)
	same(t, "the app's StatusCallback", w.values("/over", "CallStatus"), []string{"completed"})
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "ApplicationSid", "AP00000000000000000000000000000000"), 400, 21218)
	w.refused(w.post(calls, "To", "app:"+app, "From", ourNumber, "Twiml", say), 400, 21211)
}

// SendDigits reach the document at the other end, before the call's own begins.
func TestSendDigits(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Gather numDigits="2" action="extension"/></Response>`, "extension": `<Response><Pause length="60"/></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	w.must(w.post(calls, "To", ownedNumber1, "From", ourNumber, "Twiml", say, "SendDigits", "ww42"))
	w.advance(time.Minute)
	same(t, "Digits", w.values("/extension", "Digits"), []string{"42"})
	same(t, "experienced", w.experienced(ownedNumber1), []string{"Dialled", "Rings", "Answers", "Hears digits ww42", "Hears One moment please", "Ended completed"})
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "Twiml", say, "SendDigits", "4 2"), 400, 20001)
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestCallerID(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Pause length="60"/></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	w.must(w.post(calls, "To", ownedNumber1, "From", ourNumber, "CallerId", "+442079460005", "Twiml", say))
	w.advance(time.Second)
	equals(t, "From at the other end", w.received("/voice")[0].form.Get("From"), "+442079460005")
	w.refused(w.post(calls, "To", ownedNumber1, "From", ourNumber, "CallerId", "me", "Twiml", say), 400, 21212)
}

func TestStrictCallerID(t *testing.T) {
	w := newWorld(t, Options{StrictCallerID: true})
	w.owned(ownedNumber1, "https://app.test/voice")
	w.refused(w.post(calls, "To", stays, "From", ourNumber, "Twiml", say), 400, 21210)
	w.refused(w.post(calls, "To", stays, "From", ownedNumber1, "CallerId", ourNumber, "Twiml", say), 400, 21210)
	w.must(w.post(calls, "To", stays, "From", ownedNumber1, "Twiml", say))
	w.must(w.post(calls, "To", "client:anna", "From", ourNumber, "Twiml", say)) // only telephones see a number
	w.refused(w.post(w.room("offer"), "To", stays, "From", ourNumber), 400, 21210)
}

// An app in a conference: its document talks there.
func TestAParticipantThatIsAnApp(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"machine": `<Response><Say>I am a machine</Say><Pause length="10"/></Response>`})
	app := "app:" + w.addApp("https://app.test/machine")
	w.dial("offer", stays, "WaitUrl", "")
	leg := w.dial("offer", app+"?order=12", "WaitUrl", "").text("call_sid")
	w.advance(5 * time.Second)
	equals(t, "order", w.received("/machine")[0].form.Get("order"), "12")
	same(t, "says", w.said(app), []string{"Says I am a machine"})
	equals(t, "other", slices.Contains(w.experienced(stays), "Hears the conversation"), true)
	w.advance(time.Minute)
	equals(t, "leg", w.call(leg).text("status"), "completed")
	w.refused(w.post(w.room("offer"), "To", "app:AP00000000000000000000000000000000", "From", ourNumber), 400, 21218)
}

func TestEndedCallsAreForgotten(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.lock()
	for range endedCallsKept + 5 {
		c := &call{account: w.sim.main, to: stays, from: ourNumber, status: callInProgress}
		c.sid = w.sim.mint("CA", "many")
		w.sim.main.calls.add(c.sid, c)
		w.sim.end(c, callCompleted, ByTwilio)
	}
	kept := w.sim.main.calls.len()
	w.sim.unlock()
	equals(t, "kept", kept, endedCallsKept)
}
