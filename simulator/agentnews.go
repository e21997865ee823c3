package simulator

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// AgentNews is something that the browser of an agent is told of, as TaskRouter's event bridge does: what happens to
// the agent, to the offers made to them and to the tasks they have, and nothing of anybody else's.
type AgentNews struct {
	What AgentEvent
	// About is what it happened to, as it is now: as REST shows it, and with what only browsers are shown.
	About map[string]any
}

// AgentEvent is the kind of an event, by TaskRouter's name, or one of those below.
type AgentEvent string

// What is not an event of the workspace.
const (
	AgentWatched   AgentEvent = "init"      // the first of all: who is watched, and for how long the token allows it
	AgentForgotten AgentEvent = "forgotten" // the last: the agent is gone, or the simulator was reset
	TokenRanOut    AgentEvent = "expired"   // the last: the token has expired
)

// agentEvents are the events that browsers are told of.
var agentEvents = []string{
	"worker.activity.update", "worker.attributes.update", "worker.capacity.update", "worker.channel.availability.update",
	"reservation.created", "reservation.accepted", "reservation.wrapup", "reservation.completed", "reservation.rejected",
	"reservation.timeout", "reservation.canceled", "reservation.rescinded",
	"task.updated", "task.canceled", "task.completed", "task.wrapup",
}

// watcher is one browser of an agent.
type watcher struct{ tell func(AgentNews) }

// WatchAgent tells what happens to the agent whom a token names, in the order in which it happens, until stop is called
// or the last news is told. Tell is called under the simulator's lock: it must only put the news in a queue. Stop may
// come late, and twice.
func (s *Simulator) WatchAgent(token AccessToken, tell func(AgentNews)) (stop func(), err error) {
	s.lock()
	defer s.unlock()
	_, a, err := s.agentOf(token)
	if err != nil {
		return nil, err
	}
	w := &watcher{tell}
	a.watchers = append(a.watchers, w)
	left := token.Expires.Sub(s.now())
	tell(AgentNews{What: AgentWatched, About: object{
		"channel_id": a.sid, "account_sid": token.AccountSID, "workspace_sid": token.WorkspaceSID, "token_lifetime": left.Milliseconds(),
	}})
	expiry := s.schedule(left, func() {
		a.unwatch(w)
		tell(AgentNews{What: TokenRanOut})
	})
	return func() {
		s.lock()
		defer s.unlock()
		s.cancel(expiry)
		a.unwatch(w)
	}, nil
}

func (a *agent) unwatch(w *watcher) {
	a.watchers = slices.DeleteFunc(slices.Clone(a.watchers), func(other *watcher) bool { return other == w })
}

// agentOf finds the agent whom a token names, and their workspace. The error says what is wrong with its grant.
func (s *Simulator) agentOf(token AccessToken) (*workspace, *agent, error) {
	switch {
	case token.WorkspaceSID == "" || token.AgentSID == "":
		return nil, nil, errors.New("the token has no task_router grant with a workspace_sid and a worker_sid")
	case token.Role != roleWorker && token.Role != roleSupervisor:
		return nil, nil, fmt.Errorf("the role of the token's task_router grant must be worker or supervisor, not %q", token.Role)
	}
	if account, found := s.accounts.get(token.AccountSID); found {
		if ws, found := account.workspaces.get(token.WorkspaceSID); found {
			if a, found := ws.agents.get(token.AgentSID); found {
				return ws, a, nil
			}
		}
	}
	return nil, nil, fmt.Errorf("the token's account has no worker %s in a workspace %s", token.AgentSID, token.WorkspaceSID)
}

// AgentDisconnected puts the agent whom a token names into the status Offline, or where the workspace has none of that
// name into its default one: the last browser is gone that asked for it.
func (s *Simulator) AgentDisconnected(token AccessToken) {
	s.lock()
	defer s.unlock()
	ws, a, err := s.agentOf(token)
	if err != nil {
		return
	}
	offline := ws.defaultStatus
	for status := range ws.statuses.all() {
		if strings.EqualFold(status.friendlyName, "Offline") {
			offline = status
		}
	}
	ws.setStatus(a, offline)
}

// tellAgents passes an event of the workspace on to the browsers that it concerns.
func (ws *workspace) tellAgents(kind string, about fields) {
	if !slices.Contains(agentEvents, kind) {
		return
	}
	group, _, _ := strings.Cut(kind, ".")
	if group == "task" {
		t, found := ws.tasks.get(about["TaskSid"])
		if !found {
			return
		}
		for _, res := range t.reservations {
			if !reservationMoves.final(res.status) {
				res.agent.tell(kind, func() object { return ws.taskNews(t) })
			}
		}
		return
	}
	a, found := ws.agents.get(about["WorkerSid"])
	if !found {
		return
	}
	a.tell(kind, func() object {
		switch kind {
		case "worker.activity.update", "worker.attributes.update":
			return ws.agentNews(a)
		case "worker.capacity.update", "worker.channel.availability.update":
			return ws.agentChannelNews(a.channelNamed(about["TaskChannelSid"]))
		}
		return ws.reservationNews(ws.reservations[about["ReservationSid"]])
	})
}

func (a *agent) tell(kind string, about func() object) {
	for _, w := range a.watchers {
		w.tell(AgentNews{What: AgentEvent(kind), About: about()}) // each its own: they change it
	}
}

// forgetWatchers tells the browsers of an agent that there is nobody to watch any more.
func (a *agent) forgetWatchers() {
	for _, w := range a.watchers {
		w.tell(AgentNews{What: AgentForgotten})
	}
	a.watchers = nil
}

// forgetAgentWatchers does so for every agent.
func (s *Simulator) forgetAgentWatchers() {
	for account := range s.accounts.all() {
		for ws := range account.workspaces.all() {
			for a := range ws.agents.all() {
				a.forgetWatchers()
			}
		}
	}
}

// What browsers are shown is what REST shows, and a little more.

func (ws *workspace) agentNews(a *agent) object {
	body := ws.agentBody(a, "")
	body["version"] = a.version
	return body
}

func (ws *workspace) taskNews(t *task) object {
	body := ws.taskBody(t, "")
	body["version"] = t.version
	return body
}

func (ws *workspace) reservationNews(res *reservation) object {
	body := ws.reservationBody(res, &request{})
	body["version"], body["task"] = res.version, ws.taskNews(res.task)
	body["reservation_timeout"] = wholeSeconds(res.task.routing.reservationTimeout)
	return body
}

func (ws *workspace) agentChannelNews(ac *agentChannel) object {
	body := ws.agentChannelBody(ac, "")
	var last time.Time
	for _, res := range ac.agent.reservations {
		if res.task.channel == ac.channel && res.createdAt.After(last) {
			last = res.createdAt
		}
	}
	body["last_reserved_time"] = isoOrNull(last)
	return body
}

// news is what browsers are shown of a resource that REST has just shown.
func (ws *workspace) news(shown object) object {
	sid, _ := shown["sid"].(string)
	agentSID, _ := shown["worker_sid"].(string)
	if a, found := ws.agents.get(agentSID); found {
		if channel, found := a.channels.get(sid); found {
			return ws.agentChannelNews(channel)
		}
	}
	if a, found := ws.agents.get(sid); found {
		return ws.agentNews(a)
	}
	if t, found := ws.tasks.get(sid); found {
		return ws.taskNews(t)
	}
	if res := ws.reservations[sid]; res != nil {
		return ws.reservationNews(res)
	}
	return shown
}
