package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"switchboard/simulator"
)

// start runs the program until the test is over, and returns where it listens.
func start(t *testing.T, args ...string) (address string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, append([]string{"-listen=127.0.0.1:0"}, args...), write)
		_ = write.Close()
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with: %v", err)
		}
	})
	lines := bufio.NewScanner(read)
	for lines.Scan() {
		if at, found := strings.CutPrefix(lines.Text(), "simulator: listening on "); found {
			go func() { _, _ = io.Copy(io.Discard, read) }()
			return at
		}
	}
	t.Fatal("it did not start")
	return ""
}

// said is what the program prints before it ends by itself.
func said(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out)
	return out.String(), err
}

// ask makes a request as the main account.
func ask(t *testing.T, method, address string, form url.Values) map[string]any {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(simulator.DefaultAccountSID, simulator.DefaultAuthToken)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(res.Body).Decode(&body); err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %v %v", method, address, res.StatusCode, body, err)
	}
	return body
}

// The example works: its SIDs are those that -env tells, its agents, number and phones are there.
func TestExample(t *testing.T) {
	text, err := said(t, "-data=example.json", "-env")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		env[name] = value
	}
	for _, name := range []string{"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_URL", "TWILIO_WORKSPACE_SID", "TWILIO_WORKFLOW_SID",
		"TWILIO_WORKFLOW_CALLS_SID", "TWILIO_ACTIVITY_AVAILABLE_SID", "TWILIO_ACTIVITY_LUNCH_SID", "TWILIO_TASK_QUEUE_FRENCH_SID",
		"TWILIO_WORKER_ANNA_SID", "TWILIO_NUMBER_RECEPTION_SID", "TWILIO_SUBACCOUNT_A_CUSTOMER_SID", "TWILIO_SUBACCOUNT_A_CUSTOMER_SECRET", "TWILIO_KEY_CI_SECRET"} {
		if env[name] == "" {
			t.Errorf("%s is missing in\n%s", name, text)
		}
	}
	address := start(t, "-data=example.json")
	centre := address + "/v1/Workspaces/" + env["TWILIO_WORKSPACE_SID"]
	if anna := ask(t, "GET", centre+"/Workers/"+env["TWILIO_WORKER_ANNA_SID"], nil); anna["activity_name"] != "Available" {
		t.Errorf("anna is %v", anna)
	}
	account := address + "/2010-04-01/Accounts/" + env["TWILIO_ACCOUNT_SID"]
	number := ask(t, "GET", account+"/IncomingPhoneNumbers/"+env["TWILIO_NUMBER_RECEPTION_SID"]+".json", nil)
	if number["phone_number"] != "+442079460000" || number["voice_application_sid"] != env["TWILIO_APPLICATION_RECEPTION_SID"] {
		t.Errorf("the number is %v", number)
	}
	call := ask(t, "POST", account+"/Calls.json", url.Values{"To": {"client:anna"}, "From": {"+442079460000"}, "Twiml": {"<Response><Say>Hello</Say></Response>"}})
	if call["status"] != "queued" {
		t.Errorf("the call is %v", call)
	}
}

func TestWhatCannotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	broken := filepath.Join(t.TempDir(), "broken.json")
	if err := os.WriteFile(broken, []byte("{\n\"phone\": []}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-listen=" + taken.Addr().String()}, "is taken, perhaps by another simulator"},
		{[]string{"-listen=0.0.0.0:0"}, "add -unsafe-listen-anywhere"},
		{[]string{"-listen=:0"}, "add -unsafe-listen-anywhere"},
		{[]string{"-listen=8090"}, "missing port"},
		{[]string{"-media=192.0.2.1:0"}, "-media 192.0.2.1:0 can be reached from other machines"},
		{[]string{"-listen=127.0.0.1:0", "-media=127.0.0.1"}, "media address"},
		{[]string{"-speak=loudly"}, "the only one is espeak-ng"},
		{[]string{"-data=" + broken}, `broken.json: line 2: json: unknown field "phone"`},
		{[]string{"-data=nothing.json"}, "nothing.json"},
		{[]string{"-uncertain=LateLeg=Never"}, "use one of LateLegEnds"},
		{[]string{"-token=a b"}, "letters and digits only"},
		{[]string{"-robot=anna"}, "-help lists all flags"},
		{[]string{"anna"}, `"anna" is not a flag`},
	} {
		if _, err := said(t, c.args...); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: got %v, want %s", c.args, err, c.says)
		}
	}
}

func TestHelp(t *testing.T) {
	for flag, text := range map[string]string{"-help": "-unsafe-listen-anywhere", "-uncertain=help": "LateLeg (LateLegEnds, LateLegNewRoom, LateLegHangUp)"} {
		if got, err := said(t, flag); !errors.Is(err, errHelp) || !strings.Contains(got, text) {
			t.Errorf("%s: %v\n%s", flag, err, got)
		}
	}
}

// Flags reach the simulator: what Twilio would refuse is taken, and the robot of -robots answers.
func TestFlags(t *testing.T) {
	address := start(t, "-uncertain=UnknownParametersIgnored", "-robots= anna, ben", "-seed=2", "-cps=5")
	ask(t, "POST", address+"/v1/Workspaces", url.Values{"FriendlyName": {"x"}, "Misspelled": {"y"}})
	answered := make(chan struct{}, 1)
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { answered <- struct{}{} }))
	t.Cleanup(app.Close)
	ask(t, "POST", address+"/2010-04-01/Accounts/"+simulator.DefaultAccountSID+"/Calls.json", url.Values{"To": {"client:ben"}, "From": {"+442079460000"},
		"Twiml": {"<Response><Pause length=\"60\"/></Response>"}, "StatusCallback": {app.URL}, "StatusCallbackEvent": {"answered"}})
	select {
	case <-answered:
	case <-t.Context().Done():
		t.Fatal("the robot did not answer")
	}
}
