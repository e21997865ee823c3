// Package command is `switchboard provision`, also started as `go run ./deploy/provision`: it reads the file that
// describes the centre, says what would change at Twilio, changes it when it is told to, and writes the environment file
// that the processes read.
//
// What there is to do is decided in package provision; here are the file (centre.go), the environment file (envfile.go)
// and the person at the terminal. Secrets go into the environment file and nowhere else. Start with Run.
package command

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"switchboard/config"
	"switchboard/provision"
)

// Exit codes.
const (
	ExitDone        = 0 // everything is as described
	ExitFailed      = 1
	ExitOutstanding = 2 // changes are outstanding: only a plan was made, or something is not allowed
)

// runWithin bounds one run: some hundred requests, and their repetition while Twilio is too busy.
const runWithin = 10 * time.Minute

// Terminal is where the command speaks. Questions are asked if there is somebody to answer them.
type Terminal struct {
	In  io.Reader
	Out io.Writer
	Ask bool
}

// Shell is the terminal that the program was started at, if it was at one.
func Shell() Terminal {
	info, err := os.Stdin.Stat()
	return Terminal{In: os.Stdin, Out: os.Stdout, Ask: err == nil && info.Mode()&os.ModeCharDevice != 0}
}

// Run is the whole command. Its result is an exit code; the error is to be printed.
func Run(ctx context.Context, args []string, t Terminal, env config.Lookup) (int, error) {
	o, err := Parse(args, t.Out)
	if errors.Is(err, flag.ErrHelp) {
		return ExitDone, nil
	}
	if err != nil {
		return ExitFailed, err
	}
	code, _, err := o.Run(ctx, t, env)
	return code, err
}

// Run does what the flags say, and tells what there is now.
func (o Options) Run(ctx context.Context, t Terminal, env config.Lookup) (int, provision.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	p, err := o.prepare(ctx, env)
	if err != nil {
		return ExitFailed, provision.Result{}, err
	}
	result, err := p.setup.Plan(ctx)
	if err != nil {
		return ExitFailed, result, fmt.Errorf("plan: %w", err)
	}
	stale := p.stale(result)
	p.show(t.Out, result, stale)
	left := provision.Outstanding(result.Changes)
	if len(stale) > 0 || slices.ContainsFunc(left, possible) {
		if !o.Apply && !(t.Ask && yes(t)) {
			fmt.Fprintln(t.Out, "\nNothing was changed. -apply makes the changes.")
			return ExitOutstanding, result, nil
		}
		fmt.Fprintln(t.Out)
		p.setup.Told = func(c provision.Change) { fmt.Fprintf(t.Out, "  done  %s %s\n", c.Verb, c.What) }
		if result, err = p.setup.Apply(ctx); err != nil {
			return ExitFailed, result, fmt.Errorf("apply: %w", err)
		}
		left = slices.DeleteFunc(provision.Outstanding(result.Changes), possible)
		if p.file != nil {
			fmt.Fprintf(t.Out, "\n%s has what the processes need to know. It holds secrets; only its owner can read it.\n", o.EnvFileName())
		}
	}
	p.missing(t.Out)
	if len(left) > 0 {
		return ExitOutstanding, result, nil
	}
	return ExitDone, result, nil
}

// possible: the change is made if it may be.
func possible(c provision.Change) bool { return c.Verb != provision.Blocked }

// show prints the plan: what would change, and what stays though nobody has described it.
func (p *preparation) show(out io.Writer, planned provision.Result, stale []string) {
	where := "the account of the credentials"
	if p.options.Environment.Name != "" {
		where = p.options.Environment.String() + ", account " + p.options.Environment.Account()
	}
	fmt.Fprintf(out, "%s; callbacks come to %s\n\n", where, p.setup.PublicURL)
	for _, c := range planned.Changes {
		fmt.Fprintf(out, "  %s\n", c)
	}
	if len(stale) > 0 {
		fmt.Fprintf(out, "  %s\n", provision.Change{Verb: provision.Update, What: "environment file " + p.options.EnvFileName(), Why: strings.Join(stale, ", ")})
	}
	if len(provision.Outstanding(planned.Changes))+len(stale) == 0 {
		fmt.Fprintln(out, "  Everything is as described.")
	}
	if !p.options.Delete {
		fmt.Fprintln(out, "\nNothing is ever deleted without -delete; numbers are never given back and accounts never closed.")
	}
}

// yes asks.
func yes(t Terminal) bool {
	fmt.Fprint(t.Out, "\nMake these changes? [y/N] ")
	answer, err := bufio.NewReader(t.In).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return err == nil && (answer == "y" || answer == "yes")
}

// missing says what the processes still need that Twilio does not know: the brokers, the identity provider.
func (p *preparation) missing(out io.Writer) {
	if p.file == nil {
		return
	}
	lookup := func(name string) (string, bool) {
		if value, there := p.file.Lookup(name); there {
			return value, true
		}
		value, there := p.options.Given[name]
		return value, there
	}
	var problems []string
	for _, load := range []func(config.Lookup) error{
		func(l config.Lookup) error { _, err := config.LoadWorker(l); return err },
		func(l config.Lookup) error { _, err := config.LoadWebhook(l); return err },
		func(l config.Lookup) error { _, err := config.LoadIntake(l); return err },
	} {
		if err := load(lookup); err != nil {
			_, lines, _ := strings.Cut(err.Error(), "\n")
			for line := range strings.SplitSeq(lines, "\n") {
				if !slices.Contains(problems, line) {
					problems = append(problems, line)
				}
			}
		}
	}
	if len(problems) > 0 {
		fmt.Fprintf(out, "\nWhat the processes need besides; add it to %s or to their environment (docs/operating.md):\n%s\n",
			p.options.EnvFileName(), strings.Join(problems, "\n"))
	}
}
