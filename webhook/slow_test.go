package webhook

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	sb "switchboard"
)

// pipes is a listener whose connections are made in this process: under synctest their deadlines have its clock.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
	close func()
}

func newPipes() *pipes {
	p := &pipes{conns: make(chan net.Conn), over: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.over) })
	return p
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.close(); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// slowly writes a text, one byte a second, until it is at its end or nobody reads any more.
func slowly(conn net.Conn, text string) {
	for i := range len(text) {
		if _, err := io.WriteString(conn, text[i:i+1]); err != nil {
			return
		}
		time.Sleep(time.Second) // of the bubble's own clock
	}
}

// Whoever takes forever costs a connection for so long and no longer, and reaches no call.
func TestSlowClients(t *testing.T) {
	signedBody := legForm("ringing").Encode()
	head := func(more string) string {
		return "POST " + legTarget + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n" +
			signatureHeader + ": " + sign(testToken, testURL+legTarget, legForm("ringing")) + "\r\n" + more + "\r\n"
	}
	for _, c := range []struct {
		name   string
		client func(conn net.Conn)
		status int // 0: closed without an answer
		within time.Duration
		deaf   bool // it reads no answer until the time is over
	}{
		{"says nothing", func(net.Conn) {}, 0, 5 * time.Second, false},
		{"a header that dribbles", func(conn net.Conn) { slowly(conn, head("Content-Length: 5\r\n")) }, http.StatusBadRequest, 5 * time.Second, false},
		{"a header without an end", func(conn net.Conn) {
			_, _ = io.Copy(conn, io.MultiReader(strings.NewReader("POST / HTTP/1.1\r\nX: "), &endless{}))
		}, http.StatusRequestHeaderFieldsTooLarge, 5 * time.Second, false},
		{"a body that dribbles", func(conn net.Conn) {
			_, _ = io.WriteString(conn, head(fmt.Sprintf("Content-Length: %d\r\n", len(signedBody))))
			slowly(conn, signedBody)
		}, http.StatusRequestTimeout, 11 * time.Second, false},
		{"chunks that dribble", func(conn net.Conn) {
			_, _ = io.WriteString(conn, head("Transfer-Encoding: chunked\r\n"))
			slowly(conn, strings.Repeat("1\r\nx\r\n", 100))
		}, http.StatusRequestTimeout, 11 * time.Second, false},
		{"a body that never begins", func(conn net.Conn) {
			_, _ = io.WriteString(conn, head("Content-Length: 60000\r\n"))
		}, http.StatusRequestTimeout, 11 * time.Second, false},
		{"chunks without an end", func(conn net.Conn) {
			_, _ = io.WriteString(conn, head("Transfer-Encoding: chunked\r\n"))
			for {
				if _, err := io.WriteString(conn, "400\r\n"+strings.Repeat("x", 1024)+"\r\n"); err != nil {
					return
				}
			}
		}, http.StatusRequestEntityTooLarge, time.Second, false},
		{"a body that is declared too large", func(conn net.Conn) {
			_, _ = io.WriteString(conn, head("Content-Length: 99999999999\r\n"))
			_, _ = io.Copy(conn, &endless{})
		}, http.StatusRequestEntityTooLarge, time.Second, false},
		{"a dribbling body to the page", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "GET /desktop/config HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
			slowly(conn, signedBody)
		}, http.StatusOK, 11 * time.Second, false},
		{"a dribbling body to the health check", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
			slowly(conn, signedBody)
		}, http.StatusOK, 11 * time.Second, false},
		{"an answer that nobody reads", func(conn net.Conn) {
			_, _ = io.WriteString(conn, "GET "+pathRingbackWAV+" HTTP/1.1\r\nHost: x\r\n\r\n")
		},
			0, 16 * time.Second, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &fakeCalls{}
				h, err := New(Config{
					PublicURL: testURL, Calls: f, AuthTokens: func(sb.AccountSID) []string { return []string{testToken} },
					Page: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
				})
				if err != nil {
					t.Fatal(err)
				}
				listener := newPipes()
				srv := newHTTPServer(h, slog.New(slog.DiscardHandler))
				go func() { _ = srv.Serve(listener) }() // always an error
				defer srv.Close()

				conn, began := listener.dial(), time.Now()
				defer conn.Close()
				written := make(chan struct{})
				go func() {
					defer close(written)
					c.client(conn)
				}()
				if c.deaf {
					<-written
					time.Sleep(c.within)
					synctest.Wait()
				}
				status, rest := 0, bufio.NewReader(conn)
				if resp, err := http.ReadResponse(rest, nil); err == nil {
					status = resp.StatusCode
					_, _ = io.Copy(io.Discard, resp.Body)
				}
				_, _ = io.Copy(io.Discard, rest) // until it is closed
				if took := time.Since(began); status != c.status || took > c.within {
					t.Errorf("got %d, and closed after %v; want %d within %v", status, took, c.status, c.within)
				}
				_ = conn.Close()
				<-written
				if f.told() > 0 {
					t.Errorf("told the calls: %+v %+v", f.signals, f.reaps)
				}
			})
		})
	}
}

// Beyond so many connections nobody is let in, and one that ends makes room for another.
func TestNoMoreConnectionsThanAllowed(t *testing.T) {
	inner := newPipes()
	l := bound(inner, 2)
	accepted := make(chan net.Conn)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	inner.dial()
	first := <-accepted
	inner.dial()
	second := <-accepted
	if _, err := inner.dial().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a third connection: got %v, want it closed", err)
	}
	_, _ = first.Close(), first.Close() // twice frees one place
	inner.dial()
	third := <-accepted
	if _, err := inner.dial().Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a connection too many after one has ended: got %v, want it closed", err)
	}
	_, _ = second.Close(), third.Close()
	_ = l.Close()
	<-done
}
