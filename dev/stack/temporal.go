package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	namespacepb "go.temporal.io/api/namespace/v1"
	"go.temporal.io/api/serviceerror"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"google.golang.org/protobuf/types/known/durationpb"

	sb "switchboard"
	"switchboard/codec"
)

// retention is how long closed workflows are kept: as long as Kafka keeps requests, for a request that is read again
// after its workflow is forgotten would ring the caller again. The dev server's default is a day.
const retention = 7 * 24 * time.Hour

// launchTemporal starts the server, which takes a moment, and does not wait.
func (s *Stack) launchTemporal(context.Context) error {
	args := []string{
		"server", "start-dev", "--ip", "127.0.0.1", "--port", strconv.Itoa(portOf(s.at.Temporal)), "--namespace", Namespace,
		"--db-filename", filepath.Join(s.o.Dir, "temporal.db"),
		// The default journal waits for the disk at every step: 9 calls a second instead of 25.
		"--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal",
		// The default of 20 a second for the dev server's one shard adds 40 ms to every step of a call.
		"--dynamic-config-value", "history.transferProcessorMaxPollRPS=2000",
		"--dynamic-config-value", "history.timerProcessorMaxPollRPS=2000",
		"--dynamic-config-value", "history.visibilityProcessorMaxPollRPS=200",
		"--disable-config-file", "--disable-config-env",
	}
	for _, setting := range s.o.TemporalSettings {
		args = append(args, "--dynamic-config-value", setting)
	}
	if s.at.TemporalUI == "" {
		args = append(args, "--headless")
	} else {
		// Not --ui-codec-endpoint: where the server names one, browsers send no cookies there, whatever is set in them.
		args = append(args, "--ui-port", strconv.Itoa(portOf(s.at.TemporalUI)))
	}
	env := shellEnvironment()
	env["TEMPORAL_VERSION_CHECK_DISABLED"] = "1" // or it asks version-info.temporal.io: nothing here leaves the machine
	err := s.launch(&process{
		name: Temporal, path: s.bin.temporal, args: args, env: list(env), ready: s.temporalAnswers, grace: 10 * time.Second,
	})
	s.atStop("Temporal", func(ctx context.Context) error { return s.part(Temporal).stop(ctx) })
	return err
}

func (s *Stack) awaitTemporal(ctx context.Context) (err error) {
	step := s.o.Progress.Step("Temporal")
	defer func() { step.Done(s.at.Temporal, err) }()
	options := client.Options{HostPort: s.at.Temporal, Namespace: Namespace, Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))}
	codec.Options(&options, s.keys)
	s.temporal, err = client.NewLazyClient(options)
	if err != nil {
		return err
	}
	s.atStop("", func(context.Context) error { s.temporal.Close(); return nil })
	if err := s.part(Temporal).await(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	_, err = s.temporal.WorkflowService().UpdateNamespace(ctx, &workflowservice.UpdateNamespaceRequest{
		Namespace: Namespace,
		Config:    &namespacepb.NamespaceConfig{WorkflowExecutionRetentionTtl: durationpb.New(retention)},
	})
	if err != nil {
		return fmt.Errorf("temporal: set the retention: %w", err)
	}
	return nil
}

// temporalAnswers asks for the namespace and for workflows in it: the parts of the server come up one after another.
func (s *Stack) temporalAnswers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	if _, err := s.temporal.CheckHealth(ctx, nil); err != nil {
		return err
	}
	if _, err := s.temporal.WorkflowService().DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: Namespace}); err != nil {
		return err
	}
	_, err := s.temporal.DescribeWorkflowExecution(ctx, "nobody", "")
	if _, none := errors.AsType[*serviceerror.NotFound](err); none {
		return nil
	}
	return err
}

// polls asks Temporal whether this life of a worker has asked for work of every kind.
func (s *Stack) polls(ctx context.Context, worker *process) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	began, identity := worker.startedAt(), strconv.Itoa(worker.pid())+"@" // the SDK's: process@host@
	for _, want := range []struct {
		queue string
		kind  enumspb.TaskQueueType
	}{
		{sb.CallQueue, enumspb.TASK_QUEUE_TYPE_WORKFLOW},
		{sb.CallQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY},
		{sb.DialQueue, enumspb.TASK_QUEUE_TYPE_ACTIVITY},
	} {
		answer, err := s.temporal.WorkflowService().DescribeTaskQueue(ctx, &workflowservice.DescribeTaskQueueRequest{
			Namespace: Namespace, TaskQueue: &taskqueuepb.TaskQueue{Name: want.queue}, TaskQueueType: want.kind,
		})
		if err != nil {
			return err
		}
		polls := false
		for _, p := range answer.GetPollers() { // those of other workers and earlier lives are listed for some minutes
			polls = polls || p.GetLastAccessTime().AsTime().After(began) && strings.HasPrefix(p.GetIdentity(), identity)
		}
		if !polls {
			return fmt.Errorf("nobody of process %s asks for work on %s", strings.TrimSuffix(identity, "@"), want.queue)
		}
	}
	return nil
}
