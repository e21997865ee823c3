package virtual

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	sb "switchboard"
)

// What lies between the product's processes and the rest of the world, and takes time and fails there.

// The same bounds as in package activities, which has them on the wall clock: there is none here.
const (
	requestTimeout = 8 * time.Second
	answerMargin   = 300 * time.Millisecond
)

// network carries requests to the simulator. Those of an activity take the time that the conditions say, and a request
// that has left goes on to Twilio whatever becomes of who sent it.
type network struct {
	server *server
	twilio http.RoundTripper
}

var (
	errNoConnection = errors.New("no connection")
	errBroken       = errors.New("the connection broke")
	errTimeout      = errors.New("no answer in time")
)

func (n *network) RoundTrip(req *http.Request) (*http.Response, error) {
	r := attemptOf(req.Context())
	if r == nil {
		return n.twilio.RoundTrip(req)
	}
	r.requests++
	trip := n.server.conditions.request(r.activity.named(r.number), Request{Method: req.Method, Path: req.URL.Path, Number: r.requests})
	giveUp := earlier(n.server.clock.Now().Add(requestTimeout), r.deadline.Add(-answerMargin))

	// A connection first; only then is the request asked whether it may still be written.
	connected := n.server.clock.Now().Add(trip.Connect)
	if err := r.until(earlier(connected, giveUp)); err != nil {
		return nil, err
	}
	if trip.NoneStands || giveUp.Before(connected) {
		return nil, errNoConnection
	}
	sent, err := write(req)
	if err != nil {
		return nil, err
	}

	var res *http.Response
	arrives := n.server.clock.Now().Add(trip.There)
	err = errBroken
	if !trip.LostThere {
		deliver := func() { res, err = n.twilio.RoundTrip(sent) }
		if trip.There == 0 {
			deliver()
		} else {
			n.server.clock.After(trip.There, deliver)
		}
	}
	back := arrives.Add(trip.Back)
	if trip.LostThere {
		back = giveUp
	}
	if late := r.until(earlier(back, giveUp)); late != nil {
		return nil, late
	}
	switch {
	case giveUp.Before(back):
		return nil, errTimeout
	case err != nil:
		return nil, err
	case trip.LostBack:
		return nil, errBroken
	}
	return res, nil
}

// write takes the request off the hands of who makes it.
func write(req *http.Request) (*http.Request, error) {
	sent := req.WithContext(context.WithoutCancel(req.Context()))
	if req.Body == nil {
		return sent, nil
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	sent.Body = io.NopCloser(bytes.NewReader(body))
	return sent, nil
}

// wait is how activities pause.
func (s *server) wait(ctx context.Context, d time.Duration) error {
	if r := attemptOf(ctx); r != nil {
		return r.sleep(d)
	}
	return ctx.Err()
}

// Publish takes the place of Kafka.
func (w *World) Publish(ctx context.Context, events []sb.Event) error {
	if w.Elapsed() < w.opts.KafkaDown {
		return errors.New("kafka is down")
	}
	r := attemptOf(ctx)
	if r == nil {
		w.publish(events)
		return nil
	}
	takes, stored, refusal := w.server.conditions.publish(r.activity.named(r.number))
	if err := r.sleep(takes); err != nil {
		return err
	}
	if stored {
		w.publish(events)
	}
	return refusal
}
