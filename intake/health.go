package intake

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"

	"switchboard/health"
)

// Counts is what has happened since the process began; /metrics shows it.
type Counts struct {
	Started       atomic.Uint64 // calls started
	Repeated      atomic.Uint64 // requests that were known already
	Cancelled     atomic.Uint64 // cancellations passed on
	CancelledLate atomic.Uint64 // cancellations of calls that were over
	DeadLetters   atomic.Uint64
	Commits       atomic.Uint64
	Generations   atomic.Uint64 // of the consumer group: rebalances
	OffsetResets  atomic.Uint64 // partitions read again from the beginning
	Expired       atomic.Uint64 // records deleted before they were read
	Restarts      atomic.Uint64 // of the consumer, by the watchdog
	Lag           atomic.Uint64 // records not passed yet, as of the watchdog's last look
}

func (c *Counts) text() string {
	var b strings.Builder
	for _, m := range []struct {
		name, kind, help string
		value            *atomic.Uint64
	}{
		{"started_total", "counter", "Calls started.", &c.Started},
		{"repeated_total", "counter", "Requests that were known already.", &c.Repeated},
		{"cancelled_total", "counter", "Cancellations passed on.", &c.Cancelled},
		{"cancelled_late_total", "counter", "Cancellations of calls that were over.", &c.CancelledLate},
		{"dead_letters_total", "counter", "Records written to the dead letters.", &c.DeadLetters},
		{"commits_total", "counter", "Offset commits.", &c.Commits},
		{"generations_total", "counter", "Generations of the consumer group joined.", &c.Generations},
		{"offset_resets_total", "counter", "Partitions read again from the beginning because their offset was past the end.", &c.OffsetResets},
		{"expired_total", "counter", "Records deleted by retention before they were read.", &c.Expired},
		{"restarts_total", "counter", "Restarts of the consumer by its watchdog.", &c.Restarts},
		{"lag", "gauge", "Records of the assigned partitions not passed yet.", &c.Lag},
	} {
		name := "switchboard_intake_" + m.name
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n%s %d\n", name, m.help, name, m.kind, name, m.value.Load())
	}
	return b.String()
}

// handler answers what package health has, and /metrics.
func handler(problems func(context.Context) []string, counts *Counts) http.Handler {
	mux := health.New(problems)
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		fmt.Fprint(w, counts.text())
	})
	return mux
}
