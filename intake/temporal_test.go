package intake

import (
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.temporal.io/sdk/client"

	sb "switchboard"
)

// TestAgainstARealTemporal checks that a real server answers as the one of the other tests does. It runs where
// SWITCHBOARD_TEST_TEMPORAL says, e.g. 127.0.0.1:7233 after "temporal server start-dev".
func TestAgainstARealTemporal(t *testing.T) {
	address := os.Getenv("SWITCHBOARD_TEST_TEMPORAL")
	if address == "" {
		t.Skip("SWITCHBOARD_TEST_TEMPORAL does not name a server")
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	c, err := client.Dial(client.Options{HostPort: address, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	counts := new(Counts)
	admit := func(c Starter) *admitter {
		return &admitter{
			starter: c, policy: sb.DefaultPolicy(), counts: counts, log: log,
			temporal: &gate{name: "Temporal", log: log, advice: adviceOnTemporal, call: 5 * time.Second},
		}
	}
	a := admit(Temporal(c))
	take := func(m kafka.Message) {
		t.Helper()
		if err := a.handle(t.Context(), nil, m); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, started, repeated, cancelled, late uint64) {
		t.Helper()
		got := []uint64{counts.Started.Load(), counts.Repeated.Load(), counts.Cancelled.Load(), counts.CancelledLate.Load()}
		if want := []uint64{started, repeated, cancelled, late}; got[0] != want[0] || got[1] != want[1] || got[2] != want[2] || got[3] != want[3] {
			t.Fatalf("%s: got %d started, repeated, cancelled, late; want %d", what, got, want)
		}
	}
	id := "real/" + time.Now().Format(time.RFC3339Nano) // a slash, which the workflow's ID escapes
	call := string(sb.NewCallID("crm", id))
	take(request(id, ""))
	expect("request", 1, 0, 0, 0)
	take(request(id, ""))
	expect("the same while it runs", 1, 1, 0, 0)
	take(cancellation(id, ""))
	expect("cancellation while it runs", 1, 1, 1, 0)
	if err := c.TerminateWorkflow(t.Context(), call, "", "test"); err != nil {
		t.Fatal(err)
	}
	take(request(id, ""))
	expect("the same when it is over", 1, 2, 1, 0)
	take(cancellation(id, ""))
	expect("cancellation when it is over", 1, 2, 1, 1)

	id += "-early"
	take(cancellation(id, ""))
	expect("cancellation first", 1, 2, 2, 1)
	take(request(id, ""))
	expect("then the request", 1, 3, 2, 1)
	d, err := c.DescribeWorkflowExecution(t.Context(), string(sb.NewCallID("crm", id)), "")
	if err != nil {
		t.Fatal(err)
	}
	if info := d.GetWorkflowExecutionInfo(); info.GetType().GetName() != sb.CallWorkflow || info.GetTaskQueue() != sb.CallQueue {
		t.Errorf("workflow %s on queue %s", info.GetType().GetName(), info.GetTaskQueue())
	}
	if err := c.TerminateWorkflow(t.Context(), string(sb.NewCallID("crm", id)), "", "test"); err != nil {
		t.Error(err)
	}

	nowhere, err := client.NewLazyClient(client.Options{HostPort: address, Namespace: "there-is-none", Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	defer nowhere.Close()
	other, stop, done := admit(nowhere), make(chan struct{}), make(chan error)
	go func() { done <- other.handle(t.Context(), stop, request("1", "")) }()
	waitFor(t, "advice about the namespace", func() bool { return strings.Contains(other.temporal.problem(), "TEMPORAL_NAMESPACE") }, other.temporal.problem)
	close(stop)
	if err := <-done; err != errStopped {
		t.Errorf("got %v", err)
	}
}
