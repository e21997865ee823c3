package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sb "switchboard"
)

// Twenty thousand callbacks of calls that nobody knows, all of them signed and each of another leg: Temporal may have
// been restored from a backup, or somebody has kept what Twilio sent for years and sends it all again.
func TestAStormOfUnknownCalls(t *testing.T) {
	const callbacks, senders = 20_000, 100
	r := newRig(t)
	r.log.Grow(16 << 20) // or the heap would be that of the test's own log
	r.calls.onSignal = answer(ErrNoCall)
	gauge := &gauge{}
	calls := &gauged{fakeCalls: r.calls, gauge: gauge}
	h, err := New(Config{PublicURL: testURL, Calls: calls, Stats: r.stats, AuthTokens: func(sb.AccountSID) []string { return []string{testToken} }})
	if err != nil {
		t.Fatal(err)
	}
	base := serving(t, h)
	connections := &http.Transport{MaxIdleConnsPerHost: senders}
	before, goroutines, began := heap(), runtime.NumGoroutine(), time.Now()
	storm(t, senders, callbacks/senders, func(sender, i int) {
		status, err := send(connections, base, unknownCall(sender, i))
		if err != nil || status != http.StatusNoContent && status != http.StatusServiceUnavailable {
			t.Errorf("got %d, %v", status, err)
		}
	})
	connections.CloseIdleConnections()
	counts, allowed := r.stats.Snapshot(), reaperBurst+int64(reapersPerSecond*time.Since(began).Seconds())
	if counts[countReaped]+counts[countUnreachable] != callbacks || len(r.calls.signals) > 0 {
		t.Errorf("counts: got %v, want %d callbacks in all and nothing told", counts, callbacks)
	}
	if got := counts[countReaped]; got < reaperBurst || got > allowed || int(got) != len(r.calls.reaps) {
		t.Errorf("%d reapers were started (%d counted), want between %d and %d", len(r.calls.reaps), got, reaperBurst, allowed)
	}
	if most := gauge.most(); most > maxDeliveries {
		t.Errorf("%d were delivered at once, want at most %d", most, maxDeliveries)
	}
	const mayKeep = 4 << 20
	if grown := int64(heap()) - int64(before); grown > mayKeep {
		t.Errorf("the heap has grown by %d bytes, want at most %d", grown, mayKeep)
	}
	waitFor(t, "every connection's goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
}

// unknownCall is a callback of a leg and a call of its own, signed.
func unknownCall(sender, i int) *http.Request {
	ref := sb.LegRef{Call: sb.NewCallID("gone", fmt.Sprint(sender, i)), Attempt: 1, Offer: 1, Party: sb.PartyCaller}
	return signedRequest(sb.PathLeg+"?"+ref.Query().Encode(), with(legForm("ringing"), "CallSid", fmt.Sprintf("CA%016x%016x", sender, i)))
}

// serving serves as the process does, on a port of its own, until the test is over.
func serving(t testing.TB, h http.Handler) (base string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := newHTTPServer(h, slog.New(slog.DiscardHandler))
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = srv.Serve(bound(listener, maxConnections)) // always an error
	}()
	t.Cleanup(func() {
		_ = srv.Close()
		<-served
	})
	return "http://" + listener.Addr().String()
}

// send sends a request that was made for no address to one.
func send(over http.RoundTripper, base string, req *http.Request) (status int, err error) {
	out, err := http.NewRequest(req.Method, base+req.RequestURI, req.Body)
	if err != nil {
		return 0, err
	}
	out.Header = req.Header
	resp, err := over.RoundTrip(out)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// BenchmarkGenuineBesideAStorm measures a callback of a call that runs, alone and beside twenty senders who never stop
// sending: signed callbacks of calls that nobody knows, or forged ones.
func BenchmarkGenuineBesideAStorm(b *testing.B) {
	forged := func(sender, i int) *http.Request {
		req := unknownCall(sender, i)
		req.Header.Set(signatureHeader, "forged")
		return req
	}
	for _, c := range []struct {
		name  string
		storm func(sender, i int) *http.Request
	}{{"alone", nil}, {"unknown calls", unknownCall}, {"forged", forged}} {
		b.Run(c.name, func(b *testing.B) {
			f := &fakeCalls{}
			h, err := New(Config{PublicURL: testURL, Calls: only{f, testCall}, AuthTokens: func(sb.AccountSID) []string { return []string{testToken} }})
			if err != nil {
				b.Fatal(err)
			}
			base, connections := serving(b, h), &http.Transport{MaxIdleConnsPerHost: 32}
			defer connections.CloseIdleConnections()
			over, senders := make(chan struct{}), sync.WaitGroup{}
			for sender := range 20 {
				senders.Go(func() {
					for i := 0; c.storm != nil; i++ {
						select {
						case <-over:
							return
						default:
							_, _ = send(connections, base, c.storm(sender, i)) // what becomes of it is the tests' to say
						}
					}
				})
			}
			for b.Loop() {
				if status, err := send(connections, base, signedRequest(legTarget, legForm("ringing"))); err != nil || status != http.StatusNoContent {
					b.Fatalf("got %d, %v", status, err)
				}
			}
			close(over)
			senders.Wait()
		})
	}
}

// only knows one call.
type only struct {
	*fakeCalls
	call sb.CallID
}

func (o only) Signal(_ context.Context, id sb.CallID, _ string, _ any) error {
	if id != o.call {
		return ErrNoCall
	}
	return nil
}

// While Temporal takes its time, callbacks wait for a turn, but not for longer than Twilio does.
func TestNoMoreIsDeliveredAtOnceThanAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		r.calls.onSignal = never
		gauge := &gauge{}
		h, err := New(Config{PublicURL: testURL, Calls: &gauged{r.calls, gauge}, Stats: r.stats, AuthTokens: func(sb.AccountSID) []string { return []string{testToken} }})
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		storm(t, 3*maxDeliveries, 1, func(int, int) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, signedRequest(legTarget, legForm("ringing")))
			if took := time.Since(began); w.Code != http.StatusServiceUnavailable || took != DefaultSignalTimeout {
				t.Errorf("got %d after %v, want 503 after %v", w.Code, took, DefaultSignalTimeout)
			}
		})
		if most := gauge.most(); most != maxDeliveries {
			t.Errorf("%d were delivered at once, want %d", most, maxDeliveries)
		}
	})
}

// storm lets so many senders do something so many times each, and returns when all are done.
func storm(t *testing.T, senders, times int, do func(sender, i int)) {
	t.Helper()
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for i := range times {
				do(sender, i)
			}
		})
	}
	all.Wait()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
