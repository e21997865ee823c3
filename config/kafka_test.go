package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestKafkaTLS(t *testing.T) {
	nothing := filepath.Join(t.TempDir(), "nothing.pem")
	if err := os.WriteFile(nothing, []byte("the secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	login := func(more map[string]string) map[string]string {
		more["KAFKA_SASL_USER"], more["KAFKA_SASL_PASSWORD"] = "switchboard", "the secret"
		return more
	}
	for _, c := range []struct {
		env  map[string]string
		tls  bool
		says string
	}{
		{nil, false, ""},
		{map[string]string{"KAFKA_TLS": "false"}, false, ""},
		{map[string]string{"KAFKA_TLS": "true"}, true, ""},
		{login(map[string]string{"KAFKA_TLS": "true", "KAFKA_SASL_MECHANISM": "PLAIN"}), true, ""},
		{login(map[string]string{"KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"}), false, ""},
		{map[string]string{"KAFKA_TLS": "yes please"}, false, "must be true or false"},
		{map[string]string{"KAFKA_TLS": "false", "KAFKA_TLS_CA_PATH": nothing}, false, "is false, but"},
		{map[string]string{"KAFKA_TLS_CA_PATH": nothing}, false, "no certificate in PEM"},
		{map[string]string{"KAFKA_TLS_CA_PATH": nothing + "x"}, false, "no such file"},
		{map[string]string{"KAFKA_TLS_CERT_PATH": nothing}, false, "KAFKA_TLS_KEY_PATH must be"},
		{map[string]string{"KAFKA_TLS_CERT_PATH": nothing, "KAFKA_TLS_KEY_PATH": nothing}, false, "in PEM"},
		{login(map[string]string{"KAFKA_SASL_MECHANISM": "PLAIN"}), false, "set KAFKA_TLS=true"},
	} {
		i, err := LoadIntake(lookup(with(c.env)))
		switch {
		case c.says == "" && (err != nil || (i.Kafka.TLS != nil) != c.tls):
			t.Errorf("%v: got TLS %v, %v", c.env, i.Kafka.TLS != nil, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%v: got %v, want %q", c.env, err, c.says)
		case err != nil && strings.Contains(err.Error(), "the secret"):
			t.Errorf("%v: the error repeats a secret: %v", c.env, err)
		}
	}
}
