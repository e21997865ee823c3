package virtual_test

import (
	"fmt"
	"io"
	"testing"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
)

func TestCallsBesideEachOther(t *testing.T) {
	w := virtual.New(t, virtual.Options{Agents: []provision.Agent{{Name: "anna"}, {Name: "ben"}}})
	runs := serve(w, 5)
	for _, r := range runs {
		if r.Err != nil || r.Result.Outcome != sb.Completed {
			t.Errorf("%s: %+v, %v", r.Input.Request.ID, r.Result, r.Err)
		}
	}
	if t.Failed() {
		t.Log(w.Story())
	}
	if left := w.Sim.Leftovers(); len(left) > 0 {
		t.Error(left)
	}
}

// serve has so many callers served at once, and returns when all have been.
func serve(w *virtual.World, n int) []*virtual.Run {
	var runs []*virtual.Run
	left := n
	w.Drive(func() {
		for i := range n {
			r := w.Request(fmt.Sprintf("+4477009001%02d", i))
			r.ID = fmt.Sprint(i)
			runs = append(runs, w.Serve(sb.CallInput{Request: r, Policy: sb.DefaultPolicy()}, func(*virtual.Run) {
				if left--; left == 0 {
					w.Stop()
				}
			}))
		}
	})
	return runs
}

func BenchmarkWorld(b *testing.B) {
	for range b.N {
		virtual.New(b, virtual.Options{Log: io.Discard, Agents: []provision.Agent{{Name: "anna"}, {Name: "ben"}}})
	}
}
