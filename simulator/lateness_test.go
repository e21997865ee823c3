package simulator

import (
	"testing"
	"time"
)

func TestQuantilesOfLateness(t *testing.T) {
	var l lateness
	for i := range 1000 {
		l.add(time.Duration(i+1) * time.Millisecond)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0.5, 500 * time.Millisecond}, {0.99, 990 * time.Millisecond}, {1, time.Second}} {
		if got := l.quantile(c.q); got < c.want || float64(got) > 1.1*float64(c.want) {
			t.Errorf("quantile %v: %v, want %v or up to 10 %% more", c.q, got, c.want)
		}
	}
	var none lateness
	equals(t, "of nothing", none.quantile(0.99), time.Duration(0))
	none.add(0)
	equals(t, "of one that was in time", none.quantile(0.99), time.Duration(0))
}
