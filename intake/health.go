package intake

import "sync/atomic"

// Counts is what has happened since the process began; /metrics shows it.
type Counts struct {
	Started       atomic.Uint64 // calls started
	Repeated      atomic.Uint64 // requests that were known already
	Cancelled     atomic.Uint64 // cancellations passed on
	CancelledLate atomic.Uint64 // cancellations of calls that were over
	DeadLetters   atomic.Uint64
	Commits       atomic.Uint64
	Generations   atomic.Uint64 // of the consumer group: rebalances
	OffsetResets  atomic.Uint64 // partitions read again from the beginning
	Expired       atomic.Uint64 // records deleted before they were read
	Restarts      atomic.Uint64 // of the consumer, by the watchdog
	Lag           atomic.Uint64 // records not passed yet, as of the watchdog's last look
}

// numbers are the counts by the names of their metrics.
func (p *process) numbers() map[string]func() int64 {
	c, out := p.cfg.counts, map[string]func() int64{}
	for name, value := range map[string]*atomic.Uint64{
		"started_total": &c.Started, "repeated_total": &c.Repeated, "cancelled_total": &c.Cancelled, "cancelled_late_total": &c.CancelledLate,
		"dead_letters_total": &c.DeadLetters, "commits_total": &c.Commits, "generations_total": &c.Generations,
		"offset_resets_total": &c.OffsetResets, "expired_total": &c.Expired, "restarts_total": &c.Restarts, "lag": &c.Lag,
	} {
		out["switchboard_intake_"+name] = func() int64 { return int64(value.Load()) }
	}
	out["switchboard_intake_held"] = func() int64 {
		if p.temporal.problem() != "" || p.letters.problem() != "" {
			return 1
		}
		return 0
	}
	return out
}
