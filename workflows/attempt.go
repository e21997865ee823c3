package workflows

import (
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/activities"
)

// attempt is one try to reach the caller. The numbers are those of the process in docs/process.md.
func (c *call) attempt(ctx workflow.Context) (sb.Result, error) {
	if c.Task == "" { // else this run continues one that was waiting in the queue
		c.Attempt++
	}
	for {
		// 1, 2: a task waits in the queue until an agent is reserved for it.
		end, offered, err := c.waitForAgent(ctx)
		if err != nil {
			return sb.Result{}, err
		}
		if !offered {
			c.release(ctx, end)
			return end, nil
		}
		// 3–6: that agent's softphone rings, the agent joins, the reservation is accepted. If not, the next agent.
		if c.agentJoins(ctx) {
			break
		}
	}
	// 7, 8: only now the caller's phone rings, and the caller joins the agent.
	end, connected := c.callerJoins(ctx)
	if connected {
		// 9: the conversation, its end, the agent's notes.
		end = c.talk(ctx)
		if end.Outcome == sb.Completed {
			c.wrapUp(ctx, &end)
		}
	}
	c.release(ctx, end)
	return end, nil
}

// release leaves nothing of an attempt behind: no leg, no room, no task. The agent is free when the task is closed, so
// that comes last, after the agent's leg is seen ended.
func (c *call) release(ctx workflow.Context, end sb.Result) {
	c.measureAttempt(ctx, end)
	var agent *leg
	if c.offer != nil {
		agent = c.offer.leg
	}
	c.endLegs(ctx, c.caller, agent)
	if c.Task != "" {
		c.closeTask(ctx, string(end.Outcome))
	}
	c.offer, c.caller, c.hangUp, c.notes = nil, nil, nil, nil
	c.Declined = nil
}

func (c *call) closeTask(ctx workflow.Context, reason string) {
	task := c.Task
	must(ctx, "close the task", act.CloseTask, activities.CloseTaskInput{Task: task, Reason: reason}, nil)
	c.forgetTask(task)
}
