package e2e

import (
	"context"
	"fmt"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/features/chromium"
)

// Temporal's UI in a browser, over a run with encryption on: what a caller told is shown to an operator who has signed in,
// and to nobody else. The page itself asks the webhook process, as docs/security.md has operators set it.
func TestTemporalsUIShowsCallersToOperatorsAlone(t *testing.T) {
	chromium.Need(t)
	ctx, s := start(t, stack.Options{Encrypt: true, People: []string{"alice"}, Agents: 1, Listen: stack.Addresses{TemporalUI: "127.0.0.1:0"}})
	r := request("+447700900004")
	r.Caller.Name = "Xanthe Quillfeather"
	call := place(ctx, t, s, r)
	ended(ctx, t, s, call, r.Caller.Phone)
	history := historyPage(ctx, t, s, call)
	browser := chromium.Start(t, chromium.Options{})

	for name, c := range map[string]struct {
		role  string // as the page of the sign-in has it; "": does not sign in
		shown string // what the page shows in place of the caller
	}{
		"nobody":      {"", "Codec Server could not connect"},
		"an agent":    {"nothing else", "Codec Server could not connect"},
		"an operator": {"operator", r.Caller.Name},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := browser.Open(s.PageURL())
			if err != nil {
				t.Fatal(err)
			}
			if c.role != "" {
				signIn(t, p, c.role)
			}
			if err := p.Go(history); err != nil {
				t.Fatal(err)
			}
			if err := useCodec(p, s.CodecEndpoint()); err != nil {
				t.Fatal(err)
			}
			if err := p.Reload(); err != nil {
				t.Fatal(err)
			}
			text := ""
			err = p.Until(fmt.Sprintf("the page shows %q and the input", c.shown), func() (bool, error) {
				text, err = chromium.Eval[string](p, "document.body.innerText")
				return strings.Contains(text, c.shown) && strings.Contains(text, "Result\n"), err
			})
			if err := p.Screenshot(filepath.Join(t.ArtifactDir(), "page.png")); err != nil {
				t.Error(err)
			}
			if err != nil {
				t.Fatalf("%v; it shows:\n%s\nand says: %q", err, text, p.Problems())
			}
			if seen := strings.Contains(text, "Xanthe") || strings.Contains(text, "7700900004"); seen != (c.role == "operator") {
				t.Errorf("the caller is shown: %v\n%s", seen, text)
			}
		})
	}
	if who := `"msg":"payloads decrypted","Process":"webhook","who":"alice"`; !strings.Contains(s.Logs(stack.Webhook), who) {
		t.Errorf("the webhook process has not written down who it was: no %s", who)
	}
}

// historyPage is the address of a call's history.
func historyPage(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID) string {
	t.Helper()
	described, err := s.TemporalClient().DescribeWorkflowExecution(ctx, string(call), "")
	if err != nil {
		t.Fatal(err)
	}
	run := described.GetWorkflowExecutionInfo().GetExecution().GetRunId()
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s/%s/history", s.TemporalUIURL(), stack.Namespace, url.PathEscape(string(call)), run)
}

func signIn(t *testing.T, p *chromium.Page, role string) {
	t.Helper()
	for _, err := range []error{p.Choose("sign-in-name", "alice"), p.Choose("sign-in-role", role), p.Click("sign-in-go")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Until("alice has signed in", func() (bool, error) {
		return chromium.Eval[bool](p, `document.body.innerText.includes("Sign out")`)
	}); err != nil {
		t.Fatal(err)
	}
}

// useCodec sets the codec server as an operator does, in what the glasses at the top of Temporal's UI open.
func useCodec(p *chromium.Page, endpoint string) error {
	const (
		click = `(e) => { e?.click(); return Boolean(e) }`
		enter = `(e) => { if (e) e.value = ENDPOINT; return Boolean(e?.dispatchEvent(new Event("input", { bubbles: true }))) }`
		kept  = `() => localStorage.getItem("includeCredentials") === "true" && String(localStorage.getItem("endpoint")).includes(ENDPOINT)`
	)
	for _, step := range []struct{ what, do, to string }{
		{"the settings are opened", click, `document.querySelector('button[aria-label*="Codec Server"]')`},
		{"the endpoint is entered", enter, `document.querySelector('[data-testid="data-encoder-endpoint-input"]')`},
		{"cookies are included", click, `[...document.querySelectorAll("aside label")].find((l) => l.innerText.trim() === "Include cross-origin credentials")`},
		{"it is applied", click, `[...document.querySelectorAll("aside button")].find((b) => b.innerText.trim() === "Apply")`},
		{"it is kept", kept, ""},
	} {
		script := "(" + strings.ReplaceAll(step.do, "ENDPOINT", strconv.Quote(endpoint)) + ")(" + step.to + ")"
		if err := p.Until(step.what, func() (bool, error) { return chromium.Eval[bool](p, script) }); err != nil {
			return err
		}
	}
	return nil
}
