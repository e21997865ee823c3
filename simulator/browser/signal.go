package browser

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/coder/websocket"

	"switchboard/simulator"
)

const (
	// longestFrame is far more than any SDP or message (Twilio's limit for a message is 10 KB).
	longestFrame = 256 << 10
	// mostUnsent bounds what waits for a browser that reads too slowly; then it is cut off.
	mostUnsent   = 256
	writeTimeout = 5 * time.Second
	// protocol is the version in each frame.
	protocol = "1.6"
)

// beat asks for a sign of life; the SDK sends it back.
var beat = []byte("\n")

// connection is a browser while its socket holds. One that reconnects is another connection.
type connection struct {
	s      *Server
	socket *websocket.Conn
	unsent chan []byte // nil: that was all, close the socket
	cut    context.CancelFunc

	// Below, the worker's.
	gone             bool
	token            *simulator.AccessToken // nil: not signed in
	expiry           *time.Timer
	unregister       func()        // nil: not registered
	reconnectTimeout time.Duration // how long its calls go on without it
}

// frame is what both sides send.
type frame struct {
	Type    string `json:"type"`
	Version string `json:"version"`
	Payload any    `json:"payload"`
}

// request is a frame of a browser, with all that any of them can say.
type request struct {
	Type    string `json:"type"`
	Payload struct {
		Token            string  `json:"token"`
		ReconnectTimeout float64 `json:"reconnectTimeout"` // seconds
		Media            struct {
			Audio bool `json:"audio"`
		} `json:"media"`
		CallSID   string `json:"callsid"`
		SDP       string `json:"sdp"`
		Reconnect string `json:"reconnect"`
		Twilio    struct {
			Params string `json:"params"`
		} `json:"twilio"`
		DTMF          string `json:"dtmf"`
		VoiceEventSID string `json:"voiceeventsid"`
	} `json:"payload"`
}

type object = map[string]any

// fault is an error as frames carry it.
type fault struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// serveSignal is the life of a connection.
func (s *Server) serveSignal(w http.ResponseWriter, r *http.Request) {
	// The page may come from anywhere, as with Twilio: its token says who it is, not its origin.
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // the answer says why
	}
	socket.SetReadLimit(longestFrame)
	ctx, cut := context.WithCancel(s.alive)
	defer cut()
	c := &connection{s: s, socket: socket, unsent: make(chan []byte, mostUnsent), cut: cut}
	over := make(chan struct{})
	if !s.start(func() { defer close(over); c.serve(ctx) }) {
		_ = socket.CloseNow()
		return
	}
	<-over
}

func (c *connection) serve(ctx context.Context) {
	written := make(chan struct{})
	go func() { defer close(written); c.write(ctx) }()
	c.s.await(func() { c.s.connections[c] = struct{}{} })
	c.read(ctx)
	c.cut()
	<-written
	c.s.await(c.lost)
}

// read takes one frame after the other, the next when the worker is done with the last.
func (c *connection) read(ctx context.Context) {
	for {
		patience, cancel := context.WithTimeout(ctx, 3*c.s.heartbeat)
		_, text, err := c.socket.Read(patience)
		cancel()
		if err != nil {
			return
		}
		if len(text) == len(beat) && text[0] == beat[0] {
			continue
		}
		var r request
		if err := json.Unmarshal(text, &r); err != nil {
			c.send("error", object{"error": fault{31000, "This frame is not the JSON of a Voice SDK"}})
			continue
		}
		c.s.await(func() { c.handle(r) })
	}
}

// write sends what is to be sent, and a heartbeat in between.
func (c *connection) write(ctx context.Context) {
	defer c.cut() // whoever cannot be written to need not be read
	ticker := time.NewTicker(c.s.heartbeat)
	defer ticker.Stop()
	for {
		var text []byte
		select {
		case <-ctx.Done():
			_ = c.socket.CloseNow()
			return
		case <-ticker.C:
			text = beat
		case text = <-c.unsent:
		}
		if text == nil {
			_ = c.socket.Close(websocket.StatusNormalClosure, "")
			return
		}
		patience, cancel := context.WithTimeout(ctx, writeTimeout)
		err := c.socket.Write(patience, websocket.MessageText, text)
		cancel()
		if err != nil {
			_ = c.socket.CloseNow()
			return
		}
	}
}

// send never blocks.
func (c *connection) send(kind string, payload object) {
	text, err := json.Marshal(frame{kind, protocol, payload})
	if err != nil {
		c.s.log.Error("a frame for a browser", "type", kind, "error", err)
		return
	}
	c.enqueue(text)
}

// close ends the socket once everything is sent.
func (c *connection) close() { c.enqueue(nil) }

func (c *connection) enqueue(text []byte) {
	select {
	case c.unsent <- text:
	default:
		c.s.log.Warn("a browser reads too slowly and is cut off", "identity", c.identity())
		c.cut()
	}
}

func (c *connection) identity() string {
	if c.token == nil {
		return ""
	}
	return c.token.Identity
}

// handle understands a frame. Types that it does not know are new in some SDK, and nothing that a call depends on.
func (c *connection) handle(r request) {
	c.s.log.Debug("from a browser", "type", r.Type, "identity", c.identity(), "CallSid", r.Payload.CallSID)
	if c.token == nil && r.Type != "listen" {
		c.send("error", object{"error": fault{31204, "JWT is invalid: the first frame is listen, with a valid token"}})
		return
	}
	switch r.Type {
	case "listen":
		c.listen(r)
	case "register":
		c.register(r.Payload.Media.Audio)
	case "invite":
		if r.Payload.Reconnect != "" {
			c.reconnect(r)
		} else {
			c.dial(r)
		}
	default:
		if slices.Contains(aboutCalls, r.Type) {
			c.handleCall(r)
		}
	}
}
