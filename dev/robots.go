package main

import (
	"context"
	"slices"
	"time"

	"go.temporal.io/sdk/client"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/provision"
	"switchboard/simulator"
)

// robots are the agents for whom a program sits at the telephone. Their softphones are the simulator's; what they do
// besides is here: they finish their notes, and they leave the calls to people while any person is there to take them.
type robots struct {
	s     *stack.Stack
	t     *terminal
	names []string
}

const (
	// notesTake is how long a robot is busy with its notes.
	notesTake = 3 * time.Second
	// lookAround is how often the robots look whether somebody has come or gone.
	lookAround = time.Second
)

// robotsOf are those of a stack.
func robotsOf(s *stack.Stack, t *terminal, n int) *robots {
	r := &robots{s: s, t: t}
	for i := range n {
		r.names = append(r.names, stack.RobotName(i))
	}
	return r
}

// takeNotes finishes the wrap-up of a robot's call.
func (r *robots) takeNotes(ctx context.Context, e sb.Event) {
	if e.Data.Stage != sb.StageWrappingUp || !slices.Contains(r.names, r.s.AgentName(e.Data.Agent)) {
		return
	}
	go func() {
		select {
		case <-ctx.Done():
			return
		case <-time.After(notesTake):
		}
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		// If it fails the wrap-up ends by its own timer.
		_, _ = r.s.TemporalClient().UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
			WorkflowID: string(e.Call), UpdateName: sb.UpdateFinishWrapUp, Args: []any{sb.WrapUp{Disposition: "Resolved"}},
			WaitForStage: client.WorkflowUpdateStageAccepted,
		})
	}()
}

// stepAside has the robots take a break for as long as a person is available, until ctx ends.
func (r *robots) stepAside(ctx context.Context) {
	if len(r.names) == 0 {
		return
	}
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	aside := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		person := r.personAvailable()
		if (person != "") == aside {
			continue
		}
		status := provision.StatusAvailable
		if person != "" {
			status = provision.StatusBreak
		}
		for _, name := range r.names {
			if err := r.s.SetStatus(ctx, name, status); err != nil {
				if ctx.Err() == nil {
					r.t.Notice("the robots cannot change their status: " + err.Error())
				}
				return
			}
		}
		if aside = !aside; aside {
			r.t.Notice(person + " takes calls now; the robots have a break")
		} else {
			r.t.Notice("nobody is at the agents' page; the robots take calls again")
		}
	}
}

// personAvailable is the name of somebody who takes calls, or has one; "" if there are only robots.
func (r *robots) personAvailable() string {
	for _, w := range r.s.Simulator().Snapshot().Workspaces {
		for _, a := range w.Agents {
			if !slices.Contains(r.names, a.Name) && (a.Available || busy(a)) {
				return a.Name
			}
		}
	}
	return ""
}

func busy(a simulator.AgentState) bool { return len(a.Reservations) > 0 }
