package e2e

import (
	"bytes"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/provision/command"
	"switchboard/simulator"
)

// From an empty Twilio account to a conversation: what the command writes is all that the processes are given.
func TestProvisionedFromNothing(t *testing.T) {
	sim := simulator.New(simulator.Options{StrictCallerID: true}) // somebody else's number would be refused
	twilio := httptest.NewServer(sim)
	t.Cleanup(func() { twilio.Close(); sim.Close() })
	var webhook atomic.Pointer[url.URL]
	public := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { // as a tunnel does
		r.SetURL(webhook.Load())
		r.Out.Host = r.In.Host
	}})
	t.Cleanup(public.Close)
	envFile := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(envFile, []byte("SWITCHBOARD_DESKTOP_SIGN_IN=names\nSWITCHBOARD_POLICY={\"wrap_up\":\"1s\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o, err := command.Parse([]string{
		"-file", "../deploy/centre.yaml", "-environment", "dev", "-developer", "alice", "-public-url", public.URL,
		"-env-file", envFile, "-buy-numbers", "-apply",
	}, &out)
	if err != nil {
		t.Fatal(err)
	}
	code, found, err := o.Run(t.Context(), command.Terminal{Out: &out}, func(name string) (string, bool) {
		v, ok := map[string]string{
			"TWILIO_ACCOUNT_SID": simulator.DefaultAccountSID, "TWILIO_AUTH_TOKEN": simulator.DefaultAuthToken, "TWILIO_API_URL": twilio.URL,
		}[name]
		return v, ok
	})
	if err != nil || code != command.ExitDone {
		t.Fatalf("provision: exit code %d, %v\n%s", code, err, out.String())
	}
	file, err := command.ReadEnvFile(envFile)
	if err != nil {
		t.Fatal(err)
	}
	softphone := simulator.Robot()
	softphone.Account = string(found.Account)
	sim.SetSoftphone("alice", softphone)

	webhook.Store(&url.URL{Scheme: "http", Host: "127.0.0.1:1"}) // nobody is there yet
	ctx, s := start(t, stack.Options{Account: &stack.Account{Variables: file.All(), Workspace: found.Workspace}})
	webhook.Store(&url.URL{Scheme: "http", Host: s.At().Webhook})
	if err := s.SetStatus(ctx, "alice", provision.StatusAvailable); err != nil {
		t.Fatal(err)
	}
	r := request("+447700900201") // one that may be rung
	r.Skills = []string{"van"}
	call := place(ctx, t, s, r)
	for e, err := range s.Events(ctx, call) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Data.Stage != sb.StageEnded {
			continue
		}
		if e.Data.Outcome != sb.Completed || e.Data.HungUpBy != sb.PartyCaller {
			t.Errorf("got %+v, want a conversation that the caller ended", e.Data)
		}
		break
	}
	until := time.Now().Add(time.Minute)
	for len(sim.Leftovers()) > 0 && time.Now().Before(until) && ctx.Err() == nil {
		<-time.After(50 * time.Millisecond)
	}
	if left := sim.Leftovers(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
