package switchboard

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Request is somebody's wish to be called back by an agent.
type Request struct {
	// Source and ID are the CloudEvents identity of the event that asked: an ID is unique within its source, and
	// the pair names the call everywhere (see CallID). Neither may contain the caller's number.
	Source string `json:"source"`
	ID     string `json:"id"`
	// RequestedAt is when the caller asked; it decides the place in the queue.
	RequestedAt time.Time `json:"requested_at"`
	Caller      Caller    `json:"caller"`
	// Reason is what the call is about, in words for the agent.
	Reason string `json:"reason,omitempty"`
	// Skills are what the agent must know, at most MaxSkills.
	Skills []string `json:"skills,omitempty"`
	// Priority moves a request ahead of older ones; 0 is ordinary.
	Priority int `json:"priority,omitempty"`
	// Deadline is the moment after which a call back is of no use. Zero: RequestedAt plus the policy's deadline.
	Deadline time.Time `json:"deadline,omitzero"`
	// MaxAttempts replaces the policy's number of attempts. Zero: the policy's.
	MaxAttempts int `json:"max_attempts,omitempty"`
	// DetectMachine asks Twilio to tell a voicemail from a person. Off by default: an agent is on the line anyway.
	DetectMachine bool `json:"detect_machine,omitempty"`
}

// Caller is the person whose request it is. Nothing of a Caller may appear in a log, an identifier, a search attribute
// or the text of an error.
type Caller struct {
	Phone  string `json:"phone"`            // E.164
	Name   string `json:"name,omitempty"`   // as the agent should say it
	Locale string `json:"locale,omitempty"` // BCP 47, for spoken sentences; "" means en-GB
}

// Limits of a request. Task attributes hold 4,096 characters in all (TaskRouter's limit), hence those of the texts.
const (
	MaxIDLength       = 200
	MaxSourceLength   = 200
	MaxNameLength     = 200
	MaxReasonLength   = 1000
	MaxSkills         = 5
	MaxSkillLength    = 64
	MaxMaxAttempts    = 10
	MaxPriority       = 1<<31 - 1       // TaskRouter's
	MaxDeadline       = 72 * time.Hour  // and below the retention of the namespace, or an old event could start a call twice
	MaxRequestedAhead = 5 * time.Minute // clocks of producers differ; TaskRouter refuses a place in line from the future
)

// FieldError says which field of a request is wrong and what it should be. It never repeats the field's value.
type FieldError struct {
	Field   string // as in the event's JSON, e.g. "caller.phone"
	Problem string
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

var (
	e164   = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	locale = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)
	skill  = regexp.MustCompile(`^[\p{L}\p{N}][\p{L}\p{N} _.-]*$`)
)

// Validate reports every field that is wrong, each as a FieldError. Whether the number exists is for the edge that
// admits it; here it must have the form of E.164.
func (r Request) Validate() error {
	var errs []error
	wrong := func(field, format string, args ...any) {
		errs = append(errs, &FieldError{field, fmt.Sprintf(format, args...)})
	}
	switch {
	case r.Source == "":
		wrong("source", "is missing")
	case len(r.Source) > MaxSourceLength:
		wrong("source", "is longer than %d characters", MaxSourceLength)
	}
	switch {
	case r.ID == "":
		wrong("id", "is missing")
	case len(r.ID) > MaxIDLength:
		wrong("id", "is longer than %d characters", MaxIDLength)
	}
	if r.RequestedAt.IsZero() {
		wrong("time", "is missing")
	}
	if !e164.MatchString(r.Caller.Phone) {
		wrong("caller.phone", "must be a number in E.164 form: a plus sign, the country code and 7 to 15 digits in all")
	} else if digits := r.Caller.Phone[1:]; strings.Contains(r.ID, digits) || strings.Contains(r.Source, digits) {
		wrong("id", "the caller's number must not be part of id or source: they are shown in the clear")
	}
	if len([]rune(r.Caller.Name)) > MaxNameLength {
		wrong("caller.name", "is longer than %d characters", MaxNameLength)
	}
	if r.Caller.Locale != "" && !locale.MatchString(r.Caller.Locale) {
		wrong("caller.locale", "must be a language tag such as en-GB")
	}
	if len([]rune(r.Reason)) > MaxReasonLength {
		wrong("reason", "is longer than %d characters", MaxReasonLength)
	}
	if len(r.Skills) > MaxSkills {
		wrong("skills", "are more than %d", MaxSkills)
	}
	for i, s := range r.Skills {
		if len([]rune(s)) > MaxSkillLength || !skill.MatchString(s) {
			wrong(fmt.Sprintf("skills[%d]", i), "must be at most %d letters, digits, spaces, dots, dashes and underscores", MaxSkillLength)
		}
	}
	if r.Priority < 0 || r.Priority > MaxPriority {
		wrong("priority", "must be between 0 and %d", MaxPriority)
	}
	if r.MaxAttempts < 0 || r.MaxAttempts > MaxMaxAttempts {
		wrong("max_attempts", "must be between 1 and %d", MaxMaxAttempts)
	}
	if !r.Deadline.IsZero() && !r.RequestedAt.IsZero() {
		if r.Deadline.Before(r.RequestedAt) {
			wrong("deadline", "is before the request itself")
		} else if r.Deadline.Sub(r.RequestedAt) > MaxDeadline {
			wrong("deadline", "is more than %d hours after the request", int(MaxDeadline.Hours()))
		}
	}
	return errors.Join(errs...)
}

// Call returns the identity of the call that serves this request.
func (r Request) Call() CallID { return NewCallID(r.Source, r.ID) }

// CallID names one call in Temporal (it is the workflow's ID), in task attributes, in callback URLs and in events.
type CallID string

const callIDPrefix = "call/"

// NewCallID makes the identity of the request with this source and ID. The ID is escaped so that its last slash is the
// one we put there: a source may contain slashes, and two requests must never share a call.
func NewCallID(source, id string) CallID {
	return CallID(callIDPrefix + source + "/" + url.PathEscape(id))
}

// Split returns the source and ID of the request that the call serves. It refuses what no request can have: a call is
// also read from URLs and task attributes, and goes from there to Temporal, whose IDs are short and UTF-8.
func (c CallID) Split() (source, id string, err error) {
	rest, ok := strings.CutPrefix(string(c), callIDPrefix)
	slash := strings.LastIndexByte(rest, '/')
	if !ok || slash < 0 {
		return "", "", errors.New("not the identity of a call: it must read call/<source>/<id>")
	}
	source = rest[:slash]
	id, err = url.PathUnescape(rest[slash+1:])
	if err != nil || NewCallID(source, id) != c {
		return "", "", errors.New("not the identity of a call: its id is not escaped as in a URL's path")
	}
	if source == "" || len(source) > MaxSourceLength || id == "" || len(id) > MaxIDLength {
		return "", "", fmt.Errorf("not the identity of a call: a source has 1 to %d characters, an id 1 to %d", MaxSourceLength, MaxIDLength)
	}
	if !Plain(source) || !Plain(id) {
		return "", "", errors.New("not the identity of a call: it holds control characters or is not UTF-8")
	}
	return source, id, nil
}

// Plain reports whether a text is UTF-8 without control characters: it can be stored and shown anywhere.
func Plain(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
