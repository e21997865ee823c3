package telemetry

import (
	"context"
	"log/slog"

	"go.temporal.io/sdk/activity"

	sb "switchboard"
)

// The keys by which logs are joined.
const (
	keyCall  = "call"
	keyTrace = "trace_id"
	// keyWorkflow is the key of Temporal's SDK; a call's workflow has the call's id.
	keyWorkflow = "WorkflowID"
)

// Logs has every record that is about a call name it, as "call" with "trace_id": whether the record says which, the
// logger it was made with, or the context.
func Logs(next slog.Handler) slog.Handler { return &logs{next: next} }

type logs struct {
	next  slog.Handler
	named bool // the logger already names the call
}

// Enabled implements slog.Handler.
func (l *logs) Enabled(ctx context.Context, level slog.Level) bool { return l.next.Enabled(ctx, level) }

// Handle implements slog.Handler.
func (l *logs) Handle(ctx context.Context, r slog.Record) error {
	if !l.named {
		said, call := false, sb.CallID("")
		r.Attrs(func(a slog.Attr) bool {
			if found := callIn(a); found != "" {
				said, call = said || a.Key == keyCall, found
			}
			return !said
		})
		if call == "" {
			call = callOf(ctx)
		}
		if call != "" {
			r = r.Clone()
			r.AddAttrs(join(call, said)...)
		}
	}
	return l.next.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (l *logs) WithAttrs(attrs []slog.Attr) slog.Handler {
	out := &logs{named: l.named}
	for _, a := range attrs {
		if call := callIn(a); call != "" && !out.named {
			attrs, out.named = append(attrs[:len(attrs):len(attrs)], join(call, a.Key == keyCall)...), true
		}
	}
	out.next = l.next.WithAttrs(attrs)
	return out
}

// WithGroup implements slog.Handler.
func (l *logs) WithGroup(name string) slog.Handler {
	return &logs{next: l.next.WithGroup(name), named: l.named}
}

// join are the attributes that are added; said: the call is there already.
func join(call sb.CallID, said bool) []slog.Attr {
	attrs := []slog.Attr{slog.String(keyTrace, TraceID(call))}
	if !said {
		attrs = append(attrs, slog.String(keyCall, string(call)))
	}
	return attrs
}

func callIn(a slog.Attr) sb.CallID {
	if a.Key != keyCall && a.Key != keyWorkflow {
		return ""
	}
	return known(sb.CallID(a.Value.Resolve().String()))
}

func callOf(ctx context.Context) sb.CallID {
	if call, ok := ctx.Value(callKey{}).(sb.CallID); ok {
		return call
	}
	if activity.IsActivity(ctx) {
		return known(sb.CallID(activity.GetInfo(ctx).WorkflowExecution.ID))
	}
	return ""
}

func known(call sb.CallID) sb.CallID {
	if _, _, err := call.Split(); err != nil {
		return ""
	}
	return call
}
