package e2e

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/provision/command"
	"switchboard/simulator"
)

// From an empty Twilio account to a conversation: what the command writes is all that the processes are given.
func TestProvisionedFromNothing(t *testing.T) {
	p := newProvisioned(t)
	public := newTunnel(t)
	ctx, s := start(t, stack.Options{Account: p.account(t, public.URL)})
	public.leadTo(s)
	if err := s.SetStatus(ctx, "alice", provision.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	call := place(ctx, t, s, p.request())
	if end := p.ended(ctx, t, s, call); end.Outcome != sb.Completed || end.HungUpBy != sb.PartyCaller {
		t.Errorf("got %+v, want a conversation that the caller ended", end)
	}
}

// A laptop's tunnel that comes back under another address: all callbacks follow, and a conversation that began under the old
// one, at which nobody is any more, comes to its end by looking.
func TestAConversationOutlivesItsTunnel(t *testing.T) {
	p := newProvisioned(t)
	before := newTunnel(t)
	ctx, s := start(t, stack.Options{Account: p.account(t, before.URL)})
	before.leadTo(s)
	if err := s.SetStatus(ctx, "alice", provision.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	call := place(ctx, t, s, p.request())
	if _, err := s.Await(ctx, call, sb.StageConnected); err != nil {
		t.Fatal(err)
	}
	before.Close() // the caller talks for 10 s
	after := newTunnel(t)
	after.leadTo(s)
	if err := s.Readdress(ctx, p.account(t, after.URL)); err != nil {
		t.Fatal(err)
	}
	if end := p.ended(ctx, t, s, call); end.Outcome != sb.Completed || end.HungUpBy != sb.PartyCaller || end.Attempts != 1 {
		t.Errorf("got %+v, want the conversation that the caller ended", end)
	}
	next := place(ctx, t, s, p.request())
	if end := p.ended(ctx, t, s, next); end.Outcome != sb.Completed {
		t.Errorf("under the new address: got %+v, want a conversation", end)
	}
	for _, callback := range []string{sb.PathTaskAssigned, sb.PathTaskEvents, sb.PathLeg, sb.PathRoom} {
		if _, taken := after.taken.Load(callback); !taken {
			t.Errorf("no %s was taken under the new address", callback)
		}
	}
}

// provisioned is a Twilio account that the command has set up, at a simulator.
type provisioned struct {
	sim     *simulator.Simulator
	api     string
	envFile string
}

func newProvisioned(t *testing.T) *provisioned {
	t.Helper()
	sim := simulator.New(simulator.Options{StrictCallerID: true}) // somebody else's number would be refused
	twilio := httptest.NewServer(sim)
	t.Cleanup(func() { twilio.Close(); sim.Close() })
	p := &provisioned{sim: sim, api: twilio.URL, envFile: filepath.Join(t.TempDir(), "env")}
	if err := os.WriteFile(p.envFile, []byte("SWITCHBOARD_DESKTOP_SIGN_IN=names\nSWITCHBOARD_POLICY={\"wrap_up\":\"1s\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// account runs the command and returns what it has written, of an account that calls back to publicURL.
func (p *provisioned) account(t *testing.T, publicURL string) *stack.Account {
	t.Helper()
	var out bytes.Buffer
	o, err := command.Parse([]string{
		"-file", "../deploy/centre.yaml", "-environment", "dev", "-developer", "alice", "-public-url", publicURL,
		"-env-file", p.envFile, "-buy-numbers", "-apply",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	code, found, err := o.Run(t.Context(), command.Terminal{Out: &out}, func(name string) (string, bool) {
		v, ok := map[string]string{
			"TWILIO_ACCOUNT_SID": simulator.DefaultAccountSID, "TWILIO_AUTH_TOKEN": simulator.DefaultAuthToken, "TWILIO_API_URL": p.api,
		}[name]
		return v, ok
	})
	if err != nil || code != command.ExitDone {
		t.Fatalf("provision: exit code %d, %v\n%s", code, err, out.String())
	}
	file, err := command.ReadEnvFile(p.envFile)
	if err != nil {
		t.Fatal(err)
	}
	softphone := simulator.Robot()
	softphone.Account = string(found.Account)
	p.sim.SetSoftphone("alice", softphone)
	return &stack.Account{Variables: file.All(), Workspace: found.Workspace}
}

// request is one that alice can serve, at a telephone that may be rung.
func (p *provisioned) request() sb.Request {
	r := request("+447700900201")
	r.Skills = []string{"van"}
	return r
}

// ended waits for a call's end, and for nothing to be left of it.
func (p *provisioned) ended(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID) sb.EventData {
	t.Helper()
	end, err := s.Await(ctx, call, sb.StageEnded)
	if err != nil {
		t.Fatal(err)
	}
	waitFor(ctx, t, "nothing to be left behind", func() bool { return len(p.sim.Leftovers()) == 0 })
	return end.Data
}

// tunnel is a public address that leads to the webhook process, as soon as there is one.
type tunnel struct {
	*httptest.Server
	webhook atomic.Pointer[url.URL]
	taken   sync.Map // the paths of callbacks that the webhook process took
}

func newTunnel(t *testing.T) *tunnel {
	t.Helper()
	u := &tunnel{}
	u.webhook.Store(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}) // nobody is there yet
	u.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u.webhook.Load())
			r.Out.Host = r.In.Host
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode < http.StatusMultipleChoices {
				u.taken.Store(r.Request.URL.Path, true)
			}
			return nil
		},
	})
	t.Cleanup(u.Close)
	return u
}

func (u *tunnel) leadTo(s *stack.Stack) {
	u.webhook.Store(&url.URL{Scheme: "http", Host: s.At().Webhook})
}
