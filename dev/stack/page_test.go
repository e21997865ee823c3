package stack

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestThePageIsBundledAgainWhenItsSourcesAreNewer(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, age time.Duration) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		at := time.Now().Add(-age)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	stale := func() bool {
		t.Helper()
		stale, err := newerThan(dir, filepath.Join(dir, "dist", "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		return stale
	}
	write("src/app.tsx", time.Hour)
	if !stale() {
		t.Error("there is no bundle, and it is not made")
	}
	write("dist/index.html", 30*time.Minute)
	write("dist/assets/app.js", time.Minute)
	write("node_modules/react/index.js", time.Minute)
	if stale() {
		t.Error("nothing of ours has changed, and it is bundled again")
	}
	write("src/app.tsx", time.Second)
	if !stale() {
		t.Error("a source has changed, and it is not bundled again")
	}
}
