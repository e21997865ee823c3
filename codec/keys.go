package codec

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/proto"
)

// What an encrypted payload's metadata says, in the clear: by what it was encrypted.
const (
	encoding      = "binary/encrypted"
	metadataKeyID = "encryption-key-id"
)

// keyBytes is AES-256's.
const keyBytes = 32

// Keys are what payloads are encrypted with. The zero value has none.
type Keys struct {
	first   string // the key that encrypts
	ciphers map[string]cipher.AEAD
	ids     []string // in the order given
}

// UnknownKeyError is that of a payload whose key is not among ours.
type UnknownKeyError struct{ ID string }

func (e *UnknownKeyError) Error() string {
	return fmt.Sprintf("the payload is encrypted with the key %q, which this process does not have: add it to SWITCHBOARD_ENCRYPTION_KEYS, behind the first", e.ID)
}

// ErrChanged is that of a payload that is not what was encrypted with its key.
var ErrChanged = errors.New("the payload cannot be decrypted: it was changed, or its key's identity now names another key")

var keyID = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)

// ParseKeys reads keys as id:key, the key being 32 bytes in base64, separated by commas or lines. The first encrypts;
// each decrypts what it has encrypted. An error names the entry by its place, never what it holds.
func ParseKeys(text string) (Keys, error) {
	k := Keys{ciphers: map[string]cipher.AEAD{}}
	var errs []error
	for _, entry := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == '\n' || r == '\r' }) {
		if entry = strings.TrimSpace(entry); entry == "" {
			continue
		}
		place := len(k.ids) + len(errs) + 1
		id, secret, _ := strings.Cut(entry, ":")
		key, err := base64.StdEncoding.DecodeString(secret)
		switch {
		case !keyID.MatchString(id):
			errs = append(errs, fmt.Errorf("entry %d: the identity must be 1 to 40 letters, digits, dots, dashes and underscores, such as 2026-11", place))
		case err != nil || len(key) != keyBytes:
			errs = append(errs, fmt.Errorf("entry %d: after the identity and a colon there must be 32 bytes in base64: make one with openssl rand -base64 32", place))
		case k.ciphers[id] != nil:
			errs = append(errs, fmt.Errorf("entry %d: its identity is that of another entry", place))
		default:
			if err := k.add(id, key); err != nil {
				errs = append(errs, fmt.Errorf("entry %d: %w", place, err))
			}
		}
	}
	if len(errs) == 0 && len(k.ids) == 0 {
		errs = append(errs, errors.New("there is no key"))
	}
	if err := errors.Join(errs...); err != nil {
		return Keys{}, err
	}
	return k, nil
}

func (k *Keys) add(id string, key []byte) error {
	block, err := aes.NewCipher(key)
	if err != nil {
		return err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return err
	}
	if k.first == "" {
		k.first = id
	}
	k.ciphers[id] = aead
	k.ids = append(k.ids, id)
	return nil
}

// Any reports whether there are keys: whether payloads are encrypted at all.
func (k Keys) Any() bool { return k.first != "" }

// IDs are the keys' identities, that of the one which encrypts first.
func (k Keys) IDs() []string { return k.ids }

// Encode encrypts payloads, metadata and all, with the first key.
func (k Keys) Encode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		clear, err := proto.Marshal(p)
		if err != nil {
			return nil, fmt.Errorf("encrypt: %w", err)
		}
		out[i] = &commonpb.Payload{
			Metadata: map[string][]byte{converter.MetadataEncoding: []byte(encoding), metadataKeyID: []byte(k.first)},
			Data:     k.ciphers[k.first].Seal(nil, nil, clear, []byte(k.first)), // the nonce is its beginning
		}
	}
	return out, nil
}

// Decode decrypts what is encrypted and leaves the rest as it is: calls that began before encryption was switched on
// go on.
func (k Keys) Decode(payloads []*commonpb.Payload) ([]*commonpb.Payload, error) {
	out := make([]*commonpb.Payload, len(payloads))
	for i, p := range payloads {
		if string(p.GetMetadata()[converter.MetadataEncoding]) != encoding {
			out[i] = p
			continue
		}
		id := string(p.GetMetadata()[metadataKeyID])
		aead := k.ciphers[id]
		if aead == nil {
			if !keyID.MatchString(id) {
				return nil, ErrChanged
			}
			return nil, &UnknownKeyError{id}
		}
		clear, err := aead.Open(nil, nil, p.GetData(), []byte(id))
		if err != nil {
			return nil, ErrChanged
		}
		out[i] = &commonpb.Payload{}
		if err := proto.Unmarshal(clear, out[i]); err != nil {
			return nil, ErrChanged
		}
	}
	return out, nil
}
