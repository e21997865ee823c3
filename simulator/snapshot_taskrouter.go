package simulator

import "time"

// WorkspaceState is a workspace with its agents, its queues and its tasks.
type WorkspaceState struct {
	SID        string `json:"sid"`
	AccountSID string `json:"account_sid"`
	Name       string `json:"name"`
	MultiTask  bool   `json:"multi_task"` // false: an agent has one task at a time

	Agents  []AgentState `json:"agents"`
	Queues  []QueueState `json:"queues"`
	Waiting []string     `json:"waiting"` // SIDs of the pending tasks, in the order in which they will be offered
	Tasks   []TaskState  `json:"tasks"`   // a task that ended can be read for five minutes more
}

// AgentState is TaskRouter's Worker.
type AgentState struct {
	SID          string             `json:"sid"`
	Name         string             `json:"name"`
	Party        string             `json:"party"`  // where the agent is rung
	Status       string             `json:"status"` // the name of TaskRouter's Activity
	Available    bool               `json:"available"`
	StatusSince  time.Time          `json:"status_since"`
	Attributes   string             `json:"attributes"` // JSON, as given
	Channels     []ChannelState     `json:"channels"`
	Reservations []ReservationState `json:"reservations"` // the live ones: they use capacity
}

// ChannelState is how much an agent can take of one kind of task.
type ChannelState struct {
	Name      string `json:"name"` // of the task channel: "voice"
	Available bool   `json:"available"`
	Capacity  int    `json:"capacity"`
	Tasks     int    `json:"tasks"` // pending reservations count too
}

// QueueState is TaskRouter's TaskQueue.
type QueueState struct {
	SID        string `json:"sid"`
	Name       string `json:"name"`
	Expression string `json:"expression"` // which agents serve it
	Waiting    int    `json:"waiting"`    // pending tasks
}

// TaskState is a task, and where it stands in its routing.
type TaskState struct {
	SID              string             `json:"sid"`
	Status           string             `json:"status"`
	Reason           string             `json:"reason,omitempty"` // why it was canceled or completed
	Priority         int                `json:"priority"`
	Channel          string             `json:"channel"`
	Attributes       string             `json:"attributes"` // JSON, as given
	Routing          string             `json:"routing"`    // the name of TaskRouter's Workflow
	Filter           string             `json:"filter,omitempty"`
	Target           int                `json:"target"`  // which of the filter's targets it has come to, from 1; 0: none
	Targets          int                `json:"targets"` // how many there are
	Queue            string             `json:"queue,omitempty"`
	QueueSID         string             `json:"queue_sid,omitempty"`
	CreatedAt        time.Time          `json:"created_at"`
	UpdatedAt        time.Time          `json:"updated_at"`
	VirtualStartTime time.Time          `json:"virtual_start_time"` // its place in line
	EndedAt          time.Time          `json:"ended_at,omitzero"`
	Reservations     []ReservationState `json:"reservations"` // all of them, oldest first
}

// ReservationState is an offer of a task to an agent, and what became of it.
type ReservationState struct {
	SID         string    `json:"sid"`
	Status      string    `json:"status"`
	StatusSince time.Time `json:"status_since"`
	CreatedAt   time.Time `json:"created_at"`
	TaskSID     string    `json:"task_sid"`
	AgentSID    string    `json:"agent_sid"`
	Agent       string    `json:"agent"` // the agent's name
}

func (ws *workspace) state() WorkspaceState {
	state := WorkspaceState{SID: ws.sid, AccountSID: ws.account.sid, Name: ws.friendlyName, MultiTask: ws.multiTask,
		Agents: []AgentState{}, Queues: []QueueState{}, Waiting: []string{}, Tasks: []TaskState{}}
	for a := range ws.agents.all() {
		state.Agents = append(state.Agents, a.state())
	}
	inQueue := map[*queue]int{}
	for _, t := range ws.waiting {
		state.Waiting = append(state.Waiting, t.sid)
		inQueue[t.queue]++
	}
	for q := range ws.queues.all() {
		state.Queues = append(state.Queues, QueueState{SID: q.sid, Name: q.friendlyName, Expression: q.targetText, Waiting: inQueue[q]})
	}
	for t := range ws.tasks.all() {
		forgotten := taskMoves.final(t.status) && ws.sim.now().Sub(t.endedAt) >= endedTaskKept // see forgetEnded
		if !forgotten {
			state.Tasks = append(state.Tasks, t.state())
		}
	}
	return state
}

func (a *agent) state() AgentState {
	state := AgentState{SID: a.sid, Name: a.friendlyName, Party: a.party(), Status: a.status.friendlyName,
		Available: a.status.available, StatusSince: a.statusSince, Attributes: a.attributesText,
		Channels: []ChannelState{}, Reservations: reservationStates(a.live)}
	for ac := range a.channels.all() {
		state.Channels = append(state.Channels, ChannelState{Name: ac.channel.uniqueName, Available: ac.available,
			Capacity: ac.capacity, Tasks: ac.tasks()})
	}
	return state
}

func (t *task) state() TaskState {
	state := TaskState{SID: t.sid, Status: t.status, Reason: t.reason, Priority: t.priority, Channel: t.channel.uniqueName,
		Attributes: t.attributesText, Routing: t.routing.friendlyName, CreatedAt: t.createdAt, UpdatedAt: t.updatedAt,
		VirtualStartTime: t.virtualStart, EndedAt: t.endedAt, Reservations: reservationStates(t.reservations)}
	if t.filter != nil {
		state.Filter, state.Target, state.Targets = t.filter.name, t.step+1, len(t.filter.targets)
	}
	if t.queue != nil {
		state.Queue, state.QueueSID = t.queue.friendlyName, t.queue.sid
	}
	return state
}

func reservationStates(all []*reservation) []ReservationState {
	states := []ReservationState{}
	for _, r := range all {
		states = append(states, ReservationState{SID: r.sid, Status: r.status, StatusSince: r.updatedAt, CreatedAt: r.createdAt,
			TaskSID: r.task.sid, AgentSID: r.agent.sid, Agent: r.agent.friendlyName})
	}
	return states
}
