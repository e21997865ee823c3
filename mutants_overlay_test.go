package switchboard_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// All mutants are compiled at once: each function that some of them change becomes one that asks first which it is to be.
//
//	func (c *call) bindAgent(ctx workflow.Context) {
//		if mutated("agent's leg not bound") {
//			…its body, changed…
//			return
//		}
//		…its body as it is…
//	}
//
// So a table of mutants costs one compilation, and the same binary without a mutant is what they are compared with.

// switchFile is added to each package that is mutated.
const switchFile = `package %s

import (
	"os"
	"slices"
	"strings"
)

func mutated(name string) bool { return slices.Contains(strings.Split(os.Getenv("` + mutantEnv + `"), ","), name) }
`

// edit replaces one piece of the text of a function by another.
type edit struct{ file, old, new string }

// mutatedSources are the files to compile instead of those of the repository, by their path in it. A mutant whose text
// is not found, or not only once, has rotted: it is told of, and its name is returned.
func mutatedSources(t testing.TB, mutants []mutant) (sources map[string]string, rotten []string) {
	t.Helper()
	files := map[string]*mutatedFile{}
	for _, m := range mutants {
		for _, e := range m.edits {
			f := files[e.file]
			if f == nil {
				f = parseFile(t, e.file)
				files[e.file] = f
			}
			if err := f.apply(m.name, e); err != nil {
				t.Errorf("mutant %q has rotted: %v; bring its text in mutants_table_test.go up to date", m.name, err)
				rotten = append(rotten, m.name)
			}
		}
	}
	sources = map[string]string{}
	for name, f := range files {
		sources[name] = f.text()
		sources[filepath.Join(filepath.Dir(name), "mutated.go")] = fmt.Sprintf(switchFile, f.parsed.Name.Name)
	}
	return sources, rotten
}

// mutatedFile is a source file, and what becomes of its functions.
type mutatedFile struct {
	name   string
	source string
	set    *token.FileSet
	parsed *ast.File
	bodies map[*ast.FuncDecl][]variant
}

// variant is the body of a function as a mutant has it.
type variant struct{ mutant, body string }

func parseFile(t testing.TB, name string) *mutatedFile {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	f := &mutatedFile{name: name, source: string(text), set: token.NewFileSet(), bodies: map[*ast.FuncDecl][]variant{}}
	if f.parsed, err = parser.ParseFile(f.set, name, text, parser.ParseComments); err != nil {
		t.Fatal(err)
	}
	return f
}

func (f *mutatedFile) apply(mutant string, e edit) error {
	if n := strings.Count(f.source, e.old); n != 1 {
		return fmt.Errorf("%s has %d times, not once:\n%s", f.name, n, e.old)
	}
	at := strings.Index(f.source, e.old)
	for _, d := range f.parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		from, to := f.offset(fn.Body.Lbrace)+1, f.offset(fn.Body.Rbrace)
		if at < from || at+len(e.old) > to {
			continue
		}
		for i := range f.bodies[fn] {
			if v := &f.bodies[fn][i]; v.mutant == mutant { // its second change of this function
				v.body = strings.Replace(v.body, e.old, e.new, 1)
				return nil
			}
		}
		f.bodies[fn] = append(f.bodies[fn], variant{mutant, strings.Replace(f.source[from:to], e.old, e.new, 1)})
		return nil
	}
	return fmt.Errorf("in %s this is not within a function:\n%s", f.name, e.old)
}

func (f *mutatedFile) offset(p token.Pos) int { return f.set.Position(p).Offset }

// text is the file with all variants in it. Errors of the compiler are told under the mutant's name.
func (f *mutatedFile) text() string {
	var b strings.Builder
	done := 0
	for _, d := range f.parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || len(f.bodies[fn]) == 0 {
			continue
		}
		from := f.offset(fn.Body.Lbrace) + 1
		b.WriteString(f.source[done:from])
		for _, v := range f.bodies[fn] {
			fmt.Fprintf(&b, "\nif mutated(%q) {\n//line mutant %s:1\n%s\n", v.mutant, v.mutant, v.body)
			if fn.Type.Results == nil {
				b.WriteString("return\n")
			}
			b.WriteString("}\n")
		}
		fmt.Fprintf(&b, "//line %s:%d\n", f.name, f.set.Position(fn.Body.Lbrace).Line)
		done = from
	}
	b.WriteString(f.source[done:])
	return b.String()
}

// overlay writes sources into a folder and returns the file that tells the go command of them.
func overlay(t testing.TB, sources map[string]string) string {
	t.Helper()
	root, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replaced := map[string]string{}
	for name, source := range sources {
		file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		replaced[filepath.Join(root, name)] = file
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAMutantIsABodyBesideTheOther(t *testing.T) {
	const source = `package p

func (c *call) story(n int) (int, error) {
	return n + 1, nil
}

func (c *call) end() {
	c.n = 1
	c.m = 2
}
`
	dir := t.TempDir()
	t.Chdir(dir)
	if err := os.WriteFile("p.go", []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	f := parseFile(t, "p.go")
	for name, e := range map[string]edit{
		"found twice":          {"p.go", "func (c *call)", ""},
		"not there":            {"p.go", "c.n = 3", ""},
		"not within one":       {"p.go", "package p", "package q"},
		"reaches out of a one": {"p.go", "2\n}", "3\n}"},
	} {
		if f.apply("x", e) == nil {
			t.Errorf("%s: it was applied", name)
		}
	}
	for _, e := range []edit{{"p.go", "n + 1", "n - 1"}, {"p.go", "c.n = 1", "c.n = 5"}, {"p.go", "c.m = 2", "c.m = 6"}} {
		if err := f.apply("x", e); err != nil {
			t.Fatal(err)
		}
	}
	text, err := format.Source([]byte(f.text()))
	if err != nil {
		t.Fatalf("%v:\n%s", err, f.text())
	}
	for _, want := range []string{"return n - 1, nil", "return n + 1, nil", "c.n = 5\n\t\tc.m = 6\n\n\t\treturn", "c.n = 1\n\tc.m = 2"} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("it has no %q:\n%s", want, text)
		}
	}
	if n := strings.Count(string(text), `if mutated("x")`); n != 2 {
		t.Errorf("%d functions ask which they are to be, want 2", n)
	}
}

func mutantNames(mutants []mutant) (names []string) {
	for _, m := range mutants {
		names = append(names, m.name)
	}
	slices.Sort(names)
	return names
}
