package command

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"switchboard/activities"
	"switchboard/config"
	"switchboard/provision"
	"switchboard/provision/tunnel"
)

// preparation is everything that is known before Twilio is asked.
type preparation struct {
	options Options
	setup   provision.Setup
	file    *EnvFile // nil: none is written
	apiURL  string
	only    string // the numbers that alone may be rung; "": whatever the environment file says
	session string // the key of the agents' cookies
}

// prepare reads the flags' files and finds the public address.
func (o Options) prepare(ctx context.Context, env config.Lookup) (*preparation, error) {
	cfg, err := config.LoadProvision(env)
	if err != nil {
		return nil, err
	}
	c, err := readCentre(o.File)
	if err != nil {
		return nil, err
	}
	if d := o.Environment.Developer; d != "" && !slices.Contains(texts(c.Developers), d) {
		return nil, fmt.Errorf("-developer %q is not among the developers of %s: add the name there, or correct it", d, o.File)
	}
	p := &preparation{options: o, apiURL: cfg.APIURL, only: c.dialOnly(o.Environment)}
	if o.EnvFileName() != noEnvFile {
		if p.file, err = ReadEnvFile(o.EnvFileName()); err != nil {
			return nil, err
		}
	}
	public, err := o.publicURL(ctx, cfg)
	if err != nil {
		return nil, err
	}
	p.setup = provision.Setup{
		Twilio:      activities.TwilioConfig{AccountSID: cfg.AccountSID, AuthToken: cfg.AuthToken, APIURL: cfg.APIURL},
		Environment: o.Environment, Workspace: c.workspace(o.Environment), Numbers: c.numbersOf(o.Environment),
		PublicURL: public, NoKey: p.file == nil, Buy: o.Buy, Delete: o.Delete,
	}
	if p.file == nil {
		return p, nil
	}
	if p.session, err = sessionKey(p.file); err != nil {
		return nil, err
	}
	// A key without its secret is of no use: a new one is made.
	key, _ := p.file.Lookup("TWILIO_API_KEY_SID")
	if secret, _ := p.file.Lookup("TWILIO_API_KEY_SECRET"); secret != "" {
		p.setup.Key = key
	}
	p.setup.Keep = func(variables map[string]string) error { return p.file.Set(p.ours(variables)) }
	return p, nil
}

// publicURL is where Twilio is to call back.
func (o Options) publicURL(ctx context.Context, cfg config.Provision) (string, error) {
	address := o.PublicURL
	switch {
	case address == "":
		address = cfg.PublicURL
	case address == Auto && o.Environment.Name == provision.Production:
		return "", errors.New("-public-url auto is not for production: callers must not depend on a tunnel; give the address that is production's for good")
	case address == Auto:
		return tunnel.Find(ctx, o.Tunnel)
	}
	if address == "" {
		return "", errors.New("where Twilio reaches the webhook process is not known: give -public-url https://…, or -public-url auto where a tunnel runs")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("-public-url must be an address such as https://calls.example.com, without user, query or fragment")
	case cfg.APIURL == "" && (u.Scheme != "https" || local(u.Hostname())):
		return "", errors.New("-public-url must be https and reachable from the internet: Twilio calls back there, and browsers open no microphone elsewhere")
	}
	return strings.TrimRight(address, "/"), nil
}

func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && (ip.IsLoopback() || ip.IsPrivate())
}

// sessionKey is the one of the file, or a new one.
func sessionKey(f *EnvFile) (string, error) {
	const bytes = 32
	if key, _ := f.Lookup("SWITCHBOARD_SESSION_KEY"); key != "" {
		return key, nil
	}
	key := make([]byte, bytes)
	if _, err := rand.Read(key); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(key), nil
}

// ours adds what Twilio does not know of.
func (p *preparation) ours(variables map[string]string) map[string]string {
	all := maps.Clone(variables)
	all["SWITCHBOARD_SESSION_KEY"] = p.session
	if e := p.options.Environment.Name; e != "" {
		all["SWITCHBOARD_ENVIRONMENT"] = e
	}
	if p.only != "" {
		all["SWITCHBOARD_DIAL_ONLY"] = p.only
	}
	if have, _ := p.file.Lookup("TWILIO_API_URL"); have != p.apiURL {
		all["TWILIO_API_URL"] = p.apiURL
	}
	return all
}

// stale names the variables of the environment file that do not say what the plan has found.
func (p *preparation) stale(planned provision.Result) (names []string) {
	if p.file == nil {
		return nil
	}
	variables := p.ours(planned.Variables(p.setup.PublicURL))
	for _, name := range order {
		want, known := variables[name]
		if have, _ := p.file.Lookup(name); known && have != want {
			names = append(names, name)
		}
	}
	return names
}
