// Package provision sets up what Switchboard needs in a TaskRouter workspace, and checks that it is still so.
//
// Everything is found by its friendly name: Apply creates what is missing, mends what differs and leaves the rest, so
// it can be run at every deployment. It deletes nothing.
package provision

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// Friendly names in the workspace.
const (
	WorkspaceName = "Switchboard"
	QueueName     = "Callbacks"
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

// statuses are those of the workspace, and whether an agent who has it is offered calls.
var statuses = []struct {
	name      string
	available bool
}{
	{StatusAvailable, true}, {StatusOffline, false}, {StatusBreak, false}, {StatusGone, false}, {StatusMissed, false}, {StatusTimedOut, false},
	{StatusLost, false},
}

// events are what the webhook process wants to hear of. TaskRouter has many more, and is talkative.
var events = []string{
	"task.created", "task.canceled", "task.completed", "task.deleted", "task.system-deleted",
	"reservation.created", "reservation.accepted", "reservation.rejected", "reservation.timeout", "reservation.canceled", "reservation.rescinded",
}

// Config says what there shall be.
type Config struct {
	Twilio    activities.TwilioConfig // Workspace and Routing are not used
	PublicURL string                  // where Twilio reaches the webhook process
	Agents    []Agent
}

// Agent is somebody who takes calls in a browser.
type Agent struct {
	Name   string // also the identity of the softphone
	Skills []string
}

// Workspace is what the processes have to know of the workspace.
type Workspace struct {
	Workspace sb.WorkspaceSID
	Routing   sb.RoutingSID
	Queue     sb.QueueSID
	Statuses  map[string]sb.AgentStatusSID // by name
	Agents    map[string]sb.AgentSID       // by name; those of the Config
}

// ForActivities are the statuses that activities set.
func (w Workspace) ForActivities() activities.Statuses {
	return activities.Statuses{Available: w.Statuses[StatusAvailable], Missed: w.Statuses[StatusMissed]}
}

// A client identity of other characters has to be escaped, in different ways by different parts of Twilio.
var agentName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// Apply brings the workspace to what cfg says and returns its SIDs. What is so already is not touched.
func Apply(ctx context.Context, cfg Config) (Workspace, error) {
	for _, a := range cfg.Agents {
		if !agentName.MatchString(a.Name) {
			return Workspace{}, fmt.Errorf("agent %q: the name must be of letters, digits, dots, dashes and underscores", a.Name)
		}
	}
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		return Workspace{}, err
	}
	p := &provisioner{api: twilio.TaskRouter(ctx), public: strings.TrimRight(cfg.PublicURL, "/")}
	out := Workspace{Statuses: map[string]sb.AgentStatusSID{}, Agents: map[string]sb.AgentSID{}}
	w, err := p.workspace()
	if err != nil {
		return out, err
	}
	p.sid = str(w.Sid)
	out.Workspace = sb.WorkspaceSID(p.sid)
	if err := p.statuses(&out); err != nil {
		return out, err
	}
	if err := p.workspaceSettings(w, &out); err != nil {
		return out, err
	}
	if err := p.channel(); err != nil {
		return out, err
	}
	if err := p.queue(&out); err != nil {
		return out, err
	}
	if err := p.routing(&out); err != nil {
		return out, err
	}
	return out, p.agents(cfg.Agents, &out)
}

type provisioner struct {
	api    *taskrouter.ApiService
	public string
	sid    string // the workspace's
}

func (p *provisioner) workspace() (*taskrouter.TaskrouterV1Workspace, error) {
	params := &taskrouter.ListWorkspaceParams{}
	params.SetFriendlyName(WorkspaceName)
	list, err := p.api.ListWorkspace(params)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	for i := range list {
		if str(list[i].FriendlyName) == WorkspaceName {
			return &list[i], nil
		}
	}
	create := &taskrouter.CreateWorkspaceParams{}
	create.SetFriendlyName(WorkspaceName)
	create.SetMultiTaskEnabled(true)
	create.SetEventCallbackUrl(p.public + sb.PathTaskEvents)
	create.SetEventsFilter(strings.Join(events, ","))
	w, err := p.api.CreateWorkspace(create)
	if err != nil {
		return nil, fmt.Errorf("create workspace: %w", err)
	}
	return w, nil
}

func (p *provisioner) statuses(out *Workspace) error {
	have, err := p.api.ListActivity(p.sid, nil)
	if err != nil {
		return fmt.Errorf("list agent statuses: %w", err)
	}
	for _, want := range statuses {
		i := slices.IndexFunc(have, func(s taskrouter.TaskrouterV1Activity) bool { return str(s.FriendlyName) == want.name })
		if i >= 0 {
			if isTrue(have[i].Available) != want.available {
				return errors.New(wrongAvailability(want.name, want.available))
			}
			out.Statuses[want.name] = sb.AgentStatusSID(str(have[i].Sid))
			continue
		}
		params := &taskrouter.CreateActivityParams{}
		params.SetFriendlyName(want.name)
		params.SetAvailable(want.available)
		s, err := p.api.CreateActivity(p.sid, params)
		if err != nil {
			return fmt.Errorf("create agent status %q: %w", want.name, err)
		}
		out.Statuses[want.name] = sb.AgentStatusSID(str(s.Sid))
	}
	return nil
}

func (p *provisioner) workspaceSettings(w *taskrouter.TaskrouterV1Workspace, out *Workspace) error {
	params := &taskrouter.UpdateWorkspaceParams{}
	change := false
	set := func(have, want string, setter func(string)) {
		if have != want {
			setter(want)
			change = true
		}
	}
	set(str(w.DefaultActivitySid), string(out.Statuses[StatusOffline]), func(s string) { params.SetDefaultActivitySid(s) })
	set(str(w.TimeoutActivitySid), string(out.Statuses[StatusTimedOut]), func(s string) { params.SetTimeoutActivitySid(s) })
	set(str(w.EventCallbackUrl), p.public+sb.PathTaskEvents, func(s string) { params.SetEventCallbackUrl(s) })
	if !sameEvents(str(w.EventsFilter)) {
		params.SetEventsFilter(strings.Join(events, ","))
		change = true
	}
	if !isTrue(w.MultiTaskEnabled) {
		params.SetMultiTaskEnabled(true)
		change = true
	}
	if !change {
		return nil
	}
	if _, err := p.api.UpdateWorkspace(p.sid, params); err != nil {
		return fmt.Errorf("update workspace: %w", err)
	}
	return nil
}

// sameEvents reports whether a filter, in any order, names our events and no others.
func sameEvents(filter string) bool {
	have := strings.FieldsFunc(filter, func(r rune) bool { return r == ',' || r == ' ' })
	want := slices.Clone(events)
	slices.Sort(have)
	slices.Sort(want)
	return slices.Equal(have, want)
}

// channel makes sure of the kind of work that calls are. Twilio makes it with the workspace.
func (p *provisioner) channel() error {
	list, err := p.api.ListTaskChannel(p.sid, nil)
	if err != nil {
		return fmt.Errorf("list task channels: %w", err)
	}
	if slices.ContainsFunc(list, func(c taskrouter.TaskrouterV1TaskChannel) bool { return str(c.UniqueName) == activities.TaskChannel }) {
		return nil
	}
	params := &taskrouter.CreateTaskChannelParams{}
	params.SetFriendlyName("Voice")
	params.SetUniqueName(activities.TaskChannel)
	if _, err := p.api.CreateTaskChannel(p.sid, params); err != nil {
		return fmt.Errorf("create task channel: %w", err)
	}
	return nil
}

func (p *provisioner) queue(out *Workspace) error {
	const everybody, one = "1==1", 1
	list, err := p.api.ListTaskQueue(p.sid, nil)
	if err != nil {
		return fmt.Errorf("list queues: %w", err)
	}
	for _, q := range list {
		if str(q.FriendlyName) != QueueName {
			continue
		}
		out.Queue = sb.QueueSID(str(q.Sid))
		if str(q.TargetWorkers) == everybody && q.MaxReservedWorkers == one {
			return nil
		}
		params := &taskrouter.UpdateTaskQueueParams{}
		params.SetTargetWorkers(everybody)
		params.SetMaxReservedWorkers(one)
		if _, err := p.api.UpdateTaskQueue(p.sid, string(out.Queue), params); err != nil {
			return fmt.Errorf("update queue: %w", err)
		}
		return nil
	}
	params := &taskrouter.CreateTaskQueueParams{}
	params.SetFriendlyName(QueueName)
	params.SetTargetWorkers(everybody)
	params.SetMaxReservedWorkers(one)
	q, err := p.api.CreateTaskQueue(p.sid, params)
	if err != nil {
		return fmt.Errorf("create queue: %w", err)
	}
	out.Queue = sb.QueueSID(str(q.Sid))
	return nil
}

// configuration is that of a routing, as far as we write it.
type configuration struct {
	TaskRouting struct {
		Filters []filter `json:"filters"`
	} `json:"task_routing"`
}

type filter struct {
	Name       string   `json:"filter_friendly_name"`
	Expression string   `json:"expression"`
	Targets    []target `json:"targets"`
}

type target struct {
	Queue      sb.QueueSID `json:"queue"`
	Expression string      `json:"expression"`
}

// Expression says which agents a task may go to: those with every skill it asks for who have not declined it. The
// attributes are those that activities write.
func Expression() string {
	var b strings.Builder
	for i := 1; i <= sb.MaxSkills; i++ {
		fmt.Fprintf(&b, "(task.skill_%d == null OR task.skill_%d IN worker.skills) AND ", i, i)
	}
	return b.String() + "worker.sid NOT IN task.declined_by"
}

func (p *provisioner) routing(out *Workspace) error {
	var want configuration
	want.TaskRouting.Filters = []filter{{
		Name: "every call back", Expression: "1==1", Targets: []target{{Queue: out.Queue, Expression: Expression()}},
	}}
	text, err := json.Marshal(want)
	if err != nil {
		return err
	}
	assigned := p.public + sb.PathTaskAssigned
	list, err := p.api.ListWorkflow(p.sid, nil)
	if err != nil {
		return fmt.Errorf("list routings: %w", err)
	}
	for _, r := range list {
		if str(r.FriendlyName) != RoutingName {
			continue
		}
		out.Routing = sb.RoutingSID(str(r.Sid))
		var have configuration
		same := json.Unmarshal([]byte(str(r.Configuration)), &have) == nil && reflect.DeepEqual(have, want)
		if same && r.TaskReservationTimeout == ReservationTimeout && str(r.AssignmentCallbackUrl) == assigned && str(r.FallbackAssignmentCallbackUrl) == assigned {
			return nil
		}
		params := &taskrouter.UpdateWorkflowParams{}
		params.SetConfiguration(string(text))
		params.SetTaskReservationTimeout(ReservationTimeout)
		params.SetAssignmentCallbackUrl(assigned)
		params.SetFallbackAssignmentCallbackUrl(assigned)
		if _, err := p.api.UpdateWorkflow(p.sid, string(out.Routing), params); err != nil {
			return fmt.Errorf("update routing: %w", err)
		}
		return nil
	}
	params := &taskrouter.CreateWorkflowParams{}
	params.SetFriendlyName(RoutingName)
	params.SetConfiguration(string(text))
	params.SetTaskReservationTimeout(ReservationTimeout)
	params.SetAssignmentCallbackUrl(assigned)
	params.SetFallbackAssignmentCallbackUrl(assigned)
	r, err := p.api.CreateWorkflow(p.sid, params)
	if err != nil {
		return fmt.Errorf("create routing: %w", err)
	}
	out.Routing = sb.RoutingSID(str(r.Sid))
	return nil
}

func (p *provisioner) agents(agents []Agent, out *Workspace) error {
	if len(agents) == 0 {
		return nil
	}
	list, err := p.api.ListWorker(p.sid, nil)
	if err != nil {
		return fmt.Errorf("list agents: %w", err)
	}
	have := map[string]taskrouter.TaskrouterV1Worker{}
	for _, w := range list {
		have[strings.ToLower(str(w.FriendlyName))] = w // TaskRouter's names ignore case
	}
	for _, a := range agents {
		w, ok := have[strings.ToLower(a.Name)]
		sid := str(w.Sid)
		if ok {
			err = p.mendAgent(a, w)
		} else {
			sid, err = p.createAgent(a)
		}
		if err == nil {
			err = p.capacity(sid)
		}
		if err != nil {
			return fmt.Errorf("agent %s: %w", a.Name, err)
		}
		out.Agents[a.Name] = sb.AgentSID(sid)
	}
	return nil
}

func (a Agent) attributes() map[string]any {
	skills := a.Skills
	if skills == nil {
		skills = []string{}
	}
	return map[string]any{"contact_uri": "client:" + a.Name, "skills": skills}
}

func (p *provisioner) createAgent(a Agent) (string, error) {
	text, err := json.Marshal(a.attributes())
	if err != nil {
		return "", err
	}
	params := &taskrouter.CreateWorkerParams{}
	params.SetFriendlyName(a.Name)
	params.SetAttributes(string(text))
	w, err := p.api.CreateWorker(p.sid, params)
	if err != nil {
		return "", fmt.Errorf("create: %w", err)
	}
	return str(w.Sid), nil
}

// mendAgent sets our two attributes and keeps others'.
func (p *provisioner) mendAgent(a Agent, w taskrouter.TaskrouterV1Worker) error {
	attributes := w.Attributes
	if attributes == nil { // lists may leave them out
		read, err := p.api.FetchWorker(p.sid, str(w.Sid))
		if err != nil {
			return fmt.Errorf("fetch: %w", err)
		}
		attributes = read.Attributes
	}
	have := map[string]any{}
	if err := json.Unmarshal([]byte(str(attributes)), &have); err != nil {
		have = map[string]any{}
	}
	want := maps.Clone(have)
	maps.Copy(want, a.attributes())
	before, err1 := json.Marshal(have) // sorted by key
	after, err2 := json.Marshal(want)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if string(before) == string(after) {
		return nil
	}
	params := &taskrouter.UpdateWorkerParams{}
	params.SetAttributes(string(after))
	if _, err := p.api.UpdateWorker(p.sid, str(w.Sid), params); err != nil {
		return fmt.Errorf("update: %w", err)
	}
	return nil
}

// capacity lets an agent have one call at a time.
func (p *provisioner) capacity(agent string) error {
	c, err := p.api.FetchWorkerChannel(p.sid, agent, activities.TaskChannel)
	if err != nil {
		return fmt.Errorf("fetch voice channel: %w", err)
	}
	if c.ConfiguredCapacity == 1 {
		return nil
	}
	params := &taskrouter.UpdateWorkerChannelParams{}
	params.SetCapacity(1)
	if _, err := p.api.UpdateWorkerChannel(p.sid, agent, activities.TaskChannel, params); err != nil {
		return fmt.Errorf("set capacity: %w", err)
	}
	return nil
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func isTrue(p *bool) bool { return p != nil && *p }
