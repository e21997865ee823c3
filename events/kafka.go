package events

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
	"github.com/segmentio/kafka-go/sasl/plain"
)

// SASL mechanisms that Kafka.Mechanism may name.
const (
	MechanismPlain       = "PLAIN" // only over TLS: the password goes over the wire
	MechanismScramSHA256 = "SCRAM-SHA-256"
	MechanismScramSHA512 = "SCRAM-SHA-512"
)

// Kafka says how to reach the brokers. kafka-go wants the same said in two forms, a Dialer for what reads and a
// Transport for what writes or asks; both are made from here so that they cannot differ.
type Kafka struct {
	Brokers  []string // host:port, any few of the cluster
	ClientID string   // "" means switchboard
	TLS      *tls.Config
	// Mechanism, User and Password are for SASL; an empty User means none. An empty Mechanism means SCRAM-SHA-512.
	Mechanism string
	User      string
	Password  string
	// Dial opens connections in place of a net.Dialer: to go through a proxy, or to break them in a test.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

const (
	dialTimeout = 5 * time.Second
	keepAlive   = 30 * time.Second
	ioTimeout   = 10 * time.Second
)

// String tells neither user nor password.
func (k Kafka) String() string { return "kafka at " + strings.Join(k.Brokers, ",") }

// LogValue tells neither user nor password.
func (k Kafka) LogValue() slog.Value { return slog.StringValue(k.String()) }

// Validate says what is missing.
func (k Kafka) Validate() error {
	if len(k.Brokers) == 0 {
		return errors.New("kafka: no broker is given")
	}
	for _, b := range k.Brokers {
		if _, _, err := net.SplitHostPort(b); err != nil {
			return fmt.Errorf("kafka: broker %q must be host:port", b)
		}
	}
	_, err := k.mechanism()
	return err
}

func (k Kafka) mechanism() (sasl.Mechanism, error) {
	if k.User == "" {
		if k.Password != "" || k.Mechanism != "" {
			return nil, errors.New("kafka: a SASL mechanism or password is given, but no user")
		}
		return nil, nil
	}
	switch strings.ToUpper(k.Mechanism) {
	case MechanismPlain:
		return plain.Mechanism{Username: k.User, Password: k.Password}, nil
	case MechanismScramSHA256:
		return newScram(MechanismScramSHA256, k.User, k.Password)
	case MechanismScramSHA512, "":
		return newScram(MechanismScramSHA512, k.User, k.Password)
	}
	return nil, fmt.Errorf("kafka: the SASL mechanism must be %s, %s or %s", MechanismPlain, MechanismScramSHA256, MechanismScramSHA512)
}

func (k Kafka) clientID() string {
	if k.ClientID == "" {
		return "switchboard"
	}
	return k.ClientID
}

// Dialer is for readers and consumer groups.
func (k Kafka) Dialer() (*kafka.Dialer, error) {
	mechanism, err := k.mechanism()
	if err != nil {
		return nil, err
	}
	return &kafka.Dialer{
		ClientID: k.clientID(), Timeout: dialTimeout, DualStack: true, KeepAlive: keepAlive,
		TLS: k.TLS, SASLMechanism: mechanism, DialFunc: k.Dial,
	}, nil
}

// Transport is for writers and clients. The caller closes its idle connections.
func (k Kafka) Transport() (*kafka.Transport, error) {
	mechanism, err := k.mechanism()
	if err != nil {
		return nil, err
	}
	dial := k.Dial
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}).DialContext
	}
	return &kafka.Transport{
		ClientID: k.clientID(), DialTimeout: dialTimeout, TLS: k.TLS, SASL: mechanism, Dial: dial,
	}, nil
}

// Writer makes a writer to one topic that returns only when every in-sync replica has a message. One per process and
// topic: it queues and retries.
func (k Kafka) Writer(topic string) (*kafka.Writer, error) {
	transport, err := k.Transport()
	if err != nil {
		return nil, err
	}
	return &kafka.Writer{
		Addr: kafka.TCP(k.Brokers...), Transport: transport, Topic: topic,
		Balancer:     kafka.Murmur2Balancer{}, // as Java's clients: a key is on the same partition whoever writes
		RequiredAcks: kafka.RequireAll,        // the zero value asks for none
		BatchTimeout: 5 * time.Millisecond,    // the zero value waits 1 s for each message
		BatchSize:    100, MaxAttempts: 10, WriteTimeout: ioTimeout, ReadTimeout: ioTimeout,
	}, nil
}

// Check connects to a broker. A writer reports a wrong password as an unexpected end of the connection; this says it.
func (k Kafka) Check(ctx context.Context) error {
	if err := k.Validate(); err != nil {
		return err
	}
	dialer, err := k.Dialer()
	if err != nil {
		return err
	}
	var errs []error
	for _, broker := range k.Brokers {
		conn, err := dialer.DialContext(ctx, "tcp", broker)
		if err == nil {
			return conn.Close()
		}
		if errors.Is(err, kafka.SASLAuthenticationFailed) {
			return fmt.Errorf("kafka: %s refuses the user or the password: %w", broker, kafka.SASLAuthenticationFailed)
		}
		errs = append(errs, fmt.Errorf("kafka: connect to %s: %w", broker, err))
	}
	return errors.Join(errs...)
}
