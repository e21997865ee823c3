package simulator

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// softphoneOf is a registered browser that only answers.
type softphoneOf struct{ call string }

func (b *softphoneOf) Tell(news ClientNews) {
	if news.What == ClientRings {
		b.call = news.CallSID
	}
}

// inBrowser adds a browser to a room, and answers there.
func (w *world) inBrowser(identity, room string, fields ...string) string {
	w.t.Helper()
	b := &softphoneOf{}
	if _, err := w.sim.RegisterClient(DefaultAccountSID, identity, b); err != nil {
		w.t.Fatal(err)
	}
	w.dial(room, "client:"+identity, fields...)
	w.advance(time.Second)
	if err := w.sim.ClientAnswers(b.call, b); err != nil {
		w.t.Fatal(err)
	}
	w.advance(0)
	return b.call
}

// hears is what the party of a call hears, sorted.
func (w *world) hears(sid string) []string {
	w.t.Helper()
	list := []string{}
	seen := map[string]bool{}
	for _, x := range w.sim.Audible([]string{sid})[sid] {
		if seen[x.ID] {
			w.t.Errorf("%s is heard twice", x.ID)
		}
		seen[x.ID] = true
		list = append(list, strings.TrimSpace(string(x.Kind)+" "+x.Call+x.Text+x.URL))
	}
	slices.Sort(list)
	return list
}

func (w *world) participant(room, sid string, fields ...string) {
	w.t.Helper()
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+"/Participants/"+sid+".json", fields...))
}

const toneURL = "/simulator/tone/1000.wav"

// trio are two browsers and a phone that plays a tone, in one room.
func (w *world) trio() (room, anna, ben, phone string) {
	w.t.Helper()
	anna = w.inBrowser("anna", "offer", "WaitUrl", "")
	ben = w.inBrowser("ben", "offer", "WaitUrl", "")
	leg := w.dial("offer", "+447700900009")
	w.advance(5 * time.Second)
	return leg.text("conference_sid"), anna, ben, leg.text("call_sid")
}

func TestWhoHearsWhomInAConference(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{
		"wait": `<Response><Say loop="0">Wait</Say></Response>`, "hold": `<Response><Play loop="0">hold.wav</Play></Response>`,
		"notice": `<Response><Say>This call is recorded</Say></Response>`})
	room, anna, ben, phone := w.trio()
	microphone := func(sid string) string { return "microphone " + sid }
	tone := "recording " + toneURL
	sorted := func(list ...string) []string {
		slices.Sort(list)
		return list
	}
	check := func(what string, hearAnna, hearBen, hearPhone []string) {
		t.Helper()
		same(t, what+": anna", w.hears(anna), sorted(hearAnna...))
		same(t, what+": ben", w.hears(ben), sorted(hearBen...))
		same(t, what+": phone", w.hears(phone), sorted(hearPhone...))
	}
	all := func(what string) {
		t.Helper()
		check(what, []string{tone, microphone(ben)}, []string{tone, microphone(anna)}, []string{microphone(anna), microphone(ben)})
	}
	all("each hears the others")

	w.participant(room, ben, "Muted", "true")
	check("ben is muted", []string{tone}, []string{tone, microphone(anna)}, []string{microphone(anna)})
	w.participant(room, ben, "Muted", "false")

	w.participant(room, phone, "Hold", "true")
	check("the phone is on hold", []string{microphone(ben)}, []string{microphone(anna)}, []string{"music"})
	w.participant(room, phone, "AnnounceUrl", "https://app.test/notice")
	w.advance(0)
	check("an announcement in place of the music", []string{microphone(ben)}, []string{microphone(anna)}, []string{"speech This call is recorded"})
	w.advance(time.Minute)
	check("the music comes back", []string{microphone(ben)}, []string{microphone(anna)}, []string{"music"})
	w.participant(room, phone, "Hold", "false")
	w.participant(room, phone, "Hold", "true", "HoldUrl", "https://app.test/hold")
	w.advance(time.Hour / 4)
	check("with music of our own", []string{microphone(ben)}, []string{microphone(anna)}, []string{"recording https://app.test/hold.wav"})
	w.participant(room, phone, "Hold", "false")
	all("all back")

	w.participant(room, ben, "CallSidToCoach", anna)
	check("ben coaches anna", []string{tone, microphone(ben)}, []string{tone, microphone(anna)}, []string{microphone(anna)})
	w.participant(room, ben, "Coaching", "false")

	w.participant(room, phone, "AnnounceUrl", "https://app.test/notice")
	w.advance(0)
	check("one hears an announcement", []string{tone, microphone(ben)}, []string{tone, microphone(anna)},
		[]string{microphone(anna), microphone(ben), "speech This call is recorded"})
	w.advance(time.Minute)
	all("it is over")
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+".json", "AnnounceUrl", "https://app.test/notice"))
	w.advance(0)
	notice := "speech This call is recorded"
	check("all do", []string{tone, microphone(ben), notice}, []string{tone, microphone(anna), notice}, []string{microphone(anna), microphone(ben), notice})
	w.advance(time.Minute)

	w.sim.Press("client:ben", "1")
	check("ben presses a key", []string{tone, microphone(ben), "keys 1"}, []string{tone, microphone(anna)}, []string{microphone(anna), microphone(ben), "keys 1"})
	w.advance(KeyTakes)
	w.sim.Say("+447700900009", "Hello")
	check("somebody makes the phone speak", []string{tone, microphone(ben), "speech Hello"}, []string{tone, microphone(anna), "speech Hello"},
		[]string{microphone(anna), microphone(ben)})
	w.advance(time.Second)

	w.sim.HangUp("client:ben")
	w.sim.HangUp("client:anna")
	w.advance(0)
	same(t, "alone: it waits", w.hears(phone), []string{"speech Wait"})
	if _, live := w.sim.Audible([]string{anna})[anna]; live {
		t.Error("a call that has ended is still to be heard")
	}
}

// The positions of sounds agree with the log.
func TestSoundsLastAsLongAsTheLogSays(t *testing.T) {
	w := newWorld(t, Options{})
	sid := w.dialIn(Phone{Document: patient}, map[string]string{"voice": `<Response>
		<Play loop="2">a.wav</Play><Pause length="2"/><Say language="en-GB">One moment please</Say><Play digits="1w2"/><Record timeout="60"/></Response>`})
	w.advance(0)
	last := time.Duration(0)
	for _, c := range []struct {
		from, to time.Duration
		hears    []string
	}{
		{0, 10 * time.Second, []string{"recording https://app.test/a.wav"}},
		{10 * time.Second, 12 * time.Second, nil},
		{12 * time.Second, 13105 * time.Millisecond, []string{"speech One moment please"}},
		{13105 * time.Millisecond, 13805 * time.Millisecond, []string{"keys 1w2"}},
		{13805 * time.Millisecond, 14305 * time.Millisecond, []string{"beep"}},
		{14305 * time.Millisecond, 20 * time.Second, nil},
	} {
		w.advance(c.from - last)
		same(t, c.from.String(), w.hears(sid), append([]string{}, c.hears...))
		for _, x := range w.sim.Audible([]string{sid})[sid] {
			equals(t, "since", x.Since.Sub(newVirtualClock().now), c.from)
			if x.Kind == Speech {
				equals(t, "language", x.Language, "en-GB")
			}
		}
		w.advance(c.to - time.Millisecond - c.from)
		same(t, c.to.String(), w.hears(sid), append([]string{}, c.hears...))
		last = c.to - time.Millisecond
	}
}

func TestWhoHearsWhomThroughADial(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{Document: `<Response><Pause length="2"/><Say loop="0">Other</Say></Response>`})
	sid := w.dialIn(Phone{Document: `<Response><Pause length="10"/><Say loop="0">Person</Say></Response>`}, map[string]string{
		"voice":   `<Response><Pause length="3"/><Dial answerOnBridge="true"><Number sendDigits="12" url="whisper">` + other + `</Number></Dial><Say>Bye</Say></Response>`,
		"whisper": `<Response><Say>Somebody calls</Say></Response>`})
	w.advance(time.Second)
	same(t, "a Pause before all is ringing", w.hears(sid), []string{"ringing"})
	w.advance(3 * time.Second)
	same(t, "so is a Dial", w.hears(sid), []string{"ringing"})
	leg := w.children(sid)[0]["sid"].(string)
	same(t, "the other's phone only rings", w.hears(leg), []string{})
	w.advance(1200 * time.Millisecond)
	same(t, "keys are pressed at the other", w.hears(leg), []string{"keys 12"})
	w.advance(200 * time.Millisecond)
	same(t, "it hears who calls", w.hears(leg), []string{"speech Somebody calls"})
	same(t, "the caller still hears it ring", w.hears(sid), []string{"ringing"})
	w.advance(20 * time.Second)
	same(t, "the caller hears the other", w.hears(sid), []string{"speech Other"})
	same(t, "the other hears the caller", w.hears(leg), []string{"speech Person"})
	w.sim.HangUp(other)
	w.advance(0)
	same(t, "the caller hears the next verb", w.hears(sid), []string{"speech Bye"})
}

// A number of ours whose document leads into the room of the leg that has dialled it: a line from the room to itself.
func TestALineThatLeadsBackIsHeardOnce(t *testing.T) {
	w := newWorld(t, Options{}).serving(map[string]string{"voice": `<Response><Dial><Conference waitUrl="">offer</Conference></Dial></Response>`,
		"notice": `<Response><Say>Notice</Say></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	anna := w.inBrowser("anna", "offer", "WaitUrl", "")
	dialled := w.dial("offer", ownedNumber1)
	leg := dialled.text("call_sid")
	phone := w.dial("offer", "+447700900009").text("call_sid")
	w.advance(5 * time.Second)
	equals(t, "legs", len(w.sim.LiveLegs()), 4)
	same(t, "anna does not hear herself", w.hears(anna), []string{"recording " + toneURL})
	same(t, "nor does the phone", w.hears(phone), []string{"microphone " + anna})
	same(t, "the line hears both, once", w.hears(leg), []string{"microphone " + anna, "recording " + toneURL})
	w.participant(dialled.text("conference_sid"), leg, "AnnounceUrl", "https://app.test/notice")
	w.advance(0)
	same(t, "and what is announced to it, once", w.hears(leg), []string{"microphone " + anna, "recording " + toneURL, "speech Notice"})
}

// Before the bridge neither hears the other, even if both could speak. A leg that is sent elsewhere is heard no more.
func TestABridgeHasABeginningAndAnEnd(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{Document: `<Response><Say loop="0">Other</Say></Response>`})
	sid := w.dialIn(Phone{Document: `<Response><Say loop="0">Person</Say></Response>`}, map[string]string{
		"voice":   `<Response><Dial><Number url="whisper">` + other + `</Number></Dial><Say>Bye</Say></Response>`,
		"whisper": `<Response><Say>Somebody calls</Say></Response>`})
	w.advance(500 * time.Millisecond)
	leg := w.children(sid)[0]["sid"].(string)
	same(t, "the leg", w.hears(leg), []string{"speech Somebody calls"})
	same(t, "the caller", w.hears(sid), []string{"ringing"})
	w.advance(time.Second)
	same(t, "the leg, connected", w.hears(leg), []string{"speech Person"})
	same(t, "the caller, connected", w.hears(sid), []string{"speech Other"})
	w.must(w.updateCall(leg, "Twiml", `<Response><Say>Elsewhere</Say></Response>`))
	w.advance(0)
	same(t, "the leg, sent elsewhere", w.hears(leg), []string{"speech Elsewhere"})
	same(t, "the caller, left", w.hears(sid), []string{"speech Bye"})
}

func TestATone(t *testing.T) {
	w := newWorld(t, Options{})
	status, body := w.control("GET", "/simulator/tone/440.wav?seconds=2", "")
	equals(t, "status", status, 200)
	equals(t, "length", len(body), 44+2*2*SampleRate)
	equals(t, "a WAV file", bytes.HasPrefix([]byte(body), []byte("RIFF")), true)
	for _, wrong := range []string{"440", "x.wav", "49.wav", "3401.wav", "440.wav?seconds=x", "440.wav?seconds=0", "440.wav?seconds=61", "440.wav?seconds=NaN"} {
		status, body := w.control("GET", tonePath+wrong, "")
		equals(t, wrong, status, 404)
		equals(t, wrong+" is explained", strings.Contains(body, `"error"`), true)
	}
	status, _ = w.control("POST", "/simulator/tone/440.wav", "")
	equals(t, "POST", status, 405)
	tone, err := ToneAt("https://app.test/simulator/tone/440.wav#rc=2")
	if err != nil || tone != (Tone{Hz: 440, Length: playTakes}) {
		t.Errorf("got %v %v", tone, err)
	}
}
