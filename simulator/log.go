package simulator

import (
	"fmt"
	"time"
)

// What an entry of the log says happened.
const (
	Dialled       = "Dialled"       // a leg left the CPS queue towards the party
	Dials         = "Dials"         // the party dials in; Detail: the number
	Rings         = "Rings"         // the party's phone starts to ring
	StopsRinging  = "StopsRinging"  // it stops without an answer; Detail: the call's final status
	Answers       = "Answers"       // also an Answer: what a phone does unless told otherwise
	Joins         = "Joins"         // the leg enters a conference
	Leaves        = "Leaves"        // it leaves; Detail: ReasonParticipantLeft
	Hears         = "Hears"         // Detail: the spoken words, "play <url>", "silence", "ringing" or "the conversation"
	Says          = "Says"          // the party says something; Detail: the words, "play <url>" or "beep"
	Presses       = "Presses"       // the party presses keys; Detail: which
	HangsUp       = "HangsUp"       // the party puts the phone down
	Ended         = "Ended"         // the leg is over; Detail: the call's final status, By: who ended it
	Offered       = "Offered"       // an agent is offered a task
	OfferEnded    = "OfferEnded"    // Detail: the reservation's status
	StatusChanged = "StatusChanged" // an agent's status; Detail: its new name
	TaskChanged   = "TaskChanged"   // Detail: the task's new status
	RoomOpened    = "RoomOpened"    // a conference was created; Detail: its name
	RoomStarted   = "RoomStarted"   // its conversation began
	RoomEnded     = "RoomEnded"     // Detail: ReasonConferenceEnded
	Misbehaves    = "Misbehaves"    // a rule of Faults makes the party do something else; Detail: what
	Alerted       = "Alerted"       // Twilio's debugger; Detail: code and text
)

// Who ended a leg, in Entry.By.
const (
	ByParty      = "party"      // the person put the phone down, or declined
	ByRequest    = "request"    // a REST request
	ByConference = "conference" // its conference ended: by a request, or because another leg left
	ByTwilio     = "twilio"     // nobody answered in time, unreachable, time limit, end of the TwiML
)

// Entry is one thing a party experienced: the ground truth, independent of which webhooks arrived.
type Entry struct {
	At             time.Time `json:"at"`
	Party          string    `json:"party"` // number, or "client:anna", or "" when it is nobody's
	CallSID        string    `json:"call_sid,omitempty"`
	ConferenceSID  string    `json:"conference_sid,omitempty"`
	TaskSID        string    `json:"task_sid,omitempty"`
	ReservationSID string    `json:"reservation_sid,omitempty"`
	What           string    `json:"what"`
	Detail         string    `json:"detail,omitempty"`
	By             string    `json:"by,omitempty"`

	unseen bool // it is of the outside world: not for the log
}

func (e Entry) String() string {
	text := e.At.UTC().Format("15:04:05.000") + " " + e.What
	for _, part := range []string{e.Party, e.CallSID, e.ConferenceSID, e.TaskSID, e.ReservationSID, e.Detail} {
		if part != "" {
			text += " " + part
		}
	}
	if e.By != "" {
		text += " (by " + e.By + ")"
	}
	return text
}

// Request is one REST request that was served.
type Request struct {
	At      time.Time `json:"at"`
	Method  string    `json:"method"`
	Route   string    `json:"route"`             // e.g. "POST /v1/Workspaces/{WS}/Tasks"; "" when there is no such route
	Status  int       `json:"status"`            // as answered; 0 when the reply was lost
	Effect  bool      `json:"effect"`            // it was carried out (whatever was answered)
	Created string    `json:"created,omitempty"` // SID of what it made, even if nobody was told
	Summary string    `json:"summary,omitempty"` // SIDs and settings; never a number, a name or attributes
	Fault   string    `json:"fault,omitempty"`   // what an injected fault did to it, in words
}

// Leg is one party's call that has not ended.
type Leg struct {
	Party         string `json:"party"`
	CallSID       string `json:"call_sid"`
	Status        string `json:"status"`
	ConferenceSID string `json:"conference_sid,omitempty"`
	Label         string `json:"label,omitempty"`
}

// Log returns what has happened so far, oldest first.
func (s *Simulator) Log() []Entry {
	s.lock()
	defer s.unlock()
	entries, _ := s.log.since(0)
	return entries
}

// Requests returns every REST request served so far, oldest first.
func (s *Simulator) Requests() []Request {
	s.lock()
	defer s.unlock()
	requests, _ := s.requests.since(0)
	return requests
}

// LiveLegs returns the legs that have not ended, oldest first.
func (s *Simulator) LiveLegs() []Leg {
	s.lock()
	defer s.unlock()
	legs := []Leg{}
	for c := range s.liveCalls.all() {
		leg := Leg{Party: c.party, CallSID: c.sid, Status: c.publicStatus()}
		if c.participant != nil {
			leg.ConferenceSID, leg.Label = c.participant.conference.sid, c.participant.label
		}
		legs = append(legs, leg)
	}
	return legs
}

// Leftovers names whatever has not come to its end: legs, conferences, tasks, reservations. Empty
// means that nothing is left behind.
func (s *Simulator) Leftovers() []string {
	s.lock()
	defer s.unlock()
	left := []string{}
	for c := range s.liveCalls.all() {
		left = append(left, fmt.Sprintf("call %s to %s is %s", c.sid, c.party, c.status))
	}
	for a := range s.accounts.all() {
		left = append(left, a.leftovers()...)
	}
	return left
}

func (a *account) leftovers() []string {
	var left []string
	for c := range a.conferences.all() {
		if !conferenceMoves.final(c.status) {
			left = append(left, fmt.Sprintf("conference %s %q is %s", c.sid, c.name, c.status))
		}
	}
	for ws := range a.workspaces.all() {
		for t := range ws.tasks.all() {
			if !taskMoves.final(t.status) {
				left = append(left, fmt.Sprintf("task %s is %s", t.sid, t.status))
			}
			for _, r := range t.reservations {
				if !reservationMoves.final(r.status) {
					left = append(left, fmt.Sprintf("reservation %s of %s is %s", r.sid, r.agent.friendlyName, r.status))
				}
			}
		}
	}
	return left
}

// note writes the log. The logger gets no party: it may be a telephone number.
func (s *Simulator) note(e Entry) {
	if e.unseen {
		return
	}
	e.At = s.now()
	s.log.add(e)
	switch e.What {
	case Hears:
		s.hears[e.CallSID] = e
	case Says:
		s.says[e.CallSID] = e
	case Ended:
		delete(s.hears, e.CallSID)
		delete(s.says, e.CallSID)
	}
	s.logger.Debug("simulator", "what", e.What, "CallSid", e.CallSID, "ConferenceSid", e.ConferenceSID,
		"TaskSid", e.TaskSID, "ReservationSid", e.ReservationSID, "by", e.By)
}
