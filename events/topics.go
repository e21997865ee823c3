package events

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

// Topic is a topic as we create it where it is missing. One that is there is left as it is.
type Topic struct {
	Name       string
	Partitions int           // 0: 6
	Replicas   int           // 0: the cluster's default; 3 in production
	Retention  time.Duration // 0: the cluster's default
	// MaxMessageBytes is the largest record. 0: the cluster's default.
	MaxMessageBytes int
}

const (
	day               = 24 * time.Hour
	defaultPartitions = 6
	// MaxDeadLetterBytes leaves room for the headers that a dead letter carries beside a record of the largest size.
	MaxDeadLetterBytes = 2 << 20
)

// DefaultTopics are the three of the contract.
func DefaultTopics() []Topic {
	return []Topic{
		{Name: sb.TopicRequests, Retention: 7 * day},
		{Name: sb.TopicEvents, Retention: 7 * day},
		{Name: sb.TopicDeadLetters, Retention: 30 * day, MaxMessageBytes: MaxDeadLetterBytes},
	}
}

// Topics creates the topics of the contract where they are missing and waits until they are there.
func Topics(ctx context.Context, k Kafka) error { return EnsureTopics(ctx, k, DefaultTopics()...) }

const metadataPoll = 100 * time.Millisecond

// EnsureTopics creates the topics that are missing and returns when the brokers know all of them. Joining a consumer
// group before the topic is there would make kafka-go rebalance in a tight loop, and brokers that create topics by
// themselves would give them the wrong number of partitions.
func EnsureTopics(ctx context.Context, k Kafka, topics ...Topic) error {
	if err := k.Validate(); err != nil {
		return err
	}
	transport, err := k.Transport()
	if err != nil {
		return err
	}
	transport.MetadataTTL = metadataPoll
	defer transport.CloseIdleConnections()
	client := &kafka.Client{Addr: kafka.TCP(k.Brokers...), Transport: transport, Timeout: ioTimeout}

	missing, err := missingTopics(ctx, client, topics)
	if err != nil {
		return fmt.Errorf("kafka: look for topics: %w", err)
	}
	var refused error
	if len(missing) > 0 {
		if refused, err = createTopics(ctx, client, missing); err != nil {
			return fmt.Errorf("kafka: create topics: %w", err)
		}
	}
	for len(missing) > 0 {
		if refused != nil {
			return refused
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kafka: wait for topics %s: %w", names(missing), ctx.Err())
		case <-time.After(metadataPoll):
		}
		if missing, err = missingTopics(ctx, client, missing); err != nil {
			return fmt.Errorf("kafka: look for topics: %w", err)
		}
	}
	return nil
}

// missingTopics returns those that the brokers do not know, or have no leader for.
func missingTopics(ctx context.Context, client *kafka.Client, topics []Topic) ([]Topic, error) {
	request := &kafka.MetadataRequest{}
	for _, t := range topics {
		request.Topics = append(request.Topics, t.Name)
	}
	metadata, err := client.Metadata(ctx, request)
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	for _, t := range metadata.Topics {
		there[t.Name] = t.Error == nil && len(t.Partitions) > 0
		for _, p := range t.Partitions {
			if p.Error != nil {
				there[t.Name] = false
			}
		}
	}
	var missing []Topic
	for _, t := range topics {
		if !there[t.Name] {
			missing = append(missing, t)
		}
	}
	return missing, nil
}

// createTopics asks for topics. refused tells of a topic that will not come by itself.
func createTopics(ctx context.Context, client *kafka.Client, topics []Topic) (refused, err error) {
	request := &kafka.CreateTopicsRequest{}
	for _, t := range topics {
		config := kafka.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replicas}
		if config.NumPartitions == 0 {
			config.NumPartitions = defaultPartitions
		}
		if config.ReplicationFactor == 0 {
			config.ReplicationFactor = -1 // the cluster's default
		}
		config.ConfigEntries = []kafka.ConfigEntry{{ConfigName: "cleanup.policy", ConfigValue: "delete"}}
		if t.Retention > 0 {
			config.ConfigEntries = append(config.ConfigEntries,
				kafka.ConfigEntry{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(t.Retention.Milliseconds(), 10)})
		}
		if t.MaxMessageBytes > 0 {
			config.ConfigEntries = append(config.ConfigEntries,
				kafka.ConfigEntry{ConfigName: "max.message.bytes", ConfigValue: strconv.Itoa(t.MaxMessageBytes)})
		}
		request.Topics = append(request.Topics, config)
	}
	response, err := client.CreateTopics(ctx, request)
	if err != nil {
		return nil, err
	}
	for name, err := range response.Errors {
		var code kafka.Error
		switch {
		case err == nil, errors.Is(err, kafka.TopicAlreadyExists): // another process was faster
		case errors.As(err, &code) && code.Temporary():
		default:
			refused = errors.Join(refused, fmt.Errorf("kafka: create topic %s: %w", name, err))
		}
	}
	return refused, nil
}

func names(topics []Topic) string {
	var all []string
	for _, t := range topics {
		all = append(all, t.Name)
	}
	return strings.Join(all, ", ")
}
