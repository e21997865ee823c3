package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"go.temporal.io/sdk/contrib/envconfig"
)

var encryptionKey = "2026-11:" + strings.Repeat("A", 43) + "="

func TestEncryptionIsOnWhereThereAreKeys(t *testing.T) {
	w, err := LoadWorker(lookup(complete))
	if err != nil || w.Encryption.Any() {
		t.Errorf("without keys: got %v, %v", w.Encryption.IDs(), err)
	}
	env := with(map[string]string{"SWITCHBOARD_ENCRYPTION_KEYS_FILE": file(t, encryptionKey+"\n", 0o600)})
	w, err1 := LoadWorker(lookup(env))
	h, err2 := LoadWebhook(lookup(env))
	i, err3 := LoadIntake(lookup(env))
	for _, ids := range [][]string{w.Encryption.IDs(), h.Encryption.IDs(), i.Encryption.IDs()} {
		if !slices.Equal(ids, []string{"2026-11"}) || err1 != nil || err2 != nil || err3 != nil {
			t.Errorf("got %v, %v, %v, %v", ids, err1, err2, err3)
		}
	}
	env = with(map[string]string{"SWITCHBOARD_ENCRYPTION_KEYS": "2026-11:abc"})
	if _, err := LoadIntake(lookup(env)); err == nil || !strings.Contains(err.Error(), "entry 1") || strings.Contains(err.Error(), "abc") {
		t.Errorf("got %v", err)
	}
}

func TestTemporalsUINeedsKeysAndASignIn(t *testing.T) {
	const ui = "SWITCHBOARD_TEMPORAL_UI_URL"
	env := with(map[string]string{ui: "https://temporal.example.com/"})
	_, err := LoadWebhook(lookup(env))
	if err == nil || !strings.Contains(err.Error(), "SWITCHBOARD_ENCRYPTION_KEYS as well") || !strings.Contains(err.Error(), "TWILIO_API_KEY_SID") {
		t.Errorf("got %v", err)
	}
	maps.Copy(env, desktop)
	env["SWITCHBOARD_ENCRYPTION_KEYS"] = encryptionKey
	h, err := LoadWebhook(lookup(env))
	if err != nil || h.TemporalUI != "https://temporal.example.com" {
		t.Errorf("got %q, %v", h.TemporalUI, err)
	}
}

func TestTemporalsKeyFromAFile(t *testing.T) {
	env := map[string]string{"TEMPORAL_API_KEY_FILE": file(t, "the-key\n", 0o600), "TEMPORAL_CONFIG_FILE": "/dev/null", "TEMPORAL_ADDRESS": "temporal.example.com:7233"}
	e, err := NewTemporalEnvironment(lookup(env), []string{"TEMPORAL_ADDRESS=temporal.example.com:7233"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: e})
	if err != nil || o.Credentials == nil || o.HostPort != "temporal.example.com:7233" {
		t.Errorf("got %+v, %v", o, err)
	}
	env["TEMPORAL_API_KEY"] = "another"
	if _, err := NewTemporalEnvironment(lookup(env), nil); err == nil || !strings.Contains(err.Error(), "both set") || strings.Contains(err.Error(), "another") {
		t.Errorf("got %v", err)
	}
}
