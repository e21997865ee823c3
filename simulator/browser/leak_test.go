package browser

import (
	"fmt"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"testing"
)

// TestNothingIsLeftOfCalls makes more of them with CALLS=200.
func TestNothingIsLeftOfCalls(t *testing.T) {
	calls := 16
	if n, err := strconv.Atoi(os.Getenv("CALLS")); err == nil {
		calls = n
	}
	w := newCentre(t, Options{})
	w.server.sound = voices{w.server.engine} // the real one
	w.oneOfEach(0)
	w.settled()
	before := runtime.NumGoroutine()
	for n := range calls {
		w.oneOfEach(n)
	}
	w.eventually("nothing of the calls is left", func() bool {
		w.settled()
		return runtime.NumGoroutine() <= before
	})
}

// oneOfEach is a call as it comes and goes in one of many ways; nothing of it is to be left.
func (w *centre) oneOfEach(n int) {
	w.t.Helper()
	b := w.register(0)
	defer b.cut()
	sid := w.ring("client:anna")
	invite := b.expect("invite")
	h := newHeadset(w.t, micSays)
	defer h.stop()
	answer := func() {
		b.send("answer", object{"callsid": sid, "sdp": h.answer(text(invite, "sdp"))})
		w.becomes(sid, "in-progress")
	}
	switch n % 8 {
	case 0:
		answer()
		b.send("hangup", object{"callsid": sid})
	case 1:
		b.send("reject", object{"callsid": sid})
	case 2:
		w.post("Calls/"+sid+".json", "Status", "canceled")
		b.expect("cancel")
	case 3:
		answer()
		b.cut()
		w.becomes(sid, "completed")
	case 4:
		b.send("answer", object{"callsid": sid, "sdp": "nonsense"})
		b.expect("hangup")
	case 5:
		answer()
		again := w.register(0)
		defer again.cut()
		other := newHeadset(w.t, micSays)
		defer other.stop()
		again.send("invite", object{"callsid": sid, "reconnect": text(invite, "reconnect"), "sdp": other.offer(nil), "twilio": object{}})
		other.accept(text(again.expect("answer"), "sdp"))
		b.expect("hangup")
		again.send("hangup", object{"callsid": sid})
	case 6:
		b.send("reject", object{"callsid": sid})
		b.send("invite", object{"callsid": fmt.Sprint("TJS", n), "sdp": h.offer(nil), "twilio": object{}})
		b.expect("ringing")
		h.accept(text(b.expect("answer"), "sdp"))
		b.send("hangup", object{"callsid": fmt.Sprint("TJS", n)})
	case 7:
		answer()
		w.post("Calls/"+sid+".json", "Status", "completed")
		b.expect("hangup")
	}
	w.eventually("the call is over", func() bool { return len(w.sim.LiveLegs()) == 0 })
}

// settled waits until the server knows no call and no page any more.
func (w *centre) settled() {
	w.t.Helper()
	http.DefaultClient.CloseIdleConnections()
	w.eventually("the server has forgotten everybody", func() (none bool) {
		w.server.await(func() { none = len(w.server.legs)+len(w.server.connections) == 0 })
		return none
	})
}
