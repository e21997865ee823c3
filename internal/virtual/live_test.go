package virtual_test

import (
	"testing"
	"time"

	sb "switchboard"
	"switchboard/internal/virtual"
	"switchboard/provision"
	"switchboard/simulator"
)

func TestTheClockStandsUntilTheTestLetsItMove(t *testing.T) {
	w := virtual.New(t, virtual.Options{NoSweep: true})
	w.SetStatus("anna", provision.StatusBreak)
	l := w.Begin(sb.CallInput{Request: w.Request("+447700900001"), Policy: sb.DefaultPolicy()})
	if l.Until(time.Hour, func() bool { return false }) || w.Elapsed() != time.Hour {
		t.Fatalf("%v have passed, want an hour", w.Elapsed())
	}
	w.SetStatus("anna", provision.StatusAvailable)
	if w.Elapsed() != time.Hour {
		t.Errorf("the clock moved to %v while the test had the word", w.Elapsed())
	}
	rings := func() bool {
		for _, e := range w.Sim.Log() {
			if e.Party == "client:anna" && e.What == simulator.Rings {
				return true
			}
		}
		return false
	}
	if !l.Until(time.Minute, rings) {
		t.Fatalf("she does not ring\n%s", w.Story())
	}
	if !l.Until(10*time.Minute, l.Over) {
		t.Fatalf("no end\n%s", w.Story())
	}
	if err := l.Err(); err != nil {
		t.Error(err)
	}
	if events := w.Events(); events[len(events)-1].Data.Outcome != sb.Completed {
		t.Errorf("ended as %+v", events[len(events)-1].Data)
	}
}

func TestACallThatIsLeftAloneEnds(t *testing.T) {
	var l *virtual.Live
	t.Run("inner", func(t *testing.T) {
		w := virtual.New(t, virtual.Options{})
		w.SetStatus("anna", provision.StatusBreak)
		l = w.Begin(sb.CallInput{Request: w.Request("+447700900001"), Policy: sb.DefaultPolicy()})
	})
	if !l.Over() {
		t.Error("it goes on after its test has ended")
	}
}
