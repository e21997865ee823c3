package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twilio/twilio-go/client/jwt"

	"switchboard/simulator"
)

// soon is how long a test waits for what must happen; it passes on conditions, never on time.
const soon = 10 * time.Second

// bridgeRig is an event bridge in front of a simulator, with a workspace of two agents.
type bridgeRig struct {
	t         *testing.T
	clock     *simulator.VirtualClock
	sim       *simulator.Simulator
	bridge    *bridge
	server    *httptest.Server // of the bridge
	rest      *httptest.Server // of REST
	key       [2]string        // SID and secret
	ws        string
	anna, ben string
	routing   string
	statuses  map[string]string // SIDs by name
}

func newBridgeRig(t *testing.T, o simulator.Options) *bridgeRig {
	t.Helper()
	g := &bridgeRig{t: t, clock: simulator.NewVirtualClock(time.Now()), statuses: map[string]string{}} // tokens are of today
	o.Clock = g.clock
	g.sim = simulator.New(o)
	g.bridge = newBridge(g.sim, slog.New(slog.DiscardHandler))
	g.server, g.rest = httptest.NewServer(g.bridge), httptest.NewServer(g.sim)
	t.Cleanup(func() {
		g.bridge.Close()
		g.server.Close()
		g.rest.Close()
		g.sim.Close()
	})
	g.setUp()
	return g
}

// setUp makes what the tests need; after a reset, again. Everything has the same SIDs then.
func (g *bridgeRig) setUp() {
	key := g.post("/2010-04-01/Accounts/"+simulator.DefaultAccountSID+"/Keys.json", "FriendlyName", "browser")
	g.key = [2]string{key["sid"].(string), key["secret"].(string)}
	g.ws = g.post("/v1/Workspaces", "FriendlyName", "bridge")["sid"].(string)
	for _, row := range g.get("/Activities")["activities"].([]any) {
		status := row.(map[string]any)
		g.statuses[status["friendly_name"].(string)] = status["sid"].(string)
	}
	queue := g.post(g.v1("/TaskQueues"), "FriendlyName", "all")["sid"].(string)
	g.routing = g.post(g.v1("/Workflows"), "FriendlyName", "one", "TaskReservationTimeout", "60",
		"Configuration", `{"task_routing":{"default_filter":{"queue":"`+queue+`"}}}`)["sid"].(string)
	g.anna = g.post(g.v1("/Workers"), "FriendlyName", "anna", "ActivitySid", g.statuses["Available"],
		"Attributes", `{"contact_uri":"client:anna"}`)["sid"].(string)
	g.ben = g.post(g.v1("/Workers"), "FriendlyName", "ben")["sid"].(string)
}

func (g *bridgeRig) v1(path string) string { return "/v1/Workspaces/" + g.ws + path }

func (g *bridgeRig) post(path string, fields ...string) map[string]any {
	g.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return g.ask("POST", path, form)
}

func (g *bridgeRig) get(path string) map[string]any {
	g.t.Helper()
	return g.ask("GET", g.v1(path), url.Values{})
}

func (g *bridgeRig) ask(method, path string, form url.Values) map[string]any {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, g.rest.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		g.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(simulator.DefaultAccountSID, simulator.DefaultAuthToken)
	response, err := g.rest.Client().Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	defer response.Body.Close()
	text, _ := io.ReadAll(response.Body)
	if response.StatusCode > 299 {
		g.t.Fatalf("%s %s: %d %s", method, path, response.StatusCode, text)
	}
	body := map[string]any{}
	if len(text) > 0 {
		if err := json.Unmarshal(text, &body); err != nil {
			g.t.Fatal(err)
		}
	}
	return body
}

// offer creates a task, which is offered to anna, and gives its SID.
func (g *bridgeRig) offer(fields ...string) string {
	g.t.Helper()
	task := g.post(g.v1("/Tasks"), append([]string{"WorkflowSid", g.routing, "TaskChannel", "voice"}, fields...)...)["sid"].(string)
	g.clock.Advance(0)
	return task
}

// token is one of an agent; nothing given: valid for an hour.
func (g *bridgeRig) token(agent, role string, validUntil ...time.Time) string {
	g.t.Helper()
	return g.grant(&jwt.TaskRouterGrant{WorkspaceSid: g.ws, WorkerSid: agent, Role: role}, validUntil...)
}

func (g *bridgeRig) grant(grant jwt.BaseGrant, validUntil ...time.Time) string {
	g.t.Helper()
	p := jwt.AccessTokenParams{AccountSid: simulator.DefaultAccountSID, SigningKeySid: g.key[0], Secret: g.key[1], Identity: "anna"}
	if len(validUntil) > 0 {
		p.ValidUntil = float64(validUntil[0].Unix())
	}
	made := jwt.CreateAccessToken(p)
	if grant != nil {
		made.AddGrant(grant)
	}
	text, err := made.ToJwt()
	if err != nil {
		g.t.Fatal(err)
	}
	return text
}

// told is a frame of the socket.
type told struct {
	Type    string         `json:"event_type"`
	Payload map[string]any `json:"payload"`
}

// routerSDK is what the SDK's socket is.
type routerSDK struct {
	t     *testing.T
	conn  *websocket.Conn
	beats int
}

func (g *bridgeRig) dial(token string, options ...string) (*routerSDK, *http.Response, error) {
	ctx, cancel := context.WithTimeout(g.t.Context(), soon)
	defer cancel()
	address := "ws" + strings.TrimPrefix(g.server.URL, "http") + "/v1/wschannels?token=" + token + "&clientVersion=2.1.1"
	for _, option := range options {
		address += "&" + option
	}
	conn, response, err := websocket.Dial(ctx, address, nil)
	if err != nil {
		return nil, response, err
	}
	g.t.Cleanup(func() { _ = conn.CloseNow() })
	return &routerSDK{t: g.t, conn: conn}, response, nil
}

// connect dials, and reads init.
func (g *bridgeRig) connect(token string, options ...string) *routerSDK {
	g.t.Helper()
	page, _, err := g.dial(token, options...)
	if err != nil {
		g.t.Fatal(err)
	}
	page.expect("init")
	return page
}

// next is the next event; the heartbeat is counted.
func (p *routerSDK) next() (told, error) {
	ctx, cancel := context.WithTimeout(p.t.Context(), soon)
	defer cancel()
	for {
		_, text, err := p.conn.Read(ctx)
		if err != nil {
			return told{}, err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			p.beats++
			continue
		}
		var event told
		return event, json.Unmarshal(text, &event)
	}
}

// expect reads events, of which every one must come, in this order; it gives the last.
func (p *routerSDK) expect(types ...string) told {
	p.t.Helper()
	var event told
	for _, want := range types {
		var err error
		if event, err = p.next(); err != nil {
			p.t.Fatalf("waiting for %s: %v", want, err)
		}
		if event.Type != want {
			p.t.Fatalf("event %s %v, want %s", event.Type, event.Payload, want)
		}
	}
	return event
}

// closed reads on until the socket is closed, and gives the code.
func (p *routerSDK) closed() websocket.StatusCode {
	p.t.Helper()
	for {
		if event, err := p.next(); err != nil {
			return websocket.CloseStatus(err)
		} else if event.Type == "" {
			p.t.Fatalf("an event without a type: %v", event)
		}
	}
}

// tunnel is a request of the SDK: as its axios sends it, JSON that calls itself a form.
func (g *bridgeRig) tunnel(token, method, path string, params map[string]any, headers ...string) (int, map[string]any) {
	g.t.Helper()
	status, body, err := g.tryTunnel(token, method, "Workspaces/"+g.ws+"/"+path, params, headers...)
	if err != nil {
		g.t.Fatal(err)
	}
	return status, body
}

func (g *bridgeRig) tryTunnel(token, method, path string, params map[string]any, headers ...string) (int, map[string]any, error) {
	if params == nil {
		params = map[string]any{}
	}
	text, err := json.Marshal(map[string]any{"url": path, "method": method, "params": params, "token": token})
	if err != nil {
		return 0, nil, err
	}
	r, err := http.NewRequestWithContext(g.t.Context(), "POST", g.server.URL+"/v1/wschannels", bytes.NewReader(text))
	if err != nil {
		return 0, nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := g.server.Client().Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		return 0, nil, err
	}
	if payload, is := body["payload"].(map[string]any); is {
		return response.StatusCode, payload, nil
	}
	return response.StatusCode, body, nil
}

// rows are the contents of a list.
func rows(body map[string]any) []map[string]any {
	all := []map[string]any{}
	list, _ := body["contents"].([]any)
	for _, row := range list {
		all = append(all, row.(map[string]any))
	}
	return all
}

func equal[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}
