package workflows_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/telemetry"
	"switchboard/workflows"
)

func traced(t *testing.T) (*telemetry.Telemetry, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	tel, err := telemetry.New(telemetry.Config{Process: "test", Exporter: spans})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Close(context.Background()) })
	return tel, spans
}

// One call from beginning to end: what workflow, activities and webhook tell of it is one trace, and holds nothing of the
// caller. e2e's TestOneTraceOfOneCall has the hops that need a real Temporal and Kafka.
func TestACallIsOneTrace(t *testing.T) {
	tel, exported := traced(t)
	w := virtual.New(t, virtual.Options{Telemetry: tel})
	r := w.Request(anybody)
	if got := w.Run(r); got.Outcome != sb.Completed {
		t.Fatalf("got %+v\n%s", got, w.Story())
	}
	spans := exported.GetSpans()
	of := map[string]int{}
	for _, s := range spans {
		of[s.Name]++
		if s.SpanContext.TraceID().String() != telemetry.TraceID(r.Call()) {
			t.Errorf("%s is of another trace", s.Name)
		}
	}
	for _, name := range []string{
		"RunWorkflow:Call", "StartActivity:CreateTask", "StartActivity:DialAgent", "StartActivity:AcceptOffer", "StartActivity:DialCaller", "StartActivity:CloseTask",
		"StartActivity:Publish", "POST /v1/Workspaces/{WS}/Tasks", "POST /2010-04-01/Accounts/{AC}/Conferences/{id}/Participants",
		"POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants", "POST " + sb.PathTaskAssigned, "POST " + sb.PathLeg, "POST " + sb.PathRoom,
		"HandleSignal:offer", "HandleSignal:leg", "HandleSignal:room",
	} {
		if of[name] == 0 {
			t.Errorf("no span tells of %s", name)
		}
	}
	if of["RunWorkflow:Call"] != 1 {
		t.Errorf("the run is told %d times", of["RunWorkflow:Call"])
	}
	file := filepath.Join(t.ArtifactDir(), "trace.json")
	text, err := json.MarshalIndent(spans, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, personal := range []string{"7700900", "2079460000", "Zoë", "Example", "cover"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the trace holds %q: see %s", personal, file)
		}
	}
}

// What was told when it happened is not told again in a replay, and to trace changes nothing that is replayed.
func TestAReplayTellsNothing(t *testing.T) {
	tel, exported := traced(t)
	var o client.Options
	tel.Temporal(&o)
	replayer, err := worker.NewWorkflowReplayerWithOptions(worker.WorkflowReplayerOptions{
		DisableDeadlockDetection: true, Interceptors: []interceptor.WorkerInterceptor{o.Interceptors[0].(interceptor.WorkerInterceptor)},
	})
	if err != nil {
		t.Fatal(err)
	}
	replayer.RegisterWorkflowWithOptions(workflows.Call, workflow.RegisterOptions{Name: sb.CallWorkflow})
	// Under the name of a call: what is none has no trace.
	options := worker.ReplayWorkflowHistoryOptions{OriginalExecution: workflow.Execution{ID: string(sb.NewCallID("test", "1")), RunID: "1"}}
	for _, name := range historyNames(t) {
		if err := replayer.ReplayWorkflowHistoryWithOptions(nil, readHistory(t, name), options); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if spans := exported.GetSpans(); len(spans) > 0 {
			t.Errorf("%s: %d spans, the first %q", name, len(spans), spans[0].Name)
		}
		exported.Reset()
	}
}
