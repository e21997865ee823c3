package chromium

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Options of a Browser.
type Options struct {
	// Microphone is the tone that the fake microphone picks up, in Hz; 0: silence.
	Microphone int
	// Abroad lets it look names up. Otherwise it knows localhost alone.
	Abroad bool
	// Width and Height of the window; 0: 1280 by 800.
	Width, Height int
}

// Browser is a Chromium of the test's own, with an empty profile.
type Browser struct {
	ctx   context.Context
	t     testing.TB
	mu    sync.Mutex
	pages []*Page
}

// within is how long anything may take on a slow and busy machine.
const within = 30 * time.Second

// names under which distributions install it.
var names = []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "headless-shell"}

// ErrMissing is that there is no Chromium on this machine.
var ErrMissing = errors.New("there is no Chromium on this machine: install it (Debian: apt-get install chromium)")

// Find returns the path of the Chromium of this machine.
func Find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// Need skips a test on a machine without Chromium. In CI (CI=true) that is an error: it has to be there.
func Need(t testing.TB) string {
	t.Helper()
	path, err := Find()
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
	return path
}

// Start starts a Chromium that ends with the test, its processes killed and its profile removed.
func Start(t testing.TB, o Options) *Browser {
	t.Helper()
	path := Need(t)
	microphone := filepath.Join(t.TempDir(), "microphone-"+strconv.Itoa(o.Microphone)+".wav")
	if err := os.WriteFile(microphone, wav(o.Microphone), 0o644); err != nil {
		t.Fatal(err)
	}
	if o.Width == 0 {
		o.Width, o.Height = 1280, 800
	}
	allocator, release := chromedp.NewExecAllocator(context.Background(), append(flags(o, microphone), chromedp.ExecPath(path))...)
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {})) // of events it does not know
	t.Cleanup(func() {
		cancel()
		release()
	})
	if err := chromedp.Do(ctx); err != nil { // the first command starts it
		t.Fatalf("start Chromium: %v", err)
	}
	return &Browser{ctx: ctx, t: t}
}

func flags(o Options, microphone string) []chromedp.ExecAllocatorOption {
	list := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(o.Width, o.Height))
	for _, on := range []string{
		"use-fake-ui-for-media-stream", "use-fake-device-for-media-stream", // the article's
		"allow-loopback-in-peer-connection", // WebRTC ignores 127.0.0.1 otherwise
		"disable-quic", "disable-component-update", "disable-domain-reliability", "no-pings",
	} {
		list = append(list, chromedp.Flag(on, true))
	}
	if !o.Abroad { // its updaters, which no flag stops, look for their servers in vain
		list = append(list, chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"))
	}
	return append(list,
		chromedp.Flag("headless", "new"),
		chromedp.Flag("use-file-for-fake-audio-capture", microphone),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"),
		chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter,AutofillServerCommunication,InterestFeedContentSuggestions"))
}

// Open opens a page in a context of its own, with no cookie and nothing stored, as another person's browser.
func (b *Browser) Open(url string) (*Page, error) {
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	return b.open(ctx, cancel, url)
}

// OpenBeside opens a further tab in the context of a page: the same person's.
func (b *Browser) OpenBeside(p *Page, url string) (*Page, error) {
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithExistingBrowserContext(chromedp.FromContext(p.ctx).BrowserContextID))
	return b.open(ctx, cancel, url)
}

func (b *Browser) open(ctx context.Context, cancel context.CancelFunc, url string) (*Page, error) {
	p := &Page{ctx: ctx, cancel: cancel, browser: b}
	if err := p.begin(url); err != nil {
		cancel()
		return nil, fmt.Errorf("open %s: %w", url, err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages = append(b.pages, p)
	return p, nil
}

// Pages are all that were opened.
func (b *Browser) Pages() []*Page {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]*Page(nil), b.pages...)
}
