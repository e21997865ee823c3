package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// crowd are pages that all do what comes to their mind, at once. None of them has sound, or expects anything.
type crowd struct {
	w             *centre
	offer, answer string
	frames        atomic.Int64
}

// page lives until its context ends: it signs in, does something at every frame that it gets, and comes back.
func (c *crowd) page(ctx context.Context, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 1))
	for ctx.Err() == nil {
		socket, response, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(c.w.url, "http")+"/signal", nil)
		if err != nil {
			if response != nil {
				_ = response.Body.Close()
			}
			continue
		}
		c.life(ctx, socket, dice)
		_ = socket.CloseNow()
	}
}

func (c *crowd) life(ctx context.Context, socket *websocket.Conn, dice *rand.Rand) {
	send := func(kind string, payload object) bool {
		text, err := json.Marshal(frame{kind, protocol, payload})
		return err == nil && socket.Write(ctx, websocket.MessageText, text) == nil
	}
	if !send("listen", object{"token": c.w.token(c.w.agent()), "reconnectTimeout": dice.IntN(2)}) || !send("register", object{"media": object{"audio": true}}) {
		return
	}
	for n := range 60 {
		_, text, err := socket.Read(ctx)
		if err != nil {
			return
		}
		c.frames.Add(1)
		var f heard
		_ = json.Unmarshal(text, &f) // a heartbeat is none
		sid, _ := f.Payload["callsid"].(string)
		token, _ := f.Payload["reconnect"].(string)
		about := object{"callsid": sid, "reconnect": token, "sdp": c.offer, "dtmf": "1"}
		switch dice.IntN(12) {
		case 0, 1, 2, 3:
			about["sdp"] = c.answer
			send("answer", about)
		case 4:
			send("reject", about)
		case 5:
			send("hangup", about)
		case 6:
			send("reinvite", about)
		case 7:
			send("invite", about)
		case 8, 9:
			send("invite", object{"callsid": fmt.Sprint("TJS", n), "sdp": c.offer, "twilio": object{"params": "To=x"}})
		case 10:
			send("dtmf", about)
		case 11:
			return
		}
		if f.Type == "" || f.Type == "ready" {
			send("message", about) // so that something comes back
		}
	}
}

// Many pages do everything at once, the simulator is reset meanwhile, and in the end the server is closed in the
// middle of it. Nothing is left.
func TestACrowdOfPages(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newCentre(t, Options{})
	w.server.sound = voices{w.server.engine}
	c := &crowd{w: w}
	ringing := w.register(0)
	w.ring("client:anna")
	h := newHeadset(t, micSays)
	c.answer = h.answer(text(ringing.expect("invite"), "sdp"))
	h.stop()
	h = newHeadset(t, micSays)
	c.offer = h.offer(nil)
	h.stop()
	ringing.cut()

	ctx, stop := context.WithCancel(t.Context())
	var pages sync.WaitGroup
	for n := range 12 {
		pages.Go(func() { c.page(ctx, uint64(n)) })
	}
	for round := range 3 {
		for range 15 {
			w.ring("client:anna")
		}
		seen := c.frames.Load()
		w.eventually("pages are busy", func() bool { return c.frames.Load() > seen+200 })
		if round == 1 {
			if err := w.sim.Reset(); err != nil {
				t.Fatal(err)
			}
			w.post("Keys.json", "FriendlyName", "desk") // the same as before
			w.post("Applications.json", "FriendlyName", "desk", "VoiceUrl", "https://app.test/voice")
		}
	}
	closed := make(chan error, 1)
	go func() { closed <- w.server.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("the server does not come to its end")
	}
	stop()
	pages.Wait()
	w.sim.Close()
	w.eventually("nothing runs any more", func() bool {
		http.DefaultClient.CloseIdleConnections()
		return runtime.NumGoroutine() <= before+4 // the web server, and its last connection
	})
}
