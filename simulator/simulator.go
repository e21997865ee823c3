package simulator

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultAccountSID is the account when Options names none.
	DefaultAccountSID = "AC00000000000000000000000000000001"
	// DefaultAuthToken is its token. Alphanumeric, because twilio-go refuses any other (I).
	DefaultAuthToken = "0123456789abcdef0123456789abcdef"
)

// Options is everything a Simulator borrows. The zero value is a working simulator on the wall clock.
type Options struct {
	Clock      Clock             // nil: the wall clock
	AccountSID string            // "": DefaultAccountSID
	AuthToken  string            // "": DefaultAuthToken; letters and digits only
	Webhooks   http.RoundTripper // how webhooks and TwiML fetches leave; nil: a real http.Transport
	Seed       uint64            // SIDs come from it: same seed and same requests, same SIDs

	// CallsPerSecond is the rate at which REST-created legs leave Twilio's queue, first in, first
	// out (1 on a new account, C.6); 0: no limit. The delay is reported as queue_time.
	CallsPerSecond float64
	// WebhookLatency is how long after its event a webhook leaves. Even 0 leaves through the clock,
	// never inside the request that caused it.
	WebhookLatency time.Duration

	Faults Faults // what goes wrong, drawn from a seed; New panics when a rule cannot be meant
	// DebuggerURL is the console's debugger webhook: it is told of every alert; "": nobody is.
	DebuggerURL string

	// StrictCallerID refuses calls to telephones from a number that the account does not own, as Twilio
	// does (21210). Off, any number will do, so that nothing need be set up first.
	StrictCallerID bool

	Uncertain Uncertain    // what nobody knows about the real Twilio
	Logger    *slog.Logger // nil: discard
}

// Simulator is Twilio: one account, its subaccounts, and the world they call. Several live happily in
// one process.
type Simulator struct {
	clock          Clock
	webhooks       http.RoundTripper
	ownTransport   *http.Transport // ours to close; nil when borrowed
	seed           uint64
	callsPerSecond float64
	webhookLatency time.Duration
	debuggerURL    string
	strictCallerID bool
	uncertain      Uncertain
	logger         *slog.Logger
	routes         []route
	sameOrigin     http.CrossOriginProtection // of the control side, from browsers
	concurrent     atomic.Int32               // requests being served
	read           map[string]map[string]bool // by route, what its handler asked for; nil outside of tests
	options        Options                    // what Reset goes back to
	data           Data                       // and what is loaded on top, under the lock
	readyMade      map[string][]element       // the documents of ready-made phones

	// mu guards everything below. Nothing that leaves the simulator happens while it is held:
	// such work is put in outbox and done on unlock.
	mu       sync.Mutex
	at       time.Time // the instant of the current locked section
	outbox   []func()
	closed   bool
	lateness lateness
	inFlight sync.WaitGroup // webhooks and TwiML fetches under way
	changed  chan struct{}  // closed at the end of the next section; nil when no stream waits
	starts   int            // how often it has started: once, and at every Reset
	state
}

// state is everything that Reset takes back.
type state struct {
	timers     map[*timer]struct{}
	drawn      counter
	hooks      Hooks
	faults     Faults
	ruleIDs    int
	held       map[string][]*heldWebhook // by the SID of what they are about
	webhooksOn bool
	loading    bool // what happens now had happened before the start: nobody is told
	log        journal[Entry]
	requests   journal[Request]
	webhookLog journal[Webhook]
	serving    *request  // the one that is being carried out
	exchanged  *exchange // the webhook whose answer is being understood
	replied    replies

	// alive ends with Close and Reset, so that webhooks under way give up.
	alive context.Context
	die   context.CancelFunc

	accounts  table[*account]
	main      *account     // the one of Options
	liveCalls table[*call] // of all accounts, those that have not ended
	phones    map[string]Phone

	// For those who watch, see snapshot.go and stream.go.
	life        string           // between two starts; the journals' numbers mean something in one only
	hears, says map[string]Entry // the last of each live call, by its SID
	webhooksOut int              // sent, and not answered yet

	sounds     int    // that have begun, see audible.go
	listenings uint64 // questions of Audible

	world *account // to whom everybody belongs who is called from here; see line.go
}

// New returns a running simulator of an empty account. Close it when done.
func New(o Options) *Simulator {
	s := &Simulator{
		clock: o.Clock, webhooks: o.Webhooks,
		seed: o.Seed, callsPerSecond: o.CallsPerSecond, webhookLatency: o.WebhookLatency, debuggerURL: o.DebuggerURL,
		strictCallerID: o.StrictCallerID,
		uncertain:      o.Uncertain, logger: o.Logger, options: o, readyMade: readPhones(),
	}
	if s.clock == nil {
		s.clock = WallClock()
	}
	if s.webhooks == nil {
		s.ownTransport = &http.Transport{DialContext: dial, MaxIdleConnsPerHost: 16, IdleConnTimeout: time.Minute}
		s.webhooks = s.ownTransport
	}
	if s.logger == nil {
		s.logger = slog.New(slog.DiscardHandler)
	}
	s.routes = restRoutes()
	if err := o.Faults.check(s.routes); err != nil {
		panic("simulator: Options.Faults: " + err.Error())
	}
	s.lock()
	s.start()
	s.unlock()
	return s
}

// start makes everything as it is at the start.
func (s *Simulator) start() {
	o := s.options
	s.state = state{
		timers: map[*timer]struct{}{}, held: map[string][]*heldWebhook{}, phones: map[string]Phone{}, webhooksOn: true,
		hears: map[string]Entry{}, says: map[string]Entry{}, webhookLog: journal[Webhook]{limit: webhookLogLimit},
	}
	s.starts++
	s.life = strconv.FormatInt(s.now().UnixNano(), 36) + "-" + strconv.Itoa(s.starts)
	s.alive, s.die = context.WithCancel(context.Background())
	s.world = &account{sim: s}
	s.setFaults(o.Faults)
	s.main = s.addAccount(cmp.Or(o.AccountSID, DefaultAccountSID), cmp.Or(o.AuthToken, DefaultAuthToken), "Main", nil)
}

// Reset brings everything back to the state after New, or after Load: resources, journals, phones, hooks
// and faults. Timers are gone and webhooks under way are abandoned. The same requests have the same SIDs
// again, so an application that remembers SIDs of before must be reset too.
func (s *Simulator) Reset() error {
	s.lock()
	defer s.unlock()
	_, err := s.restart()
	return err
}

func (s *Simulator) restart() ([]Loaded, error) {
	s.stopTimers()
	s.die()
	s.forgetClients()
	s.forgetAgentWatchers()
	if s.closed {
		return nil, errors.New("the simulator is closed")
	}
	s.start()
	return s.loadData(s.data.root)
}

func (s *Simulator) stopTimers() {
	for t := range s.timers { // the order does not matter: none of them runs any more
		s.cancel(t)
	}
}

// Close stops every timer, gives up webhooks under way and waits for them. Nothing leaves the
// simulator afterwards. Do not call it from inside a webhook handler: it would wait for itself.
func (s *Simulator) Close() {
	s.lock()
	s.closed = true
	s.stopTimers()
	die := s.die
	s.unlock()
	die()
	s.inFlight.Wait()
	if s.ownTransport != nil {
		s.ownTransport.CloseIdleConnections()
	}
}

// lock opens a section in which time stands still. It reads the clock before locking, so that the
// clock never runs under our lock; time never goes backwards between sections.
func (s *Simulator) lock() {
	now := s.clock.Now()
	s.mu.Lock()
	if now.After(s.at) {
		s.at = now
	}
}

// unlock closes the section and then does what it decided to do outside.
func (s *Simulator) unlock() {
	work := s.outbox
	s.outbox = nil
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
	s.mu.Unlock()
	for _, do := range work {
		do()
	}
}

// afterUnlock puts off what must not happen under the lock: clocks, hooks, webhooks.
func (s *Simulator) afterUnlock(do func()) { s.outbox = append(s.outbox, do) }

func (s *Simulator) now() time.Time { return s.at }
