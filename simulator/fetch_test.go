package simulator

import (
	"bytes"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// site answers TwiML fetches with headers too. Keys are paths.
type site map[string]func(*http.Request) (int, http.Header, string)

func (s site) RoundTrip(r *http.Request) (*http.Response, error) {
	status, header, body := s[r.URL.Path](r)
	if header.Get("Content-Type") == "" {
		header.Set("Content-Type", "text/xml")
	}
	return &http.Response{StatusCode: status, Header: header, Body: io.NopCloser(bytes.NewReader([]byte(body))), Request: r}, nil
}

func heardFrom(t *testing.T, s site, fields ...string) []string {
	t.Helper()
	clock := newVirtualClock()
	w := &world{t: t, clock: clock}
	w.sim = New(Options{Clock: clock, Webhooks: s})
	defer w.sim.Close()
	w.must(w.post(calls, append([]string{"To", stays, "From", ourNumber}, fields...)...))
	w.advance(time.Minute)
	w.nothingLeft()
	var heard []string
	for _, e := range w.sim.Log() {
		if e.What == Hears || e.What == Alerted {
			heard = append(heard, e.Detail)
		}
	}
	return heard
}

func TestTwiMLFetchKeepsCookies(t *testing.T) {
	sawCookie := ""
	heardFrom(t, site{
		"/a": func(*http.Request) (int, http.Header, string) {
			return 200, http.Header{"Set-Cookie": {"a=1", "gone=1"}}, `<Response><Redirect>b</Redirect></Response>`
		},
		"/b": func(*http.Request) (int, http.Header, string) {
			return 200, http.Header{"Set-Cookie": {"a=2; Path=/", "gone=; Max-Age=0"}}, `<Response><Redirect>c</Redirect></Response>`
		},
		"/c": func(r *http.Request) (int, http.Header, string) {
			sawCookie = r.Header.Get("Cookie")
			return 200, http.Header{}, say
		},
	}, "Url", "https://app.test/a")
	equals(t, "cookies", sawCookie, "a=2")
}

func TestTwiMLFetchFollowsRedirects(t *testing.T) {
	var asked []string
	to := func(status int, location string) func(*http.Request) (int, http.Header, string) {
		return func(r *http.Request) (int, http.Header, string) {
			asked = append(asked, r.Method+" "+r.URL.Path)
			return status, http.Header{"Location": {location}}, ""
		}
	}
	end := func(r *http.Request) (int, http.Header, string) {
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+strconv.FormatBool(r.Body != nil && r.ContentLength != 0))
		return 200, http.Header{}, say
	}
	same(t, "hears", heardFrom(t, site{"/a": to(307, "/b"), "/b": to(302, "https://app.test/c"), "/c": end}, "Url", "https://app.test/a"), []string{"One moment please"})
	same(t, "asked", asked, []string{"POST /a", "POST /b", "GET /c false"})
	asked = nil
	heard := heardFrom(t, site{"/a": to(302, "/a")}, "Url", "https://app.test/a")
	equals(t, "requests of a circle", len(asked), 1+mostRedirects)
	equals(t, "alert", strings.HasPrefix(heard[0], "11215"), true)
}

func TestFallbackIsToldWhatWentWrong(t *testing.T) {
	var told []string
	heard := heardFrom(t, site{
		"/a": func(*http.Request) (int, http.Header, string) { return 200, http.Header{}, `<Answer/>` },
		"/fallback": func(r *http.Request) (int, http.Header, string) {
			_ = r.ParseForm()
			told = []string{r.Form.Get("ErrorCode"), r.Form.Get("ErrorUrl")}
			return 200, http.Header{}, say
		},
	}, "Url", "https://app.test/a", "FallbackUrl", "https://app.test/fallback")
	same(t, "told", told, []string{"12102", "https://app.test/a"})
	equals(t, "hears", heard[len(heard)-1], "One moment please")
}

func TestRelativeURLInAnInlineDocument(t *testing.T) {
	heard := heardFrom(t, site{}, "Twiml", `<Response><Redirect>next</Redirect></Response>`)
	equals(t, "alert", strings.HasPrefix(heard[0], "15004"), true)
	equals(t, "hears", heard[1], "We are sorry, an application error has occurred. Goodbye")
}
