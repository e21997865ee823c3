package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/codec"
	"switchboard/dev/stack"
	"switchboard/workflows"
)

var (
	record = flag.Bool("record", false, "keep the histories of calls that have a name for the replay test of package workflows")
	// forgetful workers find what a worker's memory hides: a step that depends on more than the history.
	forgetful = flag.Bool("forgetful", false, "with a worker that remembers no call from one step to the next: each workflow task replays the call")
)

// recordings are the names of calls whose histories are worth keeping.
var recordings sync.Map // sb.CallID to string

// keep names a call for its recording.
func keep(call sb.CallID, name string) { recordings.Store(call, name) }

// replayAll replays every call of a stack on the code that has just run it.
func replayAll(t *testing.T, s *stack.Stack) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	list, err := s.TemporalClient().ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: stack.Namespace, Query: fmt.Sprintf("WorkflowType = '%s'", sb.CallWorkflow),
	})
	if err != nil {
		t.Errorf("list the calls: %v", err)
		return
	}
	for _, e := range list.GetExecutions() {
		id, run := e.GetExecution().GetWorkflowId(), e.GetExecution().GetRunId()
		h, err := history(ctx, s, id, run)
		if err != nil {
			t.Errorf("%s: read its history: %v", id, err)
			return
		}
		var options client.Options
		codec.Options(&options, s.Keys())
		replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
			DisableDeadlockDetection: true, DataConverter: options.DataConverter, FailureConverter: options.FailureConverter,
		})
		if err != nil {
			t.Fatal(err)
		}
		replayer.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
		if err := replayer.ReplayWorkflowHistory(nil, h); err != nil {
			t.Errorf("%s does not replay: %v", id, err)
		}
		if *forgetful && remembered(h) {
			t.Errorf("%s: the worker remembered it, which it should not", id)
		}
		name, named := recordings.Load(sb.CallID(id))
		if *record && named && !t.Failed() {
			if h.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetContinuedExecutionRunId() != "" {
				name = name.(string) + "-continued"
			}
			if err := write(name.(string), h); err != nil {
				t.Errorf("record: %v", err)
			}
		}
	}
}

func history(ctx context.Context, s *stack.Stack, id, run string) (*historypb.History, error) {
	var h historypb.History
	for iter := s.TemporalClient().GetWorkflowHistory(ctx, id, run, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); iter.HasNext(); {
		event, err := iter.Next()
		if err != nil {
			return nil, err
		}
		h.Events = append(h.Events, event)
	}
	return &h, nil
}

// remembered: some workflow task went to the worker that had the last one, for what it kept in memory.
func remembered(h *historypb.History) bool {
	for _, e := range h.GetEvents() {
		if e.GetWorkflowTaskScheduledEventAttributes().GetTaskQueue().GetKind() == enumspb.TASK_QUEUE_KIND_STICKY {
			return true
		}
	}
	return false
}

// What tells of the machine does not matter.
var (
	identity = regexp.MustCompile(`"identity": *"[^"]*"`)
	sticky   = regexp.MustCompile(`"name": *"[^"]*", *"kind": *"TASK_QUEUE_KIND_STICKY"`)
)

// write keeps a history, under the day of its recording: those of other days stay, for calls that began then may still
// be running when today's code is deployed.
func write(name string, h *historypb.History) error {
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err != nil {
		return err
	}
	text = identity.ReplaceAll(text, []byte(`"identity":""`))
	text = sticky.ReplaceAll(text, []byte(`"name":"sticky","kind":"TASK_QUEUE_KIND_STICKY"`))
	var packed bytes.Buffer
	z, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	folder := filepath.Join("..", "workflows", "testdata", "histories", time.Now().UTC().Format(time.DateOnly))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, name+".json.gz"), packed.Bytes(), 0o644)
}

// forgetfulBinary is the product with one line more, which no production setting can say: its worker keeps no call in
// memory.
var forgetfulBinary = sync.OnceValues(func() (string, error) {
	root, err := stack.Root()
	if err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "forgetful")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	line, list := filepath.Join(dir, "forgetful.go"), filepath.Join(dir, "overlay.json")
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "cmd", "switchboard", "forgetful.go"): line}})
	if err != nil {
		return "", err
	}
	const text = "package main\n\nimport \"go.temporal.io/sdk/worker\"\n\nfunc init() { worker.SetStickyWorkflowCacheSize(0) }\n"
	if err := errors.Join(os.WriteFile(line, []byte(text), 0o644), os.WriteFile(list, overlay, 0o644)); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	binary := filepath.Join(root, ".dev", "bin", "switchboard-forgetful")
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", binary, "./cmd/switchboard")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the forgetful worker: %w\n%s", err, out)
	}
	return binary, nil
})
