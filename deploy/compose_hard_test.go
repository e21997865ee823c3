package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/codec"
	"switchboard/internal/image"
)

// writing are the services whose programs write beside what they are given to write to, each with what it wants.
var writing = map[string]string{
	"kafka":     "the image's start script writes the broker's settings",
	"topics":    "Kafka's scripts write a log",
	"schema":    "runs once",
	"namespace": "the Temporal CLI may keep settings",
}

func TestComposeGivesNoPrivilegesAndLimitsMemory(t *testing.T) {
	for name, s := range mustLoad(t, simulated, "simulator").Services {
		if !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 || s.Privileged {
			t.Errorf("%s: capabilities: dropped %v, added %v, privileged: %v", name, s.CapDrop, s.CapAdd, s.Privileged)
		}
		if !slices.Contains(s.SecurityOpt, "no-new-privileges:true") {
			t.Errorf("%s may gain privileges", name)
		}
		if s.MemLimit == 0 {
			t.Errorf("%s has no limit of memory", name)
		}
		if _, known := writing[name]; s.ReadOnly == known {
			t.Errorf("%s: read_only is %v", name, s.ReadOnly)
		}
		if ours := strings.HasPrefix(s.Image, "switchboard"); ours && s.User != "10001:10001" {
			t.Errorf("%s runs as %q", name, s.User)
		}
	}
}

// What a health check runs must be in the image, which has nothing but the binary.
func TestComposeAsksWithWhatTheImageHas(t *testing.T) {
	p := mustLoad(t, simulated)
	program, err := image.Entrypoint("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"worker", "webhook", "intake"} {
		s := p.Services[name]
		if s.HealthCheck == nil || len(s.HealthCheck.Test) != 4 {
			t.Errorf("%s: its health check is %+v", name, s.HealthCheck)
			continue
		}
		test := s.HealthCheck.Test
		if test[0] != "CMD" || test[1] != program || test[2] != "healthcheck" {
			t.Errorf("%s: its health check is %q, and the image has only %s", name, test, program)
		}
		listen, _ := lookup(t, p, name)("SWITCHBOARD_" + strings.ToUpper(name) + "_LISTEN")
		_, port, _ := strings.Cut(listen, ":")
		if want := "http://127.0.0.1:" + port + "/readyz"; test[3] != want {
			t.Errorf("%s listens on %s and is asked at %s, want %s", name, listen, test[3], want)
		}
	}
}

// What operators ask each process answers on every address of its container, and on the very ports of this machine that
// docs/operating.md has Prometheus ask.
func TestPrometheusReachesEveryProcess(t *testing.T) {
	text, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	_, targets, _ := strings.Cut(string(text), "static_configs: [{targets: [")
	targets, _, _ = strings.Cut(targets, "]")
	asked := strings.Split(strings.ReplaceAll(targets, `"`, ""), ", ")
	var answered []string
	p := mustLoad(t, simulated)
	for name, setting := range map[string]string{
		"intake": "SWITCHBOARD_INTAKE_LISTEN", "worker": "SWITCHBOARD_WORKER_LISTEN", "webhook": "SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN",
	} {
		listen, _ := lookup(t, p, name)(setting)
		host, port, _ := strings.Cut(listen, ":")
		if host != "0.0.0.0" {
			t.Errorf("%s listens on %q: nothing outside of its container reaches that", name, listen)
		}
		for _, published := range p.Services[name].Ports {
			if strconv.Itoa(int(published.Target)) == port {
				answered = append(answered, published.HostIP+":"+published.Published)
			}
		}
	}
	slices.Sort(answered)
	if !slices.Equal(asked, answered) {
		t.Errorf("docs/operating.md has Prometheus ask %q, and %q answer", asked, answered)
	}
}

// The rate of dials is divided among their queue's partitions.
func TestTemporalKeepsDialsInOnePartition(t *testing.T) {
	text, err := os.ReadFile("temporal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions"} {
		if want := key + ":\n  - value: 1\n    constraints: { taskQueueName: " + sb.DialQueue + " }\n"; !strings.Contains(string(text), want) {
			t.Errorf("not in deploy/temporal.yaml:\n%s", want)
		}
	}
	mounted := false
	for _, v := range mustLoad(t, simulated).Services["temporal"].Volumes {
		here, err := filepath.Abs("temporal.yaml")
		if err != nil {
			t.Fatal(err)
		}
		mounted = mounted || v.Source == here && v.ReadOnly
	}
	if !mounted {
		t.Error("the server does not get deploy/temporal.yaml")
	}
}

// Debian's docker-compose, the last one in Python, has rules of its own.
func TestDebiansDockerComposeReadsIt(t *testing.T) {
	program, err := exec.LookPath("docker-compose")
	if err != nil {
		t.Skip("docker-compose (Debian's package of that name) is not installed")
	}
	for _, args := range [][]string{{}, {"--file", "deploy/" + production}} {
		args = append([]string{"--file", "docker-compose.yml"}, args...)
		cmd := exec.CommandContext(t.Context(), program, append(args, "config", "--quiet")...)
		cmd.Dir = ".."
		cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "COMPOSE_PROFILES=simulator"}
		for key, value := range twilio {
			cmd.Env = append(cmd.Env, key+"="+value)
		}
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v\n%s", args, err, said)
		}
	}
}

// What nobody has to know is made, what provisioning wrote is taken from its environment file, and neither a second time.
func TestSecretsAreMadeOnce(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir, provisioned := filepath.Join(t.TempDir(), "secrets"), filepath.Join(t.TempDir(), ".env.production")
	text := "# a comment\nTWILIO_AUTH_TOKEN=the-token\nTWILIO_API_KEY_SECRET=the-secret\nSWITCHBOARD_SESSION_KEY=" + strings.Repeat("k=", 16) + "\n"
	if err := os.WriteFile(provisioned, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "./secrets.sh", provisioned)
		cmd.Env = append(os.Environ(), "SWITCHBOARD_SECRETS="+dir)
		said, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, said)
		}
		return string(said)
	}
	if said := run(); !strings.Contains(said, "put it into "+dir+"/oidc_client_secret") || strings.Contains(said, "put it into "+dir+"/twilio") || strings.Contains(said, "the-token") {
		t.Errorf("it says:\n%s", said)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("the folder: %v", err)
	}
	made := map[string]string{}
	for name, secret := range mustLoad(t, withSecrets(dir), production).Secrets {
		if name == "oidc_client_secret" {
			continue // is the identity provider's
		}
		text, err := os.ReadFile(secret.File)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if info, err := os.Stat(secret.File); err != nil || info.Mode().Perm() != 0o444 {
			t.Errorf("%s cannot be read by its container: %v", name, err)
		}
		made[name] = strings.TrimSpace(string(text))
	}
	if made["twilio_auth_token"] != "the-token" || made["twilio_api_key_secret"] != "the-secret" || made["session_key"] != strings.Repeat("k=", 16) {
		t.Errorf("what provisioning wrote was not taken: %v", made)
	}
	if _, err := codec.ParseKeys(made["encryption_keys"]); err != nil || len(made["postgres_password"]) != 32 {
		t.Errorf("encryption keys: %v; a password of %d characters", err, len(made["postgres_password"]))
	}
	run()
	for name, before := range made {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err != nil || strings.TrimSpace(string(text)) != before {
			t.Errorf("%s is another after a second run, %v", name, err)
		}
	}
}
