package provision

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"switchboard/activities"
)

// Verb is what is to become of something.
type Verb string

const (
	Create Verb = "create"
	Update Verb = "update"
	Move   Verb = "move"
	Buy    Verb = "buy"
	Delete Verb = "delete"
	// Blocked: it should be bought or otherwise done, but nobody has allowed it.
	Blocked Verb = "blocked"
	// LeftAlone: it is not described, and stays.
	LeftAlone Verb = "left alone"
)

// Change is one line of a plan.
type Change struct {
	Verb Verb
	What string // of what: queue "Claims"
	Why  string // what differs, or what would have to be said for it to be done
}

// String is the line, without secrets by construction: they are in no field.
func (c Change) String() string {
	if c.Why == "" {
		return fmt.Sprintf("%-10s  %s", c.Verb, c.What)
	}
	return fmt.Sprintf("%-10s  %s: %s", c.Verb, c.What, c.Why)
}

// Outstanding are the changes that would bring Twilio to what is described: a plan without any has found no drift.
func Outstanding(changes []Change) (out []Change) {
	for _, c := range changes {
		if c.Verb != LeftAlone {
			out = append(out, c)
		}
	}
	return out
}

// run is one pass over what there is: it notes what is to be done, and does it if it may.
type run struct {
	ctx     context.Context
	apply   bool
	buy     bool // numbers may be bought
	remove  bool // agents and queues that are not described may be deleted
	absent  bool // only noting, and nothing is there yet that could be asked about
	tries   int  // how often a request is made that Twilio is too busy for
	pause   time.Duration
	told    func(Change) // of each change when it has been made; nil: nobody is
	changes []Change
}

// do notes a change, and makes it.
func (r *run) do(verb Verb, what, why string, change func() error) error {
	c := Change{verb, what, why}
	if r.apply {
		if err := change(); err != nil {
			return fmt.Errorf("%s %s: %w", verb, what, err)
		}
		if r.told != nil {
			r.told(c)
		}
	}
	r.changes = append(r.changes, c)
	return nil
}

// note writes down what is not going to be done.
func (r *run) note(verb Verb, what, why string) {
	r.changes = append(r.changes, Change{verb, what, why})
}

// lastPause is the longest between two tries.
const lastPause = 8 * time.Second

// again makes a request as often as it makes sense. One that sets or reads may be repeated after an unclear answer, one
// that creates only when it was certainly not executed: what it may have made is found by name in the next run.
func again[T any](r *run, harmless bool, request func() (T, error)) (T, error) {
	pause := r.pause
	for try := 1; ; try++ {
		out, err := request()
		f, ours := errors.AsType[*activities.Failure](err)
		if err == nil || try >= r.tries || !ours || f.Refused() || !harmless && !f.NotExecuted() {
			return out, err
		}
		wait := time.NewTimer(pause)
		select {
		case <-wait.C:
		case <-r.ctx.Done():
			wait.Stop()
			return out, err
		}
		pause = min(2*pause, lastPause)
	}
}

// read asks for what there is.
func read[T any](r *run, what string, request func() (T, error)) (T, error) {
	if r.absent {
		var nothing T
		return nothing, nil
	}
	out, err := again(r, true, request)
	if err != nil {
		return out, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// set changes what is there, which can be done twice.
func set[T any](r *run, request func() (T, error)) error {
	_, err := again(r, true, request)
	return err
}

// create makes something new.
func create[T any](r *run, request func() (*T, error)) (*T, error) { return again(r, false, request) }

// gone deletes something. What is not there any more, because the answer to the first request was lost, is gone as well.
func gone(r *run, request func() error) error {
	_, err := again(r, true, func() (struct{}, error) { return struct{}{}, request() })
	if f, ok := errors.AsType[*activities.Failure](err); ok && f.Refused() && f.Status == http.StatusNotFound {
		return nil
	}
	return err
}

// differences collects what differs, as words for a plan.
type differences []string

// see compares a setting, and has it set where it differs.
func see[T comparable](d *differences, what string, have, want T, set func(T)) {
	if have != want {
		*d = append(*d, what)
		set(want)
	}
}

func (d differences) String() string { return strings.Join(d, ", ") }

// planned stands for the SID of what is not there yet.
func planned(what string) string { return "(" + what + ")" }
