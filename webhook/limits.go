package webhook

import (
	"errors"
	"net"
	"sync"
)

// What the outside can have this process do at most. docs/operating.md has the table.
const (
	// maxConnections bounds the memory that whoever connects can take: each has at most maxHeader and maxBody.
	maxConnections = 8192
	maxHeader      = 32 << 10
	// maxDeliveries is how many callbacks are being told to Temporal at once. The others wait, within SignalTimeout.
	maxDeliveries = 256
	// reaperBurst and reapersPerSecond bound what callbacks of calls that are over can start, were Temporal to have
	// forgotten every call or somebody to send again what Twilio has signed for years.
	reaperBurst      = 200
	reapersPerSecond = 20
	// refusalBurst and refusalsPerSecond bound what somebody who knocks all day writes into our log. All are counted.
	refusalBurst      = 20
	refusalsPerSecond = 0.2
)

var (
	errBusy       = errors.New("too many callbacks at once")
	errManyStrays = errors.New("too many callbacks of calls that are not running show something live")
)

// bounded is a listener that closes what comes beyond so many connections.
type bounded struct {
	net.Listener
	slots chan struct{}
}

func bound(l net.Listener, most int) net.Listener {
	return &bounded{l, make(chan struct{}, most)}
}

func (b *bounded) Accept() (net.Conn, error) {
	for {
		conn, err := b.Listener.Accept()
		if err != nil {
			return nil, err
		}
		select {
		case b.slots <- struct{}{}:
			return &boundedConn{Conn: conn, free: sync.OnceFunc(func() { <-b.slots })}, nil
		default:
			_ = conn.Close() // nothing was said on it
		}
	}
}

type boundedConn struct {
	net.Conn
	free func()
}

func (c *boundedConn) Close() error {
	defer c.free()
	return c.Conn.Close()
}
