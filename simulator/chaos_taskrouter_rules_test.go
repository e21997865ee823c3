package simulator

import (
	"slices"
	"strings"
)

// What must hold after each step of a shift.

func (c *shift) wrong(format string, args ...any) {
	c.t.Helper()
	c.t.Fatalf("after "+c.lastStep+":\n"+format, args...)
}

// checkAnswer: errors have Twilio's shape, and a code that is written down.
func (c *shift) checkAnswer(a answer) {
	c.t.Helper()
	switch {
	case a.err != nil || a.status < 400 || a.header.Get("Content-Type") == "text/html": // a lost reply, a proxy's page
		return
	case a.status >= 500:
		c.wrong("%d %v", a.status, a.body)
	}
	_, known := codes[a.code()]
	if !known || a.text("message") == "" || a.text("more_info") != moreInfo(a.code()) || a.body["status"] != float64(a.status) || len(a.body) != 4 {
		c.wrong("error %d %v", a.status, a.body)
	}
}

func (c *shift) check() {
	c.t.Helper()
	for a := range c.sim.accounts.all() {
		for ws := range a.workspaces.all() {
			for t := range ws.tasks.all() {
				c.checkTask(ws, t)
			}
			for a := range ws.agents.all() {
				c.checkAgent(ws, a)
			}
			c.checkLine(ws)
			c.checkEvents(ws)
		}
	}
}

func (c *shift) checkTask(ws *workspace, t *task) {
	c.t.Helper()
	count := map[string]int{}
	for _, res := range t.reservations {
		count[res.status]++
		if ws.reservations[res.sid] != res {
			c.wrong("reservation %s of task %s cannot be found", res.sid, t.sid)
		}
	}
	want := map[string]int{taskReserved: max(count[reservationPending], 1)}[t.status]
	wantAccepted := map[string]int{taskAssigned: 1}[t.status]
	wantWrapping := map[string]int{taskWrapping: 1}[t.status]
	if count[reservationPending] != want || count[reservationAccepted] != wantAccepted || count[reservationWrapping] != wantWrapping {
		c.wrong("task %s is %s with reservations %v", t.sid, t.status, count)
	}
	if taskMoves.final(t.status) {
		if t.ttl != nil && !t.ttl.done || t.targetTimer != nil && !t.targetTimer.done || t.oldAge != nil && !t.oldAge.done {
			c.wrong("task %s is %s, but has timers", t.sid, t.status)
		}
		return
	}
	if _, found := ws.routings.get(t.routing.sid); !found {
		c.wrong("task %s is in a routing that does not exist", t.sid)
	}
	if _, found := ws.queues.get(t.queue.sid); !found {
		c.wrong("task %s is in a queue that does not exist", t.sid)
	}
	for _, target := range t.filter.targets {
		if _, found := ws.queues.get(target.queue.sid); !found {
			c.wrong("task %s can come to a queue that does not exist", t.sid)
		}
	}
	if _, found := ws.channels.get(t.channel.sid); !found {
		c.wrong("task %s is on a channel that does not exist", t.sid)
	}
}

func (c *shift) checkAgent(ws *workspace, a *agent) {
	c.t.Helper()
	if _, found := ws.statuses.get(a.status.sid); !found {
		c.wrong("agent %s has a status that does not exist", a.friendlyName)
	}
	live, ignoring := 0, false
	for t := range ws.tasks.all() {
		for _, res := range t.reservations {
			if res.agent == a && !reservationMoves.final(res.status) {
				live++
				ignoring = ignoring || t.direct != nil && t.direct.agent != nil
				if !slices.Contains(a.live, res) {
					c.wrong("reservation %s is %s and uses no capacity", res.sid, res.status)
				}
			}
		}
	}
	if live != len(a.live) {
		c.wrong("agent %s has %d live reservations, and %d are counted", a.friendlyName, live, len(a.live))
	}
	for ac := range a.channels.all() {
		// What is more than the capacity was there before the capacity shrank, or the task changed channels.
		if n := ac.tasks(); n > max(ac.capacity, c.used[ac]) && !ignoring && !strings.Contains(c.lastStep, "TaskChannel") {
			c.wrong("agent %s has %d tasks on %s, of %d", a.friendlyName, n, ac.channel.uniqueName, ac.capacity)
		}
		c.used[ac] = ac.tasks()
	}
}

// checkLine: the waiting tasks, and only they, stand in line, in order; and when all that is due has
// happened, none of them could be offered to anybody.
func (c *shift) checkLine(ws *workspace) {
	c.t.Helper()
	for i, t := range ws.waiting {
		if i > 0 && !ws.before(ws.waiting[i-1], t) {
			c.wrong("task %s stands in the wrong place", t.sid)
		}
	}
	for t := range ws.tasks.all() {
		waits := t.status == taskPending && (t.direct == nil || t.direct.agent == nil)
		if waits != ws.inLine(t) {
			c.wrong("task %s is %s; in line: %t", t.sid, t.status, !waits)
		}
	}
	if ws.matching {
		return // a look is on its way
	}
	for _, t := range ws.waiting {
		for a := range ws.agents.all() {
			if c.suits(ws, t, a) {
				c.wrong("task %s waits, and agent %s could have it", t.sid, a.friendlyName)
			}
		}
	}
}

// suits is A.7 once more, as simply as can be.
func (c *shift) suits(ws *workspace, t *task, a *agent) bool {
	target, now := t.target(), ws.sim.now()
	scope := &offerScope{task: t, agent: a, now: now}
	if !a.status.available || t.restsFrom(a, now) || !ws.multiTask && len(a.live) > 0 || !t.queue.target.Matches(a) ||
		target.where != nil && !target.where.Matches(scope) {
		return false
	}
	if path := target.knownPath(); path != nil {
		if v, _ := path.Lookup(scope); !target.names(a, v) {
			return false
		}
	}
	for ac := range a.channels.all() {
		if ac.channel == t.channel {
			return ac.available && ac.tasks() < ac.capacity
		}
	}
	return false
}

// after is which events may follow the one that ended a task or a reservation.
var after = map[string][]string{
	"task.canceled":         {"task.updated", "task.deleted", "reservation.canceled"},
	"task.completed":        {"task.updated", "task.deleted", "reservation.completed"},
	"task.deleted":          {},
	"task.system-deleted":   {},
	"reservation.rejected":  {},
	"reservation.timeout":   {},
	"reservation.canceled":  {},
	"reservation.rescinded": {},
	"reservation.completed": {},
}

func (c *shift) checkEvents(ws *workspace) {
	c.t.Helper()
	events, next := ws.events.since(c.seen[ws.sid])
	c.seen[ws.sid] = next
	for _, e := range events {
		for _, sid := range []string{e.fields["TaskSid"], e.fields["ReservationSid"]} {
			last, ended := c.ended[sid]
			about := strings.HasPrefix(e.kind, "reservation.") == strings.HasPrefix(sid, "WR")
			allowed := slices.Contains(after[last], e.kind) || strings.HasPrefix(e.kind, "worker.")
			switch _, ends := after[e.kind]; {
			case sid == "":
			case ended && !allowed && (about || strings.HasPrefix(sid, "WT")):
				c.wrong("%s of %s after %s", e.kind, sid, last)
			case about && ends:
				c.ended[sid] = e.kind
			}
		}
		if e.kind == "reservation.created" && ws.multiTask {
			t, found := ws.tasks.get(e.fields["TaskSid"])
			st, exists := ws.statuses.get(e.fields["WorkerActivitySid"])
			if found && exists && !st.available && (t.direct == nil || t.direct.agent == nil) {
				c.wrong("task %s was offered to %s, who was %s", t.sid, e.fields["WorkerName"], st.friendlyName)
			}
		}
	}
}
