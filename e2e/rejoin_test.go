package e2e

import (
	"slices"
	"sync"
	"testing"

	"go.temporal.io/sdk/client"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/internal/truth"
	"switchboard/simulator"
)

// page is an agent's browser that answers whatever rings in it, the lost call beside the new one.
type page struct {
	s    *simulator.Simulator
	mu   sync.Mutex
	rung []string
}

func openPage(t *testing.T, s *stack.Stack) *page {
	p := &page{s: s.Simulator()}
	unregister, err := p.s.RegisterClient(simulator.DefaultAccountSID, stack.RobotName(0), p)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(unregister)
	return p
}

// Tell is called under the simulator's lock.
func (p *page) Tell(news simulator.ClientNews) {
	if news.What != simulator.ClientRings {
		return
	}
	p.mu.Lock()
	p.rung = append(p.rung, news.CallSID)
	p.mu.Unlock()
	go func() { _ = p.s.ClientAnswers(news.CallSID, p) }()
}

func (p *page) calls() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.rung)
}

// The agent comes back into the conversation, hangs up while the worker is dead, and the next worker
// knows which of the two legs it was.
func TestAgentComesBackIntoTheCall(t *testing.T) {
	const phone = "+447700900002"
	ctx, s := start(t, stack.Options{Agents: 1})
	page := openPage(t, s)
	call := place(ctx, t, s, request(phone))
	keep(call, "agent-comes-back")
	connected, err := s.Await(ctx, call, sb.StageConnected)
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.TemporalClient().UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: string(call), UpdateName: sb.UpdateRejoin, Args: []any{sb.Rejoin{Agent: connected.Data.Agent}},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Get(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Kill(stack.Worker); err != nil {
		t.Fatal(err)
	}
	if got := page.calls(); len(got) != 2 {
		t.Fatalf("%d calls rang in the page, want 2", len(got))
	}
	s.Simulator().ClientHangsUp(page.calls()[1], page)
	if err := s.Restart(ctx, stack.Worker); err != nil {
		t.Fatal(err)
	}
	got := ended(ctx, t, s, call, phone)
	if got.Outcome != sb.Completed || got.HungUpBy != sb.PartyAgent || got.Attempts != 1 {
		t.Errorf("got %+v, want a conversation that the agent ended", got)
	}
	if n := truth.Dials(s.Simulator().Log(), phone); n != 1 {
		t.Errorf("the caller was dialled %d times", n)
	}
	nothingLeft(t, s)
}
