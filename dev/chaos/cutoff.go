package chaos

import (
	"context"
	"time"

	"switchboard/simulator"
)

// cutOff breaks every connection to Twilio before a request has had its effect: nobody can tell.
type cutOff struct{}

func (cutOff) name() string                    { return "cut-off" }
func (cutOff) targets() []string               { return []string{twilio} }
func (cutOff) often(kills int) int             { return (kills + 1) / 2 }
func (cutOff) lasts() (from, to time.Duration) { return 2 * time.Second, 12 * time.Second }

func (k cutOff) begin(_ context.Context, f *field, _ string) error {
	return f.sky.set(k.name(), simulator.RequestRule{Route: "*", Probability: 1, LoseReply: true})
}
func (k cutOff) end(_ context.Context, f *field, _ string) error { return f.sky.clear(k.name()) }
