package provision

import (
	"context"
	"fmt"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// FindStatuses reads the SIDs of the agent statuses that activities set. One that is not there is left empty; Check
// says so in words.
func FindStatuses(ctx context.Context, cfg activities.TwilioConfig) (activities.Statuses, error) {
	twilio, err := activities.NewTwilio(cfg)
	if err != nil {
		return activities.Statuses{}, err
	}
	list, err := twilio.TaskRouter(ctx).ListActivity(string(cfg.Workspace), nil)
	if err != nil {
		return activities.Statuses{}, fmt.Errorf("list agent statuses: %w", err)
	}
	found := Workspace{Statuses: map[string]sb.AgentStatusSID{}}
	for _, s := range list {
		found.Statuses[str(s.FriendlyName)] = sb.AgentStatusSID(str(s.Sid))
	}
	return found.ForActivities(), nil
}

// SetAgentStatus puts an agent of the workspace into a status, both by name, as the agent's page would.
func SetAgentStatus(ctx context.Context, cfg activities.TwilioConfig, w Workspace, agent, status string) error {
	sid, there := w.Agents[agent]
	statusSID, known := w.Statuses[status]
	if !there || !known {
		return fmt.Errorf("the workspace has no agent %q or no status %q", agent, status)
	}
	twilio, err := activities.NewTwilio(cfg)
	if err != nil {
		return err
	}
	p := &taskrouter.UpdateWorkerParams{}
	p.SetActivitySid(string(statusSID))
	if _, err := twilio.TaskRouter(ctx).UpdateWorker(string(w.Workspace), string(sid), p); err != nil {
		return fmt.Errorf("set the status of an agent: %w", err)
	}
	return nil
}
