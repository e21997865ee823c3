package workflows

import (
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// emit puts an event into the outbox. The call goes on; publish sends it when Kafka takes it.
func (c *call) emit(ctx workflow.Context, data sb.EventData) {
	c.Sequence++
	c.outbox = append(c.outbox, sb.Event{Call: c.id, Sequence: c.Sequence, Time: workflow.Now(ctx), Data: data})
}

// publish works in the background: one batch at a time, in order, each until Kafka has acknowledged it.
func (c *call) publish(ctx workflow.Context) {
	for {
		c.wait(ctx, func() bool { return len(c.outbox) > 0 })
		batch := c.outbox
		c.outbox, c.publishing = nil, batch
		must(ctx, "publish: "+string(batch[len(batch)-1].Data.Stage), act.Publish, activities.PublishInput{Events: batch}, nil)
		c.publishing = nil
	}
}

// cut makes the timeline short enough to be carried along.
func cut(entries []sb.TimelineEntry) []sb.TimelineEntry {
	if over := len(entries) - maxTimeline; over > 0 {
		return entries[over:]
	}
	return entries
}
