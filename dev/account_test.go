package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/dev/stack"
	"switchboard/provision/command"
	"switchboard/simulator"
)

// A simulator passes for the real Twilio, and a server for ngrok: everything but the last step.
func TestARealAccountFollowsItsTunnel(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	twilio := httptest.NewServer(sim)
	defer func() { twilio.Close(); sim.Close() }()
	var address atomic.Value
	address.Store("https://one.example.test")
	ngrok := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"tunnels":[{"public_url":"` + address.Load().(string) + `","config":{"addr":"http://localhost:8080"}}]}`))
	}))
	defer ngrok.Close()

	envFile := filepath.Join(t.TempDir(), "env")
	if err := os.WriteFile(envFile, []byte("SWITCHBOARD_DESKTOP_SIGN_IN=names\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := parseRunFlags([]string{"-twilio", "real", "-developer", "alice", "-file", "../deploy/centre.yaml", "-env-file", envFile, "-ngrok-api", ngrok.URL})
	if err != nil {
		t.Fatal(err)
	}
	if f.agents+f.samples+len(f.people) > 0 {
		t.Errorf("with a real account telephones would ring unasked: %+v", f)
	}
	a, err := f.realAccount()
	if err != nil {
		t.Fatal(err)
	}
	a.env = func(name string) (string, bool) {
		v, ok := map[string]string{
			"TWILIO_ACCOUNT_SID": simulator.DefaultAccountSID, "TWILIO_AUTH_TOKEN": simulator.DefaultAuthToken, "TWILIO_API_URL": twilio.URL,
		}[name]
		return v, ok
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	term := newTerminal(out)
	if _, err := a.setUp(t.Context(), term); err == nil || !strings.Contains(err.Error(), "-buy-numbers") {
		t.Errorf("a number that has to be bought: got %v, want to be told how", err)
	}
	a.options.Buy = true
	first, err := a.setUp(t.Context(), term)
	if err != nil {
		t.Fatal(err)
	}
	if got := first.Variables["SWITCHBOARD_PUBLIC_URL"]; got != "https://one.example.test" || first.Workspace.Agents["alice"] == "" {
		t.Errorf("got %s and agents %v", got, first.Workspace.Agents)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	told := make(chan *stack.Account, 1)
	go a.follow(ctx, term, 10*time.Millisecond, func(_ context.Context, now *stack.Account) error {
		told <- now
		return nil
	})
	address.Store("https://two.example.test")
	select {
	case now := <-told:
		if got := now.Variables["SWITCHBOARD_PUBLIC_URL"]; got != "https://two.example.test" {
			t.Errorf("the processes are told %s", got)
		}
	case <-ctx.Done():
		t.Fatal("nobody noticed that the tunnel has moved")
	}
	text, err := os.ReadFile(out.Name())
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{"TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SECRET", "SWITCHBOARD_SESSION_KEY"} {
		if strings.Contains(string(text), first.Variables[secret]) {
			t.Errorf("%s is on the screen", secret)
		}
	}
}

func TestFlagsOfARealAccount(t *testing.T) {
	for says, args := range map[string][]string{
		"-developer goes with":      {"-developer", "alice"},
		"must be simulator or real": {"-twilio", "reel"},
		"belongs to a developer":    {"-twilio", "real"},
	} {
		f, err := parseRunFlags(args)
		if err == nil {
			_, err = f.realAccount()
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: got %v, want %q", args, err, says)
		}
	}
	f, err := parseRunFlags(nil)
	if err != nil {
		t.Fatal(err)
	}
	if a, err := f.realAccount(); a != nil || err != nil || f.account.PublicURL != command.Auto {
		t.Errorf("without flags: got %v, %v", a, err)
	}
}
