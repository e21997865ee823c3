package intake

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

func testGate() *gate {
	return &gate{name: "it", log: slog.New(slog.NewTextHandler(io.Discard, nil)), advice: func(error) string { return "" }, call: 8 * time.Second}
}

var errDown = errors.New("down")

// An hour without an answer, two hundred waiting: one probe at a time, and not many of them.
func TestGateProbesWithOneWhileAllWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		var calls, at, most, done atomic.Int64
		up := make(chan struct{})
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				_, err := g.do(t.Context(), nil, func(context.Context) error {
					n := at.Add(1)
					defer at.Add(-1)
					calls.Add(1)
					if calls.Load() > 200 { // after the first of each, which were all under way
						most.Store(max(most.Load(), n))
					}
					time.Sleep(10 * time.Millisecond)
					select {
					case <-up:
						return nil
					default:
						return errDown
					}
				})
				if err != nil {
					t.Error(err)
				}
				done.Add(1)
			})
		}
		time.Sleep(time.Hour)
		if got := calls.Load() - 200; got < 3600/5-10 || got > 3600/2+20 {
			t.Errorf("an hour of probes every 2.5 to 5 s: got %d", got)
		}
		if most.Load() != 1 {
			t.Errorf("%d probed at once", most.Load())
		}
		if g.problem() == "" {
			t.Error("the gate does not say that it is shut")
		}
		close(up)
		time.Sleep(2 * maxPause)
		if done.Load() != 200 || g.problem() != "" {
			t.Errorf("after 10 s: %d of 200 done, problem %q", done.Load(), g.problem())
		}
		wg.Wait()
	})
}

// A record that fails for ever by itself keeps its place, but not the others.
func TestGateLetsOthersPassAMessageThatAlwaysFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		ctx, cancel := context.WithCancel(t.Context())
		var bad int
		ended := make(chan error)
		go func() {
			_, err := g.do(ctx, nil, func(context.Context) error { bad++; return errDown })
			ended <- err
		}()
		began := time.Now()
		const n = 1000
		for range n {
			if _, err := g.do(t.Context(), nil, func(context.Context) error { time.Sleep(time.Millisecond); return nil }); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%d others took %v of virtual time beside it", n, took)
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
		if bad > 40 {
			t.Errorf("the bad one was tried %d times in a few seconds", bad)
		}
	})
}

func TestGateGivesUpWaitingWhenStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := testGate()
		stop := make(chan struct{})
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := g.do(t.Context(), stop, func(context.Context) error { return errDown }); !errors.Is(err, errStopped) {
					t.Errorf("got %v", err)
				}
			})
		}
		time.Sleep(time.Minute)
		began := time.Now()
		close(stop)
		wg.Wait()
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v", took)
		}
		// The token was given back: the next may probe.
		if _, err := g.do(t.Context(), nil, func(context.Context) error { return nil }); err != nil || g.problem() != "" {
			t.Errorf("afterwards: %v, problem %q", err, g.problem())
		}
	})
}

func TestGateEndsACallThatDoesNotReturn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, n := testGate(), 0
		calls, err := g.do(t.Context(), nil, func(ctx context.Context) error {
			if n++; n > 1 {
				return nil
			}
			<-ctx.Done()
			return ctx.Err()
		})
		if calls != 2 || err != nil {
			t.Errorf("got %d calls, %v", calls, err)
		}
	})
}

func TestGatePassesOnWhatIsForGood(t *testing.T) {
	g := testGate()
	calls, err := g.do(t.Context(), nil, func(context.Context) error { return permanentError{errDown} })
	if calls != 1 || !errors.Is(err, errDown) || g.problem() != "" {
		t.Errorf("got %d calls, %v, problem %q", calls, err, g.problem())
	}
}

func TestProgressNeverPassesWhatIsNotDone(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := newProgress(kafka.FirstOffset)
		if _, ok := p.commitable(); ok {
			t.Fatal("commitable before anything was done")
		}
		var read []int64
		done := map[int64]bool{}
		next := int64(r.IntN(100))
		for range 100 {
			if r.IntN(2) == 0 || len(read) == len(done) {
				p.begin(next)
				read = append(read, next)
				next += 1 + int64(r.IntN(3)) // offsets have gaps
			} else {
				for _, i := range r.Perm(len(read)) {
					if !done[read[i]] {
						done[read[i]] = true
						p.finish(read[i])
						break
					}
				}
			}
			offset, ok := p.commitable()
			i := slices.IndexFunc(read, func(o int64) bool { return !done[o] })
			if i < 0 {
				i = len(read)
			}
			if ok != (i > 0) || ok && offset != read[i-1]+1 {
				t.Fatalf("seed %d: commitable %d, %v; read %v, done %v", seed, offset, ok, read, done)
			}
		}
	}
}

// fakeConsumer is what a watchdog sees.
type fakeConsumer struct {
	mu        sync.Mutex
	joined    bool
	finished  uint64
	positions map[int]int64
	spans     map[int]span
	held      bool
	err       error
}

func watch(t *testing.T, f *fakeConsumer) *watchdog {
	return &watchdog{
		state: func() (bool, uint64, map[int]int64) {
			f.mu.Lock()
			defer f.mu.Unlock()
			return f.joined, f.finished, f.positions
		},
		held:   func() bool { return f.held },
		ends:   func(context.Context, []int) (map[int]span, error) { return f.spans, f.err },
		timing: defaultTiming(), counts: new(Counts), log: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

func TestWatchdog(t *testing.T) {
	for _, c := range []struct {
		name  string
		f     *fakeConsumer
		stuck bool
	}{
		{"nothing to read", &fakeConsumer{joined: true, positions: map[int]int64{0: 7}, spans: map[int]span{0: {2, 7}}}, false},
		{"never read and empty", &fakeConsumer{joined: true, positions: map[int]int64{0: kafka.FirstOffset}, spans: map[int]span{0: {0, 0}}}, false},
		{"all deleted", &fakeConsumer{joined: true, positions: map[int]int64{0: 3}, spans: map[int]span{0: {9, 9}}}, false},
		{"no partition", &fakeConsumer{joined: true}, false},
		{"behind", &fakeConsumer{joined: true, positions: map[int]int64{0: 7, 1: 3}, spans: map[int]span{0: {0, 7}, 1: {0, 4}}}, true},
		{"nothing ever read", &fakeConsumer{joined: true, positions: map[int]int64{0: kafka.FirstOffset}, spans: map[int]span{0: {3, 4}}}, true},
		{"past the end", &fakeConsumer{joined: true, positions: map[int]int64{0: 7}, spans: map[int]span{0: {0, 2}}}, true},
		{"not joined", &fakeConsumer{}, true},
		{"behind while Temporal is down", &fakeConsumer{joined: true, held: true, positions: map[int]int64{0: 0}, spans: map[int]span{0: {0, 4}}}, false},
		{"behind while Kafka is down", &fakeConsumer{joined: true, err: errDown, positions: map[int]int64{0: 0}, spans: map[int]span{0: {0, 4}}}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				began := time.Now()
				err := watch(t, c.f).watch(ctx)
				if stuck := errors.Is(err, errStuck); stuck != c.stuck {
					t.Errorf("stuck: got %v, want %v", stuck, c.stuck)
				}
				if took := time.Since(began); c.stuck && (took < time.Minute || took > 90*time.Second) {
					t.Errorf("found after %v of virtual time", took)
				}
			})
		})
	}
}

func TestWatchdogLeavesASlowConsumerAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fakeConsumer{joined: true, positions: map[int]int64{0: 0}, spans: map[int]span{0: {0, 1000}}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		go func() {
			for sleep(ctx, nil, 40*time.Second) == nil {
				f.mu.Lock()
				f.finished++
				f.mu.Unlock()
			}
		}()
		if err := watch(t, f).watch(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestWatchdogIsPatientWithOneThatRestartingDoesNotHelp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := watch(t, &fakeConsumer{joined: true, positions: map[int]int64{0: 0}, spans: map[int]span{0: {0, 4}}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
		defer cancel()
		restarts := 0
		for w.watch(ctx) != nil {
			restarts++
		}
		if restarts < 15 || restarts > 30 { // 1, 2, 4, 8, 16, then every 32 minutes
			t.Errorf("%d restarts in ten hours", restarts)
		}
	})
}
