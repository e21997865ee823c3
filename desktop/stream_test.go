package desktop

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// line reads the next line of a stream that begins so.
func line(t *testing.T, in *bufio.Scanner, begins string) string {
	t.Helper()
	for in.Scan() {
		if strings.HasPrefix(in.Text(), begins) {
			return in.Text()
		}
	}
	t.Fatalf("the stream ended before %q: %v", begins, in.Err())
	return ""
}

// serving is a real server with a limit far shorter than the life of a stream, and a request at which it runs out.
func serving(t *testing.T, r *rig) (base string, end func(context.Context) error) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", r)
	mux.HandleFunc("/until-the-limit", func(w http.ResponseWriter, _ *http.Request) {
		for out := http.NewResponseController(w); out.Flush() == nil; {
			if _, err := w.Write([]byte(".")); err != nil {
				return
			}
		}
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Handler: mux, WriteTimeout: 100 * time.Millisecond}
	srv.RegisterOnShutdown(r.Close)
	go srv.Serve(listener)
	t.Cleanup(func() { srv.Close() })
	return "http://" + listener.Addr().String(), srv.Shutdown
}

func (b *browser) connect(t *testing.T, base, page string) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // what does not come until then does not come
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, "GET", base+"/desktop/presence?page="+page, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.cookies {
		req.AddCookie(c)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("got %d %v", res.StatusCode, res.Header)
	}
	return bufio.NewScanner(res.Body)
}

func TestAStreamOutlivesTheServersLimit(t *testing.T) {
	r := newRig(t, nil)
	base, end := serving(t, r)
	b := r.as("anna")
	one := b.connect(t, base, "one")
	line(t, one, "event: hello")
	if got := line(t, one, "data: "); got != `data: {"lost_after_seconds":3}` {
		t.Errorf("got %q", got)
	}
	res, err := http.Get(base + "/until-the-limit")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("the server has no limit: this proves nothing")
	}
	two := b.connect(t, base, "two")
	line(t, two, "event: hello")
	line(t, one, "event: taken")

	if w := b.do("POST", "/desktop/device", `{"page":"two","ready":true,"wanted":"Available"}`); w.Code != http.StatusNoContent {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	refused(t, b.do("POST", "/desktop/device", `{"page":"one","ready":true,"wanted":"Available"}`), http.StatusConflict, "another tab")

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := end(ctx); err != nil {
		t.Errorf("the process does not end while pages are open: %v", err)
	}
	refused(t, b.do("GET", "/desktop/presence?page=three", ""), http.StatusServiceUnavailable, "connect again")
}

func TestThePresenceOfARealAgent(t *testing.T) {
	r := newRig(t, nil)
	base, _ := serving(t, r)
	anna := r.workspace.Agents["anna"]
	set := func(status string) {
		t.Helper()
		s, err := r.agents.standing(t.Context(), anna)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.agents.move(t.Context(), anna, s, status); err != nil {
			t.Fatal(err)
		}
		if err := r.agents.move(t.Context(), anna, s, "Offline"); err != errOvertaken {
			t.Errorf("with a standing that is old: got %v", err)
		}
	}
	set("Available")
	b := r.as("anna")
	in := b.connect(t, base, "one")
	b.do("POST", "/desktop/device", `{"page":"one","ready":false,"why":"microphone unplugged","wanted":"Available"}`)
	line(t, in, "event: status")
	if got := line(t, in, "data: "); got != `data: {"status":"Softphone lost","why":"microphone unplugged"}` {
		t.Errorf("got %q", got)
	}
	if s, err := r.agents.standing(t.Context(), anna); err != nil || s.status != "Softphone lost" || s.available {
		t.Errorf("got %+v, %v", s, err)
	}
	b.do("POST", "/desktop/device", `{"page":"one","ready":true,"wanted":"Available"}`)
	line(t, in, "event: status")
	if s, err := r.agents.standing(t.Context(), anna); err != nil || s.status != "Available" || !s.available {
		t.Errorf("got %+v, %v", s, err)
	}
	if err := r.agents.move(t.Context(), anna, standing{}, "Tea"); err == nil || !strings.Contains(err.Error(), `no agent status "Tea"`) {
		t.Errorf("got %v", err)
	}
}

func TestUnusableReports(t *testing.T) {
	r := newRig(t, nil)
	b := r.as("anna")
	refused(t, b.do("GET", "/desktop/presence", ""), http.StatusUnprocessableEntity, "page must be")
	refused(t, b.do("POST", "/desktop/device", `{"ready":true}`), http.StatusUnprocessableEntity, "page must be")
	refused(t, b.do("POST", "/desktop/device", `{"page":"`+strings.Repeat("x", 65)+`"}`), http.StatusUnprocessableEntity, "page must be")
	refused(t, b.do("POST", "/desktop/device", `{"page":"one","wanted":"Offline"}`), http.StatusUnprocessableEntity, "may choose")
	refused(t, r.browser().do("GET", "/desktop/presence?page=one", ""), http.StatusUnauthorized, "sign in")
}
