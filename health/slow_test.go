package health

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// onePipe is a listener with one connection, made in this process: under synctest its deadlines have its clock.
type onePipe struct {
	conn  chan net.Conn
	over  chan struct{}
	close func()
}

func (l *onePipe) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}
func (l *onePipe) Close() error   { l.close(); return nil }
func (l *onePipe) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// Whoever holds a connection of the health check without saying anything, or what nobody wants to know, loses it.
func TestSlowClientsOfTheHealthCheck(t *testing.T) {
	for name, c := range map[string]struct {
		begins string
		then   string // every second
		within time.Duration
		status int
	}{
		"nothing":               {"", "", 5 * time.Second, 0},
		"half a header":         {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ", "x", 5 * time.Second, 0},
		"a body to be read":     {"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n", "1", 6 * time.Second, http.StatusOK},
		"chunks to be read":     {"GET /readyz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1", 6 * time.Second, http.StatusOK},
		"a header without end":  {"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 32<<10), "x", time.Second, http.StatusRequestHeaderFieldsTooLarge},
		"a connection for ever": {"GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "", time.Minute, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &onePipe{conn: make(chan net.Conn), over: make(chan struct{})}
				l.close = sync.OnceFunc(func() { close(l.over) })
				stop := Serve(l, New(func(context.Context) []string { return nil }))
				defer stop()
				here, there := net.Pipe()
				l.conn <- there
				began, written := time.Now(), make(chan struct{})
				go func() {
					defer close(written)
					_, err := io.WriteString(here, c.begins)
					for c.then != "" && err == nil {
						time.Sleep(time.Second) // of the bubble's own clock
						_, err = io.WriteString(here, c.then)
					}
				}()
				status, rest := 0, bufio.NewReader(here)
				if resp, err := http.ReadResponse(rest, nil); err == nil {
					status = resp.StatusCode
					_, _ = io.Copy(io.Discard, resp.Body)
				}
				_, _ = io.Copy(io.Discard, rest) // until it is closed
				if took := time.Since(began); status != c.status || took > c.within {
					t.Errorf("got %d, and closed after %v; want %d within %v", status, took, c.status, c.within)
				}
				_ = here.Close()
				<-written
			})
		})
	}
}
