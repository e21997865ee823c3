package events

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/numbers"
)

// requestData is the data of a TypeRequested event. The schema has been checked before it is read.
type requestData struct {
	Caller struct {
		Phone  string `json:"phone"`
		Name   string `json:"name"`
		Locale string `json:"locale"`
	} `json:"caller"`
	Reason        string   `json:"reason"`
	Skills        []string `json:"skills"`
	Priority      float64  `json:"priority"` // an integer, but 1.0 is one too in JSON Schema
	Deadline      string   `json:"deadline"`
	MaxAttempts   float64  `json:"max_attempts"`
	DetectMachine bool     `json:"detect_machine"`
}

// ParseRequest reads a request from an event of type sb.TypeRequested. The caller's number comes out in E.164. The
// error, an *Error, has one line for each field that is wrong.
func ParseRequest(e Envelope, now time.Time) (sb.Request, error) {
	if e.Type != sb.TypeRequested {
		return sb.Request{}, reject(Unsupported, "the type is not %s", sb.TypeRequested)
	}
	if len(e.Data) == 0 {
		return sb.Request{}, &Error{BadData, &sb.FieldError{Field: "data", Problem: "is missing"}}
	}
	if err := validate(schemaRequested, e.Data); err != nil {
		return sb.Request{}, &Error{BadData, err}
	}
	var data requestData
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return sb.Request{}, reject(BadData, "the data cannot be read as %s", schemaRequested)
	}
	r := sb.Request{
		Source: e.Source, ID: e.ID, RequestedAt: e.Time.UTC(),
		Caller: sb.Caller{Phone: data.Caller.Phone, Name: data.Caller.Name, Locale: data.Caller.Locale},
		Reason: data.Reason, Skills: data.Skills, Priority: int(data.Priority),
		MaxAttempts: int(data.MaxAttempts), DetectMachine: data.DetectMachine,
	}
	var errs fieldErrors
	if e.Time.After(now.Add(sb.MaxRequestedAhead)) {
		errs.add("time", fmt.Sprintf("is more than %d minutes in the future", int(sb.MaxRequestedAhead.Minutes())))
	}
	if data.Deadline != "" {
		deadline, err := time.Parse(time.RFC3339, data.Deadline)
		if err != nil || deadline.IsZero() {
			errs.add("deadline", "must be a date-time such as 2026-11-22T15:04:05Z")
		} else {
			r.Deadline = deadline.UTC()
		}
	}
	phone, national, problem := parsePhone(data.Caller.Phone)
	if problem != "" {
		errs.add("caller.phone", problem)
	} else {
		r.Caller.Phone = phone
		// Validate looks for the whole number; people also write it without the country code.
		if len(national) >= 8 && (strings.Contains(r.ID, national) || strings.Contains(r.Source, national)) {
			errs.add("id", "the caller's number must not be part of id or source: they are shown in the clear")
		}
	}
	errs.merge(r.Validate())
	if err := errs.join(); err != nil {
		return sb.Request{}, &Error{BadData, err}
	}
	return r, nil
}

// fieldErrors keeps the first problem of each field.
type fieldErrors []error

func (f *fieldErrors) add(field, problem string) {
	for _, err := range *f {
		var known *sb.FieldError
		if errors.As(err, &known) && known.Field == field {
			return
		}
	}
	*f = append(*f, &sb.FieldError{Field: field, Problem: problem})
}

func (f *fieldErrors) merge(err error) {
	var one *sb.FieldError
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		for _, err := range many.Unwrap() {
			f.merge(err)
		}
	} else if errors.As(err, &one) {
		f.add(one.Field, one.Problem)
	} else if err != nil {
		*f = append(*f, err)
	}
}

func (f fieldErrors) join() error { return errors.Join(f...) }

// parsePhone returns a number in E.164 and its digits without the country code, or what is wrong with it.
func parsePhone(text string) (e164, national, problem string) {
	e164, national, problem, looksLikeOne := numbers.Parse(text)
	if !looksLikeOne {
		return "", "", patternProblem("caller.phone")
	}
	return e164, national, problem
}

// ParseCancellation reads which call an event of type sb.TypeCancelled withdraws: the one of the same source whose id
// is the event's subject. The error is an *Error.
func ParseCancellation(e Envelope) (sb.CallID, sb.Cancellation, error) {
	if e.Type != sb.TypeCancelled {
		return "", sb.Cancellation{}, reject(Unsupported, "the type is not %s", sb.TypeCancelled)
	}
	var errs fieldErrors
	switch {
	case e.Subject == "":
		errs.add("subject", "is missing: it must be the id of the request to cancel")
	case len(e.Subject) > sb.MaxIDLength:
		errs.add("subject", fmt.Sprintf("is longer than %d characters", sb.MaxIDLength))
	}
	if len(e.Source) > sb.MaxSourceLength {
		errs.add("source", fmt.Sprintf("is longer than %d characters", sb.MaxSourceLength))
	}
	if len(e.Data) > 0 {
		errs.merge(validate(schemaCancelled, e.Data))
	}
	if err := errs.join(); err != nil {
		return "", sb.Cancellation{}, &Error{BadData, err}
	}
	return sb.NewCallID(e.Source, e.Subject), sb.Cancellation{Reason: sb.ReasonRequester, By: e.Source}, nil
}
