package stack

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

// Published is every event that the broker has, those of one call in the broker's order, repetitions included: what a
// reader sees that remembers nothing.
func (s *Stack) Published(ctx context.Context) ([]sb.Event, error) {
	messages, err := s.records(ctx, sb.TopicEvents)
	if err != nil {
		return nil, err
	}
	all := make([]sb.Event, len(messages))
	for i, m := range messages {
		if all[i], err = parseEvent(m); err != nil {
			return nil, fmt.Errorf("stack: an event cannot be understood: %w", err)
		}
	}
	return all, nil
}

// DeadLetters are the reasons of the requests that could not be understood.
func (s *Stack) DeadLetters(ctx context.Context) ([]string, error) {
	messages, err := s.records(ctx, sb.TopicDeadLetters)
	if err != nil {
		return nil, err
	}
	var reasons []string
	for _, m := range messages {
		for _, h := range m.Headers {
			if h.Key == "dlq_error" {
				reasons = append(reasons, string(h.Value))
			}
		}
	}
	return reasons, nil
}

// records reads a topic as it is now.
func (s *Stack) records(ctx context.Context, topic string) (all []kafka.Message, err error) {
	k := reach(s.at.Kafka)
	first, err := offsets(ctx, k, topic, true)
	if err != nil {
		return nil, fmt.Errorf("stack: read %s: %w", topic, err)
	}
	end, err := offsets(ctx, k, topic, false)
	if err != nil {
		return nil, fmt.Errorf("stack: read %s: %w", topic, err)
	}
	for partition, from := range first {
		if from >= end[partition] {
			continue
		}
		dialer, err := k.Dialer()
		if err != nil {
			return nil, err
		}
		reader := kafka.NewReader(kafka.ReaderConfig{
			Brokers: k.Brokers, Topic: topic, Partition: partition, Dialer: dialer,
			MinBytes: 1, MaxBytes: 10 << 20, MaxWait: 250 * time.Millisecond, ReadLagInterval: -1,
		})
		err = reader.SetOffset(from)
		for offset := from; err == nil && offset < end[partition]; {
			var m kafka.Message
			if m, err = reader.ReadMessage(ctx); err == nil {
				all = append(all, m)
				offset = m.Offset + 1
			}
		}
		if err = errors.Join(err, reader.Close()); err != nil {
			return nil, fmt.Errorf("stack: read %s: %w", topic, err)
		}
	}
	return all, nil
}
