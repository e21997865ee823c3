package simulator

import (
	"io/fs"
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestPageIsServed(t *testing.T) {
	w := newWorld(t, Options{})
	status, body, header := w.ask("GET", "/simulator/", "")
	equals(t, "status", status, 200)
	equals(t, "type", header.Get("Content-Type"), "text/html; charset=utf-8")
	if !strings.Contains(body, "<title>Twilio simulator</title>") {
		t.Errorf("got %s", body)
	}
	for _, entry := range []string{"/", "/simulator"} {
		status, _, header = w.ask("GET", entry, "")
		equals(t, entry, status, 302)
		equals(t, entry, header.Get("Location"), "/simulator/")
	}
	for _, path := range []string{"/simulator/nothing.js", "/simulator/../page.go", "/simulator/page"} {
		status, _, _ = w.ask("GET", path, "")
		equals(t, path, status, 404)
	}
}

// Every file has its type, everything the page asks for is there, and nothing comes from elsewhere.
func TestPageIsComplete(t *testing.T) {
	w := newWorld(t, Options{})
	asksFor := regexp.MustCompile(`(?:src|href)="([^"#]+)"|(?:from|import) '([^']+)'|url\(["']?([^)"']+)`)
	asked := 0
	err := fs.WalkDir(pageFiles, "page", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		status, body, header := w.ask("GET", "/simulator/"+strings.TrimPrefix(file, "page/"), "")
		equals(t, file, status, 200)
		equals(t, file, header.Get("Content-Type"), map[string]string{
			".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
			".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
		}[path.Ext(file)])
		if !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s may load from elsewhere", file)
		}
		for _, found := range asksFor.FindAllStringSubmatch(body, -1) {
			name := found[1] + found[2] + found[3]
			asked++
			if _, err := fs.Stat(pageFiles, path.Join("page", name)); err != nil {
				t.Errorf("%s asks for %s: %v", file, name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if asked < 10 {
		t.Errorf("only %d files asked for: the pattern no longer fits the files", asked)
	}
}

// Another site's page in the same browser must not push the simulator's buttons.
func TestControlIsNotForOtherSites(t *testing.T) {
	w := newWorld(t, Options{})
	status, _, _ := w.ask("POST", "/simulator/webhooks", `{"on":false}`, "Sec-Fetch-Site", "cross-site")
	equals(t, "another site's", status, 403)
	equals(t, "webhooks", w.sim.Snapshot().WebhooksOn, true)
	status, _, _ = w.ask("POST", "/simulator/webhooks", `{"on":false}`, "Sec-Fetch-Site", "same-origin")
	equals(t, "its own page's", status, 204)
	equals(t, "webhooks", w.sim.Snapshot().WebhooksOn, false)
}
