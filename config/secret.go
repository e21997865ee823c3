package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxSecretFile is far above what any secret of ours is long.
const maxSecretFile = 64 << 10

// secretsMount is where container runtimes put the files of secrets. All of them can be read by everybody in the
// container there, which is ours alone.
const secretsMount = "/run/secrets"

// Secret reads a secret from a variable, or from the file that the variable of the same name with _FILE at its end
// names: a file is in no listing of processes, and in no crash report. What is wrong follows the variable's name in the
// error, which never holds the secret.
func Secret(env Lookup, key string) (string, error) {
	value, _ := env(key)
	value = strings.TrimSpace(value)
	file, _ := env(key + "_FILE")
	file = strings.TrimSpace(file)
	if file == "" {
		return value, nil
	}
	if value != "" {
		return "", fmt.Errorf("and %s_FILE are both set: unset one of them", key)
	}
	text, err := readSecret(file)
	if err != nil {
		return "", fmt.Errorf("cannot be read from %s_FILE: %w", key, err)
	}
	return text, nil
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", err
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	mounted := strings.HasPrefix(filepath.Clean(absolute), secretsMount+"/")
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return "", errors.New("it is not a file")
	case mode.Perm()&0o022 != 0:
		return "", errors.New("others can write to the file: chmod 600 it")
	case mode.Perm()&0o004 != 0 && !mounted:
		return "", fmt.Errorf("everybody on this machine can read the file: chmod 600 it (under %s, in a container, that is allowed)", secretsMount)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	if len(text) > maxSecretFile {
		return "", errors.New("the file is larger than 64 kB: it is no secret of ours")
	}
	secret := strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if secret == "" {
		return "", errors.New("the file is empty")
	}
	return secret, nil
}

// secret is optional for what only we may know.
func (r *reader) secret(key string) string {
	v, err := Secret(r.env, key)
	if err != nil {
		r.wrong(key, "%v", err)
		return unreadable // so that it is not said to be missing as well
	}
	return v
}

const unreadable = "(unreadable)"

// requiredSecret is required for what only we may know.
func (r *reader) requiredSecret(key, what string) string {
	v := r.secret(key)
	if v == "" {
		r.wrong(key, "is missing (and %s_FILE, too): %s", key, what)
	}
	return v
}
