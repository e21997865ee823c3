package switchboard_test

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every page can be found: README.md or another page links to it, or to a folder of pages that it is in. Every link leads to a
// file that is there, and to a heading that the page has.
func TestEveryPageIsLinkedAndEveryLinkLeadsSomewhere(t *testing.T) {
	texts := pages(t)
	linked := map[string]bool{"README.md": true}
	for page, text := range texts {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target, heading, _ := strings.Cut(m[1], "#")
			if target = path.Join(path.Dir(page), target); strings.HasPrefix(m[1], "#") {
				target = page
			}
			if target != page {
				linked[target] = true
			}
			if _, err := os.Stat(filepath.FromSlash(target)); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			} else if heading != "" && !slices.Contains(headings(texts[target]), heading) {
				t.Errorf("%s links to %s, and %s has no such heading", page, m[1], target)
			}
		}
	}
	for page := range texts {
		if folder := path.Dir(page); !linked[page] && !(linked[folder] && folder != "docs") {
			t.Errorf("nothing links to %s: README.md has the table of pages", page)
		}
	}
}

// pages are the texts of README.md, of docs, and of what has its page beside it, by their paths.
func pages(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "testdata"):
			return filepath.SkipDir
		case entry.IsDir() || filepath.Ext(file) != ".md":
			return nil
		}
		text, err := os.ReadFile(file)
		texts[filepath.ToSlash(file)] = string(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// headings are what a link can name of a page: in small letters, without punctuation, with dashes for spaces.
func headings(text string) (list []string) {
	for line := range strings.Lines(text) {
		if title := strings.TrimLeft(line, "#"); title != line && strings.HasPrefix(title, " ") {
			title = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(title)), "")
			list = append(list, strings.ReplaceAll(title, " ", "-"))
		}
	}
	return list
}

// docs/architecture.md has a row for each package, with what the table of rules_test.go lets it import.
func TestArchitectureHasEveryPackage(t *testing.T) {
	text, err := os.ReadFile("docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	told := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		columns := strings.Split(strings.TrimSpace(line), " | ")
		if len(columns) != 3 || !strings.HasPrefix(columns[0], "| `") {
			continue
		}
		imports := strings.TrimSuffix(columns[2], " |")
		imports = strings.NewReplacer("–", "", "root", ".", "anything", "*").Replace(imports)
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(columns[0], -1) {
			if name[1] == module {
				name[1] = "."
			}
			told[name[1]] = slices.DeleteFunc(strings.Split(imports, ", "), func(s string) bool { return s == "" })
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		have, there := told[dir]
		want := slices.Sorted(slices.Values(packages[dir]))
		slices.Sort(have)
		if !there {
			t.Errorf("docs/architecture.md does not tell of package %s", dir)
		} else if !slices.Equal(have, want) {
			t.Errorf("docs/architecture.md tells of package %s that it imports %q, and rules_test.go lets it import %q", dir, have, want)
		}
		delete(told, dir)
	}
	for dir := range told {
		t.Errorf("docs/architecture.md tells of package %s, which rules_test.go does not know", dir)
	}
}
