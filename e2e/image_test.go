package e2e

import (
	"testing"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/internal/image"
)

// A call through the three processes as they are deployed: from the image's files alone, on a root that cannot be written
// to, as the image's user; see package image.
func TestACallThroughTheImage(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this starts real processes")
	}
	if err := image.Confined(t.Context()); err != nil {
		t.Skipf("the image's processes are not run: %v", err)
	}
	root, err := stack.Root()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := image.Build(t.Context(), root, t.TempDir(), "e2e")
	if err != nil {
		t.Fatal(err)
	}
	switchboard, err := tree.Wrapper()
	if err != nil {
		t.Fatal(err)
	}
	ctx, s := start(t, stack.Options{Switchboard: switchboard})
	call := place(ctx, t, s, request("+447700900001"))
	if e := ended(ctx, t, s, call, "+447700900001"); e.Outcome != sb.Completed {
		t.Errorf("got %s, want %s", e.Outcome, sb.Completed)
	}
	nothingLeft(t, s)
}
