package webhook

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	sb "switchboard"
)

// maxBody is far above what Twilio sends: a task's and an agent's attributes hold 4,096 characters each.
const maxBody = 64 << 10

const signatureHeader = "X-Twilio-Signature"

// signedHandler serves a request that is Twilio's beyond doubt. The form is that of the body alone: what stands in the
// query is signed as part of the URL and must not be mistaken for it.
type signedHandler func(c echo.Context, form url.Values) error

// signed lets a request pass if one of its account's tokens signed it, and answers 403 otherwise. A refusal is logged
// without anything the request carries: whoever sent it may have put there what they liked.
func (s *server) signed(next signedHandler) echo.HandlerFunc {
	return func(c echo.Context) error {
		r := c.Request()
		if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/x-www-form-urlencoded" {
			return s.refuse(c, http.StatusUnsupportedMediaType, countWrongType, "the body must be of type application/x-www-form-urlencoded")
		}
		if r.Header.Get("Content-Encoding") != "" {
			return s.refuse(c, http.StatusUnsupportedMediaType, countWrongType, "the body must not be compressed")
		}
		// Before the body: whoever has no signature to show does not make us read.
		signature := r.Header.Get(signatureHeader)
		if signature == "" {
			return s.refuse(c, http.StatusForbidden, countUnsigned, "the request is not signed")
		}
		body, err := io.ReadAll(http.MaxBytesReader(c.Response().Writer, r.Body, maxBody))
		if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
			return s.refuse(c, http.StatusRequestEntityTooLarge, countTooLarge, "the body must not be larger than 64 kB")
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return s.refuse(c, http.StatusRequestTimeout, countTooSlow, "the body did not come in time")
		}
		if err != nil {
			return s.refuse(c, http.StatusBadRequest, countUnreadable, "the body ended before its time")
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return s.refuse(c, http.StatusForbidden, countForged, "the signature is not that of this request")
		}
		// Subaccounts sign with tokens of their own, so the account is read before anything can be believed.
		tokens := s.AuthTokens(sb.AccountSID(form.Get("AccountSid")))
		if len(tokens) == 0 {
			return s.refuse(c, http.StatusForbidden, countAccount, "the account is not served here")
		}
		if !validSignature(s.urlAsSigned(r), form, signature, tokens) {
			return s.refuse(c, http.StatusForbidden, countForged, "the signature is not that of this request")
		}
		return next(c, form)
	}
}

func (s *server) refuse(c echo.Context, status int, why, sentence string) error {
	s.stats.count(why)
	if s.refusals.Take() {
		s.log.WarnContext(c.Request().Context(), "request refused", "path", c.Path(), "why", why, "not_logged_before", s.unsaid.Swap(0))
	} else {
		s.unsaid.Add(1)
	}
	return echo.NewHTTPError(status, sentence)
}

// urlAsSigned is the URL as Twilio was given it: our public address and the path and query exactly as sent. What the
// Host and X-Forwarded headers say is anybody's claim.
func (s *server) urlAsSigned(r *http.Request) string {
	uri := r.RequestURI
	if uri == "" { // a request handed over without a socket, in a simulation
		uri = r.URL.RequestURI()
	}
	return s.PublicURL + uri
}

// validSignature reports whether one of the tokens signed the form at this URL. The port may be part of the URL that was
// signed or not; Twilio is inconsistent there, and so its own validator takes either.
func validSignature(rawURL string, form url.Values, signature string, tokens []string) bool {
	fields := signedFields(form)
	return slices.ContainsFunc(tokens, func(token string) bool {
		if token == "" { // or whoever signs with nothing would be believed
			return false
		}
		by := func(address string) bool {
			mac := hmac.New(sha1.New, []byte(token))
			mac.Write([]byte(address))
			mac.Write(fields)
			return hmac.Equal([]byte(base64.StdEncoding.EncodeToString(mac.Sum(nil))), []byte(signature))
		}
		return by(rawURL) || by(otherSpelling(rawURL))
	})
}

// otherSpelling is the URL without its port, or with the default one if it has none.
func otherSpelling(rawURL string) string {
	u, err := url.Parse(rawURL)
	switch {
	case err != nil:
		return rawURL
	case u.Port() != "":
		u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	case u.Scheme == "https":
		u.Host += ":443"
	default:
		u.Host += ":80"
	}
	return u.String()
}

// signedFields is what is signed of a form: each parameter's name and value, sorted by name.
func signedFields(form url.Values) []byte {
	names := slices.AppendSeq(make([]string, 0, len(form)), maps.Keys(form))
	slices.Sort(names)
	text := make([]byte, 0, 1<<10)
	for _, name := range names {
		text = append(text, name...)
		text = append(text, signedValue(name, form[name])...)
	}
	return text
}

// signedValue is what stands behind a parameter's name in the text that is signed. A parameter that is given more than
// once counts with each of its values, as in Twilio's libraries for Node and Python; the Go one would take the first
// and leave the others unsigned.
func signedValue(name string, values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return strings.Join(slices.Compact(slices.Sorted(slices.Values(values))), name)
}
