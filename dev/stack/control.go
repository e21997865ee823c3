package stack

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"go.temporal.io/sdk/client"

	"switchboard/provision"
	"switchboard/simulator"
)

// At is where the parts listen.
func (s *Stack) At() Addresses { return s.at }

// Simulator is Twilio: what its phones do and what has happened at them. It is not touched by Stop and Restart. Nil where
// Options.Account is used.
func (s *Stack) Simulator() *simulator.Simulator { return s.simulator }

// TemporalClient is a client of the stack's namespace. Stop closes it.
func (s *Stack) TemporalClient() client.Client { return s.temporal }

// Workspace is what was set up in TaskRouter.
func (s *Stack) Workspace() provision.Workspace { return s.workspace }

// PID is the process of Temporal, Kafka, Worker, Webhook or Intake; 0 if it is not running.
func (s *Stack) PID(part string) int {
	if p := s.part(part); p != nil {
		return p.pid()
	}
	return 0
}

// Kill ends Temporal, Kafka, Worker, Webhook or Intake as a power cut would (kill -9). It stays dead until Restart.
func (s *Stack) Kill(part string) error {
	return s.process(part, func(p *process) error { return p.kill() })
}

// StopPart ends one of these processes in good order. It stays down until Restart.
func (s *Stack) StopPart(ctx context.Context, part string) error {
	return s.process(part, func(p *process) error { return p.stop(ctx) })
}

// Restart starts a part and waits until it is ready; one that runs is stopped in good order first.
func (s *Stack) Restart(ctx context.Context, part string) error {
	if err := s.StopPart(ctx, part); err != nil {
		return err
	}
	return s.process(part, func(p *process) error {
		if err := p.start(); err != nil {
			return err
		}
		return p.await(ctx)
	})
}

// Ready waits until a process works.
func (s *Stack) Ready(ctx context.Context, part string) error {
	return s.process(part, func(p *process) error { return p.await(ctx) })
}

// Pause stops a process in its tracks, as a machine that swaps or is moved does; Resume lets it go on. Both return at
// once.
func (s *Stack) Pause(part string) error {
	return s.process(part, func(p *process) error { return p.signal(syscall.SIGSTOP) })
}

// Resume: see Pause.
func (s *Stack) Resume(part string) error {
	return s.process(part, func(p *process) error { return p.signal(syscall.SIGCONT) })
}

func (s *Stack) process(part string, do func(*process) error) error {
	p := s.part(part)
	if p == nil {
		return fmt.Errorf("stack: %q is not a process of it", part)
	}
	if err := do(p); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	return nil
}

// Logs is what a part has written so far, in all its lives.
func (s *Stack) Logs(part string) string {
	text, err := os.ReadFile(s.logPath(part))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
