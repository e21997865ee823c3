package simulator

import (
	"strconv"
	"time"

	"switchboard/simulator/twiml"
)

// What a leg in a room can be hearing.
const (
	hearsConversation = "the conversation"
	hearsRinging      = "ringing" // early media: the other leg has not answered yet
	hearsSilence      = "silence"
	hearsWait         = "wait" // its own WaitUrl: it is alone, or the conference has not started
	hearsHold         = "hold"
)

// listen gives every answered leg in the room what it should hear now. It is called after whatever
// may have changed that, and does nothing for a leg whose situation is the same as before.
func (c *conference) listen() {
	for _, p := range c.joined() {
		if p.call.status != callInProgress || p.announcement != nil {
			continue
		}
		hears := c.situation(p)
		if hears == p.hears {
			continue
		}
		p.hears, p.backdrop = hears, nil
		c.sim.stopMusic(p.call)
		switch hears {
		case hearsWait:
			c.sim.playMusic(p, p.wait, c.wouldNotEstablish(p))
		case hearsHold:
			c.sim.playMusic(p, p.holdMusic, nil)
		case hearsRinging:
			p.backdrop = c.sim.begins(Source{Kind: Ringing})
			fallthrough
		default:
			c.sim.note(p.call.entry(Hears, hears))
		}
		c.sim.softphoneTalks(p)
	}
}

// hears is whose voices a participant hears. Hold works both ways, mute one way, and a coach is heard only
// by the one who is coached (C.3, C.4).
func (c *conference) hears(p *participant) []*participant {
	if c.status != conferenceInProgress || !p.joined || p.hold || p.call.status != callInProgress {
		return nil
	}
	var voices []*participant
	for _, other := range c.joined() {
		if other != p && other.call.status == callInProgress && !other.hold && !other.muted &&
			(!other.coaching || other.coached == p.call.sid) {
			voices = append(voices, other)
		}
	}
	return voices
}

func (c *conference) situation(p *participant) string {
	if p.hold {
		return hearsHold
	}
	ringing, silent := 0, 0
	for _, other := range c.joined() {
		switch {
		case other == p:
		case other.call.status == callInProgress:
			silent++
		default:
			ringing++
		}
	}
	started := c.status == conferenceInProgress
	switch {
	case len(c.hears(p)) > 0:
		return hearsConversation
	case started && ringing > 0:
		return hearsRinging
	case started && silent > 0, started && c.sim.uncertain.NoWaitAfterStart:
		return hearsSilence
	}
	return hearsWait
}

// wouldNotEstablish: a WaitUrl that cannot be fetched means that the participant is not established
// in the conference (C.4). Its document goes on; a leg added by REST has none, so it ends.
func (c *conference) wouldNotEstablish(p *participant) func() {
	return func() {
		leg := p.call
		leg.participant = nil
		if p.back != nil {
			c.leave(p, leaving{by: ByTwilio, notLetIn: true, callStatus: callInProgress})
			c.sim.stopMusic(leg)
			p.back()
			return
		}
		c.leave(p, leaving{by: ByTwilio, notLetIn: true, callStatus: callCompleted})
		c.sim.end(leg, callCompleted, ByTwilio)
	}
}

// softphoneTalks: an agent's softphone hangs up a while after the other party joined.
func (s *Simulator) softphoneTalks(p *participant) {
	s.cancel(p.leaveTimer)
	p.leaveTimer = nil
	if p.hears == hearsConversation && p.call.conduct.afterJoin > 0 {
		p.leaveTimer = s.later(p.call, p.call.conduct.afterJoin, func() { s.hangUp(p.call) })
	}
}

// playMusic plays a WaitUrl or HoldUrl to one participant.
func (s *Simulator) playMusic(p *participant, music program, failed func()) {
	silent := func() { s.voice(p.call, hearsSilence) }
	switch {
	case music.empty():
		silent()
	case music.music: // Twilio's own; nothing to fetch
		p.backdrop = s.begins(Source{Kind: Music})
		s.note(p.call.entry(Hears, "play "+music.url))
	default:
		if failed == nil {
			failed = silent
		}
		s.startMusic(p.call, music, purpose{place: twiml.InConference,
			// It is played once, then there is silence, unless it loops or redirects (C.4).
			done: silent, failed: failed})
	}
}

func queueTime(c *call) string { return strconv.FormatInt(c.queueTime.Milliseconds(), 10) }

// spoken is how long a voice takes for a text; nobody should wait longer than a person would.
func spoken(text string) time.Duration {
	return max(time.Second, time.Duration(len([]rune(text)))*65*time.Millisecond)
}
