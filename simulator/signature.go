package simulator

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
)

// signature is X-Twilio-Signature (E.1): HMAC-SHA1 of the URL as Twilio was given it, followed by
// every form field, name then value, sorted by name. A GET has its parameters in the URL already.
func signature(token, address string, form url.Values) string {
	return sign(token, signedURL(address), form)
}

func sign(token, address string, form url.Values) string {
	text := append(make([]byte, 0, 1<<10), address...)
	names := make([]string, 0, len(form))
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range form[name] {
			text = append(append(text, name...), value...)
		}
	}
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write(text)
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signedURL is the URL without the override fragment and without user:password. Over https voice
// callbacks drop the port before signing, over http they keep it (E.1, 5). The query stays exactly as
// it was written, so this works on text and never re-encodes.
func signedURL(address string) string {
	address, _, _ = strings.Cut(address, "#")
	scheme, rest, found := strings.Cut(address, "://")
	if !found {
		return address
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	host, path := rest[:end], rest[end:]
	if i := strings.LastIndex(host, "@"); i >= 0 {
		host = host[i+1:]
	}
	if scheme == "https" {
		if i := strings.LastIndex(host, ":"); i >= 0 && !strings.HasSuffix(host, "]") {
			host = host[:i]
		}
	}
	return scheme + "://" + host + path
}
