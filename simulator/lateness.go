package simulator

import (
	"math"
	"time"
)

// Lateness tells how well a simulator on the wall clock keeps its own times: how long after the moment
// it was due a timer did its work. A simulator that is late plays a telephone network that is slow.
type Lateness struct {
	Timers   uint64        // that have run
	P50, P99 time.Duration // half, and all but one in a hundred, were not later; to within 9 %
	Max      time.Duration
}

// Lateness is about all timers since the start. On a borrowed clock it is zero.
func (s *Simulator) Lateness() Lateness {
	s.lock()
	defer s.unlock()
	return Lateness{
		Timers: s.lateness.count, Max: s.lateness.most,
		P50: s.lateness.quantile(0.50), P99: s.lateness.quantile(0.99),
	}
}

// lateness counts durations by size: eight buckets to the octave, from a microsecond.
type lateness struct {
	buckets [8 * 32]uint64
	count   uint64
	most    time.Duration
}

func (l *lateness) add(d time.Duration) {
	i := 0
	if µs := float64(d) / float64(time.Microsecond); µs > 1 {
		i = min(int(math.Ceil(8*math.Log2(µs))), len(l.buckets)-1)
	}
	l.buckets[i]++
	l.count++
	l.most = max(l.most, d)
}

// quantile is the upper end of the bucket in which it falls.
func (l *lateness) quantile(q float64) time.Duration {
	if l.count == 0 {
		return 0
	}
	rank, seen := uint64(math.Ceil(q*float64(l.count))), uint64(0)
	for i, n := range l.buckets {
		if seen += n; seen >= rank {
			return min(time.Duration(math.Exp2(float64(i)/8)*float64(time.Microsecond)), l.most)
		}
	}
	return l.most
}
