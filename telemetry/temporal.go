package telemetry

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.temporal.io/sdk/interceptor"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// hops makes the spans of what Temporal's SDK does, by the SDK's own interceptor, which carries them in headers and is
// silent in a replay. It takes the place of the tracer in contrib/opentelemetry, which gives the span of a workflow
// another id each time a worker takes the workflow up again, and ends it each time a worker lets go of it: the spans below
// would be orphans, and there would be several of what happened once.
type hops struct {
	interceptor.BaseTracer
	t *Telemetry
}

// headerKey is the one of Temporal's SDKs in all languages.
const headerKey = "_tracer-data"

// workflowIDTag is under what the SDK tells which workflow a span is about.
const workflowIDTag = "temporalWorkflowID"

type spanKey struct{}

// span is one that is under way; parent is one that may be in another process.
type (
	span   struct{ trace.Span }
	parent struct{ trace.SpanContext }
)

// Finish implements interceptor.TracerSpan.
func (s span) Finish(o *interceptor.TracerFinishSpanOptions) {
	fail(s.Span, o.Error)
	s.End()
}

// fail says what kind of error it was; the text may be anybody's.
func fail(s trace.Span, err error) {
	var more *workflow.ContinueAsNewError
	if err == nil || errors.As(err, &more) {
		return
	}
	what := fmt.Sprintf("%T", err)
	if known, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		what = known.Type()
	}
	s.SetStatus(codes.Error, what)
}

// Options implements interceptor.Tracer. Queries change nothing, and pages ask them all the time.
func (*hops) Options() interceptor.TracerOptions {
	return interceptor.TracerOptions{SpanContextKey: spanKey{}, HeaderKey: headerKey, DisableQueryTracing: true, AllowInvalidParentSpans: true}
}

// UnmarshalSpan implements interceptor.Tracer.
func (*hops) UnmarshalSpan(m map[string]string) (interceptor.TracerSpanRef, error) {
	ctx := propagation.TraceContext{}.Extract(context.Background(), propagation.MapCarrier(m))
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		return parent{sc}, nil
	}
	return nil, nil
}

// MarshalSpan implements interceptor.Tracer.
func (*hops) MarshalSpan(s interceptor.TracerSpan) (map[string]string, error) {
	m := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(context.Background(), contextOf(s)), m)
	return m, nil
}

// SpanFromContext implements interceptor.Tracer.
func (*hops) SpanFromContext(ctx context.Context) interceptor.TracerSpan {
	if s := trace.SpanFromContext(ctx); s.SpanContext().IsValid() {
		return span{s}
	}
	return nil
}

// ContextWithSpan implements interceptor.Tracer.
func (*hops) ContextWithSpan(ctx context.Context, s interceptor.TracerSpan) context.Context {
	if live, ok := s.(span); ok && live.SpanContext().IsValid() {
		return trace.ContextWithSpan(ctx, live.Span)
	}
	return ctx
}

func contextOf(ref any) trace.SpanContext {
	switch s := ref.(type) {
	case span:
		return s.SpanContext()
	case parent:
		return s.SpanContext
	case *run:
		return s.sc
	}
	return trace.SpanContext{}
}

// StartSpan implements interceptor.Tracer. What is done to a call is of the call's trace, whoever does it: a sweep, say,
// or a call that was begun before anybody traced. Outside of a call there are no spans.
func (h *hops) StartSpan(o *interceptor.TracerStartSpanOptions) (interceptor.TracerSpan, error) {
	above := contextOf(o.Parent)
	var links []trace.Link
	call := sb.CallID(o.Tags[workflowIDTag])
	if _, _, err := call.Split(); err == nil && above.TraceID() != rootOf(call).TraceID() {
		if above.IsValid() {
			links = append(links, trace.Link{SpanContext: above})
		}
		above = rootOf(call)
	}
	if !above.IsValid() {
		return span{trace.SpanFromContext(context.Background())}, nil
	}
	kind := trace.SpanKindInternal
	if o.ToHeader {
		kind = trace.SpanKindClient
	}
	attributes := make([]attribute.KeyValue, 0, len(o.Tags))
	for k, v := range o.Tags {
		attributes = append(attributes, attribute.String(k, v))
	}
	began := o.Time
	if began.IsZero() { // the SDK leaves it out where a workflow is signalled with a start
		began = time.Now()
	}
	options := []trace.SpanStartOption{trace.WithTimestamp(began), trace.WithSpanKind(kind), trace.WithAttributes(attributes...), trace.WithLinks(links...)}
	ctx, name := trace.ContextWithRemoteSpanContext(context.Background(), above), o.Operation+":"+o.Name
	if o.Operation == "RunWorkflow" {
		sum := sha256.Sum256([]byte(o.IdempotencyKey))
		return &run{
			sc:   above.WithSpanID(trace.SpanID(sum[:8])),
			emit: func(ctx context.Context) trace.Span { _, s := h.t.tracer.Start(ctx, name, options...); return s }, ctx: ctx,
		}, nil
	}
	_, s := h.t.tracer.Start(ctx, name, options...)
	return span{s}, nil
}

// run is the span of a workflow's run. Its id follows from the run, so that it is the same whichever worker takes the run
// up, and it is made when the run is over: by the worker on which it ended, once.
type run struct {
	sc   trace.SpanContext
	ctx  context.Context // of the parent
	emit func(context.Context) trace.Span
	over bool
}

// Finish implements interceptor.TracerSpan. It is also called when a worker lets go of a run that goes on, and at the end
// of a replay.
func (r *run) Finish(o *interceptor.TracerFinishSpanOptions) {
	if r.over {
		s := r.emit(identified(r.ctx, r.sc))
		fail(s, o.Error)
		s.End()
	}
}

// newInterceptor is for clients, and by them for workers.
func newInterceptor(t *Telemetry) interceptor.Interceptor {
	return &tracing{Interceptor: interceptor.NewTracingInterceptor(&hops{t: t})}
}

// tracing is the SDK's interceptor, with a look at whether a run has really ended, and silent about updates in a replay,
// too, of which the SDK (1.50) tells again.
type tracing struct{ interceptor.Interceptor }

// InterceptWorkflow implements interceptor.WorkerInterceptor.
func (t *tracing) InterceptWorkflow(ctx workflow.Context, next interceptor.WorkflowInboundInterceptor) interceptor.WorkflowInboundInterceptor {
	inner := &ending{}
	inner.Next = next
	outer := &quiet{inner: inner}
	outer.Next = t.Interceptor.InterceptWorkflow(ctx, inner)
	return outer
}

// quiet stands before the SDK's interceptor, and goes past it where it would tell again.
type quiet struct {
	interceptor.WorkflowInboundInterceptorBase
	inner interceptor.WorkflowInboundInterceptor
}

// ExecuteUpdate implements interceptor.WorkflowInboundInterceptor.
func (q *quiet) ExecuteUpdate(ctx workflow.Context, in *interceptor.UpdateInput) (any, error) {
	if workflow.IsReplaying(ctx) {
		return q.inner.ExecuteUpdate(ctx, in)
	}
	return q.Next.ExecuteUpdate(ctx, in)
}

type ending struct {
	interceptor.WorkflowInboundInterceptorBase
}

// ExecuteWorkflow implements interceptor.WorkflowInboundInterceptor. It does not return when a worker lets go of the run.
func (e *ending) ExecuteWorkflow(ctx workflow.Context, in *interceptor.ExecuteWorkflowInput) (any, error) {
	out, err := e.Next.ExecuteWorkflow(ctx, in)
	if r, ok := ctx.Value(spanKey{}).(*run); ok && !workflow.IsReplaying(ctx) {
		r.over = true
	}
	return out, err
}
