package worker

import (
	"context"
	"errors"
	"strings"
	"testing"
)

func TestAWorkerIsReadyWhileItWorksAndReachesTemporal(t *testing.T) {
	var away error
	s := &state{reachable: func(context.Context) error { return away }}
	for _, c := range []struct {
		phase phase
		away  error
		says  string
	}{
		{starting, nil, "not working yet"},
		{working, nil, ""},
		{working, errors.New("dial tcp 127.0.0.1:7233: connection refused"), "Temporal cannot be reached"},
		{working, nil, ""},
		{stopping, nil, "stopping"},
	} {
		s.is(c.phase)
		away = c.away
		got := strings.Join(s.problems(t.Context()), "\n")
		if c.says == "" && got != "" || !strings.HasPrefix(got, c.says) || strings.Contains(got, "127.0.0.1") {
			t.Errorf("%v, %v: got %q, want %q", c.phase, c.away, got, c.says)
		}
	}
}
