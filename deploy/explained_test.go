package deploy_test

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every image, published port, variable, volume and secret of docker-compose.yml and production.yml is in a table of
// docs/deploy.md, and every service, too; what the tables name is there.
func TestEverythingOfComposeIsExplained(t *testing.T) {
	text, err := os.ReadFile("../docs/deploy.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| ") {
			names, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
			for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(names, -1) {
				explained[name[1]] = true
			}
		}
	}
	there := map[string]string{}
	p := mustLoad(t, twilio, "simulator", production)
	for name, s := range p.Services {
		there[name] = "service"
		if strings.HasPrefix(s.Image, "switchboard") {
			there[strings.SplitN(s.Image, ":", 2)[0]] = "image"
		} else {
			there[s.Image] = "image"
		}
		for _, port := range s.Ports {
			there[port.HostIP+":"+port.Published] = "port"
		}
		for key := range s.Environment {
			there[key] = "variable in a container"
		}
		for _, v := range s.Volumes {
			there[v.Target] = "mount"
		}
		for _, directory := range s.Tmpfs {
			there[directory] = "folder in memory"
		}
	}
	for name := range p.Volumes {
		there[name] = "volume"
	}
	for name := range p.Secrets {
		there[name] = "secret"
	}
	for _, name := range []string{"../docker-compose.yml", production} {
		file, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\$\{([A-Z_]+)`).FindAllStringSubmatch(string(file), -1) {
			there[m[1]] = "variable of " + name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if !explained[name] {
			t.Errorf("the %s %s is in no table of docs/deploy.md", there[name], name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(explained)) {
		if there[name] == "" {
			t.Errorf("docs/deploy.md explains %s, which is not in docker-compose.yml", name)
		}
	}
}
