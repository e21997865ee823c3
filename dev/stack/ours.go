package stack

import (
	"context"
	"errors"
	"maps"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// startProcesses starts our three with the environment of production and waits for all of them.
func (s *Stack) startProcesses(ctx context.Context) error {
	if err := s.startBalancer(); err != nil {
		return err
	}
	for _, name := range []string{Worker, Webhook, Intake} {
		p := s.ours(name)
		if name == Webhook && s.balancer != nil {
			s.balancer.to(p.address)
		}
		if err := s.launch(p); err != nil {
			return err
		}
	}
	s.atStop("Our processes", func(ctx context.Context) error {
		return s.each([]string{Intake, Worker, Webhook}, func(p *process) error { return p.stop(ctx) })
	})
	for _, name := range []string{Worker, Webhook, Intake} {
		step := s.o.Progress.Step(strings.ToUpper(name[:1]) + name[1:])
		err := s.part(name).await(ctx)
		step.Done(s.describe(name), err)
		if err != nil {
			return err
		}
	}
	return nil
}

// ours is worker, webhook or intake, not started yet.
func (s *Stack) ours(name string) *process {
	p := &process{name: name, path: s.bin.switchboard, args: []string{name}, grace: stopLimit - 5*time.Second}
	p.address = s.at.Webhook
	switch name {
	case Worker:
		p.ready = func(ctx context.Context) error { return s.polls(ctx, p) }
	case Webhook:
		if s.balancer != nil {
			p.address = FreeAddress(nil)
		}
		p.ready = answers("http://" + p.address + "/readyz")
	case Intake:
		p.ready = answers("http://" + s.at.Intake + "/readyz")
	}
	p.env = s.environment(p.address)
	return p
}

// launch starts a process that Start does not wait for yet.
func (s *Stack) launch(p *process) error {
	p.log, p.notice, p.keepAlive = s.logPath(p.name), s.o.Progress.Notice, s.o.KeepAlive
	s.mu.Lock()
	s.processes[p.name] = p
	s.mu.Unlock()
	return p.start()
}

// part is the present process of a name; nil if there is none.
func (s *Stack) part(name string) *process {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.processes[name]
}

// each does the same to several processes at once.
func (s *Stack) each(names []string, do func(*process) error) error {
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		if p := s.part(name); p != nil {
			all.Go(func() { errs[i] = do(p) })
		}
	}
	all.Wait()
	return errors.Join(errs...)
}

func (s *Stack) describe(name string) string {
	switch name {
	case Webhook:
		return s.at.Webhook
	case Intake:
		return s.at.Intake
	}
	return "process " + strconv.Itoa(s.PID(name))
}

// environment is what worker, webhook and intake have in production, and nothing of the shell's; webhook is the address of the
// process of that name.
func (s *Stack) environment(webhook string) []string {
	env := s.atTwilio(map[string]string{
		"TWILIO_API_URL":     "http://" + s.at.Simulator,
		"TWILIO_ACCOUNT_SID": string(s.twilio().AccountSID), "TWILIO_AUTH_TOKEN": s.twilio().AuthToken,
		"TWILIO_WORKSPACE_SID": string(s.workspace.Workspace), "TWILIO_WORKFLOW_SID": string(s.workspace.Routing),
		"TWILIO_CALLER_ID": CallerID, "SWITCHBOARD_PUBLIC_URL": "http://" + s.at.Webhook,
		"TWILIO_API_KEY_SID": s.key.sid, "TWILIO_API_KEY_SECRET": s.key.secret, "SWITCHBOARD_DESKTOP_SIGN_IN": "names",
		"SWITCHBOARD_BROWSER_TWILIO_URL": "http://localhost:" + strconv.Itoa(portOf(s.at.Simulator)),
	})
	maps.Copy(env, map[string]string{
		"TEMPORAL_ADDRESS": s.at.Temporal, "TEMPORAL_NAMESPACE": Namespace,
		"TEMPORAL_CONFIG_FILE": os.DevNull, // not the user's own
		"KAFKA_BROKERS":        s.at.Kafka, "SWITCHBOARD_WEBHOOK_LISTEN": webhook, "SWITCHBOARD_INTAKE_LISTEN": s.at.Intake,
		"SWITCHBOARD_WORKER_LISTEN":             "127.0.0.1:0", // a roll has two of them for a moment
		"SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN": "127.0.0.1:0",
	})
	if s.o.Policy != "" {
		env["SWITCHBOARD_POLICY"] = s.o.Policy
	}
	maps.Copy(env, s.encryption())
	maps.Copy(env, shellEnvironment())
	maps.Copy(env, s.o.Env)
	return list(env)
}
