package truth

import (
	"slices"

	sb "switchboard"
)

var endsOnce = invariant{
	name: "ends_once",
	rule: "Every accepted request ends exactly once: its events come in order, without gaps, each as often as Kafka likes " +
		"but always the same, through stages the process knows, and nothing follows `ended` (DESIGN §5; docs/process.md, Events).",
	check: func(h *history) {
		for i := range h.Calls {
			h.inOrder(i)
			h.throughStages(i)
			h.ends(i)
		}
	},
}

// inOrder: at first sight an event's number is one more than the highest before it; a number seen again is a copy.
func (h *history) inOrder(call int) {
	c := &h.Calls[call]
	id, last := c.Request.Call(), 0
	for i := range c.Events {
		e := &c.Events[i]
		switch {
		case e.Call != id:
			h.violated(call, e.Time, "event %d is of another call", e.Sequence)
		case e.Sequence > last+1:
			h.violated(call, e.Time, "event %d follows %d: a gap", e.Sequence, last)
		case e.Sequence <= last && !slices.ContainsFunc(c.Events[:i], func(before sb.Event) bool { return same(&before, e) }):
			h.violated(call, e.Time, "event %d comes again and says something else", e.Sequence)
		}
		last = max(last, e.Sequence)
	}
}

func same(a, b *sb.Event) bool {
	d, e := a.Data, b.Data
	at := d.RetryAt.Equal(e.RetryAt)
	d.RetryAt = e.RetryAt
	return a.Sequence == b.Sequence && a.Call == b.Call && a.Time.Equal(b.Time) && at && d == e
}

// follows is which stages may come after one. The first is queued, or ended: too late, or cancelled before it was read.
var follows = map[sb.Stage][]sb.Stage{
	"":                    {sb.StageQueued, sb.StageEnded},
	sb.StageQueued:        {sb.StageQueued, sb.StageAgentRinging, sb.StageEnded}, // twice: a long wait continues as new
	sb.StageAgentRinging:  {sb.StageAgentJoined, sb.StageQueued, sb.StageEnded},
	sb.StageAgentJoined:   {sb.StageCallerRinging, sb.StageEnded},
	sb.StageCallerRinging: {sb.StageConnected, sb.StageRetryPlanned, sb.StageEnded},
	sb.StageConnected:     {sb.StageWrappingUp, sb.StageRetryPlanned, sb.StageEnded},
	sb.StageWrappingUp:    {sb.StageEnded},
	sb.StageRetryPlanned:  {sb.StageQueued, sb.StageEnded},
}

// throughStages: each stage follows from the one before, and attempts are counted where one begins.
func (h *history) throughStages(call int) {
	last, attempt := &sb.Event{}, 0
	for _, e := range h.said[call].events {
		stage, n := e.Data.Stage, e.Data.Attempt
		begins := last.Data.Stage == "" || last.Data.Stage == sb.StageRetryPlanned
		switch {
		case last.Data.Stage == sb.StageEnded:
			h.violated(call, e.Time, "%s is told after the end", stage)
		case !slices.Contains(follows[last.Data.Stage], stage):
			h.violated(call, e.Time, "%s follows %s", stage, orStart(last.Data.Stage))
		case e.Time.Before(last.Time):
			h.violated(call, e.Time, "%s is told to be earlier than %s before it", stage, last.Data.Stage)
		case stage == sb.StageEnded && begins: // the next attempt may have been counted before it was found to be too late
			if n != attempt && n != attempt+1 {
				h.violated(call, e.Time, "ended in attempt %d after %d", n, attempt)
			}
		case begins && n != attempt+1, !begins && n != attempt:
			h.violated(call, e.Time, "%s in attempt %d after %d", stage, n, attempt)
		}
		last, attempt = e, n
	}
}

func orStart(s sb.Stage) sb.Stage {
	if s == "" {
		return "nothing"
	}
	return s
}

func (h *history) ends(call int) {
	c, ended := &h.Calls[call], h.said[call].ended
	switch {
	case c.Ended.IsZero():
		h.violated(call, h.until(), "it has not ended")
	case ended == nil:
		h.violated(call, c.Ended, "its end was never told")
	}
}
