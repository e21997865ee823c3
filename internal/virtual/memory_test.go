package virtual_test

import (
	"runtime"
	"testing"
	"weak"

	"switchboard/internal/simulation"
	"switchboard/internal/virtual"
)

// A long range of seeds makes a world for each: nothing may keep one in memory when it is over, such as a coroutine of
// its activities.
func TestWorldIsForgotten(t *testing.T) {
	world := begunAndEnded(t)
	for range 3 { // what has a finalizer goes in the next round
		runtime.GC()
	}
	if world.Value() != nil {
		t.Error("a world that has ended is still in memory")
	}
}

//go:noinline
func begunAndEnded(t *testing.T) (world weak.Pointer[virtual.World]) {
	simulation.InAWorld(func(tb testing.TB) {
		w := virtual.New(tb, virtual.Options{})
		world = weak.Make(w)
		serve(w, 1)
	}, func(failure string) { t.Fatal(failure) })
	return world
}
