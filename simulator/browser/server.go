package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/pion/webrtc/v4"

	"switchboard/simulator"
	"switchboard/simulator/sound"
)

// Options are what a Server may be told. The zero value works.
type Options struct {
	// MediaAddress is the UDP address of all media, as browsers reach it; "": any free port of 127.0.0.1.
	MediaAddress string
	// Heartbeat is how often a browser is asked for a sign of life; 0: five seconds, as the SDK expects. One that is
	// silent for three of them is cut off.
	Heartbeat time.Duration
	// Speak says what documents say; nil: see sound.Options.
	Speak  func(ctx context.Context, text, language string) ([]int16, error)
	Logger *slog.Logger // nil: discard
}

// Server is the side of Twilio that browsers talk to. It serves everything of the simulator, too.
type Server struct {
	sim       *simulator.Simulator
	log       *slog.Logger
	sound     Sound
	engine    *sound.Engine
	bridge    *bridge
	heartbeat time.Duration
	udp       net.PacketConn
	media     *webrtc.API
	muxClose  func() error

	alive   context.Context // of all sockets; over with Close
	die     context.CancelFunc
	serving sync.WaitGroup // sockets, the worker, and media on its way out
	closing sync.Mutex     // guards closed, so that nothing is added to serving after Close
	closed  bool

	// The worker runs what is in queue, one after the other. Only it touches legs and the state of connections, so
	// that no two events of a call, be they from browsers or from the simulator, are ever seen in different orders.
	mu          sync.Mutex
	queue       []func()
	wake        chan struct{}
	connections map[*connection]struct{}
	legs        map[string]*leg // by their reconnect token
}

// Sound is what connects the voices of calls.
type Sound interface {
	// Join has a call's party heard by, and hear, whoever it is connected to. What it hears comes as frames of 20 ms,
	// 160 samples, that are only lent.
	Join(callSID string, hear func(frame []int16)) Voice
}

// Voice is a party that has joined.
type Voice interface {
	Say(samples []int16)
	Leave()
}

// New returns a server that listens for media. Close it when done, before the simulator.
func New(sim *simulator.Simulator, o Options) (*Server, error) {
	s := &Server{
		sim: sim, log: o.Logger, heartbeat: cmp.Or(o.Heartbeat, 5*time.Second),
		wake: make(chan struct{}, 1), connections: map[*connection]struct{}{}, legs: map[string]*leg{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if err := s.listenForMedia(cmp.Or(o.MediaAddress, "127.0.0.1:0")); err != nil {
		return nil, err
	}
	s.bridge = newBridge(sim, s.log)
	s.engine = sound.NewEngine(sim, sound.Options{Logger: s.log, Speak: o.Speak})
	s.sound = voices{s.engine}
	s.alive, s.die = context.WithCancel(context.Background())
	s.start(s.work)
	return s, nil
}

// MediaAddr is the UDP address of all media.
func (s *Server) MediaAddr() net.Addr { return s.udp.LocalAddr() }

// ServeHTTP serves browsers; what is not theirs is the simulator's.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/signal":
		s.serveSignal(w, r)
	case "/v1/wschannels":
		s.bridge.ServeHTTP(w, r)
	case "/simulator/ears":
		s.engine.ServeEars(w, r)
	default:
		s.sim.ServeHTTP(w, r)
	}
}

// Close cuts off every browser and waits until nothing of the server runs any more. Calls are left as they are.
func (s *Server) Close() error {
	s.closing.Lock()
	already := s.closed
	s.closed = true
	s.closing.Unlock()
	if already {
		return nil
	}
	s.die()
	s.bridge.Close()
	s.serving.Wait() // the worker is gone, and what it had is ours
	for c := range s.connections {
		c.stopRegistration()
		c.stopExpiry()
	}
	var closed sync.WaitGroup
	for _, l := range s.legs {
		closed.Go(l.media.close)
	}
	closed.Wait()
	s.engine.Close()
	if err := errors.Join(s.muxClose(), s.udp.Close()); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the media port: %w", err)
	}
	return nil
}

// start runs something that Close waits for; false when the server is closed.
func (s *Server) start(f func()) bool {
	s.closing.Lock()
	defer s.closing.Unlock()
	if s.closed {
		return false
	}
	s.serving.Go(f)
	return true
}

// do has the worker do something after all that it was given before. It never blocks.
func (s *Server) do(job func()) {
	if s.alive.Err() != nil {
		return
	}
	s.mu.Lock()
	s.queue = append(s.queue, job)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// await is do that waits until it is done, or never will be.
func (s *Server) await(job func()) {
	done := make(chan struct{})
	s.do(func() { defer close(done); job() })
	select {
	case <-done:
	case <-s.alive.Done():
	}
}

func (s *Server) work() {
	for {
		select {
		case <-s.alive.Done():
			return
		case <-s.wake:
		}
		s.mu.Lock()
		jobs := s.queue
		s.queue = nil
		s.mu.Unlock()
		for _, job := range jobs {
			if s.alive.Err() != nil {
				return
			}
			job()
		}
	}
}

// voices are those of package sound.
type voices struct{ *sound.Engine }

func (v voices) Join(callSID string, hear func(frame []int16)) Voice {
	return v.Engine.Join(callSID, hear)
}
