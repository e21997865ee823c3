package simulator

import (
	"regexp"
	"strconv"
	"time"
)

// taskChannel separates voice from chat: capacity is counted in each by itself.
type taskChannel struct {
	sid, friendlyName, uniqueName string
	optimized                     bool
	createdAt, updatedAt          time.Time
}

// agentChannel is TaskRouter's WorkerChannel: how many tasks of one channel an agent can have.
type agentChannel struct {
	sid                  string
	channel              *taskChannel
	agent                *agent
	capacity             int
	available            bool
	createdAt, updatedAt time.Time
}

var channelName = regexp.MustCompile(`^[A-Za-z0-9_]+$`) // no hyphens (A.3)

// defaultChannel is the channel of a task that names none. It cannot be deleted.
const defaultChannel = "default"

func (ws *workspace) addChannel(friendly, unique string) *taskChannel {
	now := ws.sim.now()
	c := &taskChannel{sid: ws.sim.mint("TC", ws.sid, unique), friendlyName: friendly, uniqueName: unique, createdAt: now, updatedAt: now}
	ws.channels.add(c.sid, c)
	for a := range ws.agents.all() {
		a.addChannel(ws, c)
	}
	return c
}

// addChannel: a new agent can have one task on each channel (A.3).
func (a *agent) addChannel(ws *workspace, c *taskChannel) {
	now := ws.sim.now()
	ac := &agentChannel{sid: ws.sim.mint("WC", a.sid, c.uniqueName), channel: c, agent: a, capacity: 1, available: true, createdAt: now, updatedAt: now}
	a.channels.add(ac.sid, ac)
}

func (ws *workspace) channelNamed(name string) *taskChannel {
	if c, found := ws.channels.get(name); found {
		return c
	}
	for c := range ws.channels.all() {
		if c.uniqueName == name {
			return c
		}
	}
	return nil
}

func (a *agent) channelNamed(name string) *agentChannel {
	if ac, found := a.channels.get(name); found {
		return ac
	}
	for ac := range a.channels.all() {
		if ac.channel.uniqueName == name || ac.channel.sid == name {
			return ac
		}
	}
	return nil
}

func createChannel(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	r.required("FriendlyName")
	friendly, unique := r.limited("FriendlyName", "", 64), r.required("UniqueName")
	optimized := r.boolean("ChannelOptimizedRouting", false)
	if r.err == nil && !channelName.MatchString(unique) {
		r.fail(invalid("UniqueName '%s' may only have letters, digits and underscores", unique))
	}
	if r.err == nil && ws.channelNamed(unique) != nil {
		r.fail(invalid("TaskChannel with UniqueName %s already exists", unique))
	}
	if r.err != nil {
		return reply{}, r.err
	}
	c := ws.addChannel(friendly, unique)
	c.optimized = optimized
	ws.emit("task-channel.created", "TaskChannel "+unique+" created", c.fields())
	return created(ws.channelBody(c, r.base)), nil
}

func listChannels(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	var rows listing
	for c := range ws.channels.all() {
		rows.add(c.sid, func() object { return ws.channelBody(c, r.base) })
	}
	return s.list(r, "channels", rows)
}

func fetchChannel(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	c := ws.channelNamed(r.vars["TC"])
	if c == nil {
		return reply{}, notFound(r.path)
	}
	return okay(ws.channelBody(c, r.base)), nil
}

func updateChannel(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	c := ws.channelNamed(r.vars["TC"])
	if c == nil {
		return reply{}, notFound(r.path)
	}
	name := r.name(c.friendlyName, 64)
	optimized := r.boolean("ChannelOptimizedRouting", c.optimized)
	if r.err != nil {
		return reply{}, r.err
	}
	c.friendlyName, c.optimized, c.updatedAt = name, optimized, s.now()
	ws.emit("task-channel.updated", "TaskChannel "+c.uniqueName+" updated", c.fields())
	return okay(ws.channelBody(c, r.base)), nil
}

func deleteChannel(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	c := ws.channelNamed(r.vars["TC"])
	if c == nil {
		return reply{}, notFound(r.path)
	}
	if c.uniqueName == defaultChannel {
		return reply{}, invalid("Cannot delete task channel %s because tasks are on it by default", c.sid)
	}
	for t := range ws.tasks.all() {
		if t.channel == c && !taskMoves.final(t.status) {
			return reply{}, invalid("Cannot delete task channel %s because it has tasks", c.sid)
		}
	}
	ws.channels.remove(c.sid)
	for a := range ws.agents.all() {
		if ac := a.channelNamed(c.sid); ac != nil {
			a.channels.remove(ac.sid)
		}
	}
	ws.emit("task-channel.deleted", "TaskChannel "+c.uniqueName+" deleted", c.fields())
	return gone(), nil
}

func (c *taskChannel) fields() fields {
	return fields{"TaskChannelSid": c.sid, "TaskChannelName": c.friendlyName, "TaskChannelUniqueName": c.uniqueName,
		"TaskChannelOptimizedRouting": trueFalse(c.optimized)}
}

func (ws *workspace) channelBody(c *taskChannel, base string) object {
	url := base + "/v1/Workspaces/" + ws.sid
	return object{
		"sid": c.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "friendly_name": c.friendlyName,
		"unique_name": c.uniqueName, "channel_optimized_routing": c.optimized,
		"date_created": iso(c.createdAt), "date_updated": iso(c.updatedAt),
		"url": url + "/TaskChannels/" + c.sid, "links": object{"workspace": url},
	}
}

func listAgentChannels(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	a, found := ws.agents.get(r.vars["WK"])
	if !found {
		return reply{}, notFound(r.path)
	}
	var rows listing
	for ac := range a.channels.all() {
		rows.add(ac.sid, func() object { return ws.agentChannelBody(ac, r.base) })
	}
	return s.list(r, "channels", rows)
}

func (ws *workspace) agentChannel(r *request) *agentChannel {
	if a, found := ws.agents.get(r.vars["WK"]); found {
		return a.channelNamed(r.vars["WC"])
	}
	return nil
}

func fetchAgentChannel(_ *Simulator, ws *workspace, r *request) (reply, *apiError) {
	ac := ws.agentChannel(r)
	if ac == nil {
		return reply{}, notFound(r.path)
	}
	return okay(ws.agentChannelBody(ac, r.base)), nil
}

func updateAgentChannel(s *Simulator, ws *workspace, r *request) (reply, *apiError) {
	ac := ws.agentChannel(r)
	if ac == nil {
		return reply{}, notFound(r.path)
	}
	capacity := r.number("Capacity", ac.capacity, 0, 50)
	available := r.boolean("Available", ac.available)
	if r.err != nil {
		return reply{}, r.err
	}
	before := ac.capacity
	about := func() fields {
		return ac.agent.fields().with(ac.channel.fields()).with(fields{
			"WorkerChannelAvailable":         trueFalse(ac.available),
			"WorkerChannelAvailableCapacity": strconv.Itoa(ac.freePercentage()),
			"WorkerChannelPreviousCapacity":  strconv.Itoa(before),
			"WorkerChannelTaskCount":         strconv.Itoa(ac.tasks()),
		})
	}
	ac.updatedAt = s.now()
	if capacity != ac.capacity {
		ac.capacity = capacity
		ac.agent.version++
		ws.emit("worker.capacity.update", "Worker "+ac.agent.friendlyName+" capacity updated", about())
	}
	if available != ac.available {
		ac.available = available
		ac.agent.version++
		ws.emit("worker.channel.availability.update", "Worker "+ac.agent.friendlyName+" channel updated", about())
	}
	ws.look()
	return okay(ws.agentChannelBody(ac, r.base)), nil
}

// tasks counts what uses capacity: a pending reservation does too (A.4).
func (ac *agentChannel) tasks() int {
	n := 0
	for _, res := range ac.agent.live {
		if res.task.channel == ac.channel {
			n++
		}
	}
	return n
}

// accepted counts what an expression calls assigned: neither what is pending nor what is wrapping up
// ("Multitasking").
func (ac *agentChannel) accepted() int {
	n := 0
	for _, res := range ac.agent.live {
		if res.task.channel == ac.channel && res.status == reservationAccepted {
			n++
		}
	}
	return n
}

func (ac *agentChannel) freePercentage() int {
	if ac.capacity == 0 {
		return 0
	}
	return max(100*(ac.capacity-ac.tasks())/ac.capacity, 0)
}

// channelsOf is worker.channel in an expression: the agent's channels by their unique names.
type channelsOf agent

func (c *channelsOf) Lookup(name string) (any, bool) {
	for ac := range c.channels.all() {
		if ac.channel.uniqueName == name {
			return ac, true
		}
	}
	return nil, false
}

// Lookup is worker.channel.<name>.assigned_tasks and its like (A.4).
func (ac *agentChannel) Lookup(key string) (any, bool) {
	switch key {
	case "assigned_tasks":
		return ac.accepted(), true
	case "available_capacity_percentage":
		return ac.freePercentage(), true
	case "configured_capacity":
		return ac.capacity, true
	}
	return nil, false
}

func (ws *workspace) agentChannelBody(ac *agentChannel, base string) object {
	url := base + "/v1/Workspaces/" + ws.sid + "/Workers/" + ac.agent.sid + "/Channels/" + ac.sid
	return object{
		"sid": ac.sid, "account_sid": ws.account.sid, "workspace_sid": ws.sid, "worker_sid": ac.agent.sid,
		"task_channel_sid": ac.channel.sid, "task_channel_unique_name": ac.channel.uniqueName,
		"assigned_tasks": ac.tasks(), "available": ac.available, "available_capacity_percentage": ac.freePercentage(),
		"configured_capacity": ac.capacity, "date_created": iso(ac.createdAt), "date_updated": iso(ac.updatedAt), "url": url,
	}
}
