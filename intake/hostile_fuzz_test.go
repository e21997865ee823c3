package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"go.temporal.io/sdk/converter"

	sb "switchboard"
	"switchboard/events"
)

// mostLetter is what the topic of the dead letters takes in the tests below: Kafka's own limit, about.
const mostLetter = 1 << 20

// desk is an admitter with everything around it that a test looks at.
type desk struct {
	*admitter
	temporal *temporal
	letters  []kafka.Message
	log      bytes.Buffer
}

func newDesk() *desk {
	d := &desk{temporal: newTemporal()}
	log := slog.New(slog.NewTextHandler(&d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	newGate := func(name string) *gate {
		return &gate{name: name, log: log, advice: func(error) string { return "" }, call: time.Minute}
	}
	counts := new(Counts)
	d.admitter = &admitter{
		starter: d.temporal, policy: sb.DefaultPolicy(), counts: counts, log: log, temporal: newGate("Temporal"),
		letters: &deadLetters{gate: newGate("dead letters"), group: "test", counts: counts, log: log, write1: d.write},
	}
	return d
}

func (d *desk) write(_ context.Context, m kafka.Message) error {
	size := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		size += len(h.Key) + len(h.Value)
	}
	if size > mostLetter {
		return kafka.MessageSizeTooLarge
	}
	d.letters = append(d.letters, m)
	return nil
}

// take handles a record. A record that is never passed would hold up its partition for ever.
func (d *desk) take(t *testing.T, m kafka.Message) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := d.handle(ctx, nil, m); err != nil {
		t.Fatalf("the record is not passed: %v", err)
	}
}

func (d *desk) letter(name string) string {
	for _, h := range d.letters[0].Headers {
		if h.Key == name {
			return string(h.Value)
		}
	}
	return ""
}

// Whatever is written to the topic becomes a call, a cancellation or a dead letter with a reason, one of them, and the
// number and the name in it are seen by nobody on the way.
func FuzzRecords(f *testing.F) {
	add := func(m kafka.Message) {
		var headers []string
		for _, h := range m.Headers {
			headers = append(headers, h.Key+": "+string(h.Value))
		}
		f.Add(strings.Join(headers, "\n"), string(m.Key), string(m.Value), int64(1763800000000))
	}
	for _, mode := range []events.Mode{events.Binary, events.Structured} {
		for _, data := range []string{
			`{"caller":{"phone":"+447700900777","name":"Ada Lovelace","locale":"en-GB"},"reason":"a claim","skills":["vans"],"priority":1e9,` +
				`"deadline":"2026-11-22T12:00:00+01:00","max_attempts":3,"detect_machine":true}`,
			`{"caller":{"phone":"+44 7700 900777 Ada Lovelace"},"Ada Lovelace":{"+447700900777":1}}`,
			`{"caller":{"phone":"+447700900777","name":"\u0000\ud800"},"skills":["+447700900777",1,null,[]]}`,
			`{"caller":{"phone":"+447700900777"},"deadline":"9999-12-31T23:59:59-23:59","priority":-1e400}`,
			`{"reason":"Ada Lovelace"}`, `null`, strings.Repeat("[", 11_000),
		} {
			add(events.Encode(events.Envelope{ID: "1", Source: "crm", Type: sb.TypeRequested, Time: time.Unix(1763800000, 0), PartitionKey: "k", Data: []byte(data)}, mode))
			add(events.Encode(events.Envelope{ID: "2", Source: "crm", Type: sb.TypeCancelled, Subject: "1", Data: []byte(data)}, mode))
		}
		add(events.Encode(events.Envelope{ID: "+447700900777", Source: "crm", Type: sb.TypeRequested, Data: []byte(`{"caller":{"phone":"+447700900777"}}`)}, mode))
		add(events.Encode(events.Envelope{ID: "Ada Lovelace", Source: "\x00", Type: "+447700900777"}, mode))
	}
	f.Add("ce_specversion: 1.0\nCE_ID: 1\nce_id: 2\ncontent-type: application/json; charset=\"", "", "{}", int64(0))
	f.Add("content-type: application/cloudevents+json", "", `{"specversion":"1.0","id":1,"source":true,"type":"switchboard.call.cancelled.v1","subject":"1","data_base64":"e30="}`, int64(0))
	f.Add("content-type: application/cloudevents-batch+json", "", `[]`, int64(0))
	f.Add("ce_specversion: 1.0\nce_id: 1\nce_source: crm\nce_type: switchboard.call.cancelled.v1\nce_subject: 1\nce_time: 0000-01-01T00:00:00+23:59", "", "", int64(0))
	f.Add("ce_specversion: 1.0\nce_id: 1\nce_source: crm\nce_type: switchboard.call.requested.v1", "", string(request("", "").Value), int64(-1<<60))

	f.Fuzz(func(t *testing.T, headers, key, value string, timestamp int64) {
		m := kafka.Message{Topic: sb.TopicRequests, Key: []byte(key), Value: []byte(value), Time: time.UnixMilli(timestamp)}
		for line := range strings.Lines(headers) {
			name, text, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
			m.Headers = append(m.Headers, kafka.Header{Key: name, Value: []byte(text)})
		}
		d := newDesk()
		d.take(t, m)
		starts, signals := d.temporal.starts, len(d.temporal.signals)
		switch { // a cancellation that comes first starts, too
		case len(starts) == 1 && signals <= 1 && len(d.letters) == 0:
			checkStart(t, starts[0])
		case len(starts)+signals == 0 && len(d.letters) == 1:
			checkLetter(t, d, m)
		default:
			t.Fatalf("%d starts, %d signals and %d dead letters of one record", len(starts), signals, len(d.letters))
		}
		if len(starts) == 0 || signals == 0 { // the id of a cancellation alone is not known to hold a number
			for _, canary := range []string{"7700900777", "7700 900777"} {
				if strings.Contains(d.log.String(), canary) {
					t.Errorf("the log holds %q:\n%s", canary, d.log.String())
				}
			}
		}
		if len(starts) == 0 && strings.Contains(d.log.String(), "Ada Lovelace") {
			t.Errorf("the log holds the name:\n%s", d.log.String())
		}
	})
}

func checkStart(t *testing.T, in sb.CallInput) {
	t.Helper()
	if in.Cancelled == nil {
		if err := in.Request.Validate(); err != nil {
			t.Errorf("a request was admitted that is not valid: %v", err)
		}
	}
	if _, _, err := in.Request.Call().Split(); err != nil {
		t.Errorf("%q: %v", in.Request.Call(), err)
	}
	payload, err := converter.GetDefaultDataConverter().ToPayload(in)
	if err != nil {
		t.Fatalf("the call cannot be started: %v", err)
	}
	var back sb.CallInput
	if err := converter.GetDefaultDataConverter().FromPayload(payload, &back); err != nil || !reflect.DeepEqual(back.Request, in.Request) {
		t.Errorf("arrives as %+v, %v; sent was %+v", back.Request, err, in.Request)
	}
}

func checkLetter(t *testing.T, d *desk, m kafka.Message) {
	t.Helper()
	classes := []events.Class{events.NotAnEvent, events.Unsupported, events.BadEvent, events.BadData}
	reason := d.letter(HeaderError)
	if !slices.Contains(classes, events.Class(d.letter(HeaderErrorClass))) || reason == "" || len(reason) > 4<<10 || !sb.Plain(strings.ReplaceAll(reason, "\n", " ")) {
		t.Errorf("class %q, reason %q", d.letter(HeaderErrorClass), reason)
	}
	for _, canary := range []string{"7700900777", "7700 900777", "Ada Lovelace"} {
		if strings.Contains(reason, canary) {
			t.Errorf("the reason holds %q: %s", canary, reason)
		}
	}
	if letter := d.letters[0]; !bytes.Equal(letter.Key, m.Key) || !bytes.Equal(letter.Value, m.Value) {
		t.Error("key or value are not the record's")
	}
	kept := d.letters[0].Headers
	for _, h := range m.Headers {
		if !strings.HasPrefix(h.Key, headerPrefix) && !slices.ContainsFunc(kept, func(k kafka.Header) bool { return reflect.DeepEqual(k, h) }) {
			t.Errorf("the header %q is not kept", h.Key)
		}
	}
}

// A record with a hundred thousand mistakes is refused like one with a single one: with a reason that can be written,
// soon, and without a log line of megabytes.
func TestAReasonHasAnEnd(t *testing.T) {
	var fields, skills []string
	for i := range 100_000 {
		name := ""
		for n := i; len(name) < 5; n /= 26 {
			name += string(rune('a' + n%26))
		}
		fields = append(fields, fmt.Sprintf("%q:0", name))
		skills = append(skills, "0")
	}
	for name, c := range map[string]struct{ kind, data string }{
		"unknown fields":                   {sb.TypeRequested, `{"caller":{"phone":"+447700900777"},` + strings.Join(fields, ",") + "}"},
		"unknown fields of the caller":     {sb.TypeRequested, `{"caller":{"phone":"+447700900777",` + strings.Join(fields, ",") + "}}"},
		"items of the wrong type":          {sb.TypeRequested, `{"caller":{"phone":"+447700900777"},"skills":[` + strings.Join(skills, ",") + "]}"},
		"unknown fields of a cancellation": {sb.TypeCancelled, "{" + strings.Join(fields, ",") + "}"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk()
			d.take(t, events.Encode(events.Envelope{ID: "1", Source: "crm", Type: c.kind, Subject: "1", Data: []byte(c.data)}, events.Binary))
			if len(d.letters) != 1 || len(d.temporal.started()) > 0 {
				t.Fatalf("%d letters, %d starts; want a letter alone", len(d.letters), len(d.temporal.started()))
			}
			reason := d.letter(HeaderError)
			if len(reason) > 4<<10 || d.log.Len() > 8<<10 || !strings.Contains(reason, "more") {
				t.Errorf("a reason of %d bytes and a log of %d; want a few problems and the number of the others: %.300s", len(reason), d.log.Len(), reason)
			}
		})
	}
}

// What cannot be encoded fails before Temporal is asked. Taken for an outage it would hold up everything.
func TestARequestThatCannotBeSentIsADeadLetter(t *testing.T) {
	for _, m := range []kafka.Message{request("1", ""), cancellation("1", "")} {
		d := newDesk()
		_, failed := converter.GetDefaultDataConverter().ToPayload(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC))
		d.temporal.setAnswer(func(context.Context, string) error { return fmt.Errorf("start: %w", failed) })
		d.take(t, m)
		if len(d.letters) != 1 || d.letter(HeaderErrorClass) != string(classUnexpected) {
			t.Errorf("%d letters of class %q, want one that is unexpected", len(d.letters), d.letter(HeaderErrorClass))
		}
	}
}

// The topic refuses whatever is too large, but in the end not the reason alone.
func TestARecordTooLargeForTheDeadLetters(t *testing.T) {
	large := strings.Repeat("x", mostLetter)
	for name, m := range map[string]kafka.Message{
		"value":               {Value: []byte(large)},
		"key, value, headers": {Key: []byte(large), Headers: []kafka.Header{{Key: "x", Value: []byte(large)}}},
	} {
		d := newDesk()
		d.take(t, m)
		if got := d.letter(HeaderOmitted); got != name || d.letter(HeaderError) == "" {
			t.Errorf("omitted: got %q, want %q", got, name)
		}
	}
}

var errGone = errors.New("gone")

// Nothing is lost while the dead letters cannot be written: the record keeps its place.
func TestABrokenRecordWaitsForTheDeadLetters(t *testing.T) {
	d := newDesk()
	asked := make(chan struct{}, 1)
	d.admitter.letters.write1 = func(context.Context, kafka.Message) error {
		select {
		case asked <- struct{}{}:
		default:
		}
		return errGone
	}
	stop, result := make(chan struct{}), make(chan error, 1)
	go func() { result <- d.handle(t.Context(), stop, kafka.Message{Value: []byte("not an event")}) }()
	<-asked
	close(stop)
	if err := <-result; !errors.Is(err, errStopped) {
		t.Errorf("got %v, want the record not to be passed", err)
	}
}
