package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	sb "switchboard"
)

func cluster(t *testing.T, opts ...kfake.Opt) (*kfake.Cluster, Kafka) {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, Kafka{Brokers: c.ListenAddrs()}
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestTopicsAreCreatedOnceWithTheirRetention(t *testing.T) {
	c, k := cluster(t)
	ctx := within(t, 20*time.Second)
	if err := c.CreateTopic(sb.TopicEvents, 2, nil); err != nil { // somebody's own
		t.Fatal(err)
	}
	for range 2 {
		if err := Topics(ctx, k); err != nil {
			t.Fatal(err)
		}
	}
	for topic, want := range map[string]struct {
		partitions int
		retention  string
	}{
		sb.TopicRequests: {6, "604800000"}, sb.TopicEvents: {2, ""}, sb.TopicDeadLetters: {6, "2592000000"},
	} {
		if got := len(c.PartitionInfos(topic)); got != want.partitions {
			t.Errorf("%s: got %d partitions, want %d", topic, got, want.partitions)
		}
		var retention string
		if v := c.TopicInfo(topic).Configs["retention.ms"]; v != nil {
			retention = *v
		}
		if retention != want.retention {
			t.Errorf("%s: got retention.ms %q, want %q", topic, retention, want.retention)
		}
	}
}

func TestTopicThatMayNotBeCreated(t *testing.T) {
	c, k := cluster(t)
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.CreateTopics}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	err := Topics(within(t, 20*time.Second), k)
	if !errors.Is(err, kafka.TopicAuthorizationFailed) || !strings.Contains(err.Error(), sb.TopicRequests) {
		t.Errorf("got %v, want the refusal and the topic's name", err)
	}
}

// Two processes that start together both see the topics missing.
func TestTopicsCreatedByAnotherMeanwhile(t *testing.T) {
	c, k := cluster(t)
	c.ControlKey(int16(kmsg.CreateTopics), func(kmsg.Request) (kmsg.Response, error, bool) {
		go func() {
			for _, topic := range DefaultTopics() {
				_ = c.CreateTopic(topic.Name, 6, nil)
			}
		}()
		return nil, nil, false
	})
	if err := Topics(within(t, 20*time.Second), k); err != nil {
		t.Error(err)
	}
}

func published(t *testing.T, k Kafka, topic string, n int) []*kgo.Record {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers...), kgo.ConsumeTopics(topic))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	ctx := within(t, 20*time.Second)
	var all []*kgo.Record
	for len(all) < n {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			t.Fatalf("%s: got %d records, want %d", topic, len(all), n)
		}
		all = append(all, fetches.Records()...)
	}
	return all
}

func TestPublishedEventsOfOneCallStayInOrder(t *testing.T) {
	_, k := cluster(t)
	ctx := within(t, 30*time.Second)
	if err := Topics(ctx, k); err != nil {
		t.Fatal(err)
	}
	p, err := NewPublisher(k, "")
	if err != nil {
		t.Fatal(err)
	}
	const calls, steps = 10, 30
	errs := make(chan error)
	for i := range calls {
		go func() {
			var err error
			for step := 1; step <= steps && err == nil; step += 3 {
				var events []sb.Event
				for s := step; s < step+3; s++ {
					events = append(events, sb.Event{Call: sb.NewCallID("crm", fmt.Sprint(i)), Sequence: s, Time: asked, Data: sb.EventData{Stage: sb.StageQueued}})
				}
				err = p.Publish(ctx, events)
			}
			errs <- err
		}()
	}
	for range calls {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if err := p.Publish(ctx, nil); !errors.Is(err, errClosed) {
		t.Errorf("publish after close: got %v", err)
	}
	last := map[string]string{}
	for _, r := range published(t, k, sb.TopicEvents, calls*steps) {
		m := kafka.Message{Key: r.Key, Value: r.Value}
		for _, h := range r.Headers {
			m.Headers = append(m.Headers, kafka.Header{Key: h.Key, Value: h.Value})
		}
		e, err := Decode(m)
		if err != nil {
			t.Fatal(err)
		}
		call, sequence := string(r.Key), e.Extensions["sequence"]
		if sequence <= last[call] {
			t.Errorf("%s: sequence %s after %s", call, sequence, last[call])
		}
		last[call] = sequence
	}
}

func TestPublishFailsWithoutTellingTheContent(t *testing.T) {
	c, k := cluster(t)
	ctx := within(t, 30*time.Second)
	if err := Topics(ctx, k); err != nil {
		t.Fatal(err)
	}
	p, err := NewPublisher(k, "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	event := func(note string) []sb.Event {
		return []sb.Event{{Call: "call/crm/1", Sequence: 1, Time: asked, Data: sb.EventData{Stage: sb.StageEnded, Outcome: sb.Completed, Note: note}}}
	}
	err = p.Publish(ctx, event(strings.Repeat("SECRET", 1<<18)))
	if !errors.Is(err, kafka.MessageSizeTooLarge) || strings.Contains(fmt.Sprintf("%v %+v", err, err), "SECRET") {
		t.Errorf("too large: got an error of %d characters", len(err.Error()))
	}
	c.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.TopicAuthorizationFailed, Count: -1})
	err = p.Publish(ctx, event("SECRET"))
	if !errors.Is(err, kafka.TopicAuthorizationFailed) || strings.Contains(err.Error(), "SECRET") {
		t.Errorf("refused: got %v", err)
	}
}

func TestPublishEndsWithItsContextWhileTheBrokersAreAway(t *testing.T) {
	c, k := cluster(t)
	if err := Topics(within(t, 20*time.Second), k); err != nil {
		t.Fatal(err)
	}
	c.Close()
	p, err := NewPublisher(k, "")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Publish(ctx, []sb.Event{{Call: "call/crm/1", Sequence: 1, Data: sb.EventData{Stage: sb.StageQueued}}}); err == nil {
		t.Error("want an error")
	}
}

func TestLogInWithEachMechanism(t *testing.T) {
	for _, mechanism := range []string{MechanismPlain, MechanismScramSHA256, MechanismScramSHA512} {
		t.Run(mechanism, func(t *testing.T) {
			_, k := cluster(t, kfake.EnableSASL(), kfake.Superuser(mechanism, "an,a=", "se,cr=t"))
			k.Mechanism, k.User, k.Password = mechanism, "an,a=", "se,cr=t"
			ctx := within(t, 30*time.Second)
			if err := k.Check(ctx); err != nil {
				t.Fatal(err)
			}
			if err := Topics(ctx, k); err != nil { // by way of the Transport
				t.Fatal(err)
			}
			k.Password = "wrong"
			err := k.Check(ctx)
			if !errors.Is(err, kafka.SASLAuthenticationFailed) || strings.Contains(err.Error(), "wrong") {
				t.Errorf("wrong password: got %v", err)
			}
			if text := fmt.Sprintf("%v %+v %s", k, k, k.LogValue()); strings.Contains(text, "wrong") || strings.Contains(text, "an,a=") {
				t.Errorf("the settings print their secrets: %s", text)
			}
		})
	}
}

// The vector of RFC 7677, section 3.
func TestScramAsInTheRFC(t *testing.T) {
	s, err := newScram(MechanismScramSHA256, "user", "pencil")
	if err != nil {
		t.Fatal(err)
	}
	s.nonce = func() string { return "rOprNGfwEbeRWgbNEkqO" }
	const challenge = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
	c, first, err := s.Start(t.Context())
	if err != nil || string(first) != "n,,n=user,r=rOprNGfwEbeRWgbNEkqO" {
		t.Fatalf("first message: got %s, %v", first, err)
	}
	done, proof, err := c.Next(t.Context(), []byte(challenge))
	const want = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
	if done || err != nil || string(proof) != want {
		t.Fatalf("proof: got %s, %v, want %s", proof, err, want)
	}
	if done, _, err := c.Next(t.Context(), []byte("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); !done || err != nil {
		t.Errorf("the right signature is refused: %v", err)
	}
	if _, _, err := c.Next(t.Context(), []byte("v=AAAATRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")); err == nil {
		t.Error("a wrong signature is taken: whoever poses as the broker would be believed")
	}
	for _, bad := range []string{
		"", "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096", "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1", "r=rOprNGfwEbeRWgbNEkqOx,s=!,i=4096",
		"m=x,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
	} {
		c, _, _ := s.Start(t.Context())
		if _, _, err := c.Next(t.Context(), []byte(bad)); err == nil {
			t.Errorf("challenge %q is taken", bad)
		}
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	for _, k := range []Kafka{
		{}, {Brokers: []string{"kafka"}}, {Brokers: []string{"k:1"}, User: "u", Mechanism: "OAUTHBEARER"},
		{Brokers: []string{"k:1"}, Password: "p"}, {Brokers: []string{"k:1"}, User: "ü", Password: "p"}, {Brokers: []string{"k:1"}, User: "u"},
	} {
		if err := k.Validate(); err == nil {
			t.Errorf("%v: want an error", k.Brokers)
		}
	}
}

func TestReaderAndWriterDialTheSameWay(t *testing.T) {
	_, k := cluster(t)
	dialed := make(chan string, 100)
	k.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		dialed <- address
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	ctx := within(t, 10*time.Second)
	for _, use := range []func() error{func() error { return k.Check(ctx) }, func() error { return Topics(ctx, k) }} {
		if err := use(); err != nil {
			t.Fatal(err)
		}
		if got := <-dialed; got != k.Brokers[0] {
			t.Errorf("dialed %s, want %s", got, k.Brokers[0])
		}
		for len(dialed) > 0 {
			<-dialed
		}
	}
}
