package simulator

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// mint makes the SID of a new resource: two letters and 32 hex digits (A.1). It comes from the seed
// and from what the resource is, not from time, chance, or what else was created before it: so a
// simulation whose requests arrive in another order has the same SIDs, and the same faults (see
// fault.go). Of two resources alike, the second has another SID.
func (s *Simulator) mint(kind string, is ...string) string {
	text := append(make([]byte, 0, 2+2*sha256.Size), kind...)
	return string(hex.AppendEncode(text, s.draw(append(is, kind)...))[:len(kind)+32])
}

// mintToken makes the value of I-Twilio-Idempotency-Token: the shape of a UUID.
func (s *Simulator) mintToken() string {
	h := hex.EncodeToString(s.draw("token"))
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:32]
}

// mintSecret makes a token or the secret of a key: 32 letters and digits.
func (s *Simulator) mintSecret(is ...string) string { return hex.EncodeToString(s.draw(is...))[:32] }

// draw is the simulator's only source of chance: the hash of the seed, of what the draw is about, and
// of how many draws there were about exactly that.
func (s *Simulator) draw(about ...string) []byte {
	text := binary.BigEndian.AppendUint64(make([]byte, 0, 512), s.seed)
	for _, part := range about {
		text = append(binary.BigEndian.AppendUint64(text, uint64(len(part))), part...)
	}
	sum := sha256.Sum256(text)
	sum = sha256.Sum256(binary.BigEndian.AppendUint64(text, s.drawn.next(binary.BigEndian.Uint64(sum[:]))))
	return sum[:]
}

// counter counts how often it has seen each of very many keys, in bounded memory: keys not seen for a
// long time are forgotten, and start from nothing.
type counter struct{ recent, older map[uint64]uint64 }

const counterLimit = 1 << 20 // keys in each generation

func (c *counter) next(key uint64) uint64 {
	n, found := c.recent[key]
	if !found {
		n = c.older[key]
		if c.recent == nil || len(c.recent) >= counterLimit {
			c.older, c.recent = c.recent, map[uint64]uint64{}
		}
	}
	c.recent[key] = n + 1
	return n
}

// isSID reports whether the text looks like a SID of the kind, existing or not.
func isSID(kind, text string) bool {
	if len(text) != 34 || text[:2] != kind {
		return false
	}
	for i, c := range []byte(text) {
		if letter := i < 2; letter && (c < 'A' || c > 'Z') || !letter && (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
