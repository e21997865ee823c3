package e2e

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/proto"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/internal/privacy"
	"switchboard/telemetry"
)

// A whole run with encryption on: nothing of the callers is in what Temporal keeps, in the logs, metrics and traces of our
// processes, in the identities and search attributes, nor in the events. The same callers' marks are found as soon as the
// keys are used: the search is not blind.
func TestNothingOfACallerIsLeftInTheClear(t *testing.T) {
	c := &collector{news: make(chan struct{}, 1)}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	workers, webhooks := stack.FreeAddress(nil), stack.FreeAddress(nil)
	ctx, s := start(t, stack.Options{Encrypt: true, Env: map[string]string{
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "SWITCHBOARD_LOG_LEVEL": "debug",
		"SWITCHBOARD_WORKER_LISTEN": workers, "SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN": webhooks,
	}})
	outcomes := map[string]sb.Outcome{ // the last but two digits are those of phones whose behaviour is the simulator's own
		"+447700900001": sb.Completed, "+447700900003": sb.NoAnswer, "+447700900004": sb.Busy, "+447700900006": sb.Unreachable,
	}
	names := []string{"Xanthe Quillfeather", "Ptolemy Marchbanks", "Isolde Featherstonehaugh", "Barnaby Thistlewood"}
	var marks privacy.Marks
	calls := map[string]sb.CallID{} // by telephone
	for phone := range outcomes {
		r := request(phone)
		r.Caller.Name, r.Reason = names[len(calls)], fmt.Sprintf("a marzipan lorry, the %dth", len(calls)+1)
		marks = append(marks, privacy.Of(r)...)
		calls[phone] = place(ctx, t, s, r)
	}
	for phone, call := range calls {
		if end := ended(ctx, t, s, call, phone); end.Outcome != outcomes[phone] {
			t.Errorf("%s: got %s, want %s", call, end.Outcome, outcomes[phone])
		}
		history, raw := rawHistory(ctx, t, s, call)
		if found := marks.In(raw); len(found) > 0 {
			t.Errorf("what Temporal keeps of %s holds %q", call, found)
		}
		// With the keys it is all there.
		input := history.GetEvents()[0].GetWorkflowExecutionStartedEventAttributes().GetInput()
		if found := marks.In(decrypted(t, s, input)); len(found) < 3 {
			t.Errorf("%s: only %q were found in the decrypted input: is the search blind?", call, found)
		}
		described, err := s.TemporalClient().DescribeWorkflowExecution(ctx, string(call), "")
		if err != nil {
			t.Fatal(err)
		}
		look(t, marks, "the list of calls", described)
		for e, err := range s.Events(ctx, call) {
			if err != nil {
				t.Fatal(err)
			}
			if found := marks.In(fmt.Sprintf("%+v", e)); len(found) > 0 {
				t.Errorf("the event %+v holds %q", e, found)
			}
			if e.Data.Stage == sb.StageEnded {
				break
			}
		}
	}
	for url, tells := range map[string]string{ // what these calls have left there: the search is not blind here either
		"http://" + workers + "/metrics":            `outcome="busy"`,
		"http://" + webhooks + "/metrics":           `what="signalled_leg"`,
		"http://" + s.At().Intake + "/metrics":      "switchboard_intake_started_total 4",
		"http://" + s.At().Webhook + "/debug/stats": "signalled_leg",
	} {
		text := get(ctx, t, url)
		if found := marks.In(text); len(found) > 0 {
			t.Errorf("%s holds %q", url, found)
		}
		if !strings.Contains(text, tells) {
			t.Errorf("%s does not tell of the calls: no %s", url, tells)
		}
	}
	for _, part := range []string{stack.Intake, stack.Webhook, stack.Worker} { // the last spans are sent, the last lines written
		if err := s.StopPart(ctx, part); err != nil {
			t.Fatal(err)
		}
	}
	if found := marks.In(string(c.json(t))); len(found) > 0 {
		t.Errorf("the traces hold %q", found)
	}
	for _, call := range calls {
		if !slices.Contains(c.traces(), telemetry.TraceID(call)) {
			t.Errorf("%s has no trace", call)
		}
	}
	for _, part := range []string{stack.Worker, stack.Webhook, stack.Intake, stack.Temporal} {
		if found := marks.In(s.Logs(part)); len(found) > 0 {
			t.Errorf("the log of %s holds %q", part, found)
		}
	}
}

// Without encryption the same search finds them.
func TestWithoutEncryptionTheSearchFinds(t *testing.T) {
	ctx, s := start(t, stack.Options{})
	r := request("+447700900004")
	r.Caller.Name, r.Reason = "Xanthe Quillfeather", "a marzipan lorry"
	call := place(ctx, t, s, r)
	ended(ctx, t, s, call, r.Caller.Phone)
	_, raw := rawHistory(ctx, t, s, call)
	if found := privacy.Of(r).In(raw); len(found) < 3 {
		t.Errorf("found %q alone", found)
	}
}

// rawHistory is what Temporal keeps of a call, as it is stored.
func rawHistory(ctx context.Context, t *testing.T, s *stack.Stack, call sb.CallID) (*historypb.History, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	whole := &historypb.History{}
	events := s.TemporalClient().GetWorkflowHistory(ctx, string(call), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			t.Fatal(err)
		}
		whole.Events = append(whole.Events, e)
	}
	if len(whole.GetEvents()) < 10 {
		t.Fatalf("%s has only %d events", call, len(whole.GetEvents()))
	}
	raw, err := proto.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	return whole, string(raw)
}

func look(t *testing.T, marks privacy.Marks, where string, described *workflowservice.DescribeWorkflowExecutionResponse) {
	t.Helper()
	raw, err := proto.Marshal(described)
	if err != nil {
		t.Fatal(err)
	}
	if found := marks.In(string(raw)); len(found) > 0 {
		t.Errorf("%s holds %q", where, found)
	}
}

func decrypted(t *testing.T, s *stack.Stack, payloads *commonpb.Payloads) string {
	t.Helper()
	clear, err := s.Keys().Decode(payloads.GetPayloads())
	if err != nil {
		t.Fatal(err)
	}
	raw, err := proto.Marshal(&commonpb.Payloads{Payloads: clear})
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func get(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || len(text) == 0 {
		t.Fatalf("%s: %d, %d bytes, %v", url, res.StatusCode, len(text), err)
	}
	return string(text)
}
