package browser

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/coder/websocket"

	"switchboard/simulator"
)

// bridgeSocket is one page's socket. Everything comes from the server; the SDK never sends a frame.
type bridgeSocket struct {
	token   simulator.AccessToken
	alone   bool // closeExistingSessions
	offline bool // setWorkerOfflineIfDisconnected
	news    chan simulator.AgentNews
	ctx     context.Context // ends when the page, or we, want no more; its cause is why
	end     context.CancelCauseFunc
	conn    *websocket.Conn
}

// goodbye is why we close a socket. The SDK passes the reason on and connects again, unless its token has expired.
type goodbye struct {
	code   websocket.StatusCode
	reason string
}

func (g goodbye) Error() string { return g.reason }

// errCutOff is why a socket is closed without a word: the page does not read, or is gone.
var errCutOff = errors.New("the page does not read, or is gone")

func (s *bridgeSocket) leave(g goodbye) { s.end(g) }

func (s *bridgeSocket) sameAgent(other *bridgeSocket) bool {
	return s.token.AccountSID == other.token.AccountSID && s.token.WorkspaceSID == other.token.WorkspaceSID && s.token.AgentSID == other.token.AgentSID
}

// serveSocket refuses before the upgrade what cannot work: the SDK then reports an error and not only that it is
// disconnected.
func (b *bridge) serveSocket(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	token, ok := b.verify(w, q.Get("token"))
	if !ok {
		return
	}
	s := &bridgeSocket{
		token: token, alone: q.Get("closeExistingSessions") == "true", offline: q.Get("setWorkerOfflineIfDisconnected") == "true",
		news: make(chan simulator.AgentNews, b.queue),
	}
	s.ctx, s.end = context.WithCancelCause(context.Background())
	defer s.end(errCutOff)
	stop, err := b.sim.WatchAgent(token, s.tell)
	if err != nil {
		refuse(w, http.StatusForbidden, err.Error())
		return
	}
	defer stop()
	s.conn, err = websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // pages of any origin
	if err != nil {
		return // Accept has answered
	}
	defer s.conn.CloseNow()
	if !b.enter(s) {
		_ = s.conn.Close(websocket.StatusGoingAway, "the simulator is shutting down") // it is closed now in any case
		return
	}
	defer b.exit(s)
	b.log.Debug("event bridge: a page has connected", "worker", token.AgentSID)
	why := s.serve(b.heartbeat)
	b.log.Debug("event bridge: a page has gone", "worker", token.AgentSID, "why", why.Error())
}

// tell is called under the simulator's lock. A page that lets the queue fill up is cut off: it connects again, and asks
// for everything as it is.
func (s *bridgeSocket) tell(news simulator.AgentNews) {
	select {
	case s.news <- news:
	default:
		s.end(errCutOff)
	}
}

// serve writes what there is to tell until something ends the socket, closes it, and says what ended it.
func (s *bridgeSocket) serve(heartbeat time.Duration) error {
	defer context.AfterFunc(s.ctx, func() {
		if errors.Is(context.Cause(s.ctx), errCutOff) {
			_ = s.conn.CloseNow() // a write may be waiting for a page that does not read
		}
	})()
	var others sync.WaitGroup
	others.Go(s.read)
	others.Go(func() { s.beat(heartbeat) })
	why := s.write()
	s.end(why)
	var g goodbye
	if errors.As(why, &g) {
		_ = s.conn.Close(g.code, g.reason) // whether the page heard it or not
	}
	_ = s.conn.CloseNow()
	others.Wait()
	return why
}

// write returns why there is no more to write.
func (s *bridgeSocket) write() error {
	for {
		select {
		case <-s.ctx.Done():
			return context.Cause(s.ctx)
		case news := <-s.news:
			switch news.What {
			case simulator.AgentForgotten:
				s.offline = false // who comes after the reset has another life
				return goodbye{websocket.StatusServiceRestart, "the worker is gone, or the simulator was reset"}
			case simulator.TokenRanOut:
				return goodbye{websocket.StatusPolicyViolation, "the access token has expired"}
			}
			text, err := json.Marshal(map[string]any{"event_type": news.What, "payload": shape(news.About)})
			if err != nil {
				return err
			}
			if err := s.send(text); err != nil {
				return err
			}
		}
	}
}

// send is not on the socket's context either: to end it then would break the connection in the middle of a frame.
func (s *bridgeSocket) send(text []byte) error {
	ctx, cancel := withPatience()
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, text)
}

// read waits for the page to go; what it says means nothing. It goes on while the last words are said.
func (s *bridgeSocket) read() {
	for {
		if _, _, err := s.conn.Read(context.Background()); err != nil {
			s.end(errCutOff)
			return
		}
	}
}

// beat sends a sign of life, which any white space is, and asks for one: a page whose machine sleeps does not say
// goodbye.
func (s *bridgeSocket) beat(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.send([]byte(" "))
		if err == nil {
			ctx, cancel := withPatience()
			err = s.conn.Ping(ctx)
			cancel()
		}
		if err != nil {
			s.end(errCutOff)
			return
		}
	}
}
