package webhook

import (
	"maps"
	"sync"
)

// The names under which Stats counts. Signals are counted as "signalled_" and the signal's name.
const (
	countForeign     = "foreign"      // callbacks about tasks that are not ours
	countIgnored     = "ignored"      // events that no call needs to know of
	countNoCall      = "no_call"      // news for a call that is not running
	countReaped      = "reaped"       // of those, the ones that showed something live
	countNotReaped   = "not_reaped"   // of those, the ones answered 503 because there were too many
	countUnreadable  = "unreadable"   // signed, and answered 400
	countUnreachable = "unreachable"  // answered 503: Temporal did not take the news
	countUnsigned    = "unsigned"     // answered 403
	countForged      = "forged"       // answered 403: the signature is not that of this request
	countAccount     = "no_account"   // answered 403: an account we have no token of
	countTooLarge    = "too_large"    // answered 413
	countTooSlow     = "too_slow"     // answered 408
	countWrongType   = "wrong_type"   // answered 415
	countPanic       = "panic"        // answered 500: our fault
	countSignalled   = "signalled_"   // + name of the signal
	countTwiML       = "twiml_served" // documents spoken or played
)

// Stats counts by name. Its zero value is ready to use, by several goroutines at once.
type Stats struct {
	mu     sync.Mutex
	counts map[string]int64
}

// Snapshot returns a copy of the counts so far.
func (s *Stats) Snapshot() map[string]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.counts)
}

func (s *Stats) count(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts == nil {
		s.counts = map[string]int64{}
	}
	s.counts[name]++
}
