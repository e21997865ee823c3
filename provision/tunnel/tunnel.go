// Package tunnel finds the public address at which a tunnel such as ngrok shows a laptop's webhook process to Twilio. It
// starts and stops no tunnel: that is its owner's business. Start with Find.
package tunnel

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// AgentAPIs are where agents of ngrok answer: the first on a machine has port 4040, the next one 4041.
var AgentAPIs = []string{"http://127.0.0.1:4040", "http://127.0.0.1:4041"}

// Options say where to look.
type Options struct {
	// APIs of ngrok's agents; none: AgentAPIs.
	APIs []string
	// Port is that of the webhook process on this machine; 0: whatever is tunnelled.
	Port string
	// Command, if there is one, is run by the shell in place of asking ngrok; its last line is the address.
	Command string
	// Wait is how long a tunnel may take to come; 0: it has to be there.
	Wait time.Duration
}

const (
	lookEvery  = 500 * time.Millisecond
	askWithin  = 2 * time.Second
	runWithin  = 10 * time.Second
	maxAnswer  = 1 << 20
	setByHand  = "or give the address with -public-url https://…"
	howToStart = "start one with `ngrok http 8080`, " + setByHand
)

// ambiguousError: waiting will not tell which one is meant.
type ambiguousError struct{ addresses []string }

func (e *ambiguousError) Error() string {
	return fmt.Sprintf("several tunnels are open (%s): close all but one, %s", strings.Join(e.addresses, ", "), setByHand)
}

// Find waits for a tunnel and returns its https address.
func Find(ctx context.Context, o Options) (string, error) {
	if len(o.APIs) == 0 {
		o.APIs = AgentAPIs
	}
	ctx, cancel := context.WithTimeout(ctx, o.Wait+runWithin)
	defer cancel()
	for end := time.Now().Add(o.Wait); ; {
		address, err := o.look(ctx)
		if _, ambiguous := errors.AsType[*ambiguousError](err); err == nil || ambiguous {
			return address, err
		}
		if !time.Now().Before(end) || ctx.Err() != nil {
			return "", fmt.Errorf("no tunnel was found within %v: %w", o.Wait, err)
		}
		next := time.NewTimer(lookEvery)
		select {
		case <-next.C:
		case <-ctx.Done():
			next.Stop()
		}
	}
}

func (o Options) look(ctx context.Context) (string, error) {
	if o.Command != "" {
		return output(ctx, o.Command)
	}
	var all []tunnel
	answered := false
	for _, api := range o.APIs {
		list, err := ask(ctx, api)
		if err != nil {
			continue // most often nobody has that port
		}
		answered = true
		all = append(all, list...)
	}
	if !answered {
		return "", fmt.Errorf("no ngrok answers at %s: %s", strings.Join(o.APIs, " or "), howToStart)
	}
	return choose(all, o.Port)
}

// tunnel is one of an agent's, as far as we read it.
type tunnel struct {
	PublicURL string `json:"public_url"`
	Config    struct {
		Addr string `json:"addr"`
	} `json:"config"`
}

// port is where the tunnel ends on this machine; "" if it is not understood.
func (t tunnel) port() string {
	addr := t.Config.Addr
	if u, err := url.Parse(addr); err == nil && u.Host != "" {
		return u.Port()
	}
	if _, port, err := net.SplitHostPort(addr); err == nil {
		return port
	}
	return addr
}

func ask(ctx context.Context, api string) ([]tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, askWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(api, "/")+"/api/tunnels", nil)
	if err != nil {
		return nil, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", api, res.Status)
	}
	var reply struct {
		Tunnels []tunnel `json:"tunnels"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxAnswer)).Decode(&reply); err != nil {
		return nil, err
	}
	return reply.Tunnels, nil
}

// choose takes the https tunnel to the port, or the only one there is.
func choose(all []tunnel, port string) (string, error) {
	var secure, ours []string
	for _, t := range all {
		address := strings.TrimRight(t.PublicURL, "/")
		if !strings.HasPrefix(address, "https://") || slices.Contains(secure, address) {
			continue
		}
		secure = append(secure, address)
		if port != "" && t.port() == port {
			ours = append(ours, address)
		}
	}
	switch {
	case len(ours) == 1:
		return ours[0], nil
	case len(secure) == 1:
		return secure[0], nil
	case len(secure) == 0:
		return "", fmt.Errorf("ngrok has no https tunnel: %s", howToStart)
	}
	return "", &ambiguousError{secure}
}

// output is the address that a command prints on its last line.
func output(ctx context.Context, command string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, runWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.WaitDelay = time.Second // what it has started may hold its output open
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("-public-url-command failed: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	last := strings.TrimRight(strings.TrimSpace(lines[len(lines)-1]), "/")
	if u, err := url.Parse(last); err != nil || u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("-public-url-command must print the https address, alone, on its last line")
	}
	return last, nil
}
