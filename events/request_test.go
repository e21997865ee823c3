package events

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	sb "switchboard"
)

func TestRequestWithEveryField(t *testing.T) {
	e := requested()
	e.Data = json.RawMessage(`{"caller":{"phone":"+44 (20) 7946-0000","name":"Ada Lovelace","locale":"en-GB"},"reason":"a claim",
		"skills":["claims","van 3.5t"],"priority":7.0,"deadline":"2026-11-22T12:00:00+01:00","max_attempts":2,"detect_machine":true}`)
	r, err := ParseRequest(e, asked)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := json.Marshal(r)
	want := `{"source":"policies/web","id":"7f3c","requested_at":"2026-11-22T09:30:00Z",` +
		`"caller":{"phone":"+442079460000","name":"Ada Lovelace","locale":"en-GB"},"reason":"a claim",` +
		`"skills":["claims","van 3.5t"],"priority":7,"deadline":"2026-11-22T11:00:00Z","max_attempts":2,"detect_machine":true}`
	if string(got) != want {
		t.Errorf("request:\ngot  %s\nwant %s", got, want)
	}
}

func TestRequestNeedsANumberAlone(t *testing.T) {
	e := requested()
	e.Data = json.RawMessage(`{"caller":{"phone":"+447700900000"}}`)
	if _, err := ParseRequest(e, asked); err != nil {
		t.Error(err)
	}
}

func TestNumbersThatAreTaken(t *testing.T) {
	for given, want := range map[string]string{
		"+447700900000": "+447700900000", "+44 7700 900999": "+447700900999", // Ofcom's for drama
		"+44 20 7946 0999": "+442079460999",
		"+1 650-555-0100":  "+16505550100", "+49 30 23125001": "+493023125001", // America's, Germany's
	} {
		if got, _, problem := parsePhone(given); problem != "" || got != want {
			t.Errorf("%s: got %q, problem %q; want %s", given, got, problem, want)
		}
	}
	for _, given := range []string{
		"07700 900123", "+447700", "+4477009001234", "+44 7700 90012", "+999123456789", "+442079460750 ext 3", "", "+", "+44 20 7946 0000000",
	} {
		if got, _, problem := parsePhone(given); problem == "" {
			t.Errorf("%s: got %q, want a problem", given, got)
		}
	}
}

func TestRequestSaysEachThingThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name, data string
		want       []string
	}{
		{"no data", ``, []string{"data: is missing"}},
		{"no object", `[]`, []string{"data: must be an object, not an array"}},
		{"no caller", `{}`, []string{"caller: is missing"}},
		{"no number", `{"caller":{}}`, []string{"caller.phone: is missing"}},
		{"misspelt", `{"caller":{"phone":"+447700900123","nmae":"SECRET"},"priorty":1}`, []string{
			"caller.nmae: is not a field of this event; is it misspelt?",
			"priorty: is not a field of this event; is it misspelt?"}},
		{"a name that may be a value", `{"caller":{"phone":"+447700900123"},"SECRET +447700900123":1}`, []string{
			"(a name that is not shown): is not a field of this event; is it misspelt?"}},
		{"types", `{"caller":{"phone":7700900123},"skills":"SECRET","priority":1.5,"detect_machine":null}`, []string{
			"caller.phone: must be a string, not a number",
			"detect_machine: must be a boolean, not null",
			"priority: must be an integer, not a number",
			"skills: must be an array, not a string"}},
		{"limits", `{"caller":{"phone":"+447700900123"},"skills":["a","b","c","d","e",""],"priority":-1,"max_attempts":11}`, []string{
			"max_attempts: must be at most 10",
			"priority: must be at least 0",
			"skills: are more than 5",
			"skills[5]: must have at least 1 characters"}},
		{"long", `{"caller":{"phone":"+447700900123","name":"` + strings.Repeat("é", 201) + `"}}`, []string{"caller.name: is longer than 200 characters"}},
		{"national number", `{"caller":{"phone":"07700 900123"}}`, []string{
			"caller.phone: must be an international number: a plus sign, the country code and the number, such as +44 7700 900123"}},
		{"no such number", `{"caller":{"phone":"+44 1 900123"}}`, []string{"caller.phone: is not a number that can exist in its country"}},
		{"no such number, and more", `{"caller":{"phone":"+44 1 900123"},"skills":["<b>"]}`, []string{
			"caller.phone: is not a number that can exist in its country",
			"skills[0]: must be at most 64 letters, digits, spaces, dots, dashes and underscores"}},
		{"deadline is no time", `{"caller":{"phone":"+447700900123"},"deadline":"tomorrow"}`, []string{"deadline: must be a date-time such as 2026-11-22T15:04:05Z"}},
		{"leap second", `{"caller":{"phone":"+447700900123"},"deadline":"2016-12-31T23:59:60Z"}`, []string{"deadline: must be a date-time such as 2026-11-22T15:04:05Z"}},
		{"deadline passed before", `{"caller":{"phone":"+447700900123"},"deadline":"2026-11-22T09:29:59Z"}`, []string{"deadline: is before the request itself"}},
		{"deadline too far", `{"caller":{"phone":"+447700900123"},"deadline":"2026-11-29T09:29:59Z"}`, []string{"deadline: is more than 72 hours after the request"}},
		{"a number of a billion digits", `{"caller":{"phone":"+447700900123"},"priority":1e999999999}`, []string{"data: must be valid JSON with numbers of ordinary size"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := requested()
			e.Data = json.RawMessage(c.data)
			_, err := ParseRequest(e, asked)
			var wrong *Error
			if !errors.As(err, &wrong) || wrong.Class != BadData {
				t.Fatalf("error: got %v, want an *Error of class %s", err, BadData)
			}
			if got, want := err.Error(), strings.Join(c.want, "\n"); got != want {
				t.Errorf("error:\ngot\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestRequestIdentityIsNotTheNumber(t *testing.T) {
	for _, id := range []string{"x-447700900123", "07700900123", "7700900123-1"} {
		e := requested()
		e.ID = id
		if _, err := ParseRequest(e, asked); err == nil || !strings.Contains(err.Error(), "id: the caller's number must not be part") {
			t.Errorf("got %v, want a refusal", err)
		} else if strings.Contains(err.Error(), "900123") {
			t.Errorf("the error repeats the number: %v", err)
		}
	}
}

func TestRequestFromTheFuture(t *testing.T) {
	e := requested()
	if _, err := ParseRequest(e, asked.Add(-5*time.Minute)); err != nil {
		t.Errorf("five minutes ahead: %v", err)
	}
	_, err := ParseRequest(e, asked.Add(-5*time.Minute-time.Second))
	if err == nil || err.Error() != "time: is more than 5 minutes in the future" {
		t.Errorf("more than five minutes ahead: got %v", err)
	}
}

func TestCancellation(t *testing.T) {
	e := Envelope{ID: "c1", Source: "policies/web", Type: sb.TypeCancelled, Subject: "7f3c"}
	for _, data := range []string{``, `{}`, `{"reason":"bought elsewhere"}`} {
		e.Data = json.RawMessage(data)
		call, c, err := ParseCancellation(e)
		if err != nil {
			t.Fatal(err)
		}
		if want := requested(); call != sb.NewCallID(want.Source, want.ID) {
			t.Errorf("call: got %s, want that of the request", call)
		}
		if want := (sb.Cancellation{Reason: sb.ReasonRequester, By: "policies/web"}); c != want {
			t.Errorf("got %+v, want %+v", c, want)
		}
	}
	e.Subject, e.Data = "", json.RawMessage(`{"resaon":"SECRET"}`)
	_, _, err := ParseCancellation(e)
	want := "subject: is missing: it must be the id of the request to cancel\nresaon: is not a field of this event; is it misspelt?"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzRequest looks for records that make us panic, that are taken though the rules forbid it, or whose error repeats
// what was in the data.
func FuzzRequest(f *testing.F) {
	files, err := filepath.Glob("testdata/*.binary")
	if err != nil || len(files) == 0 {
		f.Fatal("no records to begin with: ", err)
	}
	for _, file := range files {
		m := record(f, filepath.Base(file))
		f.Add("", m.Value, "42", "/crm")
	}
	structured, err := os.ReadFile("testdata/requested.structured")
	if err != nil {
		f.Fatal(err)
	}
	_, value, _ := strings.Cut(string(structured), "\n\n")
	f.Add("application/cloudevents+json", []byte(value), "", "")
	f.Add("", []byte(`{"caller":{"phone":"SECRETSECRET"},"deadline":"SECRETSECRET"}`), "a/b", "é")
	f.Fuzz(func(t *testing.T, contentType string, value []byte, id, source string) {
		m := kafka.Message{Value: value, Time: asked, Headers: header("content-type", contentType)}
		if contentType == "" {
			m.Headers = header("ce_specversion", "1.0", "ce_id", id, "ce_source", source, "ce_type", sb.TypeRequested)
		}
		e, err := Decode(m)
		if err == nil {
			var r sb.Request
			if r, err = ParseRequest(e, asked); err == nil {
				if err := r.Validate(); err != nil {
					t.Fatalf("taken, but: %v", err)
				}
				if again, err := Decode(Encode(e, Binary)); err != nil || again.ID != e.ID || again.Source != e.Source {
					t.Fatalf("not the same after encoding: %v", err)
				}
			}
		}
		if err != nil {
			if !errors.As(err, new(*Error)) {
				t.Fatalf("error of another kind: %T", err)
			}
			if strings.Contains(err.Error(), "SECRETSECRET") {
				t.Fatalf("the error repeats a value: %v", err)
			}
		}
	})
}
