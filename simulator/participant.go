package simulator

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// participant is one leg meant for a conference. Its life is the life of its call, seen from the
// room: participantStatus names the states.
type participant struct {
	call       *call
	conference *conference
	label      string
	joined     bool // it counts: the leg is in the room

	muted, hold, coaching   bool
	coached                 string // CallSidToCoach
	startOnEnter, endOnExit bool
	earlyMedia              bool
	maxParticipants         int
	wait, holdMusic         program  // WaitUrl, HoldUrl
	conferenceCallback      callback // counts only if it is the first to join
	hears                   string   // what the leg was last given to hear, see listen
	backdrop                *Source  // the sound of that, when no document plays it; nil: none
	createdAt, updatedAt    time.Time
	back                    func()        // its document goes on, now that it has left; nil: it has none, the leg ends
	announcement            *announcement // what is being played to it, over all else
	leaveTimer              *timer        // a softphone that hangs up some time after the other party joined
}

// participantStatus is the participant's status for each status of its call (C.4).
var participantStatus = map[string]string{
	callQueued: "queued", callInitiated: "connecting", callRinging: "ringing", callInProgress: "connected",
	callCompleted: "complete", callBusy: "failed", callFailed: "failed", callNoAnswer: "failed", callCanceled: "failed",
}

// defaultMusic is what waits sound like unless told otherwise.
const defaultMusic = "http://twimlets.com/holdmusic?Bucket=com.twilio.music.classical"

// createParticipant dials somebody into a room. By name it silently opens one when none is active; by
// CF SID the room must be active (fact 5).
func createParticipant(s *Simulator, r *request) (reply, *apiError) {
	leg := s.dialledParams(r, 5)
	p := s.participantParams(r, leg)
	p.label, p.coached = r.text("Label"), r.text("CallSidToCoach")
	p.coaching = r.boolean("Coaching", p.coached != "") // to name somebody is enough (docs)
	leg.detection = r.detectionParams(true, "AmdStatusCallback")
	p.checkLabel(r)
	if r.err != nil {
		return reply{}, r.err
	}
	room, err := r.account.roomFor(r.vars["CF"], r.path)
	if err != nil {
		return reply{}, err
	}
	if p.coaching && (room == nil || room.participantBySID(p.coached) == nil) {
		return reply{}, badCoach()
	}
	if room != nil && room.labelTaken(p.label) {
		return reply{}, refuse(400, 16026, "Participant label is in use by another participant")
	}
	if room == nil {
		room = r.account.openConference(r.vars["CF"])
	}
	s.dialInto(room, p, p.label)
	body := s.participantBody(p)
	body["queue_time"] = queueTime(leg)
	return created(body), nil
}

// dialInto dials a leg that is meant for a room; is tells it from others to the same party.
func (s *Simulator) dialInto(room *conference, p *participant, is string) {
	leg := p.call
	leg.sid = s.mint("CA", append(leg.identity(), room.sid, is)...)
	leg.participant, leg.room, p.conference = p, room.sid, room
	room.participants = append(room.participants, p)
	s.newCall(leg)
}

// participantParams reads what a leg will be in its conference.
func (s *Simulator) participantParams(r *request, leg *call) *participant {
	p := &participant{
		call: leg, createdAt: s.now(), updatedAt: s.now(), muted: r.boolean("Muted", false),
		startOnEnter: r.boolean("StartConferenceOnEnter", true), endOnExit: r.boolean("EndConferenceOnExit", false),
		earlyMedia: r.boolean("EarlyMedia", true), maxParticipants: r.number("MaxParticipants", mostParticipants, 2, mostParticipants),
		wait:               r.music("WaitUrl", "WaitMethod", http.MethodPost),
		holdMusic:          program{url: defaultMusic, music: true},
		conferenceCallback: r.callback("ConferenceStatusCallback", "start end", conferenceEvents),
	}
	r.address("ConferenceStatusCallback", "", 21609)
	if r.text("ConferenceStatusCallback") != "" && p.conferenceCallback.url == "" {
		s.alert(21626, "Invalid 'StatusCallbackEvent'", Entry{})
	}
	r.oneOf("Beep", "true", "true", "false", "onEnter", "onExit")
	r.oneOf("JitterBufferSize", "large", "off", "small", "medium", "large") // beeps and jitter are not simulated, and change no call
	if app, _ := r.account.appNamed(leg.to); strings.HasPrefix(leg.to, "app:") && app == nil {
		r.fail(refuse(400, 21218, "Invalid ApplicationSid: there is no such application"))
	}
	return p
}

// music reads a WaitUrl: not given means Twilio's classical music, given but empty means silence.
func (r *request) music(name, method, standard string) program {
	switch {
	case !r.has(name):
		return program{url: defaultMusic, music: true}
	case r.text(name) == "":
		return program{}
	}
	return program{url: r.address(name, "", 21205), method: r.method(method, standard)}
}

// badCoach: there is nobody in the room with the CallSidToCoach (the code is that of a TwiML coach).
func badCoach() *apiError {
	return refuse(400, 13240, "Invalid CallSidToCoach: it must be a participant of the conference")
}

func (p *participant) checkLabel(r *request) {
	if len([]rune(p.label)) > 128 || strings.Contains(p.label, "/") || isSID("CA", p.label) {
		r.fail(refuse(400, 16024, "Invalid participant label, must not exceed 128 characters, must not be a CallSid, must not contain '/'"))
	}
}

// roomFor finds the room a path names. Nil without an error: a new one must be opened.
func (a *account) roomFor(name, path string) (*conference, *apiError) {
	if !isSID("CF", name) {
		return a.activeConference(name), nil
	}
	room, found := a.conferences.get(name)
	switch {
	case found && room.status != conferenceCompleted:
		return room, nil
	case a.sim.uncertain.EndedConferenceIs400:
		return nil, refuse(400, 16022, "Conference does not exist or is completed")
	}
	return nil, notFound(path)
}

// labelTaken: labels are unique among the live legs of a conference (fact 9; L19).
func (c *conference) labelTaken(label string) bool {
	return label != "" && slices.ContainsFunc(c.participants, func(p *participant) bool {
		free := c.sim.uncertain.LabelsFreeWhileQueued && p.call.status == callQueued
		return p.label == label && !free
	})
}

// participantOf finds a participant by CallSid or label, in an active room given by SID or name. Once
// the room has ended, or the leg has left, there is nobody to find (C.4).
func (s *Simulator) participantOf(r *request) *participant {
	room := r.account.activeRoom(r.vars["CF"])
	if room == nil {
		return nil
	}
	for _, p := range room.participants {
		readable := s.now().Sub(p.createdAt) >= s.uncertain.LabelReadableAfter
		if p.call.sid == r.vars["CA"] || p.label != "" && p.label == r.vars["CA"] && readable {
			return p
		}
	}
	return nil
}

func (a *account) activeRoom(name string) *conference {
	if room, found := a.conferences.get(name); found && room.status != conferenceCompleted {
		return room
	}
	return a.activeConference(name)
}

// listParticipants of an ended conference is an empty list; of one that never was, 404.
func listParticipants(s *Simulator, r *request) (reply, *apiError) {
	room := r.account.activeRoom(r.vars["CF"])
	if _, existed := r.account.conferences.get(r.vars["CF"]); room == nil && !existed {
		return reply{}, notFound(r.path)
	}
	muted, hold, coaching := r.boolean("Muted", false), r.boolean("Hold", false), r.boolean("Coaching", false)
	if r.err != nil {
		return reply{}, r.err
	}
	var rows listing
	if room != nil {
		for _, p := range room.participants {
			if r.has("Muted") && muted != p.muted || r.has("Hold") && hold != p.hold || r.has("Coaching") && coaching != p.coaching ||
				s.now().Sub(p.createdAt) < s.uncertain.LabelReadableAfter && p.label != "" {
				continue
			}
			rows.add(p.call.sid, func() object { return s.participantBody(p) })
		}
	}
	return s.list2010(r, "participants", rows)
}

func fetchParticipant(s *Simulator, r *request) (reply, *apiError) {
	p := s.participantOf(r)
	if p == nil {
		return reply{}, notFound(r.path)
	}
	return okay(s.participantBody(p)), nil
}

// updateParticipant changes what may be changed: not the label, not StartConferenceOnEnter (C.4).
func updateParticipant(s *Simulator, r *request) (reply, *apiError) {
	p := s.participantOf(r)
	if p == nil {
		return reply{}, notFound(r.path)
	}
	changed := *p
	changed.muted = r.boolean("Muted", p.muted)
	changed.hold = r.boolean("Hold", p.hold)
	r.boolean("BeepOnExit", false) // beeps are not simulated
	changed.endOnExit = r.boolean("EndConferenceOnExit", p.endOnExit)
	changed.coaching = r.boolean("Coaching", p.coaching || r.text("CallSidToCoach") != "")
	changed.coached = r.textOr("CallSidToCoach", p.coached)
	if r.has("HoldUrl") {
		changed.holdMusic = r.music("HoldUrl", "HoldMethod", http.MethodGet)
	}
	if r.has("WaitUrl") {
		changed.wait = r.music("WaitUrl", "WaitMethod", http.MethodPost)
	}
	announce := program{url: r.address("AnnounceUrl", "", 21205), method: r.method("AnnounceMethod", http.MethodPost)}
	if r.err != nil {
		return reply{}, r.err
	}
	if changed.coaching && p.conference.participantBySID(changed.coached) == nil {
		return reply{}, badCoach()
	}
	before := *p
	*p = changed
	p.updatedAt = s.now()
	room := p.conference
	if p.joined {
		switch {
		case p.muted && !before.muted:
			room.report("participant-mute", "mute", p, nil)
		case !p.muted && before.muted:
			room.report("participant-unmute", "mute", p, nil)
		}
		switch {
		case p.hold && !before.hold:
			room.report("participant-hold", "hold", p, nil)
		case !p.hold && before.hold:
			room.report("participant-unhold", "hold", p, nil)
		}
		if p.endOnExit != before.endOnExit || p.coaching != before.coaching || p.coached != before.coached {
			room.report("participant-modify", "modify", p, nil)
		}
		room.listen()
		if announce.url != "" {
			room.announce(announce, p)
		}
	}
	return okay(s.participantBody(p)), nil
}

// deleteParticipant kicks a leg out. With that it ends (C.4), unless it came by a document that goes on.
func deleteParticipant(s *Simulator, r *request) (reply, *apiError) {
	p := s.participantOf(r)
	if p == nil {
		return reply{}, notFound(r.path)
	}
	leg := p.call
	if leg.status == callInProgress {
		leg.participant = nil
		status := callCompleted
		if p.back != nil {
			status = callInProgress
		}
		p.conference.leave(p, leaving{by: ByRequest, kicked: true, callStatus: status})
		if p.back != nil {
			s.stopMusic(leg)
			p.back()
			return gone(), nil
		}
	}
	s.endByRequest(leg, callCompleted)
	return gone(), nil
}

func (s *Simulator) participantBody(p *participant) object {
	uri := "/2010-04-01/Accounts/" + p.call.account.sid + "/Conferences/" + p.conference.sid + "/Participants/" + p.call.sid + ".json"
	return object{
		"account_sid": p.call.account.sid, "call_sid": p.call.sid, "conference_sid": p.conference.sid, "label": textOrNull(p.label),
		"muted": p.muted, "hold": p.hold, "coaching": p.coaching, "call_sid_to_coach": textOrNull(p.coached),
		"start_conference_on_enter": p.startOnEnter, "end_conference_on_exit": p.endOnExit,
		"status": participantStatus[p.call.status], "queue_time": queueTime(p.call),
		"date_created": rfc2822(p.createdAt), "date_updated": rfc2822(p.updatedAt), "uri": uri,
	}
}
