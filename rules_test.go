package switchboard_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The rules of this repository that a compiler does not know. They are read from the files, not asked of `go list`:
// the cache of go test notices a file that has changed, but not a different answer of another program.

const module = "switchboard"

// packages is what each package may import of ours, "." being the root; "*" is anything. Imports point to the root:
// workflows decide, activities act, webhook listens, intake admits, and only the programs know all of them.
var packages = map[string][]string{
	".":          {},
	"telemetry":  {".", "allowance"},
	"workflows":  {".", "activities", "telemetry"},
	"activities": {".", "numbers", "telemetry"},
	"webhook":    {".", "allowance", "telemetry"},
	"events":     {".", "numbers"},
	"health":     {},
	"intake":     {".", "events", "health", "numbers", "telemetry"},
	"config":     {".", "codec", "numbers"},
	"desktop":    {".", "activities", "allowance", "telemetry"},
	"allowance":  {},
	"numbers":    {},
	"codec":      {".", "allowance"},

	"provision":         {".", "activities"},
	"provision/command": {"activities", "config", "provision", "provision/tunnel"},
	"provision/tunnel":  {},
	"deploy/provision":  {"provision/command"},
	"worker":            {".", "workflows", "activities", "allowance", "events", "codec", "config", "health", "numbers", "provision", "telemetry"},
	"cmd/switchboard":   {".", "health", "telemetry", "worker", "webhook", "desktop", "intake", "events", "codec", "config", "activities", "provision", "provision/command"},

	"simulator":               {"simulator/expression", "simulator/twiml"},
	"simulator/browser":       {"simulator", "simulator/sound"},
	"simulator/cmd/simulator": {"simulator", "simulator/browser", "simulator/sound"},
	"simulator/expression":    {},
	"simulator/sound":         {"simulator"},
	"simulator/twiml":         {},

	"dev":                 {"*"},
	"dev/chaos":           {"*"},
	"dev/stack":           {"*"},
	"dev/stack/broker":    {},
	"dev/stack/stacktest": {"*"},

	"e2e":                 {"*"},
	"features":            {"*"},
	"features/chromium":   {},
	"features/island":     {},
	"internal/image":      {},
	"internal/privacy":    {"*"},
	"internal/simulation": {"*"},
	"internal/truth":      {"*"},
	"internal/virtual":    {"*"},
}

// standIns are for laptops and tests. What is shipped never imports them, whatever the table says.
var standIns = []string{"simulator", "dev", "e2e", "features", "internal"}

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	found := parsePackages(t)
	for dir, pkg := range found {
		may, known := packages[dir]
		if !known {
			t.Errorf("package %s is new: say in the table of rules_test.go what it may import of ours", dir)
			continue
		}
		for imported, file := range pkg.imports {
			ours, isOurs := relative(imported)
			switch {
			case !isOurs && dir == "." && !standardLibrary(imported):
				t.Errorf("%s imports %s: the root package is the vocabulary of all others and imports the standard library only", file, imported)
			case !isOurs:
			case !slices.Contains(may, ours) && !slices.Contains(may, "*"):
				t.Errorf("%s imports %s: package %s may import of ours only %s", file, imported, dir, list(may))
			case under(ours, standIns) && !under(dir, standIns):
				t.Errorf("%s imports %s: what is shipped never imports a stand-in", file, imported)
			}
		}
	}
	for dir := range packages {
		if _, there := found[dir]; !there {
			t.Errorf("package %s is in the table of rules_test.go, but it is gone: take it out", dir)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for dir, pkg := range parsePackages(t) {
		if pkg.doc == "" {
			t.Errorf("package %s has no package comment: say what it is for, what it never does, where to start reading", dir)
		} else if len(strings.Fields(pkg.doc)) < 8 {
			t.Errorf("package %s says too little of itself: %q", dir, strings.TrimSpace(pkg.doc))
		}
	}
}

// goPackage is one folder of Go files. Tests are left out: they may import anything.
type goPackage struct {
	doc     string
	imports map[string]string // import path to the file, the first by name, that has it
}

func parsePackages(t *testing.T) map[string]*goPackage {
	t.Helper()
	found := map[string]*goPackage{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && skipped(file, entry.Name()):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		dir := path.Dir(filepath.ToSlash(file))
		if found[dir] == nil {
			found[dir] = &goPackage{imports: map[string]string{}}
		}
		found[dir].add(file, parsed)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func (p *goPackage) add(file string, parsed *ast.File) {
	p.doc += parsed.Doc.Text()
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			imported = spec.Path.Value
		}
		if p.imports[imported] == "" {
			p.imports[imported] = file
		}
	}
}

// skipped are the folders that the go command does not look into either, and modules of their own.
func skipped(dir, name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// relative is the folder of one of our packages, "." for the root.
func relative(imported string) (string, bool) {
	if imported == module {
		return ".", true
	}
	return strings.CutPrefix(imported, module+"/")
}

func standardLibrary(imported string) bool {
	first, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(first, ".")
}

func under(dir string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") })
}

func list(dirs []string) string {
	if len(dirs) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%q", dirs)
}
