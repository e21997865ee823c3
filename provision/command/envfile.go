package command

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// EnvFile is a file of variables, NAME=value a line, as shells, systemd and docker compose read it. It holds secrets:
// only its owner can read it, and no error repeats a value.
type EnvFile struct {
	path  string
	lines []string
}

var assignment = regexp.MustCompile(`^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// ReadEnvFile reads the file; one that is not there is empty.
func ReadEnvFile(path string) (*EnvFile, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real // what is written replaces the file, not the link to it
	}
	f := &EnvFile{path: path}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the environment file: %w", err)
	}
	for i, line := range strings.Split(strings.TrimRight(string(text), "\n"), "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed != "" && !strings.HasPrefix(trimmed, "#") && !assignment.MatchString(trimmed) {
			return nil, fmt.Errorf("%s, line %d: it must be NAME=value, or a comment", path, i+1)
		}
		f.lines = append(f.lines, strings.TrimRight(line, "\r"))
	}
	return f, nil
}

// Lookup is a variable's value, without quotes around it.
func (f *EnvFile) Lookup(name string) (value string, found bool) {
	for _, line := range f.lines {
		m := assignment.FindStringSubmatch(strings.TrimSpace(line))
		if m == nil || m[1] != name {
			continue
		}
		value, found = strings.TrimSpace(m[2]), true
		if n := len(value); n >= 2 && (value[0] == '"' || value[0] == '\'') && value[n-1] == value[0] {
			value = value[1 : n-1]
		}
	}
	return value, found
}

// All are all variables.
func (f *EnvFile) All() map[string]string {
	all := map[string]string{}
	for _, line := range f.lines {
		if m := assignment.FindStringSubmatch(strings.TrimSpace(line)); m != nil {
			all[m[1]], _ = f.Lookup(m[1])
		}
	}
	return all
}

// order is how new variables are added.
var order = []string{
	"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_URL", "TWILIO_WORKSPACE_SID", "TWILIO_WORKFLOW_SID", "TWILIO_CALLER_ID",
	"TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET", "SWITCHBOARD_PUBLIC_URL", "SWITCHBOARD_SESSION_KEY",
	"SWITCHBOARD_ENVIRONMENT", "SWITCHBOARD_DIAL_ONLY",
}

// Set changes variables where they are, adds new ones at the end, and writes the file if anything has changed. All other
// lines stay as they are.
func (f *EnvFile) Set(variables map[string]string) error {
	changed := false
	for _, name := range order {
		value, wanted := variables[name]
		have, there := f.Lookup(name)
		if !wanted || there && have == value {
			continue
		}
		changed = true
		f.set(name, value)
	}
	if !changed {
		return f.restrict()
	}
	return f.write()
}

func (f *EnvFile) set(name, value string) {
	line := name + "=" + value
	last := -1
	for i, old := range f.lines {
		if m := assignment.FindStringSubmatch(strings.TrimSpace(old)); m != nil && m[1] == name {
			last = i // the last one counts
		}
	}
	if last >= 0 {
		f.lines[last] = line
		return
	}
	f.lines = append(f.lines, line)
}

const ownerOnly = 0o600

// restrict takes from others what they could read.
func (f *EnvFile) restrict() error {
	info, err := os.Stat(f.path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.Mode().Perm() == ownerOnly {
		return nil
	}
	if err != nil {
		return err
	}
	return os.Chmod(f.path, ownerOnly)
}

// write replaces the file in one step: whoever reads it meanwhile sees the old or the new one.
func (f *EnvFile) write() (err error) {
	// CreateTemp makes files that only the owner can read.
	temp, err := os.CreateTemp(filepath.Dir(f.path), filepath.Base(f.path)+".*")
	if err != nil {
		return fmt.Errorf("write the environment file: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write the environment file: %w", errors.Join(err, os.Remove(temp.Name())))
		}
	}()
	_, err = temp.WriteString(strings.Join(f.lines, "\n") + "\n")
	if err == nil {
		err = temp.Sync()
	}
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), f.path)
}
