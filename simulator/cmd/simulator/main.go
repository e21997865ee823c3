// Command simulator is Twilio on a laptop: one process, one port for all of Twilio's hosts. Point
// software at it with TWILIO_API_URL=http://127.0.0.1:8090. It must not be reachable from outside:
// its control side (/simulator/…) has no authentication.
//
// It keeps nothing on disk, and never talks to Twilio. Start reading at run; example.json shows what
// can exist at the start.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"switchboard/simulator"
	"switchboard/simulator/browser"
	"switchboard/simulator/sound"
)

const intro = `simulator is Twilio on a laptop: TaskRouter, Voice and signed webhooks on one port for all of Twilio's hosts.

  simulator -robots anna,ben                   an empty account, and two agents' softphones that answer by themselves
  simulator -data example.json                 a contact centre that exists from the start
  eval "$(simulator -data example.json -env)"  its SIDs, which are the same at every start
  simulator -uncertain help                    what nobody knows about Twilio, and how to choose

Stop it with Ctrl-C. Nothing is kept.

`

// errHelp ends the program in peace: what was asked for has been printed.
var errHelp = errors.New("help")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, errHelp) {
		fmt.Fprintln(os.Stderr, "simulator:", err)
		os.Exit(1)
	}
}

// settings are the flags.
type settings struct {
	listen   string
	media    string
	speak    func(ctx context.Context, text, language string) ([]int16, error)
	anywhere bool
	data     string
	env      bool
	robots   string
	verbose  bool
	options  simulator.Options
}

func run(ctx context.Context, args []string, out io.Writer) error {
	set, err := parse(args, out)
	if err != nil {
		return err
	}
	data, err := readData(set)
	if err != nil {
		return err
	}
	sim := simulator.New(set.options)
	defer sim.Close()
	loaded, err := sim.Load(data)
	if err != nil {
		return err // it says where in the data
	}
	if set.env {
		printEnvironment(out, "http://"+set.listen, set.options, loaded)
		return nil
	}
	for _, flag := range []string{"-listen " + set.listen, "-media " + set.media} {
		if _, address, _ := strings.Cut(flag, " "); !set.anywhere && !loopback(address) {
			return fmt.Errorf("%s can be reached from other machines, and nothing here asks for a password; "+
				"use 127.0.0.1, or add -unsafe-listen-anywhere if the network is your own", flag)
		}
	}
	return serve(ctx, set, sim, out, loaded)
}

func parse(args []string, out io.Writer) (settings, error) {
	set, uncertain := settings{}, []string{}
	o := &set.options
	flags := flag.NewFlagSet("simulator", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is told once, by main
	flags.StringVar(&set.listen, "listen", "127.0.0.1:8090", "`address` to listen on; port 0: any that is free")
	flags.StringVar(&set.media, "media", "127.0.0.1:0", "UDP `address` of browsers' sound; port 0: any that is free")
	flags.Func("speak", "`program` that speaks what documents say: espeak-ng; without it the voice mumbles", func(name string) (err error) {
		if name != "espeak-ng" {
			return errors.New("the only one is espeak-ng")
		}
		set.speak, err = sound.EspeakNG()
		return err
	})
	flags.BoolVar(&set.anywhere, "unsafe-listen-anywhere", false, "allow -listen and -media to name addresses that other machines can reach")
	flags.StringVar(&set.data, "data", "", "JSON `file` of what exists at the start")
	flags.BoolVar(&set.env, "env", false, "print the SIDs of what exists at the start as shell variables, and end")
	flags.StringVar(&set.robots, "robots", "", "client `identities` that answer by themselves, comma-separated")
	flags.Float64Var(&o.CallsPerSecond, "cps", 0, "calls per second that leave the queue; 0: no limit")
	flags.Uint64Var(&o.Seed, "seed", 1, "SIDs are drawn from it")
	flags.StringVar(&o.AccountSID, "account", simulator.DefaultAccountSID, "AccountSid")
	flags.StringVar(&o.AuthToken, "token", simulator.DefaultAuthToken, "auth token, letters and digits")
	flags.DurationVar(&o.WebhookLatency, "latency", 0, "how long after its event a webhook leaves")
	flags.BoolVar(&o.StrictCallerID, "strict-caller-id", false, "refuse calls from numbers that the account does not own, as Twilio does")
	flags.StringVar(&o.DebuggerURL, "debugger-url", "", "`URL` that is told of every alert, as by Twilio's debugger webhook")
	flags.Func("uncertain", "`name=value` of what nobody knows about Twilio; repeatable; help lists them", func(text string) error {
		if uncertain = append(uncertain, text); text == "help" {
			return nil
		}
		return o.Uncertain.Set(text)
	})
	flags.BoolVar(&set.verbose, "v", false, "log what happens")

	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(out)
		_, _ = io.WriteString(out, intro)
		flags.PrintDefaults()
		return set, errHelp
	case err != nil:
		return set, fmt.Errorf("%w; -help lists all flags", err)
	case flags.NArg() > 0:
		return set, fmt.Errorf("%q is not a flag; -help lists all flags", flags.Arg(0))
	case slices.Contains(uncertain, "help"):
		_, _ = io.WriteString(out, simulator.UncertainHelp())
		return set, errHelp
	}
	if strings.Trim(o.AuthToken, lettersAndDigits) != "" {
		return set, errors.New("-token: letters and digits only")
	}
	level := slog.LevelWarn
	if set.verbose {
		level = slog.LevelDebug
	}
	o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
	return set, nil
}

const lettersAndDigits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func readData(set settings) (simulator.Data, error) {
	data := simulator.Data{}
	if set.data != "" {
		text, err := os.ReadFile(set.data)
		if err != nil {
			return data, err
		}
		if data, err = simulator.ReadData(text); err != nil {
			return data, fmt.Errorf("%s: %w", set.data, err)
		}
	}
	for identity := range strings.SplitSeq(set.robots, ",") {
		if identity = strings.TrimSpace(identity); identity != "" {
			data = data.WithRobots(identity)
		}
	}
	return data, nil
}

// loopback reports whether only this machine can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return true // listening says what is wrong with it
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serve listens before it serves, so that a port already taken is an error at once.
func serve(ctx context.Context, set settings, sim *simulator.Simulator, out io.Writer, loaded []simulator.Loaded) error {
	listener, err := net.Listen("tcp", set.listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken, perhaps by another simulator: end that one, or choose another port with -listen", set.listen)
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	browsers, err := browser.New(sim, browser.Options{MediaAddress: set.media, Speak: set.speak, Logger: set.options.Logger})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer browsers.Close() // when serving fails
	welcome(out, "http://"+listener.Addr().String(), browsers.MediaAddr().String(), set.options, loaded)
	server := &http.Server{Handler: browsers, ReadHeaderTimeout: 5 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	_ = browsers.Close() // the server does not know of their sockets
	sim.Close()          // lets go the requests that a fault delays
	grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close() // whoever still reads, such as the page, is cut off
	}
	return nil
}
