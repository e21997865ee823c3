package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// watchdog restarts a consumer that has stopped without knowing: kafka-go's heartbeats go on whatever the rest does.
type watchdog struct {
	state func() (joined bool, finished uint64, positions map[int]int64)
	// held reports that records are waiting for a service that does not answer: no progress is expected.
	held   func() bool
	ends   func(ctx context.Context, partitions []int) (map[int]span, error)
	timing timing
	counts *Counts
	log    *slog.Logger

	finished uint64 // as of the last look
	restarts int    // in a row without progress: each gives the next life twice the time
}

// span is what a partition holds: from first up to, and without, end.
type span struct{ first, end int64 }

var errStuck = errors.New("no progress although there is something to read")

// watch returns errStuck when the consumer must be restarted, nil when ctx ends.
func (w *watchdog) watch(ctx context.Context) error {
	since := time.Now() // of the last sign of life
	for {
		if sleep(ctx, nil, w.timing.watch) != nil {
			return nil
		}
		joined, finished, positions := w.state()
		progress := finished != w.finished
		if progress {
			w.finished, w.restarts = finished, 0
		}
		behind, err := w.behind(ctx, joined, positions)
		if progress || w.held() || err != nil || !behind { // an error: the brokers are away; the library sees to that
			since = time.Now()
			continue
		}
		if time.Since(since) >= w.timing.stuckAfter<<min(w.restarts, 5) {
			w.restarts++
			w.counts.Restarts.Add(1)
			w.log.Error("no progress although there is something to read: restarting the consumer",
				"joined", joined, "since", since.UTC().Format(time.RFC3339), "restarts", w.restarts)
			return errStuck
		}
	}
}

// behind reports whether there is anything to do that is not done. A position past the end counts: the topic was made
// anew under a running reader, which waits in vain; a new reader finds out.
func (w *watchdog) behind(ctx context.Context, joined bool, positions map[int]int64) (bool, error) {
	partitions := make([]int, 0, len(positions))
	for id := range positions {
		partitions = append(partitions, id)
	}
	ctx, cancel := context.WithTimeout(ctx, w.timing.network)
	defer cancel()
	spans, err := w.ends(ctx, partitions)
	if err != nil {
		return false, err
	}
	if !joined {
		return true, nil
	}
	var behind int64
	for id, position := range positions {
		s, ok := spans[id]
		if !ok {
			return true, nil
		}
		if position < s.first { // also kafka.FirstOffset
			position = s.first
		}
		if position > s.end {
			return true, nil
		}
		behind += s.end - position
	}
	w.counts.Lag.Store(uint64(behind))
	return behind > 0, nil
}

// offsets asks the brokers what the partitions of a topic hold.
func offsets(ctx context.Context, client *kafka.Client, topic string, partitions []int) (map[int]span, error) {
	spans := map[int]span{}
	if len(partitions) == 0 {
		_, err := client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{topic}})
		return spans, err
	}
	request := &kafka.ListOffsetsRequest{Topics: map[string][]kafka.OffsetRequest{}, IsolationLevel: kafka.ReadCommitted}
	for _, id := range partitions {
		request.Topics[topic] = append(request.Topics[topic], kafka.FirstOffsetOf(id), kafka.LastOffsetOf(id))
	}
	response, err := client.ListOffsets(ctx, request)
	if err != nil {
		return nil, err
	}
	for _, p := range response.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("offsets of partition %d: %w", p.Partition, p.Error)
		}
		spans[p.Partition] = span{first: p.FirstOffset, end: p.LastOffset}
	}
	return spans, nil
}
