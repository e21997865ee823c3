package config

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

var desktop = map[string]string{
	"TWILIO_API_KEY_SID": "SK" + strings.Repeat("0", 32), "TWILIO_API_KEY_SECRET": "the secret",
	"SWITCHBOARD_OIDC_ISSUER": "https://id.example.com", "SWITCHBOARD_OIDC_CLIENT_ID": "switchboard", "SWITCHBOARD_OIDC_CLIENT_SECRET": "the secret of the client",
	"SWITCHBOARD_SESSION_KEY": strings.Repeat("k", 32),
}

func withDesktop(changes map[string]string) map[string]string {
	env := with(desktop)
	for k, v := range changes {
		env[k] = v
	}
	return env
}

func TestTheDesktopIsOffWithoutAnAPIKey(t *testing.T) {
	w, err := LoadWebhook(lookup(with(map[string]string{"SWITCHBOARD_DESKTOP_SIGN_IN": "names"})))
	if err != nil || w.Desktop != nil {
		t.Errorf("got %+v, %v", w.Desktop, err)
	}
}

func TestDesktopInProduction(t *testing.T) {
	w, err := LoadWebhook(lookup(withDesktop(nil)))
	if err != nil {
		t.Fatal(err)
	}
	d := w.Desktop
	if d.OIDC == nil || d.OIDC.Claim != "email" || d.OIDC.RolesClaim != "roles" || len(d.OIDC.Roles) != 3 || len(d.OIDC.Audiences) > 0 || d.TokenLifetime != time.Hour || d.BrowserTwilioURL != "" || d.Edge != "" || len(d.SessionKey) != 32 ||
		!slices.Equal(d.Dispositions, []string{"Resolved", "Call again", "Wrong number", "Complaint"}) {
		t.Errorf("got %+v", d)
	}
}

func TestDesktopOnALaptop(t *testing.T) {
	env := map[string]string{
		"SWITCHBOARD_DESKTOP_SIGN_IN": "names", "TWILIO_API_URL": "http://127.0.0.1:8090", "SWITCHBOARD_BROWSER_TWILIO_URL": "http://localhost:8090/",
		"SWITCHBOARD_DESKTOP_TOKEN_LIFETIME": "20s", "SWITCHBOARD_SESSION_KEY": "", "SWITCHBOARD_DISPOSITIONS": "Sold, , Not sold,Sold",
	}
	first, err := LoadWebhook(lookup(withDesktop(env)))
	if err != nil {
		t.Fatal(err)
	}
	d := first.Desktop
	if d.OIDC != nil || d.TokenLifetime != 20*time.Second || d.BrowserTwilioURL != "http://localhost:8090" || !slices.Equal(d.Dispositions, []string{"Sold", "Not sold"}) {
		t.Errorf("got %+v", d)
	}
	second, err := LoadWebhook(lookup(withDesktop(env)))
	if err != nil || len(d.SessionKey) != 32 || !slices.Equal(d.SessionKey, second.Desktop.SessionKey) {
		t.Errorf("the key of the cookies is another after a restart: %v", err)
	}
}

func TestDesktopProblems(t *testing.T) {
	names := "SWITCHBOARD_DESKTOP_SIGN_IN"
	for _, c := range []struct {
		env  map[string]string
		says string
	}{
		{map[string]string{"TWILIO_API_KEY_SECRET": ""}, "go together"},
		{map[string]string{"TWILIO_API_KEY_SID": ""}, "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET go together"},
		{map[string]string{"TWILIO_API_KEY_SID": "secret"}, "must be an API key's SID"},
		{map[string]string{"TWILIO_WORKSPACE_SID": ""}, "TWILIO_WORKSPACE_SID is missing"},
		{map[string]string{names: "nobody"}, "must be oidc or names"},
		{map[string]string{names: "names"}, "anybody could be any agent"},
		{map[string]string{names: "names", "TWILIO_API_URL": "http://twilio-proxy:3128"}, "anybody could be any agent"},
		{map[string]string{"SWITCHBOARD_OIDC_ISSUER": ""}, "SWITCHBOARD_OIDC_ISSUER is missing"},
		{map[string]string{"SWITCHBOARD_OIDC_ISSUER": "http://id.example.com"}, "https URL"},
		{map[string]string{"SWITCHBOARD_OIDC_CLIENT_SECRET": ""}, "SWITCHBOARD_OIDC_CLIENT_SECRET is missing"},
		{map[string]string{"SWITCHBOARD_SESSION_KEY": ""}, "openssl rand"},
		{map[string]string{"SWITCHBOARD_SESSION_KEY": "short secret"}, "at least 32"},
		{map[string]string{"SWITCHBOARD_BROWSER_TWILIO_URL": "http://localhost:8090"}, "needs TWILIO_API_URL"},
		{map[string]string{"SWITCHBOARD_BROWSER_TWILIO_URL": "http://localhost:8090/x", "TWILIO_API_URL": "http://localhost:8090"}, "no path"},
		{map[string]string{"SWITCHBOARD_DESKTOP_TOKEN_LIFETIME": "20s"}, "between 1m0s and 24h"},
		{map[string]string{"SWITCHBOARD_DESKTOP_TOKEN_LIFETIME": "25h"}, "between 1m0s and 24h"},
		{map[string]string{"SWITCHBOARD_OIDC_ROLES": "boss=cc-leads"}, "SWITCHBOARD_OIDC_ROLES must be"},
		{map[string]string{"SWITCHBOARD_OIDC_ROLES": "agent="}, "SWITCHBOARD_OIDC_ROLES must be"},
		{map[string]string{"SWITCHBOARD_DISPOSITIONS": strings.Repeat("x", 65)}, "SWITCHBOARD_DISPOSITIONS"},
	} {
		_, err := LoadWebhook(lookup(withDesktop(c.env)))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: got %v, want %q", c.env, err, c.says)
		} else if strings.Contains(strings.ToLower(err.Error()), "the secret") || strings.Contains(err.Error(), "short secret") {
			t.Errorf("%v: the error repeats a value: %v", c.env, err)
		}
	}
}

func TestRolesAreValuesOfAClaim(t *testing.T) {
	w, err := LoadWebhook(lookup(withDesktop(map[string]string{
		"SWITCHBOARD_OIDC_ROLES": "agent=cc-agents, operator=sre,operator=platform", "SWITCHBOARD_OIDC_ROLES_CLAIM": "realm_access.roles",
		"SWITCHBOARD_OIDC_AUDIENCES": "temporal-ui, cli",
	})))
	if err != nil {
		t.Fatal(err)
	}
	o := w.Desktop.OIDC
	if o.RolesClaim != "realm_access.roles" || !slices.Equal(o.Roles["operator"], []string{"sre", "platform"}) || !slices.Equal(o.Roles["agent"], []string{"cc-agents"}) ||
		o.Roles["supervisor"] != nil || !slices.Equal(o.Audiences, []string{"temporal-ui", "cli"}) {
		t.Errorf("got %+v", o)
	}
}

// Every variable that is read is in the table of the operators' page, and every one in the table is read.
func TestEveryVariableIsDocumented(t *testing.T) {
	page, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]bool{}
	recording := func(key string) (string, bool) {
		read[key] = true
		return lookup(withDesktop(nil))(key)
	}
	for _, load := range []func(Lookup) error{
		func(l Lookup) error { _, err := LoadWorker(l); return err },
		func(l Lookup) error { _, err := LoadWebhook(l); return err },
		func(l Lookup) error { _, err := LoadIntake(l); return err },
		func(l Lookup) error { _, err := LoadProvision(l); return err },
	} {
		if err := load(recording); err != nil {
			t.Fatal(err)
		}
	}
	documented := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if names, ok := strings.CutPrefix(line, "| `"); ok {
			names, _, _ = strings.Cut(names, "|")
			for _, name := range regexp.MustCompile(`[A-Z][A-Z0-9_]+`).FindAllString(names, -1) {
				documented[name] = true
			}
		}
	}
	for name := range read {
		if !documented[name] {
			t.Errorf("%s is not in the table of docs/operating.md", name)
		}
	}
	for name := range documented {
		if !read[name] && !strings.HasPrefix(name, "TEMPORAL_") {
			t.Errorf("%s of docs/operating.md is read by nobody", name)
		}
	}
}
