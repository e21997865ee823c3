package provision

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
	"switchboard/activities"
)

// keyName is the friendly name of the key that signs agents' access tokens.
const keyName = "Switchboard agents' page"

// Setup is what an environment shall be.
type Setup struct {
	// Twilio are the credentials: the main account's, or the environment's own, which cannot create or move anything
	// between accounts. Only the auth token will do.
	Twilio      activities.TwilioConfig
	Environment Environment // the zero value is the account of the credentials itself
	Workspace   Config      // what there shall be in TaskRouter; Twilio and PublicURL are taken from here
	PublicURL   string
	Numbers     Numbers
	// Key is the API key that the environment file holds: "" if none. NoKey: keys are somebody else's business.
	Key   string
	NoKey bool

	Buy    bool // numbers may be bought
	Delete bool // agents and queues that are not described may be deleted
	// Keep stores variables of the environment file as soon as they are known, for secrets are told only once.
	Keep func(variables map[string]string) error
	// Told is told of each change when it has been made; nil: nobody is.
	Told func(Change)

	pause time.Duration // before a request is made again; 0: firstPause
}

// Result is what there is, or what there would be.
type Result struct {
	Account   sb.AccountSID
	AuthToken string
	Workspace Workspace
	CallerID  string
	Changes   []Change
}

// How often a request is made that Twilio is too busy for, and how long after the first.
const (
	tries      = 6
	firstPause = 500 * time.Millisecond
)

// Plan says what Apply would do. It changes nothing.
func (s Setup) Plan(ctx context.Context) (Result, error) {
	return s.run(&run{ctx: ctx})
}

// Apply brings the environment to what is described. It begins again from what there is: after a failure half way a
// second call completes it.
func (s Setup) Apply(ctx context.Context) (Result, error) {
	return s.run(&run{ctx: ctx, apply: true, told: s.Told})
}

func (s Setup) run(r *run) (out Result, err error) {
	if s.Twilio.AuthToken == "" {
		return out, errors.New("provisioning needs the account's auth token: an API key can create neither accounts nor keys")
	}
	r.buy, r.remove, r.tries, r.pause = s.Buy, s.Delete, tries, cmp.Or(s.pause, firstPause)
	a := &accountant{run: r, Setup: s, public: strings.TrimRight(s.PublicURL, "/")}
	if a.main, err = activities.NewTwilio(s.Twilio); err != nil {
		return out, err
	}
	for _, step := range []func() error{a.account, a.taskRouter, a.application, a.callerID, a.testPhones, a.key, a.finish} {
		if err := step(); err != nil {
			return a.out, explain(err)
		}
	}
	a.out.Changes = r.changes
	return a.out, nil
}

// accountant is one pass over one environment.
type accountant struct {
	*run
	Setup
	public string
	main   *activities.Twilio // of the credentials
	owner  bool               // they are those of a main account, and the environment's is another
	own    *activities.Twilio // of the environment's account; nil while it is only planned
	app    string
	out    Result
}

// account finds the environment's account, or makes it.
func (a *accountant) account() error {
	mine, err := read(a.run, "fetch the account of the credentials", func() (*api.ApiV2010Account, error) {
		return a.main.Voice(a.ctx).FetchAccount(string(a.Twilio.AccountSID))
	})
	if err != nil {
		return err
	}
	name := a.Environment.Account()
	switch {
	case a.Environment == Environment{}, str(mine.FriendlyName) == name:
		return a.use(mine)
	case str(mine.OwnerAccountSid) != str(mine.Sid):
		return fmt.Errorf("TWILIO_ACCOUNT_SID is the account %q, not %q: give the credentials of that account, or of the main account, which creates it", str(mine.FriendlyName), name)
	}
	a.owner = true
	list, err := read(a.run, "list accounts", func() ([]api.ApiV2010Account, error) {
		return a.main.Voice(a.ctx).ListAccount((&api.ListAccountParams{}).SetFriendlyName(name))
	})
	if err != nil {
		return err
	}
	var found []api.ApiV2010Account
	for _, one := range list {
		if str(one.FriendlyName) == name && str(one.Status) != "closed" {
			found = append(found, one)
		}
	}
	switch {
	case len(found) > 1:
		return fmt.Errorf("there are %d accounts %q (%s and %s): rename all but one in Twilio's console", len(found), name, str(found[0].Sid), str(found[1].Sid))
	case len(found) == 1 && str(found[0].Status) != "active":
		return fmt.Errorf("the account %q (%s) is %s: activate it in Twilio's console first", name, str(found[0].Sid), str(found[0].Status))
	case len(found) == 1:
		return a.use(&found[0])
	}
	a.absent = !a.apply
	return a.do(Create, quoted("account", name), "", func() error {
		made, err := create(a.run, func() (*api.ApiV2010Account, error) {
			return a.main.Voice(a.ctx).CreateAccount((&api.CreateAccountParams{}).SetFriendlyName(name))
		})
		if err != nil {
			return err
		}
		return a.use(made)
	})
}

// use makes an account the environment's. What is in it is asked for with its own credentials: TaskRouter knows no others.
func (a *accountant) use(account *api.ApiV2010Account) (err error) {
	cfg := a.Twilio
	cfg.AccountSID = sb.AccountSID(str(account.Sid))
	if cfg.AccountSID != a.Twilio.AccountSID {
		if cfg.AuthToken = str(account.AuthToken); cfg.AuthToken == "" {
			return fmt.Errorf("account %s comes without its auth token: give the account's own credentials", cfg.AccountSID)
		}
	}
	a.out.Account, a.out.AuthToken = cfg.AccountSID, cfg.AuthToken
	if a.own, err = activities.NewTwilio(cfg); err != nil {
		return err
	}
	return a.keep(map[string]string{"TWILIO_ACCOUNT_SID": string(cfg.AccountSID), "TWILIO_AUTH_TOKEN": cfg.AuthToken})
}

func (a *accountant) keep(variables map[string]string) error {
	if !a.apply || a.Keep == nil {
		return nil
	}
	return a.Keep(variables)
}

func (a *accountant) taskRouter() (err error) {
	cfg := a.Workspace
	cfg.PublicURL = a.public
	if cfg.Twilio = a.Twilio; a.own != nil {
		cfg.Twilio = a.own.TwilioConfig
	}
	absent := a.absent
	a.out.Workspace, err = reconcile(cfg, a.run)
	a.absent = absent // the rest of the account may be there though its workspace is not
	return err
}

// key makes the key of the agents' page, whose secret Twilio tells once. It is the one the environment file holds, or new.
func (a *accountant) key() error {
	if a.NoKey {
		return nil
	}
	why := "the environment file has none"
	if a.Key != "" && a.own != nil {
		_, err := read(a.run, "fetch the API key", func() (*api.ApiV2010Key, error) { return a.own.Voice(a.ctx).FetchKey(a.Key, nil) })
		f, failed := errors.AsType[*activities.Failure](err)
		switch {
		case err == nil:
			return nil
		case !failed || f.Status != http.StatusNotFound:
			return err
		}
		why = "the account does not have the environment file's"
	}
	return a.do(Create, "API key of the agents' page", why, func() error {
		made, err := create(a.run, func() (*api.ApiV2010NewKey, error) {
			return a.own.Voice(a.ctx).CreateNewKey((&api.CreateNewKeyParams{}).SetFriendlyName(keyName))
		})
		if err != nil {
			return err
		}
		return a.keep(map[string]string{"TWILIO_API_KEY_SID": str(made.Sid), "TWILIO_API_KEY_SECRET": str(made.Secret)})
	})
}

// finish tells the processes where everything is: last, so that they never learn of what is not there yet.
func (a *accountant) finish() error { return a.keep(a.out.Variables(a.public)) }

// Variables are those of the environment file that say what there is. What a plan has not found yet is left out.
func (r Result) Variables(publicURL string) map[string]string {
	all := map[string]string{
		"TWILIO_ACCOUNT_SID": string(r.Account), "TWILIO_AUTH_TOKEN": r.AuthToken,
		"TWILIO_WORKSPACE_SID": string(r.Workspace.Workspace), "TWILIO_WORKFLOW_SID": string(r.Workspace.Routing),
		"TWILIO_CALLER_ID": r.CallerID, "SWITCHBOARD_PUBLIC_URL": publicURL,
	}
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// explain adds what to do to an error of Twilio's, of which only codes are told.
func explain(err error) error {
	f, ok := errors.AsType[*activities.Failure](err)
	if !ok {
		return err
	}
	advice := "nothing is lost: run it again, it goes on where it stopped"
	switch {
	case f.Status == http.StatusUnauthorized:
		advice = "Twilio does not accept the credentials: TWILIO_ACCOUNT_SID must be the account and TWILIO_AUTH_TOKEN its primary auth token, not an API key's secret"
	case f.Code == 20005:
		advice = "the account is suspended or closed: see Twilio's console"
	case f.Code == 21480:
		advice = "the main account has as many subaccounts as Twilio allows: close one in its console, or ask Twilio for more"
	case f.Code == 21422:
		advice = "nobody can buy this number at present: describe another"
	case f.Code == 21649 || f.Code == 21631:
		advice = "Twilio wants an address or a regulatory bundle for such a number: buy it in its console, then describe it"
	case f.Refused():
		advice = fmt.Sprintf("https://www.twilio.com/docs/errors/%d says why", max(f.Code, 0))
	}
	return fmt.Errorf("%w; %s", err, advice)
}
