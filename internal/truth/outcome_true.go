package truth

import (
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// rounding is how exactly Twilio tells lengths and times: in whole seconds.
const rounding = time.Second

var outcomeTrue = invariant{
	name: "outcome_true",
	rule: "What is told of each attempt and of the end is what the phones went through: the outcome in the words of " +
		"docs/process.md, who hung up (nobody, where both did or faults had swallowed it), how long the caller was on the line (to a second), how many attempts were begun. " +
		"`uncertain` is for attempts during which faults were injected; even then the leg, if there was one, has ended soon after " +
		"(and that it was at most one is one_ring) (DESIGN §5).",
	check: func(h *history) {
		for i := range h.Calls {
			s := &h.said[i]
			for n := range s.attempts {
				if a := &s.attempts[n]; a.end != nil {
					h.toldTrue(i, a)
				}
			}
			if s.ended != nil {
				h.endToldTrue(i, s)
			}
		}
	},
}

// toldTrue compares what was told of an attempt with what its phone went through.
func (h *history) toldTrue(call int, a *attempt) {
	f := h.facts(call, a)
	if wrong := f.wrong(a.end); wrong != "" {
		h.violated(call, a.end.Time, "attempt %d is told to have ended %s%s, but %s", a.number, a.end.Data.Outcome, because(a.end.Data.Reason), wrong)
	}
	if a.end.Data.Stage == sb.StageEnded {
		f.endTrue(h, call, a.end)
	}
}

func because(r sb.Reason) string {
	if r == "" {
		return ""
	}
	return " (" + string(r) + ")"
}

// facts are what happened to the caller's phone in one attempt.
type facts struct {
	*Call
	a        *attempt
	leg      *leg          // nil: it was not dialled
	together time.Duration // in a room with an agent
	up       time.Duration // from answering to the leg's end
	parties  []sb.Party    // who may truly be said to have hung up
	agentOff bool          // no agent was there any more when the caller's leg ended, or a second later
	attended bool          // an agent was in the room when the caller picked up
	sorry    bool          // the caller heard a sentence after the last agent had gone
	until    time.Time     // of the log
}

func (h *history) facts(call int, a *attempt) facts {
	f := facts{Call: &h.Calls[call], a: a, until: h.until()}
	if len(a.legs) == 0 {
		return f
	}
	f.leg = &h.legs[a.legs[0]]
	f.together = h.together(f.leg)
	if f.leg.answered.is() {
		f.up = h.end(f.leg).at.Sub(f.leg.answered.at)
		f.attended = h.agentIn(f.leg.room, f.leg.answered)
	}
	f.parties, f.agentOff = h.whoHungUp(f.leg)
	f.sorry = h.apologised(f.leg)
	return f
}

// wrong says what is wrong with how an attempt is told to have ended; "": nothing.
func (f *facts) wrong(e *sb.Event) string {
	d := &e.Data
	early := time.Duration(f.Policy.EarlyHangUp)
	switch d.Outcome {
	case sb.Completed, sb.Voicemail, sb.Uncertain:
	default:
		if f.together > early+rounding {
			return "caller and agent were together for " + f.together.String()
		}
	}
	answered := f.leg != nil && f.leg.answered.is()
	switch d.Outcome {
	case sb.Completed:
		switch {
		case f.together == 0 && !f.cutOff(d.HungUpBy):
			return "caller and agent were never together"
		case f.up < early-rounding && len(f.parties) == 1 && f.parties[0] == sb.PartyCaller && !says(f.HungUp, d.HungUpBy):
			return "the caller hung up after " + f.up.String()
		}
	case sb.Busy:
		return f.ended("busy")
	case sb.Unreachable:
		if f.leg != nil {
			return f.ended("failed")
		}
	case sb.NoAnswer:
		return f.unanswered()
	case sb.HungUpEarly:
		switch {
		case !answered:
			return "the caller never picked up"
		case !says(f.parties, sb.PartyCaller) && !(d.HungUpBy == sb.PartyNone && f.faulty(f.a.rung) && f.up < early+rounding):
			return "it was not the caller who hung up" // nor was it so short that nobody could tell
		}
	case sb.Voicemail:
		switch {
		case !answered:
			return "nobody and nothing picked up"
		case !f.Request.DetectMachine:
			return "nobody had asked to tell machines"
		}
	case sb.Missed:
		return f.missed(e)
	case sb.Cancelled:
		if f.Cancelled.IsZero() || f.Cancelled.After(e.Time) {
			return "nobody had cancelled it"
		}
	case sb.Uncertain:
		return f.uncertain(e)
	case sb.Failed:
		return f.failed(d.Reason)
	default:
		return "that is no outcome"
	}
	return ""
}

// cutOff: the agent hung up, or somebody did on the page, on a caller who had picked up and was still on the way into the room.
func (f *facts) cutOff(by sb.Party) bool {
	return by != sb.PartyCaller && f.attended && f.up < time.Duration(f.Policy.EarlyHangUp)+rounding &&
		(says(f.HungUp, by) || by == sb.PartyAgent && says(f.parties, by))
}

// ended: the leg ended unanswered, with that status.
func (f *facts) ended(status string) string {
	switch {
	case f.leg == nil:
		return "the caller was never dialled"
	case f.leg.answered.is():
		return "the caller picked up"
	case f.leg.status != status:
		return "the leg ended as " + f.leg.status
	}
	return ""
}

// unanswered: the phone rang as long as the policy lets it, or the phone itself said that nobody picks up.
func (f *facts) unanswered() string {
	switch {
	case f.leg == nil:
		return "the caller was never dialled"
	case f.leg.answered.is():
		return "the caller picked up"
	case f.leg.status == "busy" || f.leg.status == "failed":
		return "the leg ended as " + f.leg.status
	case f.leg.by == simulator.ByParty || f.leg.by == simulator.ByTwilio:
		return ""
	}
	if rang := f.leg.ended.at.Sub(f.leg.dialled.at); f.leg.ended.is() && rang < time.Duration(f.Policy.CallerRings)-rounding {
		return "the ring was taken away after " + rang.String()
	}
	return ""
}

func (f *facts) missed(e *sb.Event) string {
	switch {
	case f.leg != nil:
		return "the caller was dialled"
	case e.Time.Before(f.deadline()):
		return "the deadline is " + f.deadline().Sub(e.Time).String() + " later"
	}
	return ""
}

func (f *facts) uncertain(e *sb.Event) string {
	switch {
	case f.a.rung.IsZero():
		return "it was never told that the caller is rung"
	case !f.faulty(f.a.rung):
		return "no fault was injected: somebody can tell"
	}
	if f.leg == nil {
		return ""
	}
	end := f.leg.ended.at
	if !f.leg.ended.is() {
		end = f.until
	}
	if by := latest(e.Time, f.Healed).Add(settledWithin(f.Policy)); end.After(by) {
		return "the leg went on until " + end.Sub(e.Time).String() + " later"
	}
	return ""
}

func (f *facts) failed(why sb.Reason) string {
	switch why {
	case sb.ReasonNotDialled, sb.ReasonRefused:
		if f.leg != nil {
			return "the caller was dialled"
		}
	case sb.ReasonAgentLeft:
		if f.leg != nil && !f.agentOff {
			return "the agent was there to the end"
		}
	case sb.ReasonApologised:
		switch {
		case f.leg == nil || !f.leg.answered.is():
			return "the caller never picked up"
		case !f.sorry:
			return "the caller heard no sentence after the agent had gone"
		}
	default:
		return "that is no reason to fail"
	}
	return ""
}

// endTrue compares the rest of what the end tells: who hung up and how long they talked.
func (f *facts) endTrue(h *history, call int, e *sb.Event) {
	d := &e.Data
	told := time.Duration(d.TalkSeconds) * time.Second
	off := (told - f.up).Abs()
	switch d.Outcome {
	case sb.Completed:
		if off > rounding {
			h.violated(call, e.Time, "told to have talked for %v, but the caller was on the line for %v", told, f.up)
		}
	case sb.HungUpEarly, sb.Voicemail: // no conversation, but the length of what there was may be told
		if told != 0 && off > rounding {
			h.violated(call, e.Time, "told to have lasted %v, but the caller was on the line for %v", told, f.up)
		}
	default:
		if told != 0 || d.HungUpBy != sb.PartyNone {
			h.violated(call, e.Time, "ended %s, and told to have lasted %v, hung up by %q", d.Outcome, told, d.HungUpBy)
		}
		return
	}
	may := f.parties
	if f.leg != nil && !f.Cancelled.IsZero() && f.Cancelled.Sub(h.end(f.leg).at) < rounding && !says(may, sb.PartySwitchboard) {
		may = append(may, sb.PartySwitchboard) // the cancellation is a hanging up too
	}
	if f.up >= time.Duration(f.Policy.MaxTalk)-rounding {
		may = append(may, sb.PartySwitchboard) // so is the limit, and this was the same second
	}
	if d.Outcome == sb.Voicemail {
		may = []sb.Party{sb.PartySwitchboard}
	}
	if d.HungUpBy == sb.PartyNone && (len(f.parties) > 1 || f.faulty(f.a.rung)) {
		return // both, or the news was lost, and what Twilio still knows does not tell
	}
	if !says(may, d.HungUpBy) && !says(f.HungUp, d.HungUpBy) {
		h.violated(call, e.Time, "told to have been hung up by %q, but it was %v", d.HungUpBy, may)
	}
}

func says(parties []sb.Party, who sb.Party) bool {
	for _, p := range parties {
		if p == who {
			return true
		}
	}
	return false
}

// endToldTrue judges what is left of the end when no attempt ended with it.
func (h *history) endToldTrue(call int, s *said) {
	d, c := &s.ended.Data, &h.Calls[call]
	begun := 0
	for _, e := range s.events {
		begun = max(begun, e.Data.Attempt)
	}
	if d.Attempts != begun {
		h.violated(call, s.ended.Time, "told to have made %d attempts, but %d were begun", d.Attempts, begun)
	}
	if n := len(s.attempts); n > 0 && s.attempts[n-1].end == s.ended {
		return
	}
	f := facts{Call: c, a: &attempt{}, until: h.until()}
	if d.Outcome != sb.Cancelled && d.Outcome != sb.Missed {
		h.violated(call, s.ended.Time, "ended %s without an attempt", d.Outcome)
	} else if wrong := f.wrong(s.ended); wrong != "" {
		h.violated(call, s.ended.Time, "told to have ended %s, but %s", d.Outcome, wrong)
	}
}
