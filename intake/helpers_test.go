package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	sb "switchboard"
	"switchboard/events"
	"switchboard/telemetry"
)

const patience = 30 * time.Second // for conditions that come within a second when all is well

// broker is a Kafka of one node in this process, with its data on disk so that it can be stopped and started.
type broker struct {
	t    *testing.T
	dir  string
	port int
	addr string
	c    *kfake.Cluster
	kgo  *kgo.Client
}

func startBroker(t *testing.T, partitions int) *broker {
	t.Helper()
	b := &broker{t: t, dir: t.TempDir()}
	b.start()
	b.addr = b.c.ListenAddrs()[0]
	_, port, err := net.SplitHostPort(b.addr)
	if err != nil {
		t.Fatal(err)
	}
	b.port, _ = strconv.Atoi(port)
	if err := b.c.CreateTopic(sb.TopicRequests, int32(partitions), nil); err != nil {
		t.Fatal(err)
	}
	if b.kgo, err = kgo.NewClient(kgo.SeedBrokers(b.addr)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.kgo.Close(); b.c.Close() })
	return b
}

func (b *broker) start() {
	b.t.Helper()
	opts := []kfake.Opt{kfake.NumBrokers(1), kfake.DataDir(b.dir), kfake.GroupMinSessionTimeout(500 * time.Millisecond)}
	if b.port != 0 {
		opts = append(opts, kfake.Ports(b.port))
	}
	var err error
	if b.c, err = kfake.NewCluster(opts...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *broker) kafka() events.Kafka { return events.Kafka{Brokers: []string{b.addr}} }

// produce writes messages and returns when they are acknowledged.
func (b *broker) produce(messages ...kafka.Message) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	records := make([]*kgo.Record, len(messages))
	for i, m := range messages {
		records[i] = &kgo.Record{Topic: sb.TopicRequests, Key: m.Key, Value: m.Value}
		for _, h := range m.Headers {
			records[i].Headers = append(records[i].Headers, kgo.RecordHeader{Key: h.Key, Value: h.Value})
		}
	}
	if err := b.kgo.ProduceSync(ctx, records...).FirstErr(); err != nil {
		b.t.Fatal(err)
	}
}

// committed is how many records the group has passed, over all partitions.
func (b *broker) committed() (sum int64) {
	info := b.c.GroupInfo(defaultGroup)
	if info == nil {
		return 0
	}
	for _, c := range info.Commits[sb.TopicRequests] {
		sum += c.Offset
	}
	return sum
}

func (b *broker) waitCommitted(n int64) {
	b.t.Helper()
	waitFor(b.t, fmt.Sprintf("%d records to be passed", n), func() bool { return b.committed() == n },
		func() string { return fmt.Sprintf("%d are", b.committed()) })
}

// heartbeats waits for some of the group's heartbeats, between which there is time for many commits: for a test that
// none is made.
func (b *broker) heartbeats(n int) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	h := b.c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Heartbeat}, Group: defaultGroup, Count: -1, Observe: true, TopLevel: true})
	defer h.Remove()
	if err := h.Wait(ctx, n); err != nil {
		b.t.Fatalf("no heartbeats: %v", err)
	}
}

// deadLetters reads n dead letters, in no order.
func (b *broker) deadLetters(n int) []*kgo.Record {
	b.t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(b.addr), kgo.ConsumeTopics(sb.TopicDeadLetters))
	if err != nil {
		b.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(b.t.Context(), patience)
	defer cancel()
	var all []*kgo.Record
	for len(all) < n {
		all = append(all, c.PollFetches(ctx).Records()...)
		if ctx.Err() != nil {
			b.t.Fatalf("dead letters: got %d, want %d", len(all), n)
		}
	}
	return all
}

func headerOf(r *kgo.Record, name string) string {
	for _, h := range r.Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return "(absent)"
}

func waitFor(t *testing.T, what string, ok func() bool, got func() string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s: %s", what, got())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// temporal is a Temporal of starts and signals alone.
type temporal struct {
	mu      sync.Mutex
	starts  []sb.CallInput // in order
	running map[string]bool
	signals map[string][]sb.Cancellation
	calls   int
	wrong   []string // options that break the rules
	// answer, when set, is asked before a call is executed; an error is returned instead. It may block.
	answer func(ctx context.Context, id string) error
}

func newTemporal() *temporal {
	return &temporal{running: map[string]bool{}, signals: map[string][]sb.Cancellation{}}
}

func (f *temporal) setAnswer(answer func(ctx context.Context, id string) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *temporal) ask(ctx context.Context, id string) error {
	f.mu.Lock()
	f.calls++
	answer := f.answer
	f.mu.Unlock()
	if answer != nil {
		return answer(ctx, id)
	}
	return nil
}

func (f *temporal) ExecuteWorkflow(ctx context.Context, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if err := f.ask(ctx, o.ID); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.check(o, workflow, args, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL)
	if _, known := f.running[o.ID]; known {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("already started", "", "")
	}
	f.running[o.ID] = true
	f.starts = append(f.starts, args[0].(sb.CallInput))
	return nil, nil
}

func (f *temporal) SignalWithStartWorkflow(ctx context.Context, id, signal string, arg any, o client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error) {
	if err := f.ask(ctx, id); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.check(o, workflow, args, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING)
	if signal != sb.SignalCancel || id != o.ID {
		f.wrong = append(f.wrong, "signal "+signal+" to "+id)
	}
	if runs, known := f.running[id]; known && !runs {
		return nil, serviceerror.NewWorkflowExecutionAlreadyStarted("already completed", "", "")
	} else if !known {
		f.running[id] = true
		f.starts = append(f.starts, args[0].(sb.CallInput))
	}
	f.signals[id] = append(f.signals[id], arg.(sb.Cancellation))
	return nil, nil
}

func (f *temporal) check(o client.StartWorkflowOptions, workflow any, args []any, conflict enumspb.WorkflowIdConflictPolicy) {
	in := args[0].(sb.CallInput)
	text := o.StaticSummary + o.StaticDetails
	switch {
	case workflow != sb.CallWorkflow, o.TaskQueue != sb.CallQueue, o.ID != string(in.Request.Call()):
		f.wrong = append(f.wrong, "wrong workflow, queue or id: "+o.ID)
	case o.WorkflowIDReusePolicy != enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE, o.WorkflowIDConflictPolicy != conflict,
		!o.WorkflowExecutionErrorWhenAlreadyStarted:
		f.wrong = append(f.wrong, "a second start would not be refused: "+o.ID)
	case o.WorkflowExecutionTimeout != 0, o.WorkflowRunTimeout != 0:
		f.wrong = append(f.wrong, "has a time-out: "+o.ID)
	case text == "", strings.Contains(text, "7700"), strings.Contains(text, "Lovelace"):
		f.wrong = append(f.wrong, "summary: "+text)
	case in.Policy.MaxAttempts != sb.DefaultPolicy().MaxAttempts:
		f.wrong = append(f.wrong, "not the centre's policy: "+o.ID)
	}
}

func (f *temporal) started() []sb.CallInput {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.wrong) > 0 {
		panic(f.wrong)
	}
	return append([]sb.CallInput(nil), f.starts...)
}

func (f *temporal) asked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

func (f *temporal) waitStarted(t *testing.T, n int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d starts", n), func() bool { return len(f.started()) == n }, func() string { return fmt.Sprint(len(f.started())) })
}

// journal collects logs and, at the end of the test, makes sure that nothing personal is in them.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// running is an intake under test.
type running struct {
	cfg    Config
	log    *journal
	url    string
	cancel context.CancelFunc
	done   chan error
	cut    func() // breaks its network for good, as kill -9 would
}

func quick() timing {
	q := defaultTiming()
	q.heartbeat, q.session, q.rebalance, q.joinBackoff = 100*time.Millisecond, time.Second, 5*time.Second, 50*time.Millisecond
	q.maxWait, q.commitEvery, q.retry = 100*time.Millisecond, 5*time.Millisecond, 50*time.Millisecond
	return q
}

func start(t *testing.T, b *broker, f Starter, change ...func(*Config)) *running {
	t.Helper()
	r := &running{log: &journal{}, done: make(chan error, 1)}
	k := b.kafka()
	k.Dial, r.cut = cuttable()
	address := make(chan string, 1)
	tel, err := telemetry.New(telemetry.Config{Process: "intake"})
	if err != nil {
		t.Fatal(err)
	}
	r.cfg = Config{
		Telemetry: tel,
		Kafka:     k, Starter: f, Policy: sb.DefaultPolicy(), Listen: "127.0.0.1:0", timing: quick(), Partitions: 1,
		Logger:    slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		listening: func(a string) { address <- a }, counts: new(Counts),
	}
	for _, c := range change {
		c(&r.cfg)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	go func() { r.done <- Run(ctx, r.cfg); close(r.done) }()
	select {
	case a := <-address:
		r.url = "http://" + a
	case err := <-r.done:
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		<-r.done
		text := r.log.String()
		for _, personal := range []string{"7700900123", "7700 900123", "Lovelace"} {
			if strings.Contains(text, personal) {
				t.Errorf("the log holds %q", personal)
			}
		}
		if t.Failed() {
			t.Logf("log:\n%s", text)
		}
	})
	return r
}

func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	if err := <-r.done; err != nil {
		t.Errorf("stopped with %v", err)
	}
}

// cuttable returns a dial function and what breaks all its connections, and refuses new ones.
func cuttable() (func(context.Context, string, string) (net.Conn, error), func()) {
	var mu sync.Mutex
	var conns []net.Conn
	gone := false
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		mu.Lock()
		defer mu.Unlock()
		if gone {
			conn.Close()
			return nil, errors.New("the network is cut")
		}
		conns = append(conns, conn)
		return conn, nil
	}
	return dial, func() {
		mu.Lock()
		defer mu.Unlock()
		gone = true
		for _, c := range conns {
			c.Close()
		}
	}
}

func request(id, key string) kafka.Message {
	return events.Encode(events.Envelope{
		ID: id, Source: "crm", Type: sb.TypeRequested, Time: time.Now(), PartitionKey: key,
		Data: json.RawMessage(`{"caller":{"phone":"+447700900123","name":"Ada Lovelace"},"reason":"renewal"}`),
	}, events.Binary)
}

func cancellation(id, key string) kafka.Message {
	return events.Encode(events.Envelope{
		ID: "cancel-" + id, Source: "crm", Type: sb.TypeCancelled, Subject: id, Time: time.Now(), PartitionKey: key,
	}, events.Structured)
}

func unavailable(context.Context, string) error { return serviceerror.NewUnavailable("no connection") }
