package events

import (
	"context"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/segmentio/kafka-go/sasl"
)

// scram is the client's side of SCRAM (RFC 5802, RFC 7677) without channel binding, as Kafka speaks it. kafka-go has
// one too, which needs a module more.
type scram struct {
	name     string
	hash     func() hash.Hash
	user     string
	password string
	nonce    func() string // for the vectors of the RFCs
}

// Fewer rounds than Kafka's own minimum would let whoever poses as the broker guess the password; more than the
// maximum would only burn time.
const (
	minScramRounds = 4096
	maxScramRounds = 10_000_000
)

func newScram(name, user, password string) (*scram, error) {
	// Other characters would need RFC 4013's normalisation.
	for _, text := range []string{user, password} {
		for _, r := range text {
			if r < ' ' || r > '~' {
				return nil, errors.New("kafka: user and password must be of printable ASCII characters for SCRAM")
			}
		}
	}
	if password == "" {
		return nil, errors.New("kafka: the SASL password is missing")
	}
	s := &scram{name: name, hash: sha256.New, user: user, password: password, nonce: rand.Text}
	if name == MechanismScramSHA512 {
		s.hash = sha512.New
	}
	return s, nil
}

func (s *scram) Name() string { return s.name }

// Start begins one authentication; the mechanism itself is shared by all connections.
func (s *scram) Start(context.Context) (sasl.StateMachine, []byte, error) {
	user := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(s.user)
	c := &scramConversation{scram: s, nonce: s.nonce()}
	c.first = "n=" + user + ",r=" + c.nonce
	return c, []byte("n,," + c.first), nil
}

type scramConversation struct {
	*scram
	nonce, first string
	signature    []byte // the server's, known once the first answer is read
}

func (c *scramConversation) Next(_ context.Context, challenge []byte) (done bool, response []byte, err error) {
	if c.signature != nil {
		return true, nil, c.verify(string(challenge))
	}
	response, err = c.prove(string(challenge))
	return false, response, err
}

func (c *scramConversation) prove(challenge string) ([]byte, error) {
	fields := scramFields(challenge)
	nonce := fields['r']
	salt, err := base64.StdEncoding.DecodeString(fields['s'])
	rounds, err2 := strconv.Atoi(fields['i'])
	if err != nil || err2 != nil || len(salt) == 0 || fields['m'] != "" {
		return nil, errors.New("kafka: SCRAM: the broker's challenge cannot be read")
	}
	if !strings.HasPrefix(nonce, c.nonce) || nonce == c.nonce {
		return nil, errors.New("kafka: SCRAM: the broker's challenge does not answer ours")
	}
	if rounds < minScramRounds || rounds > maxScramRounds {
		return nil, fmt.Errorf("kafka: SCRAM: the broker asks for %d rounds; %d to %d are accepted", rounds, minScramRounds, maxScramRounds)
	}
	salted, err := pbkdf2.Key(c.hash, c.password, salt, rounds, c.hash().Size())
	if err != nil {
		return nil, fmt.Errorf("kafka: SCRAM: %w", err)
	}
	final := "c=biws,r=" + nonce // biws: "n,," in base64
	auth := []byte(c.first + "," + challenge + "," + final)
	clientKey := c.mac(salted, []byte("Client Key"))
	digest := c.hash()
	digest.Write(clientKey)
	proof := c.mac(digest.Sum(nil), auth)
	subtle.XORBytes(proof, proof, clientKey)
	c.signature = c.mac(c.mac(salted, []byte("Server Key")), auth)
	return []byte(final + ",p=" + base64.StdEncoding.EncodeToString(proof)), nil
}

// verify makes sure that the broker knows the password too.
func (c *scramConversation) verify(answer string) error {
	fields := scramFields(answer)
	if _, failed := fields['e']; failed {
		return errors.New("kafka: SCRAM: the broker refuses the user or the password")
	}
	signature, err := base64.StdEncoding.DecodeString(fields['v'])
	if err != nil || !hmac.Equal(signature, c.signature) {
		return errors.New("kafka: SCRAM: the broker could not prove that it knows the password")
	}
	return nil
}

func (c *scramConversation) mac(key, message []byte) []byte {
	m := hmac.New(c.hash, key)
	m.Write(message)
	return m.Sum(nil)
}

func scramFields(message string) map[byte]string {
	fields := map[byte]string{}
	for _, field := range strings.Split(message, ",") {
		if len(field) >= 2 && field[1] == '=' {
			fields[field[0]] = field[2:]
		}
	}
	return fields
}
