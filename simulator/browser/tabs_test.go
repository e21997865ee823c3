package browser

import (
	"encoding/json"
	"testing"
)

// Several pages of one agent, in which one call rings.

// frameOf is a frame as the worker gets it.
func (w *centre) frameOf(kind string, payload object) (r request) {
	w.t.Helper()
	text, err := json.Marshal(frame{kind, protocol, payload})
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// legs are those that the server knows of a call.
func (w *centre) legs(sid string) (n int) {
	w.server.await(func() {
		for _, l := range w.server.legs {
			if l.sid == sid {
				n++
			}
		}
	})
	return n
}

// One page answers; in the same instant the other declines, which has not been told yet. The conversation stays.
func TestOnePageAnswersAndAnotherDeclines(t *testing.T) {
	for _, kind := range []string{"reject", "hangup", "dtmf"} {
		t.Run(kind, func(t *testing.T) {
			w := newCentre(t, Options{})
			one, two := w.register(0), w.register(0)
			sid := w.ring("client:anna")
			first, second := one.expect("invite"), two.expect("invite")
			h := newHeadset(t, micSays)
			answers := w.frameOf("answer", object{"callsid": sid, "sdp": h.answer(text(second, "sdp"))})
			meddles := w.frameOf(kind, object{"callsid": sid, "dtmf": "1"})
			w.server.await(func() {
				late := w.server.legs[text(first, "reconnect")].on
				w.server.legs[text(second, "reconnect")].on.handle(answers)
				late.handle(meddles)
			})
			w.talking(sid, h)
			if keys := w.pressed(sid); keys != "" {
				t.Errorf("keys %s were pressed in the other page's call", keys)
			}
			w.becomes(sid, "in-progress")
			if n := w.legs(sid); n != 1 {
				t.Errorf("%d pages are in the call, want one", n)
			}
		})
	}
}

// Pages in which the call rings are closed; the one that is left answers, with sound.
func TestAPageAnswersWhenOthersAreGone(t *testing.T) {
	w := newCentre(t, Options{})
	var gone []*sdk
	for range 8 {
		gone = append(gone, w.register(0))
	}
	b := w.register(0)
	sid := w.ring("client:anna")
	invite := b.expect("invite")
	for _, page := range gone {
		page.expect("invite")
		page.cut()
	}
	w.eventually("the server knows", func() bool {
		here := 0
		w.server.await(func() { here = len(w.server.connections) })
		return here == 1
	})
	h := newHeadset(t, micSays)
	b.send("answer", object{"callsid": sid, "sdp": h.answer(text(invite, "sdp"))})
	w.talking(sid, h)
	b.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
	w.eventually("nothing of the call is left", func() bool { return w.legs(sid) == 0 })
}

// connectToken: a page in which the call rings takes it from another in which it rings.
func TestAPageTakesACallThatRingsInIt(t *testing.T) {
	w := newCentre(t, Options{})
	front, desk := w.register(0), w.register(0)
	sid := w.ring("client:anna")
	invite := front.expect("invite")
	desk.expect("invite")
	h := newHeadset(t, micSays)
	desk.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.offer(nil), "twilio": object{}})
	h.accept(text(desk.expect("answer"), "sdp"))
	front.expect("cancel")
	w.talking(sid, h)
	if n := w.legs(sid); n != 1 {
		t.Errorf("%d pages are in the call, want one", n)
	}
	w.post("Calls/"+sid+".json", "Status", "completed")
	desk.expect("hangup")
	w.silent(sid)
	w.eventually("nothing of the call is left", func() bool { return w.legs(sid) == 0 })
}

// A page that names a call of somebody else's, or none, does nothing to any.
func TestAPageNamesACallOfSomebodyElse(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid, h, _ := w.answered(b)
	ben := w.agent()
	ben.identity = "ben"
	stranger, beside := w.signIn(ben, 0), w.register(0)
	meddle := func(page *sdk, sid string) {
		for _, kind := range []string{"hangup", "reject", "dtmf"} {
			page.send(kind, object{"callsid": sid, "dtmf": "1"})
		}
		for _, kind := range []string{"answer", "reinvite"} {
			page.send(kind, object{"callsid": sid, "sdp": h.peer.LocalDescription().SDP})
			page.expect("hangup")
		}
		page.send("message", object{"callsid": sid, "voiceeventsid": "KX1"})
		page.fails("error", 31404)
		w.talking(sid, h)
	}
	meddle(stranger, sid)
	meddle(beside, sid)
	b.cut() // now the call waits for its page: another of anna's may have it, but ben's may not
	w.eventually("the server knows", func() bool { return w.gone(sid) })
	for _, kind := range []string{"hangup", "reject", "dtmf"} {
		stranger.send(kind, object{"callsid": sid, "dtmf": "1"})
		beside.send(kind, object{"dtmf": "1"})
	}
	stranger.send("reinvite", object{"callsid": sid, "sdp": h.peer.LocalDescription().SDP})
	stranger.expect("hangup")
	w.talking(sid, h)
	if keys := w.pressed(sid); keys != "" {
		t.Errorf("keys %s were pressed in somebody else's call", keys)
	}
	w.becomes(sid, "in-progress")
}
