package e2e

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
)

// kcat stands for every system that is not ours: a producer with hand-written CloudEvents.
func TestForeignProducer(t *testing.T) {
	if _, err := exec.LookPath("kcat"); err != nil {
		t.Skip("kcat is not installed (Debian's package kcat); CI installs it")
	}
	ctx, s := start(t, stack.Options{Agents: 2})

	produce(ctx, t, s, `{"caller":{"phone":"+447700900001","name":"Zoë"},"max_attempts":1}`,
		"ce_specversion=1.0", "ce_id=binary-1", "ce_source=/crm/campaigns/42", "ce_type="+sb.TypeRequested, "content-type=application/json")
	produce(ctx, t, s, `{"specversion":"1.0","id":"structured-1","source":"/crm","type":"`+sb.TypeRequested+`",`+
		`"data":{"caller":{"phone":"+447700900002"},"max_attempts":1}}`,
		"content-type=application/cloudevents+json; charset=utf-8")
	produce(ctx, t, s, `{"caller":{"fone":"+447700900003"}}`,
		"ce_specversion=1.0", "ce_id=broken-1", "ce_source=/crm", "ce_type="+sb.TypeRequested, "x-trace=kept")

	for call, phone := range map[sb.CallID]string{
		sb.NewCallID("/crm/campaigns/42", "binary-1"): "+447700900001",
		sb.NewCallID("/crm", "structured-1"):          "+447700900002",
	} {
		if got := ended(ctx, t, s, call, phone); got.Outcome != sb.Completed {
			t.Errorf("%s: got %+v, want a conversation", call, got)
		}
	}
	nothingLeft(t, s)

	var dead string
	waitFor(ctx, t, "the broken one among the dead letters", func() bool {
		// -e: until the end of what is there.
		dead = kcat(ctx, t, s, nil, "-C", "-q", "-e", "-t", sb.TopicDeadLetters, "-o", "beginning", "-f", `%h\n%s\n`)
		return strings.Contains(dead, "broken-1")
	})
	for _, want := range []string{"dlq_error=", "caller", "fone", "x-trace=kept", "ce_source=/crm", `{"caller":{"fone":`} {
		if !strings.Contains(dead, want) {
			t.Errorf("the dead letter lacks %q:\n%s", want, dead)
		}
	}
	t.Logf("the dead letter:\n%s", dead)
}

func produce(ctx context.Context, t *testing.T, s *stack.Stack, value string, headers ...string) {
	t.Helper()
	args := []string{"-P", "-t", sb.TopicRequests, "-k", "foreign"}
	for _, h := range headers {
		args = append(args, "-H", h)
	}
	kcat(ctx, t, s, strings.NewReader(value), args...)
}

func kcat(ctx context.Context, t *testing.T, s *stack.Stack, in *strings.Reader, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "kcat", append([]string{"-b", s.At().Kafka}, args...)...)
	if in != nil {
		cmd.Stdin = in
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("kcat %v: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}
