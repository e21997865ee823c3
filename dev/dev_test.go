package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/dev/stack/stacktest"
)

// lines runs `dev request` and returns what it printed.
func lines(t *testing.T, s *stack.Stack, args ...string) ([]eventLine, error) {
	t.Helper()
	var out bytes.Buffer
	err := request(t.Context(), append([]string{"-kafka", s.At().Kafka, "-wait", "-timeout", "60s"}, args...), &out)
	var all []eventLine
	for text := range strings.Lines(out.String()) {
		var line eventLine
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q is not a line of JSON: %v", text, err)
		}
		all = append(all, line)
	}
	return all, err
}

func TestRequestTellsHowTheCallEnded(t *testing.T) {
	t.Parallel()
	s := stacktest.Start(t, stack.Options{})

	all, err := lines(t, s, "-phone", "+447700900001", "-name", "Kim", "-id", "one")
	if err != nil {
		t.Errorf("a conversation: got %v, want exit code 0", err)
	}
	end := all[len(all)-1]
	if end.Type != "switchboard.call.ended.v1" || end.Stage != sb.StageEnded || end.Outcome != sb.Completed || end.HungUpBy != sb.PartyCaller ||
		end.Attempts != 1 || end.Time.IsZero() {
		t.Errorf("the last line: got %+v", end)
	}
	for i, line := range all {
		if line.Sequence != i+1 {
			t.Errorf("line %d has sequence %d", i+1, line.Sequence)
		}
	}

	again, err := lines(t, s, "-phone", "+447700900001", "-id", "one")
	if err != nil || len(again) != len(all) {
		t.Errorf("the same request again: got %d lines and %v, want the same %d: it is the same call", len(again), err, len(all))
	}

	busy, err := lines(t, s, "-phone", "+447700900004", "-attempts", "1")
	var code exitError
	if !errors.As(err, &code) || code != 2 {
		t.Errorf("busy: got %v, want exit code 2", err)
	}
	if end := busy[len(busy)-1]; end.Outcome != sb.Busy || end.Attempts != 1 {
		t.Errorf("busy: got %+v", end)
	}

	var out bytes.Buffer
	err = request(t.Context(), []string{"-kafka", s.At().Kafka, "-wait", "-timeout", "3s", "-phone", "+447700900003", "-id", "slow"}, &out)
	if err == nil || errors.As(err, &code) || !strings.Contains(err.Error(), "did not end within 3s") {
		t.Errorf("a wait that ends early: got %v, want to be told", err)
	}
	if err := cancelRequest(t.Context(), []string{"-kafka", s.At().Kafka, "-id", "slow"}, &out); err != nil {
		t.Error(err)
	}
	cancelled, err := lines(t, s, "-phone", "+447700900003", "-id", "slow")
	if end := cancelled[len(cancelled)-1]; !errors.As(err, &code) || code != 2 || end.Outcome != sb.Cancelled {
		t.Errorf("cancelled: got %v and %+v", err, end)
	}
}

func TestRequestSaysWhatIsWrongWithIt(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no phone":     {nil, "-phone is missing"},
		"phone":        {[]string{"-phone", "12345"}, "caller.phone"},
		"deadline":     {[]string{"-phone", "+447700900001", "-deadline", "soon"}, "-deadline soon must be"},
		"unknown flag": {[]string{"-fone", "+447700900001"}, "-fone"},
		"left over":    {[]string{"-phone", "+447700900001", "now"}, `"now" is not a flag`},
		"no broker":    {[]string{"-phone", "+447700900001", "-kafka", "127.0.0.1:1"}, "connect to 127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := request(t.Context(), c.args, &bytes.Buffer{})
			var code exitError
			if err == nil || errors.As(err, &code) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	if err := request(t.Context(), []string{"-h"}, &bytes.Buffer{}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: got %v", err)
	}
}

func TestRunNamesTheFlagOfAnAddressInUse(t *testing.T) {
	err := explain(errors.Join(
		&stack.AddressError{Part: "Kafka", Address: "127.0.0.1:9092", Problem: "is in use", Free: "127.0.0.1:9093"},
		&stack.AddressError{Part: "Webhook", Address: "127.0.0.1:8080", Problem: "is in use", Free: "127.0.0.1:8082"},
	))
	for _, want := range []string{
		"nothing was started", "127.0.0.1:9092 is in use; choose another with -kafka 127.0.0.1:9093", "-http 127.0.0.1:8082",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
	for part, flag := range addressFlags {
		if flag == "" {
			t.Errorf("%s has no flag", part)
		}
	}
}

func TestEveryStageHasWords(t *testing.T) {
	name := func(sb.AgentSID) string { return "anna" }
	for want, d := range map[string]sb.EventData{
		"waits for an agent":                                              {Stage: sb.StageQueued, Attempt: 1},
		"waits for an agent again (attempt 2)":                            {Stage: sb.StageQueued, Attempt: 2},
		"anna's softphone rings":                                          {Stage: sb.StageAgentRinging, Agent: "WK1"},
		"anna is on the line":                                             {Stage: sb.StageAgentJoined, Agent: "WK1"},
		"the caller's phone rings":                                        {Stage: sb.StageCallerRinging},
		"talks with anna":                                                 {Stage: sb.StageConnected, Agent: "WK1"},
		"the caller hung up after 10 s, anna finishes the notes":          {Stage: sb.StageWrappingUp, Agent: "WK1", HungUpBy: sb.PartyCaller, TalkSeconds: 10},
		"ended: completed, 10 s of conversation":                          {Stage: sb.StageEnded, Outcome: sb.Completed, TalkSeconds: 10, Attempts: 1},
		"ended: no agent was free in time (deadline)":                     {Stage: sb.StageEnded, Outcome: sb.Missed, Reason: sb.ReasonDeadline, Attempts: 1},
		"ended: nobody picked up, 3 attempts":                             {Stage: sb.StageEnded, Outcome: sb.NoAnswer, Attempts: 3},
		"an_unknown_stage":                                                {Stage: "an_unknown_stage"},
		"ended: cancelled (requester)":                                    {Stage: sb.StageEnded, Outcome: sb.Cancelled, Reason: sb.ReasonRequester},
		"the conversation is over after 14400 s, anna finishes the notes": {Stage: sb.StageWrappingUp, Agent: "WK1", HungUpBy: sb.PartySwitchboard, TalkSeconds: 14400},
	} {
		if got := tell(sb.Event{Data: d}, name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	for _, o := range []sb.Outcome{
		sb.Completed, sb.Busy, sb.NoAnswer, sb.Unreachable, sb.HungUpEarly, sb.Voicemail, sb.Missed, sb.Cancelled, sb.Uncertain, sb.Failed,
	} {
		if outcomes[o] == "" {
			t.Errorf("%s has no words", o)
		}
	}
}

func TestPlainOutputIsALineForEachStep(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	term := newTerminal(f)
	first, second := term.Step("Temporal"), term.Step("Kafka")
	first.Detail("starting")
	first.Done("127.0.0.1:7233", nil)
	second.Done("127.0.0.1:9092", errors.New("no"))
	term.Notice("worker ended")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(strings.TrimSpace(string(text)), "\n")
	for i, want := range []string{"✓ Temporal", "✗ Kafka             failed", "! worker ended"} {
		if i >= len(got) || !strings.HasPrefix(strings.TrimSpace(got[i]), want) {
			t.Errorf("line %d: got %q, want it to begin with %q", i+1, got, want)
		}
	}
	if strings.ContainsAny(string(text), "\r\x1b") {
		t.Errorf("control characters in %q", text)
	}
}

func TestDeadlineIsATimeOrADuration(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "90m": now.Add(90 * time.Minute), "2026-11-22T15:04:05Z": time.Date(2026, 11, 22, 15, 4, 5, 0, time.UTC),
	} {
		if got, err := parseDeadline(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: got %v, %v, want %v", text, got, err, want)
		}
	}
}

func TestRunStopsBeforeEverythingHasStarted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var code exitError
	if err := run(ctx, []string{"-data", t.TempDir(), "-http", "127.0.0.1:0", "-kafka", "127.0.0.1:0", "-temporal", "127.0.0.1:0",
		"-temporal-ui", "127.0.0.1:0", "-simulator", "127.0.0.1:0", "-intake", "127.0.0.1:0"}, nil); !errors.As(err, &code) {
		t.Errorf("got %v, want an exit code", err)
	}
}
