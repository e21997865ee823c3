package provision

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
)

func (p *provisioner) agents() error {
	if len(p.Agents) == 0 && (p.Agents == nil || !p.remove) {
		return nil
	}
	list, err := read(p.run, "list agents", func() ([]taskrouter.TaskrouterV1Worker, error) { return p.api.ListWorker(p.sid, nil) })
	if err != nil {
		return err
	}
	have := map[string]taskrouter.TaskrouterV1Worker{}
	for _, w := range list {
		have[strings.ToLower(str(w.FriendlyName))] = w // TaskRouter's names ignore case
	}
	for _, a := range p.Agents {
		w, there := have[strings.ToLower(a.Name)]
		delete(have, strings.ToLower(a.Name))
		var sid string
		if there {
			sid, err = str(w.Sid), p.mendAgent(a, w)
		} else {
			sid, err = p.createAgent(a)
		}
		if err != nil {
			return fmt.Errorf("agent %s: %w", a.Name, err)
		}
		p.out.Agents[a.Name] = sb.AgentSID(sid)
	}
	for _, w := range list {
		if _, extra := have[strings.ToLower(str(w.FriendlyName))]; !extra {
			continue
		}
		what := quoted("agent", str(w.FriendlyName))
		if !p.remove {
			p.note(LeftAlone, what, notDescribed)
			continue
		}
		if err := p.do(Delete, what, notDescribed, func() error { return gone(p.run, func() error { return p.api.DeleteWorker(p.sid, str(w.Sid), nil) }) }); err != nil {
			return err
		}
	}
	return nil
}

func (a Agent) attributes() map[string]any {
	skills := a.Skills
	if skills == nil {
		skills = []string{}
	}
	all := map[string]any{"contact_uri": "client:" + a.Name, "skills": skills}
	if a.Email != "" {
		all["email"] = a.Email
	}
	return all
}

func (p *provisioner) createAgent(a Agent) (sid string, err error) {
	text, err := json.Marshal(a.attributes())
	if err != nil {
		return "", err
	}
	params := &taskrouter.CreateWorkerParams{}
	params.SetFriendlyName(a.Name)
	params.SetAttributes(string(text))
	sid = planned(a.Name)
	err = p.do(Create, quoted("agent", a.Name), "", func() error {
		w, err := create(p.run, func() (*taskrouter.TaskrouterV1Worker, error) { return p.api.CreateWorker(p.sid, params) })
		if err != nil {
			return err
		}
		sid = str(w.Sid)
		c, err := p.voice(sid)
		if err != nil || c.ConfiguredCapacity == 1 {
			return err
		}
		return p.oneAtATime(sid)
	})
	return sid, err
}

// mendAgent sets our attributes and keeps others', and lets the agent have one call at a time.
func (p *provisioner) mendAgent(a Agent, w taskrouter.TaskrouterV1Worker) error {
	attributes, what := w.Attributes, quoted("agent", a.Name)
	if attributes == nil { // lists may leave them out
		full, err := read(p.run, "fetch", func() (*taskrouter.TaskrouterV1Worker, error) { return p.api.FetchWorker(p.sid, str(w.Sid)) })
		if err != nil {
			return err
		}
		attributes = full.Attributes
	}
	have := map[string]any{}
	if err := json.Unmarshal([]byte(str(attributes)), &have); err != nil || have == nil {
		have = map[string]any{}
	}
	want := maps.Clone(have)
	maps.Copy(want, a.attributes())
	before, err1 := json.Marshal(have) // sorted by key
	after, err2 := json.Marshal(want)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if string(before) != string(after) {
		params := (&taskrouter.UpdateWorkerParams{}).SetAttributes(string(after))
		err := p.do(Update, what, "attributes", func() error {
			return set(p.run, func() (*taskrouter.TaskrouterV1Worker, error) { return p.api.UpdateWorker(p.sid, str(w.Sid), params) })
		})
		if err != nil {
			return err
		}
	}
	c, err := p.voice(str(w.Sid))
	if err != nil || c.ConfiguredCapacity == 1 {
		return err
	}
	return p.do(Update, what, "calls at a time", func() error { return p.oneAtATime(str(w.Sid)) })
}

func (p *provisioner) voice(agent string) (*taskrouter.TaskrouterV1WorkerChannel, error) {
	return read(p.run, "fetch voice channel", func() (*taskrouter.TaskrouterV1WorkerChannel, error) {
		return p.api.FetchWorkerChannel(p.sid, agent, activities.TaskChannel)
	})
}

func (p *provisioner) oneAtATime(agent string) error {
	params := (&taskrouter.UpdateWorkerChannelParams{}).SetCapacity(1)
	return set(p.run, func() (*taskrouter.TaskrouterV1WorkerChannel, error) {
		return p.api.UpdateWorkerChannel(p.sid, agent, activities.TaskChannel, params)
	})
}
