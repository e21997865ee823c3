package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Stage is the stage of the Dockerfile that is deployed.
const Stage = "switchboard"

// built is where the stages that build put their programs.
const built = "/out/"

// Tree is the files of the image, on this machine.
type Tree struct {
	Root       string
	User       string // uid:gid
	Entrypoint []string
}

// Build makes the image's files under dir, from the repository at root. version is the Dockerfile's VERSION.
func Build(ctx context.Context, root, dir, version string) (*Tree, error) {
	s, stages, err := read(root)
	if err != nil {
		return nil, err
	}
	t := &Tree{Root: filepath.Join(dir, "root"), User: s.user, Entrypoint: s.entrypoint}
	// An engine makes these two for every container; Temporal's SDK looks its own program up in the second.
	if err := write(filepath.Join(t.Root, "etc", "hosts"), strings.NewReader("127.0.0.1 localhost\n"), 0o644); err != nil {
		return nil, err
	}
	if err := os.Mkdir(filepath.Join(t.Root, "proc"), 0o755); err != nil {
		return nil, err
	}
	for _, c := range s.copies {
		if stages[c.from] == nil {
			return nil, fmt.Errorf("deploy/Dockerfile: the stage %s copies from %q, which is no stage", Stage, c.from)
		}
		programs := filepath.Join(dir, c.from)
		if err := build(ctx, root, programs, version, stages, c.from); err != nil {
			return nil, fmt.Errorf("the stage %s: %w", c.from, err)
		}
		for _, file := range c.files {
			if err := t.copy(programs, file, c.to); err != nil {
				return nil, err
			}
		}
	}
	return t, nil
}

// read finds the stage that is deployed, and makes sure that it can be made here.
func read(root string) (*stage, map[string]*stage, error) {
	text, err := os.ReadFile(filepath.Join(root, "deploy", "Dockerfile"))
	if err != nil {
		return nil, nil, err
	}
	stages, err := parse(string(text))
	if err != nil {
		return nil, nil, fmt.Errorf("deploy/Dockerfile: %w", err)
	}
	s := stages[Stage]
	switch {
	case s == nil:
		return nil, nil, fmt.Errorf("deploy/Dockerfile has no stage %s", Stage)
	case s.base != "scratch" || len(s.runs) > 0:
		return nil, nil, fmt.Errorf("deploy/Dockerfile: the stage %s is more than files on nothing, which cannot be made here", Stage)
	case len(s.entrypoint) == 0:
		return nil, nil, fmt.Errorf("deploy/Dockerfile: the stage %s has no ENTRYPOINT", Stage)
	}
	return s, stages, nil
}

// build runs the stage's commands that make programs; the others prepare what is on this machine already.
func build(ctx context.Context, root, out, version string, stages map[string]*stage, name string) error {
	if _, err := os.Stat(out); err == nil {
		return nil // by an earlier COPY
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return err
	}
	for _, run := range stages[name].runs {
		if !strings.Contains(run, " -o "+built+" ") {
			return fmt.Errorf("RUN %s makes no programs in %s: it cannot be done here", run, built)
		}
		cmd := exec.CommandContext(ctx, "sh", "-ec", strings.ReplaceAll(run, " -o "+built+" ", ` -o "$OUT" `))
		cmd.Dir = root
		cmd.Env = append(os.Environ(), "OUT="+out+"/", "VERSION="+version, "GOWORK=off")
		for key, value := range environment(stages, name) {
			cmd.Env = append(cmd.Env, key+"="+value)
		}
		if said, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("RUN %s: %w\n%s", run, err, said)
		}
	}
	return nil
}

// Entrypoint is the program of the image, from the repository at root.
func Entrypoint(root string) (string, error) {
	s, _, err := read(root)
	if err != nil {
		return "", err
	}
	return s.entrypoint[0], nil
}

// copy puts one file where COPY says. What a stage has not built is a base image's, and taken from this machine.
func (t *Tree) copy(programs, file, to string) error {
	source, mode := file, os.FileMode(0o644)
	if name, ours := strings.CutPrefix(file, built); ours {
		source, mode = filepath.Join(programs, name), 0o755
	}
	if strings.HasSuffix(to, "/") {
		to += filepath.Base(file)
	}
	f, err := os.Open(source)
	if err != nil {
		return fmt.Errorf("COPY %s: %w", file, err)
	}
	defer f.Close()
	return write(filepath.Join(t.Root, to), f, mode)
}

func write(path string, from io.Reader, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	return errors.Join(err, f.Close())
}

// Confined says why this machine cannot run a Tree as an engine does; nil: it can.
func Confined(ctx context.Context) error {
	if os.Geteuid() != 0 {
		return errors.New("a root of its own needs the user root")
	}
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s (util-linux, coreutils) is not installed", tool)
		}
	}
	if said, err := exec.CommandContext(ctx, "unshare", "--mount", "--propagation", "private", "true").CombinedOutput(); err != nil {
		return fmt.Errorf("mounts of its own are not allowed: %w: %s", err, said)
	}
	return nil
}

// tools are those of wrapper.
var tools = []string{"unshare", "mount", "setpriv", "chroot"}

// wrapper becomes the program in three steps, keeping its process: mounts of its own, in which the root cannot be written
// to; no new privileges; the image's user, and nothing outside of the tree. ROOT and the tools are paths, for the program's
// environment may have none to look in.
const wrapper = `#!/bin/sh
exec UNSHARE --mount --propagation private /bin/sh -ec '
	MOUNT --bind ROOT ROOT
	MOUNT --bind /proc ROOT/proc
	MOUNT -o remount,bind,ro,nosuid,nodev ROOT
	cd ROOT
	exec SETPRIV --no-new-privs CHROOT --userspec=USER ROOT "$@"
' sh ENTRYPOINT "$@"
`

// Wrapper writes a program that runs the image's with its own arguments and environment, and returns its path.
func (t *Tree) Wrapper() (string, error) {
	words := map[string]string{"ROOT": t.Root, "USER": t.User, "ENTRYPOINT": strings.Join(t.Entrypoint, " ")}
	for _, tool := range tools {
		path, err := exec.LookPath(tool)
		if err != nil {
			return "", err
		}
		words[strings.ToUpper(tool)] = path
	}
	var pairs []string
	for word, value := range words {
		if strings.ContainsAny(value, "'\"$\\") || word == "ROOT" && strings.Contains(value, " ") {
			return "", fmt.Errorf("%q has a character that a shell minds", value)
		}
		pairs = append(pairs, word, value)
	}
	path := t.Root + ".sh"
	return path, write(path, strings.NewReader(strings.NewReplacer(pairs...).Replace(wrapper)), 0o755)
}
