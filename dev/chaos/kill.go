package chaos

import (
	"context"
	"time"
)

// kill ends a process as a power cut would, and starts it again a moment later, as its supervisor does.
type kill struct{}

func (kill) name() string                    { return "kill" }
func (kill) targets() []string               { return processes }
func (kill) often(kills int) int             { return kills }
func (kill) lasts() (from, to time.Duration) { return 0, 3 * time.Second }

func (kill) begin(_ context.Context, f *field, target string) error { return f.stack.Kill(target) }
func (kill) end(ctx context.Context, f *field, target string) error {
	return f.stack.Restart(ctx, target)
}
