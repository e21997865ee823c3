package simulator

import (
	"fmt"
	"net/http"
	"time"
)

// The steps of a shift (chaos_taskrouter_test.go): each is one request, or a while.

func (c *shift) step() {
	switch n := c.r.IntN(100); {
	case n < 22:
		c.newTask()
	case n < 34:
		c.changeTask()
	case n < 56:
		c.changeReservation()
	case n < 66:
		c.changeAgent()
	case n < 70:
		c.changeAgentChannel()
	case n < 74:
		c.changeQueue()
	case n < 79:
		c.changeRouting()
	case n < 81:
		c.changeStatus()
	case n < 83:
		c.changeChannel()
	case n < 84:
		c.changeWorkspace()
	case n < 88:
		c.look()
	default:
		c.pass([]time.Duration{0, time.Second, time.Second, 9 * time.Second, 40 * time.Second, 6 * time.Minute}[c.r.IntN(6)])
		if c.r.IntN(25) == 0 {
			c.pass(25 * time.Hour)
		}
	}
	if c.often() {
		c.pass(0)
	}
}

func (c *shift) pass(d time.Duration) {
	c.lastStep += fmt.Sprint(" and then ", d)
	c.advance(d)
}

func (c *shift) newWorkspace() {
	fields := append(c.given("MultiTaskEnabled", c.one("true", "false"), "PrioritizeQueueOrder", c.one("FIFO", "LIFO"), "EventsFilter", "task.created"),
		"FriendlyName", c.name(), "EventCallbackUrl", "https://app.test/events", "Template", "FIFO")
	header := http.Header{}
	if c.r.IntN(3) == 0 {
		r, _ := http.NewRequestWithContext(c.context(), http.MethodGet, "/", nil)
		r.SetBasicAuth(c.sub, c.token)
		header = r.Header
	}
	c.checkAnswer(c.request(http.MethodPost, "/v1/Workspaces", header, fields...))
}

// changing makes a new resource, or changes or deletes one.
func (c *shift) changing(ws *workspace, path string, sids []string, fields ...string) {
	switch {
	case len(sids) == 0 || c.r.IntN(2) == 0 && len(sids) < 12:
		c.ask(ws, http.MethodPost, path, append([]string{"FriendlyName", c.name()}, fields...)...)
	case c.often():
		c.ask(ws, http.MethodPost, path+"/"+c.some(sids), c.given(fields...)...)
	default:
		c.ask(ws, http.MethodDelete, path+"/"+c.some(sids))
	}
}

func (c *shift) newTask() {
	ws := c.workspace()
	fields := []string{"Attributes", c.attributes(), "WorkflowSid", c.some(sidsOf(&ws.routings))}
	fields = append(fields, c.given("Timeout", c.one("0", "5", "60", "600"), "Priority", c.one("-1", "0", "3", "7"),
		"TaskChannel", c.one("voice", "chat", c.some(sidsOf(&ws.channels))), "VirtualStartTime", c.instant())...)
	if c.rarely() {
		fields = append(fields, "RoutingTarget", c.some(append(sidsOf(&ws.agents), sidsOf(&ws.queues)...)))
		fields = append(fields, c.given("IgnoreCapacity", c.one("true", "false"), "TaskQueueSid", c.some(sidsOf(&ws.queues)))...)
	}
	if a := c.ask(ws, http.MethodPost, "/Tasks", fields...); a.status == 201 && c.rarely() {
		c.ask(ws, http.MethodDelete, "/Tasks/"+a.text("sid"))
	}
}

func (c *shift) instant() string {
	return iso(c.clock.Now().Add(-time.Duration(c.r.IntN(100)-5) * time.Second))
}

func (c *shift) changeTask() {
	ws := c.workspace()
	path := "/Tasks/" + c.some(sidsOf(&ws.tasks))
	switch {
	case c.rarely():
		c.ask(ws, http.MethodDelete, path)
	case c.r.IntN(2) == 0:
		c.ask(ws, http.MethodPost, path, append(c.given("Attributes", c.attributes(), "Reason", "over", "Priority", "5"),
			"AssignmentStatus", c.one("canceled", "wrapping", "completed", "completed", "pending"), "Reason", "over")...)
	default:
		c.ask(ws, http.MethodPost, path, c.given("Attributes", c.attributes(), "Priority", c.one("0", "5"), "VirtualStartTime", c.instant(),
			"TaskChannel", c.one("voice", "chat"))...)
	}
}

func (c *shift) changeReservation() {
	ws := c.workspace()
	var open []*reservation
	for t := range ws.tasks.all() {
		for _, res := range t.reservations {
			if !reservationMoves.final(res.status) || c.r.IntN(9) == 0 {
				open = append(open, res)
			}
		}
	}
	if len(open) == 0 {
		return
	}
	res := open[c.r.IntN(len(open))]
	path := "/Tasks/" + res.task.sid + "/Reservations/" + res.sid
	if c.rarely() {
		path = "/Workers/" + res.agent.sid + "/Reservations/" + res.sid
	}
	status := c.some(sidsOf(&ws.statuses))
	switch c.r.IntN(12) {
	case 0, 1, 2:
		c.ask(ws, http.MethodPost, path, "ReservationStatus", "accepted")
	case 3:
		c.ask(ws, http.MethodPost, path, append(c.given("WorkerActivitySid", status), "ReservationStatus", "rejected")...)
	case 4:
		c.ask(ws, http.MethodPost, path, "ReservationStatus", "wrapping")
	case 5, 6:
		c.ask(ws, http.MethodPost, path, "ReservationStatus", "completed")
	case 7:
		c.ask(ws, http.MethodPost, path, "Instruction", c.one("accept", "reject"))
	case 8:
		c.ask(ws, http.MethodPost, path, "Instruction", "call", "CallFrom", "+442079460000", "CallUrl", "https://app.test/twiml", "CallAccept", "true")
	case 9:
		c.ask(ws, http.MethodPost, path, append(c.given("PostWorkActivitySid", status), "Instruction", "conference", "From", "+442079460000")...)
	case 10:
		c.ask(ws, http.MethodPost, path, "Instruction", "redirect", "RedirectCallSid", "CA1", "RedirectUrl", "https://app.test/twiml")
	default:
		c.ask(ws, http.MethodPost, path, "ReservationStatus", c.one("pending", "timeout", "accepted"), "Instruction", "")
	}
}

func (c *shift) changeAgent() {
	ws := c.workspace()
	statuses := sidsOf(&ws.statuses)
	status := c.some(statuses)
	for st := range ws.statuses.all() {
		if st.available && c.often() {
			status = st.sid
		}
	}
	c.changing(ws, "/Workers", sidsOf(&ws.agents), "Attributes", c.attributes(), "ActivitySid", status)
	if agents := sidsOf(&ws.agents); c.rarely() && len(agents) > 0 {
		c.ask(ws, http.MethodPost, "/Workers/"+c.some(agents), "ActivitySid", c.some(statuses), "RejectPendingReservations", "true")
	}
}

func (c *shift) changeAgentChannel() {
	ws := c.workspace()
	c.ask(ws, http.MethodPost, "/Workers/"+c.some(sidsOf(&ws.agents))+"/Channels/"+c.one("voice", "default", "chat"),
		c.given("Capacity", c.one("0", "1", "2", "3", "51"), "Available", c.one("true", "true", "false"))...)
}

func (c *shift) changeQueue() {
	ws := c.workspace()
	c.changing(ws, "/TaskQueues", sidsOf(&ws.queues), c.given("TargetWorkers", c.expression(), "MaxReservedWorkers", c.one("1", "2", "3", "99"),
		"TaskOrder", c.one("FIFO", "LIFO"), "ReservationActivitySid", c.some(sidsOf(&ws.statuses)), "AssignmentActivitySid", c.some(sidsOf(&ws.statuses)))...)
}

func (c *shift) changeRouting() {
	ws := c.workspace()
	fields := []string{"Configuration", c.configuration(ws), "AssignmentCallbackUrl", "https://app.test/assigned",
		"TaskReservationTimeout", c.one("1", "10", "60")}
	if routings := sidsOf(&ws.routings); c.r.IntN(2) == 0 && len(routings) > 0 {
		c.ask(ws, http.MethodPost, "/Workflows/"+c.some(routings), append(c.given(fields...), "ReEvaluateTasks", c.one("true", "false"))...)
		return
	}
	c.changing(ws, "/Workflows", sidsOf(&ws.routings), fields...)
}

func (c *shift) changeStatus() {
	ws := c.workspace()
	c.changing(ws, "/Activities", sidsOf(&ws.statuses), "Available", c.one("true", "false"))
}

func (c *shift) changeChannel() {
	ws := c.workspace()
	c.changing(ws, "/TaskChannels", sidsOf(&ws.channels), "UniqueName", "u"+c.name())
}

func (c *shift) changeWorkspace() {
	if c.rarely() {
		c.ask(c.workspace(), http.MethodDelete, "")
		return
	}
	ws := c.workspace()
	c.ask(ws, http.MethodPost, "", c.given("FriendlyName", c.name(), "MultiTaskEnabled", c.one("true", "false"), "PrioritizeQueueOrder", c.one("FIFO", "LIFO"),
		"DefaultActivitySid", c.some(sidsOf(&ws.statuses)), "TimeoutActivitySid", c.some(sidsOf(&ws.statuses)))...)
}

func (c *shift) look() {
	ws := c.workspace()
	path := c.one("", "/Activities", "/TaskChannels", "/TaskQueues", "/Workflows", "/Workers", "/Tasks", "/Events", "/Nothing",
		"/Tasks/"+c.some(sidsOf(&ws.tasks)), "/Tasks/"+c.some(sidsOf(&ws.tasks))+"/Reservations",
		"/Workers/"+c.some(sidsOf(&ws.agents)), "/Workers/"+c.some(sidsOf(&ws.agents))+"/Channels")
	c.ask(ws, http.MethodGet, path, c.given("PageSize", c.one("0", "1", "2", "1001", "x"), "FriendlyName", "n1", "Ordering", c.one("DateCreated:asc", "x:y"))...)
}

// endAll ends every task and deletes every agent. Nothing goes on by itself then.
func (c *shift) endAll() {
	c.t.Helper()
	if err := c.sim.SetFaults(Faults{}); err != nil {
		c.t.Fatal(err)
	}
	for a := range c.sim.accounts.all() {
		for ws := range a.workspaces.all() {
			for c.r.IntN(2) == 0 && ws.tasks.len() > 0 { // some end by themselves
				c.ask(ws, http.MethodDelete, "/Tasks/"+sidsOf(&ws.tasks)[0])
			}
			for _, sid := range sidsOf(&ws.agents) {
				c.ask(ws, http.MethodPost, "/Workers/"+sid, "ActivitySid", ws.defaultStatus.sid)
				c.ask(ws, http.MethodDelete, "/Workers/"+sid)
			}
		}
	}
	c.pass(15 * 24 * time.Hour)
	c.check()
	if n := c.clock.Pending(); n > 0 || len(c.sim.timers) > 0 {
		c.t.Errorf("%d pending on the clock and %d timers when all is over", n, len(c.sim.timers))
	}
	for _, left := range c.sim.Leftovers() {
		c.t.Errorf("left over: %s", left)
	}
	_ = c.sim.SetFaults(c.sim.options.Faults)
}
