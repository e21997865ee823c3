package island_test

import (
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"switchboard/features/island"
)

func TestMain(m *testing.M) { os.Exit(island.Run(m, nil)) }

// query asks a name server for office.example.
const query = "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x06office\x07example\x00\x00\x01\x00\x01"

func TestAnAttemptIsSeen(t *testing.T) {
	if err := island.Proved(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(island.Forget)
	for _, c := range []struct{ network, address, says, seen string }{
		{"udp", "192.0.2.1:3478", "hello", "192.0.2.1 udp"},
		{"tcp", "198.51.100.7:443", "hello", "198.51.100.7 tcp"},
		{"udp6", "[2001:db8::1]:3478", "hello", "2001:db8::1 udp"},
		{"udp", "127.0.0.53:53", query, "a name server for office.example."},
	} {
		go func() { // a connection is tried for long
			d := net.Dialer{Timeout: 5 * time.Second}
			if conn, err := d.Dial(c.network, c.address); err == nil {
				_, _ = conn.Write([]byte(c.says))
				_ = conn.Close()
			}
		}()
		deadline := time.Now().Add(10 * time.Second)
		for !slices.Contains(island.Attempts(), c.seen) {
			if time.Now().After(deadline) {
				t.Fatalf("%s was not seen; seen: %q", c.seen, island.Attempts())
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func TestLoopbackIsNoAttempt(t *testing.T) {
	before := len(island.Attempts())
	for _, network := range []string{"tcp4", "tcp6"} {
		l, err := net.Listen(network, map[string]string{"tcp4": "127.0.0.1:0", "tcp6": "[::1]:0"}[network])
		if err != nil {
			t.Logf("%s: %v", network, err)
			continue
		}
		go func() {
			if c, err := l.Accept(); err == nil {
				_ = c.Close()
			}
		}()
		c, err := net.DialTimeout(network, l.Addr().String(), 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = c.Read(make([]byte, 1)) // until the other end is closed
		_ = c.Close()
		_ = l.Close()
	}
	if list := island.Attempts(); len(list) != before {
		t.Errorf("seen: %q", list)
	}
}
