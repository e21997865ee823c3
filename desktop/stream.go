package desktop

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// heartbeat is how often a stream shows that it is alive.
	heartbeat = 5 * time.Second
	// writeTimeout is how long the page's side may take to accept what is written.
	writeTimeout = 10 * time.Second
	// reconnectAfter is when a page whose stream broke connects again: well within lostAfter.
	reconnectAfter = 500 * time.Millisecond

	maxPageID = 64
	maxWhy    = 200
)

// pageID checks what a page calls itself.
func pageID(id string) error {
	if id == "" || len(id) > maxPageID {
		return refuse(http.StatusUnprocessableEntity, "page must be an id of 1 to %d characters that the page made up when it was loaded", maxPageID)
	}
	return nil
}

// stream is open as long as the page is; see presence.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, me Agent) error {
	id := r.URL.Query().Get("page")
	if err := pageID(id); err != nil {
		return err
	}
	st, err := s.presence.open(me.SID, id)
	switch {
	case errors.Is(err, errManyTabs):
		return refuse(http.StatusTooManyRequests, "%s", err)
	case err != nil:
		return refuse(http.StatusServiceUnavailable, "%s", err)
	}
	defer s.presence.leave(me.SID, st)
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // nginx
	w.WriteHeader(http.StatusOK)
	write := func(text string) bool {
		if out.SetWriteDeadline(time.Now().Add(writeTimeout)) != nil {
			return false
		}
		_, err := w.Write([]byte(text))
		return err == nil && out.Flush() == nil
	}
	hello := event{"hello", map[string]float64{"lost_after_seconds": lostAfter.Seconds()}}
	if !write(fmt.Sprintf("retry: %d\n", reconnectAfter.Milliseconds()) + hello.text()) {
		return nil
	}
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	for {
		text := ":\n\n"
		select {
		case e := <-st.events:
			text = e.text()
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		case <-s.presence.ctx.Done():
			return nil
		}
		if !write(text) {
			return nil
		}
	}
}

// text is the event as Server-Sent Events have it.
func (e event) text() string {
	data, err := json.Marshal(e.data)
	if err != nil {
		panic(err) // only of what cannot be JSON
	}
	return fmt.Sprintf("event: %s\ndata: %s\n\n", e.name, data)
}

// device takes what the page says of its softphone.
func (s *Server) device(w http.ResponseWriter, r *http.Request, me Agent) error {
	var in struct {
		Page string `json:"page"`
		report
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if err := pageID(in.Page); err != nil {
		return err
	}
	if in.Wanted != "" && !slices.Contains(s.cfg.Statuses.Choosable, in.Wanted) {
		return refuse(http.StatusUnprocessableEntity, "wanted must be one of the statuses that an agent may choose: %q", s.cfg.Statuses.Choosable)
	}
	if runes := []rune(in.Why); len(runes) > maxWhy {
		in.Why = string(runes[:maxWhy])
	}
	if !s.presence.hear(me.SID, in.Page, in.report) {
		return refuse(http.StatusConflict, "the softphone is open in another tab or browser: use that one, or take over here")
	}
	return noContent(w)
}
