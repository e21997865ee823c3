package telemetry

import (
	"context"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// Reply is what became of a request to Twilio.
type Reply struct {
	Status int    // HTTP's; 0 without an answer
	Code   int    // Twilio's error code; 0 if it gave none
	Error  string // in words of ours; "" if it succeeded
}

// TwilioRequest tells of one request to Twilio. The returned function is called with what became of it. Of the URL only
// the route is kept, and nothing of the body.
func (t *Telemetry) TwilioRequest(ctx context.Context, method, rawURL string) (context.Context, func(Reply)) {
	if t == nil {
		return ctx, func(Reply) {}
	}
	host, route, began := "", "{none}", time.Now()
	if u, err := url.Parse(rawURL); err == nil {
		host, route = u.Hostname(), routeOf(u.Path)
	}
	ctx, span := t.start(ctx, method+" "+route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("http.request.method", method), attribute.String("server.address", host), attribute.String("url.template", route)))
	return ctx, func(r Reply) {
		labels := []attribute.KeyValue{attribute.String(labelRoute, method+" "+route), attribute.String(labelStatus, statusLabel(r.Status))}
		t.metrics.twilioSeconds.record(ctx, time.Since(began), labels...)
		if r.Status != 0 {
			span.SetAttributes(attribute.Int("http.response.status_code", r.Status))
		}
		if r.Code != 0 {
			span.SetAttributes(attribute.Int("twilio.error_code", r.Code))
		}
		if r.Error != "" {
			span.SetStatus(codes.Error, r.Error)
			t.metrics.twilioErrors.add(ctx, 1, attribute.String(labelRoute, method+" "+route), attribute.String(labelCode, codeLabel(r)))
		}
		span.End()
	}
}

func statusLabel(status int) string {
	if status == 0 {
		return "none"
	}
	return strconv.Itoa(status)
}

// codeLabel is Twilio's error code; without one the HTTP status, and "none" without an answer.
func codeLabel(r Reply) string {
	if r.Code != 0 {
		return strconv.Itoa(r.Code)
	}
	return statusLabel(r.Status)
}

var (
	sidInPath  = regexp.MustCompile(`^([A-Z]{2})[0-9a-fA-F]{32}$`)
	wordInPath = regexp.MustCompile(`^([A-Z][A-Za-z]{2,}|v[0-9]+|2010-04-01)$`) // Accounts, Tasks, …
)

// routeOf is a path without what is particular in it: SIDs, labels, names of rooms. What is not known to be a word of
// Twilio's is taken out, so that nothing personal can be in it and there are few.
func routeOf(path string) string {
	parts := strings.Split(strings.TrimSuffix(path, ".json"), "/")
	for i, part := range parts {
		switch sid := sidInPath.FindStringSubmatch(part); {
		case sid != nil:
			parts[i] = "{" + sid[1] + "}"
		case part != "" && !wordInPath.MatchString(part):
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
