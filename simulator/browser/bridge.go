package browser

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"switchboard/simulator"
)

// bridge is TaskRouter's event bridge, with which twilio-taskrouter works: one address, a WebSocket for what happens
// (bridge_socket.go) and POST for what the page asks for (bridge_tunnel.go).
type bridge struct {
	sim       *simulator.Simulator
	log       *slog.Logger
	heartbeat time.Duration
	queue     int // events that may wait for one page

	mu      sync.Mutex
	closed  bool
	sockets map[*bridgeSocket]struct{}
	serving sync.WaitGroup // one for each socket
}

const (
	bridgeHeartbeat = 15 * time.Second // the SDK gives up after 30 s without a word
	bridgeQueue     = 1024
	bridgePatience  = 10 * time.Second // of one write, or for the answer to a ping
)

func newBridge(sim *simulator.Simulator, log *slog.Logger) *bridge {
	return &bridge{sim: sim, log: log, heartbeat: bridgeHeartbeat, queue: bridgeQueue, sockets: map[*bridgeSocket]struct{}{}}
}

// ServeHTTP answers pages of any origin: a page seldom comes from the simulator's own port.
func (b *bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodOptions:
		w.Header().Set("Access-Control-Allow-Methods", "GET, POST")
		w.Header().Set("Access-Control-Allow-Headers", "apiversion, clientversion, if-match, content-type")
		w.Header().Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	case http.MethodGet:
		b.serveSocket(w, r)
	case http.MethodPost:
		b.serveTunnel(w, r)
	default:
		w.Header().Set("Allow", "GET, POST, OPTIONS")
		refuse(w, http.StatusMethodNotAllowed, "the event bridge takes a WebSocket (GET) or a request in JSON (POST)")
	}
}

// Close ends every socket and waits for them; later ones are refused. Do it before the simulator's.
func (b *bridge) Close() {
	b.mu.Lock()
	b.closed = true
	for s := range b.sockets {
		s.leave(goodbye{1001, "the simulator is shutting down"})
	}
	b.mu.Unlock()
	b.serving.Wait()
}

// enter takes a socket in; false: too late. Others of the same agent are ended if the page wants to be the only one.
func (b *bridge) enter(s *bridgeSocket) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false
	}
	for other := range b.sockets {
		if s.alone && other.sameAgent(s) {
			other.leave(goodbye{1008, "another session of this worker has been opened, which closes the others"})
		}
	}
	b.sockets[s] = struct{}{}
	b.serving.Add(1)
	return true
}

// exit forgets a socket. When it was the agent's last, the agent goes offline if the page asked for it; not when the
// simulator itself ends.
func (b *bridge) exit(s *bridgeSocket) {
	defer b.serving.Done()
	b.mu.Lock()
	delete(b.sockets, s)
	last := !b.closed
	for other := range b.sockets {
		last = last && !other.sameAgent(s)
	}
	b.mu.Unlock()
	if last && s.offline {
		b.sim.AgentDisconnected(s.token)
	}
}

// verify reads an access token. A refusal is answered; the token itself is never repeated.
func (b *bridge) verify(w http.ResponseWriter, text string) (simulator.AccessToken, bool) {
	token, err := b.sim.VerifyAccessToken(text)
	if err == nil {
		return token, true
	}
	var why *simulator.TokenError
	if errors.As(err, &why) {
		answer(w, http.StatusUnauthorized, map[string]any{"status": http.StatusUnauthorized, "code": why.Code, "message": why.Message})
	} else {
		refuse(w, http.StatusUnauthorized, err.Error())
	}
	return simulator.AccessToken{}, false
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"status": status, "message": message})
}

func answer(w http.ResponseWriter, status int, body map[string]any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the page is gone: nobody left to tell
}

// withPatience bounds how long one page may keep us waiting.
func withPatience() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), bridgePatience)
}
