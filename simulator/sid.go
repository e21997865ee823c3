package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
)

// mint makes the next SID of a kind: two letters and 32 hex digits (A.1). It depends on the seed and
// on how many of the kind came before, never on time or chance.
func (s *Simulator) mint(kind string) string {
	return kind + s.hash(kind)[:32]
}

// mintToken makes the value of I-Twilio-Idempotency-Token: the shape of a UUID.
func (s *Simulator) mintToken() string {
	h := s.hash("token")
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:32])
}

func (s *Simulator) hash(kind string) string {
	s.minted[kind]++
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], s.seed)
	binary.BigEndian.PutUint64(b[8:], s.minted[kind])
	sum := sha256.Sum256(append(b[:], kind...))
	return hex.EncodeToString(sum[:])
}

var sidShape = regexp.MustCompile(`^[A-Z]{2}[0-9a-f]{32}$`)

// isSID reports whether the text looks like a SID of the kind, existing or not.
func isSID(kind, text string) bool {
	return len(text) == 34 && text[:2] == kind && sidShape.MatchString(text)
}
