package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"switchboard/events"
)

// startKafka starts the broker, see command broker. Its log is in the stack's folder, whose lock is the only one there is.
func (s *Stack) startKafka(ctx context.Context) (err error) {
	step := s.o.Progress.Step("Kafka")
	defer func() { step.Done(s.at.Kafka, err) }()
	dir := filepath.Join(s.o.Dir, "kafka")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	s.atStop("Kafka", func(ctx context.Context) error { return s.part(Kafka).stop(ctx) })
	if err := s.launch(&process{
		name: Kafka, path: s.bin.broker, args: []string{"-port", strconv.Itoa(portOf(s.at.Kafka)), "-dir", dir},
		env: list(shellEnvironment()), ready: s.kafkaAnswers, grace: 15 * time.Second,
	}); err != nil {
		return err
	}
	if err := s.part(Kafka).await(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := events.Topics(ctx, reach(s.at.Kafka)); err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	return nil
}

// kafkaAnswers asks the broker for its metadata.
func (s *Stack) kafkaAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return reach(s.at.Kafka).Check(ctx)
}
