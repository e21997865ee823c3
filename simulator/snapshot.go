package simulator

import (
	"maps"
	"slices"
	"time"
)

// Snapshot is everything as it is at one instant, as GET /simulator/state tells it. Lists are in the
// order of creation unless they say otherwise. What has ended is left out, except for the last calls
// and for tasks that can still be read.
type Snapshot struct {
	At time.Time `json:"at"` // by the simulator's clock; all ages are to be counted from here

	WebhooksOn  bool `json:"webhooks_on"`
	WebhooksOut int  `json:"webhooks_out"` // sent, and not answered yet

	Accounts    []AccountState    `json:"accounts"` // the first is the one of Options
	Conferences []ConferenceState `json:"conferences"`
	Calls       []CallState       `json:"calls"`       // live legs, in a conference or not
	EndedCalls  []CallState       `json:"ended_calls"` // the last 100, the latest first
	Workspaces  []WorkspaceState  `json:"workspaces"`
	Numbers     []NumberState     `json:"numbers"`    // those that accounts own
	Phones      []PhoneState      `json:"phones"`     // those set; any other behaves by its last digits
	Softphones  []SoftphoneState  `json:"softphones"` // the registered ones
}

// AccountState is an account, or a subaccount.
type AccountState struct {
	SID    string `json:"sid"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Parent string `json:"parent,omitempty"` // SID of the account it belongs to
}

// ConferenceState is a conference that has not ended.
type ConferenceState struct {
	SID         string    `json:"sid"`
	AccountSID  string    `json:"account_sid"`
	Name        string    `json:"name"`
	Status      string    `json:"status"` // init until the conversation starts, then in-progress
	StatusSince time.Time `json:"status_since"`
	CreatedAt   time.Time `json:"created_at"`
	CallSIDs    []string  `json:"call_sids"` // every leg meant for it, joined or not
}

// CallState is one leg: one party's call.
type CallState struct {
	SID        string `json:"sid"`
	AccountSID string `json:"account_sid"`
	Direction  string `json:"direction"`            // outbound-api, outbound-dial or inbound
	ParentSID  string `json:"parent_sid,omitempty"` // of the call whose Dial made it
	Party      string `json:"party"`                // the person's end: number, or "client:anna"
	From       string `json:"from"`
	To         string `json:"to"`
	// Status is Twilio's, and "initiated" between queued and ringing, which its REST API calls queued.
	Status      string    `json:"status"`
	StatusSince time.Time `json:"status_since"`
	QueueMS     int64     `json:"queue_ms"` // how long it has to wait for the account's rate
	CreatedAt   time.Time `json:"created_at"`
	DialledAt   time.Time `json:"dialled_at,omitzero"`
	AnsweredAt  time.Time `json:"answered_at,omitzero"`
	AnsweredBy  string    `json:"answered_by,omitempty"` // by answering-machine detection
	EndedAt     time.Time `json:"ended_at,omitzero"`
	EndedBy     string    `json:"ended_by,omitempty"` // party, request, conference or twilio
	SIPCode     int       `json:"sip_code,omitempty"` // how the other end reacted, e.g. 486

	// Hears is what the party hears now: the spoken words, "play <url>", "silence", "ringing" or
	// "the conversation". Empty until it is answered.
	Hears      string    `json:"hears,omitempty"`
	HearsSince time.Time `json:"hears_since,omitzero"`
	Says       string    `json:"says,omitempty"` // what the party is saying, as in the log
	// HearsCalls are the calls whose parties it hears: in the conference, or at the other end of a Dial.
	HearsCalls []string `json:"hears_calls,omitempty"`

	ConferenceSID string            `json:"conference_sid,omitempty"` // where it is, or was when it ended
	Participant   *ParticipantState `json:"participant,omitempty"`    // not for a call of its own, nor after its end
}

// ParticipantState is a leg as its conference sees it.
type ParticipantState struct {
	Label                  string `json:"label,omitempty"`
	Joined                 bool   `json:"joined"` // it is in the room; before that it is only meant for it
	Muted                  bool   `json:"muted"`
	Hold                   bool   `json:"hold"`
	Coaching               bool   `json:"coaching"`
	CallSIDToCoach         string `json:"call_sid_to_coach,omitempty"`
	StartConferenceOnEnter bool   `json:"start_conference_on_enter"`
	EndConferenceOnExit    bool   `json:"end_conference_on_exit"`
}

// NumberState is a telephone number that an account owns, and where people can dial in.
type NumberState struct {
	SID        string `json:"sid"`
	AccountSID string `json:"account_sid"`
	Number     string `json:"number"`
	Name       string `json:"name"`
}

// PhoneState is how a telephone behaves, as POST /simulator/phones sets it.
type PhoneState struct {
	Number        string `json:"number"`
	Rings         string `json:"rings"`
	Answer        Answer `json:"answer"`
	Talks         string `json:"talks"`
	HangsUpAtOnce bool   `json:"hangs_up_at_once"`
	Voicemail     bool   `json:"voicemail"`
	Lines         int    `json:"lines"`
	Document      string `json:"document,omitempty"`  // the TwiML that answers
	VoiceURL      string `json:"voice_url,omitempty"` // where it is fetched
}

// SoftphoneState is how an agent's softphone behaves, as POST /simulator/softphones sets it.
type SoftphoneState struct {
	AccountSID     string `json:"account_sid"`
	Identity       string `json:"identity"`
	Rings          string `json:"rings"`
	Answer         Answer `json:"answer"`
	HangsUpAfter   string `json:"hangs_up_after"`
	DropsAfter     string `json:"drops_after"`
	DeclinesOffers int    `json:"declines_offers"` // how many it still declines
}

// endedCallsShown is how many of the calls that ended a snapshot tells.
const endedCallsShown = 100

// Snapshot returns everything as it is now. Nothing changes by looking.
func (s *Simulator) Snapshot() Snapshot {
	s.lock()
	defer s.mu.Unlock() // nothing was decided, so there is nothing to do outside, and nobody to wake
	now := Snapshot{
		At: s.now(), WebhooksOn: s.webhooksOn, WebhooksOut: s.webhooksOut,
		Accounts: []AccountState{}, Conferences: []ConferenceState{}, Calls: []CallState{}, EndedCalls: []CallState{},
		Workspaces: []WorkspaceState{}, Numbers: []NumberState{}, Phones: []PhoneState{}, Softphones: []SoftphoneState{},
	}
	at := map[*call]int{}
	for c := range s.liveCalls.all() {
		at[c] = len(now.Calls)
		now.Calls = append(now.Calls, s.callState(c))
	}
	for c := range s.liveCalls.all() {
		if d := c.dialledBy; d != nil && d.bridged && d.won == c {
			leg, caller := &now.Calls[at[c]], &now.Calls[at[d.p.call]]
			leg.HearsCalls, caller.HearsCalls = []string{caller.SID}, []string{leg.SID}
		}
	}
	for a := range s.accounts.all() {
		now.add(a)
	}
	slices.SortStableFunc(now.EndedCalls, func(a, b CallState) int { return b.EndedAt.Compare(a.EndedAt) })
	now.EndedCalls = now.EndedCalls[:min(len(now.EndedCalls), endedCallsShown)]
	for _, number := range slices.Sorted(maps.Keys(s.phones)) {
		p := s.phones[number]
		now.Phones = append(now.Phones, PhoneState{Number: number, Rings: p.Rings.String(), Answer: p.Answer,
			Talks: p.Talks.String(), HangsUpAtOnce: p.HangsUpAtOnce, Voicemail: p.Voicemail, Lines: p.Lines,
			Document: p.Document, VoiceURL: p.VoiceURL})
	}
	return now
}

func (now *Snapshot) add(a *account) {
	state := AccountState{SID: a.sid, Name: a.friendlyName, Status: a.status}
	if a.parent != nil {
		state.Parent = a.parent.sid
	}
	now.Accounts = append(now.Accounts, state)
	for c := range a.conferences.all() {
		if !conferenceMoves.final(c.status) {
			now.Conferences = append(now.Conferences, c.state())
		}
	}
	ended := a.endedCalls
	for _, c := range slices.Backward(ended[max(len(ended)-endedCallsShown, 0):]) {
		now.EndedCalls = append(now.EndedCalls, a.sim.callState(c))
	}
	for ws := range a.workspaces.all() {
		now.Workspaces = append(now.Workspaces, ws.state())
	}
	for n := range a.numbers.all() {
		now.Numbers = append(now.Numbers, NumberState{SID: n.sid, AccountSID: a.sid, Number: n.e164, Name: n.friendlyName})
	}
	for _, identity := range slices.Sorted(maps.Keys(a.softphones)) {
		p := a.softphones[identity]
		now.Softphones = append(now.Softphones, SoftphoneState{AccountSID: a.sid, Identity: identity, Rings: p.Rings.String(),
			Answer: p.Answer, HangsUpAfter: p.HangsUpAfter.String(), DropsAfter: p.DropsAfter.String(), DeclinesOffers: p.DeclinesOffers})
	}
}

func (c *conference) state() ConferenceState {
	state := ConferenceState{SID: c.sid, AccountSID: c.account.sid, Name: c.name, Status: c.status,
		StatusSince: c.updatedAt, CreatedAt: c.createdAt, CallSIDs: []string{}}
	for _, p := range c.participants {
		state.CallSIDs = append(state.CallSIDs, p.call.sid)
	}
	return state
}

func (s *Simulator) callState(c *call) CallState {
	heard := s.hears[c.sid]
	state := CallState{
		SID: c.sid, AccountSID: c.account.sid, Direction: c.direction, ParentSID: c.parent, Party: c.party, From: c.from, To: c.to,
		Status: c.status, StatusSince: c.updatedAt, QueueMS: c.queueTime.Milliseconds(),
		CreatedAt: c.createdAt, DialledAt: c.dialledAt, AnsweredAt: c.answeredAt, AnsweredBy: c.answeredBy,
		EndedAt: c.endedAt, EndedBy: c.endedBy, SIPCode: c.sipCode,
		Hears: heard.Detail, HearsSince: heard.At, ConferenceSID: c.room,
	}
	if c.speaking {
		state.Says = s.says[c.sid].Detail
	}
	if p := c.participant; p != nil {
		for _, other := range p.conference.hears(p) {
			state.HearsCalls = append(state.HearsCalls, other.call.sid)
		}
		state.Participant = &ParticipantState{
			Label: p.label, Joined: p.joined, Muted: p.muted, Hold: p.hold, Coaching: p.coaching, CallSIDToCoach: p.coached,
			StartConferenceOnEnter: p.startOnEnter, EndConferenceOnExit: p.endOnExit,
		}
	}
	return state
}
