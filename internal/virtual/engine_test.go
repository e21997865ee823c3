package virtual

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

// probe is an activity that notes when it is attempted, and does as it is told.
type probe struct {
	w  *World
	at []time.Duration
	do func(context.Context, int) error // with the number of the attempt
}

func (p *probe) Probe(ctx context.Context) error {
	p.at = append(p.at, p.w.Elapsed())
	return p.do(ctx, len(p.at))
}

// on plays a workflow to its end in a world of these conditions, and returns its error.
func on(t *testing.T, c Conditions, do func(context.Context, int) error, story func(workflow.Context, *World) error) (*probe, error) {
	t.Helper()
	p := &probe{do: do}
	p.w = New(t, Options{Conditions: c, Log: io.Discard, Activities: func(*World) any { return p }})
	p.w.Env.RegisterWorkflowWithOptions(func(ctx workflow.Context, _ any) error { return story(ctx, p.w) }, workflow.RegisterOptions{Name: "story"})
	err := errors.New("it has not ended")
	p.w.Drive(func() {
		p.w.launch(start{id: "story", workflow: "story", ended: func(e error) {
			err = e
			p.w.Stop()
		}})
	})
	return p, err
}

// calling is a workflow that calls the probe.
func calling(o workflow.ActivityOptions) func(workflow.Context, *World) error {
	return func(ctx workflow.Context, _ *World) error {
		return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), "Probe").Get(ctx, nil)
	}
}

func refuse(context.Context, int) error { return errors.New("no") }

func seconds(all ...int) (d []time.Duration) {
	for _, s := range all {
		d = append(d, time.Duration(s)*time.Second)
	}
	return d
}

func TestActivitiesAreRepeatedByTheirPolicy(t *testing.T) {
	policy := temporal.RetryPolicy{InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: 5 * time.Second, MaximumAttempts: 5}
	for name, c := range map[string]struct {
		do   func(context.Context, int) error
		edit func(*workflow.ActivityOptions)
		at   []time.Duration
		ends string // the error's type; "": none
		over time.Duration
	}{
		"until the maximum, with pauses that grow up to theirs": {do: refuse, at: seconds(0, 1, 3, 7, 12), ends: "MaximumAttemptsReached", over: 12 * time.Second},
		"until it succeeds": {do: func(_ context.Context, n int) error {
			if n < 3 {
				return errors.New("no")
			}
			return nil
		}, at: seconds(0, 1, 3), over: 3 * time.Second},
		"not if it says so": {do: func(context.Context, int) error {
			return temporal.NewNonRetryableApplicationError("never", "Never", nil)
		}, at: seconds(0), ends: "NonRetryableFailure"},
		"not if the policy says so": {do: func(context.Context, int) error {
			return temporal.NewApplicationError("never", "Never")
		}, edit: func(o *workflow.ActivityOptions) { o.RetryPolicy.NonRetryableErrorTypes = []string{"Never"} }, at: seconds(0), ends: "NonRetryableFailure"},
		"not beyond the time for all": {do: refuse, edit: func(o *workflow.ActivityOptions) {
			o.ScheduleToCloseTimeout = 6 * time.Second // no use in waiting for it
		}, at: seconds(0, 1, 3), ends: "Timeout", over: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			retries := policy
			o := workflow.ActivityOptions{StartToCloseTimeout: time.Minute, RetryPolicy: &retries}
			if c.edit != nil {
				c.edit(&o)
			}
			p, err := on(t, Conditions{}, c.do, calling(o))
			if !slices.Equal(p.at, c.at) || p.w.Elapsed() != c.over {
				t.Errorf("attempted at %v, over after %v, want %v and %v", p.at, p.w.Elapsed(), c.at, c.over)
			}
			var failed *temporal.ActivityError
			switch {
			case c.ends == "" && err != nil:
				t.Error(err)
			case c.ends != "" && (!errors.As(err, &failed) || failed.RetryState().String() != c.ends):
				t.Errorf("ended with %v, want %s", err, c.ends)
			}
		})
	}
}

func timedOut(t *testing.T, err error, want enumspb.TimeoutType) {
	t.Helper()
	var timeout *temporal.TimeoutError
	if !errors.As(err, &timeout) || timeout.TimeoutType() != want {
		t.Errorf("ended with %v, want a timeout %v", err, want)
	}
}

func TestAnActivityThatTakesTooLongIsGivenUp(t *testing.T) {
	var code error
	p, err := on(t, Conditions{}, func(ctx context.Context, _ int) error {
		code = attemptOf(ctx).sleep(10 * time.Second)
		return code
	}, calling(workflow.ActivityOptions{StartToCloseTimeout: 3 * time.Second, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1}}))
	timedOut(t, err, enumspb.TIMEOUT_TYPE_START_TO_CLOSE)
	if p.w.Elapsed() != 3*time.Second {
		t.Errorf("over after %v", p.w.Elapsed())
	}
	if !errors.Is(code, context.DeadlineExceeded) {
		t.Errorf("its code was told %v", code)
	}
}

func TestAnActivityThatNobodyTakesUpIsGivenUp(t *testing.T) {
	late := Conditions{Pickup: func(ActivityAttempt) time.Duration { return 20 * time.Second }}
	p, err := on(t, late, refuse, calling(workflow.ActivityOptions{StartToCloseTimeout: time.Minute, ScheduleToStartTimeout: 5 * time.Second}))
	timedOut(t, err, enumspb.TIMEOUT_TYPE_SCHEDULE_TO_START)
	if len(p.at) > 0 || p.w.Elapsed() != 5*time.Second {
		t.Errorf("attempted at %v, over after %v", p.at, p.w.Elapsed())
	}
}

// Nobody tells the server that a worker was killed: it waits until the attempt's time is over.
func TestAKilledWorkerDoesNothingMoreAndIsMissedOnlyLater(t *testing.T) {
	var lived []int
	once := Conditions{Death: func(a ActivityAttempt) (bool, time.Duration) { return a.Attempt == 1, time.Second }}
	p, err := on(t, once, func(ctx context.Context, n int) error {
		if err := attemptOf(ctx).sleep(2 * time.Second); err != nil {
			return err
		}
		lived = append(lived, n)
		return nil
	}, calling(workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second}))
	if err != nil || !slices.Equal(lived, []int{2}) || !slices.Equal(p.at, seconds(0, 11)) {
		t.Errorf("%v; attempts %v came to their end, begun at %v", err, lived, p.at)
	}
}

func TestAWebhookOvertakesAReply(t *testing.T) {
	var heard, replied time.Duration
	_, err := on(t, Conditions{}, func(ctx context.Context, _ int) error {
		s := attemptOf(ctx).server
		if err := s.signal("story", "news", "it rings"); err != nil {
			return err
		}
		return attemptOf(ctx).sleep(5 * time.Second)
	}, func(ctx workflow.Context, w *World) error {
		workflow.Go(ctx, func(ctx workflow.Context) {
			workflow.GetSignalChannel(ctx, "news").Receive(ctx, nil)
			heard = w.Elapsed()
		})
		err := calling(workflow.ActivityOptions{StartToCloseTimeout: time.Minute})(ctx, w)
		replied = w.Elapsed()
		return err
	})
	if err != nil || heard != 0 || replied != 5*time.Second {
		t.Errorf("%v; heard after %v, replied after %v", err, heard, replied)
	}
}

// While the worker stands still a signal comes, a timer fires and another signal comes: all are there at its next task.
func TestWhatComesTogetherIsDeliveredTogether(t *testing.T) {
	var seen []string
	slow := Conditions{Task: func(string, int) time.Duration { return 5 * time.Second }}
	_, err := on(t, slow, refuse, func(ctx workflow.Context, w *World) error {
		w.After(time.Second, func() { _ = w.server.signal("story", "news", "one") })
		w.After(3*time.Second, func() { _ = w.server.signal("story", "news", "two") })
		w.After(8*time.Second, func() { _ = w.server.signal("story", "news", "three") })
		timer := workflow.NewTimer(ctx, 2*time.Second)
		news := workflow.GetSignalChannel(ctx, "news")
		for len(seen) < 3 {
			if err := workflow.Await(ctx, func() bool { return news.Len() > 0 }); err != nil {
				return err
			}
			var text string
			for news.ReceiveAsync(&text) {
				seen = append(seen, fmt.Sprint(w.Elapsed(), " ", text, " ", timer.IsReady()))
			}
		}
		return nil
	})
	if want := []string{"6s one true", "6s two true", "13s three true"}; err != nil || !slices.Equal(seen, want) {
		t.Errorf("%v; seen %q, want %q", err, seen, want)
	}
}

func TestATimerEndsWhenItIsCancelled(t *testing.T) {
	p, err := on(t, Conditions{}, refuse, func(ctx workflow.Context, w *World) error {
		inner, cancel := workflow.WithCancel(ctx)
		timer, other := workflow.NewTimer(inner, time.Hour), workflow.NewTimer(ctx, 3*time.Second)
		w.After(time.Second, func() { _ = w.server.signal("story", "news", nil) })
		workflow.GetSignalChannel(ctx, "news").Receive(ctx, nil)
		cancel()
		var cancelled *temporal.CanceledError
		if err := timer.Get(ctx, nil); !errors.As(err, &cancelled) || w.Elapsed() != time.Second {
			return fmt.Errorf("after %v the timer ended with %v", w.Elapsed(), err)
		}
		return other.Get(ctx, nil)
	})
	if err != nil || p.w.Elapsed() != 3*time.Second {
		t.Errorf("%v after %v", err, p.w.Elapsed())
	}
}

// A run that continues as new hears what came between, and the others go on beside it.
func TestARunContinuesAsNewBesideOthers(t *testing.T) {
	w := New(t, Options{Log: io.Discard})
	var heard []string
	w.Env.RegisterWorkflowWithOptions(func(ctx workflow.Context, in sb.CallInput) error {
		if err := workflow.Sleep(ctx, time.Second); err != nil {
			return err
		}
		var text string
		for news := workflow.GetSignalChannel(ctx, "news"); news.ReceiveAsync(&text); {
			heard = append(heard, fmt.Sprint(in.Request.MaxAttempts, " ", text))
		}
		if in.Request.MaxAttempts--; in.Request.MaxAttempts > 0 {
			return workflow.NewContinueAsNewError(ctx, "again", in)
		}
		return nil
	}, workflow.RegisterOptions{Name: "again"})
	var ended []string
	w.Drive(func() {
		for id, runs := range map[string]int{"long": 3, "short": 1} {
			in := sb.CallInput{}
			in.Request.MaxAttempts = runs
			w.launch(start{id: id, workflow: "again", input: in, ended: func(err error) {
				ended = append(ended, fmt.Sprint(id, " ", w.Elapsed(), " ", err))
				if len(ended) == 2 {
					w.Stop()
				}
			}})
		}
		w.After(500*time.Millisecond, func() { _ = w.server.signal("long", "news", "a") })
		w.After(2500*time.Millisecond, func() { _ = w.server.signal("long", "news", "b") })
	})
	if want := []string{"short 1s <nil>", "long 3s <nil>"}; !slices.Equal(ended, want) {
		t.Errorf("ended %q, want %q", ended, want)
	}
	if want := []string{"3 a", "1 b"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

func TestWhatIsDueAtOneMomentHappensInTheOrderInWhichItWasAsked(t *testing.T) {
	var order []int
	w := New(t, Options{Log: io.Discard})
	w.Drive(func() {
		for i := range 20 {
			stop := w.clock.After(time.Second, func() { order = append(order, i) })
			if i%5 == 4 {
				stop()
			}
		}
		w.clock.After(time.Second, func() { w.clock.After(0, w.Stop) })
	})
	if want := []int{0, 1, 2, 3, 5, 6, 7, 8, 10, 11, 12, 13, 15, 16, 17, 18}; !slices.Equal(order, want) {
		t.Errorf("%v, want %v", order, want)
	}
}
