package sound

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"
)

const (
	loadWithin    = 15 * time.Second // as long as Twilio waits for any webhook
	largestFile   = 16 << 20
	mostSamples   = 32 << 20    // of all clips together
	mostClips     = 256         // also of those that are still being got
	mostLoading   = 32          // at once; the others wait until they are asked for again
	forgottenWhen = time.Minute // not asked for any more: a recording that is played again may have changed
)

// clips are sounds that must be got first: fetched, or spoken. Until then there is silence.
type clips struct {
	alive  context.Context
	tasks  *sync.WaitGroup
	client *http.Client
	own    *http.Transport // ours to close; nil when borrowed
	logger *slog.Logger

	mu      sync.Mutex
	known   map[string]*clip
	loading int
}

type clip struct {
	samples []int16
	state   clipState
	asked   time.Time // last
}

type clipState int

const (
	clipLoading clipState = iota
	clipReady
	clipFailed
)

func newClips(alive context.Context, tasks *sync.WaitGroup, fetch http.RoundTripper, logger *slog.Logger) *clips {
	c := &clips{alive: alive, tasks: tasks, logger: logger, known: map[string]*clip{}}
	if fetch == nil {
		c.own = &http.Transport{Proxy: nil, IdleConnTimeout: time.Minute}
		fetch = c.own
	}
	c.client = &http.Client{Transport: fetch, Timeout: loadWithin}
	return c
}

func (c *clips) close() {
	if c.own != nil {
		c.own.CloseIdleConnections()
	}
}

// get is a clip as far as it is there. The first to ask has it loaded; when that fails the log says so, once.
func (c *clips) get(key string, now time.Time, load func(context.Context) ([]int16, error), otherwise string) ([]int16, clipState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found := c.known[key]
	if found != nil && (found.state == clipLoading || now.Sub(found.asked) < forgottenWhen) {
		found.asked = now
		return found.samples, found.state
	}
	delete(c.known, key)
	c.makeRoom(now)
	if c.loading >= mostLoading || c.alive.Err() != nil {
		return nil, clipLoading
	}
	added := &clip{asked: now}
	c.known[key] = added
	c.loading++
	c.tasks.Go(func() {
		ctx, cancel := context.WithTimeout(c.alive, loadWithin)
		defer cancel()
		samples, err := load(ctx)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.loading--
		added.samples, added.state = samples, clipReady
		if err != nil {
			added.samples, added.state = nil, clipFailed
			if c.alive.Err() == nil {
				c.logger.Warn(otherwise, "error", err)
			}
		}
	})
	return nil, clipLoading
}

// makeRoom forgets what nobody asks for any more, and of the rest what was not asked for longest.
func (c *clips) makeRoom(now time.Time) {
	total := 0
	for key, one := range c.known {
		if one.state != clipLoading && now.Sub(one.asked) >= forgottenWhen {
			delete(c.known, key)
			continue
		}
		total += len(one.samples)
	}
	for total > mostSamples || len(c.known) >= mostClips {
		oldest := ""
		for key, one := range c.known {
			if oldest == "" || one.asked.Before(c.known[oldest].asked) {
				oldest = key
			}
		}
		total -= len(c.known[oldest].samples)
		delete(c.known, oldest)
	}
}

// fetching gets a recording. Its address may hold what is nobody's business: errors name host and path only.
func (c *clips) fetching(address string) func(context.Context) ([]int16, error) {
	return func(ctx context.Context) ([]int16, error) {
		u, err := url.Parse(address)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return nil, errors.New("the address of a recording is no http:// or https:// URL")
		}
		u.Fragment = "" // connection overrides, as in a webhook's URL
		samples, err := c.fetch(ctx, u.String())
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", u.Host, u.Path, err)
		}
		return samples, nil
	}
}

func (c *clips) fetch(ctx context.Context, address string) ([]int16, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("it cannot be asked for")
	}
	answer, err := c.client.Do(request)
	if err != nil {
		var named *url.Error
		if errors.As(err, &named) {
			err = named.Err
		}
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", answer.StatusCode)
	}
	file, err := io.ReadAll(io.LimitReader(answer.Body, largestFile+1))
	switch {
	case err != nil:
		return nil, err
	case len(file) > largestFile:
		return nil, fmt.Errorf("it is larger than %d MB", largestFile>>20)
	}
	samples, err := ReadWAV(bytes.NewReader(file))
	if err != nil {
		return nil, fmt.Errorf("%w (%s)", err, cmp.Or(answer.Header.Get("Content-Type"), "of no type"))
	}
	return samples, nil
}
