package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

// Publisher writes the events of calls. One for each process.
type Publisher struct {
	writer *kafka.Writer
	slots  chan struct{}

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

const (
	// maxPublishing bounds how many Publish run at once: while the brokers are away kafka-go queues without limit.
	maxPublishing = 64
	// closeTimeout bounds how long Close waits for messages that kafka-go still tries to deliver.
	closeTimeout = 10 * time.Second
)

var errClosed = errors.New("publish events: the publisher is closed")

// NewPublisher makes a Publisher to a topic, sb.TopicEvents if none is named. It does not connect yet.
func NewPublisher(k Kafka, topic string) (*Publisher, error) {
	if err := k.Validate(); err != nil {
		return nil, err
	}
	if topic == "" {
		topic = sb.TopicEvents
	}
	writer, err := k.Writer(topic)
	if err != nil {
		return nil, err
	}
	return &Publisher{writer: writer, slots: make(chan struct{}, maxPublishing)}, nil
}

// Publish writes events in their order and returns when all of them are acknowledged by every in-sync replica. After
// an error any of them may have been written, or may still be: publish them all again, readers tell a repetition by
// its id. The error holds nothing of an event's content.
func (p *Publisher) Publish(ctx context.Context, events []sb.Event) error {
	messages := make([]kafka.Message, len(events))
	for i, e := range events {
		envelope, err := FromEvent(e)
		if err != nil {
			return err
		}
		messages[i] = Encode(envelope, Binary)
	}
	if !p.enter() {
		return errClosed
	}
	defer p.running.Done()
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return fmt.Errorf("publish events: %w", ctx.Err())
	}
	return WriteError("publish events", p.writer.WriteMessages(ctx, messages...))
}

func (p *Publisher) enter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return false
	}
	p.running.Add(1)
	return true
}

// Close waits for running Publish calls, then for kafka-go, the latter for at most 10 s.
func (p *Publisher) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.running.Wait() // kafka-go may hang when Close and WriteMessages meet
	return CloseWriter(p.writer, closeTimeout)
}

// CloseWriter closes a writer to which nobody writes any more. A writer whose brokers are away retries for minutes.
func CloseWriter(w *kafka.Writer, atMost time.Duration) error {
	done := make(chan error, 1)
	go func() { done <- w.Close() }()
	if t, ok := w.Transport.(*kafka.Transport); ok {
		defer t.CloseIdleConnections() // the writer leaves a transport that was given to it alone
	}
	select {
	case err := <-done:
		return err
	case <-time.After(atMost):
		return errors.New("close writer: messages that nobody waits for any more were left undelivered")
	}
}

// WriteError tells what went wrong in WriteMessages without anything of the messages: kafka-go's errors carry them
// along, and a broker may quote them.
func WriteError(what string, err error) error {
	if err == nil {
		return nil
	}
	var many kafka.WriteErrors
	if !errors.As(err, &many) {
		return fmt.Errorf("%s: %w", what, bare(err))
	}
	var first error
	for _, err := range many {
		if err != nil {
			first = err
			break
		}
	}
	if first == nil {
		return nil
	}
	return fmt.Errorf("%s: %d of %d failed: %w", what, many.Count(), len(many), bare(first))
}

func bare(err error) error {
	var code kafka.Error
	var network *net.OpError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &code): // also of a MessageTooLargeError, which holds the message
		return code
	case errors.As(err, &network):
		return network
	default:
		return fmt.Errorf("no answer from the brokers (%T)", err)
	}
}
