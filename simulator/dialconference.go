package simulator

import "slices"

// conference puts the caller into a room. With TwiML behind it the call does not end when it leaves: the
// Dial is over, and the document goes on (C.3).
func (d *dialing) conference(noun element) {
	s, c := d.s, d.p.call
	name := noun.Text
	room := c.account.activeConference(name)
	p := d.participant(noun)
	switch {
	case room != nil && room.labelTaken(p.label):
		s.complain(d.p, 16025, "Participant label is in use by another participant")
		d.next()
		return
	case p.coaching && (room == nil || room.participantBySID(p.coached) == nil):
		s.complain(d.p, 13240, "Dial->Conference: Invalid coach value")
		d.next()
		return
	case room != nil && len(room.joined()) >= p.maxParticipants:
		s.complain(d.p, 16020, "Conference is full")
		d.next()
		return
	case noun.Get("record") != "do-not-record":
		s.notSimulated(d.p, "record of Conference")
	}
	if room == nil {
		room = c.account.openConference(name)
	}
	d.room, p.conference = p, room
	d.p.leftOver, d.p.replaced = d.requestAction, d.requestAction
	p.back = func() {
		c.room = ""
		d.finish()
	}
	leave := func() {
		c.participant = nil
		room.leave(p, leaving{by: ByTwilio, callStatus: callInProgress})
		p.back()
	}
	if d.v.Bool("hangupOnStar") {
		d.p.ears.key = func(key byte) {
			if key == '*' {
				leave()
			}
		}
	}
	s.after(d.p, d.v.Seconds("timeLimit"), leave)
	c.participant, c.room = p, room.sid
	room.participants = append(room.participants, p)
	s.join(p)
}

func (d *dialing) participant(noun element) *participant {
	s := d.s
	p := &participant{
		call: d.p.call, label: noun.Get("participantLabel"), createdAt: s.now(), updatedAt: s.now(),
		muted: noun.Bool("muted"), coaching: noun.Get("coach") != "", coached: noun.Get("coach"),
		startOnEnter: noun.Bool("startConferenceOnEnter"), endOnExit: noun.Bool("endConferenceOnExit"),
		maxParticipants: noun.Int("maxParticipants"), holdMusic: program{url: defaultMusic, music: true},
		conferenceCallback: callback{url: d.resolve(noun.Get("statusCallback")), method: noun.Method("statusCallbackMethod"),
			events: noun.Words("statusCallbackEvent")},
	}
	switch address := noun.Get("waitUrl"); {
	case !noun.Has("waitUrl"):
		p.wait = program{url: defaultMusic, music: true}
	case address != "":
		p.wait = program{url: d.resolve(address), method: noun.Method("waitMethod")}
	}
	return p
}

func (c *conference) participantBySID(callSID string) *participant {
	i := slices.IndexFunc(c.participants, func(p *participant) bool { return p.call.sid == callSID })
	if i < 0 {
		return nil
	}
	return c.participants[i]
}
