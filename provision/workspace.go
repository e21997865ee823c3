package provision

import (
	"errors"
	"slices"
	"strings"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

// events are what the webhook process wants to hear of. TaskRouter has many more, and is talkative.
var events = []string{
	"task.created", "task.canceled", "task.completed", "task.deleted", "task.system-deleted",
	"reservation.created", "reservation.accepted", "reservation.rejected", "reservation.timeout", "reservation.canceled", "reservation.rescinded",
}

func (p *provisioner) workspace() error {
	list, err := read(p.run, "list workspaces", func() ([]taskrouter.TaskrouterV1Workspace, error) {
		return p.api.ListWorkspace((&taskrouter.ListWorkspaceParams{}).SetFriendlyName(WorkspaceName))
	})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(w taskrouter.TaskrouterV1Workspace) bool { return str(w.FriendlyName) == WorkspaceName })
	if i >= 0 {
		p.have = &list[i]
	} else {
		p.have, p.absent = &taskrouter.TaskrouterV1Workspace{}, !p.apply
		params := &taskrouter.CreateWorkspaceParams{}
		params.SetFriendlyName(WorkspaceName)
		params.SetMultiTaskEnabled(true)
		params.SetEventCallbackUrl(p.public + sb.PathTaskEvents)
		params.SetEventsFilter(strings.Join(events, ","))
		err := p.do(Create, "workspace "+WorkspaceName, "", func() error {
			made, err := create(p.run, func() (*taskrouter.TaskrouterV1Workspace, error) { return p.api.CreateWorkspace(params) })
			if err == nil {
				p.have = made
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	p.sid = str(p.have.Sid)
	p.out.Workspace = sb.WorkspaceSID(p.sid)
	return nil
}

func (p *provisioner) agentStatuses() error {
	have, err := read(p.run, "list agent statuses", func() ([]taskrouter.TaskrouterV1Activity, error) { return p.api.ListActivity(p.sid, nil) })
	if err != nil {
		return err
	}
	wanted := slices.Concat(statuses, p.Statuses)
	for _, want := range wanted {
		i := slices.IndexFunc(have, func(s taskrouter.TaskrouterV1Activity) bool { return str(s.FriendlyName) == want.Name })
		if i >= 0 {
			if isTrue(have[i].Available) != want.Available {
				return errors.New(wrongAvailability(want.Name, want.Available))
			}
			p.out.Statuses[want.Name] = sb.AgentStatusSID(str(have[i].Sid))
			continue
		}
		params := &taskrouter.CreateActivityParams{}
		params.SetFriendlyName(want.Name)
		params.SetAvailable(want.Available)
		p.out.Statuses[want.Name] = sb.AgentStatusSID(planned(want.Name))
		err := p.do(Create, quoted("agent status", want.Name), "", func() error {
			s, err := create(p.run, func() (*taskrouter.TaskrouterV1Activity, error) { return p.api.CreateActivity(p.sid, params) })
			if err == nil {
				p.out.Statuses[want.Name] = sb.AgentStatusSID(str(s.Sid))
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, s := range have {
		if !slices.ContainsFunc(wanted, func(w Status) bool { return w.Name == str(s.FriendlyName) }) {
			p.note(LeftAlone, quoted("agent status", str(s.FriendlyName)), notDescribed)
		}
	}
	return nil
}

// notDescribed is why something is left alone.
const notDescribed = "not described"

func quoted(kind, name string) string { return kind + ` "` + name + `"` }

// settings are those of the workspace itself. A new one has no default status yet, so they always come after it.
func (p *provisioner) settings() error {
	params := &taskrouter.UpdateWorkspaceParams{}
	var d differences
	see(&d, "status of new agents", str(p.have.DefaultActivitySid), string(p.out.Statuses[StatusOffline]), func(s string) { params.SetDefaultActivitySid(s) })
	see(&d, "status after a time-out", str(p.have.TimeoutActivitySid), string(p.out.Statuses[StatusTimedOut]), func(s string) { params.SetTimeoutActivitySid(s) })
	if !p.absent {
		see(&d, "where events go", str(p.have.EventCallbackUrl), p.public+sb.PathTaskEvents, func(s string) { params.SetEventCallbackUrl(s) })
		see(&d, "which events", sameEvents(str(p.have.EventsFilter)), true, func(bool) { params.SetEventsFilter(strings.Join(events, ",")) })
		see(&d, "multitasking", isTrue(p.have.MultiTaskEnabled), true, func(b bool) { params.SetMultiTaskEnabled(b) })
	}
	if len(d) == 0 {
		return nil
	}
	return p.do(Update, "workspace "+WorkspaceName, d.String(), func() error {
		return set(p.run, func() (*taskrouter.TaskrouterV1Workspace, error) { return p.api.UpdateWorkspace(p.sid, params) })
	})
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
	list, err := read(p.run, "list task channels", func() ([]taskrouter.TaskrouterV1TaskChannel, error) { return p.api.ListTaskChannel(p.sid, nil) })
	if err != nil || p.absent {
		return err
	}
	if slices.ContainsFunc(list, func(c taskrouter.TaskrouterV1TaskChannel) bool { return str(c.UniqueName) == activities.TaskChannel }) {
		return nil
	}
	params := &taskrouter.CreateTaskChannelParams{}
	params.SetFriendlyName("Voice")
	params.SetUniqueName(activities.TaskChannel)
	return p.do(Create, "task channel "+activities.TaskChannel, "", func() error {
		_, err := create(p.run, func() (*taskrouter.TaskrouterV1TaskChannel, error) { return p.api.CreateTaskChannel(p.sid, params) })
		return err
	})
}
