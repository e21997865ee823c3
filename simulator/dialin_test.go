package simulator

import (
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// dialIn is a person calling the owned number, whose documents are given.
func (w *world) dialIn(p Phone, documents map[string]string) string {
	w.t.Helper()
	w.serving(documents)
	if w.sim.main.numbersByE164[ownedNumber1] == nil {
		w.owned(ownedNumber1, "https://app.test/voice")
	}
	sid, err := w.sim.DialIn(person, ownedNumber1, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return sid
}

func TestAPersonDialsIn(t *testing.T) {
	w := newWorld(t, Options{CallsPerSecond: 0.001})
	sid := w.dialIn(Phone{Talks: 10 * time.Second, Rings: 5 * time.Second, Answer: NeverAnswers}, map[string]string{"voice": `<Response><Say>Welcome</Say><Pause length="60"/></Response>`})
	equals(t, "at once", w.call(sid).text("status"), "ringing")
	w.advance(5 * time.Second)
	call := w.call(sid)
	for name, want := range map[string]string{"status": "in-progress", "direction": "inbound", "from": person, "to": ownedNumber1} {
		equals(t, name, call.text(name), want)
	}
	form := w.received("/voice")[0].form
	for name, want := range map[string]string{"CallSid": sid, "From": person, "To": ownedNumber1, "CallStatus": "ringing", "Direction": "inbound", "AccountSid": DefaultAccountSID} {
		equals(t, name, form.Get(name), want)
	}
	legs := w.sim.LiveLegs()
	if len(legs) != 1 || legs[0].Party != person {
		t.Errorf("live legs: got %v, want the person's only", legs)
	}
	w.advance(time.Minute)
	same(t, "experienced", w.experienced(person), []string{"Dials " + ownedNumber1, "Hears Welcome", "Hears silence", "HangsUp", "Ended completed"})
	same(t, "said", w.said(person), []string{"Says Hello?"})
	same(t, "the number's StatusCallback", w.values("/number", "CallStatus"), []string{"completed"})
	equals(t, "duration", w.call(sid).text("duration"), "10")
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestDialInFails(t *testing.T) {
	w := newWorld(t, Options{})
	w.owned(ownedNumber1, "")
	for _, c := range [][2]string{{person, "+442079460999"}, {person, ownedNumber1}} {
		if sid, err := w.sim.DialIn(c[0], c[1], Phone{}); err == nil {
			t.Errorf("%s to %s: got call %s, want an error", c[0], c[1], sid)
		}
	}
	w.sim.main.numbersByE164[ownedNumber1].voice.program = program{inline: say}
	if _, err := w.sim.DialIn("anna", ownedNumber1, Phone{}); err == nil {
		t.Error("somebody without a number dialled in")
	}
	w.nothingLeft()
}

// A person hangs up while it rings, or gives up after a while.
func TestWhoDialsInGivesUp(t *testing.T) {
	for name, hangUp := range map[string]func(*world){
		"hangs up": func(w *world) { w.sim.HangUp(person) },
		"patience": func(w *world) { w.advance(patience) },
	} {
		w := newWorld(t, Options{})
		sid := w.dialIn(Phone{}, map[string]string{"voice": `<Response><Pause length="300"/><Say>Welcome</Say></Response>`})
		w.advance(2 * time.Second)
		hangUp(w)
		w.advance(0)
		equals(t, name, w.call(sid).text("status"), "no-answer")
		same(t, name, w.experienced(person), []string{"Dials " + ownedNumber1, "HangsUp", "Ended no-answer"})
		w.nothingLeft()
		equals(t, "timers", w.clock.Pending(), 0)
	}
}

// Who has hung up does not hear the apology for a document that cannot be had.
func TestNobodyHearsAnythingAfterTheEnd(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialIn(Phone{Document: `<Response><Hangup/></Response>`}, nil)
	w.advance(time.Minute)
	same(t, "person", w.experienced(person), []string{"Dials " + ownedNumber1, "HangsUp", "Ended completed"})
}

func TestATwiMLApp(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"app": `<Response><Say>Welcome</Say><Pause length="60"/></Response>`})
	app := &application{sid: "AP00000000000000000000000000000001", voice: voiceHandling{program: program{url: "https://app.test/app", method: "POST"}}}
	w.sim.lock()
	w.sim.main.applications.add(app.sid, app)
	c := w.sim.dialApp(w.sim.main, "client:anna", app, url.Values{"order": {"12"}})
	w.sim.unlock()
	w.advance(time.Second / 2)
	form := w.received("/app")[0].form
	for name, want := range map[string]string{"order": "12", "From": "client:anna", "Direction": "inbound", "CallSid": c.sid} {
		equals(t, name, form.Get(name), want)
	}
	w.sim.HangUp("client:anna")
	same(t, "experienced", w.experienced("client:anna"), []string{"Dials", "Hears Welcome", "HangsUp", "Ended completed"})
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestPeopleByControl(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Say>Welcome</Say><Pause length="60"/></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	status, body := w.control("POST", "/simulator/dialin", `{"from":"`+person+`","to":"`+ownedNumber1+`","phone":{"talks":"500ms"}}`)
	equals(t, "status", status, 200)
	equals(t, "answer", strings.Contains(body, `"call_sid":"CA`), true)
	w.advance(0)
	for path, body := range map[string]string{"press": `{"party":"` + person + `","digits":"1"}`, "say": `{"party":"` + person + `","text":"Hi"}`} {
		status, _ := w.control("POST", "/simulator/"+path, body)
		equals(t, path, status, 204)
		status, _ = w.control("POST", "/simulator/"+path, `{"party":"`+person+`"}`)
		equals(t, path+" of nothing", status, 400)
	}
	said := w.said(person)
	slices.Sort(said)
	same(t, "said", said, []string{"Presses 1", "Says Hi"})
	w.advance(time.Second)
	w.nothingLeft()
	status, _ = w.control("POST", "/simulator/dialin", `{"from":"`+person+`","to":"+442079460999"}`)
	equals(t, "unknown number", status, 400)
}
