package truth

import (
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// Who was with whom, and who went first.

// together is for how long a caller was in a room with an agent, both having answered.
func (h *history) together(l *leg) (total time.Duration) {
	if !l.answered.is() {
		return 0
	}
	for _, mine := range l.stays {
		from, to := later(mine.from, l.answered), h.orLast(mine.to)
		reached := from // what is before it has been counted
		for _, i := range h.rooms[mine.room] {
			a := &h.legs[i]
			if !a.answered.is() {
				continue
			}
			for _, s := range a.stays { // legs come in the order in which they were dialled, and so do their stays but for a moment
				begin, end := later(later(s.from, a.answered), reached), earlier(h.orLast(s.to), to)
				if s.room == mine.room && begin.before(end) {
					total += end.at.Sub(begin.at)
					reached = end
				}
			}
		}
	}
	return total
}

func later(a, b moment) moment {
	if a.before(b) {
		return b
	}
	return a
}

func earlier(a, b moment) moment {
	if a.before(b) {
		return a
	}
	return b
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// whoHungUp tells who may truly be said to have ended the caller's leg, and whether the agents had gone before it, or in the
// same second.
//
// A leg that a request ended was ended by us, for an agent or for ourselves: the log does not say for whom. Twilio tells
// times in whole seconds, so of two people who hang up within one either may be said to have been first.
func (h *history) whoHungUp(l *leg) (parties []sb.Party, agentOff bool) {
	at := l.ended
	if n := len(l.stays); n > 0 {
		at = earlier(h.orLast(l.stays[n-1].to), h.end(l))
	}
	if h.agentIn(l.room, at) {
		parties = endedBy(l, sb.PartyCaller)
		for _, i := range h.rooms[l.room] {
			if a := &h.legs[i]; a.by == simulator.ByParty && !a.ended.at.Before(l.ended.at) && a.ended.at.Sub(l.ended.at) < rounding {
				agentOff = true
				if l.by == simulator.ByParty {
					parties = append(parties, sb.PartyAgent)
				}
				break
			}
		}
		return parties, agentOff || h.wentWhileItRang(l)
	}
	var agent *leg // the last who was there
	for _, i := range h.rooms[l.room] {
		if a := &h.legs[i]; a.answered.is() && a.ended.is() && a.ended.before(at) && (agent == nil || agent.ended.before(a.ended)) {
			agent = a
		}
	}
	if agent == nil {
		return endedBy(l, sb.PartyCaller), true
	}
	if h.comingBack(l.room, agent.ended, at) { // a lost leg that was being replaced: nobody hung up by its end
		if parties = endedBy(l, sb.PartyCaller); !says(parties, sb.PartyAgent) {
			parties = append(parties, sb.PartyAgent)
		}
		return parties, true
	}
	parties = endedBy(agent, sb.PartyAgent)
	// By Twilio: with our webhook away it cannot speak to who is left alone, and ends the leg.
	itself := l.by == simulator.ByParty || l.by == simulator.ByTwilio && h.Calls[l.call].faulty(l.ended.at)
	if (agent.by == simulator.ByParty || agent.by == simulator.ByTwilio) && itself && l.ended.at.Sub(agent.ended.at) < rounding {
		parties = append(parties, sb.PartyCaller)
	}
	if agent.ended.at.Sub(agent.answered.at) >= agentLimit(h.Calls[l.call].Policy)-rounding {
		parties = append(parties, sb.PartySwitchboard) // the limit would have ended it in that second
	}
	return parties, true
}

// wentWhileItRang: the agent hung up while the phone rang, and so the ring was taken back, though by then a repeated dial
// of that agent, which a fault had held up, had been answered. Who picked up meanwhile was told that we are sorry.
func (h *history) wentWhileItRang(l *leg) bool {
	until := l.ended
	if l.answered.is() {
		until = l.answered
	}
	if !h.Calls[l.call].faulty(l.dialled.at) || !(l.by == simulator.ByRequest && !l.answered.is() || h.apologised(l)) {
		return false
	}
	for _, i := range h.rooms[l.room] {
		if a := &h.legs[i]; a.by == simulator.ByParty && l.dialled.before(a.ended) && a.ended.before(until) {
			return true
		}
	}
	return false
}

// apologised: the caller heard a sentence when no agent was there any more.
func (h *history) apologised(l *leg) bool {
	for _, s := range l.heard {
		if s.kind == words && !h.agentIn(l.room, s.from) {
			return true
		}
	}
	return false
}

func endedBy(l *leg, itself sb.Party) []sb.Party {
	switch l.by {
	case simulator.ByParty:
		return []sb.Party{itself}
	case simulator.ByRequest, simulator.ByConference:
		return []sb.Party{sb.PartyAgent, sb.PartySwitchboard}
	}
	return []sb.Party{sb.PartySwitchboard} // the time limit
}
