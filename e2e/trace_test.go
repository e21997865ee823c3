package e2e

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	coltracepb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/telemetry"
)

// One call as a collector sees it: the three processes speak to it over OTLP and never to each other about it, and what
// they tell is one trace in which everything hangs together. The file it is written to can be read by any tool for OTLP.
func TestOneTraceOfOneCall(t *testing.T) {
	c := &collector{news: make(chan struct{}, 1)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	ctx, s := start(t, stack.Options{Env: map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_BSP_SCHEDULE_DELAY": "200", // ms
	}})
	const phone = "+447700900001"
	call := place(ctx, t, s, request(phone))
	if end := ended(ctx, t, s, call, phone); end.Outcome != sb.Completed {
		t.Fatalf("the call ended %s", end.Outcome)
	}
	want := []string{
		"switchboard-intake process call.requests", "switchboard-intake StartWorkflow:Call",
		"switchboard-worker RunWorkflow:Call", "switchboard-worker StartActivity:CreateTask", "switchboard-worker RunActivity:CreateTask",
		"switchboard-worker POST /v1/Workspaces/{WS}/Tasks",
		"switchboard-webhook POST " + sb.PathTaskAssigned, "switchboard-webhook SignalWorkflow:offer", "switchboard-worker HandleSignal:offer",
		"switchboard-worker RunActivity:DialAgent", "switchboard-worker POST /2010-04-01/Accounts/{AC}/Conferences/{id}/Participants",
		"switchboard-webhook POST " + sb.PathLeg, "switchboard-webhook POST " + sb.PathRoom, "switchboard-worker HandleSignal:leg", "switchboard-worker HandleSignal:room",
		"switchboard-worker RunActivity:AcceptOffer", "switchboard-worker RunActivity:DialCaller",
		"switchboard-worker POST /2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants",
		"switchboard-worker RunActivity:BindAgent", "switchboard-worker RunActivity:CloseTask", "switchboard-worker RunActivity:Publish",
	}
	file := filepath.Join(t.ArtifactDir(), "trace.json")
	problems := c.await(ctx, want)
	if err := os.WriteFile(file, c.json(t), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s (see %s)", p, file)
	}
	if of := c.traces(); !slices.Equal(of, []string{telemetry.TraceID(call)}) {
		t.Errorf("the spans are of the traces %q, want the call's alone, %s", of, telemetry.TraceID(call))
	}
	for _, personal := range []string{"7700900", "Zoë", "Example", "cover"} {
		if strings.Contains(string(c.json(t)), personal) {
			t.Errorf("the trace holds %q (see %s)", personal, file)
		}
	}
}

// collector takes spans as the OpenTelemetry collector does.
type collector struct {
	news chan struct{} // holds one when something came

	mu       sync.Mutex
	received []*tracepb.ResourceSpans
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 16<<20))
	var in coltracepb.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &in) != nil {
		http.Error(w, "not an export of spans", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	c.received = append(c.received, in.GetResourceSpans()...)
	c.mu.Unlock()
	select {
	case c.news <- struct{}{}:
	default:
	}
	w.Header().Set("Content-Type", "application/x-protobuf") // and an empty answer: all were taken
}

// each calls f with every span and the process that told it.
func (c *collector) each(f func(process string, s *tracepb.Span)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, r := range c.received {
		process := ""
		for _, a := range r.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				process = a.GetValue().GetStringValue()
			}
		}
		for _, scope := range r.GetScopeSpans() {
			for _, s := range scope.GetSpans() {
				f(process, s)
			}
		}
	}
}

// spansWithin bounds the wait for the last spans: processes send them in batches.
const spansWithin = 30 * time.Second

// await returns what is wrong with the spans once nothing is, or when it has waited long enough.
func (c *collector) await(ctx context.Context, want []string) (problems []string) {
	ctx, cancel := context.WithTimeout(ctx, spansWithin)
	defer cancel()
	for {
		if problems = c.problems(want); len(problems) == 0 {
			return nil
		}
		select {
		case <-c.news:
		case <-ctx.Done():
			return problems
		}
	}
}

// problems are hops that nobody told, spans told twice, and spans that hang on nothing.
func (c *collector) problems(want []string) (problems []string) {
	of, ids, names := map[string]int{}, map[string]string{}, map[string]bool{}
	c.each(func(process string, s *tracepb.Span) {
		name := process + " " + s.GetName()
		names[name] = true
		of[name]++
		if twin := ids[string(s.GetSpanId())]; twin != "" {
			problems = append(problems, fmt.Sprintf("%s and %s are one span", name, twin))
		}
		ids[string(s.GetSpanId())] = name
	})
	roots := 0
	c.each(func(process string, s *tracepb.Span) {
		if len(s.GetParentSpanId()) == 0 {
			roots++
		} else if ids[string(s.GetParentSpanId())] == "" {
			problems = append(problems, fmt.Sprintf("%s %s hangs on a span that nobody told", process, s.GetName()))
		}
	})
	if roots != 1 {
		problems = append(problems, fmt.Sprintf("%d spans hang on nothing, want 1: the event", roots))
	}
	for _, name := range want {
		if !names[name] {
			problems = append(problems, "no span tells of "+name)
		}
	}
	for _, once := range []string{"switchboard-worker RunWorkflow:Call", "switchboard-worker RunActivity:DialCaller"} {
		if of[once] > 1 {
			problems = append(problems, fmt.Sprintf("%s is told %d times", once, of[once]))
		}
	}
	return problems
}

func (c *collector) traces() (ids []string) {
	c.each(func(_ string, s *tracepb.Span) { ids = append(ids, hex.EncodeToString(s.GetTraceId())) })
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (c *collector) json(t *testing.T) []byte {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	text, err := protojson.MarshalOptions{Indent: " "}.Marshal(&coltracepb.ExportTraceServiceRequest{ResourceSpans: c.received})
	if err != nil {
		t.Fatal(err)
	}
	return text
}
