package simulator

import (
	"net/url"
	"slices"
	"strconv"
	"time"
)

// States of a conference.
const (
	conferenceInit       = "init"
	conferenceInProgress = "in-progress"
	conferenceCompleted  = "completed"
)

// conferenceMoves is the life of a room (C.3). A completed one is never revived: the same name then
// means a new conference.
var conferenceMoves = moves{
	conferenceInit:       {conferenceInProgress, conferenceCompleted},
	conferenceInProgress: {conferenceCompleted},
	conferenceCompleted:  {},
}

// mostParticipants is the limit of any conference (C.3).
const mostParticipants = 250

type conference struct {
	sim                  *Simulator
	account              *account
	sid, name, status    string
	createdAt, updatedAt time.Time
	reasonEnded          string // ReasonConferenceEnded
	endingCall           string
	participants         []*participant // every leg meant for it that has not ended, joined or not
	callback             callback       // of the first participant to join; later ones are ignored (fact 6)
	everJoined           bool
	sequence             int // of the next callback, from 1
}

// openConference creates the room that a name silently means when none is active (fact 5).
func (a *account) openConference(name string) *conference {
	s := a.sim
	c := &conference{sim: s, account: a, sid: s.mint("CF", a.sid, name), name: name, status: conferenceInit, createdAt: s.now(), updatedAt: s.now(), sequence: 1}
	if s.uncertain.ConferencesCountFromZero {
		c.sequence = 0
	}
	a.conferences.add(c.sid, c)
	a.rooms[name] = c
	a.forgetConferences()
	s.note(Entry{ConferenceSID: c.sid, What: RoomOpened, Detail: name})
	return c
}

// forgetConferences bounds memory, like forgetCalls. Ended rooms stand in front: they are the oldest.
func (a *account) forgetConferences() {
	for a.conferences.len() > 0 {
		oldest := a.conferences.rows[0].value
		if oldest.status != conferenceCompleted || a.sim.now().Sub(oldest.updatedAt) <= endedCallKept {
			return
		}
		a.conferences.remove(oldest.sid)
	}
}

// activeConference finds a room that has not ended. Two active rooms never share a name (C.3).
func (a *account) activeConference(name string) *conference { return a.rooms[name] }

// join lets a participant's leg into its room: while it rings with early media, otherwise when it
// answers.
func (s *Simulator) join(p *participant) {
	room := p.conference
	if room.status == conferenceCompleted {
		if room = s.lateLeg(p); room == nil {
			return
		}
	}
	if len(room.joined()) >= p.maxParticipants {
		s.alert(16020, "Conference is full", p.call.entry("", ""))
		s.end(p.call, callCompleted, ByTwilio)
		return
	}
	p.joined = true
	if !room.everJoined {
		room.everJoined, room.callback = true, p.conferenceCallback
	}
	s.note(p.call.entry(Joins, p.label))
	room.report("participant-join", "join", p, nil)
	room.startIfReady()
	room.listen()
}

// lateLeg decides about a leg whose room ended while it was being rung (L16). Nil: it is over.
func (s *Simulator) lateLeg(p *participant) *conference {
	if s.uncertain.LateLeg != LateLegNewRoom {
		status := callCompleted
		if p.call.status != callInProgress { // early media would have let it in while it rings
			status = callCanceled
		}
		s.end(p.call, status, ByConference)
		return nil
	}
	room := p.call.account.activeConference(p.conference.name)
	if room == nil {
		room = p.call.account.openConference(p.conference.name)
	}
	p.conference.remove(p)
	p.conference, p.call.room = room, room.sid
	room.participants = append(room.participants, p)
	return room
}

// startIfReady: a conversation needs two, and one of them who may start it (C.3).
func (c *conference) startIfReady() {
	joined := c.joined()
	mayStart := slices.ContainsFunc(joined, func(p *participant) bool { return p.startOnEnter })
	if c.status != conferenceInit || len(joined) < 2 || !mayStart {
		return
	}
	c.set(conferenceInProgress)
	c.sim.note(Entry{ConferenceSID: c.sid, What: RoomStarted})
	c.report("conference-start", "start", nil, nil)
}

func (c *conference) set(status string) {
	if !conferenceMoves.allow(c.status, status) {
		panic("simulator: conference " + c.sid + " cannot go from " + c.status + " to " + status)
	}
	c.status, c.updatedAt = status, c.sim.now()
}

func (c *conference) joined() []*participant {
	var in []*participant
	for _, p := range c.participants {
		if p.joined {
			in = append(in, p)
		}
	}
	return in
}

func (c *conference) remove(p *participant) {
	c.participants = slices.DeleteFunc(c.participants, func(other *participant) bool { return other == p })
}

// leaving is why and how a participant goes.
type leaving struct {
	by            string // who ended the leg, as in the log
	kicked        bool   // removed by a request to the participant
	neverAnswered bool
	notLetIn      bool   // its WaitUrl failed
	callStatus    string // of the leg, afterwards
}

// reason is ReasonParticipantLeft: with underscores (C.5).
func (l leaving) reason() string {
	switch {
	case l.neverAnswered, l.notLetIn:
		return "participant_add_failed"
	case l.by == ByRequest:
		return "participant_updated_via_api"
	}
	return "participant_hung_up"
}

// leave takes a participant out, with what that means for the others.
func (c *conference) leave(p *participant, how leaving) {
	c.depart(p, how)
	c.settle(p, how)
}

// depart is the participant's own part of leaving.
func (c *conference) depart(p *participant, how leaving) {
	p.announcement.ends(p)
	c.remove(p)
	c.sim.cancel(p.leaveTimer)
	if c.status == conferenceCompleted || !p.joined {
		return
	}
	c.sim.note(p.call.entry(Leaves, how.reason()))
	c.report("participant-leave", "leave", p, url.Values{
		"ParticipantCallStatus": {how.callStatus}, "ReasonParticipantLeft": {how.reason()},
	})
}

// settle ends the room if the one who left was the last, or one whose exit ends it; otherwise those
// who stay hear something else.
func (c *conference) settle(p *participant, how leaving) {
	switch {
	case c.status == conferenceCompleted:
	case p.joined && p.endOnExit:
		c.complete(endReason("participant-with-end-conference-on-exit-", how), p, "moderator_ended_conference")
	case len(c.joined()) > 0:
		c.listen()
	case c.everJoined:
		c.complete(endReason("last-participant-", how), p, "")
	case len(c.participants) == 0:
		c.complete("last-participant-left", p, "") // nobody ever came; nothing is reported
	}
}

func endReason(prefix string, how leaving) string {
	if how.kicked {
		return prefix + "kicked"
	}
	return prefix + "left"
}

// complete ends the room for everybody in it. Legs added by REST have no TwiML behind them, so they
// end too; the documents of others go on (C.3). Legs still being rung are another matter (L16).
func (c *conference) complete(reason string, ending *participant, others string) {
	if c.status == conferenceCompleted {
		return
	}
	s := c.sim
	c.set(conferenceCompleted)
	delete(c.account.rooms, c.name)
	c.reasonEnded = reason
	if ending != nil {
		c.endingCall = ending.call.sid
	}
	legs := c.participants
	c.participants = nil
	for _, p := range legs { // all of them before any leg ends: two can be the ends of one line
		if p.joined {
			c.dismiss(p, others)
		}
	}
	for _, p := range legs {
		if p.joined && p.back == nil {
			s.end(p.call, p.call.dismissed(), ByConference)
		}
	}
	s.note(Entry{ConferenceSID: c.sid, CallSID: c.endingCall, What: RoomEnded, Detail: reason})
	if c.everJoined {
		about := url.Values{"ReasonConferenceEnded": {reason}, "Reason": {reasonText[reason]}}
		if ending != nil {
			about.Set("CallSidEndingConference", ending.call.sid)
			if ending.label != "" {
				about.Set("ParticipantLabelEndingConference", ending.label)
			}
		}
		c.report("conference-end", "end", nil, about)
	}
	for _, p := range legs {
		if p.joined && p.back != nil && p != ending && !p.call.over() {
			p.back()
		}
	}
	if s.uncertain.LateLeg == LateLegHangUp {
		for _, p := range legs {
			if !p.joined && !p.call.over() {
				s.end(p.call, callCanceled, ByConference)
			}
		}
	}
}

// dismiss takes somebody out whose room has ended.
func (c *conference) dismiss(p *participant, reason string) {
	leg, status := p.call, p.call.dismissed()
	if p.back != nil {
		leg.participant, status = nil, callInProgress
		c.sim.cancel(p.leaveTimer)
		c.sim.stopMusic(leg)
	}
	c.sim.note(leg.entry(Leaves, reason))
	c.report("participant-leave", "leave", p, url.Values{"ParticipantCallStatus": {status}, "ReasonParticipantLeft": {reason}})
}

// dismissed is the final status of a leg whose room ends: early media lets one in that still rings.
func (c *call) dismissed() string {
	if c.status != callInProgress {
		return callCanceled
	}
	return callCompleted
}

// reasonText is the parameter Reason of conference-end.
var reasonText = map[string]string{
	"conference-ended-via-api":                       "Conference ended via API",
	"last-participant-left":                          "Last participant left",
	"last-participant-kicked":                        "Last participant kicked",
	"participant-with-end-conference-on-exit-left":   "Participant with endConferenceOnExit left",
	"participant-with-end-conference-on-exit-kicked": "Participant with endConferenceOnExit kicked",
}

// conferenceEvents are the words of ConferenceStatusCallbackEvent (C.4).
var conferenceEvents = map[string]string{
	"start": "start", "end": "end", "join": "join", "leave": "leave", "mute": "mute", "hold": "hold", "modify": "modify",
	"speaker": "speaker", "announcement": "announcement",
}

// report sends a conference callback, if the first participant to join asked for it (C.5).
func (c *conference) report(event, subscribedAs string, p *participant, more url.Values) {
	if c.callback.url == "" || !c.callback.wants(subscribedAs) {
		return
	}
	form := url.Values{
		"ConferenceSid": {c.sid}, "FriendlyName": {c.name}, "AccountSid": {c.account.sid},
		"SequenceNumber": {strconv.Itoa(c.sequence)}, "Timestamp": {rfc2822(c.sim.now())}, "StatusCallbackEvent": {event},
	}
	c.sequence++
	about := Entry{ConferenceSID: c.sid}
	if p != nil {
		about = p.call.entry("", "")
		form.Set("CallSid", p.call.sid)
		form.Set("Muted", trueFalse(p.muted))
		form.Set("Hold", trueFalse(p.hold))
		form.Set("Coaching", trueFalse(p.coaching))
		form.Set("StartConferenceOnEnter", trueFalse(p.startOnEnter))
		form.Set("EndConferenceOnExit", trueFalse(p.endOnExit))
		if p.label != "" {
			form.Set("ParticipantLabel", p.label)
		}
	}
	for name, values := range more {
		form[name] = values
	}
	c.sim.send(webhook{account: c.account, kind: KindConference, method: c.callback.method, url: c.callback.url, form: form, about: about})
}

func listConferences(s *Simulator, r *request) (reply, *apiError) {
	createdDuring, updatedDuring := r.span("DateCreated"), r.span("DateUpdated")
	status := r.oneOf("Status", "", conferenceInit, conferenceInProgress, conferenceCompleted)
	if r.err != nil {
		return reply{}, r.err
	}
	var rows listing
	for c := range r.account.conferences.newestFirst() {
		if r.has("FriendlyName") && r.text("FriendlyName") != c.name || status != "" && status != c.publicStatus() ||
			!createdDuring.holds(c.createdAt) || !updatedDuring.holds(c.updatedAt) {
			continue
		}
		rows.add(c.sid, func() object { return c.body() })
	}
	return s.list2010(r, "conferences", rows)
}

func fetchConference(s *Simulator, r *request) (reply, *apiError) {
	c, found := r.account.conferences.get(r.vars["CF"])
	if !found {
		return reply{}, notFound(r.path)
	}
	return okay(c.body()), nil
}

func updateConference(s *Simulator, r *request) (reply, *apiError) {
	c, found := r.account.conferences.get(r.vars["CF"])
	if !found {
		return reply{}, notFound(r.path)
	}
	status := r.oneOf("Status", "", conferenceCompleted)
	announce := program{url: r.address("AnnounceUrl", "", 21205), method: r.method("AnnounceMethod", "POST")}
	if r.err != nil {
		return reply{}, r.err
	}
	if announce.url != "" && c.status != conferenceCompleted {
		c.announce(announce)
	}
	if status == conferenceCompleted { // ending an ended conference changes nothing and is no error
		c.complete("conference-ended-via-api", nil, "conference_ended_via_api")
	}
	return okay(c.body()), nil
}

func (c *conference) publicStatus() string {
	if c.status == conferenceInit && c.sim.uncertain.InProgressWhenAlone && c.everJoined {
		return conferenceInProgress
	}
	return c.status
}

func (c *conference) body() object {
	uri := "/2010-04-01/Accounts/" + c.account.sid + "/Conferences/" + c.sid
	return object{
		"sid": c.sid, "account_sid": c.account.sid, "api_version": "2010-04-01", "friendly_name": c.name, "region": "us1",
		"status": c.publicStatus(), "reason_conference_ended": textOrNull(c.reasonEnded),
		"call_sid_ending_conference": textOrNull(c.endingCall),
		"date_created":               rfc2822(c.createdAt), "date_updated": rfc2822(c.updatedAt), "uri": uri + ".json",
		"subresource_uris": object{"participants": uri + "/Participants.json", "recordings": uri + "/Recordings.json"},
	}
}
