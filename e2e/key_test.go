package e2e

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/dev/stack"
)

// A worker that has another key than the one calls are encrypted with loses none of them: a new call stands still at it, and
// while one runs it does not even start. Both times it says which key it lacks, and with that key the call goes on.
func TestAKeyThatIsMissingHoldsACallUpAndNoMore(t *testing.T) {
	dir := t.TempDir()
	ctx, s := start(t, stack.Options{Dir: dir, Encrypt: true})
	file := filepath.Join(dir, "encryption.keys")
	right, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	give := func(keys string) error { // to the worker alone: intake and webhook have read theirs
		t.Helper()
		if err := os.WriteFile(file, []byte(keys), 0o600); err != nil {
			t.Fatal(err)
		}
		return s.Restart(ctx, stack.Worker)
	}
	another := "another:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	const lacks = `encrypted with the key \"dev\", which this process does not have`

	if err := give(another); err != nil {
		t.Fatalf("no call runs that it could not read: %v", err)
	}
	const phone = "+447700900002"
	call := place(ctx, t, s, request(phone))
	waitFor(ctx, t, "the worker to say which key it lacks", func() bool { return strings.Contains(s.Logs(stack.Worker), lacks) })
	if err := give(another); err == nil || !strings.Contains(err.Error(), string(call)) || !strings.Contains(err.Error(), `the key "dev"`) {
		t.Errorf("with a call that it cannot read the worker started: %v", err)
	}
	if err := give(string(right)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Await(ctx, call, sb.StageConnected); err != nil {
		t.Fatal(err)
	}
	if err := give(another); err == nil {
		t.Error("with a conversation that it cannot read the worker started")
	}
	if err := give(string(right)); err != nil {
		t.Fatal(err)
	}
	if end := ended(ctx, t, s, call, phone); end.Outcome != sb.Completed || end.Attempts != 1 {
		t.Errorf("got %+v, want a conversation at the first attempt", end)
	}
	nothingLeft(t, s)
}
