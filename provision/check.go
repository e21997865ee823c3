package provision

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// marginToTimeout is how much longer TaskRouter keeps a reservation than our agents ring.
const marginToTimeout = 10 * time.Second

// Expected is what a worker takes for granted.
type Expected struct {
	Twilio     activities.TwilioConfig // with Workspace and Routing
	PublicURL  string
	Statuses   activities.Statuses
	AgentRings time.Duration // the longest of the policies in use
}

// Check reads the workspace and says what is not as a worker needs it, in sentences that tell what to do. An error
// means that it could not be read.
func Check(ctx context.Context, want Expected) (problems []string, err error) {
	twilio, err := activities.NewTwilio(want.Twilio)
	if err != nil {
		return nil, err
	}
	c := &checker{api: twilio.TaskRouter(ctx), want: want, public: strings.TrimRight(want.PublicURL, "/")}
	for _, step := range []func() error{c.statuses, c.routing, c.agents} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c.problems, nil
}

type checker struct {
	api      *taskrouter.ApiService
	want     Expected
	public   string
	problems []string
}

func (c *checker) problem(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

const provisionAgain = "run the provisioning again"

func wrongAvailability(name string, available bool) string {
	state := "unavailable"
	if available {
		state = "available"
	}
	return fmt.Sprintf("The agent status %q must be %s, and Twilio cannot change that later: rename or delete it, then %s.", name, state, provisionAgain)
}

// statuses checks those we set, and that TaskRouter's own is nobody else's.
func (c *checker) statuses() error {
	workspace := string(c.want.Twilio.Workspace)
	w, err := c.api.FetchWorkspace(workspace)
	if err != nil {
		return fmt.Errorf("fetch workspace %s: %w", workspace, err)
	}
	list, err := c.api.ListActivity(workspace, nil)
	if err != nil {
		return fmt.Errorf("list agent statuses: %w", err)
	}
	byName := map[string]taskrouter.TaskrouterV1Activity{}
	bySID := map[sb.AgentStatusSID]taskrouter.TaskrouterV1Activity{}
	for _, s := range list {
		byName[str(s.FriendlyName)] = s
		bySID[sb.AgentStatusSID(str(s.Sid))] = s
	}
	for _, want := range statuses {
		s, ok := byName[want.Name]
		switch {
		case !ok:
			c.problem("The agent status %q is missing: %s.", want.Name, provisionAgain)
		case isTrue(s.Available) != want.Available:
			c.problem("%s", wrongAvailability(want.Name, want.Available))
		}
	}
	for _, ours := range []struct {
		sid       sb.AgentStatusSID
		name      string
		available bool
	}{{c.want.Statuses.Available, StatusAvailable, true}, {c.want.Statuses.Missed, StatusMissed, false}} {
		s, ok := bySID[ours.sid]
		switch {
		case !ok:
			c.problem("The agent status %s, configured as %q, is not in workspace %s: correct the configuration.", ours.sid, ours.name, workspace)
		case isTrue(s.Available) != ours.available && str(s.FriendlyName) != ours.name:
			c.problem("The agent status %s, configured as %q, has the wrong availability: correct the configuration.", ours.sid, ours.name)
		}
	}
	if timeout := str(w.TimeoutActivitySid); timeout == "" || timeout != str(byName[StatusTimedOut].Sid) {
		c.problem("The workspace's TimeoutActivity must be %q and nothing else, for agents who have it are made available again: %s.", StatusTimedOut, provisionAgain)
	}
	if !isTrue(w.MultiTaskEnabled) {
		c.problem("The workspace must allow multitasking, or agents' capacity counts for nothing: %s.", provisionAgain)
	}
	if str(w.EventCallbackUrl) != c.public+sb.PathTaskEvents {
		c.problem("The workspace's events do not come to %s: %s.", c.public+sb.PathTaskEvents, provisionAgain)
	}
	if !sameEvents(str(w.EventsFilter)) {
		c.problem("The workspace does not send exactly the events we need: %s.", provisionAgain)
	}
	return nil
}

func (c *checker) routing() error {
	sid := string(c.want.Twilio.Routing)
	r, err := c.api.FetchWorkflow(string(c.want.Twilio.Workspace), sid)
	if err != nil {
		return fmt.Errorf("fetch routing %s: %w", sid, err)
	}
	if timeout := time.Duration(r.TaskReservationTimeout) * time.Second; timeout <= c.want.AgentRings+marginToTimeout {
		c.problem("Routing %s takes a reservation back after %v; with agents ringing for %v it must be more than %v: raise TaskReservationTimeout or let agents ring shorter.",
			sid, timeout, c.want.AgentRings, c.want.AgentRings+marginToTimeout)
	}
	var conf configuration
	if json.Unmarshal([]byte(str(r.Configuration)), &conf) != nil || len(conf.TaskRouting.Filters) == 0 {
		c.problem("The configuration of routing %s cannot be understood: %s.", sid, provisionAgain)
	}
	for _, f := range conf.TaskRouting.Filters {
		for _, t := range f.Targets {
			if !strings.Contains(t.Expression, "declined_by") {
				c.problem("A target of routing %s, filter %q, does not mention task.declined_by: agents would be offered again and again what they declined. Add \"worker.sid NOT IN task.declined_by\" to its expression.", sid, f.Name)
			}
		}
	}
	assigned := c.public + sb.PathTaskAssigned
	if str(r.AssignmentCallbackUrl) != assigned || str(r.FallbackAssignmentCallbackUrl) != assigned {
		c.problem("The assignment callbacks of routing %s do not come to %s: %s.", sid, assigned, provisionAgain)
	}
	return nil
}

// agents checks that each has one call at a time.
func (c *checker) agents() error {
	workspace := string(c.want.Twilio.Workspace)
	list, err := c.api.ListWorker(workspace, nil)
	if err != nil {
		return fmt.Errorf("list agents: %w", err)
	}
	capacities := make([]int, len(list))
	var g errgroup.Group
	g.SetLimit(8)
	for i, w := range list {
		g.Go(func() error {
			channel, err := c.api.FetchWorkerChannel(workspace, str(w.Sid), activities.TaskChannel)
			if err != nil {
				return fmt.Errorf("fetch voice channel of agent %s: %w", str(w.Sid), err)
			}
			capacities[i] = channel.ConfiguredCapacity
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i, capacity := range capacities {
		if capacity != 1 {
			c.problem("Agent %s (%s) can be given %d calls at a time: set the capacity of the voice channel to 1.", str(list[i].FriendlyName), str(list[i].Sid), capacity)
		}
	}
	return nil
}
