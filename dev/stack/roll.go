package stack

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"time"
)

// Roll replaces Worker or Webhook as a deployment does: a new process is started beside the old one, and when it is ready
// the old one is stopped in good order. It returns when the old one has ended. Webhook needs Options.Balanced.
func (s *Stack) Roll(ctx context.Context, part string) error {
	old := s.part(part)
	if old == nil || part != Worker && (part != Webhook || s.balancer == nil) {
		return fmt.Errorf("stack: %q cannot be rolled", part)
	}
	fresh := s.ours(part)
	fresh.log, fresh.notice, fresh.keepAlive = old.log, old.notice, old.keepAlive
	if err := fresh.start(); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	if err := fresh.await(ctx); err != nil {
		return fmt.Errorf("stack: %w", errors.Join(err, fresh.kill()))
	}
	s.mu.Lock()
	s.processes[part] = fresh
	s.mu.Unlock()
	if s.balancer != nil && part == Webhook {
		s.balancer.to(fresh.address)
		s.balancer.drain(old.address)
	}
	if err := old.stop(ctx); err != nil {
		return fmt.Errorf("stack: %w", err)
	}
	return nil
}

// Beside starts one more worker and leaves the one that is there, as a deployment with worker versioning does. env is added to
// its environment, such as another build's ID. It ends with the stack, if stop is not called before.
func (s *Stack) Beside(ctx context.Context, env map[string]string) (stop func(context.Context) error, err error) {
	p := s.ours(Worker)
	p.env = append(p.env, list(env)...) // of two values the last one counts
	p.log, p.notice = s.logPath("worker-beside"), s.o.Progress.Notice
	if err := p.start(); err != nil {
		return nil, fmt.Errorf("stack: %w", err)
	}
	if err := p.await(ctx); err != nil {
		return nil, fmt.Errorf("stack: %w", errors.Join(err, p.kill()))
	}
	s.atStop("", p.stop)
	return p.stop, nil
}

// balancer is what stands before the webhook processes in production: new requests go to the present one, those that have
// begun are finished where they are.
type balancer struct {
	server *http.Server

	mu      sync.Mutex
	present string
	begun   map[string]*sync.WaitGroup // requests, by the process's address
}

// drainWithin is how long a process that gets no new requests may take to finish those it has: a callback takes less than
// 3 s, and an agent's page has a stream that never ends.
const drainWithin = 5 * time.Second

func (s *Stack) startBalancer() error {
	if !s.o.Balanced {
		return nil
	}
	listener, err := net.Listen("tcp", s.at.Webhook)
	if err != nil {
		return err
	}
	b := &balancer{begun: map[string]*sync.WaitGroup{}}
	quiet := log.New(io.Discard, "", 0) // a process that is dead is no news, and the answer says it
	b.server = &http.Server{Handler: b, ReadHeaderTimeout: 5 * time.Second, ErrorLog: quiet}
	served := make(chan error, 1)
	go func() { served <- b.server.Serve(listener) }()
	s.balancer = b
	s.atStop("", func(context.Context) error {
		err := b.server.Close()
		<-served
		return err
	})
	return nil
}

// to sends what comes from now on to another process.
func (b *balancer) to(address string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.present = address
	b.begun[address] = new(sync.WaitGroup)
}

// drain waits until a process that is not the present one has answered everything.
func (b *balancer) drain(address string) {
	b.mu.Lock()
	begun := b.begun[address]
	delete(b.begun, address)
	b.mu.Unlock()
	answered := make(chan struct{})
	go func() { begun.Wait(); close(answered) }()
	select {
	case <-answered:
	case <-time.After(drainWithin):
	}
}

func (b *balancer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	address, begun := b.present, b.begun[b.present]
	begun.Add(1)
	b.mu.Unlock()
	defer begun.Done()
	proxy := httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(&url.URL{Scheme: "http", Host: address})
			p.Out.Host = p.In.Host
			p.SetXForwarded()
		},
		FlushInterval: -1,
		ErrorLog:      b.server.ErrorLog,
	}
	proxy.ServeHTTP(w, r)
}
