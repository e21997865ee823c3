// Package health is the address at which operators, container engines and Prometheus ask a process how it is: /healthz (it
// runs), /readyz (it does its work, else why not), and what a process adds, such as /metrics.
//
// It never decides what ready means: each process tells its own problems. Beyond limits of time and size it has no
// protection, so its address is for this machine or the cluster, never for the public.
//
// Start with New and Listen; Ask is the other end, for containers that have no shell.
package health

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// lookWithin bounds what a process does to find its problems: less than whoever asks waits.
const lookWithin = time.Second

// New answers /healthz and /readyz, and lets the caller add more. problems says in a sentence each why no work is done;
// none means ready. Its context ends after a second.
func New(problems func(context.Context) []string) *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), lookWithin)
		defer cancel()
		if all := problems(ctx); len(all) > 0 {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, strings.Join(all, "\n"))
			return
		}
		fmt.Fprintln(w, "ready")
	})
	return mux
}

// Listen takes an address; setting is the variable with which an operator chooses another.
func Listen(ctx context.Context, address, setting string) (net.Listener, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for health checks on %s: %w; choose another address with %s", address, err, setting)
	}
	return l, nil
}

// Serve answers on a listener until stop is called.
func Serve(l net.Listener, h http.Handler) (stop func()) {
	server := &http.Server{
		Handler: h, MaxHeaderBytes: 8 << 10,
		ReadTimeout:  5 * time.Second, // of all there is to read: the server also reads a body that nobody wants
		WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute,
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Serve(l) // always an error, ErrServerClosed among them
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-done
	}
}
