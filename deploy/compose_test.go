// Package deploy_test checks what cannot be run without Docker: that docker-compose.yml is sound, and fits the code.
package deploy_test

import (
	"encoding/base64"
	"maps"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/config"
	"switchboard/events"
	"switchboard/provision"
	"switchboard/simulator"
)

const production = "production.yml"

// load reads docker-compose.yml, and what is given on top of it, as `docker compose` does, with these variables in the
// environment and no others.
func load(t *testing.T, env map[string]string, on ...string) (*types.Project, error) {
	t.Helper()
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	var profiles []string
	files := []string{"../docker-compose.yml"}
	for _, name := range on {
		if name == "simulator" {
			profiles = append(profiles, name)
		} else {
			files = append(files, name)
		}
	}
	o, err := cli.NewProjectOptions(files, cli.WithEnv(list), cli.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	return o.LoadProject(t.Context())
}

func mustLoad(t *testing.T, env map[string]string, on ...string) *types.Project {
	t.Helper()
	p, err := load(t, env, on...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	simulated = map[string]string{} // everything as it stands
	twilio    = map[string]string{
		"SWITCHBOARD_ENVIRONMENT": "production", "TWILIO_ACCOUNT_SID": "AC" + strings.Repeat("1", 32), "TWILIO_WORKSPACE_SID": "WS" + strings.Repeat("1", 32),
		"TWILIO_WORKFLOW_SID": "WW" + strings.Repeat("1", 32), "TWILIO_CALLER_ID": "+442079460001", "SWITCHBOARD_PUBLIC_URL": "https://calls.example.com",
		"TWILIO_API_KEY_SID": "SK" + strings.Repeat("1", 32), "SWITCHBOARD_OIDC_ISSUER": "https://id.example.com", "SWITCHBOARD_OIDC_CLIENT_ID": "switchboard",
		"SWITCHBOARD_TEMPORAL_UI_URL": "https://temporal.example.com",
	}
)

// withSecrets is production's environment, its secrets in another folder.
func withSecrets(dir string) map[string]string {
	env := maps.Clone(twilio)
	env["SWITCHBOARD_SECRETS"] = dir
	return env
}

// lookup is a service's environment. A secret is found where the service gets it: nowhere, if it does not.
func lookup(t *testing.T, p *types.Project, service string) config.Lookup {
	t.Helper()
	s, there := p.Services[service]
	if !there {
		t.Fatalf("there is no service %s", service)
	}
	mounted := map[string]string{}
	for _, secret := range s.Secrets {
		mounted["/run/secrets/"+secret.Source] = p.Secrets[secret.Source].File
	}
	return func(key string) (string, bool) {
		v := s.Environment[key]
		if v == nil {
			return "", false
		}
		if file := mounted[*v]; file != "" {
			return file, true
		}
		return *v, true
	}
}

// secrets are files that hold what they may hold; only we can read them, as it has to be outside of a container.
func secrets(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"twilio_auth_token": "token", "twilio_api_key_secret": "secret", "oidc_client_secret": "secret", "session_key": strings.Repeat("k", 32),
		"encryption_keys": "2026-11:" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))), "postgres_password": "a password",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestComposeHasEveryVariableOfOurProcesses(t *testing.T) {
	dir := secrets(t)
	for on, env := range map[string]map[string]string{"simulator": simulated, production: twilio} {
		t.Run(on, func(t *testing.T) {
			env = maps.Clone(env)
			env["SWITCHBOARD_SECRETS"] = dir
			p := mustLoad(t, env, on)
			worker, err := config.LoadWorker(lookup(t, p, "worker"))
			if err != nil {
				t.Errorf("worker: %v", err)
			}
			webhook, err := config.LoadWebhook(lookup(t, p, "webhook"))
			if err != nil {
				t.Errorf("webhook: %v", err)
			}
			intake, err := config.LoadIntake(lookup(t, p, "intake"))
			if err != nil {
				t.Errorf("intake: %v", err)
			}
			if encrypted := on == production; worker.Encryption.Any() != encrypted || webhook.Encryption.Any() != encrypted || intake.Encryption.Any() != encrypted {
				t.Errorf("not all processes agree on whether payloads are encrypted, which is %v", encrypted)
			}
			if worker.PublicURL != webhook.PublicURL || worker.Twilio.AccountSID != webhook.AccountSID || worker.Twilio.AuthToken != webhook.AuthToken {
				t.Errorf("worker and webhook differ in the account or the public URL: signatures would not match")
			}
			if usesSimulator := worker.Twilio.APIURL != ""; usesSimulator != (on == "simulator") {
				t.Errorf("TWILIO_API_URL is %q", worker.Twilio.APIURL)
			}
			if served := webhook.Desktop != nil; served != (on == production) {
				t.Errorf("the agents' page is served: %v", served)
			}
			for _, service := range []string{"worker", "webhook", "intake"} {
				for _, key := range []string{"TEMPORAL_ADDRESS", "TEMPORAL_NAMESPACE"} {
					if v, _ := lookup(t, p, service)(key); v == "" {
						t.Errorf("%s: %s is missing", service, key)
					}
				}
				if command := p.Services[service].Command; !slices.Equal(command, types.ShellCommand{service}) {
					t.Errorf("%s: the command is %v", service, command)
				}
			}
		})
	}
}

func TestComposeKnowsTheWorkspaceThatTheSimulatorWillHave(t *testing.T) {
	p := mustLoad(t, simulated, "simulator")
	worker := func(key string) string { v, _ := lookup(t, p, "worker")(key); return v }
	if !slices.Contains(p.Services["simulator"].Command, "-seed=1") {
		t.Fatal("the simulator is not started with -seed=1")
	}
	sim := simulator.New(simulator.Options{Seed: 1})
	defer sim.Close()
	server := httptest.NewServer(sim)
	defer server.Close()
	w, err := provision.Apply(t.Context(), provision.Config{
		Twilio: activities.TwilioConfig{
			AccountSID: sb.AccountSID(worker("TWILIO_ACCOUNT_SID")), AuthToken: worker("TWILIO_AUTH_TOKEN"), APIURL: server.URL,
		},
		PublicURL: worker("SWITCHBOARD_PUBLIC_URL"),
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := worker("TWILIO_WORKSPACE_SID"), string(w.Workspace); got != want {
		t.Errorf("TWILIO_WORKSPACE_SID: got %s, want %s", got, want)
	}
	if got, want := worker("TWILIO_WORKFLOW_SID"), string(w.Routing); got != want {
		t.Errorf("TWILIO_WORKFLOW_SID: got %s, want %s", got, want)
	}
}

func TestComposePublishesOnLoopbackOnly(t *testing.T) {
	for name, s := range mustLoad(t, simulated, "simulator").Services {
		for _, port := range s.Ports {
			if port.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes %s on %q, not on 127.0.0.1", name, port.Published, port.HostIP)
			}
		}
		if s.NetworkMode != "" {
			t.Errorf("%s: network_mode %s goes past that", name, s.NetworkMode)
		}
	}
}

func TestComposeWaitsForWhatCanBeWaitedFor(t *testing.T) {
	p := mustLoad(t, simulated, "simulator")
	for name, s := range p.Services {
		for on, dependency := range s.DependsOn {
			other := p.Services[on]
			switch dependency.Condition {
			case types.ServiceConditionHealthy:
				if other.HealthCheck == nil {
					t.Errorf("%s waits for %s to be healthy, which has no health check", name, on)
				}
			case types.ServiceConditionCompletedSuccessfully:
				if !strings.HasPrefix(other.Restart, "on-failure") {
					t.Errorf("%s waits for %s to complete, which is started again when it does (restart: %s)", name, on, other.Restart)
				}
			default:
				t.Errorf("%s only waits for %s to be started", name, on)
			}
		}
	}
	without := mustLoad(t, twilio, production)
	for _, name := range []string{"simulator", "workspace"} {
		if _, there := without.Services[name]; there {
			t.Errorf("%s is there without its profile", name)
		}
	}
}

func TestComposePinsImages(t *testing.T) {
	for name, s := range mustLoad(t, simulated, "simulator").Services {
		_, tag, tagged := strings.Cut(s.Image, ":")
		if ours := strings.HasPrefix(s.Image, "switchboard"); !tagged || tag == "latest" || !ours && !strings.Contains(tag, ".") {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
	}
}

// A secret's place is a file: what is in the environment is in `docker inspect` and in every listing.
func TestComposeHoldsNoPassword(t *testing.T) {
	for on, env := range map[string]map[string]string{"simulator": simulated, production: twilio} {
		p := mustLoad(t, env, on)
		for name, s := range p.Services {
			files := map[string]bool{}
			for key, value := range s.Environment {
				switch {
				case value == nil || *value == "" || *value == simulator.DefaultAuthToken && on == "simulator":
				case strings.HasSuffix(key, "_FILE"):
					files[*value] = true
				case strings.Contains(key, "PASSWORD") || strings.Contains(key, "PWD") || strings.Contains(key, "SECRET") || strings.Contains(key, "TOKEN") || strings.Contains(key, "KEYS"):
					t.Errorf("%s, %s has %s in its environment", on, name, key)
				}
			}
			for _, secret := range s.Secrets {
				if p.Secrets[secret.Source].File == "" {
					t.Errorf("%s: the secret %s is no file", name, secret.Source)
				}
				delete(files, "/run/secrets/"+secret.Source)
			}
			for file := range files {
				t.Errorf("%s, %s is told of %s, which it does not get", on, name, file)
			}
		}
	}
}

// What is forgotten is asked for by name.
func TestProductionAsksForWhatIsMissing(t *testing.T) {
	for key := range twilio {
		env := maps.Clone(twilio)
		delete(env, key)
		if _, err := load(t, env, production); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("without %s: got %v", key, err)
		}
	}
}

// The web page of Temporal has payloads decrypted where the webhook process does it, for pages of that address.
func TestTemporalsPageFindsTheCodec(t *testing.T) {
	p := mustLoad(t, twilio, production)
	ui := lookup(t, p, "temporal-ui")
	for key, want := range map[string]string{
		"TEMPORAL_CODEC_ENDPOINT": "https://calls.example.com/codec", "TEMPORAL_CODEC_INCLUDE_CREDENTIALS": "true",
		"TEMPORAL_CORS_ORIGINS": "https://temporal.example.com",
	} {
		if got, _ := ui(key); got != want {
			t.Errorf("%s: got %q, want %q", key, got, want)
		}
	}
}

func TestComposeCreatesTheTopicsOfTheContract(t *testing.T) {
	script := strings.Join(mustLoad(t, simulated).Services["topics"].Command, "\n")
	for _, topic := range events.DefaultTopics() {
		var line string
		for l := range strings.Lines(script) {
			if fields := strings.Fields(l); len(fields) > 1 && fields[0] == "create" && fields[1] == topic.Name {
				line = l
			}
		}
		want := []string{"retention.ms=" + strconv.FormatInt(topic.Retention.Milliseconds(), 10)}
		if topic.MaxMessageBytes > 0 {
			want = append(want, "max.message.bytes="+strconv.Itoa(topic.MaxMessageBytes))
		}
		for _, setting := range want {
			if !slices.Contains(strings.Fields(line), setting) {
				t.Errorf("topic %s: %s is missing in %q", topic.Name, setting, line)
			}
		}
	}
}

func TestComposeKeepsCallsAsLongAsRequests(t *testing.T) {
	script := strings.Join(mustLoad(t, simulated).Services["namespace"].Command, "\n")
	var longest time.Duration
	for _, topic := range events.DefaultTopics()[:1] { // requests: the only topic that starts calls
		longest = max(longest, topic.Retention)
	}
	if want := "--retention " + strconv.Itoa(int(longest.Hours())) + "h"; strings.Count(script, want) != 2 {
		t.Errorf("the namespace is not created and updated with %s:\n%s", want, script)
	}
}
