package activities

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	sb "switchboard"
)

const (
	postCaller = "POST Conferences/" + testRoom + "/Participants.json"
	postAgent  = "POST Conferences/room-a1/Participants.json"
	madeLeg    = `{"call_sid":"` + testLeg + `","conference_sid":"` + testRoom + `","label":"caller-2-3","status":"queued","queue_time":"0"}`
)

func callerInput() DialCallerInput {
	return DialCallerInput{
		Ref: testCallerRef, Conference: testRoom, Phone: testPhone, Rings: sb.Duration(30 * time.Second),
		TimeLimit: sb.Duration(4 * time.Hour), NotAfter: testStart.Add(10 * time.Second),
	}
}

func agentInput() DialAgentInput {
	return DialAgentInput{
		Ref: testAgentRef, Room: "room-a1", Agent: testAgent, ContactURI: "client:anna", Rings: sb.Duration(20 * time.Second),
		TimeLimit: sb.Duration(4 * time.Hour), NotAfter: testStart.Add(10 * time.Second),
	}
}

func TestDialCallerSendsWhatMustHoldWhileWeAreDead(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, say(201, madeLeg))
	in := callerInput()
	in.DetectMachine, in.Locale = true, "en-GB"
	out := done[Dialled](w, w.DialCaller, in)
	if want := (Dialled{Result: Placed, Leg: testLeg, Conference: testRoom}); out != want {
		t.Errorf("got %+v, want %+v", out, want)
	}
	posts := w.fake.got(postCaller)
	if len(posts) != 1 {
		t.Fatalf("got %d posts, want 1", len(posts))
	}
	query := "?attempt=2&call=call%2Fcrm%2Fleads%2F4711&offer=3&party=caller" + overrides
	room := strings.Replace(query, "party=caller", "party=agent", 1)
	for field, want := range map[string]string{
		"From": testCallerID, "To": testPhone, "Label": "caller-2-3", "Timeout": "25", "TimeLimit": "14400",
		"EarlyMedia": "false", "EndConferenceOnExit": "true", "Beep": "false", "MachineDetection": "Enable",
		"WaitUrl":                       "https://calls.example.test/twiml/one-moment?locale=en-GB",
		"StatusCallback":                "https://calls.example.test/leg" + query,
		"AmdStatusCallback":             "https://calls.example.test/answered_by" + query,
		"ConferenceStatusCallback":      "https://calls.example.test/conference" + room,
		"StatusCallbackEvent":           "initiated ringing answered completed",
		"ConferenceStatusCallbackEvent": "start end join leave",
	} {
		equal(t, field, strings.Join(posts[0].form[field], " "), want)
	}
	equal(t, "host", posts[0].host, "api.twilio.com")
	u, err := url.Parse(posts[0].form.Get("StatusCallback"))
	if err != nil {
		t.Fatal(err)
	}
	ref, err := sb.ParseLegRef(u.Query())
	if err != nil || ref != testCallerRef {
		t.Errorf("the callback names the leg %+v (%v), want %+v", ref, err, testCallerRef)
	}
}

func TestDialCallerPostsAtMostOnce(t *testing.T) {
	for _, c := range []struct {
		name    string
		answers []http.HandlerFunc
		want    DialResult
		code    int
		posts   int
	}{
		{"429 is not executed and is sent again", []http.HandlerFunc{refuse(429, 20429), refuse(429, 20429), say(201, madeLeg)}, Placed, 0, 3},
		{"a proxy's 429 as well", []http.HandlerFunc{proxyPage(429), say(201, madeLeg)}, Placed, 0, 2},
		{"503 in JSON", []http.HandlerFunc{refuse(503, 20503), say(201, madeLeg)}, Ambiguous, 20503, 1},
		{"503 in HTML", []http.HandlerFunc{proxyPage(503), say(201, madeLeg)}, Ambiguous, 503, 1},
		{"429 and then 500", []http.HandlerFunc{refuse(429, 20429), refuse(500, 20500), say(201, madeLeg)}, Ambiguous, 20500, 2},
		{"connection reset instead of an answer", []http.HandlerFunc{reset(""), say(201, madeLeg)}, Ambiguous, 0, 1},
		{"reset in the middle of the answer", []http.HandlerFunc{reset("HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{\"call"), say(201, madeLeg)}, Ambiguous, 201, 1},
		{"success that is not JSON", []http.HandlerFunc{say(201, "<html>"), say(201, madeLeg)}, Ambiguous, 0, 1},
		{"success that names no leg", []http.HandlerFunc{say(201, "{}"), say(201, madeLeg)}, Ambiguous, 0, 1},
		{"redirect", []http.HandlerFunc{say(307, "", "Location", "/elsewhere"), say(201, madeLeg)}, Ambiguous, 307, 1},
		{"a proxy's 404", []http.HandlerFunc{proxyPage(404), say(201, madeLeg)}, Ambiguous, 404, 1},
		{"a proxy's 408", []http.HandlerFunc{refuse(408, 0), say(201, madeLeg)}, Ambiguous, 408, 1},
		{"number not valid", []http.HandlerFunc{refuse(400, 21211)}, BadNumber, 21211, 1},
		{"country not allowed", []http.HandlerFunc{refuse(400, 13227)}, BadNumber, 13227, 1},
		{"our own number not verified", []http.HandlerFunc{refuse(400, 21210)}, Refused, 21210, 1},
		{"credentials revoked", []http.HandlerFunc{refuse(401, 20003)}, Refused, 20003, 1},
		{"conference ended", []http.HandlerFunc{refuse(404, 20404)}, NoRoom, 20404, 1},
		{"conference ended, in other words", []http.HandlerFunc{refuse(400, 16022)}, NoRoom, 16022, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on(postCaller, c.answers...)
			out := done[Dialled](w, w.DialCaller, callerInput())
			equal(t, "result", out.Result, c.want)
			equal(t, "code", out.Code, c.code)
			equal(t, "posts", len(w.fake.got(postCaller)), c.posts)
			equal(t, "requests elsewhere", len(w.fake.got("POST elsewhere")), 0)
		})
	}
}

func TestDialCallerGivesUp429AtTheDeadline(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, refuse(429, 20429))
	out := done[Dialled](w, w.DialCaller, callerInput())
	equal(t, "result", out.Result, NotSent)
	if !w.clock.Now().Before(callerInput().NotAfter) {
		t.Errorf("it waited until %v, want before %v", w.clock.Now(), callerInput().NotAfter)
	}
	if n := len(w.fake.got(postCaller)); n < 2 || n > maxPosts {
		t.Errorf("got %d posts, want 2 to %d", n, maxPosts)
	}
}

func TestDialCallerAfterTheDeadlinePostsNothing(t *testing.T) {
	w := newWorld(t)
	in := callerInput()
	in.NotAfter = testStart
	equal(t, "result", done[Dialled](w, w.DialCaller, in).Result, NotSent)
	in.NotAfter = time.Time{}
	equal(t, "result without a deadline", done[Dialled](w, w.DialCaller, in).Result, NotSent)
	equal(t, "requests", len(w.fake.got("")), 0)
}

// A worker that is paused while it connects finds the deadline passed when it wakes. Not a byte is written, be it plain
// or through TLS.
func TestDialCallerPausedBeforeTheWritePostsNothing(t *testing.T) {
	for _, scheme := range []string{"http", "https"} {
		t.Run(scheme, func(t *testing.T) {
			w := newWorld(t)
			server := httptest.NewUnstartedServer(w.fake)
			t.Cleanup(server.Close)
			_, fresh := network()
			if scheme == "https" {
				server.StartTLS()
				fresh.TLSClientConfig = &tls.Config{RootCAs: x509.NewCertPool()}
				fresh.TLSClientConfig.RootCAs.AddCert(server.Certificate())
			} else {
				server.Start()
			}
			w.fake.on(postCaller, say(201, madeLeg))
			w.twilio.base, _ = url.Parse(server.URL)
			w.twilio.fresh = fresh
			equal(t, "result in time", done[Dialled](w, w.DialCaller, callerInput()).Result, Placed)

			connections, dial := 0, fresh.DialContext
			fresh.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
				connections++
				conn, err := dial(ctx, network, address)
				w.clock.add(time.Minute)
				return conn, err
			}
			equal(t, "result when paused", done[Dialled](w, w.DialCaller, callerInput()).Result, NotSent)
			equal(t, "connections", connections, 1)
			equal(t, "requests", len(w.fake.got("")), 1)
		})
	}
}

// The same over a transport that does not ask before it writes: the body is not read, so nothing can be executed.
func TestDialCallerPausedBeforeTheWriteOfABody(t *testing.T) {
	var w *world
	read := -1
	w = newWorld(t, func(c *Config) {
		c.Twilio.Transport = transport(func(r *http.Request) (*http.Response, error) {
			w.clock.add(time.Minute)
			b, err := io.ReadAll(r.Body)
			read = len(b)
			return nil, err
		})
	})
	equal(t, "result", done[Dialled](w, w.DialCaller, callerInput()).Result, NotSent)
	equal(t, "bytes read", read, 0)
}

func TestDialCallerWithoutConnectionIsSentLater(t *testing.T) {
	connections := 0
	w := newWorld(t, func(c *Config) {
		c.Twilio.Transport = &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			if connections++; connections <= 2 {
				return nil, errors.New("no route to " + testPhone)
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		}}
	})
	w.fake.on(postCaller, say(201, madeLeg))
	equal(t, "result", done[Dialled](w, w.DialCaller, callerInput()).Result, Placed)
	equal(t, "posts", len(w.fake.got(postCaller)), 1)
}

// The activity's context ends while Twilio works: it may ring.
func TestDialCallerTimeOutAfterTheWriteIsAmbiguous(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.fake.on(postCaller, func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done() // the client has gone
	})
	out, err := w.DialCaller(ctx, callerInput())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "result", out.Result, Ambiguous)
	equal(t, "posts", len(w.fake.got(postCaller)), 1)
}

// The activity's context ends before there is a connection: it cannot ring.
func TestDialCallerTimeOutBeforeTheWriteIsNotSent(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	w := newWorld(t, func(c *Config) {
		c.Twilio.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			cancel()
			<-ctx.Done()
			return nil, ctx.Err()
		}}
	})
	out, err := w.DialCaller(ctx, callerInput())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "result", out.Result, NotSent)
	equal(t, "requests", len(w.fake.got("")), 0)
}

// lateTransport gives up and only then gets round to writing, as net/http's may: it writes in a goroutine of its own.
type lateTransport struct{ req *http.Request }

func (l *lateTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	l.req = r
	return nil, context.DeadlineExceeded
}

func TestDialThatWasGivenUpIsNotWrittenAfterwards(t *testing.T) {
	late := &lateTransport{}
	w := newWorld(t, func(c *Config) { c.Twilio.Transport = late })
	out := done[Dialled](w, w.DialCaller, callerInput())
	equal(t, "result", out.Result, NotSent)
	if n, err := late.req.Body.Read(make([]byte, 100)); err == nil || n > 0 {
		t.Errorf("the transport could still write %d bytes after NotSent was reported", n)
	}
}

// Temporal must not repeat the dial; if it is told to anyway, nothing is posted again.
func TestDialCallerRetriedByTemporalPostsNothing(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, say(201, madeLeg))
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	dial := func(ctx context.Context, in DialCallerInput) (Dialled, error) {
		d, err := w.DialCaller(ctx, in)
		if activity.GetInfo(ctx).Attempt == 1 {
			return Dialled{}, errors.New("the worker died after dialling")
		}
		return d, err
	}
	env.RegisterActivity(dial)
	env.ExecuteWorkflow(func(ctx workflow.Context) (Dialled, error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: time.Minute, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 3},
		})
		var d Dialled
		err := workflow.ExecuteActivity(ctx, dial, callerInput()).Get(ctx, &d)
		return d, err
	})
	var out Dialled
	if err := env.GetWorkflowResult(&out); err != nil {
		t.Fatal(err)
	}
	equal(t, "result of the second execution", out.Result, Ambiguous)
	equal(t, "posts", len(w.fake.got(postCaller)), 1)
}

func TestDialCallerAdoptsTheLegThatHasItsLabel(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, refuse(400, 16026))
	w.fake.on("GET Conferences/"+testRoom+"/Participants/caller-2-3.json", say(200, madeLeg))
	out := done[Dialled](w, w.DialCaller, callerInput())
	equal(t, "result", out.Result, Placed)
	equal(t, "leg", out.Leg, testLeg)
	equal(t, "posts", len(w.fake.got(postCaller)), 1)
}

func TestDialCallerWithItsLabelTakenButNotFoundIsAmbiguous(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, refuse(400, 16026))
	equal(t, "result", done[Dialled](w, w.DialCaller, callerInput()).Result, Ambiguous)
	equal(t, "posts", len(w.fake.got(postCaller)), 1)
}

func TestDialTellsHowLongTwilioHoldsItBack(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postCaller, say(201, strings.Replace(madeLeg, `"queue_time":"0"`, `"queue_time":"2500"`, 1)))
	equal(t, "queued", done[Dialled](w, w.DialCaller, callerInput()).Queued, sb.Duration(2500*time.Millisecond))
	if !strings.Contains(w.logs.String(), "calls per second") {
		t.Errorf("no warning was logged: %s", w.logs)
	}
}

func TestDialAgentSendsWhatMustHoldWhileWeAreDead(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postAgent, say(201, madeLeg))
	w.fake.on("GET Workers/"+testAgent, refuse(503, 0), say(200, `{"sid":"`+testAgent+`","attributes":"{\"contact_uri\":\"client:anna\",\"skills\":[]}"}`))
	in := agentInput()
	in.ContactURI = ""
	equal(t, "result", done[Dialled](w, w.DialAgent, in).Result, Placed)
	form := w.fake.got(postAgent)[0].form
	for field, want := range map[string]string{
		"From": testCallerID, "To": "client:anna", "Label": "agent-2-3", "Timeout": "15", "EndConferenceOnExit": "false", "Beep": "false",
		"EarlyMedia": "", "MachineDetection": "", "WaitUrl": "https://calls.example.test/twiml/ringback",
		"ConferenceStatusCallback": "https://calls.example.test/conference?attempt=2&call=call%2Fcrm%2Fleads%2F4711&offer=3&party=agent" + overrides,
	} {
		equal(t, field, strings.Join(form[field], " "), want)
	}
}

func TestDialAgentShortRing(t *testing.T) {
	w := newWorld(t)
	w.fake.on(postAgent, say(201, madeLeg))
	in := agentInput()
	in.Rings = sb.Duration(8 * time.Second)
	done[Dialled](w, w.DialAgent, in)
	equal(t, "Timeout", w.fake.got(postAgent)[0].form.Get("Timeout"), "5")
}

func TestDialAgentWithoutContactURI(t *testing.T) {
	w := newWorld(t)
	w.fake.on("GET Workers/"+testAgent, say(200, `{"sid":"`+testAgent+`","attributes":"{}"}`))
	in := agentInput()
	in.ContactURI = ""
	equal(t, "result", done[Dialled](w, w.DialAgent, in).Result, Refused)
	equal(t, "posts", len(w.fake.got(postAgent)), 0)
}

// Whatever asked for it, what must not be rung is never sent to Twilio.
func TestWhatMustNotBeRungIsNotDialled(t *testing.T) {
	premium := phonenumbers.Format(phonenumbers.GetExampleNumberForType("GB", phonenumbers.PREMIUM_RATE), phonenumbers.E164)
	only := func(cfg *Config) { cfg.Dialling.Only = []string{"+442079460000"} }
	for name, c := range map[string]struct {
		phone   string
		options []func(*Config)
	}{
		"emergency":      {"+44999", nil},
		"premium":        {premium, nil},
		"not listed":     {testPhone, []func(*Config){only}},
		"a softphone":    {"client:anna", nil},
		"no such number": {"+447700", nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, c.options...)
			w.fake.on(postCaller, say(201, madeLeg))
			in := callerInput()
			in.Phone = c.phone
			equal(t, "result", done[Dialled](w, w.DialCaller, in), Dialled{Result: Refused})
			equal(t, "posts", len(w.fake.got(postCaller)), 0)
			if !strings.Contains(w.logs.String(), "caller not dialled") || strings.Contains(w.logs.String(), strings.TrimPrefix(c.phone, "+44")) {
				t.Errorf("log: %s", w.logs)
			}
		})
	}
	for _, uri := range []string{premium, "sip:anna@example.test", testPhone} {
		w := newWorld(t)
		w.fake.on(postAgent, say(201, madeLeg))
		in := agentInput()
		in.ContactURI = uri
		equal(t, "result", done[Dialled](w, w.DialAgent, in).Result, Refused)
		equal(t, "posts", len(w.fake.got(postAgent)), 0)
	}
}

func TestDialAgentAdoptsAnEarlierTry(t *testing.T) {
	room := say(200, `{"conferences":[{"sid":"`+testRoom+`","friendly_name":"room-a1","status":"init"}]}`)
	leg := say(200, strings.Replace(madeLeg, testLeg, testAgentLeg, 1))
	for _, c := range []struct {
		name  string
		posts []http.HandlerFunc
		look  []http.HandlerFunc
		want  DialResult
		n     int
	}{
		{"label taken", []http.HandlerFunc{refuse(400, 16026)}, []http.HandlerFunc{leg}, Placed, 1},
		{"answer lost, leg there", []http.HandlerFunc{reset("")}, []http.HandlerFunc{leg}, Placed, 1},
		{"answer lost, leg readable late", []http.HandlerFunc{reset(""), refuse(400, 16026)}, []http.HandlerFunc{refuse(404, 20404), leg}, Placed, 2},
		{"answer lost, not executed", []http.HandlerFunc{proxyPage(502), say(201, madeLeg)}, []http.HandlerFunc{refuse(404, 20404)}, Placed, 2},
		{"never clear", []http.HandlerFunc{proxyPage(502)}, []http.HandlerFunc{refuse(404, 20404)}, Ambiguous, 3},
		{"first lost, then only 429", []http.HandlerFunc{reset(""), refuse(429, 20429)}, []http.HandlerFunc{refuse(404, 20404)}, Ambiguous, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on(postAgent, c.posts...)
			w.fake.on("GET Conferences.json", room)
			w.fake.on("GET Conferences/"+testRoom+"/Participants/agent-2-3.json", c.look...)
			out := done[Dialled](w, w.DialAgent, agentInput())
			equal(t, "result", out.Result, c.want)
			if c.n >= 0 {
				equal(t, "posts", len(w.fake.got(postAgent)), c.n)
			}
			if lists := w.fake.got("GET Conferences.json"); len(lists) > 0 {
				equal(t, "room looked for", lists[0].form.Get("FriendlyName"), "room-a1")
			}
		})
	}
}

// An execution that comes too late knows nothing of the one before it.
func TestDialAgentRetriedTooLateIsAmbiguous(t *testing.T) {
	w := newWorld(t)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	dial := func(ctx context.Context, in DialAgentInput) (Dialled, error) {
		if activity.GetInfo(ctx).Attempt == 1 {
			return Dialled{}, errors.New("the worker died, perhaps after dialling")
		}
		w.clock.add(time.Minute)
		return w.DialAgent(ctx, in)
	}
	env.RegisterActivity(dial)
	env.ExecuteWorkflow(func(ctx workflow.Context) (Dialled, error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		var d Dialled
		err := workflow.ExecuteActivity(ctx, dial, agentInput()).Get(ctx, &d)
		return d, err
	})
	var out Dialled
	if err := env.GetWorkflowResult(&out); err != nil {
		t.Fatal(err)
	}
	equal(t, "result", out.Result, Ambiguous)
	equal(t, "requests", len(w.fake.got("")), 0)
}
