package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
)

// mostRedirects is how many redirects Twilio follows for one document (11215).
const mostRedirects = 10

var errTooManyRedirects = errors.New("too many redirects")

// follow repeats a fetch of TwiML where the answer sends it (D.1). As browsers do, it asks by GET and
// without the parameters, except after 307 and 308.
func (s *Simulator) follow(ctx context.Context, w webhook, answer webhookAnswer, address, token string) webhookAnswer {
	for hops := 0; answer.location != ""; hops++ {
		if hops == mostRedirects {
			return webhookAnswer{err: errTooManyRedirects}
		}
		address, _, _ = overrides(resolve(address, answer.location))
		if answer.status != http.StatusTemporaryRedirect && answer.status != http.StatusPermanentRedirect {
			w.method, w.form = http.MethodGet, nil
		}
		w.cookies = w.cookies.with(address, answer.cookies)
		kept := w.cookies
		answer = s.attempt(ctx, w, address, token)
		answer.cookies = kept.with(address, answer.cookies).of(address)
	}
	return answer
}

// redirectOf is where an answer sends whoever asked.
func redirectOf(res *http.Response) string {
	switch res.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return res.Header.Get("Location")
	}
	return ""
}

// cookies are what the application's hosts have asked a call to remember (D.1). They live as long as the
// call, whatever they say of their own expiry.
type cookies []hostCookie

type hostCookie struct {
	host string
	*http.Cookie
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// with is a copy with more: of one name the last counts, and a negative Max-Age forgets it.
func (c cookies) with(address string, more []*http.Cookie) cookies {
	host := hostOf(address)
	for _, m := range more {
		c = slices.DeleteFunc(slices.Clone(c), func(old hostCookie) bool { return old.host == host && old.Name == m.Name })
		if m.MaxAge >= 0 {
			c = append(c, hostCookie{host, m})
		}
	}
	return c
}

func (c cookies) of(address string) []*http.Cookie {
	var list []*http.Cookie
	host := hostOf(address)
	for _, cookie := range c {
		if cookie.host == host {
			list = append(list, cookie.Cookie)
		}
	}
	return list
}

// retrievalCode is the debugger's code for an answer that did not come (E).
func retrievalCode(err error) (int, string) {
	var dns *net.DNSError
	var certificate *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, errTooManyRedirects):
		return 11215, "HTTP too many redirects"
	case errors.As(err, &dns):
		return 11210, "HTTP bad host name"
	case errors.As(err, &certificate):
		return 11220, "SSL/TLS handshake error"
	case errors.Is(err, errTooLate), errors.Is(err, errDropped), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout(), isConnectFailure(err):
		return 11205, "HTTP connection failure: " + plainError(err)
	}
	return 11200, "HTTP retrieval failure: " + plainError(err)
}
