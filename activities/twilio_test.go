package activities

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestRealTwilioGetsItsOwnHosts(t *testing.T) {
	var hosts []string
	twilio, err := NewTwilio(TwilioConfig{AccountSID: "AC1", APIKey: "SK1", APISecret: "s", Transport: transport(func(r *http.Request) (*http.Response, error) {
		user, _, _ := r.BasicAuth()
		hosts = append(hosts, r.URL.Scheme+"://"+r.URL.Host+" "+r.Host+" "+user)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader("{}"))}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twilio.TaskRouter(t.Context()).FetchWorkspace("WS1"); err != nil {
		t.Error(err)
	}
	if _, err := twilio.Voice(t.Context()).FetchCall("CA1", nil); err != nil {
		t.Error(err)
	}
	equal(t, "requests", strings.Join(hosts, ", "), "https://taskrouter.twilio.com taskrouter.twilio.com SK1, https://api.twilio.com api.twilio.com SK1")
}

// The address of the next page comes from a reply.
func TestCredentialsGoToTwilioAlone(t *testing.T) {
	var hosts []string
	twilio, err := NewTwilio(TwilioConfig{AccountSID: "AC1", AuthToken: "secret", Transport: transport(func(r *http.Request) (*http.Response, error) {
		hosts = append(hosts, r.URL.Host)
		body := `{"workers":[{"sid":"WK1"}],"meta":{"key":"workers","next_page_url":"https://twilio.com.evil.test/v1/Workspaces"}}`
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, nil
	})})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := twilio.TaskRouter(t.Context()).ListWorker("WS1", &taskrouter.ListWorkerParams{}); err == nil {
		t.Error("the next page was fetched from a foreign host")
	}
	equal(t, "hosts", strings.Join(hosts, " "), "taskrouter.twilio.com")
}

func TestContextEndsARequest(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.fake.on("GET Tasks/"+testTask, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	_, err := w.LookAtTask(ctx, LookAtTaskInput{Ref: testTaskRef, Task: testTask})
	wantError(t, err, ErrorUnclear, true)
}

func TestNewNamesEverythingThatIsMissing(t *testing.T) {
	_, err := New(Config{PublicURL: "calls.example.test", CallerID: "0207"})
	if err == nil {
		t.Fatal("got no error")
	}
	for _, want := range []string{"account SID", "workspace SID", "routing SID", `"Available"`, `"Missed call"`, "public URL", "caller ID"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not tell of the %s: %v", want, err)
		}
	}
	if _, err := NewTwilio(TwilioConfig{AccountSID: "AC1"}); err == nil {
		t.Error("credentials are missing and nobody says so")
	}
	if _, err := NewTwilio(TwilioConfig{AccountSID: "AC1", AuthToken: "x", APIURL: "localhost:8080"}); err == nil {
		t.Error("an API URL without scheme was taken")
	}
}

type fakeEvents struct {
	got  []sb.Event
	fail error
}

func (f *fakeEvents) Publish(_ context.Context, events []sb.Event) error {
	f.got = append(f.got, events...)
	return f.fail
}

func TestPublish(t *testing.T) {
	events := &fakeEvents{}
	w := newWorld(t, func(c *Config) { c.Events = events })
	in := PublishInput{Events: []sb.Event{{Call: testCall, Sequence: 1}, {Call: testCall, Sequence: 2}}}
	done[nothing](w, w.Publish, in)
	equal(t, "events", len(events.got), 2)
	events.fail = errors.New("Kafka is away")
	_, err := run[nothing](w, w.Publish, in)
	wantError(t, err, "PublishFailed", true)
	_, err = run[nothing](newWorld(t), w.Publish, in)
	if err == nil {
		t.Error("publishing to nobody succeeded")
	}
}
