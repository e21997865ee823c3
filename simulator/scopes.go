package simulator

import "time"

// What the expressions of a routing see (A.4). What those of a queue see is the agent itself.

// filterScope is what a filter sees: the task's attributes, without prefix, and the time of day.
type filterScope struct {
	task *task
	now  time.Time
}

func (f *filterScope) Lookup(key string) (any, bool) {
	if key == "taskrouter" {
		return timeOfDay(f.now), true
	}
	return f.task.Lookup(key)
}

// offerScope is what a target sees: task.… and worker.…, and the time of day.
type offerScope struct {
	task  *task
	agent *agent // nil: none is in question
	now   time.Time
}

func (o *offerScope) Lookup(key string) (any, bool) {
	switch {
	case key == "task":
		return o.task, true
	case key == "worker" && o.agent != nil:
		return o.agent, true
	case key == "taskrouter":
		return timeOfDay(o.now), true
	}
	return nil, false
}

// timeOfDay is taskrouter.… in an expression, in UTC ("Time of Day Routing").
type timeOfDay time.Time

func (d timeOfDay) Lookup(key string) (any, bool) {
	now := time.Time(d).UTC()
	switch key {
	case "currentTime":
		return now.Hour()*100 + now.Minute(), true
	case "currentHour":
		return now.Format("15"), true
	case "currentMin":
		return now.Format("04"), true
	case "dayOfWeek":
		return now.Format("Mon"), true
	}
	return nil, false
}

// staffing is what skip_if sees: workers.available, workers.unavailable and workers.WA… count the
// agents of the target's queue.
type staffing struct {
	ws    *workspace
	queue *queue
}

func (s staffing) Lookup(key string) (any, bool) {
	if key == "workers" {
		return staff(s), true
	}
	return nil, false
}

type staff staffing

func (s staff) Lookup(key string) (any, bool) {
	_, isStatus := s.ws.statuses.get(key)
	if !isStatus && key != "available" && key != "unavailable" {
		return nil, false
	}
	n := 0
	for a := range s.ws.agents.all() {
		if (a.status.sid == key || a.status.available == (key == "available") && !isStatus) && s.queue.takes(a) {
			n++
		}
	}
	return n, true
}
