package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"switchboard/activities"
	"switchboard/config"
	"switchboard/provision"
)

// runProvision sets up the TaskRouter workspace, or mends it, and prints what the worker's environment needs.
func runProvision(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("switchboard provision", flag.ContinueOnError)
	var agents agentList
	flags.Var(&agents, "agent", "an agent as `name` or name:skill,skill; once for each. Agents that are not named stay as they are")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; agents are given as -agent name:skill,skill", flags.Arg(0))
	}
	cfg, err := config.LoadProvision(os.LookupEnv)
	if err != nil {
		return err
	}
	return provisionWorkspace(ctx, cfg, agents, os.Stdout)
}

func provisionWorkspace(ctx context.Context, cfg config.Provision, agents []provision.Agent, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	w, err := provision.Apply(ctx, provision.Config{
		Twilio:    activities.TwilioConfig{AccountSID: cfg.AccountSID, AuthToken: cfg.AuthToken, APIURL: cfg.APIURL},
		PublicURL: cfg.PublicURL, Agents: agents,
	})
	if err != nil {
		return fmt.Errorf("provision: %w", err)
	}
	_, err = fmt.Fprintf(out, "TWILIO_WORKSPACE_SID=%s\nTWILIO_WORKFLOW_SID=%s\n", w.Workspace, w.Routing)
	return err
}

// agentList is the value of the repeated flag -agent.
type agentList []provision.Agent

func (l *agentList) String() string { return "" }

func (l *agentList) Set(text string) error {
	name, skills, _ := strings.Cut(text, ":")
	if name = strings.TrimSpace(name); name == "" {
		return fmt.Errorf("an agent needs a name, as in anna:landlord,claims")
	}
	a := provision.Agent{Name: name}
	for s := range strings.SplitSeq(skills, ",") {
		if s = strings.TrimSpace(s); s != "" {
			a.Skills = append(a.Skills, s)
		}
	}
	*l = append(*l, a)
	return nil
}
