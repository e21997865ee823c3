package telemetry

import (
	"context"
	"errors"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"

	sb "switchboard"
)

// The labels of our metrics. Their values are few and known: never a call, a SID, a name, a number.
const (
	LabelStage   = "stage"   // an sb.Stage
	LabelNext    = "next"    // the stage after it
	LabelOutcome = "outcome" // an sb.Outcome
	LabelReason  = "reason"  // an sb.Reason, or "none"
	LabelHeard   = "heard"   // apology, or nothing

	labelParty  = "party"  // an sb.Party
	labelWhat   = "what"   // what was counted, in a word
	labelRoute  = "route"  // a method and a path without what is particular in it
	labelStatus = "status" // HTTP's
	labelCode   = "code"   // Twilio's error code, or HTTP's status if it gave none
)

// What workflows count, through Temporal's own handler, which is silent in a replay: its names are without the suffix
// that tells Prometheus the kind.
const (
	Stages              = "switchboard_stages"
	Stage               = "switchboard_stage"
	CallsEnded          = "switchboard_calls_ended"
	AttemptsEnded       = "switchboard_attempts_ended"
	CallersWithoutAgent = "switchboard_callers_without_agent"
)

// Metric is one line of the table of all metrics.
type Metric struct {
	// Name is Prometheus's: it ends in _total (a counter), in _seconds (a histogram of durations), or is a gauge's.
	Name   string
	Labels []string
	Help   string
}

const (
	nameDialQueue    = "switchboard_dial_queue_seconds"
	nameNotAllowed   = "switchboard_dials_not_allowed_total"
	nameSweeps       = "switchboard_sweeps_total"
	nameSweepFound   = "switchboard_sweep_found_total"
	nameRunning      = "switchboard_running_calls"
	nameTwilio       = "switchboard_twilio_request_seconds"
	nameTwilioErrors = "switchboard_twilio_errors_total"
	nameWebhook      = "switchboard_webhook_request_seconds"
	nameCallbacks    = "switchboard_webhook_callbacks_total"
	nameAgentsLost   = "switchboard_agents_lost_total"
)

// Metrics is the table of all metrics of our own. Temporal's SDK has its own beside them, named temporal_….
func Metrics() []Metric {
	return []Metric{
		{Stages + "_total", []string{LabelStage}, "Calls that came to a stage."},
		{Stage + "_seconds", []string{LabelStage, LabelNext}, "How long calls were at a stage, by the one that came next: a ring, for one."},
		{CallsEnded + "_total", []string{LabelOutcome, LabelReason}, "Requests that came to their end."},
		{AttemptsEnded + "_total", []string{LabelOutcome, LabelReason}, "Attempts that ended, the last of each request among them."},
		{CallersWithoutAgent + "_total", []string{LabelHeard}, "Callers who picked up when the agent had gone: abandoned (apology) and silent (nothing) calls."},

		{nameDialQueue, []string{labelParty}, "How long Twilio holds a dial back for the account's calls per second."},
		{nameNotAllowed, nil, "Dials that were not made because the number must not be rung."},
		{nameSweeps, []string{labelWhat}, "Sweeps over the workspace that were finished (done) and that were not (failed)."},
		{nameSweepFound, []string{labelWhat}, "What sweeps found that webhooks should have told or a call should have cleaned up."},
		{nameRunning, []string{LabelStage}, "Calls that are running, in the whole namespace, by stage; every worker tells the same."},
		{nameTwilio, []string{labelRoute, labelStatus}, "Requests to Twilio."},
		{nameTwilioErrors, []string{labelRoute, labelCode}, "Requests to Twilio that did not succeed, by its error code."},

		{nameWebhook, []string{labelRoute, labelStatus}, "Requests of Twilio's, and of whoever else, from their first byte to the answer."},
		{nameCallbacks, []string{labelWhat}, "What became of callbacks; forged, unsigned, … are refusals."},
		{nameAgentsLost, nil, "Agents who were put aside because their softphone had gone."},

		{"switchboard_intake_started_total", nil, "Calls started."},
		{"switchboard_intake_repeated_total", nil, "Requests that were known already."},
		{"switchboard_intake_cancelled_total", nil, "Cancellations passed on."},
		{"switchboard_intake_cancelled_late_total", nil, "Cancellations of calls that were over."},
		{"switchboard_intake_dead_letters_total", nil, "Records written to the dead letters."},
		{"switchboard_intake_commits_total", nil, "Offset commits."},
		{"switchboard_intake_generations_total", nil, "Generations of the consumer group joined."},
		{"switchboard_intake_offset_resets_total", nil, "Partitions read again from the beginning because their offset was past the end."},
		{"switchboard_intake_expired_total", nil, "Records deleted by retention before they were read."},
		{"switchboard_intake_restarts_total", nil, "Restarts of the consumer by its watchdog."},
		{"switchboard_intake_held", nil, "1 while records wait for Temporal, or the dead letters' topic, to answer; else 0."},
		{"switchboard_intake_lag", nil, "Records of the assigned partitions not passed yet."},
	}
}

func help(name string) string {
	for _, m := range Metrics() {
		if m.Name == name {
			return m.Help
		}
	}
	return ""
}

const seconds = "_seconds"

// instrument is a metric's name with OpenTelemetry; the exporter appends the rest.
func instrument(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, "_total"), seconds)
}

// The bounds of histograms, in seconds.
var (
	requestBounds = []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2, 4, 8, 15}
	// Rings (15, 20, 30 s), conversations, waits in the queue and retries of up to a day.
	stageBounds = []float64{1, 2, 5, 10, 15, 20, 25, 30, 45, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 86400}
)

// views give histograms that the SDK makes, and that workflows make through it, bounds in which something can be seen.
func views() []sdkmetric.View {
	bounds := func(name string, of []float64) sdkmetric.View {
		return sdkmetric.NewView(sdkmetric.Instrument{Name: name, Kind: sdkmetric.InstrumentKindHistogram},
			sdkmetric.Stream{Aggregation: sdkmetric.AggregationExplicitBucketHistogram{Boundaries: of}})
	}
	return []sdkmetric.View{bounds(Stage, stageBounds), bounds("temporal_*", requestBounds)}
}

// instruments are those of our own code outside of workflows.
type instruments struct {
	dialQueue, twilioSeconds, webhookSeconds                 histogram
	sweeps, sweepFound, twilioErrors, agentsLost, notAllowed counter
	running                                                  metric.Int64Gauge
}

type (
	histogram struct{ metric.Float64Histogram }
	counter   struct{ metric.Int64Counter }
)

func (h histogram) record(ctx context.Context, d time.Duration, labels ...attribute.KeyValue) {
	h.Record(ctx, d.Seconds(), metric.WithAttributes(labels...))
}

func (c counter) add(ctx context.Context, n int, labels ...attribute.KeyValue) {
	c.Add(ctx, int64(n), metric.WithAttributes(labels...))
}

func newInstruments(m metric.Meter) (*instruments, error) {
	var errs []error
	durations := func(name string) histogram {
		h, err := m.Float64Histogram(instrument(name), metric.WithUnit("s"), metric.WithDescription(help(name)),
			metric.WithExplicitBucketBoundaries(requestBounds...))
		errs = append(errs, err)
		return histogram{h}
	}
	counts := func(name string) counter {
		c, err := m.Int64Counter(instrument(name), metric.WithDescription(help(name)))
		errs = append(errs, err)
		return counter{c}
	}
	running, err := m.Int64Gauge(nameRunning, metric.WithDescription(help(nameRunning)))
	return &instruments{
		dialQueue: durations(nameDialQueue), twilioSeconds: durations(nameTwilio), webhookSeconds: durations(nameWebhook),
		sweeps: counts(nameSweeps), sweepFound: counts(nameSweepFound), twilioErrors: counts(nameTwilioErrors),
		agentsLost: counts(nameAgentsLost), notAllowed: counts(nameNotAllowed), running: running,
	}, errors.Join(append(errs, err)...)
}

// DialQueued tells how long Twilio holds a dial back that it took.
func (t *Telemetry) DialQueued(ctx context.Context, party sb.Party, d time.Duration) {
	if t != nil {
		t.metrics.dialQueue.record(ctx, d, attribute.String(labelParty, string(party)))
	}
}

// DialNotAllowed tells that a dial was not made because the number must not be rung.
func (t *Telemetry) DialNotAllowed(ctx context.Context) {
	if t != nil {
		t.metrics.notAllowed.add(ctx, 1)
	}
}

// Swept tells what a sweep found, whether or not it came to its end.
func (t *Telemetry) Swept(ctx context.Context, found map[string]int, err error) {
	if t == nil {
		return
	}
	result := "done"
	if err != nil {
		result = "failed"
	}
	t.metrics.sweeps.add(ctx, 1, attribute.String(labelWhat, result))
	for what, n := range found {
		t.metrics.sweepFound.add(ctx, n, attribute.String(labelWhat, what))
	}
}

// Running tells how many calls are at a stage.
func (t *Telemetry) Running(ctx context.Context, stage sb.Stage, calls int64) {
	if t != nil {
		t.metrics.running.Record(ctx, calls, metric.WithAttributes(attribute.String(LabelStage, string(stage))))
	}
}

// Served tells of a request that was answered; route is ours, "" if it was none of ours.
func (t *Telemetry) Served(ctx context.Context, route string, status int, took time.Duration) {
	if t == nil {
		return
	}
	if route == "" {
		route = "other"
	}
	t.metrics.webhookSeconds.record(ctx, took, attribute.String(labelRoute, route), attribute.String(labelStatus, statusLabel(status)))
}

// AgentLost tells that an agent was put aside because the softphone had gone.
func (t *Telemetry) AgentLost(ctx context.Context) {
	if t != nil {
		t.metrics.agentsLost.add(ctx, 1)
	}
}

// Callbacks has what became of callbacks shown; counts is asked whenever somebody looks.
func (t *Telemetry) Callbacks(counts func() map[string]int64) {
	if t != nil {
		t.observe(nameCallbacks, labelWhat, counts)
	}
}

// Intake has numbers that intake keeps shown under their names in the table; they are read whenever somebody looks.
func (t *Telemetry) Intake(numbers map[string]func() int64) {
	if t == nil {
		return
	}
	for name, now := range numbers {
		if strings.HasSuffix(name, "_total") {
			t.observe(name, "", func() map[string]int64 { return map[string]int64{"": now()} })
		} else {
			t.observeGauge(name, now)
		}
	}
}
