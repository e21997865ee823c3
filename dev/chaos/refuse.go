package chaos

import (
	"context"
	"net/http"
	"time"

	"switchboard/simulator"
)

// refuse has Twilio answer every request with 503, and do nothing.
type refuse struct{}

func (refuse) name() string                    { return "refuse" }
func (refuse) targets() []string               { return []string{twilio} }
func (refuse) often(kills int) int             { return (kills + 1) / 2 }
func (refuse) lasts() (from, to time.Duration) { return 2 * time.Second, 12 * time.Second }

func (k refuse) begin(_ context.Context, f *field, _ string) error {
	return f.sky.set(k.name(), simulator.RequestRule{Route: "*", Probability: 1, Status: http.StatusServiceUnavailable})
}
func (k refuse) end(_ context.Context, f *field, _ string) error { return f.sky.clear(k.name()) }
