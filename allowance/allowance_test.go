package allowance

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func TestSoManyAtOnceAndSoManyASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(3, 2)
		take := func() (n int) {
			for a.Take() {
				n++
			}
			return n
		}
		for i, c := range []struct {
			after time.Duration
			want  int
		}{{0, 3}, {0, 0}, {time.Second, 2}, {250 * time.Millisecond, 0}, {250 * time.Millisecond, 1}, {time.Hour, 3}} {
			time.Sleep(c.after) // of the bubble's own clock
			if got := take(); got != c.want {
				t.Errorf("step %d: got %d, want %d", i, got, c.want)
			}
		}
	})
}

func TestEachHasTheirOwnAndNotTooManyAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := NewEach(2, 1)
		for i, want := range []bool{true, true, false} {
			if e.Take("anna") != want {
				t.Errorf("anna, number %d: want %v", i+1, want)
			}
		}
		if !e.Take("bob") {
			t.Error("bob has his own")
		}
		for i := range 2 * most { // each takes one, so that none is forgotten
			e.Take(fmt.Sprint(i))
		}
		if len(e.known) > most {
			t.Errorf("%d are remembered", len(e.known))
		}
		if e.Take("carol") || e.Take("dave") {
			t.Error("those who came too late share one allowance, which is used up")
		}
		time.Sleep(time.Minute)
		if !e.Take("carol") || !e.Take("dave") || len(e.known) > 3 {
			t.Errorf("a minute later: %d are remembered", len(e.known))
		}
	})
}
