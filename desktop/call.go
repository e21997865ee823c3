package desktop

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	sb "switchboard"
)

// callView is what an agent is told of a call. Who the caller is stands in the task, and is never repeated here.
type callView struct {
	Call      sb.CallID          `json:"call"`
	Stage     sb.Stage           `json:"stage"`
	Since     time.Time          `json:"since"`
	Attempt   int                `json:"attempt"`
	Task      sb.TaskSID         `json:"task"`
	AgentLeg  sb.CallSID         `json:"agent_leg"`
	CallerLeg sb.CallSID         `json:"caller_leg"`
	Details   string             `json:"details"`
	Timeline  []sb.TimelineEntry `json:"timeline"`
	// WrapUpUntil is when the agent is free at the latest, while the notes are being finished.
	WrapUpUntil *time.Time `json:"wrap_up_until"`
	// LastOutcome is how the attempt before ended, and RetryAt when the next begins, while one is planned.
	LastOutcome sb.Outcome `json:"last_outcome"`
	RetryAt     *time.Time `json:"retry_at"`
	Result      *sb.Result `json:"result"`
	// Yours: the call is the agent's now, or was to the end. Else it has gone to somebody else, or back to the queue.
	Yours bool `json:"yours"`
}

func (s *Server) showCall(w http.ResponseWriter, r *http.Request, p person) error {
	var me Agent
	if p.is(RoleAgent) && p.Agent != nil {
		me = *p.Agent
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	id := sb.CallID(r.URL.Query().Get("call"))
	state, err := s.concern(ctx, id, me)
	if err != nil && p.is(RoleSupervisor) {
		state, err = s.anyCall(ctx, id)
	}
	if err != nil {
		return err
	}
	timeline, err := s.cfg.Calls.Timeline(ctx, id)
	if err != nil {
		return s.callProblem(ctx, id, err)
	}
	view := callView{
		Call: id, Stage: state.Stage, Since: state.Since, Attempt: state.Attempt, Task: state.Task,
		AgentLeg: state.AgentLeg, CallerLeg: state.CallerLeg, Details: state.Details, Timeline: timeline,
		WrapUpUntil: unlessZero(state.WrapUpUntil), LastOutcome: state.LastOutcome, RetryAt: unlessZero(state.RetryAt), Yours: yours(state, me),
	}
	if view.Timeline == nil {
		view.Timeline = []sb.TimelineEntry{}
	}
	if state.Result != nil {
		result := *state.Result
		if !view.Yours {
			result.Disposition, result.Note = "", "" // another agent's
		}
		view.Result = &result
	}
	answer(w, http.StatusOK, view)
	return nil
}

// yours: the call is the agent's now, or was the last thing the agent did and is nobody else's.
func yours(s sb.State, me Agent) bool {
	if me.SID == "" {
		return false
	}
	if s.Agent != "" || s.Stage == sb.StageQueued {
		return s.Agent == me.SID
	}
	return len(s.Agents) > 0 && s.Agents[len(s.Agents)-1] == me.SID
}

func unlessZero(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (s *Server) hangUp(w http.ResponseWriter, r *http.Request, me Agent) error {
	var in struct {
		Call sb.CallID `json:"call"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	return s.update(w, r, in.Call, me, sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent})
}

func (s *Server) rejoin(w http.ResponseWriter, r *http.Request, me Agent) error {
	var in struct {
		Call sb.CallID `json:"call"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	return s.update(w, r, in.Call, me, sb.UpdateRejoin, sb.Rejoin{Agent: me.SID})
}

func (s *Server) finishWrapUp(w http.ResponseWriter, r *http.Request, me Agent) error {
	var in struct {
		Call        sb.CallID `json:"call"`
		Disposition string    `json:"disposition"`
		Note        string    `json:"note"`
	}
	if err := read(r, &in); err != nil {
		return err
	}
	if in.Disposition != "" && !slices.Contains(s.cfg.Dispositions, in.Disposition) {
		return refuse(http.StatusUnprocessableEntity, "the disposition is not one of those that can be chosen: load the page again")
	}
	if len([]rune(in.Note)) > sb.MaxNoteLength {
		return refuse(http.StatusUnprocessableEntity, "the note is longer than %d characters: shorten it", sb.MaxNoteLength)
	}
	return s.update(w, r, in.Call, me, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: in.Disposition, Note: in.Note})
}

// update does something to the call that is the agent's own at the moment.
func (s *Server) update(w http.ResponseWriter, r *http.Request, id sb.CallID, me Agent, name string, arg any) error {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	state, err := s.concern(ctx, id, me)
	if err != nil {
		return err
	}
	if state.Stage == sb.StageEnded {
		return refuse(http.StatusConflict, "the call is over already; nothing is left to do")
	}
	if !yours(state, me) {
		return refuse(http.StatusForbidden, "the call is not yours any more; nothing is left for you to do")
	}
	if err := s.cfg.Calls.Update(ctx, id, name, arg); errors.Is(err, ErrNoCall) {
		return refuse(http.StatusConflict, "the call is over already; nothing is left to do")
	} else if err != nil {
		return s.callProblem(ctx, id, err)
	}
	return noContent(w)
}

// concern reads a call that is or was the agent's.
func (s *Server) concern(ctx context.Context, id sb.CallID, me Agent) (sb.State, error) {
	state, err := s.readCall(ctx, id)
	if err != nil && !errors.Is(err, ErrNoCall) {
		return sb.State{}, err
	}
	// Of a call that is not the agent's not even its existence is told.
	if err != nil || me.SID == "" || state.Agent != me.SID && !slices.Contains(state.Agents, me.SID) {
		return sb.State{}, refuse(http.StatusForbidden, "the call has not been offered to you (yet), or it was so long ago that it is forgotten")
	}
	return state, nil
}

// anyCall reads a call for a supervisor.
func (s *Server) anyCall(ctx context.Context, id sb.CallID) (sb.State, error) {
	state, err := s.readCall(ctx, id)
	if errors.Is(err, ErrNoCall) {
		return sb.State{}, s.callProblem(ctx, id, err)
	}
	return state, err
}

// readCall returns a problem for the page, or ErrNoCall.
func (s *Server) readCall(ctx context.Context, id sb.CallID) (sb.State, error) {
	if _, _, err := id.Split(); err != nil {
		return sb.State{}, refuse(http.StatusUnprocessableEntity, "call must be the identity of a call, as in the attribute call of its task")
	}
	state, err := s.cfg.Calls.State(ctx, id)
	if err != nil && !errors.Is(err, ErrNoCall) {
		return sb.State{}, s.callProblem(ctx, id, err)
	}
	return state, err
}

func (s *Server) callProblem(ctx context.Context, id sb.CallID, err error) error {
	if refused, ok := errors.AsType[*Refusal](err); ok {
		return refuse(http.StatusConflict, "%s", refused.Text)
	}
	if errors.Is(err, ErrNoCall) {
		return refuse(http.StatusNotFound, "there is no such call, or it was so long ago that it is forgotten")
	}
	s.log.WarnContext(ctx, "a call could not be asked", "call", id, "error", err)
	return refuse(http.StatusServiceUnavailable, "the call cannot be reached at present, but goes on: try again in a moment")
}
