package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
)

const defaultKafka = "127.0.0.1:9092"

// eventLine is one event of a call as `dev request -wait` prints it.
type eventLine struct {
	Type     string    `json:"type"`
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Sequence int       `json:"sequence"`
	sb.EventData
}

// waitMargin is how much longer than the deadline of the request we wait for its end.
const waitMargin = time.Minute

// request publishes a request. Exit code 0: the call was completed, or nobody waited; 2: it ended otherwise; 1: this
// program failed, and cannot tell.
func request(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("dev request", flag.ContinueOnError)
	kafka := flags.String("kafka", defaultKafka, "`address` of the broker")
	var r sb.Request
	flags.StringVar(&r.Caller.Phone, "phone", "", "the caller's `number`, in E.164 form (required)")
	flags.StringVar(&r.Caller.Name, "name", "", "the caller's `name`, for the agent")
	flags.StringVar(&r.Caller.Locale, "locale", "", "the caller's `language`, e.g. en-GB")
	flags.StringVar(&r.Reason, "reason", "", "what the call is about, in `words` for the agent")
	flags.StringVar(&r.ID, "id", "", "the request's `id`, unique within its source; default: a new one")
	flags.StringVar(&r.Source, "source", stack.Source, "the `system` that asks")
	flags.Func("skill", "a `skill` the agent must have; may be repeated", func(s string) error {
		r.Skills = append(r.Skills, s)
		return nil
	})
	flags.IntVar(&r.Priority, "priority", 0, "a higher `number` goes ahead of older requests")
	flags.IntVar(&r.MaxAttempts, "attempts", 0, "the most attempts to make; 0: the policy's `number`")
	flags.BoolVar(&r.DetectMachine, "detect-machine", false, "tell a voicemail from a person")
	deadline := flags.String("deadline", "", "the last `moment` for the call back: a time (2026-11-22T15:04:05Z) or a duration from now (90m)")
	wait := flags.Bool("wait", false, "wait for the end of the call and print each event as one line of JSON")
	limit := flags.Duration("timeout", 0, "with -wait: how `long` to wait; default: until a minute after the deadline, at most 30m")
	if err := parse(flags, args, "Asks for a call back, as any other system would: one event on "+sb.TopicRequests+"."); err != nil {
		return err
	}
	if r.Caller.Phone == "" {
		return errors.New("-phone is missing: the caller's number, e.g. -phone +447700900001 (-h lists the flags)")
	}
	r.RequestedAt = time.Now()
	var err error
	if r.Deadline, err = parseDeadline(*deadline, r.RequestedAt); err != nil {
		return err
	}
	fresh := r.ID == ""
	if fresh {
		r.ID = stack.NewID()
	}
	if err := stack.CheckRequest(r); err != nil {
		return fmt.Errorf("the request would not be understood:\n%w", err)
	}
	if !*wait {
		call, err := stack.PublishRequest(ctx, *kafka, r)
		if err == nil {
			fmt.Fprintln(out, call)
		}
		return err
	}

	if *limit == 0 {
		*limit = 30 * time.Minute
		if !r.Deadline.IsZero() {
			*limit = min(*limit, max(time.Until(r.Deadline), 0)+waitMargin)
		}
	}
	// Before the request, or its first events would be missed; an id of the user's own may have a past, which is told
	// from its beginning.
	w, err := stack.WatchEvents(ctx, *kafka, !fresh)
	if err != nil {
		return err
	}
	defer w.Close()
	call, err := stack.PublishRequest(ctx, *kafka, r)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, call)
	ctx, cancel := context.WithTimeout(ctx, *limit)
	defer cancel()
	return printEvents(ctx, w, call, *limit, out)
}

func printEvents(ctx context.Context, w *stack.Watch, call sb.CallID, limit time.Duration, out io.Writer) error {
	last := "none was seen; is the intake running?"
	for e, err := range w.Call(ctx, call) {
		if errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("the call did not end within %v (the last event: %s); it goes on without us, -timeout waits longer", limit, last)
		} else if err != nil {
			return exitError(130) // Ctrl-C
		}
		text, err := json.Marshal(eventLine{sb.EventType(e.Data.Stage), e.ID(), e.Time, e.Sequence, e.Data})
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", text); err != nil {
			return err
		}
		if e.Data.Stage == sb.StageEnded && e.Data.Outcome != sb.Completed {
			return exitError(2)
		}
		last = string(e.Data.Stage)
	}
	return nil
}

func parseDeadline(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return now.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, strings.ToUpper(text))
	if err != nil {
		return time.Time{}, fmt.Errorf("-deadline %s must be a time such as 2026-11-22T15:04:05Z or a duration such as 90m", text)
	}
	return t, nil
}

// cancelRequest publishes a cancellation.
func cancelRequest(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("dev cancel", flag.ContinueOnError)
	kafka := flags.String("kafka", defaultKafka, "`address` of the broker")
	id := flags.String("id", "", "the `id` of the request to withdraw (required)")
	source := flags.String("source", stack.Source, "the `system` that had asked")
	if err := parse(flags, args, "Withdraws a request: one event on "+sb.TopicRequests+"."); err != nil {
		return err
	}
	if *id == "" {
		return errors.New("-id is missing: the id of the request to withdraw (-h lists the flags)")
	}
	if err := stack.PublishCancellation(ctx, *kafka, *source, *id); err != nil {
		return err
	}
	fmt.Fprintln(out, sb.NewCallID(*source, *id), "is to be cancelled")
	return nil
}
