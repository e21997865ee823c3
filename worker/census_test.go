package worker

import (
	"context"
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.temporal.io/api/workflowservice/v1"

	"switchboard/telemetry"
)

// visibility answers counts, but for the first few.
type visibility struct {
	mu      sync.Mutex
	refuses int
	queries []string
}

func (v *visibility) asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.queries)
}

func (v *visibility) CountWorkflow(_ context.Context, r *workflowservice.CountWorkflowExecutionsRequest) (*workflowservice.CountWorkflowExecutionsResponse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.queries = append(v.queries, r.GetQuery())
	if v.refuses > 0 {
		v.refuses--
		return nil, errors.New("too many questions")
	}
	return &workflowservice.CountWorkflowExecutionsResponse{Count: int64(len(v.queries))}, nil
}

func TestACensusThatFailsIsFollowedByTheNext(t *testing.T) {
	tel, err := telemetry.New(telemetry.Config{Process: "worker"})
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		v := &visibility{refuses: 1}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			takeCensus(ctx, v, tel, slog.New(slog.DiscardHandler))
		}()
		synctest.Wait()
		if n := len(v.asked()); n != 1 {
			t.Errorf("after a refusal %d more counts were asked for at once, want none", n-1)
		}
		time.Sleep(censusEvery) // of the bubble's own clock
		synctest.Wait()
		cancel()
		<-done
		if want := "WorkflowType = 'Call' AND ExecutionStatus = 'Running' AND CallStage = 'retry_planned'"; v.asked()[len(v.asked())-1] != want {
			t.Errorf("asked %q, want %q", v.asked()[len(v.asked())-1], want)
		}
	})
	w := httptest.NewRecorder()
	tel.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	if text := w.Body.String(); !strings.Contains(text, `switchboard_running_calls{stage="queued"} 2`) || !strings.Contains(text, `stage="retry_planned"} 8`) {
		t.Errorf("the metrics do not tell the counts:\n%s", text)
	}
}
