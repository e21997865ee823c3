package chaos

import (
	"context"
	"time"

	"switchboard/simulator"
)

// loseReplies has Twilio do everything that it is asked for, and nobody learn of it.
type loseReplies struct{}

func (loseReplies) name() string                    { return "lose-replies" }
func (loseReplies) targets() []string               { return []string{twilio} }
func (loseReplies) often(kills int) int             { return (kills + 1) / 2 }
func (loseReplies) lasts() (from, to time.Duration) { return time.Second, 8 * time.Second }

func (k loseReplies) begin(_ context.Context, f *field, _ string) error {
	return f.sky.set(k.name(), simulator.RequestRule{Route: "*", Probability: 1, LoseReply: true, AfterEffect: true})
}
func (k loseReplies) end(_ context.Context, f *field, _ string) error { return f.sky.clear(k.name()) }
