package switchboard_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// written is how international telephone numbers are written here: in one piece, or with something between the digits.
var written = regexp.MustCompile(`\+[1-9](?:[ ()-]{0,2}\d){6,}`)

// nobodys are the beginnings of numbers that nobody has or will have, as the countries' regulators keep them for drama. A number
// that a program makes up goes on from some of it.
var nobodys = []string{"+447700900", "+442079460", "+165055501", "+493023125"}

// exceptions are numbers that must be what they are.
var exceptions = map[string]string{
	"+12349013030": "Twilio's documented example of a signature", "+18005551212": "the same", "+14158675309": "the same",
	"+999123456789": "no country has that code", "+441900123": "cannot exist",
}

// Whoever runs a test, or copies an example, rings nobody.
func TestTelephoneNumbersAreNobodys(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules" || entry.Name() == "dist"):
			return filepath.SkipDir
		case entry.IsDir() || !slices.Contains([]string{".go", ".md", ".yaml", ".yml", ".json", ".feature", ".ts", ".tsx", ".xml", ".sh", ".html"}, filepath.Ext(file)):
			return nil
		}
		text, err := os.ReadFile(file)
		for _, number := range written.FindAllString(string(text), -1) {
			plain := strings.NewReplacer("(0)", "", " ", "", "-", "", "(", "", ")", "").Replace(number)
			seen[plain] = true
			if exceptions[plain] == "" && !slices.ContainsFunc(nobodys, func(from string) bool { return strings.HasPrefix(plain, from) || strings.HasPrefix(from, plain) }) {
				t.Errorf("%s: %s may be somebody's: use +447700900000 to 999 or +442079460000 to 999", file, number)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for number := range exceptions {
		if !seen[number] {
			t.Errorf("%s is in the table of exceptions, but nowhere else: take it out", number)
		}
	}
}
