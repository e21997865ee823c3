package browser

import (
	"testing"
)

// The socket breaks while they talk: the sound never stops, and the browser finds its call again.
func TestABrowserComesBack(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid, h, invite := w.answered(b)
	b.cut()
	w.talking(sid, h)
	again := w.register(30)
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.peer.LocalDescription().SDP, "twilio": object{}})
	if answer := again.expect("answer"); text(answer, "callsid") != sid || text(answer, "reconnect") == "" || answer["sdp"] != nil {
		t.Errorf("got %v, want that the call goes on as it is", answer)
	}
	w.talking(sid, h)
	again.send("listen", object{"token": w.token(w.agent()), "reconnectTimeout": 30}) // a token renewed: the SDK reconnects, too
	again.expect("connected")
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.peer.LocalDescription().SDP, "twilio": object{}})
	again.expect("answer")
	again.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
}

func TestABrowserThatIsLostHasHungUp(t *testing.T) {
	for name, seconds := range map[string]int{"at once": 0, "when its time is over": 1} {
		t.Run(name, func(t *testing.T) {
			w := newCentre(t, Options{})
			b := w.register(seconds)
			sid, h, invite := w.answered(b)
			b.cut()
			w.becomes(sid, "completed")
			w.silent(sid)
			again := w.register(seconds)
			again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.peer.LocalDescription().SDP, "twilio": object{}})
			again.fails("hangup", 31404)
		})
	}
}

// A call that rang in a page that is gone rings on for who calls, and can still be claimed.
func TestAPageIsLostWhileItRings(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	sid := w.ring("client:anna")
	invite := b.expect("invite")
	b.cut()
	w.eventually("the server knows", func() bool { return w.gone(sid) })
	w.becomes(w.ring("client:anna"), "failed") // nobody is there any more
	again := w.register(0)
	w.becomes(sid, "ringing")
	h := newHeadset(t, micSays)
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.offer(nil), "twilio": object{}})
	answer := again.expect("answer")
	h.accept(text(answer, "sdp"))
	w.talking(sid, h)
}

// connectToken: a page forwards the call that rings in it to another.
func TestACallIsForwardedToAnotherPage(t *testing.T) {
	w := newCentre(t, Options{})
	front, beside := w.register(0), w.register(0)
	sid := w.ring("client:anna")
	invite := front.expect("invite")
	beside.expect("invite")
	desk := w.signIn(w.agent(), 0) // not registered
	h := newHeadset(t, micSays)
	desk.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.offer(nil), "twilio": object{}})
	h.accept(text(desk.expect("answer"), "sdp"))
	front.expect("cancel")
	beside.expect("cancel")
	w.talking(sid, h)
	w.post("Calls/"+sid+".json", "Status", "completed")
	desk.expect("hangup")
}

// A page that talked is loaded again, and goes on with new sound.
func TestAPageTakesACallFromAnother(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid, old, invite := w.answered(b)
	again := w.register(30)
	h := newHeadset(t, micSays)
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": h.offer(nil), "twilio": object{}})
	h.accept(text(again.expect("answer"), "sdp"))
	b.expect("hangup")
	old.close()
	w.talking(sid, h)
	b.cut()
	w.talking(sid, h)
	if n := w.studio.voices(sid); n != 1 {
		t.Errorf("%d voices are in the call, want one", n)
	}
}

func TestACallIsClaimedInVain(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid, h, invite := w.answered(b)
	ben := w.agent()
	ben.identity = "ben"
	stranger, anna := w.signIn(ben, 0), w.signIn(w.agent(), 0)
	for name, c := range map[string]struct {
		by    *sdk
		sid   string
		token string
		sdp   string
		code  int
	}{
		"by somebody else":   {stranger, sid, text(invite, "reconnect"), h.peer.LocalDescription().SDP, 31404},
		"with another token": {anna, sid, "token", h.peer.LocalDescription().SDP, 31404},
		"of another call":    {anna, "CA0", text(invite, "reconnect"), h.peer.LocalDescription().SDP, 31404},
		"without sound":      {anna, sid, text(invite, "reconnect"), "v=0", 31400},
	} {
		c.by.send("invite", object{"callsid": c.sid, "reconnect": c.token, "sdp": c.sdp, "twilio": object{}})
		c.by.fails("hangup", c.code)
		w.talking(sid, h)
		t.Log(name)
	}
	b.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
}

// The SDK keeps frames for when its socket is back, and sends them before it reconnects its call.
func TestFramesThatWaitedForTheSocket(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid := w.ring("client:anna")
	invite := b.expect("invite")
	h := newHeadset(t, micSays)
	answer := h.answer(text(invite, "sdp"))
	b.cut()
	w.eventually("the server knows", func() bool { return w.gone(sid) })
	again := w.open(true)
	again.send("listen", object{"token": w.token(w.agent()), "reconnectTimeout": 30})
	again.send("answer", object{"callsid": sid, "sdp": answer})
	again.expect("connected")
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": answer, "twilio": object{}})
	again.expect("answer")
	w.talking(sid, h)

	again.cut()
	w.eventually("the server knows", func() bool { return w.gone(sid) })
	last := w.signIn(w.agent(), 30)
	last.send("hangup", object{"callsid": sid})
	w.becomes(sid, "completed")
}

// An answer that was lost with the socket comes with the reconnect.
func TestAnAnswerThatWasLost(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid := w.ring("client:anna")
	invite := b.expect("invite")
	h := newHeadset(t, micSays)
	answer := h.answer(text(invite, "sdp"))
	b.cut()
	again := w.signIn(w.agent(), 30)
	again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": answer, "twilio": object{}})
	again.expect("answer")
	w.talking(sid, h)
}

// gone: the browser in which a call was has no socket any more.
func (w *centre) gone(sid string) bool {
	gone := false
	w.server.await(func() {
		for _, l := range w.server.legs {
			gone = gone || l.sid == sid && l.on.gone
		}
	})
	return gone
}
