// Command simulator is Twilio on a laptop: one process, one port for all of Twilio's hosts. Point
// software at it with TWILIO_API_URL=http://127.0.0.1:8090. It must not be reachable from outside:
// its control side (/simulator/…) has no authentication.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"switchboard/simulator"
)

// Robots answer after a second and hang up when they have talked for a while.
const (
	robotRings = time.Second
	robotTalks = 15 * time.Second
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	listen := flags.String("listen", "127.0.0.1:8090", "address to listen on")
	cps := flags.Float64("cps", 0, "calls per second that leave the queue; 0: no limit")
	robots := flags.String("robots", "", "client identities that answer by themselves, comma-separated")
	seed := flags.Uint64("seed", 1, "SIDs are drawn from it")
	account := flags.String("account", simulator.DefaultAccountSID, "AccountSid")
	token := flags.String("token", simulator.DefaultAuthToken, "auth token, letters and digits")
	verbose := flags.Bool("v", false, "log what happens")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	level := slog.LevelWarn
	if *verbose {
		level = slog.LevelDebug
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))

	sim := simulator.New(simulator.Options{
		AccountSID: *account, AuthToken: *token, Seed: *seed, CallsPerSecond: *cps, Logger: logger,
	})
	defer sim.Close()
	for identity := range strings.SplitSeq(*robots, ",") {
		if identity = strings.TrimSpace(identity); identity != "" {
			sim.SetSoftphone(identity, simulator.Softphone{Rings: robotRings, HangsUpAfter: robotTalks})
		}
	}
	return serve(ctx, *listen, sim)
}

// serve listens before it serves, so that a port already taken is an error at once.
func serve(ctx context.Context, address string, handler http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	fmt.Printf("simulator: listening on http://%s\n", listener.Addr())
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return fmt.Errorf("shut down: %w", err)
	}
	return nil
}
