package telemetry

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	sb "switchboard"
)

// A call's trace is named after the call, so that every process knows it by itself: nothing has to travel in the URLs that
// Twilio is given, and a callback a day later, to another process, finds its place.

// rootOf is the span of the event that asked for the call: the beginning of its trace. It counts as sampled; who wants
// fewer traces sets OTEL_TRACES_SAMPLER=traceidratio, by which every process decides the same of the same call.
func rootOf(call sb.CallID) trace.SpanContext {
	sum := sha256.Sum256([]byte("switchboard trace\n" + call))
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID(sum[:16]), SpanID: trace.SpanID(sum[16:24]), TraceFlags: trace.FlagsSampled, Remote: true,
	})
}

// TraceID is the trace of a call, in the form in which tools ask for it.
func TraceID(call sb.CallID) string { return rootOf(call).TraceID().String() }

type callKey struct{}

// InCall says that what is done with the context is done for a call: spans are of its trace, and logs name it.
func InCall(ctx context.Context, call sb.CallID) context.Context {
	if _, _, err := call.Split(); err != nil {
		return ctx
	}
	ctx = context.WithValue(ctx, callKey{}, call)
	if root := rootOf(call); trace.SpanContextFromContext(ctx).TraceID() != root.TraceID() {
		ctx = trace.ContextWithRemoteSpanContext(ctx, root)
	}
	return ctx
}

// start begins a span within the trace that ctx belongs to. Outside of one there is none: sweeps, health checks and the
// start of a process are told by metrics and logs.
func (t *Telemetry) start(ctx context.Context, name string, o ...trace.SpanStartOption) (context.Context, trace.Span) {
	if t == nil || t.tracer == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, trace.SpanFromContext(context.Background()) // which does nothing
	}
	return t.tracer.Start(ctx, name, o...)
}

// Record is where an event was read.
type Record struct {
	Topic     string
	Partition int
	Offset    int64
	// TraceParent and TraceState are the event's attributes of CloudEvents' extension for distributed tracing.
	TraceParent, TraceState string
}

// Admitted tells that the event which asked for a call was read and the call started: the beginning of its trace. The
// trace in which the event was sent is linked, not continued, for whoever sent it does not wait for the call.
//
// It is told afterwards, once: an event that is read again starts nothing.
func (t *Telemetry) Admitted(ctx context.Context, call sb.CallID, since time.Time, r Record) {
	if t == nil || t.tracer == nil {
		return
	}
	options := []trace.SpanStartOption{
		trace.WithNewRoot(), trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(since),
		trace.WithAttributes(
			attribute.String("messaging.system", "kafka"), attribute.String("messaging.operation.type", "process"),
			attribute.String("messaging.destination.name", r.Topic), attribute.Int("messaging.destination.partition.id", r.Partition),
			attribute.Int64("messaging.kafka.offset", r.Offset), attribute.String(attributeCall, string(call))),
	}
	sent := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier{"traceparent": r.TraceParent, "tracestate": r.TraceState})
	if link := trace.SpanContextFromContext(sent); link.IsValid() {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: link}))
	}
	_, span := t.tracer.Start(identified(ctx, rootOf(call)), "process "+r.Topic, options...)
	span.End()
}

const attributeCall = "switchboard.call"

// Callback is a request of Twilio's that is about a call, begun a moment ago. The returned function ends it.
func (t *Telemetry) Callback(ctx context.Context, call sb.CallID, route string, began time.Time) (context.Context, func(delivered bool)) {
	ctx = InCall(ctx, call)
	if t == nil {
		return ctx, func(bool) {}
	}
	ctx, span := t.start(ctx, "POST "+route, trace.WithTimestamp(began), trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("http.request.method", "POST"), attribute.String("http.route", route), attribute.String(attributeCall, string(call))))
	return ctx, func(delivered bool) {
		if !delivered {
			span.SetStatus(codes.Error, "not delivered")
		}
		span.End()
	}
}

// identities makes the ids of spans: at random, unless the context says which.
type identities struct{}

type identityKey struct{}

// identified has the next span that is started with ctx be the one of sc.
func identified(ctx context.Context, sc trace.SpanContext) context.Context {
	return context.WithValue(ctx, identityKey{}, sc)
}

// NewIDs implements trace.IDGenerator, for a span without a parent.
func (i identities) NewIDs(ctx context.Context) (id trace.TraceID, span trace.SpanID) {
	if sc, ok := ctx.Value(identityKey{}).(trace.SpanContext); ok {
		return sc.TraceID(), sc.SpanID()
	}
	_, _ = rand.Read(id[:]) // never fails
	return id, i.NewSpanID(ctx, id)
}

// NewSpanID implements trace.IDGenerator, for a span with a parent.
func (identities) NewSpanID(ctx context.Context, _ trace.TraceID) (span trace.SpanID) {
	if sc, ok := ctx.Value(identityKey{}).(trace.SpanContext); ok {
		return sc.SpanID()
	}
	_, _ = rand.Read(span[:]) // never fails
	return span
}
