package config

import (
	"crypto/hkdf"
	"crypto/sha256"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	sb "switchboard"
)

// Desktop is what the webhook process needs to serve the agents' page. It does where there is an API key.
type Desktop struct {
	APIKey, APISecret string
	APIURL            string // see Twilio
	Workspace         sb.WorkspaceSID
	Edge              string
	// BrowserTwilioURL is where browsers reach a simulator; empty: they go to Twilio.
	BrowserTwilioURL string
	TokenLifetime    time.Duration
	OIDC             *OIDC // nil: agents sign in by name, with a simulator on this machine alone
	SessionKey       []byte
	Dispositions     []string
}

// OIDC is the identity provider of the agents.
type OIDC struct {
	Issuer, ClientID, ClientSecret, Claim string
	// RolesClaim is the claim with the roles, by name or path; Roles are its values that give a role.
	RolesClaim string
	Roles      map[string][]string
	Audiences  []string // whose tokens Temporal's UI or CLI may pass on
}

// roles are those that package desktop knows.
var roles = []string{"agent", "supervisor", "operator"}

// minSessionKey is how many bytes the key of the cookies must have.
const minSessionKey = 32

func (r *reader) desktop() *Desktop {
	key, secret := r.optional("TWILIO_API_KEY_SID", ""), r.secret("TWILIO_API_KEY_SECRET")
	if key == "" && secret == "" {
		return nil
	}
	if key == "" || secret == "" {
		r.wrong("TWILIO_API_KEY_SID", "and TWILIO_API_KEY_SECRET go together: one of them is missing")
	}
	d := &Desktop{
		APIKey: r.sid("TWILIO_API_KEY_SID", "SK", "an API key's SID"), APISecret: secret, APIURL: r.apiURL(),
		Workspace: sb.WorkspaceSID(r.sid("TWILIO_WORKSPACE_SID", "WS", "TaskRouter's workspace")),
		Edge:      r.optional("TWILIO_EDGE", ""), BrowserTwilioURL: r.browserTwilio(),
		TokenLifetime: r.tokenLifetime(), Dispositions: r.dispositions(),
	}
	byName := false
	switch kind := r.optional("SWITCHBOARD_DESKTOP_SIGN_IN", "oidc"); kind {
	case "oidc":
		d.OIDC = r.oidc()
	case "names":
		byName = true
		if !loopback(d.APIURL) {
			r.wrong("SWITCHBOARD_DESKTOP_SIGN_IN", "can be names only where TWILIO_API_URL is a simulator on this machine (127.0.0.1 or localhost): anybody could be any agent. Set it to oidc")
		}
	default:
		r.wrong("SWITCHBOARD_DESKTOP_SIGN_IN", "must be oidc or names")
	}
	d.SessionKey = r.sessionKey(byName, secret)
	return d
}

// browserTwilio is where browsers reach a simulator, which makes sense only where we reach one too.
func (r *reader) browserTwilio() string {
	const key = "SWITCHBOARD_BROWSER_TWILIO_URL"
	v := strings.TrimSuffix(r.optional(key, ""), "/")
	if v == "" {
		return ""
	}
	r.url(key, v)
	if u, err := url.Parse(v); err == nil && u.Path != "" {
		r.wrong(key, "must have no path")
	}
	if r.optional("TWILIO_API_URL", "") == "" {
		r.wrong(key, "needs TWILIO_API_URL as well: the page and its server must use the same Twilio")
	}
	return v
}

func (r *reader) oidc() *OIDC {
	const what = "sign-in needs an identity provider (or SWITCHBOARD_DESKTOP_SIGN_IN=names, with a simulator)"
	o := &OIDC{
		Issuer: r.required("SWITCHBOARD_OIDC_ISSUER", what), ClientID: r.required("SWITCHBOARD_OIDC_CLIENT_ID", what),
		ClientSecret: r.requiredSecret("SWITCHBOARD_OIDC_CLIENT_SECRET", what), Claim: r.optional("SWITCHBOARD_OIDC_CLAIM", "email"),
		RolesClaim: r.optional("SWITCHBOARD_OIDC_ROLES_CLAIM", "roles"), Roles: r.roles(), Audiences: split(r.optional("SWITCHBOARD_OIDC_AUDIENCES", "")),
	}
	if u, err := url.Parse(o.Issuer); o.Issuer != "" && (err != nil || u.Host == "" || u.Scheme != "https" && !loopback(o.Issuer)) {
		r.wrong("SWITCHBOARD_OIDC_ISSUER", "must be an https URL")
	}
	return o
}

// roles reads which values of the claim give which role, as role=value; a role may be named more than once.
func (r *reader) roles() map[string][]string {
	const key = "SWITCHBOARD_OIDC_ROLES"
	out := map[string][]string{}
	for _, entry := range split(r.optional(key, "agent=agent,supervisor=supervisor,operator=operator")) {
		role, value, _ := strings.Cut(entry, "=")
		role, value = strings.TrimSpace(role), strings.TrimSpace(value)
		if !slices.Contains(roles, role) || value == "" {
			r.wrong(key, "must be role=value, separated by commas, the roles being %s; such as agent=cc-agents,operator=sre", strings.Join(roles, ", "))
			return out
		}
		out[role] = append(out[role], value)
	}
	return out
}

// sessionKey is that of the cookies. On a laptop it may follow from another secret, so that nobody has to make one up.
func (r *reader) sessionKey(byName bool, secret string) []byte {
	const key = "SWITCHBOARD_SESSION_KEY"
	v := r.secret(key)
	switch {
	case v == unreadable:
		return nil // said already
	case v == "" && byName:
		derived, err := hkdf.Key(sha256.New, []byte(secret), nil, key, minSessionKey)
		if err != nil {
			r.wrong(key, "cannot be derived: %v", err)
		}
		return derived
	case v == "":
		r.wrong(key, "is missing: it signs the agents' cookies, the same in every webhook process; make one with: openssl rand -base64 32")
	case len(v) < minSessionKey:
		r.wrong(key, "must have at least %d characters; make one with: openssl rand -base64 32", minSessionKey)
	}
	return []byte(v)
}

// tokenLifetime is an hour unless set. Less than a minute is for tests, which have a simulator.
func (r *reader) tokenLifetime() time.Duration {
	const key = "SWITCHBOARD_DESKTOP_TOKEN_LIFETIME"
	least := time.Minute
	if r.optional("TWILIO_API_URL", "") != "" {
		least = time.Second
	}
	d, err := time.ParseDuration(r.optional(key, "1h"))
	if err != nil || d < least || d > 24*time.Hour {
		r.wrong(key, "must be a duration between %v and 24h, such as 1h", least)
	}
	return d
}

func (r *reader) dispositions() []string {
	var list []string
	for d := range strings.SplitSeq(r.optional("SWITCHBOARD_DISPOSITIONS", "Resolved,Call again,Wrong number,Complaint"), ",") {
		switch d = strings.TrimSpace(d); {
		case d == "" || slices.Contains(list, d):
		case len([]rune(d)) > sb.MaxDispositionLength:
			r.wrong("SWITCHBOARD_DISPOSITIONS", "must be a list of words of at most %d characters each, separated by commas", sb.MaxDispositionLength)
		default:
			list = append(list, d)
		}
	}
	return list
}

// loopback reports whether an address is on this machine.
func loopback(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}
