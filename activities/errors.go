package activities

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"go.temporal.io/sdk/temporal"
)

// Types of the errors that leave an activity. Their texts hold codes alone: Twilio's own words can repeat the caller's
// number, and so can the URLs in the errors of the network.
const (
	// ErrorRefused: Twilio will not do it, and asking again does not help. Never executed. Not retryable.
	ErrorRefused = "TwilioRefused"
	// ErrorBusy: too many requests, or no connection. Never executed.
	ErrorBusy = "TwilioBusy"
	// ErrorUnclear: it may have been executed.
	ErrorUnclear = "TwilioUnclear"
	// ErrorUnsettled: executed, or overtaken by somebody else, but the end that was asked for is not seen yet.
	ErrorUnsettled = "TwilioUnsettled"
	// ErrorInput: the input cannot be served. Not retryable.
	ErrorInput = "BadInput"
)

// kind is what a failure says about the request.
type kind int

const (
	never     kind = iota // refused: not executed and never will be
	again                 // not executed, and may be asked again
	ambiguous             // it may have been executed
)

// Failure is a request to Twilio that did not succeed.
type Failure struct {
	kind   kind
	Status int // HTTP status; 0 without an answer
	Code   int // Twilio's error code; 0 if it gave none
	late   bool
	ours   string
}

// Error tells codes and never Twilio's words.
func (f *Failure) Error() string {
	switch {
	case f.ours != "":
		return "not sent: " + f.ours
	case f.late:
		return "not sent: it was too late"
	case f.kind == never:
		return fmt.Sprintf("%s (%d)", ErrorRefused, f.code())
	case f.kind == again && f.Status == 0:
		return ErrorBusy + " (no connection)"
	case f.kind == again:
		return fmt.Sprintf("%s (%d)", ErrorBusy, f.code())
	case f.Status == 0:
		return ErrorUnclear + " (no answer)"
	default:
		return fmt.Sprintf("%s (%d)", ErrorUnclear, f.code())
	}
}

// code is Twilio's error code, or the HTTP status if it gave none.
func (f *Failure) code() int {
	if f.Code != 0 {
		return f.Code
	}
	return f.Status
}

// notFound: Twilio, and not some proxy, knows no such thing.
func (f *Failure) notFound() bool {
	return f != nil && f.kind == never && f.Status == http.StatusNotFound
}

// NotExecuted: nothing has come of it and it may be asked again. 429, or no connection.
func (f *Failure) NotExecuted() bool { return f.kind == again }

// Refused: nothing has come of it, and asking the same again does not help.
func (f *Failure) Refused() bool { return f.kind == never }

// overtaken: somebody else changed the thing since it was read.
func (f *Failure) overtaken() bool {
	return f != nil && (f.Status == http.StatusPreconditionFailed || f.Status == http.StatusConflict || f.Code == 20162)
}

// hopeless: asking again cannot help. Credentials and permissions can be mended while a call waits for days.
func (f *Failure) hopeless() bool {
	return f.kind == never && !f.overtaken() && f.Status != http.StatusUnauthorized && f.Status != http.StatusForbidden
}

// failure reads an error of twilio-go. What is not ours is a 2xx whose body could not be understood.
func failure(err error) *Failure {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*Failure](err); ok {
		return f
	}
	return &Failure{kind: ambiguous}
}

// failed makes the error that leaves an activity.
func failed(what string, err error) error {
	if _, ok := errors.AsType[*temporal.ApplicationError](err); ok {
		return err
	}
	f := failure(err)
	errorType := ErrorUnclear
	switch f.kind {
	case never:
		errorType = ErrorRefused
	case again:
		errorType = ErrorBusy
	}
	return temporal.NewApplicationErrorWithOptions(what+": "+f.Error(), errorType, temporal.ApplicationErrorOptions{
		NonRetryable: f.hopeless(),
		Details:      []any{strconv.Itoa(f.code())},
	})
}

// unsettled is a retryable error: the end is not seen yet.
func unsettled(what string) error {
	return temporal.NewApplicationError(what, ErrorUnsettled)
}

// badInput is an error that only a change of our own code or configuration can mend.
func badInput(what string) error {
	return temporal.NewNonRetryableApplicationError(what, ErrorInput, nil)
}
