package simulator

import (
	"errors"
	"net/http"
	"testing"

	"github.com/twilio/twilio-go/client"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

// lifecycle is what the official client can do to one kind of resource.
type lifecycle[V any] struct {
	what    string
	create  func() (*V, error)
	fetch   func(sid string) (*V, error)
	update  func(sid string) (*V, error)
	updated func(*V) bool // whether it is as update wants it
	list    func() ([]V, error)
	remove  func(sid string) error
	sid     func(*V) *string
}

// live creates one, reads and changes it, finds it in the list, deletes it, and looks for it in vain.
func (l lifecycle[V]) live(t *testing.T) {
	t.Helper()
	must := func(v *V, err error) *V {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", l.what, err)
		}
		return v
	}
	sid := *l.sid(must(l.create()))
	if l.updated(must(l.fetch(sid))) {
		t.Errorf("%s is changed before the update", l.what)
	}
	if !l.updated(must(l.update(sid))) || !l.updated(must(l.fetch(sid))) {
		t.Errorf("%s: the update changed nothing", l.what)
	}
	listed := func() (found int) {
		all, err := l.list()
		if err != nil {
			t.Fatalf("list of %s: %v", l.what, err)
		}
		for i := range all {
			if *l.sid(&all[i]) == sid {
				found++
			}
		}
		return found
	}
	equals(t, l.what+" in the list", listed(), 1)
	if err := l.remove(sid); err != nil {
		t.Fatalf("delete %s: %v", l.what, err)
	}
	equals(t, l.what+" in the list after its deletion", listed(), 0)
	var refused *client.TwilioRestError
	if _, err := l.fetch(sid); !errors.As(err, &refused) || refused.Status != 404 || refused.Code != 20404 {
		t.Errorf("%s after its deletion: got %v, want 20404", l.what, err)
	}
}

func holds[T comparable](got *T, want T) bool { return got != nil && *got == want }

// Pages of one row, so that every list follows next_page_url.
func TestTwilioGoAcrossAllOfTaskRouter(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	tr, _ := twilioGo(w.sim)
	ws := w.ws
	lifecycle[taskrouter.TaskrouterV1Workspace]{"workspace",
		func() (*taskrouter.TaskrouterV1Workspace, error) {
			return tr.CreateWorkspace((&taskrouter.CreateWorkspaceParams{}).SetFriendlyName("x").SetTemplate("FIFO"))
		}, tr.FetchWorkspace,
		func(sid string) (*taskrouter.TaskrouterV1Workspace, error) {
			return tr.UpdateWorkspace(sid, (&taskrouter.UpdateWorkspaceParams{}).SetPrioritizeQueueOrder("LIFO"))
		}, func(v *taskrouter.TaskrouterV1Workspace) bool { return holds(v.PrioritizeQueueOrder, "LIFO") },
		func() ([]taskrouter.TaskrouterV1Workspace, error) {
			return tr.ListWorkspace((&taskrouter.ListWorkspaceParams{}).SetPageSize(1))
		}, tr.DeleteWorkspace, func(v *taskrouter.TaskrouterV1Workspace) *string { return v.Sid }}.live(t)
	lifecycle[taskrouter.TaskrouterV1Activity]{"activity",
		func() (*taskrouter.TaskrouterV1Activity, error) {
			return tr.CreateActivity(ws, (&taskrouter.CreateActivityParams{}).SetFriendlyName("x").SetAvailable(true))
		}, func(sid string) (*taskrouter.TaskrouterV1Activity, error) { return tr.FetchActivity(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1Activity, error) {
			return tr.UpdateActivity(ws, sid, (&taskrouter.UpdateActivityParams{}).SetFriendlyName("y"))
		}, func(v *taskrouter.TaskrouterV1Activity) bool {
			return holds(v.FriendlyName, "y") && holds(v.Available, true)
		},
		func() ([]taskrouter.TaskrouterV1Activity, error) {
			return tr.ListActivity(ws, (&taskrouter.ListActivityParams{}).SetPageSize(1))
		}, func(sid string) error { return tr.DeleteActivity(ws, sid) },
		func(v *taskrouter.TaskrouterV1Activity) *string { return v.Sid }}.live(t)
	lifecycle[taskrouter.TaskrouterV1TaskChannel]{"task channel",
		func() (*taskrouter.TaskrouterV1TaskChannel, error) {
			return tr.CreateTaskChannel(ws, (&taskrouter.CreateTaskChannelParams{}).SetFriendlyName("Fax").SetUniqueName("fax"))
		}, func(sid string) (*taskrouter.TaskrouterV1TaskChannel, error) { return tr.FetchTaskChannel(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1TaskChannel, error) {
			return tr.UpdateTaskChannel(ws, sid, (&taskrouter.UpdateTaskChannelParams{}).SetChannelOptimizedRouting(true))
		}, func(v *taskrouter.TaskrouterV1TaskChannel) bool { return holds(v.ChannelOptimizedRouting, true) },
		func() ([]taskrouter.TaskrouterV1TaskChannel, error) {
			return tr.ListTaskChannel(ws, (&taskrouter.ListTaskChannelParams{}).SetPageSize(1))
		}, func(sid string) error { return tr.DeleteTaskChannel(ws, sid) },
		func(v *taskrouter.TaskrouterV1TaskChannel) *string { return v.Sid }}.live(t)
	lifecycle[taskrouter.TaskrouterV1TaskQueue]{"task queue",
		func() (*taskrouter.TaskrouterV1TaskQueue, error) {
			return tr.CreateTaskQueue(ws, (&taskrouter.CreateTaskQueueParams{}).SetFriendlyName("x"))
		}, func(sid string) (*taskrouter.TaskrouterV1TaskQueue, error) { return tr.FetchTaskQueue(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1TaskQueue, error) {
			return tr.UpdateTaskQueue(ws, sid, (&taskrouter.UpdateTaskQueueParams{}).SetMaxReservedWorkers(3))
		}, func(v *taskrouter.TaskrouterV1TaskQueue) bool { return v.MaxReservedWorkers == 3 },
		func() ([]taskrouter.TaskrouterV1TaskQueue, error) {
			return tr.ListTaskQueue(ws, (&taskrouter.ListTaskQueueParams{}).SetPageSize(1))
		}, func(sid string) error { return tr.DeleteTaskQueue(ws, sid) },
		func(v *taskrouter.TaskrouterV1TaskQueue) *string { return v.Sid }}.live(t)
	lifecycle[taskrouter.TaskrouterV1Workflow]{"workflow",
		func() (*taskrouter.TaskrouterV1Workflow, error) {
			return tr.CreateWorkflow(ws, (&taskrouter.CreateWorkflowParams{}).SetFriendlyName("x").
				SetConfiguration(`{"task_routing":{"default_filter":{"queue":"`+w.queue+`"}}}`))
		}, func(sid string) (*taskrouter.TaskrouterV1Workflow, error) { return tr.FetchWorkflow(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1Workflow, error) {
			return tr.UpdateWorkflow(ws, sid, (&taskrouter.UpdateWorkflowParams{}).SetTaskReservationTimeout(30).SetReEvaluateTasks("true"))
		}, func(v *taskrouter.TaskrouterV1Workflow) bool { return v.TaskReservationTimeout == 30 },
		func() ([]taskrouter.TaskrouterV1Workflow, error) {
			return tr.ListWorkflow(ws, (&taskrouter.ListWorkflowParams{}).SetPageSize(1))
		}, func(sid string) error { return tr.DeleteWorkflow(ws, sid) },
		func(v *taskrouter.TaskrouterV1Workflow) *string { return v.Sid }}.live(t)
	w.newAgent("anna", `{}`) // who takes every task
	lifecycle[taskrouter.TaskrouterV1Worker]{"worker",
		func() (*taskrouter.TaskrouterV1Worker, error) {
			return tr.CreateWorker(ws, (&taskrouter.CreateWorkerParams{}).SetFriendlyName("ben"))
		}, func(sid string) (*taskrouter.TaskrouterV1Worker, error) { return tr.FetchWorker(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1Worker, error) {
			return tr.UpdateWorker(ws, sid, (&taskrouter.UpdateWorkerParams{}).SetAttributes(`{"a":1}`).SetIfMatch("*"))
		}, func(v *taskrouter.TaskrouterV1Worker) bool { return holds(v.Attributes, `{"a":1}`) },
		func() ([]taskrouter.TaskrouterV1Worker, error) {
			return tr.ListWorker(ws, (&taskrouter.ListWorkerParams{}).SetPageSize(1).SetOrdering("FriendlyName:desc"))
		}, func(sid string) error { return tr.DeleteWorker(ws, sid, nil) },
		func(v *taskrouter.TaskrouterV1Worker) *string { return v.Sid }}.live(t)
	w.newTask()
	lifecycle[taskrouter.TaskrouterV1Task]{"task",
		func() (*taskrouter.TaskrouterV1Task, error) {
			return tr.CreateTask(ws, (&taskrouter.CreateTaskParams{}).SetWorkflowSid(w.routing).SetRoutingTarget(w.queue))
		}, func(sid string) (*taskrouter.TaskrouterV1Task, error) { return tr.FetchTask(ws, sid) },
		func(sid string) (*taskrouter.TaskrouterV1Task, error) {
			return tr.UpdateTask(ws, sid, (&taskrouter.UpdateTaskParams{}).SetPriority(7).SetVirtualStartTime(w.clock.Now()))
		}, func(v *taskrouter.TaskrouterV1Task) bool { return v.Priority == 7 },
		func() ([]taskrouter.TaskrouterV1Task, error) {
			return tr.ListTask(ws, (&taskrouter.ListTaskParams{}).SetPageSize(1).SetHasAddons(false).SetAssignmentStatus([]string{"pending", "reserved"}))
		}, func(sid string) error { return tr.DeleteTask(ws, sid, nil) },
		func(v *taskrouter.TaskrouterV1Task) *string { return v.Sid }}.live(t)
	w.advance(0)
	w.throughReservations(tr)

	answered := map[string]bool{}
	requests, _ := w.sim.requests.since(0)
	for _, r := range requests {
		answered[r.Route] = answered[r.Route] || r.Status < http.StatusMultipleChoices
	}
	for _, r := range taskRouterRoutes() {
		if !answered[r.String()] {
			t.Errorf("twilio-go has not been through %s", r)
		}
	}
}

// throughReservations goes the way of two offers, one seen from its task and one from its agent.
func (w *world) throughReservations(tr *taskrouter.ApiService) {
	w.t.Helper()
	check := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	tasks, err := tr.ListTask(w.ws, nil)
	check(err)
	task := *tasks[0].Sid
	ofTask, err := tr.ListTaskReservation(w.ws, task, (&taskrouter.ListTaskReservationParams{}).SetPageSize(1).SetReservationStatus("pending"))
	check(err)
	equals(w.t, "offers of the task", len(ofTask), 1)
	agent, offer := *ofTask[0].WorkerSid, *ofTask[0].Sid
	ofAgent, err := tr.ListWorkerReservation(w.ws, agent, (&taskrouter.ListWorkerReservationParams{}).SetPageSize(1).SetReservationStatus("pending"))
	check(err)
	equals(w.t, "the same of the agent", *ofAgent[0].Sid, offer)
	rejected, err := tr.UpdateWorkerReservation(w.ws, agent, offer, (&taskrouter.UpdateWorkerReservationParams{}).SetReservationStatus("rejected"))
	check(err)
	equals(w.t, "rejected", *rejected.ReservationStatus, "rejected")
	w.advance(0)
	both, err := tr.ListTaskReservation(w.ws, task, (&taskrouter.ListTaskReservationParams{}).SetPageSize(1))
	check(err)
	equals(w.t, "offers of the task", len(both), 2)
	second := *both[1].Sid
	_, err = tr.UpdateTaskReservation(w.ws, task, second, (&taskrouter.UpdateTaskReservationParams{}).SetReservationStatus("accepted"))
	check(err)
	fetched, err := tr.FetchTaskReservation(w.ws, task, second)
	check(err)
	equals(w.t, "accepted", *fetched.ReservationStatus, "accepted")
	seen, err := tr.FetchWorkerReservation(w.ws, agent, second)
	check(err)
	equals(w.t, "seen from the agent", *seen.TaskSid, task)

	channels, err := tr.ListWorkerChannel(w.ws, agent, (&taskrouter.ListWorkerChannelParams{}).SetPageSize(1))
	check(err)
	equals(w.t, "channels", len(channels), 5)
	_, err = tr.UpdateWorkerChannel(w.ws, agent, "default", (&taskrouter.UpdateWorkerChannelParams{}).SetCapacity(4))
	check(err)
	channel, err := tr.FetchWorkerChannel(w.ws, agent, *channels[0].Sid)
	check(err)
	equals(w.t, "free capacity", channel.AvailableCapacityPercentage, 75)

	events, err := tr.ListEvent(w.ws, (&taskrouter.ListEventParams{}).SetPageSize(1).SetTaskSid(task).SetEventType("reservation.accepted"))
	check(err)
	equals(w.t, "events", len(events), 1)
	event, err := tr.FetchEvent(w.ws, *events[0].Sid)
	check(err)
	equals(w.t, "event of the reservation", *event.ResourceSid, second)
}
