package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"switchboard/telemetry"
)

// alert is one rule of alerts.yml.
type alert struct {
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

func alerts(t *testing.T) (all []alert) {
	t.Helper()
	var file struct {
		Groups []struct {
			Name  string  `yaml:"name"`
			Rules []alert `yaml:"rules"`
		} `yaml:"groups"`
	}
	text, err := os.ReadFile("alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(text)))
	decoder.KnownFields(true) // Prometheus refuses a file with a field it does not know
	if err := decoder.Decode(&file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

// An alert that asks for a metric that nobody has, or for a label that the metric does not have, never fires: nothing says
// so but this test. It knows names, labels and parentheses, not all of PromQL, whose parser is a module larger than ours.
func TestEveryAlertUsesMetricsThatExist(t *testing.T) {
	labels := ourMetrics()
	sdk := metricsOfTheSDK(t)
	seen := map[string]bool{}
	for _, a := range alerts(t) {
		if seen[a.Alert] {
			t.Errorf("%s is there twice", a.Alert)
		}
		seen[a.Alert] = true
		if strings.Count(a.Expr, "(") != strings.Count(a.Expr, ")") || strings.Count(a.Expr, "{") != strings.Count(a.Expr, "}") {
			t.Errorf("%s: what is opened is not closed: %s", a.Alert, a.Expr)
		}
		selectors := selector.FindAllStringSubmatch(a.Expr, -1)
		if len(selectors) == 0 {
			t.Errorf("%s asks for no metric: %s", a.Alert, a.Expr)
		}
		for _, found := range selectors {
			name, matchers := found[1], found[2]
			switch of, ours := labels[name]; {
			case ours:
				for _, m := range matcher.FindAllStringSubmatch(matchers, -1) {
					if !slices.Contains(of, m[1]) {
						t.Errorf("%s: %s has no label %s, only %q", a.Alert, name, m[1], of)
					}
				}
			case name == "up": // Prometheus's own
			case slices.Contains(sdk, name):
			default:
				t.Errorf("%s: no process has the metric %s", a.Alert, name)
			}
		}
	}
}

var (
	// selector is a metric with its matchers: our names and those of Temporal's SDK tell themselves by how they begin.
	selector = regexp.MustCompile(`\b((?:switchboard|temporal|process|go|promhttp)_[a-z0-9_]+|up)\b(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`([a-zA-Z_]+)\s*(?:=~|!~|!=|=)`)
)

// ourMetrics are the series of the table of all metrics, with their labels.
func ourMetrics() map[string][]string {
	out := map[string][]string{}
	for _, m := range telemetry.Metrics() {
		if !strings.HasSuffix(m.Name, "_seconds") {
			out[m.Name] = m.Labels
			continue
		}
		for _, part := range []string{"_bucket", "_count", "_sum"} {
			out[m.Name+part] = append([]string{"le"}, m.Labels...)
		}
	}
	return out
}

// metricsOfTheSDK are the series that Temporal's SDK may have, read from the source of the version in use, as the handler in
// contrib/opentelemetry and the exporter name them.
func metricsOfTheSDK(t *testing.T) (names []string) {
	t.Helper()
	dir, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Dir}}", "go.temporal.io/sdk").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "internal", "common", "metrics", "constants.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`TemporalMetricsPrefix \+ "([a-z_]+)"`).FindAllStringSubmatch(string(text), -1) {
		name := "temporal_" + m[1]
		names = append(names, name, name+"_total", name+"_seconds_bucket", name+"_seconds_count", name+"_seconds_sum")
	}
	if len(names) == 0 {
		t.Fatal("the SDK names its metrics in another way: this test must learn it")
	}
	return names
}

// Whoever is woken finds what it means and what to do.
func TestEveryAlertHasItsSectionInTheRunbook(t *testing.T) {
	text, err := os.ReadFile("../docs/runbook.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]string{}
	for part := range strings.SplitSeq(string(text), "\n## ") {
		title, body, _ := strings.Cut(part, "\n")
		sections[title] = body
	}
	known := map[string]bool{}
	for _, a := range alerts(t) {
		known[a.Alert] = true
		body, there := sections[a.Alert]
		if !there {
			t.Errorf("docs/runbook.md has no section %s", a.Alert)
			continue
		}
		for _, part := range []string{"**It means**", "**The caller", "**Look first**", "**Do**"} {
			if !strings.Contains(body, part) {
				t.Errorf("docs/runbook.md: the section %s has no %s", a.Alert, part)
			}
		}
		if want := "docs/runbook.md#" + strings.ToLower(a.Alert); a.Annotations["runbook"] != want {
			t.Errorf("%s leads to %q, want %q", a.Alert, a.Annotations["runbook"], want)
		}
		if s := a.Labels["severity"]; s != "page" && s != "ticket" {
			t.Errorf("%s has the severity %q, want page or ticket", a.Alert, s)
		}
		if a.Annotations["summary"] == "" {
			t.Errorf("%s has no summary", a.Alert)
		}
	}
	for title := range sections {
		if !strings.HasPrefix(title, "# ") && !known[title] {
			t.Errorf("docs/runbook.md has a section %s, and no alert leads there", title)
		}
	}
}
