package simulation

import (
	"fmt"

	"go.temporal.io/sdk/testsuite"

	sb "switchboard"
)

// act has somebody do something, now.
func (p *play) act(in *inPlay, who Actor) {
	phone := in.plan.Request.Caller.Phone
	switch who {
	case CallerHangsUp:
		p.world.Sim.HangUp(phone)
	case AgentHangsUp:
		if leg := p.agentLeg(in); leg != "" {
			p.world.Sim.HangUpCall(leg)
		}
	case RequesterCancels:
		if p.world.Signal(in.run, sb.SignalCancel, sb.Cancellation{Reason: sb.ReasonRequester}) == nil {
			p.wasCancelled(in, who)
		}
	case OperatorCancels:
		p.update(in, sb.UpdateCancel, sb.Cancellation{Reason: sb.ReasonOperator, By: "the desk"}, func() { p.wasCancelled(in, who) })
	case AgentEnds:
		p.update(in, sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent}, func() { p.hungUp(in, who, sb.PartyAgent) })
	case OperatorEnds:
		p.update(in, sb.UpdateHangUp, sb.HangUp{By: sb.PartySwitchboard}, func() { p.hungUp(in, who, sb.PartySwitchboard) })
	case TaskCancelled:
		p.did(in, who)
		p.world.TryCancelTasksOf(in.run.Input.Request.Call())
	}
}

func (p *play) wasCancelled(in *inPlay, who Actor) {
	p.did(in, who)
	if in.cancelled.IsZero() {
		in.cancelled = p.world.Env.Now()
	}
}

func (p *play) hungUp(in *inPlay, who Actor, of sb.Party) {
	p.did(in, who)
	in.hungUp = append(in.hungUp, of)
}

// did notes what somebody did. Who hangs up a phone is seen by the phone itself.
func (p *play) did(in *inPlay, who Actor) {
	p.bites(string(who), string(in.run.Input.Request.Call()), 0)
}

// update asks the call to do something; accepted is called if it agrees.
func (p *play) update(in *inPlay, name string, arg any, accepted func()) {
	p.updates++
	p.world.Update(in.run, name, fmt.Sprint(p.updates), &testsuite.TestUpdateCallback{
		OnAccept: accepted, OnReject: func(error) {}, OnComplete: func(any, error) {},
	}, arg)
}

// agentLeg is the live leg of the agent who has the call.
func (p *play) agentLeg(in *inPlay) string {
	var s sb.State
	if p.world.Query(in.run, sb.QueryState, &s) != nil {
		return ""
	}
	return string(s.AgentLeg)
}

// finishNotes has the agent who talked finish the notes, as agents do.
func (p *play) finishNotes(in *inPlay) {
	var s sb.State
	if p.world.Query(in.run, sb.QueryState, &s) != nil {
		return
	}
	for _, a := range p.plan.Agents {
		if p.world.Workspace.Agents[a.Name] == s.Agent && a.Notes > 0 {
			p.world.After(a.Notes, func() { p.update(in, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: "sold"}, func() {}) })
		}
	}
}
