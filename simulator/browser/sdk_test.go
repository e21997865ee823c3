package browser

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"switchboard/simulator"
)

// patience ends every wait of these tests; nothing takes as long unless it never happens.
const patience = 20 * time.Second

// centre is a simulator with the server of browsers, in real time, and the application of a customer of Twilio.
type centre struct {
	t      *testing.T
	sim    *simulator.Simulator
	server *Server
	studio *studio
	url    string

	key, secret, app string

	mu       sync.Mutex
	document string // with which the TwiML app answers
}

func newCentre(t *testing.T, o Options) *centre {
	t.Helper()
	w := &centre{t: t, studio: newStudio(), document: `<Response><Say>Welcome</Say><Pause length="60"/></Response>`}
	w.sim = simulator.New(simulator.Options{Webhooks: w})
	t.Cleanup(w.sim.Close)
	server, err := New(w.sim, o)
	if err != nil {
		t.Fatal(err)
	}
	server.sound = w.studio
	w.server = server
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	web := httptest.NewServer(server)
	t.Cleanup(web.Close)
	w.url = web.URL
	w.furnish()
	return w
}

// furnish makes the key and the app of which tokens tell.
func (w *centre) furnish() {
	key := w.post("Keys.json", "FriendlyName", "desk")
	w.key, w.secret = key["sid"].(string), key["secret"].(string)
	w.app = w.post("Applications.json", "FriendlyName", "desk", "VoiceUrl", "https://app.test/voice")["sid"].(string)
}

// RoundTrip is the customer's application.
func (w *centre) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"text/xml"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(w.document))}, nil
}

// post is a request of the REST API, through the server of browsers.
func (w *centre) post(path string, fields ...string) map[string]any {
	w.t.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return w.ask(http.MethodPost, path, strings.NewReader(form.Encode()))
}

func (w *centre) ask(method, path string, body io.Reader) map[string]any {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), method, w.url+"/2010-04-01/Accounts/"+simulator.DefaultAccountSID+"/"+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(simulator.DefaultAccountSID, simulator.DefaultAuthToken)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	var object map[string]any
	if err := json.NewDecoder(answer.Body).Decode(&object); err != nil || answer.StatusCode >= 300 {
		w.t.Fatalf("%s %s: got %d %v %v", method, path, answer.StatusCode, object, err)
	}
	return object
}

// ring calls a client with a document that lets it talk for a minute.
func (w *centre) ring(to string) (sid string) {
	w.t.Helper()
	return w.post("Calls.json", "To", to, "From", "+442079460000", "Twiml", `<Response><Pause length="60"/></Response>`)["sid"].(string)
}

// becomes waits until a call has a status.
func (w *centre) becomes(sid, status string) {
	w.t.Helper()
	w.eventually("the call is "+status, func() bool { return w.ask(http.MethodGet, "Calls/"+sid+".json", nil)["status"] == status })
}

func (w *centre) eventually(what string, is func() bool) {
	w.t.Helper()
	late := time.After(patience)
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for !is() {
		select {
		case <-poll.C:
		case <-late:
			w.t.Fatalf("it never came to pass that %s", what)
		}
	}
}

// grants of a token.
type grants struct {
	identity string
	incoming bool
	app      string
	lasts    time.Duration
}

func (w *centre) agent() grants {
	return grants{identity: "anna", incoming: true, app: w.app, lasts: time.Hour}
}

func (w *centre) token(g grants) string {
	encode := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(text)
	}
	signed := encode(object{"alg": "HS256", "typ": "JWT", "cty": "twilio-fpa;v=1"}) + "." + encode(object{
		"iss": w.key, "sub": simulator.DefaultAccountSID, "exp": time.Now().Add(g.lasts).Unix(),
		"grants": object{"identity": g.identity, "voice": object{"incoming": object{"allow": g.incoming}, "outgoing": object{"application_sid": g.app}}},
	})
	mac := hmac.New(sha256.New, []byte(w.secret))
	mac.Write([]byte(signed))
	return signed + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sdk is a browser as the server sees it: the frames of the Voice SDK, and a peer connection.
type sdk struct {
	w      *centre
	socket *websocket.Conn
	frames chan heard // closed with the socket
	echoes bool
}

type heard struct {
	Type    string         `json:"type"`
	Payload map[string]any `json:"payload"`
}

// open connects a browser that has not signed in.
func (w *centre) open(echoes bool) *sdk {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	socket, _, err := websocket.Dial(ctx, "ws"+strings.TrimPrefix(w.url, "http")+"/signal", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	socket.SetReadLimit(1 << 20)
	b := &sdk{w: w, socket: socket, frames: make(chan heard, 100), echoes: echoes}
	w.t.Cleanup(b.cut)
	go b.listen(w.t.Context())
	return b
}

// signIn connects a browser that has signed in.
func (w *centre) signIn(g grants, reconnectSeconds int) *sdk {
	w.t.Helper()
	b := w.open(true)
	b.send("listen", object{"token": w.token(g), "reconnectTimeout": reconnectSeconds, "browserinfo": object{"p": "browser"}})
	b.expect("connected")
	return b
}

// register connects a browser in which calls ring.
func (w *centre) register(reconnectSeconds int) *sdk {
	w.t.Helper()
	b := w.signIn(w.agent(), reconnectSeconds)
	b.send("register", object{"media": object{"audio": true}})
	b.expect("ready")
	return b
}

func (b *sdk) listen(ctx context.Context) {
	defer close(b.frames)
	for {
		_, text, err := b.socket.Read(ctx)
		if err != nil {
			return
		}
		var f heard
		switch {
		case string(text) == "\n" && b.echoes:
			if b.socket.Write(ctx, websocket.MessageText, text) != nil {
				return
			}
		case string(text) == "\n":
		case json.Unmarshal(text, &f) == nil:
			b.frames <- f
		}
	}
}

func (b *sdk) send(kind string, payload object) {
	b.w.t.Helper()
	text, err := json.Marshal(frame{kind, protocol, payload})
	if err != nil {
		b.w.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(b.w.t.Context(), patience)
	defer cancel()
	if err := b.socket.Write(ctx, websocket.MessageText, text); err != nil {
		b.w.t.Fatalf("%s cannot be sent: %v", kind, err)
	}
}

// expect is the next frame, which must be of this type.
func (b *sdk) expect(kind string) map[string]any {
	b.w.t.Helper()
	select {
	case f, open := <-b.frames:
		if !open {
			b.w.t.Fatalf("the socket is closed, want %s", kind)
		}
		if f.Type != kind {
			b.w.t.Fatalf("got %s %v, want %s", f.Type, f.Payload, kind)
		}
		return f.Payload
	case <-time.After(patience):
		b.w.t.Fatalf("%s never came", kind)
	}
	return nil
}

// fails expects a frame that carries an error, and which.
func (b *sdk) fails(kind string, code int) {
	b.w.t.Helper()
	payload := b.expect(kind)
	if why, _ := payload["error"].(map[string]any); why["code"] != float64(code) || why["message"] == "" {
		b.w.t.Fatalf("got %v, want code %d and a message", payload, code)
	}
}

// closes expects the end of the socket, and nothing before.
func (b *sdk) closes() {
	b.w.t.Helper()
	select {
	case f, open := <-b.frames:
		if open {
			b.w.t.Fatalf("got %s %v, want the end of the socket", f.Type, f.Payload)
		}
	case <-time.After(patience):
		b.w.t.Fatal("the socket was never closed")
	}
}

// cut is a network that breaks.
func (b *sdk) cut() { _ = b.socket.CloseNow() }

func text(payload map[string]any, name string) string {
	s, _ := payload[name].(string)
	return s
}
