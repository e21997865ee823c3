package health

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const (
	// AskWithin is how long Ask waits: longer than a process looks for its problems.
	AskWithin = 3 * time.Second
	mostSaid  = 4 << 10 // bytes of an answer that are repeated
)

// Ask is one look at /healthz or /readyz of a process: nil if it answers 200, else an error with what it says.
func Ask(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil {
		return fmt.Errorf("%q is no address to ask: give one such as http://127.0.0.1:8082/readyz", address)
	}
	ctx, cancel := context.WithTimeout(ctx, AskWithin)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	// No proxy: it is this machine that is asked. No redirect: what another page says is no news of the process.
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	says, err := io.ReadAll(io.LimitReader(resp.Body, mostSaid))
	if err != nil {
		return fmt.Errorf("%s answers %s: %w", address, resp.Status, err)
	}
	return fmt.Errorf("%s answers %s: %s", address, resp.Status, strings.TrimSpace(string(says)))
}
