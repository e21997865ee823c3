package activities

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"time"
	"unicode/utf16"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
)

const (
	// TaskChannel is TaskRouter's name of the kind of work; an agent's capacity for it is 1.
	TaskChannel = "voice"
	// maxAttributes is how many characters a task's attributes may have.
	maxAttributes = 4096
	// maxTaskSeconds is the longest a task may wait.
	maxTaskSeconds = 1_209_600
)

// taskAttributes are what we write on a task: who it belongs to, what the agent's screen shows, and what routing asks
// for. Routing's expressions name skill_1 … skill_5 and declined_by.
type taskAttributes struct {
	sb.TaskRef
	Type       string        `json:"type"`
	Name       string        `json:"name,omitempty"`
	Reason     string        `json:"reason,omitempty"`
	Skill1     string        `json:"skill_1,omitempty"`
	Skill2     string        `json:"skill_2,omitempty"`
	Skill3     string        `json:"skill_3,omitempty"`
	Skill4     string        `json:"skill_4,omitempty"`
	Skill5     string        `json:"skill_5,omitempty"`
	DeclinedBy []sb.AgentSID `json:"declined_by"`
}

// CreateTask puts a task into TaskRouter's queue, at the place in line of the moment the caller asked.
//
// Not idempotent: TaskRouter knows no key for creations. It is repeated after an unclear answer, so twins can exist;
// their attributes have the same Ref.
func (a *Activities) CreateTask(ctx context.Context, in CreateTaskInput) (CreateTaskResult, error) {
	attributes, err := attributesOf(in)
	if err != nil {
		return CreateTaskResult{}, err
	}
	// TaskRouter refuses a place in line from the future.
	since := in.RequestedAt
	if now := a.Now(); since.After(now) {
		since = now
	}
	since = since.UTC().Truncate(time.Second)
	// Whether a task's time counts from its creation or from its place in line is not known for sure. Counted from the
	// latter it is over no earlier than Expires either way.
	seconds := int((in.Expires.Sub(since) + time.Second - 1) / time.Second)
	params := &taskrouter.CreateTaskParams{}
	params.SetWorkflowSid(string(a.Twilio.Routing))
	params.SetTaskChannel(TaskChannel)
	params.SetAttributes(attributes)
	params.SetPriority(in.Priority)
	params.SetVirtualStartTime(since)
	params.SetTimeout(min(max(seconds, 1), maxTaskSeconds))
	task, err := a.twilio.TaskRouter(ctx).CreateTask(string(a.Twilio.Workspace), params)
	if err == nil && str(task.Sid) == "" {
		err = &Failure{kind: ambiguous}
	}
	if err != nil {
		return CreateTaskResult{}, failed("create task", err)
	}
	return CreateTaskResult{Task: sb.TaskSID(*task.Sid), Queue: str(task.TaskQueueFriendlyName)}, nil
}

func attributesOf(in CreateTaskInput) (string, error) {
	t := taskAttributes{TaskRef: in.Ref, Type: "callback", Name: in.Name, Reason: in.Reason, DeclinedBy: append([]sb.AgentSID{}, in.Declined...)}
	skills := []*string{&t.Skill1, &t.Skill2, &t.Skill3, &t.Skill4, &t.Skill5}
	if len(in.Skills) > len(skills) {
		return "", badInput("create task: more skills than routing knows")
	}
	for i, s := range in.Skills {
		*skills[i] = s
	}
	for {
		text, length := encode(t)
		over := length - maxAttributes
		switch {
		case over <= 0:
			return text, nil
		// What is too long loses what an agent misses least, and an agent who declined long ago may be asked again.
		case t.Reason != "":
			t.Reason = shorten(t.Reason, over)
		case t.Name != "":
			t.Name = shorten(t.Name, over)
		case len(t.DeclinedBy) > 0:
			t.DeclinedBy = t.DeclinedBy[1:]
		default:
			return "", badInput("create task: the attributes are too long")
		}
	}
}

// shorten takes runes off the end that make up at least a part of so many characters of JSON; at most six each.
func shorten(s string, over int) string {
	runes := []rune(s)
	return string(runes[:max(0, len(runes)-max(1, over/6))])
}

// encode writes attributes as TaskRouter counts them: in UTF-16 units, presumably.
func encode(v any) (text string, length int) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // six characters for one
	if e.Encode(v) != nil {
		return "", 0 // strings and numbers only: cannot be
	}
	text = string(bytes.TrimSpace(b.Bytes()))
	return text, len(utf16.Encode([]rune(text)))
}

// CloseTask brings a task to its end, whatever its state: waiting or reserved it is cancelled, assigned or wrapping
// completed, over it is left. Idempotent; retried until it has succeeded, for an open task keeps its agent from the
// next call for a day.
func (a *Activities) CloseTask(ctx context.Context, in CloseTaskInput) (CloseTaskResult, error) {
	status, err := a.closeTask(ctx, in.Task, in.Reason)
	return CloseTaskResult{Status: status}, err
}

func (a *Activities) closeTask(ctx context.Context, sid sb.TaskSID, reason string) (sb.TaskStatus, error) {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	for try := 0; ; try++ {
		task, err := api.FetchTask(workspace, string(sid))
		if failure(err).notFound() {
			return sb.TaskGone, nil
		}
		if err != nil {
			return "", failed("close task: fetch", err)
		}
		status := sb.TaskStatus(str(task.AssignmentStatus))
		if status.Over() {
			return status, nil
		}
		end := sb.TaskCanceled
		if status == sb.TaskAssigned || status == sb.TaskWrapping {
			end = sb.TaskCompleted
		}
		params := &taskrouter.UpdateTaskParams{}
		params.SetAssignmentStatus(string(end))
		params.SetReason(reason)
		_, err = api.UpdateTask(workspace, string(sid), params)
		f := failure(err)
		switch {
		case f == nil:
			return end, nil
		case f.notFound():
			return sb.TaskGone, nil
		case f.kind == again || try == tries:
			if f.kind == never {
				return "", unsettled("close task: it is " + string(status) + " and " + f.Error())
			}
			return "", failed("close task", err)
		}
		// Refused: its state has changed in between, most likely. Unclear: look.
		if a.Wait(ctx, a.pause(try)) != nil {
			return "", failed("close task", err)
		}
	}
}

// Exclude sets the agents a task is kept away from. Idempotent. The rest of the attributes is kept, also against
// somebody else who writes at the same time. A task that is over or gone is left.
func (a *Activities) Exclude(ctx context.Context, in ExcludeInput) error {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	for try := 0; ; try++ {
		read, err := api.FetchTaskWithMetadata(workspace, string(in.Task))
		if failure(err).notFound() {
			return nil
		}
		if err != nil {
			return failed("exclude: fetch task", err)
		}
		task := read.GetResource()
		if sb.TaskStatus(str(task.AssignmentStatus)).Over() {
			return nil
		}
		attributes, changed, err := exclude(str(task.Attributes), in.Declined)
		if err != nil || !changed {
			return err
		}
		params := &taskrouter.UpdateTaskParams{}
		params.SetAttributes(attributes)
		if etag := read.GetHeaders().Get("Etag"); etag != "" {
			params.SetIfMatch(etag)
		}
		_, err = api.UpdateTask(workspace, string(in.Task), params)
		f := failure(err)
		if f == nil || f.notFound() {
			return nil
		}
		if !f.overtaken() || try == tries || a.Wait(ctx, a.pause(try)) != nil {
			return failed("exclude", err)
		}
	}
}

// exclude replaces declined_by in attributes and reports whether that changes anything.
func exclude(attributes string, declined []sb.AgentSID) (string, bool, error) {
	all := map[string]json.RawMessage{}
	if json.Unmarshal([]byte(attributes), &all) != nil {
		return "", false, badInput("exclude: the task's attributes are not a JSON object")
	}
	declined = append([]sb.AgentSID{}, declined...)
	var before []sb.AgentSID
	if json.Unmarshal(all["declined_by"], &before) == nil && slices.Equal(before, declined) {
		return "", false, nil
	}
	for {
		list, _ := encode(declined)
		all["declined_by"] = json.RawMessage(list)
		text, length := encode(all)
		if length <= maxAttributes {
			return text, true, nil
		}
		if len(declined) == 0 {
			return "", false, badInput("exclude: the task's attributes are too long")
		}
		declined = declined[1:] // who declined longest ago may be asked again
	}
}

// LookAtTask reads where a task stands, and all its reservations. A task that Twilio does not know is TaskGone.
func (a *Activities) LookAtTask(ctx context.Context, in LookAtTaskInput) (LookAtTaskResult, error) {
	api, workspace := a.twilio.TaskRouter(ctx), string(a.Twilio.Workspace)
	gone := LookAtTaskResult{Task: sb.TaskNews{Ref: in.Ref, Task: in.Task, Status: sb.TaskGone, Via: "look"}}
	task, err := api.FetchTask(workspace, string(in.Task))
	if failure(err).notFound() {
		return gone, nil
	}
	if err != nil {
		return LookAtTaskResult{}, failed("look at task", err)
	}
	reservations, err := a.listReservations(ctx, in.Task, (&taskrouter.ListTaskReservationParams{}).SetPageSize(lookPage))
	if failure(err).notFound() {
		return gone, nil
	}
	if err != nil {
		return LookAtTaskResult{}, failed("look at reservations", err)
	}
	out := LookAtTaskResult{Task: sb.TaskNews{
		Ref: in.Ref, Task: in.Task, Status: sb.TaskStatus(str(task.AssignmentStatus)), Queue: str(task.TaskQueueFriendlyName), Via: "look",
	}}
	for _, r := range reservations {
		out.Offers = append(out.Offers, offerNews(in.Ref, task, r, "look"))
	}
	return out, nil
}

func offerNews(ref sb.TaskRef, task *taskrouter.TaskrouterV1Task, r taskrouter.TaskrouterV1TaskReservation, via string) sb.OfferNews {
	return sb.OfferNews{
		Ref: ref, Task: sb.TaskSID(str(task.Sid)), Reservation: sb.ReservationSID(str(r.Sid)),
		Status: sb.ReservationStatus(str(r.ReservationStatus)), Agent: sb.AgentSID(str(r.WorkerSid)), AgentName: str(r.WorkerName),
		Queue: str(task.TaskQueueFriendlyName), Via: via,
	}
}
