package intake

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"switchboard/events"
)

// Headers of a dead letter, beside those that the record came with.
const (
	headerPrefix     = "dlq_"
	HeaderError      = "dlq_error"       // what is wrong, in words; one line for each field
	HeaderErrorClass = "dlq_error_class" // an events.Class
	HeaderTopic      = "dlq_topic"       // where the record was read
	HeaderPartition  = "dlq_partition"
	HeaderOffset     = "dlq_offset"
	HeaderTimestamp  = "dlq_timestamp" // of the record, RFC 3339
	HeaderGroup      = "dlq_group"     // who gave it up
	HeaderAttempts   = "dlq_attempts"  // after how many tries
	// HeaderOmitted names what was left out of a record that is too large for the topic: "value", or "key, value,
	// headers". It must be fetched from where it was read, while it is kept there.
	HeaderOmitted = "dlq_omitted"
)

// deadLetters writes what cannot be understood to a topic of its own, with the reason.
type deadLetters struct {
	write1 func(ctx context.Context, m kafka.Message) error // one acknowledged write
	gate   *gate
	group  string
	counts *Counts
	log    *slog.Logger
}

// write returns nil when the dead letter is acknowledged. It may be written twice if the acknowledgement is lost.
func (d *deadLetters) write(ctx context.Context, stop <-chan struct{}, m kafka.Message, reason *events.Error, attempts int) error {
	letter := deadLetter(m, reason, d.group, attempts)
	// Better to keep the reason alone than to stand here for ever.
	smaller := []func(){
		func() { letter = omit("value", letter.Key, letter.Headers) },
		func() {
			letter = omit("key, value, headers", nil, slices.DeleteFunc(slices.Clone(letter.Headers), func(h kafka.Header) bool {
				return !strings.HasPrefix(h.Key, headerPrefix) || h.Key == HeaderOmitted
			}))
		},
	}
	_, err := d.gate.do(ctx, stop, func(ctx context.Context) error {
		for {
			err := d.write1(ctx, letter)
			if !errors.Is(err, kafka.MessageSizeTooLarge) || len(smaller) == 0 {
				return err
			}
			smaller[0]()
			smaller = smaller[1:]
		}
	})
	if err != nil {
		return err
	}
	d.counts.DeadLetters.Add(1)
	// Neither source nor id: one of them may hold the number, and be what is wrong.
	d.log.Warn("record refused, written to the dead letters", "class", string(reason.Class), "reason", reason.Error(),
		"partition", m.Partition, "offset", m.Offset, "complete", len(smaller) == 2)
	return nil
}

func omit(what string, key []byte, headers []kafka.Header) kafka.Message {
	// A copy: kafka-go may still hold the headers of a write that timed out.
	return kafka.Message{Key: key, Headers: append(slices.Clone(headers), kafka.Header{Key: HeaderOmitted, Value: []byte(what)})}
}

func deadLetter(m kafka.Message, reason *events.Error, group string, attempts int) kafka.Message {
	// A record that comes back from the dead letters has old ones.
	headers := slices.DeleteFunc(slices.Clone(m.Headers), func(h kafka.Header) bool { return strings.HasPrefix(h.Key, headerPrefix) })
	for _, h := range []struct{ name, value string }{
		{HeaderError, reason.Error()},
		{HeaderErrorClass, string(reason.Class)},
		{HeaderTopic, m.Topic},
		{HeaderPartition, strconv.Itoa(m.Partition)},
		{HeaderOffset, strconv.FormatInt(m.Offset, 10)},
		{HeaderTimestamp, m.Time.UTC().Format(time.RFC3339Nano)},
		{HeaderGroup, group},
		{HeaderAttempts, strconv.Itoa(attempts)},
	} {
		headers = append(headers, kafka.Header{Key: h.name, Value: []byte(h.value)})
	}
	return kafka.Message{Key: m.Key, Value: m.Value, Headers: headers}
}

func adviceOnDeadLetters(err error) string {
	switch {
	case errors.Is(err, kafka.TopicAuthorizationFailed):
		return "the right to write to the dead letter topic is missing"
	case errors.Is(err, kafka.UnknownTopicOrPartition):
		return "the dead letter topic does not exist: create it, or restart intake, which does"
	}
	return ""
}
