// Package config reads the environment: the only place that does, so that one page lists every variable there is.
//
// Each process reads its own struct by Load; what is missing or malformed is named all at once, with what to do, and a
// secret's value never appears in an error. Temporal's variables (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY,
// TEMPORAL_TLS_…) are read by Temporal's own envconfig and are not listed here.
package config

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"strings"

	sb "switchboard"
	"switchboard/codec"
	"switchboard/numbers"
)

// Worker is what the worker process needs.
type Worker struct {
	Log       slog.Level
	Twilio    Twilio
	Kafka     Kafka
	PublicURL string
	// CallsPerSecond is how many legs a second may be dialled: the account's limit (Twilio's default is 1). 0: no limit.
	CallsPerSecond float64
	// Encryption is the keys of what Temporal keeps; the same in all processes.
	Encryption codec.Keys
	// Dialling is which numbers may be rung.
	Dialling numbers.Rules
	// AgentRings is the longest the centre's policy lets an agent's softphone ring; checked against TaskRouter's
	// reservation timeout.
	Policy sb.Policy
	Listen string // for health checks and metrics
	// Deployment has its BuildID only if the environment names one; see Stamped.
	Deployment Deployment
	// Tracing: spans are sent to a collector, where OpenTelemetry's own variables say.
	Tracing bool
}

// Webhook is what the webhook process needs.
type Webhook struct {
	Log        slog.Level
	AccountSID sb.AccountSID
	AuthToken  string
	PublicURL  string
	Listen     string
	Operations string // where it listens for metrics; Listen is the public's
	Tracing    bool
	Desktop    *Desktop // nil: the agents' page is not served
	Encryption codec.Keys
	TemporalUI string // for whose pages payloads are decrypted; empty: for nobody
}

// Intake is what the intake process needs.
type Intake struct {
	Log    slog.Level
	Kafka  Kafka
	Group  string
	Policy sb.Policy
	Listen string
	// Dialling is which numbers may be rung.
	Dialling   numbers.Rules
	Encryption codec.Keys
	Tracing    bool
}

// Provision is what setting the workspace up needs.
type Provision struct {
	AccountSID sb.AccountSID
	AuthToken  string
	APIURL     string // see Twilio
	PublicURL  string // "": to be given otherwise
}

// Twilio is how to reach an account, and which workspace of it is ours.
type Twilio struct {
	AccountSID sb.AccountSID
	AuthToken  string
	// APIURL redirects every Twilio host, e.g. to the simulator. Empty: the real Twilio.
	APIURL    string
	Workspace sb.WorkspaceSID
	Routing   sb.RoutingSID
	CallerID  string // the number callers see, E.164
}

// Kafka is how to reach the brokers.
type Kafka struct {
	Brokers      []string
	TLS          *tls.Config // nil: none
	SASLUser     string
	SASLPassword string
	// SASLMechanism is PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512; empty: SCRAM-SHA-512 where there is a user.
	SASLMechanism string
}

// Lookup is os.LookupEnv, or a test's.
type Lookup func(key string) (string, bool)

// LoadWorker reads the worker's variables.
func LoadWorker(env Lookup) (Worker, error) {
	r := reader{env: env}
	w := Worker{
		Log: r.level(), Twilio: r.twilio(), Kafka: r.kafka(), PublicURL: r.publicURL(), Policy: r.policy(), Dialling: r.dialling(true),
		Encryption: r.encryption(), Listen: r.optional("SWITCHBOARD_WORKER_LISTEN", "127.0.0.1:8082"), Deployment: r.deployment(),
		Tracing: r.tracing(),
	}
	perSecond := "1"
	if w.Twilio.APIURL != "" {
		perSecond = "0"
	}
	w.CallsPerSecond = r.number("TWILIO_CALLS_PER_SECOND", perSecond)
	return w, r.err()
}

// LoadWebhook reads the webhook's variables.
func LoadWebhook(env Lookup) (Webhook, error) {
	r := reader{env: env}
	w := Webhook{
		Log: r.level(), AccountSID: r.accountSID(), AuthToken: r.authToken(), PublicURL: r.publicURL(),
		Listen: r.optional("SWITCHBOARD_WEBHOOK_LISTEN", "127.0.0.1:8080"), Tracing: r.tracing(),
		Operations: r.optional("SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN", "127.0.0.1:8083"),
	}
	w.Desktop, w.Encryption = r.desktop(), r.encryption()
	w.TemporalUI = r.temporalUI(w.Encryption, w.Desktop)
	return w, r.err()
}

// LoadIntake reads the intake's variables.
func LoadIntake(env Lookup) (Intake, error) {
	r := reader{env: env}
	i := Intake{
		Log: r.level(), Kafka: r.kafka(), Policy: r.policy(), Dialling: r.dialling(false), Encryption: r.encryption(),
		Group:  r.optional("KAFKA_GROUP", "switchboard-intake"),
		Listen: r.optional("SWITCHBOARD_INTAKE_LISTEN", "127.0.0.1:8081"), Tracing: r.tracing(),
	}
	return i, r.err()
}

// LoadProvision reads what setting the workspace up needs.
func LoadProvision(env Lookup) (Provision, error) {
	r := reader{env: env}
	p := Provision{AccountSID: r.accountSID(), AuthToken: r.authToken(), APIURL: r.apiURL(), PublicURL: r.optional("SWITCHBOARD_PUBLIC_URL", "")}
	return p, r.err()
}

// reader collects what is wrong while it reads.
type reader struct {
	env      Lookup
	problems []error
}

func (r *reader) err() error {
	if len(r.problems) == 0 {
		return nil
	}
	return fmt.Errorf("the environment is not complete:\n%w", errors.Join(r.problems...))
}

func (r *reader) wrong(key, format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf("  %s %s", key, fmt.Sprintf(format, args...)))
}

func (r *reader) optional(key, otherwise string) string {
	if v, ok := r.env(key); ok && strings.TrimSpace(v) != "" {
		return strings.TrimSpace(v)
	}
	return otherwise
}

func (r *reader) required(key, what string) string {
	v := r.optional(key, "")
	if v == "" {
		r.wrong(key, "is missing: %s", what)
	}
	return v
}

func (r *reader) sid(key, prefix, what string) string {
	v := r.required(key, what)
	if v != "" && (!strings.HasPrefix(v, prefix) || len(v) != 34) {
		r.wrong(key, "must be %s: %s and 32 hexadecimal digits", what, prefix)
	}
	return v
}

func (r *reader) number(key, otherwise string) float64 {
	n, err := strconv.ParseFloat(r.optional(key, otherwise), 64)
	if err != nil || n < 0 {
		r.wrong(key, "must be a number, 0 or more")
	}
	return n
}

func (r *reader) level() slog.Level {
	var l slog.Level
	if err := l.UnmarshalText([]byte(r.optional("SWITCHBOARD_LOG_LEVEL", "info"))); err != nil {
		r.wrong("SWITCHBOARD_LOG_LEVEL", "must be debug, info, warn or error")
	}
	return l
}

// tracing reports whether there is a collector to send spans to. The rest of what OpenTelemetry's variables say is read by
// its own SDK: headers, certificates, sampling.
func (r *reader) tracing() bool {
	endpoint := r.optional("OTEL_EXPORTER_OTLP_ENDPOINT", "") + r.optional("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	disabled := strings.EqualFold(r.optional("OTEL_SDK_DISABLED", "false"), "true")
	return endpoint != "" && !disabled
}

func (r *reader) accountSID() sb.AccountSID {
	return sb.AccountSID(r.sid("TWILIO_ACCOUNT_SID", "AC", "the account's SID"))
}

func (r *reader) authToken() string {
	return r.requiredSecret("TWILIO_AUTH_TOKEN", "the account's primary auth token; webhooks are signed with it")
}

func (r *reader) twilio() Twilio {
	t := Twilio{
		AccountSID: r.accountSID(),
		AuthToken:  r.authToken(),
		APIURL:     r.apiURL(),
		Workspace:  sb.WorkspaceSID(r.sid("TWILIO_WORKSPACE_SID", "WS", "TaskRouter's workspace")),
		Routing:    sb.RoutingSID(r.sid("TWILIO_WORKFLOW_SID", "WW", "TaskRouter's workflow for call backs")),
		CallerID:   r.required("TWILIO_CALLER_ID", "the number callers see, in E.164 form"),
	}
	if t.CallerID != "" && !strings.HasPrefix(t.CallerID, "+") {
		r.wrong("TWILIO_CALLER_ID", "must be in E.164 form, beginning with +")
	}
	return t
}

func (r *reader) apiURL() string {
	v := r.optional("TWILIO_API_URL", "")
	if v != "" {
		r.url("TWILIO_API_URL", v)
	}
	return v
}

func (r *reader) kafka() Kafka {
	k := Kafka{
		TLS:           r.kafkaTLS(),
		SASLUser:      r.optional("KAFKA_SASL_USER", ""),
		SASLPassword:  r.secret("KAFKA_SASL_PASSWORD"),
		SASLMechanism: r.optional("KAFKA_SASL_MECHANISM", ""),
	}
	for b := range strings.SplitSeq(r.required("KAFKA_BROKERS", "addresses as host:port, separated by commas"), ",") {
		if b = strings.TrimSpace(b); b != "" {
			k.Brokers = append(k.Brokers, b)
		}
	}
	switch k.SASLMechanism {
	case "", "PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512":
	default:
		r.wrong("KAFKA_SASL_MECHANISM", "must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
	}
	if any := k.SASLMechanism + k.SASLUser + k.SASLPassword; any != "" && (k.SASLUser == "" || k.SASLPassword == "") {
		r.wrong("KAFKA_SASL_USER", "and KAFKA_SASL_PASSWORD go together, and with KAFKA_SASL_MECHANISM: one of them is missing")
	}
	if k.SASLMechanism == "PLAIN" && k.TLS == nil {
		r.wrong("KAFKA_SASL_MECHANISM", "is PLAIN, which sends the password as it is: set KAFKA_TLS=true")
	}
	return k
}

func (r *reader) publicURL() string {
	v := strings.TrimSuffix(r.required("SWITCHBOARD_PUBLIC_URL", "where Twilio reaches the webhook process"), "/")
	if v != "" {
		r.url("SWITCHBOARD_PUBLIC_URL", v)
	}
	return v
}

func (r *reader) url(key, v string) {
	if u, err := url.Parse(v); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		r.wrong(key, "must be an http or https URL without query or fragment")
	}
}

// policy is the default policy, changed by the fields that SWITCHBOARD_POLICY names, e.g. {"wrap_up":"45s"}.
func (r *reader) policy() sb.Policy {
	p := sb.DefaultPolicy()
	v := r.optional("SWITCHBOARD_POLICY", "")
	if v == "" {
		return p
	}
	d := json.NewDecoder(strings.NewReader(v))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		r.wrong("SWITCHBOARD_POLICY", "must be a JSON object of policy fields: %v", err)
		return p
	}
	if err := p.Validate(); err != nil {
		r.wrong("SWITCHBOARD_POLICY", "%v", err)
	}
	return p
}
