package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/temporal"
)

// Publish writes events for other systems, in order. At least once: after an unclear answer they are written again,
// with the same ids. Retried for ever; calls go on meanwhile.
func (a *Activities) Publish(ctx context.Context, in PublishInput) error {
	if a.Events == nil {
		return badInput("publish: nobody to publish to")
	}
	err := a.Events.Publish(ctx, in.Events)
	if _, ok := errors.AsType[*temporal.ApplicationError](err); err == nil || ok {
		return err
	}
	return temporal.NewApplicationErrorWithCause("publish", "PublishFailed", err)
}
