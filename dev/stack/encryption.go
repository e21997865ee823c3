package stack

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"switchboard/codec"
)

// prepareEncryption reads the key of the folder, or makes one: what Temporal has kept there must be readable tomorrow.
func (s *Stack) prepareEncryption(context.Context) error {
	if !s.o.Encrypt {
		return nil
	}
	text, err := os.ReadFile(s.keysFile())
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		_, _ = rand.Read(key) // it never fails
		text = []byte("dev:" + base64.StdEncoding.EncodeToString(key) + "\n")
		err = os.WriteFile(s.keysFile(), text, 0o600)
	}
	if err != nil {
		return err
	}
	s.keys, err = codec.ParseKeys(string(text))
	return err
}

func (s *Stack) keysFile() string { return filepath.Join(s.o.Dir, "encryption.keys") }

// encryption is what our processes are told of it.
func (s *Stack) encryption() map[string]string {
	if !s.keys.Any() {
		return nil
	}
	env := map[string]string{"SWITCHBOARD_ENCRYPTION_KEYS_FILE": s.keysFile()}
	if s.at.TemporalUI != "" {
		env["SWITCHBOARD_TEMPORAL_UI_URL"] = s.TemporalUIURL()
	}
	return env
}

// TemporalUIURL is Temporal's UI under the name that the agents' page has, too: a browser sends the cookie of the one
// along from the other, which it does not from 127.0.0.1 to localhost.
func (s *Stack) TemporalUIURL() string {
	return "http://localhost:" + strconv.Itoa(portOf(s.at.TemporalUI))
}

// CodecEndpoint is where Temporal's UI has payloads decrypted for operators: they enter it in its settings.
func (s *Stack) CodecEndpoint() string {
	return "http://localhost:" + strconv.Itoa(portOf(s.at.Webhook)) + "/codec"
}

// Keys are those with which everything in Temporal is encrypted; none unless Options.Encrypt.
func (s *Stack) Keys() codec.Keys { return s.keys }
