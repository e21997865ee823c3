package telemetry

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	sb "switchboard"
)

func newTelemetry(t *testing.T, cfg Config) *Telemetry {
	t.Helper()
	tel, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tel.Close(context.Background()) })
	return tel
}

func scrape(t *testing.T, tel *Telemetry) string {
	t.Helper()
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK {
		t.Fatalf("/metrics answers %d: %s", w.Code, w.Body)
	}
	return w.Body.String()
}

// everything has each of our metrics told once, as the processes do it.
func everything(t *testing.T, tel *Telemetry) {
	t.Helper()
	ctx := t.Context()
	var options client.Options
	tel.Temporal(&options)
	h := options.MetricsHandler
	h.WithTags(map[string]string{LabelStage: "queued"}).Counter(Stages).Inc(1)
	h.WithTags(map[string]string{LabelStage: "caller_ringing", LabelNext: "connected"}).Timer(Stage).Record(12 * time.Second)
	h.WithTags(map[string]string{LabelOutcome: "completed", LabelReason: "none"}).Counter(CallsEnded).Inc(1)
	h.WithTags(map[string]string{LabelOutcome: "completed", LabelReason: "none"}).Counter(AttemptsEnded).Inc(1)
	h.WithTags(map[string]string{LabelHeard: "nothing"}).Counter(CallersWithoutAgent).Inc(0)
	tel.DialQueued(ctx, sb.PartyAgent, time.Second)
	tel.Swept(ctx, map[string]int{"told": 2}, nil)
	tel.Swept(ctx, nil, errors.New("refused"))
	tel.Running(ctx, sb.StageQueued, 3)
	_, done := tel.TwilioRequest(ctx, http.MethodPost, "https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Conferences/switchboard-1a2b/Participants.json")
	done(Reply{Status: 400, Code: 21211, Error: "TwilioRefused (21211)"})
	tel.Served(ctx, "/leg", http.StatusNoContent, 3*time.Millisecond)
	tel.AgentLost(ctx)
	tel.DialNotAllowed(ctx)
	tel.Callbacks(func() map[string]int64 { return map[string]int64{"forged": 7} })
	numbers := map[string]func() int64{}
	for _, m := range Metrics() {
		if strings.HasPrefix(m.Name, "switchboard_intake_") {
			numbers[m.Name] = func() int64 { return 5 }
		}
	}
	tel.Intake(numbers)
}

func TestTheTableIsWhatProcessesShow(t *testing.T) {
	tel := newTelemetry(t, Config{Process: "test"})
	everything(t, tel)
	text := scrape(t, tel)
	shown := map[string]string{} // name to type
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (switchboard_\S+) (\S+)$`).FindAllStringSubmatch(text, -1) {
		shown[m[1]] = m[2]
	}
	for _, m := range Metrics() {
		want := "gauge"
		switch {
		case strings.HasSuffix(m.Name, "_total"):
			want = "counter"
		case strings.HasSuffix(m.Name, "_seconds"):
			want = "histogram"
		}
		if shown[m.Name] != want {
			t.Errorf("%s is shown as %q, want a %s", m.Name, shown[m.Name], want)
		}
		delete(shown, m.Name)
		for _, l := range labelsOf(text, m.Name) {
			if l != "le" && !slices.Contains(m.Labels, l) {
				t.Errorf("%s has the label %s, which the table does not know", m.Name, l)
			}
		}
	}
	for name := range shown {
		t.Errorf("%s is shown and not in the table", name)
	}
	for _, want := range []string{
		`switchboard_twilio_errors_total{code="21211",route="POST /2010-04-01/Accounts/{AC}/Conferences/{id}/Participants"} 1`,
		`switchboard_stage_seconds_bucket{next="connected",stage="caller_ringing",le="15`,
		`switchboard_sweep_found_total{what="told"} 2`, `switchboard_sweeps_total{what="failed"} 1`,
		`switchboard_webhook_callbacks_total{what="forged"} 7`, `switchboard_intake_lag 5`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics do not say %s:\n%s", want, text)
		}
	}
}

// labelsOf are the labels of a metric's series.
func labelsOf(text, name string) (labels []string) {
	series := regexp.MustCompile(`(?m)^` + name + `(?:_bucket|_sum|_count)?\{([^}]*)\}`)
	for _, m := range series.FindAllStringSubmatch(strings.ReplaceAll(text, `/{`, `/(`), -1) {
		for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(m[1], -1) {
			labels = append(labels, l[1])
		}
	}
	return labels
}

func TestRoutesHoldNothingParticular(t *testing.T) {
	for path, want := range map[string]string{
		"/v1/Workspaces/WS0123456789abcdef0123456789abcdef/Tasks/WT0123456789abcdef0123456789abcdef/Reservations":         "/v1/Workspaces/{WS}/Tasks/{WT}/Reservations",
		"/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Conferences/switchboard-1a/Participants/caller-1-1.json": "/2010-04-01/Accounts/{AC}/Conferences/{id}/Participants/{id}",
		"/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Calls.json":                                              "/2010-04-01/Accounts/{AC}/Calls",
		"/v1/Workspaces/+447700900001/ada": "/v1/Workspaces/{id}/{id}",
		"":                                 "",
	} {
		if got := routeOf(path); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// Whoever is given no telemetry is not to care.
func TestNobodyListens(t *testing.T) {
	var tel *Telemetry
	ctx := t.Context()
	_, done := tel.TwilioRequest(ctx, http.MethodGet, "https://api.twilio.com/")
	done(Reply{})
	tel.DialQueued(ctx, sb.PartyAgent, 0)
	tel.Swept(ctx, nil, nil)
	tel.Running(ctx, sb.StageQueued, 0)
	tel.Served(ctx, "/leg", 204, 0)
	tel.AgentLost(ctx)
	tel.DialNotAllowed(ctx)
	tel.Callbacks(nil)
	tel.Intake(nil)
	tel.Admitted(ctx, sb.NewCallID("crm", "1"), time.Now(), Record{})
	if _, told := tel.Callback(ctx, sb.NewCallID("crm", "1"), "/leg", time.Now()); told == nil {
		t.Error("a callback cannot be ended")
	} else {
		told(true)
	}
}
