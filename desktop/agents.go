package desktop

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// directory is the agents as TaskRouter knows them.
type directory struct {
	twilio    *activities.Twilio
	workspace string

	mu       sync.Mutex
	statuses map[string]sb.AgentStatusSID // by name
}

// unfit says why nobody can sign in so, to follow a colon.
type unfit struct{ why string }

func (u *unfit) Error() string { return u.why }

func (d *directory) names(ctx context.Context) ([]string, error) {
	list, err := d.twilio.TaskRouter(ctx).ListWorker(d.workspace, nil)
	if err != nil {
		return nil, err
	}
	names := []string{}
	for _, w := range list {
		names = append(names, str(w.FriendlyName))
	}
	slices.Sort(names)
	return names, nil
}

// maxName is above what TaskRouter allows: what is longer need not be asked for.
const maxName = 200

var errNotCalledSo = &unfit{"no agent of the workspace is called so"}

// named finds the agent of that name; TaskRouter's names ignore case.
func (d *directory) named(ctx context.Context, name string) (Agent, error) {
	if strings.TrimSpace(name) == "" {
		return Agent{}, &unfit{"a name is needed"}
	}
	if len(name) > maxName {
		return Agent{}, errNotCalledSo
	}
	params := &taskrouter.ListWorkerParams{}
	params.SetFriendlyName(name)
	list, err := d.twilio.TaskRouter(ctx).ListWorker(d.workspace, params)
	if err != nil {
		return Agent{}, err
	}
	for _, w := range list {
		if strings.EqualFold(str(w.FriendlyName), name) {
			return d.fetch(ctx, sb.AgentSID(str(w.Sid)))
		}
	}
	return Agent{}, errNotCalledSo
}

// vouchedFor finds the one agent whose attribute has the value the identity provider vouches for, or who is called so.
func (d *directory) vouchedFor(ctx context.Context, attribute, value string) (Agent, error) {
	if value == "" || strings.ContainsAny(value, "\"\\\n") {
		return Agent{}, &unfit{"that cannot be the " + attribute + " of an agent"}
	}
	params := &taskrouter.ListWorkerParams{}
	params.SetTargetWorkersExpression(fmt.Sprintf("%s == %q", attribute, value))
	list, err := d.twilio.TaskRouter(ctx).ListWorker(d.workspace, params)
	switch {
	case err != nil:
		return Agent{}, err
	case len(list) > 1:
		return Agent{}, &unfit{"more than one agent of the workspace has it as " + attribute}
	case len(list) == 1:
		return d.fetch(ctx, sb.AgentSID(str(list[0].Sid)))
	default:
		return d.named(ctx, value)
	}
}

// fetch reads an agent. Lists may leave out the attributes, of which the softphone's address is one.
func (d *directory) fetch(ctx context.Context, sid sb.AgentSID) (Agent, error) {
	w, err := d.twilio.TaskRouter(ctx).FetchWorker(d.workspace, string(sid))
	if status(err) == http.StatusNotFound {
		return Agent{}, &unfit{"the agent has been deleted from the workspace"}
	}
	if err != nil {
		return Agent{}, err
	}
	var attributes struct {
		ContactURI string `json:"contact_uri"`
	}
	_ = json.Unmarshal([]byte(str(w.Attributes)), &attributes) // whatever it is instead, no softphone is in it
	identity, ok := strings.CutPrefix(attributes.ContactURI, "client:")
	identity, _, _ = strings.Cut(identity, "?")
	if !ok || identity == "" {
		return Agent{}, &unfit{"the agent has no softphone: the attribute contact_uri must be client: and a name; run the provisioning"}
	}
	return Agent{Name: str(w.FriendlyName), SID: sid, Identity: identity}, nil
}

// standing is where an agent stands.
type standing struct {
	status    string // its name
	available bool   // calls are offered to whoever has it
	version   string
}

// errOvertaken: somebody else has changed the agent since the standing was read.
var errOvertaken = errors.New("the agent has been changed meanwhile")

// errNoAgent: TaskRouter knows no such agent.
var errNoAgent = errors.New("the agent has been deleted")

func (d *directory) standing(ctx context.Context, agent sb.AgentSID) (standing, error) {
	read, err := d.twilio.TaskRouter(ctx).FetchWorkerWithMetadata(d.workspace, string(agent))
	if status(err) == http.StatusNotFound {
		return standing{}, errNoAgent
	}
	if err != nil {
		return standing{}, fmt.Errorf("read the agent's status: %w", err)
	}
	w := read.GetResource()
	return standing{str(w.ActivityName), w.Available != nil && *w.Available, read.GetHeaders().Get("Etag")}, nil
}

// move gives an agent another status, unless somebody has changed the agent since.
func (d *directory) move(ctx context.Context, agent sb.AgentSID, since standing, to string) error {
	sid, err := d.status(ctx, to)
	if err != nil {
		return err
	}
	params := &taskrouter.UpdateWorkerParams{}
	params.SetActivitySid(string(sid))
	if since.version != "" {
		params.SetIfMatch(since.version)
	}
	_, err = d.twilio.TaskRouter(ctx).UpdateWorker(d.workspace, string(agent), params)
	switch {
	case err == nil:
		return nil
	case status(err) == http.StatusPreconditionFailed || status(err) == http.StatusConflict:
		return errOvertaken
	default:
		return fmt.Errorf("set the agent's status: %w", err)
	}
}

// status is the SID of an agent status. They are read once; one that is missing is looked for again.
func (d *directory) status(ctx context.Context, name string) (sb.AgentStatusSID, error) {
	d.mu.Lock()
	sid := d.statuses[name]
	d.mu.Unlock()
	if sid != "" {
		return sid, nil
	}
	list, err := d.twilio.TaskRouter(ctx).ListActivity(d.workspace, nil)
	if err != nil {
		return "", fmt.Errorf("list agent statuses: %w", err)
	}
	known := map[string]sb.AgentStatusSID{}
	for _, s := range list {
		known[str(s.FriendlyName)] = sb.AgentStatusSID(str(s.Sid))
	}
	d.mu.Lock()
	d.statuses = known
	d.mu.Unlock()
	if known[name] == "" {
		return "", fmt.Errorf("the workspace has no agent status %q: run the provisioning again", name)
	}
	return known[name], nil
}

// status is the HTTP status of an answer that refuses, 0 if there was none.
func status(err error) int {
	if f, ok := errors.AsType[*activities.Failure](err); ok {
		return f.Status
	}
	return 0
}

func str(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}
