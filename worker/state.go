package worker

import (
	"context"
	"sync/atomic"

	"go.temporal.io/sdk/client"
)

// phase is how far a worker's life has come.
type phase int32

const (
	starting phase = iota
	working
	stopping
)

// state is what a worker tells whoever asks whether it is ready.
type state struct {
	phase atomic.Int32
	// reachable asks Temporal, without which a worker that polls does nothing.
	reachable func(context.Context) error
}

func newState(c client.Client) *state {
	return &state{reachable: func(ctx context.Context) error {
		_, err := c.CheckHealth(ctx, &client.CheckHealthRequest{})
		return err
	}}
}

func (s *state) is(p phase) { s.phase.Store(int32(p)) }

// problems says why calls do not go on here.
func (s *state) problems(ctx context.Context) []string {
	switch phase(s.phase.Load()) {
	case starting:
		return []string{"not working yet: it makes sure of Temporal's search attributes and of the TaskRouter workspace, and waits for a Twilio that is away; its log says for what"}
	case stopping:
		return []string{"stopping: activities under way may finish, nothing new is taken"}
	}
	if s.reachable(ctx) != nil { // the reason is in the client's log, and nothing of it belongs into an answer
		return []string{"Temporal cannot be reached: calls wait"}
	}
	return nil
}
