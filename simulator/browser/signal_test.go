package browser

import (
	"bytes"
	"runtime"
	"testing"
	"time"
)

func TestRegister(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.open(true)
	b.send("register", object{"media": object{"audio": true}})
	b.fails("error", 31204) // before it has signed in
	b.send("listen", object{"token": w.token(w.agent()), "reconnectTimeout": 0})
	connected := b.expect("connected")
	token, _ := connected["token"].(map[string]any)
	if ttl, _ := token["ttl"].(float64); token["identity"] != "anna" || ttl < 3000 || ttl > 3600 {
		t.Errorf("got token %v, want anna's for an hour", token)
	}
	for _, name := range []string{"region", "edge", "home", "gateway"} {
		if text(connected, name) == "" {
			t.Errorf("connected has no %s", name)
		}
	}
	for range 2 { // the SDK registers every 30 s
		b.send("register", object{"media": object{"audio": true}})
		b.expect("ready")
	}
	b.send("register", object{"media": object{"audio": false}})
	b.expect("offline")
	w.becomes(w.ring("client:anna"), "failed") // nobody is there
}

func TestTokensAreRefused(t *testing.T) {
	w := newCentre(t, Options{})
	expired := w.agent()
	expired.lasts = -time.Minute
	for name, c := range map[string]struct {
		token string
		code  int
	}{
		"no token": {"", 31204}, "nonsense": {"a.b.c", 31204}, "expired": {w.token(expired), 31205},
		"forged": {w.token(w.agent()) + "x", 31204},
	} {
		t.Run(name, func(t *testing.T) {
			b := w.open(true)
			b.send("listen", object{"token": c.token})
			b.fails("error", c.code)
			b.expect("close")
			b.closes()
		})
	}
}

func TestRegisteringTakesAGrant(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.signIn(grants{identity: "anna", app: w.app, lasts: time.Hour}, 0)
	b.send("register", object{"media": object{"audio": true}})
	b.fails("error", 31201)
	b.expect("offline")
}

func TestTokensAreRenewed(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	other := w.agent()
	other.identity = "ben"
	for _, token := range []string{"nonsense", w.token(other)} { // it stays who it is
		b.send("listen", object{"token": token})
		b.fails("error", 31204)
	}
	b.send("listen", object{"token": w.token(w.agent())})
	b.expect("connected")
	w.ring("client:anna") // it is registered all the time
	b.expect("invite")
	none := w.agent()
	none.incoming = false
	b.send("listen", object{"token": w.token(none)})
	b.expect("connected")
	b.expect("offline")
}

func TestTokensExpire(t *testing.T) {
	w := newCentre(t, Options{})
	short := w.agent()
	short.lasts = 2 * time.Second
	b := w.signIn(short, 0)
	b.send("register", object{"media": object{"audio": true}})
	b.expect("ready")
	b.fails("error", 31205)
	b.expect("offline")
	b.send("register", object{"media": object{"audio": true}})
	b.fails("error", 31205)
	b.expect("offline")
	b.send("invite", object{"callsid": "TJS1", "sdp": "v=0"})
	b.fails("hangup", 31205)
	b.send("listen", object{"token": w.token(w.agent())})
	b.expect("connected")
	b.send("register", object{"media": object{"audio": true}})
	b.expect("ready")
}

// A browser that does not echo heartbeats is gone, whatever its socket says.
func TestASilentBrowserIsCutOff(t *testing.T) {
	w := newCentre(t, Options{Heartbeat: 500 * time.Millisecond}) // long enough for the one that answers, on a busy machine
	silent := w.open(false)
	alive := w.register(0)
	silent.closes()
	w.ring("client:anna")
	alive.expect("invite")
}

func TestFramesThatMakeNoSense(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(0)
	b.send("sing", object{}) // of some SDK to come
	b.send("listen", object{"token": 7})
	b.fails("error", 31000)
	for _, kind := range []string{"hangup", "reject", "dtmf"} { // of a call that is over by now
		b.send(kind, object{"callsid": "CA0"})
	}
	b.send("answer", object{"callsid": "CA0", "sdp": "v=0"})
	b.expect("hangup")
	b.send("reinvite", object{"callsid": "CA0", "sdp": "v=0"})
	b.expect("hangup")
	b.send("message", object{"callsid": "CA0", "voiceeventsid": "KX1", "content": "hi", "messagetype": "user-defined-message"})
	b.fails("error", 31404)
}

func TestResetCutsBrowsersOff(t *testing.T) {
	w := newCentre(t, Options{})
	idle, ringing, talking := w.signIn(w.agent(), 0), w.register(30), w.register(30)
	sid := w.ring("client:anna")
	ringing.expect("invite")
	h := newHeadset(t, micSays)
	talking.send("answer", object{"callsid": sid, "sdp": h.answer(text(talking.expect("invite"), "sdp"))})
	ringing.expect("cancel")
	w.ring("client:anna")
	ringing.expect("invite")
	talking.expect("invite") // the SDK ignores it
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	ringing.expect("cancel")
	ringing.closes()
	got := []string{(<-talking.frames).Type, (<-talking.frames).Type}
	if got[0] == got[1] || got[0] != "cancel" && got[0] != "hangup" || got[1] != "cancel" && got[1] != "hangup" {
		t.Errorf("who talked got %q, want a hangup and a cancel", got)
	}
	talking.closes()
	w.furnish()
	idle.send("register", object{"media": object{"audio": true}})
	idle.expect("ready")
}

func TestCloseEndsEverything(t *testing.T) {
	w := newCentre(t, Options{})
	b := w.register(30)
	sid := w.ring("client:anna")
	h := newHeadset(t, micSays)
	b.send("answer", object{"callsid": sid, "sdp": h.answer(text(b.expect("invite"), "sdp"))})
	w.talking(sid, h)
	if err := w.server.Close(); err != nil {
		t.Fatal(err)
	}
	b.closes()
	if n := w.studio.voices(sid); n != 0 {
		t.Errorf("%d voices are left in the call", n)
	}
	w.becomes(w.ring("client:anna"), "failed") // it is not registered any more
	h.close()
	w.eventually("nothing of it runs", func() bool {
		stacks := make([]byte, 1<<20)
		stacks = stacks[:runtime.Stack(stacks, true)]
		for _, name := range []string{"(*Server).work", "(*connection).", "(*media).", "browser.drain", "ice.(*UDPMux"} {
			if bytes.Contains(stacks, []byte(name)) {
				return false
			}
		}
		return true
	})
}

func TestMediaAddress(t *testing.T) {
	w := newCentre(t, Options{})
	for _, address := range []string{"0.0.0.0:0", ":0", "nowhere", "127.0.0.1", w.server.MediaAddr().String()} {
		if s, err := New(w.sim, Options{MediaAddress: address}); err == nil {
			t.Errorf("%s: media is listened for there", address)
			_ = s.Close()
		}
	}
}
