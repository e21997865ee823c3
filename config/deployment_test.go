package config

import (
	"strings"
	"testing"
)

func TestWorkerVersioning(t *testing.T) {
	const name, build = "TEMPORAL_DEPLOYMENT_NAME", "TEMPORAL_WORKER_BUILD_ID"
	for _, c := range []struct {
		version string
		env     map[string]string
		want    Deployment
		says    string
	}{
		{"0123456789ab", nil, Deployment{}, ""},
		{"0123456789ab", map[string]string{name: "switchboard"}, Deployment{"switchboard", "0123456789ab"}, ""},
		{"", map[string]string{name: "switchboard", build: "green"}, Deployment{"switchboard", "green"}, ""},
		{"0123456789ab-dirty", map[string]string{name: "switchboard", build: "green"}, Deployment{"switchboard", "green"}, ""},
		{"", map[string]string{name: "switchboard"}, Deployment{}, build + " is missing"},
		{"0123456789ab-dirty", map[string]string{name: "switchboard"}, Deployment{}, build + " is missing"},
		{"1", map[string]string{build: "green"}, Deployment{}, name + ", which is missing"},
		{"1", map[string]string{name: "switch.board"}, Deployment{}, "no dot"},
		{"1", map[string]string{name: "switchboard:2"}, Deployment{}, "no colon"},
		{"1", map[string]string{name: "__switchboard"}, Deployment{}, "no __"},
		{"1", map[string]string{name: "switchboard", build: "__green"}, Deployment{}, build + " must not begin"},
	} {
		w, err := LoadWorker(lookup(with(c.env)))
		got := w.Deployment
		if err == nil {
			got, err = got.Stamped(c.version)
		}
		switch {
		case c.says == "" && (err != nil || got != c.want):
			t.Errorf("%v of %q: got %+v, %v, want %+v", c.env, c.version, got, err, c.want)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%v of %q: got %v, want %q", c.env, c.version, err, c.says)
		}
	}
}
