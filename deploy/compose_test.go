// Package deploy_test checks what cannot be run without Docker: that docker-compose.yml is sound, and fits the code.
package deploy_test

import (
	"net/http/httptest"
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

// load reads docker-compose.yml as `docker compose` does, with these variables in the environment and no others.
func load(t *testing.T, env map[string]string, profiles ...string) (*types.Project, error) {
	t.Helper()
	var list []string
	for k, v := range env {
		list = append(list, k+"="+v)
	}
	o, err := cli.NewProjectOptions([]string{"../docker-compose.yml"}, cli.WithEnv(list), cli.WithProfiles(profiles))
	if err != nil {
		t.Fatal(err)
	}
	return o.LoadProject(t.Context())
}

func mustLoad(t *testing.T, env map[string]string, profiles ...string) *types.Project {
	t.Helper()
	p, err := load(t, env, profiles...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

var (
	password = map[string]string{"POSTGRES_PASSWORD": "a password"}
	twilio   = map[string]string{
		"POSTGRES_PASSWORD": "a password", "TWILIO_API_URL": "", "TWILIO_ACCOUNT_SID": "AC" + strings.Repeat("1", 32),
		"TWILIO_AUTH_TOKEN": "token", "TWILIO_WORKSPACE_SID": "WS" + strings.Repeat("1", 32),
		"TWILIO_WORKFLOW_SID": "WW" + strings.Repeat("1", 32), "TWILIO_CALLER_ID": "+442079460001",
		"SWITCHBOARD_PUBLIC_URL": "https://calls.example.com", "SWITCHBOARD_ENVIRONMENT": "production",
		"TWILIO_API_KEY_SID": "SK" + strings.Repeat("1", 32), "TWILIO_API_KEY_SECRET": "secret", "SWITCHBOARD_SESSION_KEY": strings.Repeat("k", 32),
		"SWITCHBOARD_OIDC_ISSUER": "https://id.example.com", "SWITCHBOARD_OIDC_CLIENT_ID": "switchboard", "SWITCHBOARD_OIDC_CLIENT_SECRET": "secret",
	}
)

func lookup(t *testing.T, p *types.Project, service string) config.Lookup {
	t.Helper()
	s, there := p.Services[service]
	if !there {
		t.Fatalf("there is no service %s", service)
	}
	return func(key string) (string, bool) {
		v := s.Environment[key]
		if v == nil {
			return "", false
		}
		return *v, true
	}
}

func TestComposeHasEveryVariableOfOurProcesses(t *testing.T) {
	for name, env := range map[string]map[string]string{"simulator": password, "twilio": twilio} {
		t.Run(name, func(t *testing.T) {
			p := mustLoad(t, env, "simulator")
			worker, err := config.LoadWorker(lookup(t, p, "worker"))
			if err != nil {
				t.Errorf("worker: %v", err)
			}
			webhook, err := config.LoadWebhook(lookup(t, p, "webhook"))
			if err != nil {
				t.Errorf("webhook: %v", err)
			}
			if _, err := config.LoadIntake(lookup(t, p, "intake")); err != nil {
				t.Errorf("intake: %v", err)
			}
			if worker.PublicURL != webhook.PublicURL || worker.Twilio.AccountSID != webhook.AccountSID || worker.Twilio.AuthToken != webhook.AuthToken {
				t.Errorf("worker and webhook differ in the account or the public URL: signatures would not match")
			}
			if usesSimulator := worker.Twilio.APIURL != ""; usesSimulator != (name == "simulator") {
				t.Errorf("TWILIO_API_URL is %q", worker.Twilio.APIURL)
			}
			if served := webhook.Desktop != nil; served != (name == "twilio") {
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
	p := mustLoad(t, password, "simulator")
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
	for name, s := range mustLoad(t, password, "simulator").Services {
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
	p := mustLoad(t, password, "simulator")
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
	without := mustLoad(t, twilio)
	for _, name := range []string{"simulator", "workspace"} {
		if _, there := without.Services[name]; there {
			t.Errorf("%s is there without its profile", name)
		}
	}
}

func TestComposePinsImages(t *testing.T) {
	for name, s := range mustLoad(t, password, "simulator").Services {
		_, tag, tagged := strings.Cut(s.Image, ":")
		if ours := strings.HasPrefix(s.Image, "switchboard"); !tagged || tag == "latest" || !ours && !strings.Contains(tag, ".") {
			t.Errorf("%s: the image %s is not pinned", name, s.Image)
		}
	}
}

func TestComposeHoldsNoPassword(t *testing.T) {
	_, err := load(t, nil, "simulator")
	if err == nil || !strings.Contains(err.Error(), "POSTGRES_PASSWORD") {
		t.Errorf("without POSTGRES_PASSWORD: got %v, want an error that asks for it", err)
	}
}

func TestComposeCreatesTheTopicsOfTheContract(t *testing.T) {
	script := strings.Join(mustLoad(t, password).Services["topics"].Command, "\n")
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
	script := strings.Join(mustLoad(t, password).Services["namespace"].Command, "\n")
	var longest time.Duration
	for _, topic := range events.DefaultTopics()[:1] { // requests: the only topic that starts calls
		longest = max(longest, topic.Retention)
	}
	if want := "--retention " + strconv.Itoa(int(longest.Hours())) + "h"; strings.Count(script, want) != 2 {
		t.Errorf("the namespace is not created and updated with %s:\n%s", want, script)
	}
}
