package webhook

import (
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sb "switchboard"
)

func TestConfigurationProblemsAreNamedAllAtOnce(t *testing.T) {
	_, err := New(Config{PublicURL: "calls.example.com", SignalTimeout: 5 * time.Second})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{"PublicURL: must be an address", "AuthTokens: is missing", "Calls: is missing", "SignalTimeout: must be between"} {
		if !strings.Contains(err.Error(), field) {
			t.Errorf("got %v, want %q in it", err, field)
		}
	}
}

func TestPublicURL(t *testing.T) {
	for address, ok := range map[string]bool{
		"https://calls.example.com":         true,
		"https://calls.example.com/":        true,
		"https://calls.example.com/twilio":  true,
		"http://localhost:8080":             true,
		"":                                  false,
		"ftp://calls.example.com":           false,
		"https://":                          false,
		"https://:443":                      false,
		"https://me:pw@calls.example.com":   false,
		"https://calls.example.com?":        false,
		"https://calls.example.com/#rc=3":   false,
		"https://calls.example.com/%zz":     false,
		"https://calls.example.com:port/":   false,
		"calls.example.com/https://example": false,
	} {
		_, err := New(Config{PublicURL: address, Calls: &fakeCalls{}, AuthTokens: func(sb.AccountSID) []string { return nil }})
		if (err == nil) != ok {
			t.Errorf("%q: got %v, want accepted: %v", address, err, ok)
		}
		if err != nil && strings.Contains(err.Error(), "me:pw") {
			t.Errorf("the error repeats a password: %v", err)
		}
	}
}

func TestHealth(t *testing.T) {
	r := newRig(t)
	r.calls.onReach = answer(errDown)
	if w := r.serve(httptest.NewRequest(http.MethodGet, "/healthz", nil)); w.Code != http.StatusOK {
		t.Errorf("up: got %d, want 200 though Temporal is down", w.Code)
	}
	w := r.serve(httptest.NewRequest(http.MethodGet, "/readyz", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.HasPrefix(w.Body.String(), "Temporal cannot be reached") {
		t.Errorf("ready: got %d %q, want 503 and why", w.Code, w.Body)
	}
	r.calls.onReach = nil
	if w := r.serve(httptest.NewRequest(http.MethodGet, "/readyz", nil)); w.Code != http.StatusOK {
		t.Errorf("ready: got %d, want 200", w.Code)
	}
}

func TestReadinessDoesNotWaitForSlowTemporal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.calls.onReach = never
		began := time.Now()
		w := r.serve(httptest.NewRequest(http.MethodGet, "/readyz", nil))
		if took := time.Since(began); w.Code != http.StatusServiceUnavailable || took != readyTimeout {
			t.Errorf("got %d after %v, want 503 after %v", w.Code, took, readyTimeout)
		}
	})
}

func TestStatsAreShownOnThisMachineOnly(t *testing.T) {
	r := newRig(t)
	r.post(legTarget, legForm("ringing"))
	ask := func(from string, header ...string) *httptest.ResponseRecorder {
		req := httptest.NewRequest(http.MethodGet, "/debug/stats", nil)
		req.RemoteAddr = from
		for _, name := range header {
			req.Header.Set(name, "127.0.0.1")
		}
		return r.serve(req)
	}
	for _, from := range []string{"127.0.0.1:4711", "[::1]:4711", "[::ffff:127.0.0.1]:4711"} {
		w := ask(from)
		var got map[string]int64
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !maps.Equal(got, map[string]int64{"signalled_leg": 1}) {
			t.Errorf("%s: got %d %s, want one signal", from, w.Code, w.Body)
		}
	}
	for _, w := range []*httptest.ResponseRecorder{
		ask("192.0.2.1:4711"), ask("10.0.0.7:4711"), ask("nonsense"), ask("127.0.0.1:4711", "X-Forwarded-For"), ask("127.0.0.1:4711", "Forwarded"),
	} {
		if w.Code != http.StatusNotFound {
			t.Errorf("got %d %s, want 404", w.Code, w.Body)
		}
	}
}

func TestPanicIsAnsweredAndToldWithoutItsText(t *testing.T) {
	r := newRig(t)
	r.calls.onSignal = func(context.Context) error { panic("cannot call " + callerPhone) }
	w := r.post(legTarget, legForm("ringing"))
	if w.Code != http.StatusInternalServerError || r.stats.Snapshot()[countPanic] != 1 {
		t.Errorf("got %d, counts %v; want 500 and 1 panic", w.Code, r.stats.Snapshot())
	}
	if log := r.log.String(); !strings.Contains(log, "level=ERROR msg=panic path=/leg") || !strings.Contains(log, "server_test.go") {
		t.Errorf("the log does not tell where:\n%s", log)
	}
	noPersonalData(t, r.log.String()+w.Body.String())
}

func TestRequestLogShowsTheCallAndNothingElseOfTheRequest(t *testing.T) {
	r := newRig(t)
	r.post(legTarget, legForm("ringing"))
	log := r.log.String()
	if !strings.Contains(log, "level=DEBUG msg=request method=POST path=/leg status=204") || !strings.Contains(log, "call="+string(testCall)) {
		t.Errorf("got %s", log)
	}
	if strings.Contains(log, "party") {
		t.Errorf("the log holds the query: %s", log)
	}
}

// running starts Run and returns its address, the means to end it, and where its error comes.
func running(t *testing.T, h http.Handler) (base string, end context.CancelFunc, ended <-chan error) {
	t.Helper()
	ctx, end := context.WithCancel(t.Context())
	t.Cleanup(end)
	result := make(chan error, 1)
	address := make(chan net.Addr, 1)
	go func() {
		result <- Run(ctx, RunConfig{Address: "127.0.0.1:0", Handler: h, Listening: func(a net.Addr) { address <- a }})
	}()
	select {
	case a := <-address:
		return "http://" + a.String(), end, result
	case err := <-result:
		t.Fatalf("run: %v", err)
		return "", nil, nil
	}
}

func TestRunFinishesWhatHasBegun(t *testing.T) {
	r := newRig(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	r.calls.onSignal = func(context.Context) error {
		close(begun)
		<-finish
		return nil
	}
	base, end, ended := running(t, r)

	answered := make(chan int, 1)
	go func() {
		req := signedRequest(legTarget, legForm("ringing"))
		out, err := http.NewRequest(http.MethodPost, base+legTarget, req.Body)
		if err != nil {
			t.Error(err)
			answered <- 0
			return
		}
		out.Header = req.Header
		resp, err := http.DefaultClient.Do(out)
		if err != nil {
			t.Errorf("the callback that had begun: %v", err)
			answered <- 0
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	select {
	case <-begun:
	case status := <-answered:
		t.Fatalf("the callback was answered %d without a signal", status)
	}
	end()
	select {
	case err := <-ended:
		t.Errorf("run ended with a callback open: %v", err)
	default:
	}
	close(finish)
	if got := <-answered; got != http.StatusNoContent {
		t.Errorf("the callback that had begun: got %d, want 204", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("still listening after the end")
	}
}

func TestRunNamesTheAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	address := taken.Addr().String()
	err = Run(t.Context(), RunConfig{Address: address, Setting: "WEBHOOK_ADDRESS", Handler: http.NotFoundHandler()})
	if err == nil || !strings.Contains(err.Error(), address) || !strings.Contains(err.Error(), "choose another address with WEBHOOK_ADDRESS") {
		t.Errorf("got %v, want the address and how to choose another", err)
	}
}

func TestThePageIsServedBesideTheCallbacks(t *testing.T) {
	r := newRig(t)
	asked := ""
	h, err := New(Config{
		PublicURL: testURL, Calls: r.calls, AuthTokens: func(sb.AccountSID) []string { return []string{testToken} },
		Page: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
			asked = req.Method + " " + req.URL.Path
		}),
	})
	if err != nil {
		t.Fatal(err)
	}
	for target, to := range map[string]bool{
		"GET /": true, "HEAD /": true, "GET /assets/a.js": true, "GET /favicon.svg": true, "GET /desktop/config": true, "POST /desktop/token": true, "DELETE /desktop/session": true,
		"GET /healthz": false, "GET /readyz": false, "GET /debug/stats": false, "GET " + pathRingbackWAV: false, "POST " + sb.PathTaskAssigned: false, "POST " + sb.PathLeg: false,
	} {
		asked = ""
		method, path, _ := strings.Cut(target, " ")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if got := asked == target; got != to {
			t.Errorf("%s: the page was asked %q, answer %d", target, asked, w.Code)
		}
	}
	if w := r.serve(httptest.NewRequest(http.MethodGet, "/", nil)); w.Code != http.StatusNotFound {
		t.Errorf("without a page: got %d, want 404", w.Code)
	}
}

func TestRunEndsWhatWouldNeverFinish(t *testing.T) {
	ctx, end := context.WithCancel(t.Context())
	defer end()
	ending, begun := make(chan struct{}), make(chan struct{})
	address, ended := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		ended <- Run(ctx, RunConfig{
			Address: "127.0.0.1:0", Listening: func(a net.Addr) { address <- a }, Ending: func() { close(ending) },
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				// A stream is possible at all: the limits of callbacks can be lifted.
				if err := http.NewResponseController(w).SetWriteDeadline(time.Time{}); err != nil {
					t.Error(err)
				}
				close(begun)
				<-ending
			}),
		})
	}()
	go func() {
		if res, err := http.Get("http://" + (<-address).String()); err == nil {
			res.Body.Close()
		}
	}()
	<-begun
	end()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
}
