package desktop

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	sb "switchboard"
)

// changes are the requests of the page that have a body.
var changes = []string{"/desktop/session", "/desktop/call/hang-up", "/desktop/call/wrap-up", "/desktop/call/rejoin", "/desktop/device"}

// body that fails, or never ends.
type body struct{ err error }

func (b body) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), b.err
}

// Whatever is sent in the name of the page is answered with what is wrong about it, and changes nothing.
func TestBodiesOfEveryShape(t *testing.T) {
	r := newRig(t, nil)
	// Every call is hers, so that nothing but the body keeps the request from being served.
	r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
	call, number := string(testCall), "+447700900123"
	for _, c := range []struct {
		name   string
		body   io.Reader
		header []string
		status int
	}{
		{"nothing", strings.NewReader(""), nil, http.StatusUnprocessableEntity},
		{"too large", strings.NewReader(fmt.Sprintf(`{"call":%q,"note":%q}`, call, strings.Repeat(number, maxBody))), nil, http.StatusRequestEntityTooLarge},
		{"without an end", body{}, nil, http.StatusRequestEntityTooLarge},
		{"too slow", body{os.ErrDeadlineExceeded}, nil, http.StatusRequestTimeout},
		{"cut off", body{io.ErrUnexpectedEOF}, nil, http.StatusUnprocessableEntity},
		{"of no type", strings.NewReader("{}"), []string{"Content-Type", ""}, http.StatusUnsupportedMediaType},
		{"a form", strings.NewReader("call=" + url.QueryEscape(call)), []string{"Content-Type", "application/x-www-form-urlencoded"}, http.StatusUnsupportedMediaType},
		{"text, as another site may send", strings.NewReader("{}"), []string{"Content-Type", "text/plain"}, http.StatusUnsupportedMediaType},
		{"compressed", strings.NewReader("\x1f\x8b"), []string{"Content-Encoding", "gzip"}, http.StatusUnsupportedMediaType},
		{"deep", strings.NewReader(strings.Repeat(`{"call":`, 7_000)), nil, http.StatusUnprocessableEntity},
		{"deep and well-formed", strings.NewReader(strings.Repeat("[", 30_000) + strings.Repeat("]", 30_000)), nil, http.StatusUnprocessableEntity},
		{"of another shape", strings.NewReader(`{"call":7,"name":[],"page":{}}`), nil, http.StatusUnprocessableEntity},
		{"NUL", strings.NewReader("{\"call\":\"\x00\"}"), nil, http.StatusUnprocessableEntity},
		{"no UTF-8 in what names", strings.NewReader("{\"call\":\"call/crm/\xff\",\"name\":\"\xff" + number + "\"}"), nil, http.StatusUnprocessableEntity},
		{"control characters in what names", strings.NewReader(`{"call":"call/crm/\u0000","name":"\u0000"}`), nil, http.StatusUnprocessableEntity},
		{"a call that is none", strings.NewReader(`{"call":"` + number + `"}`), nil, http.StatusUnprocessableEntity},
		{"a call longer than Temporal allows", strings.NewReader(`{"call":"call/crm/` + strings.Repeat("1", 1200) + `","name":"` + strings.Repeat("x", 1200) + `"}`), nil, http.StatusUnprocessableEntity},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, path := range changes {
				b := r.as("anna")
				req := b.request(http.MethodPost, path, "")
				req.Body = io.NopCloser(c.body)
				if s, ok := c.body.(*strings.Reader); ok {
					_, _ = s.Seek(0, io.SeekStart)
				}
				if len(c.header) > 0 {
					req.Header.Set(c.header[0], c.header[1])
				}
				w := b.send(req)
				refused(t, w, c.status, "")
				if t.Failed() || w.Body.Len() > 1<<10 {
					t.Errorf("%s: got %d with %d bytes", path, w.Code, w.Body.Len())
				}
			}
			if len(r.calls.updates) > 0 {
				t.Errorf("done to the calls: %v", r.calls.updates)
			}
			if strings.Contains(r.log.String(), "7700900123") {
				t.Errorf("the log holds the number:\n%s", r.log)
			}
		})
	}
}

func TestQueriesOfEveryShape(t *testing.T) {
	r := newRig(t, nil)
	r.calls.state = sb.State{Stage: sb.StageConnected, Agent: r.workspace.Agents["anna"]}
	for _, target := range []string{
		"/desktop/call", "/desktop/call?call=", "/desktop/call?call=%00", "/desktop/call?call=call/crm/%FF", "/desktop/call?call=call/crm/%2500",
		"/desktop/call?call=call/crm/" + strings.Repeat("1", 1200), "/desktop/call?call=reap/1", "/desktop/call?call=%2B447700900123",
		"/desktop/presence", "/desktop/presence?page=" + strings.Repeat("p", maxPageID+1),
	} {
		refused(t, r.as("anna").do(http.MethodGet, target, ""), http.StatusUnprocessableEntity, "")
	}
	if strings.Contains(r.log.String(), "7700900123") {
		t.Errorf("the log holds the number:\n%s", r.log)
	}
}

// A cookie that is not ours is no cookie, of whatever size and shape.
func TestCookiesOfEveryShape(t *testing.T) {
	r := newRig(t, nil)
	good := r.as("anna").cookies["__Host-"+cookieSession].Value
	payload, tag, _ := strings.Cut(good, ".")
	for _, value := range []string{
		"", ".", payload, payload + ".", "." + tag, good + ".", good + "x", tag + "." + payload, strings.Repeat("A", 20_000) + "." + tag,
		payload + "." + strings.Repeat("A", 20_000), "e30." + tag, strings.ToUpper(good),
	} {
		b := r.browser()
		b.cookies["session"] = &http.Cookie{Name: "__Host-" + cookieSession, Value: value}
		refused(t, b.do(http.MethodPost, "/desktop/token", ""), http.StatusUnauthorized, "not signed in")
	}
	b := r.browser() // that of another purpose
	b.cookies["session"] = &http.Cookie{Name: "__Host-" + cookieSignIn, Value: good}
	refused(t, b.do(http.MethodPost, "/desktop/token", ""), http.StatusUnauthorized, "not signed in")
}
