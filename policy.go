package switchboard

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that reads "20s" in JSON, in the Temporal UI and in configuration.
type Duration time.Duration

func (d Duration) String() string               { return time.Duration(d).String() }
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("must be a duration such as 20s or 1h30m")
	}
	*d = Duration(v)
	return nil
}

// Policy is what a call centre decides about its calls. It travels with each request, so a running call keeps the
// policy it was started with. The table of docs/process.md is made of these fields.
type Policy struct {
	// MaxAttempts is how often the caller is tried. Attempts that we had to withdraw do not count.
	MaxAttempts int `json:"max_attempts"`
	// RetryAfter is how long to wait before the next attempt, by the outcome of the last. An outcome without an
	// entry is final.
	RetryAfter map[Outcome]Duration `json:"retry_after"`
	// Deadline is how long after the request a call back is still wanted, when the request does not say.
	Deadline Duration `json:"deadline"`
	// AgentRings is how long an agent's softphone rings before the call is offered to the next. Shorter than
	// TaskRouter's own reservation timeout, which would move the agent to a status nobody chose.
	AgentRings Duration `json:"agent_rings"`
	// CallerRings is how long the caller's phone rings. Never under 15 s: shorter rings are a nuisance by Ofcom's
	// statement on persistent misuse (annex on forms of misuse).
	CallerRings Duration `json:"caller_rings"`
	// EarlyHangUp: a caller who hangs up sooner than this after picking up has not had a conversation.
	EarlyHangUp Duration `json:"early_hang_up"`
	// WrapUp is how long an agent may finish notes after a conversation before the next call is offered.
	WrapUp Duration `json:"wrap_up"`
	// MaxTalk ends a conversation. Twilio's own limit for a leg is 4 h.
	MaxTalk Duration `json:"max_talk"`
	// DeclinedFor is how long a task stays away from agents who declined it when nobody else is free.
	DeclinedFor Duration `json:"declined_for"`
}

const minCallerRings = Duration(15 * time.Second)

// DefaultPolicy is the one in force unless a centre says otherwise.
func DefaultPolicy() Policy {
	return Policy{
		MaxAttempts: 3,
		RetryAfter: map[Outcome]Duration{
			Busy:        Duration(5 * time.Minute),
			NoAnswer:    Duration(30 * time.Minute),
			Unreachable: Duration(2 * time.Hour),
			Voicemail:   Duration(2 * time.Hour),
			Uncertain:   Duration(10 * time.Minute),
			Failed:      Duration(10 * time.Minute),
		},
		Deadline:    Duration(24 * time.Hour),
		AgentRings:  Duration(20 * time.Second),
		CallerRings: Duration(30 * time.Second),
		EarlyHangUp: Duration(3 * time.Second),
		WrapUp:      Duration(2 * time.Minute),
		MaxTalk:     Duration(4 * time.Hour),
		DeclinedFor: Duration(time.Minute),
	}
}

// Validate names what a policy may not say.
func (p Policy) Validate() error {
	switch {
	case p.MaxAttempts < 1 || p.MaxAttempts > MaxMaxAttempts:
		return &FieldError{"max_attempts", fmt.Sprintf("must be between 1 and %d", MaxMaxAttempts)}
	case p.Deadline <= 0 || time.Duration(p.Deadline) > MaxDeadline:
		return &FieldError{"deadline", fmt.Sprintf("must be positive and at most %v", MaxDeadline)}
	case p.AgentRings < Duration(10*time.Second) || p.AgentRings > Duration(100*time.Second):
		return &FieldError{"agent_rings", "must be between 10s and 100s"}
	case p.CallerRings < minCallerRings || p.CallerRings > Duration(2*time.Minute):
		return &FieldError{"caller_rings", fmt.Sprintf("must be between %v (Ofcom) and 2m", minCallerRings)}
	case p.EarlyHangUp < 0 || p.WrapUp < 0 || p.DeclinedFor < 0:
		return &FieldError{"early_hang_up, wrap_up, declined_for", "must not be negative"}
	case p.MaxTalk <= 0 || p.MaxTalk > Duration(4*time.Hour):
		return &FieldError{"max_talk", "must be positive and at most 4h, Twilio's limit"}
	}
	for outcome, wait := range p.RetryAfter {
		if wait < 0 {
			return &FieldError{"retry_after." + string(outcome), "must not be negative"}
		}
	}
	return nil
}
