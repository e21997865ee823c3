package stack

import (
	"context"
	"maps"
	"net/url"
	"strings"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/provision"
)

// Account is a Twilio account that somebody has set up: the stack starts no simulator and uses it.
type Account struct {
	// Variables are those of its environment file, SWITCHBOARD_PUBLIC_URL among them.
	Variables map[string]string
	Workspace provision.Workspace
}

// twilio is the account, as our processes reach it.
func (a *Account) twilio(o activities.TwilioConfig) activities.TwilioConfig {
	v := a.Variables
	o.AccountSID, o.AuthToken, o.APIURL = sb.AccountSID(v["TWILIO_ACCOUNT_SID"]), v["TWILIO_AUTH_TOKEN"], v["TWILIO_API_URL"]
	o.Workspace, o.Routing = sb.WorkspaceSID(v["TWILIO_WORKSPACE_SID"]), sb.RoutingSID(v["TWILIO_WORKFLOW_SID"])
	return o
}

// takeAccount is what a stack with an account does in place of starting a simulator.
func (s *Stack) takeAccount() {
	step := s.o.Progress.Step("Twilio")
	s.workspace = s.o.Account.Workspace
	where := "the real one"
	if u, err := url.Parse(s.o.Account.Variables["TWILIO_API_URL"]); err == nil && u.Host != "" {
		where = u.Host
	}
	step.Done(where+", account "+s.o.Account.Variables["TWILIO_ACCOUNT_SID"], nil)
}

// account is the present one; nil if the stack has a simulator.
func (s *Stack) account() *Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.o.Account
}

// Readdress tells the processes that Twilio reaches them elsewhere: those that make and check callbacks are started again.
// Calls go on; what is called back to the old address meanwhile is found out by looking.
func (s *Stack) Readdress(ctx context.Context, account *Account) error {
	s.mu.Lock()
	s.o.Account = account
	s.mu.Unlock()
	for _, part := range []string{Webhook, Worker} {
		old := s.part(part)
		if err := old.stop(ctx); err != nil {
			return err
		}
		fresh := s.ours(part)
		if err := s.launch(fresh); err != nil {
			return err
		}
		if err := fresh.await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// atTwilio are the variables of our processes that are about Twilio.
func (s *Stack) atTwilio(simulated map[string]string) map[string]string {
	a := s.account()
	if a == nil {
		return simulated
	}
	all := maps.Clone(a.Variables)
	maps.DeleteFunc(all, func(name, _ string) bool {
		return strings.HasPrefix(name, "TEMPORAL_") || strings.HasPrefix(name, "KAFKA_")
	}) // those here are meant
	delete(all, "SWITCHBOARD_WEBHOOK_LISTEN")
	delete(all, "SWITCHBOARD_INTAKE_LISTEN")
	return all
}
