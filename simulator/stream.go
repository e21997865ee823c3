package simulator

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// The stream tells a browser what happens as it happens (Server-Sent Events). It costs the simulator
// next to nothing: whoever changes something closes a channel if somebody waits for it, and the
// stream then reads on in the journals, at its own pace, in the goroutine of its own request.
//
//	hello    {"life", "resumed"}: the stream begins, or begins again after a reset; at the latest
//	         entries, unless it was resumed
//	log      an Entry
//	request  a Request
//	webhook  a Webhook
//	state    a Snapshot, some time after something changed
//
// Each of the journals is told in order and without a gap. The id of an event says how far all three
// have been read: a client that sends it as Last-Event-ID, or as ?after=, goes on from there.
const (
	streamGather = 40 * time.Millisecond  // news that come together travel together
	streamState  = 250 * time.Millisecond // between two states, at least
	streamAlive  = 15 * time.Second       // something is sent even when nothing happens
	streamStall  = 30 * time.Second       // a client that reads nothing for so long has gone
	streamPiece  = 200                    // so many entries are copied under the lock at once
	streamBegin  = 300                    // so many of the latest entries a new client is told
)

// stream is one client's view.
type stream struct {
	sim       *Simulator
	to        *http.ResponseController
	w         http.ResponseWriter
	life      string // the simulator's, in which these numbers mean something
	log       int    // the entry to be told next; the same for the others
	requests  int
	webhooks  int
	lastState []byte // without its time
}

func (s *Simulator) serveStream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	st := &stream{sim: s, to: http.NewResponseController(w), w: w}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = r.URL.Query().Get("after")
	}
	st.resumeAt(after)
	_ = st.follow(r.Context()) // the client is gone, or the simulator closed: nobody left to tell
}

// resumeAt reads the id of the last event that the client got. Any other begins from new.
func (st *stream) resumeAt(id string) {
	part := strings.Split(id, ".")
	if len(part) != 4 {
		return
	}
	for i, into := range []*int{&st.log, &st.requests, &st.webhooks} {
		n, err := strconv.Atoi(part[i+1])
		if err != nil || n < 0 {
			return
		}
		*into = n
	}
	st.life = part[0]
}

func (st *stream) follow(ctx context.Context) error {
	if err := st.write("retry: 1000\n\n"); err != nil { // milliseconds until a browser comes back
		return err
	}
	if err := st.hello(); err != nil {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	owed, ready := true, time.Now() // a state is owed to the client; not to be sent before
	for {
		changed, life := st.sim.watch() // before reading, so that nothing falls in between
		switch {
		case life == "":
			return nil
		case life != st.life:
			if err := st.hello(); err != nil {
				return err
			}
		}
		if err := st.news(ctx); err != nil {
			return err
		}
		if owed && !time.Now().Before(ready) {
			size, err := st.state()
			if err != nil {
				return err
			}
			// A large state takes time to build and to read: it comes less often.
			owed, ready = false, time.Now().Add(max(streamState, time.Duration(size/1024)*time.Millisecond))
		}
		if err := st.to.Flush(); err != nil {
			return err
		}
		if owed {
			timer.Reset(time.Until(ready))
		} else {
			timer.Reset(streamAlive)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			if !owed {
				if err := st.write(": still here\n\n"); err != nil {
					return err
				}
			}
		case <-changed:
			owed = true
			timer.Reset(streamGather)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-timer.C:
			}
		}
	}
}

// watch is a channel that is closed at the end of the next section in which something may have changed,
// and which life the simulator lives now: "" after Close.
func (s *Simulator) watch() (changed <-chan struct{}, life string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ""
	}
	if s.changed == nil {
		s.changed = make(chan struct{})
	}
	return s.changed, s.life
}

// hello begins: where the client left off, or a little before the end.
func (st *stream) hello() error {
	s := st.sim
	s.mu.Lock()
	resumed := st.life == s.life
	if !resumed {
		st.life, st.lastState = s.life, nil
		st.log = max(s.log.next()-streamBegin, 0)
		st.requests = max(s.requests.next()-streamBegin, 0)
		st.webhooks = max(s.webhookLog.next()-streamBegin, 0)
	}
	s.mu.Unlock()
	return st.event("hello", object{"life": st.life, "resumed": resumed})
}

// news tells what the journals have, piece by piece: the lock is only held to copy one.
func (st *stream) news(ctx context.Context) error {
	s := st.sim
	for ctx.Err() == nil {
		s.mu.Lock()
		log, afterLog := s.log.piece(st.log, streamPiece)
		requests, afterRequests := s.requests.piece(st.requests, streamPiece)
		webhooks, afterWebhooks := s.webhookLog.piece(st.webhooks, streamPiece)
		s.mu.Unlock()
		if len(log)+len(requests)+len(webhooks) == 0 {
			return nil
		}
		if err := tellEach(st, "log", log, &st.log, afterLog); err != nil {
			return err
		}
		if err := tellEach(st, "request", requests, &st.requests, afterRequests); err != nil {
			return err
		}
		if err := tellEach(st, "webhook", webhooks, &st.webhooks, afterWebhooks); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// tellEach sends entries; after is the number that follows the last.
func tellEach[T any](st *stream, name string, entries []T, at *int, after int) error {
	for i, e := range entries {
		*at = after - len(entries) + i + 1
		if err := st.event(name, e); err != nil {
			return err
		}
	}
	return nil
}

// state sends how everything is now, unless that is what the client knows already.
func (st *stream) state() (size int, err error) {
	body, err := json.Marshal(st.sim.Snapshot())
	if err != nil {
		return 0, err
	}
	_, rest, _ := bytes.Cut(body, []byte(",")) // the time comes first, and always changes
	if bytes.Equal(rest, st.lastState) {
		return len(body), nil
	}
	st.lastState = rest
	return len(body), st.event("state", json.RawMessage(body))
}

func (st *stream) event(name string, data any) error {
	body, err := json.Marshal(data)
	if err != nil {
		return err
	}
	return st.write("event: %s\nid: %s.%d.%d.%d\ndata: %s\n\n", name, st.life, st.log, st.requests, st.webhooks, body)
}

func (st *stream) write(format string, args ...any) error {
	// Not every writer has a deadline; those of net/http do.
	_ = st.to.SetWriteDeadline(time.Now().Add(streamStall))
	_, err := fmt.Fprintf(st.w, format, args...)
	return err
}
