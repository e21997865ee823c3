package simulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"switchboard/simulator/expression"
)

// plan is a routing's configuration, understood (A.4): filters from the top, the first that matches
// wins; inside it targets in order; the fallback only when no filter matched.
type plan struct {
	filters  []*planFilter
	fallback *planFilter // default_filter; nil: none
}

type planFilter struct {
	name    string
	when    *expression.Expression // sees the task's attributes, without prefix
	targets []*planTarget
	plan    *plan // by which a task came in; it stays in it
	next    int   // where among the filters to go on when the targets are used up
}

type planTarget struct {
	queue     *queue
	where     *expression.Expression // sees task.… and worker.…; nil: every agent of the queue
	reads     []expression.Path      // what of the task it sees
	priority  *int                   // overrides the task's
	timeout   time.Duration
	skipIf    *expression.Expression // sees workers.…
	orderBy   expression.Order
	knownSID  expression.Path // a task attribute holding the SID of the one agent meant; nil: anybody
	knownName expression.Path
}

// planFor sends every task to one queue.
func planFor(q *queue) *plan {
	p := &plan{}
	p.fallback = &planFilter{name: "Default Filter", targets: []*planTarget{{queue: q}}, plan: p}
	return p
}

func (p *plan) uses(q *queue) bool {
	for _, f := range append(p.filters[:len(p.filters):len(p.filters)], p.fallback) {
		if f == nil {
			continue
		}
		for _, t := range f.targets {
			if t.queue == q {
				return true
			}
		}
	}
	return false
}

// The configuration as JSON. Numbers may be numbers or numeric strings (A.4).
type planJSON struct {
	TaskRouting *struct {
		Filters []struct {
			Name       string       `json:"filter_friendly_name"`
			OtherName  string       `json:"friendly_name"`
			Expression string       `json:"expression"`
			Targets    []targetJSON `json:"targets"`
		} `json:"filters"`
		DefaultFilter *targetJSON `json:"default_filter"`
	} `json:"task_routing"`
}

type targetJSON struct {
	Queue      string      `json:"queue"`
	Expression string      `json:"expression"`
	Priority   looseNumber `json:"priority"`
	Timeout    looseNumber `json:"timeout"`
	OrderBy    string      `json:"order_by"`
	SkipIf     string      `json:"skip_if"`
	KnownSID   string      `json:"known_worker_sid"`
	KnownName  string      `json:"known_worker_friendly_name"`
}

type looseNumber struct {
	value int
	set   bool
}

func (n *looseNumber) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "" || text == "null" {
		return nil
	}
	v, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("%s is not a whole number", b)
	}
	n.value, n.set = v, true
	return nil
}

func (ws *workspace) parsePlan(configuration string) (*plan, error) {
	var in planJSON
	if err := json.Unmarshal([]byte(configuration), &in); err != nil {
		return nil, err
	}
	if in.TaskRouting == nil {
		return nil, errors.New("task_routing is missing")
	}
	p := &plan{}
	for i, f := range in.TaskRouting.Filters {
		filter := &planFilter{name: f.Name + f.OtherName, plan: p, next: i + 1}
		where := fmt.Sprintf("filter %d (%s)", i+1, filter.name)
		when, err := expression.Parse(f.Expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		filter.when = when
		for _, t := range f.Targets {
			if err := ws.addTarget(filter, t); err != nil {
				return nil, fmt.Errorf("%s: %w", where, err)
			}
		}
		if len(filter.targets) == 0 {
			return nil, fmt.Errorf("%s has no targets", where)
		}
		p.filters = append(p.filters, filter)
	}
	if t := in.TaskRouting.DefaultFilter; t != nil {
		if t.Timeout.set {
			return nil, errors.New("default_filter has no timeout: tasks wait there until their own")
		}
		p.fallback = &planFilter{name: "Default Filter", plan: p, next: len(p.filters)}
		if err := ws.addTarget(p.fallback, *t); err != nil {
			return nil, fmt.Errorf("default_filter: %w", err)
		}
	}
	if len(p.filters) == 0 && p.fallback == nil {
		return nil, errors.New("neither filters nor a default_filter")
	}
	return p, nil
}

// addTarget: a target without a queue has the one of the target before it.
func (ws *workspace) addTarget(f *planFilter, in targetJSON) error {
	t := &planTarget{timeout: time.Duration(in.Timeout.value) * time.Second}
	if in.Timeout.set && in.Timeout.value < 1 {
		return errors.New("timeout must be a positive number of seconds")
	}
	if in.Priority.set {
		t.priority = &in.Priority.value
	}
	switch q, found := ws.queues.get(in.Queue); {
	case found:
		t.queue = q
	case in.Queue == "" && len(f.targets) > 0:
		t.queue = f.targets[len(f.targets)-1].queue
	default:
		return fmt.Errorf("task queue '%s' does not exist", in.Queue)
	}
	var err error
	if t.where, err = optional(in.Expression, expression.Parse); err != nil {
		return err
	}
	t.reads = ofTask(t.where)
	if t.skipIf, err = optional(in.SkipIf, expression.Parse); err != nil {
		return err
	}
	if t.knownSID, err = optional(in.KnownSID, expression.ParsePath); err != nil {
		return err
	}
	if t.knownName, err = optional(in.KnownName, expression.ParsePath); err != nil {
		return err
	}
	if t.knownSID != nil && t.knownName != nil {
		return errors.New("known_worker_sid and known_worker_friendly_name exclude each other")
	}
	if t.orderBy, err = optional(in.OrderBy, expression.ParseOrder); err != nil {
		return err
	}
	f.targets = append(f.targets, t)
	return nil
}

// optional reads what may be left out.
func optional[T any](text string, parse func(string) (T, error)) (parsed T, err error) {
	if text == "" {
		return parsed, nil
	}
	return parse(text)
}
