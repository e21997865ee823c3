package chaos

import (
	"context"
	"time"
)

// pause stops a process in its tracks, as a machine does that swaps or is moved, so that it goes on with what it had
// decided long before.
type pause struct{}

func (pause) name() string                    { return "pause" }
func (pause) targets() []string               { return processes }
func (pause) often(kills int) int             { return (kills + 1) / 2 }
func (pause) lasts() (from, to time.Duration) { return time.Second, 12 * time.Second }

func (pause) begin(_ context.Context, f *field, target string) error { return f.stack.Pause(target) }
func (pause) end(ctx context.Context, f *field, target string) error {
	if err := f.stack.Resume(target); err != nil {
		return err
	}
	return f.stack.Ready(ctx, target)
}
