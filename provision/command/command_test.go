package command

import (
	"bytes"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/config"
	"switchboard/simulator"
)

const exampleFile = "../../deploy/centre.yaml"

// desk is a developer's machine with a simulated Twilio that passes for the real one.
type desk struct {
	t       *testing.T
	sim     *simulator.Simulator
	env     map[string]string
	envFile string
	public  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	sim := simulator.New(simulator.Options{})
	server := httptest.NewServer(sim)
	t.Cleanup(func() { server.Close(); sim.Close() })
	return &desk{t: t, sim: sim, envFile: filepath.Join(t.TempDir(), "env"), public: "https://calls.example.test", env: map[string]string{
		"TWILIO_ACCOUNT_SID": simulator.DefaultAccountSID, "TWILIO_AUTH_TOKEN": simulator.DefaultAuthToken, "TWILIO_API_URL": server.URL,
	}}
}

func (d *desk) lookup(name string) (string, bool) { v, ok := d.env[name]; return v, ok }

// run is the command with an answer to its question; "" is nobody there.
func (d *desk) run(answer string, args ...string) (code int, out string, err error) {
	d.t.Helper()
	var b bytes.Buffer
	args = append([]string{"-file", exampleFile, "-environment", "dev", "-developer", "alice", "-env-file", d.envFile}, args...)
	if !strings.Contains(strings.Join(args, " "), "-public-url") {
		args = append(args, "-public-url", d.public)
	}
	code, err = Run(d.t.Context(), args, Terminal{In: strings.NewReader(answer), Out: &b, Ask: answer != ""}, d.lookup)
	return code, b.String(), err
}

func (d *desk) must(want int, answer string, args ...string) string {
	d.t.Helper()
	code, out, err := d.run(answer, args...)
	if err != nil || code != want {
		d.t.Fatalf("%v: exit code %d, want %d (%v)\n%s", args, code, want, err, out)
	}
	return out
}

func (d *desk) file() map[string]string {
	d.t.Helper()
	f, err := ReadEnvFile(d.envFile)
	if err != nil {
		d.t.Fatal(err)
	}
	return f.All()
}

func TestPlanApplyAgain(t *testing.T) {
	d := newDesk(t)
	if err := os.WriteFile(d.envFile, []byte("# mine\nKAFKA_BROKERS=127.0.0.1:9092\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	plan := d.must(ExitOutstanding, "", "-buy-numbers")
	for _, want := range []string{`create      account "switchboard-dev-alice"`, `create      queue "Vans"`, `create      agent "alice"`, "buy         a local number of GB", "Nothing was changed"} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan lacks %q:\n%s", want, plan)
		}
	}
	if strings.Contains(plan, `agent "anna"`) {
		t.Errorf("an agent of production is planned in dev:\n%s", plan)
	}
	if out := d.must(ExitOutstanding, "n\n", "-buy-numbers"); !strings.Contains(out, "Make these changes?") {
		t.Errorf("nobody was asked:\n%s", out)
	}
	done := d.must(ExitDone, "y\n", "-buy-numbers")
	variables := d.file()
	for _, secret := range []string{"TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SECRET", "SWITCHBOARD_SESSION_KEY"} {
		if variables[secret] == "" || strings.Contains(done, variables[secret]) {
			t.Errorf("%s is missing, or on the screen:\n%s", secret, done)
		}
	}
	if info, err := os.Stat(d.envFile); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the environment file: %v, %v; want 0600", info.Mode(), err)
	}
	if variables["TWILIO_ACCOUNT_SID"] == simulator.DefaultAccountSID {
		t.Error("the processes would use the main account")
	}

	// What was written is what the processes read.
	f, err := ReadEnvFile(d.envFile)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(variables, map[string]string{"SWITCHBOARD_OIDC_ISSUER": "https://id.example.test", "SWITCHBOARD_OIDC_CLIENT_ID": "a", "SWITCHBOARD_OIDC_CLIENT_SECRET": "b"})
	lookup := func(name string) (string, bool) { v, ok := variables[name]; return v, ok }
	worker, err := config.LoadWorker(f.Lookup)
	if err != nil {
		t.Error(err)
	}
	webhook, err := config.LoadWebhook(lookup)
	if err != nil {
		t.Error(err)
	}
	if _, err := config.LoadIntake(f.Lookup); err != nil {
		t.Error(err)
	}
	if got := variables["SWITCHBOARD_DIAL_ONLY"]; got != "+4477009002*,+447700900101,+447700900104" || variables["SWITCHBOARD_ENVIRONMENT"] != "dev" {
		t.Errorf("only test phones may be rung in dev: got %q", got)
	}
	if worker.PublicURL != d.public || webhook.Desktop == nil || worker.Kafka.Brokers[0] != "127.0.0.1:9092" {
		t.Errorf("got %+v and %+v", worker, webhook)
	}
	if !strings.Contains(done, "SWITCHBOARD_OIDC_ISSUER is missing") {
		t.Errorf("nobody is told that sign-in needs an identity provider:\n%s", done)
	}

	before, err := os.ReadFile(d.envFile)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(before), "# mine\nKAFKA_BROKERS=127.0.0.1:9092\nTWILIO_ACCOUNT_SID=") {
		t.Error("the other lines of the environment file did not stay")
	}
	if out := d.must(ExitDone, "", "-apply"); !strings.Contains(out, "Everything is as described") {
		t.Errorf("the second run found something:\n%s", out)
	}
	if after, err := os.ReadFile(d.envFile); err != nil || string(after) != string(before) {
		t.Errorf("the second run changed the environment file (%v)", err)
	}

	// Somebody changes a queue by hand.
	twilio, err := activities.NewTwilio(activities.TwilioConfig{AccountSID: sb.AccountSID(variables["TWILIO_ACCOUNT_SID"]), AuthToken: variables["TWILIO_AUTH_TOKEN"], APIURL: d.env["TWILIO_API_URL"]})
	if err != nil {
		t.Fatal(err)
	}
	api, ws := twilio.TaskRouter(t.Context()), variables["TWILIO_WORKSPACE_SID"]
	queues, err := api.ListTaskQueue(ws, (&taskrouter.ListTaskQueueParams{}).SetFriendlyName("Vans"))
	if err != nil || len(queues) != 1 {
		t.Fatal(err, len(queues))
	}
	if _, err := api.UpdateTaskQueue(ws, *queues[0].Sid, (&taskrouter.UpdateTaskQueueParams{}).SetTargetWorkers("1==2")); err != nil {
		t.Fatal(err)
	}
	if out := d.must(ExitOutstanding, ""); !strings.Contains(out, `update      queue "Vans": which agents`) {
		t.Errorf("drift was not reported:\n%s", out)
	}
	d.must(ExitDone, "", "-apply")
	d.must(ExitDone, "")
}

func TestTheTunnelMoves(t *testing.T) {
	d := newDesk(t)
	var address atomic.Value
	address.Store("https://one.example.test")
	ngrok := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"tunnels":[{"public_url":"` + address.Load().(string) + `","config":{"addr":"http://localhost:8080"}}]}`))
	}))
	defer ngrok.Close()
	auto := []string{"-public-url", Auto, "-ngrok-api", ngrok.URL, "-buy-numbers", "-apply"}
	d.must(ExitDone, "", auto...)
	address.Store("https://two.example.test")
	out := d.must(ExitDone, "", auto...)
	for _, want := range []string{"where events go", "assignment callback", "voice URL", "SWITCHBOARD_PUBLIC_URL"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q did not follow:\n%s", want, out)
		}
	}
	if got := d.file()["SWITCHBOARD_PUBLIC_URL"]; got != "https://two.example.test" {
		t.Errorf("the processes are told %s", got)
	}
	d.must(ExitDone, "", auto...)
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		env  map[string]string
		says string
	}{
		"production with a tunnel": {[]string{"-environment", "production", "-developer", "", "-public-url", Auto}, nil, "not for production"},
		"http":                     {[]string{"-public-url", "http://calls.example.test"}, map[string]string{"TWILIO_API_URL": ""}, "must be https"},
		"here":                     {[]string{"-public-url", "https://127.0.0.1"}, map[string]string{"TWILIO_API_URL": ""}, "reachable from the internet"},
		"a stranger":               {[]string{"-developer", "mallory"}, nil, "not among the developers"},
		"no environment":           {[]string{"-environment", "qa"}, nil, "there is no environment"},
		"no credentials":           {nil, map[string]string{"TWILIO_AUTH_TOKEN": ""}, "TWILIO_AUTH_TOKEN is missing"},
		"wrong credentials":        {nil, map[string]string{"TWILIO_AUTH_TOKEN": "ffffffffffffffffffffffffffffffff"}, "primary auth token"},
		"no file":                  {[]string{"-file", "nowhere.yaml"}, nil, "-file names the file"},
		"an argument":              {[]string{"everything"}, nil, "is not a flag"},
		"a lone command":           {[]string{"-public-url-command", "true"}, nil, "goes with -public-url auto"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			maps.Copy(d.env, c.env)
			code, out, err := d.run("", c.args...)
			if code != ExitFailed || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %d, %v, want an error with %q\n%s", code, err, c.says, out)
			}
			if token := d.env["TWILIO_AUTH_TOKEN"]; err != nil && token != "" && strings.Contains(err.Error(), token) {
				t.Errorf("the error repeats the token: %v", err)
			}
		})
	}
}

func TestThePipelineNeedsNoEnvironmentFile(t *testing.T) {
	d := newDesk(t)
	d.must(ExitDone, "", "-apply", "-buy-numbers")
	own := d.file()
	d.env["TWILIO_ACCOUNT_SID"], d.env["TWILIO_AUTH_TOKEN"] = own["TWILIO_ACCOUNT_SID"], own["TWILIO_AUTH_TOKEN"]
	out := d.must(ExitDone, "", "-env-file", "none")
	if !strings.Contains(out, "Everything is as described") || !strings.Contains(out, "test phones") {
		t.Errorf("got:\n%s", out)
	}
}
