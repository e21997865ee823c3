package activities

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"go.temporal.io/sdk/activity"

	sb "switchboard"
	"switchboard/numbers"
)

// Config is what New needs.
type Config struct {
	Twilio TwilioConfig
	// PublicURL is where Twilio reaches the webhook process.
	PublicURL string
	// CallerID is the number that callers and agents see, in E.164.
	CallerID string
	// Dialling is which numbers may be rung: looked at right before a dial, whoever asked for it.
	Dialling numbers.Rules
	Statuses Statuses
	// Events and Calls may be nil where Publish and Sweep are not used.
	Events Events
	Calls  Calls
	Logger *slog.Logger // nil: slog's default
	// Now is the clock that deadlines are compared with; nil is time.Now. Wait pauses between tries; nil really waits.
	// Spread changes a pause by up to a half at random, so that many who were refused together do not come back together.
	// Simulations lend all three.
	Now    func() time.Time
	Wait   func(ctx context.Context, d time.Duration) error
	Spread func(time.Duration) time.Duration
}

// Statuses are the agent statuses of the workspace that activities set.
type Statuses struct {
	Available sb.AgentStatusSID
	Missed    sb.AgentStatusSID // "Missed call"; only the agent ends it
}

// Events takes the events of calls to other systems, in order, and returns once they are safe.
type Events interface {
	Publish(ctx context.Context, events []sb.Event) error
}

// Calls reaches the running calls. *TemporalCalls does.
type Calls interface {
	// Signal tells a call something. A serviceerror.NotFound says that no such call is running.
	Signal(ctx context.Context, id sb.CallID, name string, arg any) error
	Running(ctx context.Context, id sb.CallID) (bool, error)
}

// Activities holds what the activities need. Use New.
type Activities struct {
	Config
	twilio *Twilio

	sweptWaiting atomic.Int64 // when the owners of waiting tasks were last asked for, in Unix nanoseconds
}

var e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)

// New checks the configuration and names everything that is wrong with it. It makes no request.
func New(cfg Config) (*Activities, error) {
	twilio, err := NewTwilio(cfg.Twilio)
	errs := []error{err}
	for name, value := range map[string]string{
		"workspace SID": string(cfg.Twilio.Workspace), "routing SID": string(cfg.Twilio.Routing),
		`SID of the status "Available"`: string(cfg.Statuses.Available), `SID of the status "Missed call"`: string(cfg.Statuses.Missed),
	} {
		if value == "" {
			errs = append(errs, errors.New("the "+name+" is missing"))
		}
	}
	u, err := url.Parse(cfg.PublicURL)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, errors.New("the public URL must be an http or https URL without query"))
	}
	if !e164.MatchString(cfg.CallerID) {
		errs = append(errs, errors.New("the caller ID must be a number in E.164 form"))
	}
	if err := cfg.Dialling.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the rules of which numbers may be rung: %w", err))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	cfg.PublicURL = strings.TrimRight(cfg.PublicURL, "/")
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Wait == nil {
		cfg.Wait = wait
	}
	if cfg.Spread == nil {
		cfg.Spread = spread
	}
	return &Activities{Config: cfg, twilio: twilio}, nil
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pause is how long to wait after so many tries: 0.2 s, doubling up to 2 s, about.
func (a *Activities) pause(tries int) time.Duration {
	return a.Spread(min(200*time.Millisecond<<min(tries, 10), 2*time.Second))
}

func spread(d time.Duration) time.Duration { return d/2 + rand.N(d) }

// tries is how often an activity looks again, within its time, before it leaves the rest to a retry.
const tries = 5

// attempt is the how-manieth execution of this activity by Temporal it is, from 1.
func attempt(ctx context.Context) int32 {
	if !activity.IsActivity(ctx) {
		return 1
	}
	return activity.GetInfo(ctx).Attempt
}

// str reads one of twilio-go's optional strings.
func str[T ~string](p *T) T {
	if p == nil {
		return ""
	}
	return *p
}
