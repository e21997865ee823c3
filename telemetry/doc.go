// Package telemetry is what operators see of the processes beside Temporal's UI: one trace a call, metrics at /metrics, and
// logs that are joined by the call.
//
// It holds no name, no number and no text that somebody else wrote: what may become a label is listed in metrics.go. A
// call's identity is in traces and logs, never in metrics. It decides nothing and can fail nothing: without a collector
// there are no spans, and nobody waits for one.
//
// Start with New; then trace.go (whose trace a span belongs to), temporal.go (the hops that Temporal's SDK makes) and
// metrics.go (the table of all metrics). docs/decisions/0010-a-trace-is-named-after-its-call.md has the reasons.
package telemetry
