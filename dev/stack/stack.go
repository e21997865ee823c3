// Package stack is the whole product on one machine as a value: a real Temporal server, a Kafka broker on disk, the
// Twilio simulator with robot agents, and worker, webhook and intake as the processes they are in production. `go run
// ./dev` shows it to people; tests start one of their own on free ports and break it.
//
// It is for laptops and tests: nothing in it is protected, so everything listens on the loopback interface only. It
// decides nothing about calls, and the processes it starts cannot tell it from production.
//
// Start with Start; then Stack.Request and Stack.Events for calls, and Stack.Kill, Stack.Restart, Stack.Pause for harm.
package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"go.temporal.io/sdk/client"

	"switchboard/codec"
	"switchboard/provision"
	"switchboard/simulator"
)

// The parts of a stack, by which Kill, Restart, Stop, Pause and Logs know them.
const (
	Temporal = "temporal"
	Kafka    = "kafka"
	Worker   = "worker"
	Webhook  = "webhook"
	Intake   = "intake"
	Twilio   = "simulator"
)

// Namespace is the stack's namespace in Temporal.
const Namespace = "switchboard"

// CallerID is the number that callers see.
const CallerID = "+442079460000"

// Options say what a stack shall be. Only Dir is required.
type Options struct {
	// Dir holds the state: Temporal's database, Kafka's log, the processes' logs. A stack on the same folder goes on
	// where the last one stopped. One stack at a time.
	Dir string
	// Listen is where the parts listen.
	Listen Addresses
	// Agents is how many robot agents there are, each with every skill in Skills; see RobotName.
	Agents int
	Skills []string
	// People are agents besides the robots, each with every skill: whoever signs in to the agents' page under one of
	// these names is that agent. They are Offline until then.
	People []string
	// Softphone is how the robots' softphones behave. The zero value answers after 1 s and hangs up 15 s after the
	// caller joined.
	Softphone simulator.Softphone
	// Policy is SWITCHBOARD_POLICY, e.g. {"wrap_up":"5s"}.
	Policy string
	// Env is added to the environment of worker, webhook and intake.
	Env map[string]string
	// Account is used in place of a simulator: a Twilio account that has been set up. There are no robots then.
	Account *Account
	// Simulator is passed on, but for what the stack sets itself: the seed, if none is given, so that no SID comes
	// twice in the life of a folder.
	Simulator simulator.Options
	// Speak is the voice of the simulated phones and announcements; nil: one that mumbles.
	Speak func(ctx context.Context, text, language string) ([]int16, error)
	// TemporalSettings are more of the server's dynamic settings, e.g. limit.historyCount.suggestContinueAsNew=40.
	TemporalSettings []string
	// Balanced puts a load balancer where Twilio finds the webhook process, so that Roll can put a new one beside the old.
	Balanced bool
	// Encrypt has everything encrypted that Temporal keeps, with a key of the folder's own.
	Encrypt bool
	// KeepAlive starts processes again that end by themselves, later each time.
	KeepAlive bool
	// Switchboard and TemporalCLI are ready binaries. Empty: built into .dev/bin at the root of the repository.
	Switchboard, TemporalCLI string
	// Progress is told what is going on; nil: nobody.
	Progress Progress
	// Insist, once closed, makes stopping kill what it would wait for.
	Insist <-chan struct{}
}

// Progress is told what a stack is doing. Its methods are called by several goroutines.
type Progress interface {
	// Step says that something has begun. It ends with Done.
	Step(name string) Step
	// Notice is told of what nobody asked for, such as a process that ended.
	Notice(text string)
}

// Step is something under way.
type Step interface {
	Detail(text string)            // what it is doing at the moment
	Done(result string, err error) // what came of it, in a few words
}

type silent struct{}

func (silent) Step(string) Step   { return silent{} }
func (silent) Notice(string)      {}
func (silent) Detail(string)      {}
func (silent) Done(string, error) {}

// Stack is a running product.
type Stack struct {
	o   Options
	at  Addresses
	bin binaries

	balancer  *balancer // nil unless Balanced
	simulator *simulator.Simulator
	workspace provision.Workspace
	key       apiKey
	keys      codec.Keys // none unless Encrypt
	temporal  client.Client
	transport *http.Transport

	mu        sync.Mutex
	processes map[string]*process // the present one of each part
	undo      []undo              // what Stop does, last first
	stopping  bool
	stopped   chan struct{}
	stopErr   error
}

type undo struct {
	name string
	do   func(ctx context.Context) error
}

// start limits: each is far above what a slow machine needs, so that running into it means that something is wrong.
const (
	startLimit = time.Minute
	stopLimit  = 35 * time.Second // a worker lets activities finish for 25 s
)

// Start starts a stack and returns when every part of it is ready. If that fails, nothing is left running.
func Start(ctx context.Context, o Options) (*Stack, error) {
	s, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	return s, nil
}

func start(ctx context.Context, o Options) (_ *Stack, err error) {
	if o.Dir == "" {
		return nil, errors.New("a folder for the state is required")
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return nil, err
	}
	if o.Progress == nil {
		o.Progress = silent{}
	}
	if o.Account != nil && (o.Agents > 0 || len(o.People) > 0) {
		return nil, errors.New("the agents of an account are described where it is set up: a stack that uses it adds none")
	}
	if o.Simulator.Seed == 0 {
		o.Simulator.Seed = uint64(time.Now().UnixNano())
	}
	if o.Softphone == (simulator.Softphone{}) {
		o.Softphone = simulator.Softphone{Rings: time.Second, HangsUpAfter: 15 * time.Second}
	}
	s := &Stack{o: o, processes: map[string]*process{}, transport: &http.Transport{}, stopped: make(chan struct{})}
	defer func() {
		if err != nil {
			_ = s.stop(context.WithoutCancel(ctx)) // the first error is the one to read
		}
	}()
	for _, step := range []func(context.Context) error{
		s.claim, s.prepareEncryption, s.build, s.launchTemporal, s.buildOurs, s.awaitTemporal, s.startKafka, s.startSimulator, s.startProcesses, s.openForCalls,
	} {
		if err := step(ctx); err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// claim takes the folder and looks at every address before anything is started.
func (s *Stack) claim(context.Context) error {
	for _, dir := range []string{s.o.Dir, filepath.Join(s.o.Dir, "logs")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	lock, holder, err := tryLock(filepath.Join(s.o.Dir, "lock"))
	if err != nil {
		return err
	}
	if lock == nil {
		return &InUseError{What: "the folder " + s.o.Dir, Holder: holder}
	}
	s.atStop("", func(context.Context) error { return lock.Close() })
	for _, part := range []string{Temporal, Kafka, Worker, Webhook, Intake, Twilio} { // the last run's logs are kept, no more
		if err := os.Rename(s.logPath(part), s.logPath(part)+".1"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	s.at, err = s.o.Listen.resolve()
	return err
}

// build makes sure of the Temporal CLI; the server starts while ours are built.
func (s *Stack) build(ctx context.Context) (err error) {
	s.bin = binaries{temporal: s.o.TemporalCLI, switchboard: s.o.Switchboard}
	if s.bin.temporal != "" {
		return nil
	}
	step := s.o.Progress.Step("Temporal CLI")
	path, result, err := TemporalCLI(ctx, step.Detail)
	step.Done(result, err)
	s.bin.temporal = path
	return err
}

func (s *Stack) buildOurs(ctx context.Context) (err error) {
	step := s.o.Progress.Step("Broker")
	s.bin.broker, err = Broker(ctx, step.Detail)
	step.Done("built", err)
	if err != nil || s.bin.switchboard != "" {
		return err
	}
	page := s.o.Progress.Step("Agents' page")
	result, err := Page(ctx, page.Detail)
	page.Done(result, err)
	if err != nil {
		return err
	}
	step = s.o.Progress.Step("Switchboard")
	s.bin.switchboard, err = Switchboard(ctx, step.Detail)
	step.Done("worker, webhook and intake built", err)
	return err
}

// openForCalls makes the robots available, now that everything they need is there.
func (s *Stack) openForCalls(ctx context.Context) (err error) {
	if s.o.Agents == 0 {
		return nil
	}
	step := s.o.Progress.Step("Agents")
	defer func() { step.Done(s.robots()+" are waiting for calls", err) }()
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for i := range s.o.Agents {
		if err := s.SetStatus(ctx, RobotName(i), provision.StatusAvailable); err != nil {
			return err
		}
	}
	return nil
}

// shellEnvironment is what any process may need of ours.
func shellEnvironment() map[string]string {
	env := map[string]string{}
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "TZ", "SSL_CERT_FILE", "GOTRACEBACK", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(key); ok {
			env[key] = v
		}
	}
	return env
}

func list(env map[string]string) []string {
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	return list
}

func (s *Stack) logPath(name string) string { return filepath.Join(s.o.Dir, "logs", name+".log") }

// atStop remembers what Stop has to do; name is shown while it does.
func (s *Stack) atStop(name string, do func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.undo = append(s.undo, undo{name, do})
}

// Stop stops everything in reverse order and waits for it, each part within its limit. Further calls wait for the
// first and return the same.
func (s *Stack) Stop() error { return s.stop(context.Background()) }

func (s *Stack) stop(ctx context.Context) error {
	s.mu.Lock()
	todo, others := s.undo, s.stopping
	s.stopping = true
	s.mu.Unlock()
	if others {
		<-s.stopped
		return s.stopErr
	}
	defer close(s.stopped)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.o.Insist:
			cancel()
		case <-ctx.Done():
		}
	}()
	var errs []error
	for i := len(todo) - 1; i >= 0; i-- {
		var step Step = silent{}
		if todo[i].name != "" {
			step = s.o.Progress.Step(todo[i].name)
		}
		ctx, cancel := context.WithTimeout(ctx, stopLimit)
		err := todo[i].do(ctx)
		cancel()
		step.Done("stopped", err)
		if err != nil {
			errs = append(errs, fmt.Errorf("stack: stop %s: %w", todo[i].name, err))
		}
	}
	s.transport.CloseIdleConnections()
	s.stopErr = errors.Join(errs...)
	return s.stopErr
}

// answers probes an HTTP address: ready is 200.
func answers(url string) func(context.Context) error {
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(ctx context.Context) error {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return err
		}
		res, err := c.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000)) // for people only
		if res.StatusCode != http.StatusOK {
			return fmt.Errorf("%s: %s: %s", url, res.Status, strings.TrimSpace(string(text)))
		}
		return nil
	}
}
