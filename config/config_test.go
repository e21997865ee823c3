package config

import (
	"maps"
	"strings"
	"testing"
	"time"

	sb "switchboard"
)

var complete = map[string]string{
	"TWILIO_ACCOUNT_SID": "AC" + strings.Repeat("0", 32), "TWILIO_AUTH_TOKEN": "secret",
	"TWILIO_WORKSPACE_SID": "WS" + strings.Repeat("0", 32), "TWILIO_WORKFLOW_SID": "WW" + strings.Repeat("0", 32),
	"TWILIO_CALLER_ID": "+442079460000", "KAFKA_BROKERS": "127.0.0.1:9092, 127.0.0.1:9093",
	"SWITCHBOARD_PUBLIC_URL": "https://calls.example.com/", "SWITCHBOARD_ENVIRONMENT": "production",
}

func lookup(env map[string]string) Lookup {
	return func(k string) (string, bool) { v, ok := env[k]; return v, ok }
}

func with(changes map[string]string) map[string]string {
	env := maps.Clone(complete)
	maps.Copy(env, changes)
	return env
}

func TestEveryMissingVariableIsNamedAtOnce(t *testing.T) {
	_, err := LoadWorker(lookup(nil))
	if err == nil {
		t.Fatal("an empty environment was accepted")
	}
	for key := range complete {
		if !strings.Contains(err.Error(), key+" is missing") {
			t.Errorf("%s is not named in: %v", key, err)
		}
	}
}

func TestCompleteEnvironment(t *testing.T) {
	w, err := LoadWorker(lookup(complete))
	if err != nil {
		t.Fatal(err)
	}
	if w.PublicURL != "https://calls.example.com" || len(w.Kafka.Brokers) != 2 || w.Kafka.Brokers[1] != "127.0.0.1:9093" {
		t.Errorf("got %+v", w)
	}
	if w.CallsPerSecond != 1 {
		t.Errorf("calls per second on the real Twilio: got %v, want Twilio's default of 1", w.CallsPerSecond)
	}
	w, err = LoadWorker(lookup(with(map[string]string{"TWILIO_API_URL": "http://127.0.0.1:8090"})))
	if err != nil || w.CallsPerSecond != 0 {
		t.Errorf("calls per second elsewhere: got %v, %v, want no limit", w.CallsPerSecond, err)
	}
}

func TestMalformedVariablesSayWhatToDoAndKeepSecrets(t *testing.T) {
	for key, value := range map[string]string{
		"TWILIO_ACCOUNT_SID": "secret-AC", "TWILIO_CALLER_ID": "020 7946 0000", "SWITCHBOARD_PUBLIC_URL": "calls.example.com",
		"SWITCHBOARD_POLICY": `{"wrap":"45s"}`, "SWITCHBOARD_LOG_LEVEL": "loud", "TWILIO_CALLS_PER_SECOND": "-1",
		"KAFKA_SASL_MECHANISM": "PLAIN", "TWILIO_API_URL": "127.0.0.1:8090",
	} {
		_, err := LoadWorker(lookup(with(map[string]string{key: value})))
		if err == nil || !strings.Contains(err.Error(), strings.TrimSuffix(key, "_MECHANISM")) {
			t.Errorf("%s=%s: got %v, want an error that names it", key, value, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error repeats the value: %v", key, err)
		}
	}
}

func TestPolicyChangesTheDefault(t *testing.T) {
	i, err := LoadIntake(lookup(with(map[string]string{"SWITCHBOARD_POLICY": `{"wrap_up":"45s","retry_after":{"busy":"1m"}}`})))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := i.Policy.WrapUp, sb.Duration(45*time.Second); got != want {
		t.Errorf("wrap-up: got %v, want %v", got, want)
	}
	if got, want := i.Policy.RetryAfter[sb.Busy], sb.Duration(time.Minute); got != want {
		t.Errorf("busy: got %v, want %v", got, want)
	}
	if got, want := i.Policy.RetryAfter[sb.NoAnswer], sb.Duration(30*time.Minute); got != want {
		t.Errorf("no answer, not named: got %v, want the default %v", got, want)
	}
}

func TestSpansAreSentWhereThereIsACollector(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want bool
	}{
		"none":              {nil, false},
		"one":               {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, true},
		"one for traces":    {map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, true},
		"one, switched off": {map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318", "OTEL_SDK_DISABLED": "true"}, false},
	} {
		if w, err := LoadWorker(lookup(with(c.env))); err != nil || w.Tracing != c.want {
			t.Errorf("%s: got %v, %v, want %v", name, w.Tracing, err, c.want)
		}
	}
}
