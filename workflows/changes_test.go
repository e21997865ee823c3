package workflows_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Each file of testdata/changes is a change of the process as somebody might make it, compiled for the test alone (go
// test -overlay). Replaying the recorded calls on it shows that they bite: a change that would leave running calls
// standing still is red, and only for the calls that it concerns. docs/changing-the-process.md goes through them.
func TestChangesOfTheProcess(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this compiles the workflows once for each change")
	}
	for _, c := range []struct {
		file   string
		breaks string // calls that have come to this activity; "": none
	}{
		{"caller-before-agent.diff", "DialAgent"},
		{"accept-before-join.diff", "DialAgent"},
		{"look-before-the-ring.diff", "DialCaller"},
		{"open-a-file-without-version.diff", "BindAgent"},
		{"unnoticed.diff", ""},
	} {
		t.Run(c.file, func(t *testing.T) {
			// A file on its own is a package of its own, a small one: the test that CI runs, with nothing around it.
			out := goTest(t, overlay(t, c.file), "-run", "^"+replayTest+"$", "replay_test.go")
			checkReplayed(t, out, c.breaks)
		})
	}
}

// The same change as it ought to be made: calls that are past the place replay as they went, and a new call goes the
// new way. Its own test, which is part of the change, says so.
func TestChangeBehindAVersionIsInForceForNewCalls(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: this compiles the workflows")
	}
	const newCalls = "TestFileIsOpenedForTheAgent"
	out := goTest(t, overlay(t, "open-a-file.diff"), "-run", "^("+replayTest+"|"+newCalls+")$", ".")
	checkReplayed(t, out, "")
	if !strings.Contains(out, "--- PASS: "+newCalls+" ") {
		t.Errorf("new calls do not go the new way:\n%s", out)
	}
}

// What the page shows is what the tests above have tried.
func TestDocumentedChangeIsTheOneTested(t *testing.T) {
	page, err := os.ReadFile("../docs/changing-the-process.md")
	if err != nil {
		t.Fatal(err)
	}
	change, err := os.ReadFile("testdata/changes/open-a-file.diff")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), "```diff\n"+string(change)+"```") {
		t.Error("docs/changing-the-process.md does not show testdata/changes/open-a-file.diff as it is")
	}
}

const replayTest = "TestRecordedHistoriesReplay"

// checkReplayed reads from what go test said that every recording was replayed, and that those are red that have come to
// an activity, by its name, and no other; "": none.
func checkReplayed(t *testing.T, out, breaks string) {
	t.Helper()
	red := 0
	for _, name := range historyNames(t) {
		ended := func(how string) bool { return strings.Contains(out, "    --- "+how+": "+replayTest+"/"+name+" (") }
		want := breaks != "" && slices.Contains(scheduled(readHistory(t, name)), breaks)
		switch failed := ended("FAIL"); {
		case failed == ended("PASS"):
			t.Fatalf("%s was not replayed:\n%s", name, out)
		case failed && !want:
			t.Errorf("%s is red, and has never come to what was changed\n%s", name, out)
		case !failed && want:
			t.Errorf("%s is green although a step of it was changed\n%s", name, out)
		case failed:
			red++
		}
	}
	if n := strings.Count(out, "[TMPRL1100]"); n < red {
		t.Errorf("of %d red ones only %d are so for want of determinism\n%s", red, n, out)
	}
	if breaks != "" && red == 0 {
		t.Errorf("no recorded call has come to %s", breaks)
	}
}

// goTest runs go test on changed sources and returns what it says; that tests fail is for the caller to judge.
func goTest(t *testing.T, overlay string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-v", "-vet=off", "-ldflags=-s -w", "-timeout=4m", "-overlay", overlay}, args...)...)
	cmd.WaitDelay = 10 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil && !strings.Contains(string(out), "--- FAIL: ") {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return string(out)
}

// overlay writes the changed sources into a folder and returns the file that tells the go command of them.
func overlay(t *testing.T, change string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "changes", change))
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replaced := map[string]string{}
	for file, source := range changed(t, root, string(text)) {
		replaced[filepath.Join(root, file)] = filepath.Join(dir, strings.ReplaceAll(file, "/", "-"))
		if err := os.WriteFile(replaced[filepath.Join(root, file)], []byte(source), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

var (
	fileOfDiff = regexp.MustCompile(`(?m)^(?:diff --git .*\n(?:[a-z].*\n)*)?--- (\S+)\n\+\+\+ b/(\S+)\n`)
	hunkOfDiff = regexp.MustCompile(`(?m)^@@.*\n`)
)

// changed applies what git diff has printed and returns the files it changes. Lines are found by what they say, not by
// their numbers, so that a change outlives those made above it.
func changed(t *testing.T, root, diff string) map[string]string {
	t.Helper()
	sources := map[string]string{}
	headers := fileOfDiff.FindAllStringSubmatchIndex(diff, -1)
	for i, h := range headers {
		file, end := diff[h[4]:h[5]], len(diff)
		if i+1 < len(headers) {
			end = headers[i+1][0]
		}
		var source string
		if diff[h[2]:h[3]] != "/dev/null" {
			text, err := os.ReadFile(filepath.Join(root, file))
			if err != nil {
				t.Fatal(err)
			}
			source = string(text)
		}
		for _, hunk := range hunkOfDiff.Split(diff[h[1]:end], -1)[1:] {
			before, after := sides(hunk)
			if n := strings.Count(source, before); before != "" && n != 1 {
				t.Fatalf("%s is there %d times, not once: the code has moved on, so make the change of testdata/changes anew.\n%s", file, n, hunk)
			}
			source = strings.Replace(source, before, after, 1)
		}
		sources[file] = source
	}
	if len(sources) == 0 {
		t.Fatal("the change changes nothing")
	}
	return sources
}

// sides are the text that a hunk replaces and the text it puts there.
func sides(hunk string) (before, after string) {
	for line := range strings.Lines(hunk) {
		switch line[0] {
		case '-':
			before += line[1:]
		case '+':
			after += line[1:]
		default:
			line = strings.TrimPrefix(line, " ") // which editors like to take from an empty line
			before += line
			after += line
		}
	}
	return before, after
}
