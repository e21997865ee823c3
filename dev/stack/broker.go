package stack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"switchboard/events"
)

// broker is Kafka inside this process: kfake, which speaks Kafka's protocol and keeps its log on disk. It is one node
// without replication; the stack's lock on its folder is the only one there is.
type broker struct {
	port int
	dir  string
	log  string

	mu      sync.Mutex
	cluster *kfake.Cluster
	logFile *os.File
}

func (b *broker) start(ctx context.Context) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cluster != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(b.dir), 0o755); err != nil {
		return err
	}
	if b.logFile, err = os.OpenFile(b.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	b.cluster, err = kfake.NewCluster(
		kfake.Ports(b.port),
		kfake.ClusterID("switchboard"),
		kfake.DataDir(b.dir),
		kfake.DefaultNumPartitions(6),
		kfake.WithLogger(kfake.BasicLogger(b.logFile, kfake.LogLevelWarn)),
		// Topics are never created by being mentioned: kfake forgets such topics when it is killed.
		kfake.BrokerConfigs(map[string]string{
			"log.cleaner.backoff.ms": "60000", // how often retention is looked at; an hour otherwise
			"log.segment.bytes":      "16777216",
		}),
	)
	if err != nil {
		b.cluster = nil
		return errors.Join(err, b.logFile.Close())
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return events.Topics(ctx, events.Kafka{Brokers: []string{fmt.Sprintf("127.0.0.1:%d", b.port)}, ClientID: "switchboard-dev"})
}

func (b *broker) stop() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.cluster == nil {
		return nil
	}
	closed := make(chan struct{})
	go func() { b.cluster.Close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		return errors.New("the broker did not close within 10s")
	}
	b.cluster = nil
	return b.logFile.Close()
}
