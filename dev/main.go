// Command dev runs the whole product on this machine: `go run ./dev` starts a real Temporal server, a Kafka broker, the
// Twilio simulator with robot agents and our three processes, places some sample requests and tells how they go.
// `dev request` and `dev cancel` speak to Kafka as any other system would.
//
// It is for people at a terminal. What it starts is package dev/stack, which tests use as well; nothing that is shipped
// imports either. Start with run.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

const usage = `usage: dev [flags]            run the whole product here until Ctrl-C
       dev request [flags]    ask for a call back, as another system would
       dev cancel [flags]     withdraw a request
       dev chaos [flags]      kill, pause and cut off while calls go on, and judge what the phones experienced
       dev provision [flags]  set a workspace up in a simulator that runs elsewhere
       dev build              build what running needs, and nothing else
       dev desktop            bundle the agents' page, and nothing else

Each takes -h. With "go run" every failure has exit code 1; the binary tells them apart.
`

// exitError ends the program with a code and nothing more to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	ctx, stop := context.WithCancelCause(context.Background())
	insist := make(chan struct{})
	interrupts := make(chan os.Signal, 3)
	signal.Notify(interrupts, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	go func() { // the first asks to stop, the second not to wait, the third is for when both were not heard
		stop(errors.New((<-interrupts).String()))
		<-interrupts
		close(insist)
		<-interrupts
		os.Exit(130)
	}()
	watchGoRun(func() { stop(errors.New("go run has ended")) })

	err := dispatch(ctx, os.Args[1:], insist)
	var code exitError
	switch {
	case err == nil:
	case errors.As(err, &code):
		os.Exit(int(code))
	case errors.Is(err, flag.ErrHelp):
	default:
		fmt.Fprintf(os.Stderr, "dev: %v\n", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string, insist <-chan struct{}) error {
	command, rest := "", args
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		command, rest = args[0], args[1:]
	}
	switch command {
	case "":
		return run(ctx, rest, insist)
	case "request":
		return request(ctx, rest, os.Stdout)
	case "cancel":
		return cancelRequest(ctx, rest, os.Stdout)
	case "chaos":
		return runChaos(ctx, rest, os.Stdout)
	case "provision":
		return provisionElsewhere(ctx, rest, os.Stdout)
	case "build":
		return build(ctx)
	case "desktop":
		return bundle(ctx)
	case "help":
		fmt.Print(usage)
		return nil
	}
	return fmt.Errorf("there is no command %q\n\n%s", command, usage)
}

// parse reads flags; what is left over is a mistake. Help is printed, and flag.ErrHelp returned.
func parse(flags *flag.FlagSet, args []string, intro string) error {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Printf("%s\n\n", intro)
		flags.SetOutput(os.Stdout)
		flags.PrintDefaults()
		return err
	}
	if err != nil {
		return fmt.Errorf("%w (-h lists the flags)", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%q is not a flag (-h lists them)", flags.Arg(0))
	}
	return nil
}

// watchGoRun tells when a `go run` that started us is gone: it passes a Ctrl-C on, but dies of a SIGTERM alone.
func watchGoRun(gone func()) {
	path, err := os.Executable()
	if err != nil || !strings.Contains(path, "go-build") {
		return
	}
	parent := os.Getppid()
	go func() {
		for range time.Tick(time.Second) {
			if os.Getppid() != parent {
				gone()
				return
			}
		}
	}()
}
