package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
	"switchboard/events"
	"switchboard/health"
	"switchboard/numbers"
	"switchboard/telemetry"
)

// Config is what intake needs. Kafka, Starter and Policy must be given.
type Config struct {
	Kafka   events.Kafka
	Starter Starter // Temporal(client)
	Policy  sb.Policy
	// Dialling is which numbers may be rung; a request for another becomes a dead letter.
	Dialling numbers.Rules
	// Group is the consumer group; "" means switchboard-intake.
	Group string
	// Requests and DeadLetters name the topics; "" means sb.TopicRequests and sb.TopicDeadLetters.
	Requests, DeadLetters string
	// Partitions and Replicas are for topics that have to be created; see events.Topic.
	Partitions, Replicas int
	// InFlight is how many records of one partition are handled at once; 0 means 16.
	InFlight int
	// Listen is where /healthz, /readyz and /metrics answer: a loopback address such as 127.0.0.1:8083. "" means
	// nowhere.
	Listen string
	// Telemetry is what /metrics shows, and is told of calls that begin; nil: neither.
	Telemetry *telemetry.Telemetry
	Logger    *slog.Logger // nil: slog.Default

	timing    timing
	listening func(address string) // for tests
	counts    *Counts
}

const (
	defaultGroup    = "switchboard-intake"
	defaultInFlight = 16
	closeTimeout    = 5 * time.Second
)

// complete fills in what was left out, and names everything that is wrong.
func (cfg *Config) complete() error {
	var errs []error
	if err := cfg.Kafka.Validate(); err != nil {
		errs = append(errs, err)
	}
	if err := cfg.Policy.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("policy: %w", err))
	}
	if err := cfg.Dialling.Validate(); err != nil {
		errs = append(errs, fmt.Errorf("the rules of which numbers may be rung: %w", err))
	}
	if cfg.Starter == nil {
		errs = append(errs, errors.New("no Temporal client is given"))
	}
	if cfg.InFlight < 0 {
		errs = append(errs, errors.New("the number of records in flight must not be negative"))
	}
	setDefault(&cfg.Group, defaultGroup)
	setDefault(&cfg.Requests, sb.TopicRequests)
	setDefault(&cfg.DeadLetters, sb.TopicDeadLetters)
	setDefault(&cfg.InFlight, defaultInFlight)
	setDefault(&cfg.timing, defaultTiming())
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.counts == nil {
		cfg.counts = new(Counts)
	}
	if cfg.Requests == cfg.DeadLetters {
		errs = append(errs, errors.New("requests and dead letters must be two topics"))
	}
	return errors.Join(errs...)
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func (cfg *Config) topics() []events.Topic {
	names := map[string]string{sb.TopicRequests: cfg.Requests, sb.TopicDeadLetters: cfg.DeadLetters}
	var topics []events.Topic
	for _, t := range events.DefaultTopics() {
		if name, ours := names[t.Name]; ours {
			t.Name, t.Partitions, t.Replicas = name, cfg.Partitions, cfg.Replicas
			topics = append(topics, t)
		}
	}
	return topics
}

// Run takes records until ctx ends; then it lets running calls finish for at most 10 s, commits, leaves the group and
// returns nil. It waits for Kafka and Temporal for as long as they are away: an error means settings that cannot work.
func Run(ctx context.Context, cfg Config) error {
	if err := cfg.complete(); err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	p, err := newProcess(cfg)
	if err != nil {
		return fmt.Errorf("intake: %w", err)
	}
	defer p.close()
	if cfg.Listen != "" {
		l, err := health.Listen(ctx, cfg.Listen, "SWITCHBOARD_INTAKE_LISTEN")
		if err != nil {
			return fmt.Errorf("intake: %w", err)
		}
		mux := health.New(p.problems)
		if cfg.Telemetry != nil {
			cfg.Telemetry.Intake(p.numbers())
			mux.Handle("GET /metrics", cfg.Telemetry.Handler())
		}
		defer health.Serve(l, mux)()
		if cfg.listening != nil {
			cfg.listening(l.Addr().String())
		}
	}
	for ctx.Err() == nil {
		if err := p.prepare(ctx); err != nil {
			return fmt.Errorf("intake: %w", err)
		}
		if err := p.live(ctx); err != nil {
			p.log.Error("the consumer ended; starting it again", "error", err)
		}
		_ = sleep(ctx, nil, cfg.timing.retry) // ends early with ctx, as the loop does
	}
	p.log.Info("stopped")
	return nil
}

// process is the parts of a running intake.
type process struct {
	cfg      Config
	log      *slog.Logger
	temporal *gate
	letters  *gate
	writer   *kafka.Writer
	client   *kafka.Client
	consumer *consumer
	watchdog *watchdog
}

func newProcess(cfg Config) (*process, error) {
	dialer, err := cfg.Kafka.Dialer()
	if err != nil {
		return nil, err
	}
	transport, err := cfg.Kafka.Transport()
	if err != nil {
		return nil, err
	}
	writer, err := cfg.Kafka.Writer(cfg.DeadLetters)
	if err != nil {
		return nil, err
	}
	writer.BatchSize, writer.MaxAttempts = 1, 3 // the gate sees to the rest
	writer.BatchBytes = events.MaxDeadLetterBytes

	p := &process{cfg: cfg, log: cfg.Logger, writer: writer}
	p.client = &kafka.Client{Addr: kafka.TCP(cfg.Kafka.Brokers...), Transport: transport, Timeout: cfg.timing.network}
	p.temporal = &gate{name: "Temporal", log: p.log, advice: adviceOnTemporal, call: cfg.timing.call}
	p.letters = &gate{name: "the dead letter topic", log: p.log, advice: adviceOnDeadLetters, call: cfg.timing.call}
	a := &admitter{
		starter: cfg.Starter, policy: cfg.Policy, dialling: cfg.Dialling, temporal: p.temporal, counts: cfg.counts, telemetry: cfg.Telemetry, log: p.log,
		letters: &deadLetters{write1: p.writeLetter, gate: p.letters, group: cfg.Group, counts: cfg.counts, log: p.log},
	}
	p.consumer = &consumer{
		brokers: cfg.Kafka.Brokers, dialer: dialer, group: cfg.Group, topic: cfg.Requests, inFlight: cfg.InFlight,
		timing: cfg.timing, handle: a.handle, first: p.first, counts: cfg.counts, log: p.log,
	}
	p.watchdog = &watchdog{
		state: p.consumer.state, timing: cfg.timing, counts: cfg.counts, log: p.log,
		held: func() bool { return p.temporal.problem() != "" || p.letters.problem() != "" },
		ends: func(ctx context.Context, partitions []int) (map[int]span, error) {
			return offsets(ctx, p.client, cfg.Requests, partitions)
		},
	}
	return p, nil
}

func (p *process) writeLetter(ctx context.Context, m kafka.Message) error {
	return events.WriteError("write dead letter", p.writer.WriteMessages(ctx, m))
}

func (p *process) first(ctx context.Context, partition int) (int64, error) {
	spans, err := offsets(ctx, p.client, p.cfg.Requests, []int{partition})
	return spans[partition].first, err
}

// prepare waits for the brokers and sees to it that the topics exist. It fails when the brokers refuse us.
func (p *process) prepare(ctx context.Context) error {
	var logged time.Time
	for {
		err := p.cfg.Kafka.Check(ctx)
		if errors.Is(err, kafka.SASLAuthenticationFailed) {
			return err
		}
		if err == nil {
			look, cancel := context.WithTimeout(ctx, 3*p.cfg.timing.network)
			err = events.EnsureTopics(look, p.cfg.Kafka, p.cfg.topics()...)
			cancel()
		}
		if err == nil || ctx.Err() != nil {
			return nil
		}
		if now := time.Now(); now.Sub(logged) >= logEvery {
			logged = now
			p.log.Error("Kafka is not ready; waiting for it", "error", err)
		}
		if sleep(ctx, nil, p.cfg.timing.retry) != nil {
			return nil
		}
	}
}

// live is one life of the consumer: until ctx ends or the watchdog finds it stuck.
func (p *process) live(ctx context.Context) error {
	life, end := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		if err := p.watchdog.watch(life); err != nil {
			end(err)
		}
	}()
	err := p.consumer.run(life)
	cause := context.Cause(life)
	end(nil)
	<-watched
	if err == nil && ctx.Err() == nil {
		err = cause
	}
	return err
}

// problems says why records are not being taken.
func (p *process) problems(context.Context) (problems []string) {
	if joined, _, _ := p.consumer.state(); !joined {
		problems = append(problems, "not in the consumer group: Kafka is away, or the group is rebalancing")
	}
	for _, g := range []*gate{p.temporal, p.letters} {
		if problem := g.problem(); problem != "" {
			problems = append(problems, problem)
		}
	}
	return problems
}

func (p *process) close() {
	if err := events.CloseWriter(p.writer, closeTimeout); err != nil {
		p.log.Error("closing the dead letters' writer", "error", err)
	}
	if t, ok := p.client.Transport.(*kafka.Transport); ok {
		t.CloseIdleConnections()
	}
}
