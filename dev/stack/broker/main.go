// Command broker is the Kafka of a stack, as a process of its own so that it can be killed and paused like the others:
// kfake, which speaks Kafka's protocol and keeps its log on disk. It is one node without replication, and it decides
// nothing; topics are made by whoever starts it. Package dev/stack builds and starts it, and nobody else should.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// closeWithin is far above what writing the last of the log takes.
const closeWithin = 10 * time.Second

func main() {
	port := flag.Int("port", 0, "`number` of the port on 127.0.0.1")
	dir := flag.String("dir", "", "`folder` of the log")
	flag.Parse()
	if *port == 0 || *dir == "" {
		fmt.Fprintln(os.Stderr, "broker: -port and -dir are required")
		os.Exit(1)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *port, *dir); err != nil {
		fmt.Fprintf(os.Stderr, "broker: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, port int, dir string) error {
	cluster, err := kfake.NewCluster(
		kfake.Ports(port),
		kfake.ClusterID("switchboard"),
		kfake.DataDir(dir),
		kfake.DefaultNumPartitions(6),
		kfake.WithLogger(kfake.BasicLogger(os.Stderr, kfake.LogLevelWarn)),
		// Topics are never created by being mentioned: kfake forgets such topics when it is killed.
		kfake.BrokerConfigs(map[string]string{
			"log.cleaner.backoff.ms": "60000", // how often retention is looked at; an hour otherwise
			"log.segment.bytes":      "16777216",
		}),
	)
	if err != nil {
		return err
	}
	<-ctx.Done()
	closed := make(chan struct{})
	go func() { cluster.Close(); close(closed) }()
	select {
	case <-closed:
		return nil
	case <-time.After(closeWithin):
		return fmt.Errorf("the log was not closed within %v", closeWithin)
	}
}
