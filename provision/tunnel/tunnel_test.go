package tunnel

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// agent is an ngrok agent whose answer can change.
func agent(t *testing.T, answers ...string) (api string) {
	t.Helper()
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/tunnels" {
			http.NotFound(w, r)
			return
		}
		n := int(asked.Add(1)) - 1
		_, _ = w.Write([]byte(answers[min(n, len(answers)-1)]))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

const (
	none  = `{"tunnels":[],"uri":"/api/tunnels"}`
	plain = `{"tunnels":[{"public_url":"http://one.example.test","proto":"http","config":{"addr":"http://localhost:8080"}}]}`
	one   = `{"tunnels":[{"public_url":"http://one.example.test","config":{"addr":"http://localhost:8080"}},{"public_url":"https://one.example.test","config":{"addr":"http://localhost:8080","inspect":true}}]}`
	other = `{"tunnels":[{"public_url":"https://two.example.test","config":{"addr":"localhost:3000"}}]}`
)

func TestFind(t *testing.T) {
	dead := httptest.NewServer(nil)
	dead.Close()
	for name, c := range map[string]struct {
		o          Options
		want, says string
	}{
		"https of two":           {Options{APIs: []string{agent(t, one)}}, "https://one.example.test", ""},
		"the second agent":       {Options{APIs: []string{dead.URL, agent(t, one)}}, "https://one.example.test", ""},
		"comes later":            {Options{APIs: []string{agent(t, none, one)}, Wait: time.Minute}, "https://one.example.test", ""},
		"by port":                {Options{APIs: []string{agent(t, one), agent(t, other)}, Port: "3000"}, "https://two.example.test", ""},
		"which one?":             {Options{APIs: []string{agent(t, one), agent(t, other)}, Port: "9999", Wait: time.Minute}, "", "several tunnels"},
		"nobody":                 {Options{APIs: []string{dead.URL}}, "", "ngrok http 8080"},
		"no https":               {Options{APIs: []string{agent(t, plain)}}, "", "no https tunnel"},
		"nonsense":               {Options{APIs: []string{agent(t, "<html>")}}, "", "no ngrok answers"},
		"a command":              {Options{Command: "echo starting; echo https://three.example.test/"}, "https://three.example.test", ""},
		"a command that fails":   {Options{Command: "echo no >&2; exit 3"}, "", "-public-url-command failed"},
		"a command that rambles": {Options{Command: "echo your url is https://three.example.test"}, "", "alone, on its last line"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Find(t.Context(), c.o)
			switch {
			case c.says == "" && (err != nil || got != c.want):
				t.Errorf("got %q, %v, want %q", got, err, c.want)
			case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
				t.Errorf("got %q, %v, want an error with %q", got, err, c.says)
			}
		})
	}
}
