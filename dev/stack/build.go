package stack

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cliVersion is the version of the Temporal CLI that is built if there is none, or only an older one. It is that of
// tools/temporal.mod; a test compares them.
const cliVersion = "1.5.1"

type binaries struct{ temporal, switchboard, broker string }

// Root is the root of the repository: the folder of go.mod, at or above the current one.
func Root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("no go.mod at or above the current folder: run this inside the repository")
		}
		dir = parent
	}
}

// TemporalCLI returns the path of a Temporal CLI that is new enough: the one on the PATH, or one that is built, and
// kept in .dev/bin at the root of the repository. Building it the first time takes minutes; detail is told how far it is.
func TemporalCLI(ctx context.Context, detail func(string)) (path, result string, err error) {
	if found, err := exec.LookPath("temporal"); err == nil {
		out, err := exec.CommandContext(ctx, found, "--version").Output()
		if v := versionIn(string(out)); err == nil && !older(v, cliVersion) {
			return found, v + " on the PATH", nil
		}
	}
	root, err := Root()
	if err != nil {
		return "", "", err
	}
	path = filepath.Join(root, ".dev", "bin", "temporal-"+cliVersion)
	there := func() bool { _, err := os.Stat(path); return err == nil }
	if there() {
		return path, cliVersion + ", built before", nil
	}
	lock, err := lockBin(ctx, root, detail)
	if err != nil {
		return "", "", err
	}
	defer lock.Close()
	if there() { // by whoever had the lock
		return path, cliVersion + ", built before", nil
	}
	// Under another name first: a build that is interrupted leaves nothing that looks finished.
	unfinished := path + ".unfinished"
	defer os.Remove(unfinished)
	const main = "github.com/temporalio/cli/cmd/temporal"
	modfile := "-modfile=" + filepath.Join("tools", "temporal.mod")
	g := goCommand{root: root, detail: detail}
	detail("the first time this takes some minutes: downloading its modules")
	stale, err := g.run(ctx, "list", modfile, "-deps", "-f", "{{if .Stale}}{{.ImportPath}}{{end}}", main)
	if err != nil {
		return "", "", fmt.Errorf("list what the Temporal CLI is made of: %w", err)
	}
	g.total = len(strings.Fields(stale))
	if _, err := g.run(ctx, "build", modfile, "-v", "-ldflags=-s -w -X github.com/temporalio/cli/temporalcli.Version="+cliVersion,
		"-o", unfinished, main); err != nil {
		return "", "", fmt.Errorf("build the Temporal CLI: %w", err)
	}
	return path, cliVersion + ", built", os.Rename(unfinished, path)
}

// Switchboard builds the product's binary and returns its path.
func Switchboard(ctx context.Context, detail func(string)) (string, error) {
	return buildOurs(ctx, detail, "./cmd/switchboard")
}

// Broker builds the program that stands for Kafka and returns its path.
func Broker(ctx context.Context, detail func(string)) (string, error) {
	return buildOurs(ctx, detail, "./dev/stack/broker")
}

func buildOurs(ctx context.Context, detail func(string), command string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	lock, err := lockBin(ctx, root, detail)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	path := filepath.Join(root, ".dev", "bin", filepath.Base(command))
	g := goCommand{root: root, detail: detail}
	if _, err := g.run(ctx, "build", "-v", "-o", path, command); err != nil {
		return "", fmt.Errorf("build %s: %w", command, err)
	}
	return path, nil
}

func lockBin(ctx context.Context, root string, detail func(string)) (*os.File, error) {
	bin := filepath.Join(root, ".dev", "bin")
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return nil, err
	}
	return waitLock(ctx, filepath.Join(bin, "lock"), detail)
}

// goCommand runs the go command and tells what it is doing.
type goCommand struct {
	root   string
	detail func(string)
	total  int // packages to compile; 0: not known
}

func (g *goCommand) run(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = g.root
	cmd.Env = append(os.Environ(), "GOWORK=off") // -modfile is refused in a workspace
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	// Not the terminal's Ctrl-C, but ours, so that what was interrupted is told by us.
	cmd.SysProcAttr = childAttributes()
	var out bytes.Buffer
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return "", errors.New("the go command is not on the PATH")
		}
		return "", err
	}
	var complaints []string
	compiled, downloaded := 0, 0
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		line := lines.Text()
		if module, found := strings.CutPrefix(line, "go: downloading "); found {
			downloaded++
			g.detail(fmt.Sprintf("downloading module %d: %s", downloaded, module))
		} else if packagePath.MatchString(line) {
			compiled++
			if g.total > 0 {
				g.detail(fmt.Sprintf("compiling %d of %d: %s", min(compiled, g.total), g.total, line))
			} else {
				g.detail("compiling " + line)
			}
		} else {
			complaints = append(complaints, line)
		}
	}
	if err := cmd.Wait(); err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", fmt.Errorf("go %s: %w\n%s", args[0], err, strings.Join(complaints, "\n"))
	}
	return out.String(), nil
}

// packagePath is a line of go build -v; its errors begin with # or have blanks.
var packagePath = regexp.MustCompile(`^[A-Za-z0-9_][^\s:]*$`)

var versionPattern = regexp.MustCompile(`version v?(\d+\.\d+\.\d+)`)

// versionIn finds the version in the CLI's answer; one that was built without saying so calls itself 0.0.0.
func versionIn(text string) string {
	if m := versionPattern.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return "0.0.0"
}

func older(a, b string) bool {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(as), len(bs)) {
		x, _ := strconv.Atoi(as[i]) // digits, by the pattern
		y, _ := strconv.Atoi(bs[i])
		if x != y {
			return x < y
		}
	}
	return false
}
