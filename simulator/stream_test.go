package simulator

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// told is one event of the stream.
type told struct{ name, id, data string }

// listener reads the stream over a real connection. It gives up long before the test would.
type listener struct {
	t    *testing.T
	body *bufio.Scanner
	stop context.CancelFunc
}

func (w *world) listen(server *httptest.Server, after string) *listener {
	w.t.Helper()
	ctx, stop := context.WithTimeout(w.t.Context(), 20*time.Second)
	w.t.Cleanup(stop)
	r, _ := http.NewRequestWithContext(ctx, "GET", server.URL+"/simulator/stream", nil)
	if after != "" {
		r.Header.Set("Last-Event-ID", after)
	}
	res, err := server.Client().Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { res.Body.Close() })
	equals(w.t, "type", res.Header.Get("Content-Type"), "text/event-stream")
	l := &listener{t: w.t, body: bufio.NewScanner(res.Body), stop: stop}
	l.body.Buffer(nil, 1<<20)
	return l
}

// next is the next event; false at the end of the stream.
func (l *listener) next() (told, bool) {
	var e told
	for l.body.Scan() {
		field, value, _ := strings.Cut(l.body.Text(), ": ")
		switch field {
		case "event":
			e.name = value
		case "id":
			e.id = value
		case "data":
			e.data = value
		case "":
			if e.name != "" {
				return e, true
			}
		}
	}
	return told{}, false
}

// until reads so many events of a kind, and gives their data.
func (l *listener) until(name string, n int) (data []string, last told) {
	l.t.Helper()
	for len(data) < n {
		e, more := l.next()
		if !more {
			l.t.Fatalf("the stream ended after %d of %d events %q: %v", len(data), n, name, l.body.Err())
		}
		if e.name == name {
			data, last = append(data, e.data), e
		}
	}
	return data, last
}

func asJSON[T any](t *testing.T, entries []T) []string {
	t.Helper()
	lines := []string{}
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}

func (w *world) serve() *httptest.Server {
	server := httptest.NewServer(w.sim)
	w.t.Cleanup(server.Close)
	w.t.Cleanup(w.sim.Close) // before the server, which waits for its connections
	return server
}

func TestStreamTellsWhatHappensInOrder(t *testing.T) {
	w := newWorld(t, Options{})
	server := w.serve()
	l := w.listen(server, "")
	hello, _ := l.until("hello", 1)
	equals(t, "hello", hello[0], `{"life":"`+w.sim.life+`","resumed":false}`)
	w.withWorkspace()
	w.talking()
	log, _ := l.until("log", len(w.sim.Log()))
	same(t, "log", log, asJSON(t, w.sim.Log()))

	requests, _ := w.listen(server, "").until("request", len(w.sim.Requests()))
	same(t, "requests", requests, asJSON(t, w.sim.Requests()))
	webhooks, _ := w.listen(server, "").until("webhook", len(w.sim.Webhooks()))
	same(t, "webhooks", webhooks, asJSON(t, w.sim.Webhooks()))
}

func TestStreamTellsTheStateAfterAChange(t *testing.T) {
	w := newWorld(t, Options{})
	l := w.listen(w.serve(), "")
	state := func() (now Snapshot) {
		data, _ := l.until("state", 1)
		if err := json.Unmarshal([]byte(data[0]), &now); err != nil {
			t.Fatal(err)
		}
		return now
	}
	equals(t, "at first", state().WebhooksOn, true)
	w.sim.SetWebhooks(false) // this one is in no journal
	equals(t, "after the change", state().WebhooksOn, false)
}

// A client that comes back hears what it missed, and nothing twice.
func TestStreamResumes(t *testing.T) {
	w := newWorld(t, Options{})
	server := w.serve()
	w.withWorkspace()
	w.newTask()
	w.newTask()
	first := w.listen(server, "")
	before, last := first.until("log", 1)
	first.stop()
	w.newTask()
	again := w.listen(server, last.id)
	hello, _ := again.until("hello", 1)
	equals(t, "hello", hello[0], `{"life":"`+w.sim.life+`","resumed":true}`)
	after, _ := again.until("log", 2)
	same(t, "log", append(before, after...), asJSON(t, w.sim.Log()))

	// Of another simulator's numbers nothing follows.
	stranger := w.listen(server, "another.2.0.0")
	hello, _ = stranger.until("hello", 1)
	equals(t, "hello", hello[0], `{"life":"`+w.sim.life+`","resumed":false}`)
	all, _ := stranger.until("log", 3)
	same(t, "log", all, asJSON(t, w.sim.Log()))
}

// After a reset the numbers begin anew, and so does the stream, on the same connection.
func TestStreamBeginsAgainAfterAReset(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newTask()
	l := w.listen(w.serve(), "")
	l.until("log", 1)
	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	hello, _ := l.until("hello", 1)
	equals(t, "hello", hello[0], `{"life":"`+w.sim.life+`","resumed":false}`)
	state, _ := l.until("state", 1)
	var now Snapshot
	if err := json.Unmarshal([]byte(state[0]), &now); err != nil {
		t.Fatal(err)
	}
	equals(t, "workspaces", len(now.Workspaces), 0)
}

// More than is copied at once, from the beginning: nothing is left out.
func TestStreamOfALongStory(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for range 3 * streamPiece {
		w.newTask()
	}
	server := w.serve()
	log, _ := w.listen(server, w.sim.life+".0.0.0").until("log", 3*streamPiece)
	same(t, "log", log, asJSON(t, w.sim.Log()))
	latest, _ := w.listen(server, "").until("log", streamBegin)
	same(t, "a new client begins near the end", latest, log[3*streamPiece-streamBegin:])
}

// stuck is a browser that stops reading when it gets a certain event.
type stuck struct {
	header           http.Header
	at               string
	reached, release chan struct{}
}

func (w *stuck) Header() http.Header { return w.header }
func (w *stuck) WriteHeader(int)     {}
func (w *stuck) Flush()              {}
func (w *stuck) Write(b []byte) (int, error) {
	if w.at != "" && strings.HasPrefix(string(b), w.at) {
		w.at = ""
		close(w.reached)
		<-w.release
	}
	return len(b), nil
}

func TestStreamToASlowReaderHoldsNobodyUp(t *testing.T) {
	for _, at := range []string{"event: hello", "event: log", "event: request", "event: webhook", "event: state"} {
		t.Run(at, func(t *testing.T) { slowReader(t, at) })
	}
}

func slowReader(t *testing.T, at string) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newTask()
	w.advance(0)
	ctx, leave := context.WithCancel(t.Context())
	browser := &stuck{header: http.Header{}, at: at, reached: make(chan struct{}), release: make(chan struct{})}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		r, _ := http.NewRequestWithContext(ctx, "GET", "/simulator/stream?after="+w.sim.life+".0.0.0", nil)
		w.sim.ServeHTTP(browser, r)
	}()
	<-browser.reached
	if !w.sim.mu.TryLock() {
		t.Fatal("the simulator is locked while a browser reads")
	}
	w.sim.mu.Unlock()
	w.newTask() // and so the world goes on
	w.advance(time.Second)
	leave()
	close(browser.release)
	<-gone
}

func TestStreamEndsWithTheSimulator(t *testing.T) {
	w := newWorld(t, Options{})
	l := w.listen(w.serve(), "")
	l.until("state", 1)
	w.sim.Close()
	if e, more := l.next(); more {
		t.Errorf("got %v, want the end", e)
	}
	if err := l.body.Err(); err != nil {
		t.Errorf("the stream broke off: %v", err)
	}
}

// In the process itself nobody can wait: the stream tells what there is, and ends.
func TestStreamWithoutAConnection(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.newTask()
	_, body, _ := w.ask("GET", "/simulator/stream", "")
	for _, name := range []string{"hello", "log", "request", "state"} {
		if !strings.Contains(body, "event: "+name+"\n") {
			t.Errorf("no %s in %s", name, body)
		}
	}
}

// ask is control with headers, there and back.
func (w *world) ask(method, path, body string, header ...string) (status int, text string, h http.Header) {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.context(), method, "http://localhost"+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := w.sim.Transport().RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	answered, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(answered), res.Header
}
