package stack

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// The agents' page is bundled by npm into the folder that the webhook process embeds, so it comes before that process.

// pageSource is the page's folder; pageBundle what comes of it.
var (
	pageSource = filepath.Join("desktop", "page")
	pageBundle = filepath.Join(pageSource, "dist", "index.html")
)

// npmLimit is far above what a slow network needs for the page's packages.
const npmLimit = 10 * time.Minute

// Page bundles the agents' page if it is not there yet or its sources are newer. Without npm there is no page, which is
// no error: everything else works, and the webhook process says what is missing to whoever opens it.
func Page(ctx context.Context, detail func(string)) (result string, err error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "no page: npm is not on the PATH (Node.js 18 or newer has it)", nil
	}
	lock, err := lockBin(ctx, root, detail)
	if err != nil {
		return "", err
	}
	defer lock.Close()
	source, bundle := filepath.Join(root, pageSource), filepath.Join(root, pageBundle)
	stale, err := newerThan(source, bundle)
	if err != nil {
		return "", err
	}
	if !stale {
		return "bundled before", nil
	}
	ctx, cancel := context.WithTimeout(ctx, npmLimit)
	defer cancel()
	if stale, err = newerThan(filepath.Join(source, "package-lock.json"), filepath.Join(source, "node_modules", ".package-lock.json")); err != nil {
		return "", err
	}
	if stale {
		detail("the first time this takes a minute: fetching its packages")
		if err := runNPM(ctx, npm, source, "ci", "--no-audit", "--no-fund", "--loglevel=error"); err != nil {
			return "", err
		}
	}
	detail("bundling")
	if err := runNPM(ctx, npm, source, "run", "--silent", "build"); err != nil {
		return "", err
	}
	return "bundled", nil
}

// newerThan reports whether a file, or any file in a folder, is newer than what was made of it. What npm and the bundler
// write themselves does not count.
func newerThan(source, made string) (bool, error) {
	was, err := os.Stat(made)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	newer := false
	err = filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); name == "node_modules" || name == "dist" {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.ModTime().After(was.ModTime()) {
			newer = true
			return filepath.SkipAll
		}
		return nil
	})
	return newer, err
}

func runNPM(ctx context.Context, npm, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, npm, args...)
	cmd.Dir = dir
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	cmd.SysProcAttr = childAttributes() // see goCommand
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("npm %s: %w", args[0], ctx.Err())
		}
		return fmt.Errorf("npm %s in %s: %w\n%s", args[0], pageSource, err, out.String())
	}
	return nil
}
