package activities

import (
	"context"
	"encoding/json"
	"time"

	"go.temporal.io/sdk/activity"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/telemetry"
)

const (
	// missedAfter is how old a pending reservation is before its call is told of it once more.
	missedAfter = 5 * time.Second
	// ownerlessAfter is how long a task has not changed before it is asked whether anybody owns it.
	ownerlessAfter = 60 * time.Second
	// waitingEvery is how often a process asks for the owners of waiting tasks: there can be thousands of them, and one
	// that nobody owns harms nobody before an agent is offered it.
	waitingEvery = time.Minute
	// ownersAsked is how many tasks of a status are asked for their owners in one sweep; of more, others the next time.
	ownersAsked = 200
	// sweepPage is how many tasks or agents are listed at once.
	sweepPage = 200
)

// Sweep looks once over the whole workspace for what lost webhooks and dead processes leave behind: reservations that
// the call does not know of, tasks that no call owns, agents whom a timeout of our reservation has made unavailable.
// It costs a few listings and a little for every agent at work; once a minute also for calls that wait, at most for
// ownersAsked of them. Idempotent. What it cannot do it leaves to the next sweep: one task that resists does not keep it from the others.
func (a *Activities) Sweep(ctx context.Context) (SweepResult, error) {
	out, err := a.sweep(ctx)
	a.Twilio.Telemetry.Swept(ctx, map[string]int{"told": out.Told, "closed": out.Closed, "returned": out.Returned, "resisted": out.Failed}, err)
	return out, err
}

func (a *Activities) sweep(ctx context.Context) (SweepResult, error) {
	var out SweepResult
	tasks, err := a.tasks(ctx, sb.TaskReserved, sb.TaskAssigned, sb.TaskWrapping)
	if err != nil {
		return out, err
	}
	a.sweepReserved(ctx, having(tasks, sb.TaskReserved), &out)
	for _, status := range []sb.TaskStatus{sb.TaskAssigned, sb.TaskWrapping} {
		a.sweepOwnerless(ctx, having(tasks, status), &out)
	}
	if now := a.Now(); now.Sub(time.Unix(0, a.sweptWaiting.Load())) >= waitingEvery {
		waiting, err := a.tasks(ctx, sb.TaskPending)
		if err != nil {
			return out, err
		}
		a.sweepOwnerless(ctx, waiting, &out)
		a.sweptWaiting.Store(now.UnixNano())
	}
	return out, a.sweepAgents(ctx, &out)
}

func (a *Activities) tasks(ctx context.Context, statuses ...sb.TaskStatus) ([]taskrouter.TaskrouterV1Task, error) {
	wanted := make([]string, len(statuses))
	for i, s := range statuses {
		wanted[i] = string(s)
	}
	params := &taskrouter.ListTaskParams{}
	params.SetAssignmentStatus(wanted)
	params.SetPageSize(sweepPage)
	list, err := a.listTasks(ctx, params)
	if err != nil {
		return nil, failed("sweep: list tasks", err)
	}
	return list, nil
}

// having are those of the tasks that have the status.
func having(tasks []taskrouter.TaskrouterV1Task, status sb.TaskStatus) (some []taskrouter.TaskrouterV1Task) {
	for i := range tasks {
		if str(tasks[i].AssignmentStatus) == string(status) {
			some = append(some, tasks[i])
		}
	}
	return some
}

// sweepReserved tells calls of their pending reservations. They know of most.
func (a *Activities) sweepReserved(ctx context.Context, tasks []taskrouter.TaskrouterV1Task, out *SweepResult) {
	for i := range tasks {
		heartbeat(ctx)
		task := &tasks[i]
		ref, ours := a.owner(ctx, task)
		if !ours {
			continue
		}
		ctx := telemetry.InCall(ctx, ref.Call)
		out.Reserved++
		params := &taskrouter.ListTaskReservationParams{}
		params.SetReservationStatus(string(sb.ReservationPending))
		params.SetPageSize(lookPage)
		reservations, err := a.listReservations(ctx, sb.TaskSID(str(task.Sid)), params)
		if err != nil {
			a.resisted(ctx, "list reservations", task, failure(err), out)
			continue
		}
		for _, r := range reservations {
			if str(r.ReservationStatus) != string(sb.ReservationPending) || r.DateCreated == nil || a.Now().Sub(*r.DateCreated) <= missedAfter {
				continue
			}
			err := a.Calls.Signal(ctx, ref.Call, sb.SignalOffer, offerNews(ref, task, r, "sweep"))
			switch {
			case err == nil:
				out.Told++
			case notRunning(err):
				a.sweepClose(ctx, task, out)
			default:
				a.resisted(ctx, "signal", task, err, out)
			}
		}
	}
}

// sweepOwnerless completes the tasks that keep an agent from the next call although their own has ended.
func (a *Activities) sweepOwnerless(ctx context.Context, tasks []taskrouter.TaskrouterV1Task, out *SweepResult) {
	for i := range min(len(tasks), ownersAsked) {
		heartbeat(ctx)
		task := &tasks[(int(a.Now().Unix()/60)*ownersAsked+i)%len(tasks)]
		if task.DateUpdated == nil || a.Now().Sub(*task.DateUpdated) <= ownerlessAfter {
			continue
		}
		ref, ours := a.owner(ctx, task)
		if !ours {
			continue
		}
		ctx := telemetry.InCall(ctx, ref.Call)
		running, err := a.Calls.Running(ctx, ref.Call)
		switch {
		case err != nil:
			a.resisted(ctx, "describe", task, err, out)
		case !running:
			a.sweepClose(ctx, task, out)
		}
	}
}

func (a *Activities) sweepClose(ctx context.Context, task *taskrouter.TaskrouterV1Task, out *SweepResult) {
	if _, err := a.closeTask(ctx, sb.TaskSID(str(task.Sid)), "no call owns it"); err != nil {
		a.resisted(ctx, "close", task, err, out)
		return
	}
	a.Logger.WarnContext(ctx, "closed a task that no call owns", "TaskSid", str(task.Sid))
	out.Closed++
}

func (a *Activities) resisted(ctx context.Context, what string, task *taskrouter.TaskrouterV1Task, err error, out *SweepResult) {
	a.Logger.WarnContext(ctx, "sweep could not "+what+"; the next will try again", "TaskSid", str(task.Sid), "Error", err)
	out.Failed++
}

// owner reads whose task it is. One without our attribute is not ours.
func (a *Activities) owner(ctx context.Context, task *taskrouter.TaskrouterV1Task) (sb.TaskRef, bool) {
	attributes := task.Attributes
	if attributes == nil { // lists may leave them out
		if read, err := a.twilio.TaskRouter(ctx).FetchTask(string(a.Twilio.Workspace), str(task.Sid)); err == nil {
			attributes = read.Attributes
		}
	}
	var ref sb.TaskRef
	if json.Unmarshal([]byte(str(attributes)), &ref) != nil {
		return ref, false
	}
	_, _, err := ref.Call.Split()
	return ref, err == nil
}

// sweepAgents gives back the agents whom TaskRouter has set aside because our reservation ran out: that is our fault,
// not theirs, and nothing else would ever make them available again. The workspace has a status of its own for it,
// which nobody else sets.
func (a *Activities) sweepAgents(ctx context.Context, out *SweepResult) error {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	w, err := api.FetchWorkspace(workspace)
	if err != nil {
		return failed("sweep: fetch workspace", err)
	}
	timeout := str(w.TimeoutActivitySid)
	if timeout == "" || timeout == str(w.DefaultActivitySid) || timeout == string(a.Statuses.Missed) || timeout == string(a.Statuses.Available) {
		a.Logger.ErrorContext(ctx, "agents are not given back: the workspace has no status of its own for reservations that ran out", "WorkspaceSid", workspace)
		return nil
	}
	params := &taskrouter.ListWorkerParams{}
	params.SetActivitySid(timeout)
	params.SetPageSize(sweepPage)
	agents, err := a.listAgents(ctx, params)
	if err != nil {
		return failed("sweep: list agents", err)
	}
	for _, agent := range agents {
		heartbeat(ctx)
		returned, err := a.giveBack(ctx, str(agent.Sid), timeout)
		if err != nil {
			a.Logger.WarnContext(ctx, "sweep could not give back an agent; the next will try again", "AgentSid", str(agent.Sid), "Error", failure(err))
			out.Failed++
		}
		if returned {
			out.Returned++
		}
	}
	return nil
}

// giveBack makes one agent available, unless the agent's status has changed meanwhile.
func (a *Activities) giveBack(ctx context.Context, agent, from string) (bool, error) {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	read, err := api.FetchWorkerWithMetadata(workspace, agent)
	if failure(err).notFound() {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if worker := read.GetResource(); str(worker.ActivitySid) != from {
		return false, nil
	}
	params := &taskrouter.UpdateWorkerParams{}
	params.SetActivitySid(string(a.Statuses.Available))
	if etag := read.GetHeaders().Get("Etag"); etag != "" {
		params.SetIfMatch(etag)
	}
	_, err = api.UpdateWorker(workspace, agent, params)
	if f := failure(err); f.overtaken() || f.notFound() {
		return false, nil
	}
	return err == nil, err
}

func heartbeat(ctx context.Context) {
	if activity.IsActivity(ctx) {
		activity.RecordHeartbeat(ctx)
	}
}
