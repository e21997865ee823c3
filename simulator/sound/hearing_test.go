package sound

import (
	"testing"
	"time"

	"switchboard/simulator"
)

// The voices, by their frequencies.
const (
	anna        = 430
	ben         = 700
	toneOfPhone = 1000
)

// trio are two browsers and a phone in a room.
func (w *stage) trio() (a, b, phone string) {
	w.t.Helper()
	a = w.browser("anna", anna, "WaitUrl", "")
	b = w.browser("ben", ben, "WaitUrl", "")
	phone = w.add(tonePhone)
	w.earOf(phone)
	w.run(3 * time.Second)
	return a, b, phone
}

func TestEveryoneHearsExactlyTheOthers(t *testing.T) {
	w := newStage(t, Options{})
	w.documents["notice"] = `<Play>/simulator/tone/1500.wav</Play>`
	w.documents["hold"] = `<Play loop="0">/simulator/tone/1800.wav</Play>`
	a, b, phone := w.trio()
	check := func(what string, hearAnna, hearBen, hearPhone []int) {
		t.Helper()
		w.run(100 * time.Millisecond)
		heard := w.during(time.Second)
		hears(t, what+": anna", heard[a], hearAnna...)
		hears(t, what+": ben", heard[b], hearBen...)
		hears(t, what+": phone", heard[phone], hearPhone...)
	}
	all := func(what string) {
		t.Helper()
		check(what, []int{ben, toneOfPhone}, []int{anna, toneOfPhone}, []int{anna, ben})
	}
	all("a conversation of three")

	w.change(b, "Muted", "true")
	check("ben is muted", []int{toneOfPhone}, []int{anna, toneOfPhone}, []int{anna})
	w.change(b, "Muted", "false")
	all("ben speaks again")

	w.change(phone, "Hold", "true")
	w.run(100 * time.Millisecond)
	heard := w.during(5 * time.Second)
	hears(t, "anna, while the phone is on hold", heard[a], ben)
	hears(t, "ben, while the phone is on hold", heard[b], anna)
	hearsSomething(t, "the phone on hold", heard[phone])
	w.change(phone, "Hold", "false")
	w.change(phone, "Hold", "true", "HoldUrl", "https://app.test/hold")
	check("music of our own", []int{ben}, []int{anna}, []int{1800})
	w.change(phone, "Hold", "false")
	all("back from hold")

	w.change(b, "CallSidToCoach", a)
	check("ben coaches anna", []int{ben, toneOfPhone}, []int{anna, toneOfPhone}, []int{anna})
	w.change(b, "Coaching", "false")

	w.change(a, "AnnounceUrl", "https://app.test/notice")
	check("an announcement to anna", []int{ben, toneOfPhone, 1500}, []int{anna, toneOfPhone}, []int{anna, ben})
	w.run(5 * time.Second)
	all("it is over")
	w.post("/Conferences/"+w.room, "AnnounceUrl", "https://app.test/notice")
	check("an announcement to all", []int{ben, toneOfPhone, 1500}, []int{anna, toneOfPhone, 1500}, []int{anna, ben, 1500})
	w.run(5 * time.Second)

	w.sim.Press("client:ben", "1111111111")
	w.run(100 * time.Millisecond)
	heard = w.during(800 * time.Millisecond)
	hasTones(t, "anna hears ben's keys", heard[a], ben, toneOfPhone, 697, 1209)
	hasTones(t, "so does the phone", heard[phone], ben, anna, 697, 1209)
	hears(t, "ben himself does not", heard[b], anna, toneOfPhone)
	w.run(time.Second)
	all("the keys are over")

	w.sim.HangUp("client:ben")
	check("ben has left", []int{toneOfPhone}, nil, []int{anna})
}

// hasTones: they are among the strongest. Keys come and go, so that they have neighbours.
func hasTones(t *testing.T, what string, samples []int16, hz ...int) {
	t.Helper()
	for _, want := range hz {
		found := false
		for _, tone := range Tones(samples, 10) {
			found = found || tone.Level > 800 && tone.Hz > float64(want-6) && tone.Hz < float64(want+6)
		}
		if !found {
			t.Errorf("%s: %d Hz is not among %v", what, want, Tones(samples, 10))
		}
	}
}

func TestWhoWaitsAloneHearsTheirWaitURL(t *testing.T) {
	w := newStage(t, Options{})
	w.documents["wait"] = `<Play loop="0">/simulator/tone/1800.wav</Play>`
	a := w.browser("anna", anna, "WaitUrl", "https://app.test/wait")
	w.run(100 * time.Millisecond)
	hears(t, "anna alone", w.during(time.Second)[a], 1800)
	phone := w.add(tonePhone)
	w.earOf(phone)
	w.run(2 * time.Second)
	hearsNothing(t, "a phone that rings", w.during(80 * time.Millisecond)[phone])
	w.run(time.Second)
	heard := w.during(time.Second)
	hears(t, "anna with a caller", heard[a], toneOfPhone)
	hears(t, "the caller", heard[phone], anna)
	w.sim.HangUp(tonePhone)
	w.run(100 * time.Millisecond)
	hears(t, "anna alone again", w.during(time.Second)[a], 1800)
}

func TestWhoIsInTheRoomEarlyHearsItRing(t *testing.T) {
	w := newStage(t, Options{})
	a := w.browser("anna", anna, "WaitUrl", "")
	w.run(time.Second)
	hearsNothing(t, "nobody there", w.during(time.Second)[a])
	w.add(tonePhone, "EarlyMedia", "true")
	w.run(500 * time.Millisecond)
	heard := w.during(time.Second)[a]
	hasTones(t, "anna", heard, 400, 450)
	w.run(time.Second)
	hears(t, "anna", w.during(time.Second)[a], toneOfPhone)
}

func TestADialConnectsTwoVoices(t *testing.T) {
	w := newStage(t, Options{})
	w.sim.SetPhone("+447700900102", simulator.Phone{Document: `<Response><Pause length="2"/><Play loop="0">/simulator/tone/900.wav</Play></Response>`})
	w.documents["voice"] = `<Dial>+447700900102</Dial><Play loop="0">/simulator/tone/2000.wav</Play>`
	sid := w.dialIn(simulator.Phone{Document: `<Response><Play loop="0">/simulator/tone/600.wav</Play></Response>`})
	w.run(500 * time.Millisecond)
	hasTones(t, "the caller, while it rings", w.during(time.Second)[sid], 400, 450)
	w.run(2 * time.Second)
	leg := ""
	for _, live := range w.sim.LiveLegs() {
		if live.CallSID != sid {
			leg = live.CallSID
		}
	}
	w.earOf(leg)
	heard := w.during(time.Second)
	hears(t, "the caller", heard[sid], 900)
	hears(t, "who was dialled", heard[leg], 600)
	w.sim.HangUpCall(leg)
	w.run(100 * time.Millisecond)
	heard = w.during(time.Second)
	hears(t, "the caller, afterwards", heard[sid], 2000)
	hearsNothing(t, "after the end", heard[leg])
}

// The agent hears the sentence of the phone for as long as the log says, and then nothing.
func TestASentenceIsHeardToItsEnd(t *testing.T) {
	w := newStage(t, Options{})
	w.sim.SetPhone(person, simulator.Phone{Document: `<Response><Pause length="2"/><Say>Hello, who is calling?</Say><Pause length="60"/></Response>`})
	a := w.browser("anna", anna, "WaitUrl", "")
	w.add(person)
	var heard []int16
	for said := 0; said == 0; { // until the log has it
		heard = w.during(frameTakes)[a]
		for _, e := range w.sim.Log() {
			if e.What == simulator.Says {
				said++
			}
		}
	}
	const sentence = 22 * mumbleLetter
	heard = append(heard, w.during(2 * time.Second)[a]...)
	hearsSomething(t, "the sentence", heard[:samples(sentence)])
	hearsNothing(t, "after it", heard[samples(sentence)+frameSize:])
}

func TestAKeyStopsThePrompt(t *testing.T) {
	w := newStage(t, Options{})
	w.documents["voice"] = `<Gather numDigits="2"><Say loop="0">Please press two keys now</Say></Gather>`
	sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
	w.run(200 * time.Millisecond)
	hearsSomething(t, "the prompt", w.during(5 * time.Second)[sid])
	w.sim.Press(person, "1")
	w.run(frameTakes)
	hearsNothing(t, "after a key", w.during(time.Second)[sid])
}

// What is said by a person of the control side is heard like any other voice.
func TestAPersonSpeaksAndRecords(t *testing.T) {
	w := newStage(t, Options{})
	w.documents["voice"] = `<Record timeout="60"/>`
	sid := w.dialIn(simulator.Phone{Document: `<Response><Pause length="600"/></Response>`})
	w.run(frameTakes)
	hears(t, "a beep before the recording", w.during(400 * time.Millisecond)[sid], 1400)
	w.run(200 * time.Millisecond)
	hearsNothing(t, "while it is recorded", w.during(time.Second)[sid])

	w = newStage(t, Options{})
	a := w.browser("anna", anna, "WaitUrl", "")
	w.sim.SetPhone(person, simulator.Phone{Document: `<Response><Pause length="1"/><Gather timeout="600"/></Response>`})
	w.add(person)
	w.run(2 * time.Second)
	hearsNothing(t, "a quiet person", w.during(time.Second)[a])
	w.sim.Say(person, "I want to buy a van insurance")
	hearsSomething(t, "a person who speaks", w.during(time.Second)[a])
}
