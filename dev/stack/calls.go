package stack

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
	"switchboard/events"
)

// Source is the CloudEvents source of requests that are placed here, when they name none.
const Source = "dev"

// requestData is the data of a request's event; the contract is events/schemas/call.requested.v1.json.
type requestData struct {
	Caller        sb.Caller `json:"caller"`
	Reason        string    `json:"reason,omitempty"`
	Skills        []string  `json:"skills,omitempty"`
	Priority      int       `json:"priority,omitempty"`
	Deadline      time.Time `json:"deadline,omitzero"`
	MaxAttempts   int       `json:"max_attempts,omitempty"`
	DetectMachine bool      `json:"detect_machine,omitempty"`
}

// PublishRequest publishes a request as any other system would and returns the call that will serve it. Source, ID and
// RequestedAt may be left out. Nothing is checked but by whoever reads it; see CheckRequest.
func PublishRequest(ctx context.Context, brokers string, r sb.Request) (sb.CallID, error) {
	e, call, err := envelope(r)
	if err != nil {
		return "", err
	}
	return call, publish(ctx, brokers, e)
}

// CheckRequest says what the intake would say of a request.
func CheckRequest(r sb.Request) error {
	e, _, err := envelope(r)
	if err == nil {
		_, err = events.ParseRequest(e, time.Now())
	}
	return err
}

func envelope(r sb.Request) (events.Envelope, sb.CallID, error) {
	if r.Source == "" {
		r.Source = Source
	}
	if r.ID == "" {
		r.ID = NewID()
	}
	if r.RequestedAt.IsZero() {
		r.RequestedAt = time.Now()
	}
	data, err := json.Marshal(requestData{r.Caller, r.Reason, r.Skills, r.Priority, r.Deadline, r.MaxAttempts, r.DetectMachine})
	return events.Envelope{
		ID: r.ID, Source: r.Source, Type: sb.TypeRequested, Time: r.RequestedAt.UTC(), PartitionKey: string(r.Call()), Data: data,
	}, r.Call(), err
}

// PublishCancellation publishes that a request is withdrawn.
func PublishCancellation(ctx context.Context, brokers, source, id string) error {
	if source == "" {
		source = Source
	}
	return publish(ctx, brokers, events.Envelope{
		ID: "cancel-" + NewID(), Source: source, Type: sb.TypeCancelled, Subject: id, Time: time.Now().UTC(),
		PartitionKey: string(sb.NewCallID(source, id)),
	})
}

// NewID makes an id that no request had before: short, and the time first, so that a person finds it again.
func NewID() string {
	return time.Now().UTC().Format("0102-150405-") + strings.ToLower(rand.Text()[:6])
}

const publishLimit = 10 * time.Second

func publish(ctx context.Context, brokers string, e events.Envelope) error {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	k := reach(brokers)
	if err := k.Check(ctx); err != nil { // the writer itself would try for a while and not say what is wrong
		return err
	}
	w, err := k.Writer(sb.TopicRequests)
	if err != nil {
		return err
	}
	err = events.WriteError("publish", w.WriteMessages(ctx, events.Encode(e, events.Binary)))
	return errors.Join(err, events.CloseWriter(w, publishLimit))
}

func reach(brokers string) events.Kafka {
	return events.Kafka{Brokers: []string{brokers}, ClientID: "switchboard-dev"}
}

// Watch reads sb.TopicEvents as another system does: every event once, those of one call in order.
type Watch struct {
	events chan sb.Event
	close  func()
}

// WatchEvents begins to watch, at the first event that Kafka still has or (fromStart false) with the next one that is
// published. Close it.
func WatchEvents(ctx context.Context, brokers string, fromStart bool) (*Watch, error) {
	k := reach(brokers)
	ctx, stop := context.WithCancel(ctx)
	starts, err := offsets(ctx, k, sb.TopicEvents, fromStart)
	if err != nil {
		stop()
		return nil, fmt.Errorf("kafka: %w", err)
	}
	w := &Watch{events: make(chan sb.Event, 64)}
	var reading sync.WaitGroup
	for partition, offset := range starts {
		dialer, err := k.Dialer()
		if err != nil {
			stop()
			return nil, err
		}
		reader := kafka.NewReader(kafka.ReaderConfig{
			Brokers: k.Brokers, Topic: sb.TopicEvents, Partition: partition, Dialer: dialer,
			MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 250 * time.Millisecond, ReadLagInterval: -1,
		})
		if err := reader.SetOffset(offset); err != nil {
			stop()
			return nil, errors.Join(err, reader.Close())
		}
		reading.Go(func() {
			defer reader.Close()
			w.read(ctx, reader)
		})
	}
	w.close = func() {
		stop()
		reading.Wait()
	}
	return w, nil
}

func offsets(ctx context.Context, k events.Kafka, topic string, fromStart bool) (map[int]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, publishLimit)
	defer cancel()
	if err := k.Check(ctx); err != nil {
		return nil, err
	}
	transport, err := k.Transport()
	if err != nil {
		return nil, err
	}
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(k.Brokers...), Transport: transport}
	metadata, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, err
	}
	var ask []kafka.OffsetRequest
	for _, t := range metadata.Topics {
		if t.Error != nil {
			return nil, fmt.Errorf("topic %s: %w", t.Name, t.Error)
		}
		for _, p := range t.Partitions {
			if fromStart {
				ask = append(ask, kafka.FirstOffsetOf(p.ID))
			} else {
				ask = append(ask, kafka.LastOffsetOf(p.ID))
			}
		}
	}
	answer, err := client.ListOffsets(ctx, &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, err
	}
	found := map[int]int64{}
	for _, p := range answer.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("topic %s: %w", topic, p.Error)
		}
		found[p.Partition] = max(p.LastOffset, p.FirstOffset) // the one not asked for is -1
	}
	return found, nil
}

// read passes events on until ctx ends; kafka-go itself connects again when the broker comes back.
func (w *Watch) read(ctx context.Context, reader *kafka.Reader) {
	last := map[sb.CallID]int{}
	for {
		m, err := reader.ReadMessage(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			continue // kafka-go has waited before it said so
		}
		e, err := parseEvent(m)
		if err != nil || e.Sequence <= last[e.Call] { // somebody else's, or a repetition
			continue
		}
		last[e.Call] = e.Sequence
		select {
		case w.events <- e:
		case <-ctx.Done():
			return
		}
	}
}

func parseEvent(m kafka.Message) (sb.Event, error) {
	envelope, err := events.Decode(m)
	if err != nil {
		return sb.Event{}, err
	}
	e := sb.Event{Call: sb.CallID(envelope.Extensions["callid"]), Time: envelope.Time}
	if _, err := fmt.Sscanf(envelope.Extensions["sequence"], "%d", &e.Sequence); err != nil {
		return sb.Event{}, fmt.Errorf("sequence: %w", err)
	}
	return e, json.Unmarshal(envelope.Data, &e.Data)
}

// Next returns the next event; an error means that ctx has ended.
func (w *Watch) Next(ctx context.Context) (sb.Event, error) {
	select {
	case e := <-w.events:
		return e, nil
	case <-ctx.Done():
		return sb.Event{}, ctx.Err()
	}
}

// Call yields the events of one call, the last of which is its end. It ends early, with an error, when ctx does.
func (w *Watch) Call(ctx context.Context, call sb.CallID) iter.Seq2[sb.Event, error] {
	return func(yield func(sb.Event, error) bool) {
		for {
			e, err := w.Next(ctx)
			if err != nil {
				yield(sb.Event{}, err)
				return
			}
			if e.Call == call && (!yield(e, nil) || e.Data.Stage == sb.StageEnded) {
				return
			}
		}
	}
}

// Close ends the watch.
func (w *Watch) Close() { w.close() }

// Request publishes a request to the stack's broker; see PublishRequest.
func (s *Stack) Request(ctx context.Context, r sb.Request) (sb.CallID, error) {
	return PublishRequest(ctx, s.at.Kafka, r)
}

// Cancel publishes a cancellation of the request that a call serves.
func (s *Stack) Cancel(ctx context.Context, call sb.CallID) error {
	source, id, err := call.Split()
	if err != nil {
		return err
	}
	return PublishCancellation(ctx, s.at.Kafka, source, id)
}

// Watch begins to watch the events of all calls; see WatchEvents.
func (s *Stack) Watch(ctx context.Context, fromStart bool) (*Watch, error) {
	return WatchEvents(ctx, s.at.Kafka, fromStart)
}

// Events yields the events of one call from its first to its end.
func (s *Stack) Events(ctx context.Context, call sb.CallID) iter.Seq2[sb.Event, error] {
	return func(yield func(sb.Event, error) bool) {
		w, err := s.Watch(ctx, true)
		if err != nil {
			yield(sb.Event{}, err)
			return
		}
		defer w.Close()
		w.Call(ctx, call)(yield)
	}
}

// Await returns the first event of a call that is of a stage, past ones included; sb.StageEnded is the call's end. A
// call that ends without it is an error.
func (s *Stack) Await(ctx context.Context, call sb.CallID, stage sb.Stage) (sb.Event, error) {
	for e, err := range s.Events(ctx, call) {
		switch {
		case err != nil:
			return sb.Event{}, fmt.Errorf("wait for %s to be %s: %w", call, stage, err)
		case e.Data.Stage == stage:
			return e, nil
		case e.Data.Stage == sb.StageEnded:
			return e, fmt.Errorf("%s ended (%s) without having been %s", call, e.Data.Outcome, stage)
		}
	}
	return sb.Event{}, fmt.Errorf("%s: no events", call)
}
