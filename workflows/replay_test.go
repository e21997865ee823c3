package workflows_test

import (
	"path/filepath"
	"testing"

	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/workflows"
)

// Calls that were recorded on a real server must replay on today's code: calls like them are running while it is
// deployed. A change that breaks one needs workflow.GetVersion, not a new recording. To add recordings, not to replace
// them: RECORD_HISTORIES=$PWD/workflows/testdata/histories go test ./e2e.
func TestRecordedHistoriesReplay(t *testing.T) {
	files, err := filepath.Glob("testdata/histories/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded histories: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			replayer := worker.NewWorkflowReplayer()
			replayer.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
			if err := replayer.ReplayWorkflowHistoryFromJSONFile(nil, file); err != nil {
				t.Error(err)
			}
		})
	}
}
