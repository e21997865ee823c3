// Package provision sets up what Switchboard needs at Twilio, says first what it would do, and checks that it is still
// so: the account of an environment and in it the TaskRouter workspace, the number that callers see and the key of the
// agents' page.
//
// Everything is found by its name: what is missing is created, what differs is mended, the rest is left, so it can be run
// at every deployment and again after a failure. It buys and deletes nothing unless it is told to, releases no number and
// closes no account at all.
//
// Start with Setup.Run in setup.go for a whole environment, Apply below for a workspace alone, check.go for what a worker
// asks before it starts.
package provision

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// Friendly names in the workspace.
const (
	WorkspaceName = "Switchboard"
	QueueName     = "Callbacks" // where no queue is described
	RoutingName   = "Call back"

	StatusAvailable = "Available"
	StatusOffline   = "Offline"
	StatusBreak     = "On a break"
	StatusGone      = "Gone Home"
	StatusMissed    = "Missed call"
	// StatusLost is set by the webhook process while an agent's page has no working softphone.
	StatusLost = "Softphone lost"
	// StatusTimedOut is set by TaskRouter alone, when a reservation runs out that we should have given back.
	StatusTimedOut = "Reservation timed out"
)

// ReservationTimeout is when TaskRouter takes a reservation back by itself, in seconds. Ours is always shorter.
const ReservationTimeout = 120

// statuses are those that the process needs.
var statuses = []Status{
	{StatusAvailable, true}, {StatusOffline, false}, {StatusBreak, false}, {StatusGone, false}, {StatusMissed, false}, {StatusTimedOut, false},
	{StatusLost, false},
}

// Config says what there shall be in a workspace.
type Config struct {
	Twilio    activities.TwilioConfig // Workspace and Routing are not used
	PublicURL string                  // where Twilio reaches the webhook process
	Agents    []Agent                 // nil: agents are somebody else's business
	Statuses  []Status                // besides those that the process needs
	Queues    []Queue                 // none: one for everybody
	Routing   []Rule                  // none: every call to the first queue
}

// Status is an agent status, and whether an agent who has it is offered calls.
type Status struct {
	Name      string
	Available bool
}

// Queue is a line in which calls wait, for those agents who have all its skills.
type Queue struct {
	Name   string
	Skills []string
}

// Rule says where calls go that ask for one of its skills; without any, all that no rule before has taken.
type Rule struct {
	Name   string
	Skills []string
	Steps  []Step
}

// Step is a queue in which a call waits before it goes on to the next step. The last step has no end: TaskRouter would
// drop the call.
type Step struct {
	Queue string
	For   time.Duration
}

// Agent is somebody who takes calls in a browser.
type Agent struct {
	Name   string // also the identity of the softphone
	Skills []string
	Email  string // by which the identity provider knows them; "": left as it is
}

// Workspace is what the processes have to know of the workspace.
type Workspace struct {
	Workspace sb.WorkspaceSID
	Routing   sb.RoutingSID
	Queue     sb.QueueSID                  // the first
	Statuses  map[string]sb.AgentStatusSID // by name
	Agents    map[string]sb.AgentSID       // by name; those of the Config
}

// ForActivities are the statuses that activities set.
func (w Workspace) ForActivities() activities.Statuses {
	return activities.Statuses{Available: w.Statuses[StatusAvailable], Missed: w.Statuses[StatusMissed]}
}

// A client identity of other characters has to be escaped, in different ways by different parts of Twilio.
var agentName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// ValidAgentName reports whether an agent, and so a softphone, can have the name.
func ValidAgentName(name string) bool { return agentName.MatchString(name) }

// Apply brings the workspace to what cfg says and returns its SIDs. What is so already is not touched.
func Apply(ctx context.Context, cfg Config) (Workspace, error) {
	return reconcile(cfg, &run{ctx: ctx, apply: true, tries: 1})
}

// reconcile goes through a workspace and does, or only notes, what is to be done.
func reconcile(cfg Config, r *run) (Workspace, error) {
	out := Workspace{Statuses: map[string]sb.AgentStatusSID{}, Agents: map[string]sb.AgentSID{}}
	for _, a := range cfg.Agents {
		if !ValidAgentName(a.Name) {
			return out, fmt.Errorf("agent %q: the name must be of letters, digits, dots, dashes and underscores", a.Name)
		}
	}
	if len(cfg.Queues) == 0 {
		cfg.Queues = []Queue{{Name: QueueName}}
	}
	if len(cfg.Routing) == 0 {
		cfg.Routing = []Rule{{Name: "every call back", Steps: []Step{{Queue: cfg.Queues[0].Name}}}}
	}
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		return out, err
	}
	p := &provisioner{run: r, Config: cfg, api: twilio.TaskRouter(r.ctx), public: strings.TrimRight(cfg.PublicURL, "/"), queues: map[string]sb.QueueSID{}, out: out}
	for _, step := range []func() error{
		p.workspace, p.agentStatuses, p.settings, p.channel, p.lines, p.routing, p.agents, p.extraQueues,
	} {
		if err := step(); err != nil {
			return p.out, err
		}
	}
	return p.out, nil
}

// provisioner is one pass over one workspace.
type provisioner struct {
	*run
	Config
	api    *taskrouter.ApiService
	public string
	sid    string // the workspace's
	have   *taskrouter.TaskrouterV1Workspace
	queues map[string]sb.QueueSID             // by name, those that the Config has
	others []taskrouter.TaskrouterV1TaskQueue // those that it has not
	out    Workspace
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func isTrue(p *bool) bool { return p != nil && *p }
