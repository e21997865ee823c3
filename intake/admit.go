package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"

	sb "switchboard"
	"switchboard/events"
	"switchboard/numbers"
	"switchboard/telemetry"
)

// Starter is what intake asks of Temporal; see Temporal.
type Starter interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	SignalWithStartWorkflow(ctx context.Context, workflowID, signalName string, signalArg any,
		options client.StartWorkflowOptions, workflow any, workflowArgs ...any) (client.WorkflowRun, error)
}

// Temporal is the Starter of a server. The client need not be connected yet.
func Temporal(c client.Client) Starter { return c }

// admitter decides what becomes of a record: a call started, a call cancelled, or a dead letter.
type admitter struct {
	starter   Starter
	policy    sb.Policy
	dialling  numbers.Rules
	temporal  *gate
	letters   *deadLetters
	counts    *Counts
	telemetry *telemetry.Telemetry
	log       *slog.Logger
}

// classUnexpected is for records that made us panic, classNotAllowed for numbers that must not be rung.
const (
	classUnexpected events.Class = "unexpected"
	classRefused    events.Class = "refused_by_temporal"
	classNotAllowed events.Class = "number_not_allowed"
)

// handle returns nil when the record's offset may be passed. stop ends its waits, ctx also a running call.
func (a *admitter) handle(ctx context.Context, stop <-chan struct{}, m kafka.Message) error {
	admit, err := a.read(m)
	calls := 1
	if err == nil {
		calls, err = a.temporal.do(ctx, stop, admit)
	}
	var rejected *events.Error
	if errors.As(err, &rejected) {
		return a.letters.write(ctx, stop, m, rejected, calls)
	}
	return err
}

// read understands a record and returns what is to be asked of Temporal.
func (a *admitter) read(m kafka.Message) (admit func(context.Context) error, err error) {
	defer func() {
		// Without this one record could end the process again and again.
		if p := recover(); p != nil {
			a.log.Error("reading a record failed unexpectedly", "partition", m.Partition, "offset", m.Offset, "panic", fmt.Sprintf("%T", p))
			err = &events.Error{Class: classUnexpected, Err: errors.New("the record cannot be read, by a fault of ours: please report it")}
		}
	}()
	e, err := events.Decode(m)
	if err != nil {
		return nil, err
	}
	switch e.Type {
	case sb.TypeRequested:
		request, err := events.ParseRequest(e, time.Now())
		if err != nil {
			return nil, err
		}
		if problem := a.dialling.Problem(request.Caller.Phone); problem != "" {
			return nil, &events.Error{Class: classNotAllowed, Err: &sb.FieldError{Field: "caller.phone", Problem: problem}}
		}
		record := telemetry.Record{
			Topic: m.Topic, Partition: m.Partition, Offset: m.Offset, TraceParent: e.Extensions["traceparent"], TraceState: e.Extensions["tracestate"],
		}
		return func(ctx context.Context) error { return a.start(ctx, record, request) }, nil
	case sb.TypeCancelled:
		call, cancellation, err := events.ParseCancellation(e)
		if err != nil {
			return nil, err
		}
		// All that is known of the request, should it not have been read yet.
		request := sb.Request{Source: e.Source, ID: e.Subject, RequestedAt: e.Time.UTC()}
		if e.Time.IsZero() {
			request.RequestedAt = time.Now().UTC()
		}
		return func(ctx context.Context) error { return a.cancel(ctx, m, call, request, cancellation) }, nil
	}
	return nil, &events.Error{Class: events.Unsupported, Err: fmt.Errorf("the type is neither %s nor %s", sb.TypeRequested, sb.TypeCancelled)}
}

// options are the same for a start and for a cancellation that comes first: whoever comes second finds the ID taken.
// There is no time-out: Temporal would end the workflow without letting it hang up.
func options(call sb.CallID, r sb.Request, conflict enumspb.WorkflowIdConflictPolicy) client.StartWorkflowOptions {
	return client.StartWorkflowOptions{
		ID:                                       string(call),
		TaskQueue:                                sb.CallQueue,
		WorkflowIDReusePolicy:                    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy:                 conflict,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		StaticSummary:                            fmt.Sprintf("Call back for request %s of %s", r.ID, r.Source),
		StaticDetails:                            fmt.Sprintf("Requested %s", r.RequestedAt.UTC().Format(time.RFC3339)),
	}
}

func (a *admitter) start(ctx context.Context, from telemetry.Record, r sb.Request) error {
	began := time.Now()
	ctx = telemetry.InCall(ctx, r.Call())
	_, err := a.starter.ExecuteWorkflow(ctx, options(r.Call(), r, enumspb.WORKFLOW_ID_CONFLICT_POLICY_FAIL),
		sb.CallWorkflow, sb.CallInput{Request: r, Policy: a.policy})
	known, err := outcome(err)
	if err != nil {
		return err
	}
	if known {
		a.counts.Repeated.Add(1)
		a.log.InfoContext(ctx, "request was known already", "call", r.Call(), "partition", from.Partition, "offset", from.Offset)
		return nil
	}
	a.counts.Started.Add(1)
	a.telemetry.Admitted(ctx, r.Call(), began, from)
	a.log.InfoContext(ctx, "request admitted", "call", r.Call(), "partition", from.Partition, "offset", from.Offset)
	return nil
}

func (a *admitter) cancel(ctx context.Context, m kafka.Message, call sb.CallID, r sb.Request, c sb.Cancellation) error {
	ctx = telemetry.InCall(ctx, call)
	_, err := a.starter.SignalWithStartWorkflow(ctx, string(call), sb.SignalCancel, c,
		options(call, r, enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING),
		sb.CallWorkflow, sb.CallInput{Request: r, Policy: a.policy, Cancelled: &c})
	over, err := outcome(err)
	if err != nil {
		return err
	}
	if over {
		a.counts.CancelledLate.Add(1)
		a.log.InfoContext(ctx, "cancellation of a call that is over", "call", call, "partition", m.Partition, "offset", m.Offset)
		return nil
	}
	a.counts.Cancelled.Add(1)
	a.log.InfoContext(ctx, "cancellation passed on", "call", call, "partition", m.Partition, "offset", m.Offset)
	return nil
}

// outcome sorts Temporal's answers. An *events.Error is for good; any other error means to wait and ask again.
func outcome(err error) (alreadyStarted bool, _ error) {
	var started *serviceerror.WorkflowExecutionAlreadyStarted
	var invalid *serviceerror.InvalidArgument
	switch {
	case err == nil:
		return false, nil
	case errors.As(err, &started):
		return true, nil
	case errors.Is(err, converter.ErrUnableToEncode): // it never left this process, and never will
		return false, permanentError{&events.Error{Class: classUnexpected, Err: errors.New("the request cannot be sent to Temporal, by a fault of ours: please report it")}}
	case errors.As(err, &invalid):
		return false, permanentError{&events.Error{Class: classRefused, Err: fmt.Errorf("Temporal refuses the request: %s", invalid.Message)}}
	}
	return false, err
}

// adviceOnTemporal says what an operator should do about an error that will not pass by itself.
func adviceOnTemporal(err error) string {
	var (
		noNamespace *serviceerror.NamespaceNotFound
		notFound    *serviceerror.NotFound
		denied      *serviceerror.PermissionDenied
		exhausted   *serviceerror.ResourceExhausted
	)
	switch {
	case errors.As(err, &noNamespace):
		return "the namespace does not exist: set TEMPORAL_NAMESPACE, or create it with " +
			"\"temporal operator namespace create\" and a retention longer than that of the requests' topic"
	case errors.As(err, &notFound):
		return "Temporal does not find what is asked of it: check TEMPORAL_NAMESPACE"
	case errors.As(err, &denied):
		return "permission is denied: check TEMPORAL_API_KEY or the client certificate, and their rights in the namespace"
	case errors.As(err, &exhausted):
		return "a limit is reached: see the namespace's requests per second"
	}
	return ""
}
