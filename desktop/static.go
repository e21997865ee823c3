package desktop

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// built is the bundle in dist, and a note that is there without it.
//
//go:embed all:page/dist*
var built embed.FS

// page is the bundle by path, "/index.html" among them if it has been built.
type page map[string]pageFile

type pageFile struct {
	content []byte
	etag    string
}

func readPage(from fs.FS) (page, error) {
	p := page{}
	const root = "page/dist"
	if _, err := fs.Stat(from, root); err != nil {
		return p, nil
	}
	err := fs.WalkDir(from, root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(from, path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		p[strings.TrimPrefix(path, root)] = pageFile{content, strconv.Quote(hex.EncodeToString(sum[:12]))}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the built page: %w", err)
	}
	return p, nil
}

const notBuilt = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Switchboard</title>
<h1>The agent's page has not been built</h1>
<p>Run <code>make desktop</code>, then start this process again. Calls are served without it.</p>
</html>
`

// file serves the bundle. What is under /assets/ has its content in its name and never changes.
func (s *Server) file(w http.ResponseWriter, r *http.Request) error {
	path := r.URL.Path
	if path == "/" {
		path = "/index.html"
	}
	f, there := s.page[path]
	switch {
	case !there && path == "/index.html":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(notBuilt)) // nobody is left to tell when this fails
		return nil
	case !there:
		return refuse(http.StatusNotFound, "there is nothing at this address: the page is at /")
	}
	w.Header().Set("Cache-Control", "no-cache")
	if strings.HasPrefix(path, "/assets/") {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	w.Header().Set("ETag", f.etag)
	http.ServeContent(w, r, path, time.Time{}, bytes.NewReader(f.content))
	return nil
}

// shim answers a script that is empty but for a simulator without TLS: the Voice SDK always says wss://, and
// http://localhost is where a browser opens the microphone without a certificate.
func (s *Server) shim(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "no-cache")
	if s.browser == nil || s.browser.Scheme != "http" {
		return nil
	}
	_, _ = fmt.Fprintf(w, `{ // the simulator of Twilio at %[1]s has no TLS
  const Native = window.WebSocket;
  window.WebSocket = class WebSocket extends Native {
    constructor(url, protocols) { super(String(url).replace(/^wss:\/\/%[2]s\//, "ws://%[1]s/"), protocols); }
  };
}
`, s.browser.Host, strings.NewReplacer(".", `\.`, "[", `\[`, "]", `\]`).Replace(s.browser.Host))
	return nil
}

// protect sets what a browser must know to keep the page to itself: it runs its own scripts alone, and reaches nobody
// but us and Twilio.
func (s *Server) protect(h http.Header) {
	twilio := "https://*.twilio.com wss://*.twilio.com"
	if s.browser != nil {
		host := s.browser.Host
		twilio = "http://" + host + " ws://" + host
		if s.browser.Scheme == "https" {
			twilio = "https://" + host + " wss://" + host
		}
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; "+
		"media-src 'self' blob:; manifest-src 'self'; connect-src 'self' "+twilio+"; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("Permissions-Policy", "microphone=(self), camera=(), geolocation=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if s.cookies.secure { // a browser that has seen the page once never goes there without TLS
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
