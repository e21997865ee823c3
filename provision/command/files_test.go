package command

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheExampleIsRight(t *testing.T) {
	if _, err := readCentre(exampleFile); err != nil {
		t.Error(err)
	}
}

func TestMistakesInTheFileAreNamedByLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"unknown field":    {"queues:\n  - name: A\n    skils: [x]\n", `line 3: there is no "skils" here`},
		"unknown section":  {"queue: []\n", `line 1: there is no "queue" here`},
		"not YAML":         {"queues: [\n", "line"},
		"unknown skill":    {"skills: [van]\nqueues:\n  - name: A\n    skills: [vans]\n", `line 4: "vans" is not in skills`},
		"spelling":         {"skills: [van]\nqueues:\n  - name: A\n    skills: [Van]\n", `line 4: "Van" is spelt "van" in skills`},
		"unknown queue":    {"queues: [{name: A}]\nrouting:\n  - name: all\n    steps: [{queue: B}]\n", `line 4: "B" is not in queues`},
		"twice":            {"queues:\n  - name: A\n  - name: a\n", `line 3: "a" comes twice`},
		"last rule":        {"skills: [van]\nqueues: [{name: A}]\nrouting:\n  - name: vans\n    skills: [van]\n    steps: [{queue: A}]\n", "line 4: the last rule must have no skills"},
		"catch-all first":  {"queues: [{name: A}]\nrouting:\n  - {name: all, steps: [{queue: A}]}\n  - {name: more, steps: [{queue: A}]}\n", "line 3: a rule without skills"},
		"endless step":     {"queues: [{name: A}, {name: B}]\nrouting:\n  - name: all\n    steps: [{queue: A}, {queue: B}]\n", "line 4: a step that is not the last must say how long"},
		"last step ends":   {"queues: [{name: A}]\nrouting:\n  - name: all\n    steps: [{queue: A, for: 5m}]\n", "line 4: the last step must have no end"},
		"no queue":         {"queues: [{name: A}]\nrouting:\n  - name: all\n    steps: [{for: 5m}]\n", "line 3: each step needs a queue"},
		"agent's name":     {"agents:\n  - name: anna smith\n", "line 2: an agent's name"},
		"environment":      {"agents:\n  - {name: anna, in: [prod]}\n", `line 2: there is no environment "prod"`},
		"number":           {"numbers:\n  caller_ids:\n    staging: 02079460000\n", "line 3: a number in E.164 form"},
		"caller ID of who": {"numbers:\n  caller_ids:\n    dev-alice: +442079460000\n", `line 3: there is no environment "dev-alice"`},
		"test phone":       {"numbers:\n  test_phones:\n    - number: +447700900101\n", "line 3: a test phone needs the https url"},
		"developer":        {"developers: [Alice]\n", "line 1: a developer's name"},
		"structure":        {"skills: [[van]]\n", "line 1: a single word"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readCentre(write(t, c.text))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			} else if strings.Contains(err.Error(), "command.") {
				t.Errorf("the error speaks of Go's types: %v", err)
			}
		})
	}
}

func TestEnvironmentFile(t *testing.T) {
	path := write(t, "# a comment\nexport KAFKA_BROKERS='a:1'\nTWILIO_CALLER_ID=\"+442079460000\"\n\nTWILIO_CALLER_ID=+442079460001\n")
	f, err := ReadEnvFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := f.Lookup("KAFKA_BROKERS"); v != "a:1" {
		t.Errorf("got %q", v)
	}
	if err := f.Set(map[string]string{"TWILIO_CALLER_ID": "+442079460002", "TWILIO_ACCOUNT_SID": "AC1"}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if want := "# a comment\nexport KAFKA_BROKERS='a:1'\nTWILIO_CALLER_ID=\"+442079460000\"\n\nTWILIO_CALLER_ID=+442079460002\nTWILIO_ACCOUNT_SID=AC1\n"; err != nil || string(text) != want {
		t.Errorf("got %q, %v, want %q", text, err, want)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != ownerOnly {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
	if left, err := filepath.Glob(path + ".*"); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	_, err = ReadEnvFile(write(t, "TWILIO_AUTH_TOKEN=secret\nsecret token\n"))
	if err == nil || !strings.Contains(err.Error(), "line 2") || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want the line and not what is in it", err)
	}
	if err := (&EnvFile{path: filepath.Join(t.TempDir(), "none", "env")}).Set(map[string]string{"TWILIO_ACCOUNT_SID": "AC1"}); err == nil {
		t.Error("a folder that is not there was no error")
	}
}
