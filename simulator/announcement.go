package simulator

import (
	"net/url"

	"switchboard/simulator/twiml"
)

// announcement is something played over whatever is heard in a conference: to one participant, or to all
// of them. It is over, and told of once, when the last of them has heard it or has left.
type announcement struct {
	room      *conference
	what      program
	to        *participant // nil: everybody
	listeners int          // who have not heard the end of it
	failed    string       // ReasonAnnouncementFailed
}

// announce plays to those named, or to everybody.
func (c *conference) announce(what program, to ...*participant) {
	a := &announcement{room: c, what: what}
	if len(to) > 0 {
		a.to = to[0]
	} else {
		to = c.joined()
	}
	for _, p := range to {
		if p.call.status != callInProgress {
			continue
		}
		p.announcement.ends(p) // one that is still being played gives way
		p.announcement, p.hears, p.backdrop = a, "", nil
		a.listeners++
	}
	for _, p := range to {
		if p.announcement == a {
			c.sim.startMusic(p.call, what, purpose{
				place: twiml.InConference, done: func() { a.heard(p, "") },
				failed: func() { a.heard(p, "error "+p.call.failure.Get("ErrorCode")) }, // C.5; its words are not documented
			})
		}
	}
}

func (a *announcement) heard(p *participant, failed string) {
	if failed != "" {
		a.failed = failed
	}
	a.room.sim.stopMusic(p.call)
	a.ends(p)
	a.room.listen()
}

// ends: the participant hears no more of it. A nil announcement is none.
func (a *announcement) ends(p *participant) {
	if a == nil || p.announcement != a {
		return
	}
	p.announcement = nil
	if a.listeners--; a.listeners > 0 {
		return
	}
	about := url.Values{"AnnounceUrl": {a.what.url}}
	if a.failed == "" {
		a.room.report("announcement-end", "announcement", a.to, about)
		return
	}
	about.Set("ReasonAnnouncementFailed", a.failed)
	a.room.report("announcement-fail", "announcement", a.to, about)
}
