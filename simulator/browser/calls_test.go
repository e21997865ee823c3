package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
)

// answered is a call that rings in a browser and is answered, with sound both ways.
func (w *centre) answered(b *sdk) (sid string, h *headset, invite map[string]any) {
	w.t.Helper()
	sid = w.ring("client:anna?order=12&note=a+b")
	invite = b.expect("invite")
	h = newHeadset(w.t, micSays)
	b.send("answer", object{"callsid": sid, "sdp": h.answer(text(invite, "sdp"))})
	w.becomes(sid, "in-progress")
	w.talking(sid, h)
	return sid, h, invite
}

func TestACallComesIn(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid, _, invite := w.answered(b)
	if text(invite, "callsid") != sid || text(invite, "reconnect") == "" {
		t.Errorf("the invitation is %v", invite)
	}
	if offer := text(invite, "sdp"); !strings.Contains(offer, "a=ice-lite") || !strings.Contains(offer, "a=candidate:") {
		t.Errorf("a browser that tells no address cannot be reached with this offer:\n%s", offer)
	}
	about, _ := invite["parameters"].(map[string]any)
	for name, want := range map[string]string{"CallSid": sid, "From": "+442079460000", "To": "client:anna", "Params": "note=a+b&order=12", "ApiVersion": "2010-04-01"} {
		if about[name] != want {
			t.Errorf("%s: got %v, want %s", name, about[name], want)
		}
	}
	w.post("Calls/"+sid+".json", "Status", "completed")
	if end := b.expect("hangup"); text(end, "callsid") != sid || end["error"] != nil {
		t.Errorf("the end is %v", end)
	}
	w.silent(sid)
}

func TestTheBrowserHangsUp(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid, _, _ := w.answered(b)
	b.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
	w.silent(sid)
}

func TestTheBrowserRejects(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid := w.ring("client:anna")
	b.expect("invite")
	b.send("reject", object{"callsid": sid})
	w.becomes(sid, "busy")
	b.send("answer", object{"callsid": sid, "sdp": "v=0"})
	b.expect("hangup")
}

func TestTheCallerGivesUp(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid := w.ring("client:anna")
	b.expect("invite")
	w.post("Calls/"+sid+".json", "Status", "canceled")
	if got := text(b.expect("cancel"), "callsid"); got != sid {
		t.Errorf("got %s cancelled, want %s", got, sid)
	}
}

func TestTwoBrowsersRing(t *testing.T) {
	w := newCentre(t, Options{})
	one, two := w.register(0), w.register(0)
	sid := w.ring("client:anna")
	first, second := one.expect("invite"), two.expect("invite")
	if text(first, "reconnect") == text(second, "reconnect") {
		t.Error("both have the same token to reconnect")
	}
	h := newHeadset(t, micSays)
	two.send("answer", object{"callsid": sid, "sdp": h.answer(text(second, "sdp"))})
	one.expect("cancel")
	w.talking(sid, h)
	one.send("hangup", object{"callsid": sid}) // it has no part in it any more
	one.send("reject", object{"callsid": sid})
	w.talking(sid, h)
	two.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
}

func TestAnAnswerThatMakesNoSense(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid := w.ring("client:anna")
	b.expect("invite")
	b.send("answer", object{"callsid": sid, "sdp": "v=1"})
	b.fails("hangup", 31400)
	w.becomes(sid, "busy")
}

func TestKeysAndMessages(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid, h, _ := w.answered(b)
	h.press(1)
	h.late(5)
	h.press(11)
	w.eventually("the keys are heard", func() bool { return w.pressed(sid) == "1#" })
	b.send("dtmf", object{"callsid": sid, "dtmf": "42*"})
	w.eventually("the keys are heard", func() bool { return w.pressed(sid) == "1#42*" })
	for _, nonsense := range []string{"1; drop", strings.Repeat("1", 33)} {
		b.send("dtmf", object{"callsid": sid, "dtmf": nonsense})
		b.fails("error", 31400)
	}
	b.send("message", object{"callsid": sid, "voiceeventsid": "KX1", "content": object{"hi": 1}, "contenttype": "application/json", "messagetype": "user-defined-message"})
	if ack := b.expect("ack"); text(ack, "voiceeventsid") != "KX1" || text(ack, "acktype") != "message" || text(ack, "callsid") != sid {
		t.Errorf("got %v, want that of KX1", ack)
	}
}

// pressed are the keys of a call.
func (w *centre) pressed(sid string) string {
	var keys strings.Builder
	for _, e := range w.sim.Log() {
		if e.CallSID == sid && e.What == "Presses" {
			keys.WriteString(e.Detail)
		}
	}
	return keys.String()
}

func TestTheBrowserCalls(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.signIn(w.agent(), 0)
	h := newHeadset(t, micSays)
	b.send("invite", object{"callsid": "TJS1", "sdp": h.offer(nil), "twilio": object{"params": "To=%2B447700900001&note=a%20b"}})
	sid := text(b.expect("ringing"), "callsid")
	answer := b.expect("answer")
	if text(answer, "callsid") != sid || text(answer, "reconnect") == "" {
		t.Errorf("the answer is %v, want that of %s", answer, sid)
	}
	h.accept(text(answer, "sdp"))
	w.talking(sid, h)
	b.send("hangup", object{"callsid": "TJS1"}) // the name that the SDK gave it
	w.becomes(sid, "completed")
	w.silent(sid)
}

func TestTheBrowsersCallIsRefused(t *testing.T) {
	w := newCentre(t, Options{})
	w.document = `<Response><Reject reason="busy"/></Response>`
	b := w.signIn(w.agent(), 0)
	h := newHeadset(t, micSays)
	b.send("invite", object{"callsid": "TJS1", "sdp": h.offer(nil), "twilio": object{}})
	b.expect("ringing")
	b.fails("hangup", 31486)
	for what, c := range map[string]struct {
		grants grants
		sdp    string
		params string
		code   int
	}{
		"no SDP":        {w.agent(), "", "", 31400},
		"no parameters": {w.agent(), "v=0", "%zz", 31400},
		"no app":        {grants{identity: "anna", incoming: true, lasts: time.Hour}, "v=0", "", 31002},
		"another app":   {grants{identity: "anna", app: "AP0", lasts: time.Hour}, newHeadset(t, micSays).offer(nil), "", 31001},
	} {
		t.Run(what, func(t *testing.T) {
			b := w.signIn(c.grants, 0)
			b.send("invite", object{"callsid": "TJS2", "sdp": c.sdp, "twilio": object{"params": c.params}})
			b.fails("hangup", c.code)
		})
	}
}

// An offer that cannot be answered is refused before it keeps the calls of others waiting.
func TestAnOfferWithoutADirection(t *testing.T) {
	w := newCentre(t, Options{})
	m, err := w.server.newMedia()
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	_, err = m.answer(strings.Replace(newHeadset(t, micSays).offer(nil), "a=sendrecv\r\n", "", 1))
	if err == nil || !strings.Contains(err.Error(), "no audio") {
		t.Errorf("got %v, want that there is no audio", err)
	}
}

func TestAPageDialsOnAndOn(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.signIn(w.agent(), 0)
	offer := newHeadset(t, micSays).offer(nil)
	dial := func(n int) {
		b.send("invite", object{"callsid": fmt.Sprint("TJS", n), "sdp": offer, "twilio": object{}})
	}
	for n := range mostDialled {
		dial(n)
		b.expect("ringing")
		b.expect("answer")
	}
	dial(mostDialled)
	b.fails("hangup", 31480)
	b.send("hangup", object{"callsid": "TJS0"})
	dial(mostDialled)
	b.expect("ringing")
	b.expect("answer")
}

func TestICERestart(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid, h, _ := w.answered(b)
	for range 2 {
		b.send("reinvite", object{"callsid": sid, "sdp": h.offer(&webrtc.OfferOptions{ICERestart: true})})
		answer := text(b.expect("answer"), "sdp")
		if !strings.Contains(answer, "a=setup:passive") {
			t.Errorf("the roles of DTLS have changed, and Chromium would hear nothing any more:\n%s", answer)
		}
		h.accept(answer)
		w.talking(sid, h)
	}
}

func TestPacketsComeInOrder(t *testing.T) {
	var s sequence
	for _, c := range []struct {
		number uint16
		next   bool
	}{{65534, true}, {65534, false}, {65535, true}, {1, true}, {0, false}, {65535, false}, {2, true}, {500, true}, {499, false}} {
		if got := s.next(c.number); got != c.next {
			t.Errorf("%d: got %v, want %v", c.number, got, c.next)
		}
	}
}

func TestKeypad(t *testing.T) {
	var k keypad
	for i, c := range []struct {
		time    uint32
		payload []byte
		key     byte
	}{
		{0, []byte{5, 10, 0, 40}, '5'}, {0, []byte{5, 0x8a, 0, 80}, 0}, {900, []byte{5, 0x8a, 0, 80}, '5'}, // all but its last packet lost
		{1800, []byte{10, 10, 0, 1}, '*'}, {2700, []byte{11, 10, 0, 1}, '#'}, {3600, []byte{16, 10, 0, 1}, 0}, {4500, []byte{1}, 0},
	} {
		if key, _ := k.event(c.time, c.payload); key != c.key {
			t.Errorf("packet %d: got %q, want %q", i, key, c.key)
		}
	}
}
