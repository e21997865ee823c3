package intake

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.temporal.io/api/serviceerror"

	sb "switchboard"
	"switchboard/events"
)

func TestRequestsInBothModesStartTheirCalls(t *testing.T) {
	b, f := startBroker(t, 3), newTemporal()
	e, err := events.Decode(request("structured", "k"))
	if err != nil {
		t.Fatal(err)
	}
	b.produce(request("binary", "k"), events.Encode(e, events.Structured))
	r := start(t, b, f)
	b.waitCommitted(2)
	starts := f.started()
	if len(starts) != 2 || starts[0].Request.ID != "binary" || starts[1].Request.ID != "structured" {
		t.Fatalf("starts: got %d", len(starts))
	}
	if in := starts[0]; in.Request.Caller.Phone != "+447700900123" || in.Cancelled != nil || in.Request.Source != "crm" {
		t.Errorf("input: %+v", in)
	}
	if status, body := get(t, r.url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz: %d %s", status, body)
	}
	if status, body := get(t, r.url+"/metrics"); status != http.StatusOK || !strings.Contains(body, "switchboard_intake_started_total 2\n") {
		t.Errorf("metrics: %d\n%s", status, body)
	}
	r.stop(t)
	if members := b.c.GroupInfo(defaultGroup).Members; len(members) != 0 {
		t.Errorf("after the stop the group has %d members", len(members))
	}
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestBrokenRecordsBecomeDeadLetters(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	misspelt := request("1", "k1")
	misspelt.Value = []byte(`{"caller":{"phone":"+447700900123","nmae":"Ada Lovelace"}}`)
	misspelt.Headers = append(misspelt.Headers, kafka.Header{Key: "x-mine", Value: []byte{0, 255}}, kafka.Header{Key: "dlq_error", Value: []byte("old")})
	otherType := request("2", "k2")
	for i, h := range otherType.Headers {
		if h.Key == "ce_type" {
			otherType.Headers[i].Value = []byte("com.example.other")
		}
	}
	numberInID := request("07700900123", "k3")
	future := events.Encode(events.Envelope{ID: "4", Source: "crm", Type: sb.TypeRequested, Time: time.Now().Add(time.Hour), Data: request("", "").Value}, events.Binary)
	noSubject := cancellation("", "k5")
	records := []struct {
		m                 kafka.Message
		class, wantReason string
	}{
		{kafka.Message{Key: []byte("k0"), Value: []byte("Ada Lovelace +447700900123")}, "not_an_event", "the record is not a CloudEvent: it has neither ce_ headers"},
		{misspelt, "bad_data", "caller.nmae: is not a field of this event; is it misspelt?"},
		{otherType, "unsupported", "the type is neither switchboard.call.requested.v1 nor switchboard.call.cancelled.v1"},
		{numberInID, "bad_data", "id: the caller's number must not be part of id or source"},
		{future, "bad_data", "time: is more than 5 minutes in the future"},
		{noSubject, "bad_data", "subject: is missing: it must be the id of the request to cancel"},
		{kafka.Message{}, "not_an_event", "the record is not a CloudEvent"},
	}
	for _, r := range records {
		b.produce(r.m)
	}
	b.produce(request("good", "k"))
	start(t, b, f)
	b.waitCommitted(int64(len(records)) + 1)
	if starts := f.started(); len(starts) != 1 || starts[0].Request.ID != "good" {
		t.Errorf("starts: got %d, want the good one alone", len(starts))
	}
	for _, letter := range b.deadLetters(len(records)) {
		var i int
		fmt.Sscan(headerOf(letter, HeaderOffset), &i)
		want := records[i]
		if string(letter.Key) != string(want.m.Key) || string(letter.Value) != string(want.m.Value) {
			t.Errorf("offset %d: key or value are not the original's", i)
		}
		for _, h := range want.m.Headers {
			if !strings.HasPrefix(h.Key, "dlq_") && headerOf(letter, h.Key) != string(h.Value) {
				t.Errorf("offset %d: header %s is not kept", i, h.Key)
			}
		}
		if reason := headerOf(letter, HeaderError); !strings.Contains(reason, want.wantReason) || strings.Contains(reason, "7700") || strings.Contains(reason, "Ada") {
			t.Errorf("offset %d: reason %q, want %q", i, reason, want.wantReason)
		}
		for name, value := range map[string]string{
			HeaderErrorClass: want.class, HeaderTopic: sb.TopicRequests, HeaderPartition: "0", HeaderGroup: defaultGroup, HeaderAttempts: "1",
		} {
			if got := headerOf(letter, name); got != value {
				t.Errorf("offset %d: %s: got %q, want %q", i, name, got, value)
			}
		}
		if _, err := time.Parse(time.RFC3339, headerOf(letter, HeaderTimestamp)); err != nil {
			t.Errorf("offset %d: %v", i, err)
		}
	}
}

func TestNumbersThatMustNotBeRungBecomeDeadLetters(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	b.produce(request("not-listed", "k")) // +447700900123
	listed := request("listed", "k")
	listed.Value = []byte(`{"caller":{"phone":"+447700900124"}}`)
	b.produce(listed)
	r := start(t, b, f, func(c *Config) { c.Dialling.Only = []string{"+447700900124"} })
	b.waitCommitted(2)
	if starts := f.started(); len(starts) != 1 || starts[0].Request.ID != "listed" {
		t.Errorf("starts: got %+v, want the listed one alone", starts)
	}
	letter := b.deadLetters(1)[0]
	if class := headerOf(letter, HeaderErrorClass); class != "number_not_allowed" {
		t.Errorf("class: %s", class)
	}
	if reason := headerOf(letter, HeaderError); !strings.Contains(reason, "caller.phone: must not be rung") || strings.Contains(reason+r.log.String(), "900123") {
		t.Errorf("reason: %s\n%s", reason, r.log.String())
	}
}

func TestFiveCopiesStartOnce(t *testing.T) {
	b, f := startBroker(t, 3), newTemporal()
	m := request("same", "k")
	b.produce(m, m, m)
	b.produce(request("same", "another key"), request("same", "")) // other partitions, at the same time
	r := start(t, b, f)
	b.waitCommitted(5)
	if got := len(f.started()); got != 1 {
		t.Errorf("got %d starts, want 1", got)
	}
	if got := r.cfg.counts.Repeated.Load(); got != 4 {
		t.Errorf("got %d repeated, want 4", got)
	}
}

func TestCancellationAfterTheRequest(t *testing.T) {
	b, f := startBroker(t, 3), newTemporal()
	b.produce(request("1", "k"), cancellation("1", "k"), cancellation("1", "k"))
	start(t, b, f)
	b.waitCommitted(3)
	starts, call := f.started(), string(sb.NewCallID("crm", "1"))
	if len(starts) != 1 || starts[0].Cancelled != nil {
		t.Errorf("want one start, not cancelled: got %d", len(starts))
	}
	if got := f.signals[call]; len(got) != 2 || got[0] != (sb.Cancellation{Reason: sb.ReasonRequester, By: "crm"}) {
		t.Errorf("signals: %+v", got)
	}
}

func TestCancellationBeforeTheRequestWins(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	b.produce(cancellation("1", "k"), request("1", "k"))
	r := start(t, b, f)
	b.waitCommitted(2)
	starts := f.started()
	if len(starts) != 1 || starts[0].Cancelled == nil || starts[0].Cancelled.Reason != sb.ReasonRequester {
		t.Fatalf("want one start that is cancelled from the beginning: %+v", starts)
	}
	if in := starts[0].Request; in.Source != "crm" || in.ID != "1" || in.RequestedAt.IsZero() || in.Caller.Phone != "" {
		t.Errorf("request: %+v", in)
	}
	if got := r.cfg.counts.Repeated.Load(); got != 1 {
		t.Errorf("the request that came second: got %d repeated, want 1", got)
	}
}

func TestCancellationOfACallThatIsOver(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	f.running[string(sb.NewCallID("crm", "1"))] = false
	b.produce(cancellation("1", "k"))
	r := start(t, b, f)
	b.waitCommitted(1)
	if got := r.cfg.counts.CancelledLate.Load(); got != 1 || len(f.started()) != 0 {
		t.Errorf("late: got %d, started %d", got, len(f.started()))
	}
}

func TestTemporalDownThenUp(t *testing.T) {
	b, f := startBroker(t, 3), newTemporal()
	const n = 300
	f.setAnswer(unavailable)
	for i := range n {
		b.produce(request(fmt.Sprint(i), fmt.Sprint("key", i%20)))
	}
	r := start(t, b, f)
	// All that were in flight have failed once, then one at a time has probed.
	waitFor(t, "three probes", func() bool { return f.asked() > 3*r.cfg.InFlight+3 || f.asked() >= 5 }, func() string { return fmt.Sprint(f.asked()) })
	status, body := get(t, r.url+"/readyz")
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "Temporal has not answered since") {
		t.Errorf("readyz: %d %s", status, body)
	}
	b.heartbeats(3)
	if got := b.committed(); got != 0 {
		t.Errorf("%d records were passed while Temporal was down", got)
	}
	if members := len(b.c.GroupInfo(defaultGroup).Members); members != 1 {
		t.Errorf("the group has %d members while Temporal is down, want 1", members)
	}
	r.stop(t)
	if got := b.committed(); got != 0 {
		t.Errorf("%d records were passed by the stop while Temporal was down", got)
	}
	r = start(t, b, f)
	f.setAnswer(nil)
	b.waitCommitted(n)
	seen := map[string]bool{}
	for _, in := range f.started() {
		seen[in.Request.ID] = true
	}
	if len(seen) != n || len(f.started()) != n {
		t.Errorf("got %d starts of %d requests, want %d", len(f.started()), len(seen), n)
	}
	if status, body := get(t, r.url+"/readyz"); status != http.StatusOK {
		t.Errorf("readyz afterwards: %d %s", status, body)
	}
}

func TestOnlyARefusedRequestIsGivenUp(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	first := map[string]error{
		"denied":    serviceerror.NewPermissionDenied("no", ""),
		"namespace": serviceerror.NewNamespaceNotFound("nowhere"),
		"internal":  serviceerror.NewInternal("oops"),
		"deadline":  context.DeadlineExceeded,
	}
	var mu sync.Mutex
	f.setAnswer(func(_ context.Context, id string) error {
		mu.Lock()
		defer mu.Unlock()
		_, id, _ = sb.CallID(id).Split()
		if id == "invalid" {
			return serviceerror.NewInvalidArgument("WorkflowId is too long")
		}
		err := first[id]
		delete(first, id) // the second time it goes well
		return err
	})
	for _, id := range []string{"denied", "namespace", "internal", "deadline", "invalid"} {
		b.produce(request(id, "k"))
	}
	r := start(t, b, f)
	b.waitCommitted(5)
	if got := len(f.started()); got != 4 {
		t.Errorf("got %d starts, want 4", got)
	}
	letter := b.deadLetters(1)[0]
	if reason := headerOf(letter, HeaderError); reason != "Temporal refuses the request: WorkflowId is too long" {
		t.Errorf("reason: %s", reason)
	}
	if class := headerOf(letter, HeaderErrorClass); class != "refused_by_temporal" {
		t.Errorf("class: %s", class)
	}
	for _, advice := range []string{"set TEMPORAL_NAMESPACE", "check TEMPORAL_API_KEY"} {
		if !strings.Contains(r.log.String(), advice) {
			t.Errorf("the log does not advise to %s", advice)
		}
	}
}

func TestDeadLetterTopicDownHoldsTheRecord(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	if err := events.Topics(t.Context(), b.kafka()); err != nil {
		t.Fatal(err)
	}
	down := b.c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Topic: sb.TopicDeadLetters, Err: kerr.TopicAuthorizationFailed, Count: -1})
	b.produce(kafka.Message{Value: []byte("rubbish")}, request("1", "k"))
	r := start(t, b, f)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := down.Wait(ctx, 3); err != nil {
		t.Fatal(err)
	}
	f.waitStarted(t, 1) // others go on
	b.heartbeats(3)
	if got := b.committed(); got != 0 {
		t.Errorf("passed %d records although the first is neither started nor a dead letter", got)
	}
	if _, body := get(t, r.url+"/readyz"); !strings.Contains(body, "the dead letter topic has not answered") || !strings.Contains(body, "right to write") {
		t.Errorf("readyz: %s", body)
	}
	r.stop(t)
	if got := b.committed(); got != 0 {
		t.Errorf("the stop passed %d records although the first is neither started nor a dead letter", got)
	}
	down.Remove()
	start(t, b, f)
	b.waitCommitted(2)
	if got := len(b.deadLetters(1)); got != 1 {
		t.Errorf("got %d dead letters, want 1", got)
	}
}

func TestDeadLetterThatIsTooLargeKeepsTheReason(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	small := "1000"
	if err := b.c.CreateTopic(sb.TopicDeadLetters, 1, map[string]string{"max.message.bytes": small}); err != nil {
		t.Fatal(err)
	}
	b.produce(
		kafka.Message{Key: []byte("k"), Value: []byte(strings.Repeat("x", 2000)), Headers: []kafka.Header{{Key: "mine", Value: []byte("1")}}},
		kafka.Message{Key: []byte("k"), Headers: []kafka.Header{{Key: "mine", Value: []byte(strings.Repeat("x", 2000))}}},
	)
	start(t, b, f)
	b.waitCommitted(2)
	for _, letter := range b.deadLetters(2) {
		want := "value"
		if headerOf(letter, HeaderOffset) == "1" {
			want = "key, value, headers"
		}
		if got := headerOf(letter, HeaderOmitted); got != want || !strings.Contains(headerOf(letter, HeaderError), "not a CloudEvent") {
			t.Errorf("omitted: got %q, want %q; reason %q", got, want, headerOf(letter, HeaderError))
		}
	}
}

func TestOffsetIsCommittedOnlyAfterTheAnswer(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	answer := make(chan struct{})
	f.setAnswer(func(ctx context.Context, id string) error {
		if id == string(sb.NewCallID("crm", "0")) {
			select {
			case <-answer:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	const n = 10
	for i := range n {
		b.produce(request(fmt.Sprint(i), fmt.Sprint(i)))
	}
	start(t, b, f)
	waitFor(t, "those of the other lanes", func() bool { return len(f.started()) >= 3 }, func() string { return fmt.Sprint(f.asked()) })
	b.heartbeats(3)
	if got := b.committed(); got != 0 {
		t.Errorf("passed %d records over one that has no answer yet", got)
	}
	close(answer)
	b.waitCommitted(n)
}

// A process that is killed while Temporal has not answered: the next owner of the partition starts the call.
func TestKilledConsumerLosesNothing(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	asked, answer := make(chan struct{}, 1), make(chan struct{})
	dying := &temporal{running: f.running, signals: f.signals, answer: func(ctx context.Context, _ string) error {
		asked <- struct{}{}
		<-answer // deaf to its context, as a process that is gone
		return nil
	}}
	b.produce(request("1", "k"))
	first := start(t, b, dying)
	<-asked
	b.heartbeats(3)
	first.cut()
	second := start(t, b, f)
	b.waitCommitted(1)
	if got := len(f.started()); got != 1 {
		t.Errorf("the second started %d, want 1", got)
	}
	close(answer) // what the dead one was told comes too late to be committed
	first.stop(t)
	second.stop(t)
	if got := b.committed(); got != 1 {
		t.Errorf("committed: %d, want 1", got)
	}
}

func TestRebalanceLosesNothingAndKeepsTheOrderOfAKey(t *testing.T) {
	b, f := startBroker(t, 4), newTemporal()
	f.setAnswer(func(ctx context.Context, _ string) error { return sleep(ctx, nil, time.Millisecond) }) // so that some are always under way
	const keys = 30
	var stop atomic.Bool
	var produced atomic.Int64
	var producer sync.WaitGroup
	producer.Go(func() {
		for i := 0; !stop.Load(); i++ {
			round := make([]kafka.Message, keys)
			for k := range keys {
				round[k] = request(fmt.Sprintf("%02d-%06d", k, i), fmt.Sprint("key", k))
			}
			b.produce(round...)
			produced.Add(keys)
		}
	})
	goOn := func() { f.waitAtLeast(t, len(f.started())+10*keys) }
	members := func(n int) {
		waitFor(t, fmt.Sprintf("%d members that share the partitions", n), func() bool {
			info := b.c.GroupInfo(defaultGroup)
			return info != nil && len(info.Members) == n && info.NumAssigned() == 4 && info.Members[0].NumAssigned() == 4/n
		}, func() string { return fmt.Sprintf("%+v", b.c.GroupInfo(defaultGroup)) })
	}
	first := start(t, b, f)
	members(1)
	goOn()
	second := start(t, b, f)
	members(2)
	goOn()
	first.stop(t)
	members(1)
	goOn()
	stop.Store(true)
	producer.Wait()
	total := int(produced.Load())
	b.waitCommitted(int64(total))
	second.stop(t)
	last := map[string]string{}
	for _, in := range f.started() {
		key, n, _ := strings.Cut(in.Request.ID, "-")
		if n <= last[key] {
			t.Errorf("key %s: request %s was started after %s", key, n, last[key])
		}
		last[key] = n
	}
	if got := len(f.started()); got != total {
		t.Errorf("started %d, want %d", got, total)
	}
	if a, b := first.cfg.counts.Started.Load(), second.cfg.counts.Started.Load(); a == 0 || b == 0 {
		t.Errorf("the first started %d, the second %d", a, b)
	}
}

func (f *temporal) waitAtLeast(t *testing.T, n int) {
	t.Helper()
	waitFor(t, fmt.Sprintf("%d starts", n), func() bool { return len(f.started()) >= n }, func() string { return fmt.Sprint(len(f.started())) })
}

func TestBrokerDownAndBack(t *testing.T) {
	b, f := startBroker(t, 2), newTemporal()
	b.produce(request("1", "a"), request("2", "b"))
	r := start(t, b, f)
	b.waitCommitted(2)
	b.c.Close()
	waitFor(t, "readyz to say so", func() bool { status, _ := get(t, r.url+"/readyz"); return status == http.StatusServiceUnavailable },
		func() string { return "ready" })
	b.start()
	b.produce(request("3", "a"), request("4", "b"))
	b.waitCommitted(4)
	if got := len(f.started()); got != 4 {
		t.Errorf("started %d, want 4", got)
	}
}

func TestBrokerComesAfterIntake(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	b.c.Close()
	r := start(t, b, f)
	waitFor(t, "the log to tell", func() bool { return strings.Contains(r.log.String(), "Kafka is not ready") }, r.log.String)
	b.start()
	b.produce(request("1", "a"))
	b.waitCommitted(1)
}

func TestOffsetPastTheEndStartsFromTheBeginning(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	b.produce(request("1", "a"), request("2", "a"))
	b.commit(t, 1000)
	r := start(t, b, f)
	b.waitCommitted(2)
	if got := r.cfg.counts.OffsetResets.Load(); got != 1 || len(f.started()) != 2 {
		t.Errorf("got %d resets, %d starts; want 1, 2", got, len(f.started()))
	}
}

func TestRecordsDeletedBeforeTheyWereReadAreCounted(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	for i := range 5 {
		b.produce(request(fmt.Sprint(i), "a"))
	}
	b.commit(t, 1)
	if err := b.c.DeleteRecords(sb.TopicRequests, 0, 4); err != nil {
		t.Fatal(err)
	}
	r := start(t, b, f)
	b.waitCommitted(5)
	if got := r.cfg.counts.Expired.Load(); got != 3 || len(f.started()) != 1 {
		t.Errorf("got %d expired, %d starts; want 3, 1", got, len(f.started()))
	}
}

// commit sets the group's offset of partition 0 by hand.
func (b *broker) commit(t *testing.T, offset int64) {
	t.Helper()
	client := &kafka.Client{Addr: kafka.TCP(b.addr)}
	response, err := client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: defaultGroup, GenerationID: -1, Topics: map[string][]kafka.OffsetCommit{sb.TopicRequests: {{Partition: 0, Offset: offset}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Topics[sb.TopicRequests][0].Error; err != nil {
		t.Fatal(err)
	}
	if got := b.committed(); got != offset {
		t.Fatalf("offset set by hand: got %d, want %d", got, offset)
	}
}

// A commit that the broker refuses for a moment is made good, though no further record comes.
func TestCommitIsRepeated(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	refused := b.c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetCommit}, Err: kerr.CoordinatorLoadInProgress, Count: 2})
	b.produce(request("1", "a"))
	start(t, b, f)
	b.waitCommitted(1)
	if refused.Hits() != 2 {
		t.Errorf("the broker refused %d commits, want 2", refused.Hits())
	}
}

func TestWrongPasswordEndsTheProcess(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.EnableSASL(), kfake.Superuser("SCRAM-SHA-512", "u", "right"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	err = Run(t.Context(), Config{
		Kafka:   events.Kafka{Brokers: c.ListenAddrs(), User: "u", Password: "wrong"},
		Starter: newTemporal(), Policy: sb.DefaultPolicy(),
	})
	if err == nil || !strings.Contains(err.Error(), "refuses the user or the password") {
		t.Errorf("got %v", err)
	}
}

func TestSettingsThatCannotWorkAreNamedAtOnce(t *testing.T) {
	err := Run(t.Context(), Config{})
	if err == nil {
		t.Fatal("want an error")
	}
	for _, want := range []string{"no broker", "policy: max_attempts", "no Temporal client"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

func TestStoppedBeforeKafkaIsThere(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, Config{Kafka: events.Kafka{Brokers: []string{"127.0.0.1:1"}}, Starter: newTemporal(), Policy: sb.DefaultPolicy()}); err != nil {
		t.Error(err)
	}
}

func TestStopCommitsWhatIsDone(t *testing.T) {
	b, f := startBroker(t, 1), newTemporal()
	r := start(t, b, f, func(c *Config) { c.timing.commitEvery = time.Hour })
	b.produce(request("1", "a"))
	b.waitCommitted(1)
	b.produce(request("2", "a"), request("3", "b"))
	f.waitStarted(t, 3)
	r.stop(t)
	if got := b.committed(); got != 3 {
		t.Errorf("after the stop %d are passed, want 3", got)
	}
}
