package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func file(t *testing.T, content string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil { // past the umask
		t.Fatal(err)
	}
	return path
}

func TestSecretsFromFiles(t *testing.T) {
	const hidden = "the-token-itself"
	for name, c := range map[string]struct {
		value, file string
		want, says  string
	}{
		"a variable":            {hidden, "", hidden, ""},
		"a file":                {"", file(t, hidden, 0o600), hidden, ""},
		"a file of the group":   {"", file(t, hidden, 0o640), hidden, ""},
		"one newline is taken":  {"", file(t, hidden+"\n", 0o400), hidden, ""},
		"of two one is left":    {"", file(t, hidden+"\n\n", 0o400), hidden + "\n", ""},
		"a newline of Windows":  {"", file(t, hidden+"\r\n", 0o400), hidden, ""},
		"both":                  {hidden, file(t, hidden, 0o600), "", "are both set"},
		"no such file":          {"", "/nowhere/at/all", "", "no such file"},
		"a folder":              {"", t.TempDir(), "", "not a file"},
		"an empty file":         {"", file(t, "\n", 0o600), "", "is empty"},
		"readable by everybody": {"", file(t, hidden, 0o644), "", "chmod 600"},
		"writable by the group": {"", file(t, hidden, 0o660), "", "can write"},
		"too large":             {"", file(t, strings.Repeat("x", maxSecretFile+1), 0o600), "", "larger than"},
		"neither":               {"", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Secret(lookup(map[string]string{"KEY": c.value, "KEY_FILE": c.file}), "KEY")
			if got != c.want || (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %q, %v; want %q, %q", got, err, c.want, c.says)
			}
			if err != nil && strings.Contains(err.Error(), hidden) {
				t.Errorf("the secret is repeated: %v", err)
			}
		})
	}
}

// Every secret there is can be given as a file.
func TestEverySecretCanBeAFile(t *testing.T) {
	long := strings.Repeat("k", 32)
	env := with(map[string]string{
		"TWILIO_API_KEY_SID": "SK" + strings.Repeat("0", 32), "SWITCHBOARD_OIDC_ISSUER": "https://id.example.com", "SWITCHBOARD_OIDC_CLIENT_ID": "switchboard",
		"KAFKA_SASL_USER": "switchboard", "TWILIO_AUTH_TOKEN": "",
	})
	for _, key := range []string{
		"TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SECRET", "SWITCHBOARD_OIDC_CLIENT_SECRET", "SWITCHBOARD_SESSION_KEY", "KAFKA_SASL_PASSWORD",
	} {
		env[key+"_FILE"] = file(t, long+"\n", 0o600)
	}
	w, err := LoadWorker(lookup(env))
	if err != nil || w.Twilio.AuthToken != long || w.Kafka.SASLPassword != long {
		t.Errorf("worker: got %v", err)
	}
	h, err := LoadWebhook(lookup(env))
	if err != nil || h.AuthToken != long || h.Desktop.APISecret != long || h.Desktop.OIDC.ClientSecret != long || string(h.Desktop.SessionKey) != long {
		t.Errorf("webhook: got %v", err)
	}
	env["TWILIO_AUTH_TOKEN_FILE"] = "/nowhere/at/all"
	if _, err := LoadWorker(lookup(env)); err == nil || !strings.Contains(err.Error(), "TWILIO_AUTH_TOKEN cannot be read") || strings.Contains(err.Error(), "is missing") {
		t.Errorf("got %v", err)
	}
}
