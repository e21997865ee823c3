package virtual

import (
	"time"
)

// Conditions are how long things take between the product's processes, Temporal, Kafka and Twilio, and what goes wrong
// there. Each function may be nil: then nothing takes time, and all goes well. They are asked in the order in which
// things happen, so what they answer must be drawn from what they are asked about and not from when.
type Conditions struct {
	// Task is how long it takes until a worker takes up a workflow's next task: what happens meanwhile comes with it.
	Task func(workflow string, number int) time.Duration
	// Pickup is how long an activity waits in the task queue for a worker.
	Pickup func(ActivityAttempt) time.Duration
	// Death says whether the worker's process is killed while it runs the activity, and how long after its beginning.
	Death func(ActivityAttempt) (dies bool, after time.Duration)
	// Report is how long it takes until the server has an activity's result.
	Report func(ActivityAttempt) time.Duration
	// Request is what happens to a request to Twilio on its way.
	Request func(ActivityAttempt, Request) Trip
	// Publish is how long Kafka takes, and whether it takes the events, and says so.
	Publish func(ActivityAttempt) (takes time.Duration, stored bool, err error)
	// Signal is whether Temporal can be reached by a client, such as a webhook.
	Signal func(workflow string) error
}

// ActivityAttempt names one attempt at one activity.
type ActivityAttempt struct {
	Workflow string
	Activity string
	Number   int // of the workflow's activities, from 1; 0 of one that belongs to no workflow
	Attempt  int // from 1
}

// Request is a request to Twilio.
type Request struct {
	Method, Path string
	Number       int // of the attempt's requests, from 1
}

// Trip is the way of a request to Twilio and of its answer back.
type Trip struct {
	Connect    time.Duration // until the connection stands
	NoneStands bool          // it never does: nothing is written
	There      time.Duration // from the writing until Twilio carries it out
	LostThere  bool          // it never gets there, and nobody is told
	Back       time.Duration
	LostBack   bool // the answer does not arrive: the connection breaks
}

func (c Conditions) task(workflow string, number int) time.Duration {
	if c.Task == nil {
		return 0
	}
	return c.Task(workflow, number)
}

func (c Conditions) pickup(a ActivityAttempt) time.Duration {
	if c.Pickup == nil {
		return 0
	}
	return c.Pickup(a)
}

func (c Conditions) death(a ActivityAttempt) (bool, time.Duration) {
	if c.Death == nil {
		return false, 0
	}
	return c.Death(a)
}

func (c Conditions) report(a ActivityAttempt) time.Duration {
	if c.Report == nil {
		return 0
	}
	return c.Report(a)
}

func (c Conditions) request(a ActivityAttempt, r Request) Trip {
	if c.Request == nil {
		return Trip{}
	}
	return c.Request(a, r)
}

func (c Conditions) publish(a ActivityAttempt) (time.Duration, bool, error) {
	if c.Publish == nil {
		return 0, true, nil
	}
	return c.Publish(a)
}

func (c Conditions) signal(workflow string) error {
	if c.Signal == nil {
		return nil
	}
	return c.Signal(workflow)
}
