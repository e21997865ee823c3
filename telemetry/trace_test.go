package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

var call = sb.NewCallID("crm", "1")

// traced has spans kept in memory.
func traced(t *testing.T) (*Telemetry, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	return newTelemetry(t, Config{Process: "test", Exporter: spans}), spans
}

func find(t *testing.T, spans tracetest.SpanStubs, name string) tracetest.SpanStub {
	t.Helper()
	var found []tracetest.SpanStub
	for _, s := range spans {
		if s.Name == name {
			found = append(found, s)
		}
	}
	if len(found) != 1 {
		t.Fatalf("there are %d spans %q, want 1; there are %q", len(found), name, names(spans))
	}
	return found[0]
}

func names(spans tracetest.SpanStubs) (all []string) {
	for _, s := range spans {
		all = append(all, s.Name)
	}
	return all
}

func TestProcessesAgreeOnATraceWithoutSpeaking(t *testing.T) {
	intake, first := traced(t)
	webhook, second := traced(t)
	worker, third := traced(t)
	producer := "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	intake.Admitted(t.Context(), call, time.Now(), Record{Topic: "call.requests", TraceParent: producer})
	_, told := webhook.Callback(t.Context(), call, "/leg", time.Now())
	told(false)
	_, done := worker.TwilioRequest(InCall(t.Context(), call), http.MethodGet, "https://api.twilio.com/2010-04-01/Accounts")
	done(Reply{Status: 503, Error: "TwilioUnclear (503)"})

	root := find(t, first.GetSpans(), "process call.requests")
	if root.Parent.IsValid() || root.SpanContext.TraceID().String() != TraceID(call) {
		t.Errorf("the event's span is %v under %v, want the first of the trace %s", root.SpanContext, root.Parent, TraceID(call))
	}
	if len(root.Links) != 1 || root.Links[0].SpanContext.TraceID().String() != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("the producer's trace is not linked: %v", root.Links)
	}
	for _, s := range []tracetest.SpanStub{find(t, second.GetSpans(), "POST /leg"), find(t, third.GetSpans(), "GET /2010-04-01/Accounts")} {
		if s.SpanContext.TraceID() != root.SpanContext.TraceID() || s.Parent.SpanID() != root.SpanContext.SpanID() {
			t.Errorf("%s does not hang on the event's span", s.Name)
		}
		if s.Status.Code != codes.Error {
			t.Errorf("%s failed and does not say so", s.Name)
		}
	}
}

func TestOnlyCallsHaveTraces(t *testing.T) {
	tel, spans := traced(t)
	_, done := tel.TwilioRequest(t.Context(), http.MethodGet, "https://taskrouter.twilio.com/v1/Workspaces")
	done(Reply{Status: 200})
	_, done = tel.TwilioRequest(InCall(t.Context(), "sweep"), http.MethodGet, "https://taskrouter.twilio.com/v1/Workspaces")
	done(Reply{Status: 200})
	if got := spans.GetSpans(); len(got) > 0 {
		t.Errorf("spans without a call: %q", names(got))
	}
}

// both is the interceptor of a client and of its workers.
func both(t *testing.T, tel *Telemetry) interceptor.WorkerInterceptor {
	t.Helper()
	var o client.Options
	tel.Temporal(&o)
	if len(o.Interceptors) != 1 {
		t.Fatalf("%d interceptors, want 1", len(o.Interceptors))
	}
	return o.Interceptors[0].(interceptor.WorkerInterceptor)
}

func ask(ctx workflow.Context) error {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
	return workflow.ExecuteActivity(ctx, "Ask").Get(ctx, nil)
}

// runAsk runs a workflow with one activity, which makes one request.
func runAsk(t *testing.T, tel *Telemetry) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetWorkerOptions(worker.Options{Interceptors: []interceptor.WorkerInterceptor{both(t, tel)}})
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{ID: string(call)})
	env.RegisterWorkflow(ask)
	env.RegisterActivityWithOptions(func(ctx context.Context) error {
		_, done := tel.TwilioRequest(ctx, http.MethodGet, "https://api.twilio.com/2010-04-01/Accounts")
		done(Reply{Status: 200})
		return nil
	}, activity.RegisterOptions{Name: "Ask"})
	env.ExecuteWorkflow(ask)
	if err := env.GetWorkflowError(); err != nil {
		t.Fatal(err)
	}
}

func TestTheHopsOfAWorkflow(t *testing.T) {
	tel, exported := traced(t)
	runAsk(t, tel)
	spans := exported.GetSpans()
	above := rootOf(call).SpanID()
	for _, name := range []string{"RunWorkflow:ask", "StartActivity:Ask", "RunActivity:Ask", "GET /2010-04-01/Accounts"} {
		s := find(t, spans, name)
		if s.SpanContext.TraceID().String() != TraceID(call) {
			t.Errorf("%s is not in the call's trace", name)
		}
		if s.Parent.SpanID() != above {
			t.Errorf("%s hangs on %v, want the one above it, %v", name, s.Parent.SpanID(), above)
		}
		above = s.SpanContext.SpanID()
	}
}

// A worker that lets go of a run ends its code without a result, and one that replays it comes to the end once more.
func TestARunIsToldOnceAndKeepsItsName(t *testing.T) {
	tel, exported := traced(t)
	h := &hops{t: tel}
	start := func() *run {
		s, err := h.StartSpan(&interceptor.TracerStartSpanOptions{
			Operation: "RunWorkflow", Name: "Call", Time: time.Now(), IdempotencyKey: "run 1", Tags: map[string]string{workflowIDTag: string(call)},
		})
		if err != nil {
			t.Fatal(err)
		}
		return s.(*run)
	}
	letGo, last := start(), start()
	letGo.Finish(&interceptor.TracerFinishSpanOptions{})
	last.over = true
	last.Finish(&interceptor.TracerFinishSpanOptions{Error: errors.New("of +447700900001")})
	s := find(t, exported.GetSpans(), "RunWorkflow:Call")
	if s.SpanContext.SpanID() != letGo.sc.SpanID() {
		t.Error("what was told before the worker let go hangs on a span that nobody tells")
	}
	if s.Status.Code != codes.Error || strings.Contains(s.Status.Description, "7700900") {
		t.Errorf("the status is %v, want an error without its text", s.Status)
	}
}

// What is done to a call from the trace of another is of the call's trace, and linked.
func TestACallHasOneTraceWhoeverActs(t *testing.T) {
	tel, exported := traced(t)
	other := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{1}, SpanID: trace.SpanID{1}, TraceFlags: trace.FlagsSampled})
	s, err := (&hops{t: tel}).StartSpan(&interceptor.TracerStartSpanOptions{
		Operation: "SignalWorkflow", Name: "offer", Parent: parent{other}, ToHeader: true, Tags: map[string]string{workflowIDTag: string(call)},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Finish(&interceptor.TracerFinishSpanOptions{})
	got := find(t, exported.GetSpans(), "SignalWorkflow:offer")
	if got.SpanContext.TraceID().String() != TraceID(call) || len(got.Links) != 1 || got.Links[0].SpanContext.TraceID() != other.TraceID() {
		t.Errorf("got %v with links %v", got.SpanContext, got.Links)
	}
}

func TestLogsAreJoinedByTheCall(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(Logs(slog.NewJSONHandler(&out, nil)))
	for name, say := range map[string]func(){
		"the record":             func() { log.Info("x", "call", call) },
		"the context":            func() { log.InfoContext(InCall(t.Context(), call), "x") },
		"both":                   func() { log.InfoContext(InCall(t.Context(), call), "x", "call", string(call)) },
		"the logger":             func() { log.With("call", call).InfoContext(InCall(t.Context(), call), "x") },
		"Temporal's logger":      func() { log.With("Namespace", "default", "WorkflowID", string(call)).Info("x") },
		"Temporal's own records": func() { log.Info("x", "WorkflowID", string(call)) },
	} {
		t.Run(name, func(t *testing.T) {
			out.Reset()
			say()
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatal(err)
			}
			if line["call"] != string(call) || line["trace_id"] != TraceID(call) || strings.Count(out.String(), `"call"`)+strings.Count(out.String(), `"trace_id"`) != 2 {
				t.Errorf("got %s", out.String())
			}
		})
	}
	out.Reset()
	log.With("WorkflowID", "sweep").InfoContext(InCall(t.Context(), "no call"), "x", "call", "none")
	if strings.Contains(out.String(), "trace_id") {
		t.Errorf("what is about no call has a trace: %s", out.String())
	}
}

// Without a collector there is nothing to pay for.
func TestWithoutACollector(t *testing.T) {
	tel := newTelemetry(t, Config{Process: "test"})
	var o client.Options
	tel.Temporal(&o)
	if len(o.Interceptors) > 0 {
		t.Error("headers are written into histories, for nobody")
	}
	if o.MetricsHandler == nil {
		t.Error("the SDK's metrics are not counted")
	}
	tel.Admitted(t.Context(), call, time.Now(), Record{})
}

var _ sdktrace.IDGenerator = identities{}
