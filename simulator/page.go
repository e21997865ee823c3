package simulator

import (
	"embed"
	"net/http"
	"path"
	"strings"
)

// The page that shows the simulator at work: /simulator/. It is plain files, read by the browser as
// they are; page/app.js is where to start reading.
//
//go:embed page
var pageFiles embed.FS

// pageTypes are named here because mime.TypeByExtension depends on the machine, and a browser runs
// no module that comes as text/plain.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// pagePolicy: everything the page needs comes from here. What webhooks were answered is shown as text,
// and could do nothing if it were not.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

func pageFile(path string) ([]byte, error) {
	name := strings.TrimPrefix(path, "/simulator/")
	if name == "" {
		name = "index.html"
	}
	return pageFiles.ReadFile("page/" + name)
}

func isPageFile(path string) bool {
	_, err := pageFile(path)
	return err == nil
}

func servePage(w http.ResponseWriter, r *http.Request) {
	body, err := pageFile(r.URL.Path)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	kind := pageTypes[path.Ext(r.URL.Path)]
	if kind == "" {
		kind = pageTypes[".html"]
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Cache-Control", "no-cache") // another build has other files
	_, _ = w.Write(body)                        // the client is gone: nobody left to tell
}
