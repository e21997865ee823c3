package config

import (
	"strings"

	"switchboard/codec"
)

// encryption is the keys with which payloads are encrypted in Temporal; none: they are not.
func (r *reader) encryption() codec.Keys {
	const key = "SWITCHBOARD_ENCRYPTION_KEYS"
	text := r.secret(key)
	if text == "" || text == unreadable {
		return codec.Keys{}
	}
	keys, err := codec.ParseKeys(text)
	if err != nil {
		r.wrong(key, "must be keys as identity:key, separated by commas or lines: %v", err)
	}
	return keys
}

// temporalUI is where Temporal's UI is, for whose pages the webhook process decrypts; empty: it does not.
func (r *reader) temporalUI(keys codec.Keys, d *Desktop) string {
	const key = "SWITCHBOARD_TEMPORAL_UI_URL"
	v := strings.TrimSuffix(r.optional(key, ""), "/")
	if v == "" {
		return ""
	}
	r.url(key, v)
	if !keys.Any() {
		r.wrong(key, "needs SWITCHBOARD_ENCRYPTION_KEYS as well: there is nothing to decrypt with")
	}
	if d == nil {
		r.wrong(key, "needs the agents' page as well (TWILIO_API_KEY_SID): operators sign in there")
	}
	return v
}

// TemporalEnvironment is the environment for Temporal's own envconfig, with TEMPORAL_API_KEY read from its file if need be.
type TemporalEnvironment struct {
	apiKey string
	env    Lookup
	list   []string
}

// NewTemporalEnvironment reads the file; list is os.Environ's.
func NewTemporalEnvironment(env Lookup, list []string) (TemporalEnvironment, error) {
	r := reader{env: env}
	e := TemporalEnvironment{apiKey: r.secret(temporalAPIKey), env: env, list: list}
	return e, r.err()
}

const temporalAPIKey = "TEMPORAL_API_KEY"

// Environ and LookupEnv are envconfig.EnvLookup.
func (e TemporalEnvironment) Environ() []string {
	if e.apiKey == "" {
		return e.list
	}
	return append(e.list, temporalAPIKey+"="+e.apiKey)
}

func (e TemporalEnvironment) LookupEnv(key string) (string, bool) {
	if key == temporalAPIKey && e.apiKey != "" {
		return e.apiKey, true
	}
	return e.env(key)
}
