package features

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/cucumber/godog"
)

// TestInVirtualTime plays the scenarios in this process: all of it but the page and the sound.
func TestInVirtualTime(t *testing.T) {
	play(t, "@virtual", []string{"."}, func(t testing.TB) (World, error) { return newVirtualWorld(t), nil })
}

// play plays the scenarios of some files in a world, each as a test of its own.
func play(t *testing.T, tags string, files []string, world func(testing.TB) (World, error)) {
	t.Helper()
	suite := godog.TestSuite{
		ScenarioInitializer: func(sc *godog.ScenarioContext) { tell(t, sc, world) },
		Options:             &godog.Options{Format: "progress", Paths: files, Tags: tags, Strict: true, NoColors: true, TestingT: t},
	}
	if status := suite.Run(); status != 0 && !t.Failed() {
		t.Fatalf("godog ended with status %d", status)
	}
}

// tell gives a scenario its story, in a world.
func tell(t *testing.T, sc *godog.ScenarioContext, world func(testing.TB) (World, error)) {
	s, st := &story{}, &scenarioT{TB: t}
	s.sentences(sc)
	sc.Before(func(ctx context.Context, _ *godog.Scenario) (_ context.Context, err error) {
		st.its = godog.T(ctx)
		s.World, err = world(st)
		if err == nil && s.Twilio() != nil {
			s.before = len(s.Twilio().Log())
		}
		return ctx, err
	})
	sc.After(func(ctx context.Context, _ *godog.Scenario, failed error) (context.Context, error) {
		defer st.cleanUp()
		if s.World == nil {
			return ctx, nil
		}
		var wrong error
		if failed == nil {
			wrong = s.check()
		}
		return ctx, errors.Join(wrong, s.End(failed != nil || wrong != nil))
	})
}

// scenarioT is the test of one scenario for those who want a testing.TB: godog has only a part of it.
type scenarioT struct {
	testing.TB // the test that plays all scenarios
	its        godog.TestingT
	cleanups   []func()
}

func (t *scenarioT) Helper()                        {}
func (t *scenarioT) Name() string                   { return t.its.Name() }
func (t *scenarioT) Log(args ...any)                { t.its.Log(args...) }
func (t *scenarioT) Logf(format string, a ...any)   { t.its.Logf(format, a...) }
func (t *scenarioT) Error(args ...any)              { t.its.Error(args...) }
func (t *scenarioT) Errorf(format string, a ...any) { t.its.Error(fmt.Sprintf(format, a...)) }
func (t *scenarioT) Fatal(args ...any)              { t.its.Fatal(args...) }
func (t *scenarioT) Fatalf(format string, a ...any) { t.its.Fatal(fmt.Sprintf(format, a...)) }
func (t *scenarioT) FailNow()                       { t.its.FailNow() }
func (t *scenarioT) Cleanup(f func())               { t.cleanups = append(t.cleanups, f) }

func (t *scenarioT) cleanUp() {
	for _, f := range slices.Backward(t.cleanups) {
		f()
	}
	t.cleanups = nil
}
