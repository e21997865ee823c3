package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/temporalproto"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/workflows"
)

// replayAll replays every call of a stack on the code that has just run it: nothing else shows in time that a step
// depends on more than the history. With RECORD_HISTORIES=folder it also keeps them, for the replay test of package
// workflows.
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
	for i, e := range list.GetExecutions() {
		id := e.GetExecution().GetWorkflowId()
		var h historypb.History
		for iter := s.TemporalClient().GetWorkflowHistory(ctx, id, e.GetExecution().GetRunId(), false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT); iter.HasNext(); {
			event, err := iter.Next()
			if err != nil {
				t.Errorf("%s: read its history: %v", id, err)
				return
			}
			h.Events = append(h.Events, event)
		}
		replayer := worker.NewWorkflowReplayer()
		replayer.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
		if err := replayer.ReplayWorkflowHistory(nil, &h); err != nil {
			t.Errorf("%s does not replay: %v", id, err)
		}
		if folder := os.Getenv("RECORD_HISTORIES"); folder != "" {
			record(t, filepath.Join(folder, fmt.Sprintf("%s-%02d.json", strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(t.Name(), "Test"), "/", "-")), i+1)), &h)
		}
	}
}

// identity is which machine it was; that does not matter.
var identity = regexp.MustCompile(`"identity": *"[^"]*"`)

func record(t *testing.T, file string, h *historypb.History) {
	t.Helper()
	text, err := temporalproto.CustomJSONMarshalOptions{}.Marshal(h)
	if err == nil {
		err = os.WriteFile(file, identity.ReplaceAll(text, []byte(`"identity":""`)), 0o644)
	}
	if err != nil {
		t.Errorf("record: %v", err)
	}
}
