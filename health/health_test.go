package health

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func get(t *testing.T, h http.Handler, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

func TestReadyOrWhyNot(t *testing.T) {
	var problems []string
	mux := New(func(context.Context) []string { return problems })
	if code, text := get(t, mux, "/readyz"); code != http.StatusOK || text != "ready\n" {
		t.Errorf("without a problem: got %d %q", code, text)
	}
	problems = []string{"Temporal is away", "Kafka is away"}
	if code, text := get(t, mux, "/readyz"); code != http.StatusServiceUnavailable || text != "Temporal is away\nKafka is away\n" {
		t.Errorf("with problems: got %d %q", code, text)
	}
	if code, _ := get(t, mux, "/healthz"); code != http.StatusOK {
		t.Errorf("a process with problems runs all the same: got %d", code)
	}
}

// A look that hangs would have the container engine time out and learn nothing.
func TestTheLookForProblemsEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		mux := New(func(ctx context.Context) []string {
			<-ctx.Done()
			return []string{"no answer"}
		})
		if code, _ := get(t, mux, "/readyz"); code != http.StatusServiceUnavailable || time.Since(began) != lookWithin {
			t.Errorf("got %d after %v, want 503 after %v", code, time.Since(began), lookWithin)
		}
	})
}

func TestListenNamesTheSettingWhereTheAddressIsTaken(t *testing.T) {
	l, err := Listen(t.Context(), "127.0.0.1:0", "SETTING")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := Listen(t.Context(), l.Addr().String(), "SETTING"); err == nil || !strings.Contains(err.Error(), "with SETTING") {
		t.Errorf("got %v", err)
	}
}

func TestAsk(t *testing.T) {
	elsewhere := httptest.NewServer(New(func(context.Context) []string { return nil }))
	defer elsewhere.Close()
	mux := New(func(context.Context) []string { return []string{"Temporal is away"} })
	mux.Handle("GET /moved", http.RedirectHandler(elsewhere.URL+"/readyz", http.StatusFound))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, c := range []struct{ address, says string }{
		{elsewhere.URL + "/readyz", ""},
		{server.URL + "/healthz", ""},
		{server.URL + "/readyz", "503 Service Unavailable: Temporal is away"},
		{server.URL + "/moved", "302"},
		{server.URL + "/nowhere", "404"},
		{"127.0.0.1:8082", "no address to ask"},
		{"file:///etc/passwd", "no address to ask"},
		{"", "no address to ask"},
	} {
		err := Ask(t.Context(), c.address)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: got %v, want %q", c.address, err, c.says)
		}
	}
	server.Close()
	if err := Ask(t.Context(), server.URL+"/healthz"); err == nil {
		t.Error("a process that is gone is healthy")
	}
}
