package simulation

import (
	"context"
	"fmt"
	"runtime/debug"
	"testing"
)

// InAWorld runs f with a test of its own, whose failure, or panic, is told to failed instead of ending everything: a
// range of seeds goes on.
func InAWorld(f func(testing.TB), failed func(string)) {
	w := &world{}
	defer func() {
		for i := len(w.cleanups) - 1; i >= 0; i-- {
			w.cleanups[i]()
		}
	}()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case fatal:
			failed(string(p))
		default:
			failed(fmt.Sprintf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	f(w)
}

type fatal string

// world is the part of a test that package virtual needs.
type world struct {
	testing.TB // nil: what is not overridden is not for here
	cleanups   []func()
}

func (w *world) Helper()                   {}
func (w *world) Cleanup(f func())          { w.cleanups = append(w.cleanups, f) }
func (w *world) Context() context.Context  { return context.Background() }
func (w *world) Fatal(args ...any)         { panic(fatal(fmt.Sprint(args...))) }
func (w *world) Fatalf(f string, a ...any) { panic(fatal(fmt.Sprintf(f, a...))) }
