package intake

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// consumer reads one topic as a member of a group. kafka-go's own group Reader would accept a late commit after a
// rebalance and set the group back; here a commit belongs to the generation that read the record.
type consumer struct {
	brokers  []string
	dialer   *kafka.Dialer
	group    string
	topic    string
	inFlight int // records of one partition being handled at once
	timing   timing
	// handle returns nil when a record's offset may be passed. It ends its waits when stop closes and its calls when
	// ctx ends.
	handle func(ctx context.Context, stop <-chan struct{}, m kafka.Message) error
	// first returns the first offset that a partition still has.
	first  func(ctx context.Context, partition int) (int64, error)
	counts *Counts
	log    *slog.Logger

	mu         sync.Mutex
	joined     bool
	finished   uint64 // records, ever
	partitions map[int]*progress
}

// timing holds every interval, so that tests can be quick.
type timing struct {
	heartbeat, session, rebalance time.Duration
	joinBackoff                   time.Duration
	partitionWatch                time.Duration
	network                       time.Duration // one exchange with a broker
	maxWait                       time.Duration // how long a broker may hold a fetch
	commitEvery                   time.Duration // commits are gathered
	call                          time.Duration // one call to Temporal or one dead letter
	drain                         time.Duration // running calls after a partition was taken away; above call, below rebalance
	watch, stuckAfter             time.Duration
	retry                         time.Duration // between two lives of the consumer, and between looks for the brokers at start
}

func defaultTiming() timing {
	return timing{
		heartbeat: 3 * time.Second, session: 30 * time.Second, rebalance: 30 * time.Second,
		joinBackoff: time.Second, partitionWatch: 30 * time.Second, network: 5 * time.Second, maxWait: 500 * time.Millisecond,
		commitEvery: 100 * time.Millisecond, call: 8 * time.Second, drain: 10 * time.Second,
		watch: 15 * time.Second, stuckAfter: 60 * time.Second, retry: time.Second,
	}
}

const (
	shortGeneration   = 2 * time.Second
	maxGenerationWait = 5 * time.Second
)

// run reads until ctx ends; then it drains, commits and leaves the group. The topic must exist.
func (c *consumer) run(ctx context.Context) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: c.group, Brokers: c.brokers, Dialer: c.dialer, Topics: []string{c.topic},
		GroupBalancers:    []kafka.GroupBalancer{kafka.RangeGroupBalancer{}, kafka.RoundRobinGroupBalancer{}},
		HeartbeatInterval: c.timing.heartbeat, SessionTimeout: c.timing.session, RebalanceTimeout: c.timing.rebalance,
		JoinGroupBackoff: c.timing.joinBackoff, Timeout: c.timing.network,
		WatchPartitionChanges: true, PartitionWatchInterval: c.timing.partitionWatch,
		StartOffset: kafka.FirstOffset, // LastOffset would skip what came to a partition nobody has committed yet
		ErrorLogger: c.libraryLog("consumer group"),
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		<-ctx.Done()
		_ = group.Close() // ends Next, waits for the partitions, leaves; its error is always nil
	}()
	defer func() { cancel(); <-closed }()
	defer c.left()
	short := 0 // generations in a row that ended at once
	for {
		generation, err := group.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, kafka.ErrGroupClosed) {
			return err
		}
		if err != nil {
			c.left()
			c.log.Warn("cannot join the consumer group", "error", err)
			continue // the library pauses before it tries again
		}
		c.assigned(generation)
		began, over := time.Now(), make(chan struct{})
		generation.Start(func(gctx context.Context) { <-gctx.Done(); close(over) })
		for _, assignments := range generation.Assignments {
			for _, a := range assignments {
				generation.Start(func(gctx context.Context) { c.partition(gctx, generation, a) })
			}
		}
		select {
		case <-over:
		case <-ctx.Done():
			return nil
		}
		c.left()
		if time.Since(began) > shortGeneration {
			short = 0
			continue
		}
		// A topic that vanished would otherwise make the library rebalance thousands of times a second.
		short++
		if short > 1 {
			_ = sleep(ctx, nil, min(maxGenerationWait, minPause<<min(short, 7))) // ends early with ctx, as Next will
		}
	}
}

func (c *consumer) assigned(g *kafka.Generation) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joined = true
	c.partitions = map[int]*progress{}
	var ids []int
	for _, assignments := range g.Assignments {
		for _, a := range assignments {
			c.partitions[a.ID] = newProgress(a.Offset)
			ids = append(ids, a.ID)
		}
	}
	c.counts.Generations.Add(1)
	c.log.Info("joined the consumer group", "generation", g.ID, "partitions", ids)
}

func (c *consumer) left() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.joined = false
	c.partitions = nil
}

// state is what the watchdog looks at.
func (c *consumer) state() (joined bool, finished uint64, positions map[int]int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	positions = map[int]int64{}
	for id, p := range maps.All(c.partitions) {
		positions[id], _ = p.commitable()
	}
	return c.joined, c.finished, positions
}

// partition reads one partition until the generation ends. Returning ends the generation, for all partitions.
func (c *consumer) partition(gctx context.Context, generation *kafka.Generation, a kafka.PartitionAssignment) {
	c.mu.Lock()
	p := c.partitions[a.ID]
	c.mu.Unlock()
	if p == nil || gctx.Err() != nil {
		return // ended before it began
	}
	log := c.log.With("partition", a.ID)
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: c.brokers, Dialer: c.dialer, Topic: c.topic, Partition: a.ID,
		MinBytes: 1, MaxBytes: 10 << 20, MaxWait: c.timing.maxWait, ReadBatchTimeout: 5 * time.Second,
		ReadBackoffMin: 50 * time.Millisecond, ReadBackoffMax: time.Second, MaxAttempts: 3,
		QueueCapacity: c.inFlight, ReadLagInterval: -1, OffsetOutOfRangeError: true,
		IsolationLevel: kafka.ReadCommitted,
		ErrorLogger:    c.libraryLog("reader"),
	})
	defer reader.Close()
	c.countSkipped(gctx, log, a)
	if err := reader.SetOffset(a.Offset); err != nil {
		log.Error("cannot set the offset", "error", err)
		return
	}

	committer := newCommitter(c, generation, a.ID, p)
	lanes := c.startLanes(gctx.Done(), p, committer.wake)
	c.fetch(gctx, log, reader, p, lanes)
	lanes.drain(c.timing.drain)
	committer.stop() // with the last commit, still of this generation: brokers take it while the group rebalances
}

// countSkipped tells when records were deleted before they were read: kafka-go would skip them silently.
func (c *consumer) countSkipped(ctx context.Context, log *slog.Logger, a kafka.PartitionAssignment) {
	if a.Offset < 0 {
		return // nothing was committed yet
	}
	ctx, cancel := context.WithTimeout(ctx, c.timing.network)
	defer cancel()
	first, err := c.first(ctx, a.ID)
	if err != nil || first <= a.Offset {
		return
	}
	c.counts.Expired.Add(uint64(first - a.Offset))
	log.Error("records were deleted by the topic's retention before they were read", "offset", a.Offset, "records", first-a.Offset)
}

// fetch hands records to the lanes until the generation ends.
func (c *consumer) fetch(gctx context.Context, log *slog.Logger, reader *kafka.Reader, p *progress, lanes *lanes) {
	var logged time.Time
	for {
		m, err := reader.FetchMessage(gctx)
		switch {
		case err == nil:
		case gctx.Err() != nil, errors.Is(err, io.EOF):
			return
		case errors.Is(err, kafka.OffsetOutOfRange):
			// The committed offset lies past the end: the topic was made anew, or the brokers lost its tail. From the
			// beginning, then: what was started before is not started again.
			if !lanes.idle(gctx.Done()) {
				return
			}
			offset, _ := p.commitable()
			c.counts.OffsetResets.Add(1)
			log.Error("the offset is past the end of the partition: reading it from the beginning", "offset", offset)
			p.reset(kafka.FirstOffset)
			if err := reader.SetOffset(kafka.FirstOffset); err != nil {
				return
			}
			continue
		default:
			// The reader goes on by itself, with pauses; should it not, the watchdog sees it.
			if now := time.Now(); now.Sub(logged) >= logEvery {
				logged = now
				log.Error("cannot read from the partition", "error", err)
			}
			continue
		}
		if !lanes.put(gctx.Done(), m) {
			return
		}
	}
}

// lanes handle the records of a partition side by side, those of one key one after the other.
type lanes struct {
	slots  chan struct{} // as many as may be in flight
	queues []chan kafka.Message
	cancel context.CancelFunc
	done   sync.WaitGroup
	p      *progress
}

func (c *consumer) startLanes(stop <-chan struct{}, p *progress, passed func()) *lanes {
	// Calls outlive the generation's end by the time to drain.
	ctx, cancel := context.WithCancel(context.Background())
	l := &lanes{slots: make(chan struct{}, c.inFlight), queues: make([]chan kafka.Message, c.inFlight), cancel: cancel, p: p}
	for i := range l.queues {
		queue := make(chan kafka.Message, c.inFlight) // room for all that may be in flight: put never waits here
		l.queues[i] = queue
		l.done.Go(func() {
			for m := range queue {
				if !over(stop) && c.handle(ctx, stop, m) == nil {
					c.mu.Lock()
					c.finished++
					c.mu.Unlock()
					if p.finish(m.Offset) {
						passed()
					}
				} // else the next owner of the partition reads it again
				<-l.slots
			}
		})
	}
	return l
}

func over(stop <-chan struct{}) bool {
	select {
	case <-stop:
		return true
	default:
		return false
	}
}

func (l *lanes) put(stop <-chan struct{}, m kafka.Message) bool {
	select {
	case l.slots <- struct{}{}:
	case <-stop:
		return false
	}
	l.p.begin(m.Offset)
	lane := uint64(m.Offset) // without a key any order will do
	if len(m.Key) > 0 {
		h := fnv.New64a()
		h.Write(m.Key)
		lane = h.Sum64()
	}
	l.queues[lane%uint64(len(l.queues))] <- m
	return true
}

// idle waits until nothing is in flight. Only who puts may call it.
func (l *lanes) idle(stop <-chan struct{}) bool {
	for range cap(l.slots) {
		select {
		case l.slots <- struct{}{}:
		case <-stop:
			return false
		}
	}
	for range cap(l.slots) {
		<-l.slots
	}
	return true
}

// drain lets running calls finish, for at most the given time, and returns when all have ended.
func (l *lanes) drain(atMost time.Duration) {
	for _, q := range l.queues {
		close(q)
	}
	timer := time.AfterFunc(atMost, l.cancel)
	l.done.Wait()
	timer.Stop()
	l.cancel()
}

// committer commits the watermark of one partition, gathered, in the generation that read it.
type committer struct {
	dirty chan struct{}
	end   chan struct{}
	ended chan struct{}
}

func newCommitter(c *consumer, generation *kafka.Generation, partition int, p *progress) *committer {
	k := &committer{dirty: make(chan struct{}, 1), end: make(chan struct{}), ended: make(chan struct{})}
	log := c.log.With("partition", partition)
	var sent int64
	var sentAny bool
	commit := func() bool {
		offset, ok := p.commitable()
		if !ok || sentAny && offset == sent {
			return true
		}
		// Bounded by the time for one exchange. A generation that is over is refused by the broker.
		if err := generation.CommitOffsets(map[string]map[int]int64{c.topic: {partition: offset}}); err != nil {
			log.Warn("offset not committed; records may be read again", "offset", offset, "error", err)
			return false
		}
		sent, sentAny = offset, true
		c.counts.Commits.Add(1)
		return true
	}
	go func() {
		defer close(k.ended)
		for {
			select {
			case <-k.end:
				commit()
				return
			case <-k.dirty:
			}
			wait := c.timing.commitEvery
			if !commit() {
				wait = c.timing.retry
				k.wake()
			}
			_ = sleep(context.Background(), k.end, wait) // ends early with the partition
		}
	}()
	return k
}

func (k *committer) wake() {
	select {
	case k.dirty <- struct{}{}:
	default:
	}
}

func (k *committer) stop() {
	close(k.end)
	<-k.ended
}

// libraryLog passes on what kafka-go reports. It may report each second while a broker is away, hence the level.
func (c *consumer) libraryLog(part string) kafka.Logger {
	return kafka.LoggerFunc(func(format string, args ...any) {
		c.log.Debug("kafka-go "+part, "message", fmt.Sprintf(format, args...))
	})
}
