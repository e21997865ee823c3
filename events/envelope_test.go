package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

var update = flag.Bool("update", false, "write the golden files of this run")

// text is how a record looks in a golden file: key, headers in order, an empty line, the value.
func text(m kafka.Message) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "key: %s\n", m.Key)
	for _, h := range m.Headers {
		fmt.Fprintf(&b, "%s: %s\n", h.Key, h.Value)
	}
	fmt.Fprintf(&b, "\n%s\n", m.Value)
	return b.Bytes()
}

// record reads what text wrote.
func record(t testing.TB, file string) kafka.Message {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	head, value, ok := strings.Cut(string(raw), "\n\n")
	if !ok {
		t.Fatalf("%s has no empty line between headers and value", file)
	}
	m := kafka.Message{Value: []byte(strings.TrimSuffix(value, "\n"))}
	for line := range strings.Lines(head) {
		name, v, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if name == "key" {
			m.Key = []byte(v)
			continue
		}
		m.Headers = append(m.Headers, kafka.Header{Key: name, Value: []byte(v)})
	}
	return m
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s differs (write it anew with -update):\ngot\n%s\nwant\n%s", path, got, want)
	}
}

var asked = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

func requested() Envelope {
	return Envelope{
		ID: "7f3c", Source: "policies/web", Type: sb.TypeRequested, Time: asked,
		DataSchema: "urn:switchboard:schema:call.requested.v1", PartitionKey: "customer-17",
		Extensions: map[string]string{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
		Data:       json.RawMessage(`{"caller":{"phone":"+44 7700 900123","name":"Ada"},"reason":"renewal","skills":["van"],"priority":2}`),
	}
}

func TestEncodeAsInTheGoldenFiles(t *testing.T) {
	cancelled := Envelope{ID: "9", Source: "policies/web", Type: sb.TypeCancelled, Subject: "7f3c", Time: asked}
	lifecycle, err := FromEvent(sb.Event{
		Call: sb.NewCallID("policies/web", "7f3c"), Sequence: 4, Time: asked.Add(1500 * time.Millisecond),
		Data: sb.EventData{Stage: sb.StageEnded, Outcome: sb.Completed, Attempts: 1, TalkSeconds: 61},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]Envelope{"requested": requested(), "cancelled": cancelled, "ended": lifecycle} {
		golden(t, name+".binary", text(Encode(e, Binary)))
		golden(t, name+".structured", text(Encode(e, Structured)))
	}
}

func TestDecodeGivesBackWhatWasEncoded(t *testing.T) {
	for _, mode := range []Mode{Binary, Structured} {
		want := requested()
		want.DataContentType = "application/json"
		got, err := Decode(Encode(requested(), mode))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("mode %d: got %+v\nwant %+v", mode, got, want)
		}
	}
}

// The files were written by hand after what the cloudevents package of npm sends.
func TestDecodeWhatOtherLibrariesSend(t *testing.T) {
	for _, file := range []string{"npm.binary", "npm.structured", "capitals.binary", "base64.structured"} {
		t.Run(file, func(t *testing.T) {
			m := record(t, file)
			m.Time = asked.Add(time.Hour)
			e, err := Decode(m)
			if err != nil {
				t.Fatal(err)
			}
			r, err := ParseRequest(e, asked.Add(time.Hour))
			if err != nil {
				t.Fatal(err)
			}
			if r.Caller.Phone != "+447700900123" || r.Source != "/crm" || r.ID != "42" {
				t.Errorf("got source %s, id %s and a different number", r.Source, r.ID)
			}
			if file == "base64.structured" != r.RequestedAt.Equal(m.Time) {
				t.Errorf("requested at: got %v; Kafka's timestamp counts only where the event has no time", r.RequestedAt)
			}
		})
	}
}

func header(pairs ...string) (headers []kafka.Header) {
	for i := 0; i < len(pairs); i += 2 {
		headers = append(headers, kafka.Header{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return headers
}

func TestDecodeSaysWhatIsWrong(t *testing.T) {
	whole := []string{"ce_specversion", "1.0", "ce_id", "1", "ce_source", "/crm", "ce_type", "t"}
	for _, c := range []struct {
		name    string
		headers []kafka.Header
		value   string
		class   Class
		want    string
	}{
		{"nothing", nil, "", NotAnEvent, "not a CloudEvent: it has neither ce_ headers"},
		{"json alone", nil, `{"phone":"+447700900123"}`, NotAnEvent, "not a CloudEvent"},
		{"no version", header(whole[2:]...), "{}", NotAnEvent, "ce_specversion is missing"},
		{"old version", header(append([]string{"ce_specversion", "0.3"}, whole[2:]...)...), "{}", Unsupported, "ce_specversion is not 1.0"},
		{"no id", header("ce_specversion", "1.0", "ce_source", "/crm", "ce_type", "t"), "{}", BadEvent, "ce_id is missing"},
		{"no source", header("ce_specversion", "1.0", "ce_id", "1", "ce_type", "t"), "{}", BadEvent, "ce_source is missing"},
		{"no type", header("ce_specversion", "1.0", "ce_id", "1", "ce_source", "/crm"), "{}", BadEvent, "ce_type is missing"},
		{"two ids", header(append(whole, "CE_ID", "2")...), "{}", BadEvent, "ce_id is given twice"},
		{"bad time", header(append(whole, "ce_time", "yesterday")...), "{}", BadEvent, "ce_time is not a time such as"},
		{"control character", header(append(whole, "ce_subject", "a\x00b")...), "{}", BadEvent, "ce_subject holds control characters"},
		{"not UTF-8", header(append(whole, "ce_subject", "a\xff")...), "{}", BadEvent, "ce_subject holds control characters or is not UTF-8"},
		{"xml", header(append(whole, "content-type", "application/xml")...), "<a/>", Unsupported, "content-type is not JSON"},
		{"bad content type", header(append(whole, "content-type", ";;")...), "{}", BadEvent, "content-type cannot be read"},
		{"data is no JSON", header(whole...), "{", BadData, "the data is not valid JSON"},
		{"batch", header("content-type", "application/cloudevents-batch+json"), "[]", Unsupported, "batch mode is not supported"},
		{"avro", header("content-type", "application/cloudevents+avro"), "x", Unsupported, "other than JSON"},
		{"structured: no JSON", header("content-type", "application/cloudevents+json"), "{", NotAnEvent, "not valid JSON"},
		{"structured: array", header("content-type", "application/cloudevents+json"), "[]", NotAnEvent, "not a JSON object"},
		{"structured: null", header("content-type", "application/cloudevents+json"), "null", NotAnEvent, "not a JSON object"},
		{"structured: no id", header("content-type", "application/cloudevents+json"), `{"specversion":"1.0","source":"/crm","type":"t"}`, BadEvent, "id is missing"},
		{"structured: id an object", header("content-type", "application/cloudevents+json"), `{"specversion":"1.0","id":{},"source":"/crm","type":"t"}`, BadEvent, "id: must be a string"},
		{"structured: data twice", header("content-type", "application/cloudevents+json"), `{"specversion":"1.0","id":"1","source":"/crm","type":"t","data":1,"data_base64":"MQ=="}`, BadEvent, "both data and data_base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Decode(kafka.Message{Headers: c.headers, Value: []byte(c.value)})
			var e *Error
			if !errors.As(err, &e) {
				t.Fatalf("error: got %v, want an *Error", err)
			}
			if e.Class != c.class || !strings.Contains(e.Error(), c.want) {
				t.Errorf("got %s %q, want %s %q", e.Class, e, c.class, c.want)
			}
		})
	}
}
