package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/client"
	temporal "go.temporal.io/sdk/contrib/opentelemetry"

	"switchboard/allowance"
)

// scope is the name under which our spans and metrics are made.
const scope = "switchboard"

// Config is what New needs.
type Config struct {
	Process string // worker, webhook or intake
	// Tracing has spans sent to a collector, over OTLP and HTTP, where OpenTelemetry's own variables say.
	Tracing bool
	// Exporter takes the spans in place of a collector; Tracing is meant then.
	Exporter sdktrace.SpanExporter
	Logger   *slog.Logger // nil: slog's default
}

// Telemetry is what a process tells operators of itself. Nil is one that nobody listens to.
type Telemetry struct {
	metrics *instruments
	meters  *sdkmetric.MeterProvider
	handler http.Handler
	traces  *sdktrace.TracerProvider // nil: no tracing
	tracer  trace.Tracer
}

// New begins to count, and to trace if that is asked for. It makes no connection.
func New(cfg Config) (*Telemetry, error) {
	log := cfg.Logger
	if log == nil {
		log = slog.Default()
	}
	t := &Telemetry{}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo(), exporter.WithoutTargetInfo())
	if err != nil {
		return nil, fmt.Errorf("telemetry: metrics: %w", err)
	}
	t.meters = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader), sdkmetric.WithView(views()...))
	if t.metrics, err = newInstruments(t.meters.Meter(scope)); err != nil {
		return nil, fmt.Errorf("telemetry: metrics: %w", err)
	}
	for _, rare := range []counter{t.metrics.agentsLost, t.metrics.notAllowed} {
		rare.add(context.Background(), 0) // Prometheus does not see a series rise that begins with 1
	}
	t.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn), MaxRequestsInFlight: 4})

	var processor sdktrace.SpanProcessor
	switch {
	case cfg.Exporter != nil:
		processor = sdktrace.NewSimpleSpanProcessor(cfg.Exporter)
	case cfg.Tracing:
		otlp, err := otlptracehttp.New(context.Background())
		if err != nil {
			return nil, fmt.Errorf("telemetry: OTEL_EXPORTER_OTLP_…: %w", err)
		}
		processor = sdktrace.NewBatchSpanProcessor(otlp) // drops spans when the collector is away; nothing waits for it
		otel.SetErrorHandler(otel.ErrorHandlerFunc(seldom(log)))
	default:
		return t, nil
	}
	described, err := resource.Merge(
		resource.NewSchemaless(attribute.String("service.name", scope+"-"+cfg.Process)), resource.Environment())
	if err != nil {
		return nil, fmt.Errorf("telemetry: OTEL_RESOURCE_ATTRIBUTES: %w", err)
	}
	t.traces = sdktrace.NewTracerProvider(
		sdktrace.WithSpanProcessor(processor), sdktrace.WithIDGenerator(identities{}), sdktrace.WithResource(described))
	t.tracer = t.traces.Tracer(scope)
	return t, nil
}

// sayEvery is how often a collector that is away is complained about.
const sayEvery = time.Minute

func seldom(log *slog.Logger) func(error) {
	may := allowance.New(1, 1/sayEvery.Seconds())
	return func(err error) {
		if may.Take() {
			log.Warn("spans are lost: the collector does not take them", "error", err)
		}
	}
}

// Handler answers /metrics, for Prometheus.
func (t *Telemetry) Handler() http.Handler { return t.handler }

// Temporal has a client, and every worker of that client, count and trace what the SDK does.
func (t *Telemetry) Temporal(o *client.Options) {
	o.MetricsHandler = temporal.NewMetricsHandler(temporal.MetricsHandlerOptions{
		Meter: t.meters.Meter("temporal-sdk-go"), UseMonotonicCounters: true,
		OnError: func(err error) { otel.Handle(err) }, // the default panics
	})
	if t.traces != nil {
		o.Interceptors = append(o.Interceptors, newInterceptor(t))
	}
}

// Close sends what spans are left, within ctx.
func (t *Telemetry) Close(ctx context.Context) error {
	err := t.meters.Shutdown(ctx)
	if t.traces != nil {
		err = errors.Join(err, t.traces.Shutdown(ctx))
	}
	return err
}

// observe has a map of counts shown as one metric with one label, or without any.
func (t *Telemetry) observe(name, label string, counts func() map[string]int64) {
	counter, err := t.meters.Meter(scope).Int64ObservableCounter(instrument(name), metric.WithDescription(help(name)))
	if err == nil {
		_, err = t.meters.Meter(scope).RegisterCallback(func(_ context.Context, o metric.Observer) error {
			for value, n := range counts() {
				var labels []attribute.KeyValue
				if label != "" {
					labels = append(labels, attribute.String(label, value))
				}
				o.ObserveInt64(counter, n, metric.WithAttributes(labels...))
			}
			return nil
		}, counter)
	}
	if err != nil {
		otel.Handle(err)
	}
}

// observeGauge has a number shown as a metric.
func (t *Telemetry) observeGauge(name string, now func() int64) {
	_, err := t.meters.Meter(scope).Int64ObservableGauge(name, metric.WithDescription(help(name)),
		metric.WithInt64Callback(func(_ context.Context, o metric.Int64Observer) error { o.Observe(now()); return nil }))
	if err != nil {
		otel.Handle(err)
	}
}
