package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"switchboard/config"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/provision/command"
	"switchboard/provision/tunnel"
)

// account is a developer's own Twilio account in place of the simulator: -twilio real. It is set up before anything is
// started, and again whenever the tunnel gets another address.
type account struct {
	options command.Options
	env     config.Lookup
	port    string // of the webhook process
	address string // at which Twilio reaches it now
}

// The simulator is what -twilio chooses unless told otherwise.
const (
	simulated  = "simulator"
	realTwilio = "real"
)

// accountFlags adds the flags of -twilio real.
func accountFlags(flags *flag.FlagSet, f *runFlags) {
	flags.StringVar(&f.twilio, "twilio", simulated, "simulator, or real: your own Twilio account, which costs money; the flags below are for that alone")
	flags.StringVar(&f.developer, "developer", "", "`name` of yours in the file that describes the centre")
	flags.StringVar(&f.account.File, "file", command.DefaultFile, "`file` that describes the centre")
	flags.StringVar(&f.account.EnvFile, "env-file", "", "`file` of variables for the processes; .env.dev-<developer> unless given")
	flags.StringVar(&f.account.PublicURL, "public-url", command.Auto, "`address` at which Twilio reaches this machine; auto: that of the tunnel that runs here")
	flags.StringVar(&f.account.Tunnel.Command, "public-url-command", "", "`command` that prints the tunnel's address on its last line, in place of ngrok")
	flags.Func("ngrok-api", "`address` of ngrok's agent, where it is not the usual one", func(api string) error {
		f.account.Tunnel.APIs = []string{api}
		return nil
	})
}

// realAccount checks the flags; nil for the simulator.
func (f *runFlags) realAccount() (*account, error) {
	switch {
	case f.twilio == simulated && f.developer == "":
		return nil, nil
	case f.twilio == simulated:
		return nil, errors.New("-developer goes with -twilio real")
	case f.twilio != realTwilio:
		return nil, errors.New("-twilio must be simulator or real")
	}
	e, err := provision.NewEnvironment("dev", f.developer)
	if err != nil {
		return nil, err
	}
	_, port, _ := strings.Cut(f.listen.Webhook, ":")
	a := &account{options: f.account, env: os.LookupEnv, port: port}
	a.options.Environment, a.options.Apply, a.options.Tunnel.Port = e, true, port
	a.options.Tunnel.Wait = time.Minute
	a.options.Given = map[string]string{"KAFKA_BROKERS": f.listen.Kafka} // the stack's own
	return a, nil
}

// setUp brings the account to what is described and returns what the processes need.
func (a *account) setUp(ctx context.Context, t *terminal) (*stack.Account, error) {
	t.line("Setting your Twilio account up; what is so already stays.\n")
	code, found, err := a.options.Run(ctx, command.Terminal{In: strings.NewReader(""), Out: t}, a.env)
	if err != nil {
		return nil, err
	}
	if code != command.ExitDone {
		return nil, errors.New("the account is not as described, and what is missing is not done by itself: see above, and run `go run ./deploy/provision` with -buy-numbers where a number is to be bought")
	}
	file, err := command.ReadEnvFile(a.options.EnvFileName())
	if err != nil {
		return nil, err
	}
	out := &stack.Account{Variables: file.All(), Workspace: found.Workspace}
	a.address = out.Variables["SWITCHBOARD_PUBLIC_URL"]
	if _, err := config.LoadWebhook(file.Lookup); err != nil {
		return nil, fmt.Errorf("%s lacks what the agents' page needs: %w", a.options.EnvFileName(), err)
	}
	return out, nil
}

// lookForTunnel is how often the tunnel is asked for its address.
const lookForTunnel = 5 * time.Second

// follow sets everything up again when the tunnel has another address, until ctx ends.
func (a *account) follow(ctx context.Context, t *terminal, every time.Duration, readdress func(context.Context, *stack.Account) error) {
	if a.options.PublicURL != command.Auto {
		return
	}
	where := a.options.Tunnel
	where.Wait = 0
	tick := time.NewTicker(every)
	defer tick.Stop()
	lost := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		address, err := tunnel.Find(ctx, where)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			if !lost {
				t.Notice("the tunnel is gone, and Twilio does not reach this machine until it is back: " + err.Error())
			}
			lost = true
			continue
		}
		if address == a.address && !lost {
			continue
		}
		lost = false
		if address == a.address {
			t.Notice("the tunnel is back")
			continue
		}
		t.Notice("the tunnel has another address: all callbacks follow it")
		now, err := a.setUp(ctx, t)
		if err == nil {
			err = readdress(ctx, now)
		}
		if err != nil && ctx.Err() == nil { // the next look tries again
			a.address = ""
			t.Notice("the callbacks do not follow yet: " + err.Error())
		}
	}
}
