package chaos

import (
	"context"
	"time"
)

// loseWebhooks has every webhook of Twilio's lost, but for the fetching of TwiML.
type loseWebhooks struct{}

func (loseWebhooks) name() string                    { return "lose-webhooks" }
func (loseWebhooks) targets() []string               { return []string{"webhooks"} }
func (loseWebhooks) often(kills int) int             { return (kills + 1) / 2 }
func (loseWebhooks) lasts() (from, to time.Duration) { return 3 * time.Second, 20 * time.Second }

func (loseWebhooks) begin(_ context.Context, f *field, _ string) error {
	f.stack.Simulator().SetWebhooks(false)
	return nil
}
func (loseWebhooks) end(_ context.Context, f *field, _ string) error {
	f.stack.Simulator().SetWebhooks(true)
	return nil
}
