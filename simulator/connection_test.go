package simulator

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestOverrides(t *testing.T) {
	usual := connection{connect: 5 * time.Second, read: webhookLimit, total: webhookLimit, retries: 1, when: []string{"ct"}}
	with := func(change func(*connection)) connection {
		c := usual
		change(&c)
		return c
	}
	for fragment, c := range map[string]struct {
		want    connection
		ignored []string
	}{
		"":                              {usual, nil},
		"#":                             {usual, nil},
		"#ct=100&rt=15000&tt=9000":      {with(func(c *connection) { c.connect, c.total = 100*time.Millisecond, 9*time.Second }), nil},
		"#rt=4000":                      {with(func(c *connection) { c.read = 4 * time.Second }), nil},
		"#rc=0&rp=4xx,5xx":              {with(func(c *connection) { c.retries, c.when = 0, []string{"4xx", "5xx"} }), nil},
		"#rp=4xx%2Crt":                  {with(func(c *connection) { c.when = []string{"4xx", "rt"} }), nil},
		"#e=ashburn,dublin&sni=y":       {usual, nil},
		"#ct=99&rt=15001&tt=16000":      {usual, []string{"ct=99", "rt=15001", "tt=16000"}},
		"#ct=10001&rc=6&rc=-1&rt=":      {usual, []string{"ct=10001", "rc=6", "rc=-1", "rt="}},
		"#rp=3xx&e=paris&sni=1":         {usual, []string{"rp=3xx", "e=paris", "sni=1"}},
		"#rp=all,often":                 {usual, []string{"rp=all,often"}},
		"#top":                          {usual, []string{"top"}},
		"#retries=3&rc=3":               {with(func(c *connection) { c.retries = 3 }), []string{"retries=3"}},
		"#rc=2&e=ashburn,umatilla&rc=x": {with(func(c *connection) { c.retries = 2 }), []string{"rc=x"}},
	} {
		address, got, ignored := overrides("https://app.test/call?a=1" + fragment)
		equals(t, "address", address, "https://app.test/call?a=1")
		same(t, "ignored in "+fragment, ignored, c.ignored)
		if got.connect != c.want.connect || got.read != c.want.read || got.total != c.want.total || got.retries != c.want.retries || !slices.Equal(got.when, c.want.when) {
			t.Errorf("%s: got %+v, want %+v", fragment, got, c.want)
		}
	}
}

func TestIgnoredOverridesAreToldOf(t *testing.T) {
	w := newWorld(t, Options{})
	w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call#rc=9", "StatusCallbackEvent", "completed")
	w.advance(time.Second)
	equals(t, "it arrives all the same", len(w.received("/call")), 1)
	if !slices.ContainsFunc(w.sim.Log(), func(e Entry) bool {
		return e.What == Alerted && e.Detail == "11100 connection override ignored: rc=9" && e.CallSID != ""
	}) {
		t.Error("no alert")
	}
}

// On a wall clock every attempt has rt for itself, all together have tt, and both end an application
// that never answers.
func TestTimeoutsOnTheWallClock(t *testing.T) {
	for fragment, want := range map[string]struct{ least, most int }{
		"#rt=100&rp=rt&rc=2":                {3, 3},
		"#rt=100&rp=5xx&rc=2":               {1, 1},
		"#tt=100&rp=rt&rc=5":                {1, 1},
		"#rt=100&tt=250&rp=all&rc=5&ct=100": {1, 3}, // a slow machine may need all the time for one
	} {
		tokens, alerted := make(chan string, 8), make(chan struct{})
		s := New(Options{Webhooks: roundTripper(func(r *http.Request) (*http.Response, error) {
			tokens <- r.Header.Get("I-Twilio-Idempotency-Token")
			<-r.Context().Done()
			return nil, r.Context().Err()
		}), Logger: onAlert(func() { close(alerted) })})
		w := &world{t: t, sim: s}
		w.must(w.post("/v1/Workspaces", "FriendlyName", "x", "EventCallbackUrl", "https://app.test/events"+fragment,
			"EventsFilter", "workspace.created"))
		<-alerted
		s.Close()
		close(tokens)
		count := map[string]int{}
		for token := range tokens {
			count[token]++
		}
		for _, n := range count {
			if n < want.least || n > want.most {
				t.Errorf("%s: %d attempts", fragment, n)
			}
		}
		if len(count) != 1 {
			t.Errorf("%s: attempts carry %d tokens", fragment, len(count))
		}
	}
}

// The own transport gives up connecting after ct, and that is a connect failure.
func TestConnectTimeout(t *testing.T) {
	s := New(Options{})
	defer s.Close()
	refused, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refused.Close()
	r, _ := http.NewRequestWithContext(t.Context(), "GET", "http://"+refused.Addr().String(), nil)
	res, err := s.webhooks.RoundTrip(r)
	if err == nil {
		res.Body.Close()
	}
	if !isConnectFailure(err) {
		t.Errorf("got %v, want a failure to connect", err)
	}
	_, err = dial(contextWith(t, time.Nanosecond), "tcp", "127.0.0.1:9")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() || !isConnectFailure(err) {
		t.Errorf("got %v, want a timeout of connecting", err)
	}
	if !strings.Contains(err.Error(), "timeout") {
		t.Errorf("it says %q", err)
	}
}

func contextWith(t *testing.T, ct time.Duration) context.Context {
	return context.WithValue(t.Context(), connectTimeout{}, ct)
}

// onAlert is a logger that tells of the first alert.
func onAlert(do func()) *slog.Logger { return slog.New(&alertHandler{do: sync.OnceFunc(do)}) }

type alertHandler struct{ do func() }

func (h *alertHandler) Enabled(context.Context, slog.Level) bool { return true }
func (h *alertHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Level >= slog.LevelWarn {
		h.do()
	}
	return nil
}
func (h *alertHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *alertHandler) WithGroup(string) slog.Handler      { return h }
