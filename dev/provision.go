package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"time"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/simulator"
)

// provisionElsewhere sets a workspace with robot agents up in a simulator of another process, for docker-compose.yml.
// The simulator forgets it when it ends, and with the same seed gives the same SIDs again.
func provisionElsewhere(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("dev provision", flag.ContinueOnError)
	api := flags.String("twilio", "http://127.0.0.1:8090", "`URL` of the simulator")
	account := flags.String("account", simulator.DefaultAccountSID, "the account's `SID`")
	token := flags.String("token", simulator.DefaultAuthToken, "its auth `token`")
	public := flags.String("public-url", "http://127.0.0.1:8080", "`URL` of the webhook process, as the simulator reaches it")
	agents := flags.Int("agents", 2, "how many robot agents there are")
	if err := parse(flags, args, "Sets a workspace with robot agents up in a simulator of another process."); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cfg := provision.Config{
		Twilio:    activities.TwilioConfig{AccountSID: sb.AccountSID(*account), AuthToken: *token, APIURL: *api},
		PublicURL: *public,
	}
	for i := range *agents {
		cfg.Agents = append(cfg.Agents, provision.Agent{Name: stack.RobotName(i), Skills: skills})
	}
	w, err := provision.Apply(ctx, cfg)
	if err != nil {
		return err
	}
	for _, a := range cfg.Agents {
		if err := provision.SetAgentStatus(ctx, cfg.Twilio, w, a.Name, provision.StatusAvailable); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(out, "TWILIO_WORKSPACE_SID=%s\nTWILIO_WORKFLOW_SID=%s\n", w.Workspace, w.Routing)
	return err
}
