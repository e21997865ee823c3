package provision

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
)

// expression says which agents serve a queue, as the queue sees their attributes.
func (q Queue) expression() string {
	var all []string
	for _, skill := range q.Skills {
		all = append(all, fmt.Sprintf("skills HAS %q", skill))
	}
	if len(all) == 0 {
		return "1==1"
	}
	return strings.Join(all, " AND ")
}

// lines are the queues.
func (p *provisioner) lines() error {
	const one = 1 // an agent is offered a call at a time, and a call to an agent at a time
	list, err := read(p.run, "list queues", func() ([]taskrouter.TaskrouterV1TaskQueue, error) { return p.api.ListTaskQueue(p.sid, nil) })
	if err != nil {
		return err
	}
	for _, want := range p.Queues {
		i := slices.IndexFunc(list, func(q taskrouter.TaskrouterV1TaskQueue) bool { return str(q.FriendlyName) == want.Name })
		if i >= 0 {
			have := list[i]
			p.queues[want.Name] = sb.QueueSID(str(have.Sid))
			params := &taskrouter.UpdateTaskQueueParams{}
			var d differences
			see(&d, "which agents", str(have.TargetWorkers), want.expression(), func(s string) { params.SetTargetWorkers(s) })
			see(&d, "offers at a time", have.MaxReservedWorkers, one, func(n int) { params.SetMaxReservedWorkers(n) })
			see(&d, "order", orFIFO(have.TaskOrder), "FIFO", func(s string) { params.SetTaskOrder(s) })
			if len(d) == 0 {
				continue
			}
			err = p.do(Update, quoted("queue", want.Name), d.String(), func() error {
				return set(p.run, func() (*taskrouter.TaskrouterV1TaskQueue, error) {
					return p.api.UpdateTaskQueue(p.sid, str(have.Sid), params)
				})
			})
		} else {
			params := &taskrouter.CreateTaskQueueParams{}
			params.SetFriendlyName(want.Name)
			params.SetTargetWorkers(want.expression())
			params.SetMaxReservedWorkers(one)
			p.queues[want.Name] = sb.QueueSID(planned(want.Name))
			err = p.do(Create, quoted("queue", want.Name), "", func() error {
				q, err := create(p.run, func() (*taskrouter.TaskrouterV1TaskQueue, error) { return p.api.CreateTaskQueue(p.sid, params) })
				if err == nil {
					p.queues[want.Name] = sb.QueueSID(str(q.Sid))
				}
				return err
			})
		}
		if err != nil {
			return err
		}
	}
	p.out.Queue = p.queues[p.Queues[0].Name]
	for _, q := range list {
		if _, described := p.queues[str(q.FriendlyName)]; !described {
			p.others = append(p.others, q)
		}
	}
	return nil
}

// orFIFO is the order of a queue; Twilio's own is first in, first out.
func orFIFO(order *string) string {
	if str(order) == "" {
		return "FIFO"
	}
	return *order
}

// extraQueues comes last: a queue that a routing still names cannot be deleted.
func (p *provisioner) extraQueues() error {
	for _, q := range p.others {
		what := quoted("queue", str(q.FriendlyName))
		if !p.remove {
			p.note(LeftAlone, what, notDescribed)
			continue
		}
		if err := p.do(Delete, what, notDescribed, func() error { return gone(p.run, func() error { return p.api.DeleteTaskQueue(p.sid, str(q.Sid)) }) }); err != nil {
			return err
		}
	}
	return nil
}

// configuration is that of a routing, as far as we write it.
type configuration struct {
	TaskRouting struct {
		Filters []filter `json:"filters"`
	} `json:"task_routing"`
}

type filter struct {
	Name       string   `json:"filter_friendly_name"`
	Expression string   `json:"expression"`
	Targets    []target `json:"targets"`
}

type target struct {
	Queue      sb.QueueSID `json:"queue"`
	Expression string      `json:"expression"`
	Timeout    int         `json:"timeout,omitempty"` // seconds of the task's age, not of this target
}

// Expression says which agents a task may go to: those with every skill it asks for who have not declined it. The
// attributes are those that activities write.
func Expression() string {
	var b strings.Builder
	for i := 1; i <= sb.MaxSkills; i++ {
		fmt.Fprintf(&b, "(task.skill_%d == null OR task.skill_%d IN worker.skills) AND ", i, i)
	}
	return b.String() + "worker.sid NOT IN task.declined_by"
}

// expression says which calls a rule takes, as a filter sees their attributes.
func (r Rule) expression() string {
	var any []string
	for _, skill := range r.Skills {
		for i := 1; i <= sb.MaxSkills; i++ {
			any = append(any, fmt.Sprintf("skill_%d == %q", i, skill))
		}
	}
	if len(any) == 0 {
		return "1==1"
	}
	return strings.Join(any, " OR ")
}

func (p *provisioner) configuration() (want configuration) {
	for _, rule := range p.Routing {
		f := filter{Name: rule.Name, Expression: rule.expression()}
		age := 0
		for _, step := range rule.Steps {
			t := target{Queue: p.queues[step.Queue], Expression: Expression()}
			if step.For > 0 {
				age += int(step.For.Seconds())
				t.Timeout = age
			}
			f.Targets = append(f.Targets, t)
		}
		want.TaskRouting.Filters = append(want.TaskRouting.Filters, f)
	}
	return want
}

func (p *provisioner) routing() error {
	want := p.configuration()
	text, err := json.Marshal(want)
	if err != nil {
		return err
	}
	assigned := p.public + sb.PathTaskAssigned
	list, err := read(p.run, "list routings", func() ([]taskrouter.TaskrouterV1Workflow, error) { return p.api.ListWorkflow(p.sid, nil) })
	if err != nil {
		return err
	}
	const what = `routing "` + RoutingName + `"`
	for _, r := range list {
		if str(r.FriendlyName) != RoutingName {
			p.note(LeftAlone, quoted("routing", str(r.FriendlyName)), notDescribed)
		}
	}
	i := slices.IndexFunc(list, func(r taskrouter.TaskrouterV1Workflow) bool { return str(r.FriendlyName) == RoutingName })
	if i >= 0 {
		r := list[i]
		p.out.Routing = sb.RoutingSID(str(r.Sid))
		var have configuration
		same := json.Unmarshal([]byte(str(r.Configuration)), &have) == nil && reflect.DeepEqual(have, want)
		params := &taskrouter.UpdateWorkflowParams{}
		var d differences
		see(&d, "which calls go where", same, true, func(bool) { params.SetConfiguration(string(text)) })
		see(&d, "reservation time-out", r.TaskReservationTimeout, ReservationTimeout, func(n int) { params.SetTaskReservationTimeout(n) })
		see(&d, "assignment callback", str(r.AssignmentCallbackUrl), assigned, func(s string) { params.SetAssignmentCallbackUrl(s) })
		see(&d, "its fallback", str(r.FallbackAssignmentCallbackUrl), assigned, func(s string) { params.SetFallbackAssignmentCallbackUrl(s) })
		if len(d) == 0 {
			return nil
		}
		return p.do(Update, what, d.String(), func() error {
			return set(p.run, func() (*taskrouter.TaskrouterV1Workflow, error) {
				return p.api.UpdateWorkflow(p.sid, string(p.out.Routing), params)
			})
		})
	}
	params := &taskrouter.CreateWorkflowParams{}
	params.SetFriendlyName(RoutingName)
	params.SetConfiguration(string(text))
	params.SetTaskReservationTimeout(ReservationTimeout)
	params.SetAssignmentCallbackUrl(assigned)
	params.SetFallbackAssignmentCallbackUrl(assigned)
	return p.do(Create, what, "", func() error {
		r, err := create(p.run, func() (*taskrouter.TaskrouterV1Workflow, error) { return p.api.CreateWorkflow(p.sid, params) })
		if err == nil {
			p.out.Routing = sb.RoutingSID(str(r.Sid))
		}
		return err
	})
}
