package switchboard

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// What is said to and by a call, and the names it is said under. Webhook and intake know the workflow by these alone.

// Temporal's names.
const (
	// CallWorkflow serves one request from beginning to end; its workflow ID is the CallID, its input a CallInput,
	// its result a Result.
	CallWorkflow = "Call"
	// ReapWorkflow ends a leg or a task that belongs to no running call; input Reap, workflow ID Reap.WorkflowID.
	ReapWorkflow = "Reap"
	// SweepWorkflow looks once over the whole workspace; a schedule runs it.
	SweepWorkflow = "Sweep"

	// CallQueue is the task queue of the workflows and of every activity but the dials.
	CallQueue = "switchboard-calls"
	// DialQueue is the task queue of the dials: rate-limited to the account's calls per second.
	DialQueue = "switchboard-dials"

	SignalOffer  = "offer"  // OfferNews
	SignalTask   = "task"   // TaskNews
	SignalLeg    = "leg"    // LegNews
	SignalRoom   = "room"   // RoomNews
	SignalCancel = "cancel" // Cancellation

	UpdateCancel       = "cancel"         // Cancellation
	UpdateHangUp       = "hang_up"        // HangUp
	UpdateFinishWrapUp = "finish_wrap_up" // WrapUp
	UpdateRejoin       = "rejoin"         // Rejoin

	QueryState    = "state"    // State
	QueryTimeline = "timeline" // []TimelineEntry
)

// CallInput starts a call.
type CallInput struct {
	Request Request `json:"request"`
	Policy  Policy  `json:"policy"`
	// Cancelled is set when the cancellation was read before the request: the call ends at once, and the request,
	// when it comes, finds its identity taken. Then only Source, ID and RequestedAt of the request are known.
	Cancelled *Cancellation `json:"cancelled,omitempty"`
	// Carried is the state of a long call that continues in a new run; nil at the start.
	Carried *Carried `json:"carried,omitempty"`
}

// Carried is what a call takes along when it continues as new while nobody is on the line.
type Carried struct {
	Attempt   int        `json:"attempt"`
	Withdrawn int        `json:"withdrawn"`
	Tasks     int        `json:"tasks"`
	Offers    int        `json:"offers"`
	Task      TaskSID    `json:"task,omitempty"`
	Declined  []AgentSID `json:"declined,omitempty"`
	// Agents are those whom the call was offered to, each once, the latest last.
	Agents []AgentSID `json:"agents,omitempty"`
	// Handled are the task's reservations that somebody was rung for: late news of them must not ring again.
	Handled []ReservationSID `json:"handled,omitempty"`
	RetryAt time.Time        `json:"retry_at,omitzero"`
	// Outbox are events that Kafka has not acknowledged yet.
	Outbox   []Event         `json:"outbox,omitempty"`
	Sequence int             `json:"sequence"`
	Timeline []TimelineEntry `json:"timeline,omitempty"`
	Since    time.Time       `json:"since"`
	// Stage and Details are what people see until the next stage begins.
	Stage   Stage  `json:"stage,omitempty"`
	Details string `json:"details,omitempty"`
}

// Cancellation withdraws a request.
type Cancellation struct {
	Reason Reason `json:"reason"`       // ReasonRequester or ReasonOperator
	By     string `json:"by,omitempty"` // who: a system's or a colleague's name, never the caller's
}

// HangUp ends a conversation on behalf of an agent or an operator.
type HangUp struct {
	By Party `json:"by"` // PartyAgent or PartySwitchboard
}

// Rejoin brings an agent back into the call whose page was loaded again: another leg takes the place of the lost one.
type Rejoin struct {
	Agent AgentSID `json:"agent"`
}

// RejoinParameter is the custom parameter of a leg that brings an agent back: the page answers it by itself.
const RejoinParameter = "rejoin"

// WrapUp ends an agent's wrap-up early, with what came of the conversation.
type WrapUp struct {
	Disposition string `json:"disposition,omitempty"`
	Note        string `json:"note,omitempty"`
}

// MaxDispositionLength and MaxNoteLength bound what an agent writes about a conversation.
const (
	MaxDispositionLength = 64
	MaxNoteLength        = 4000
)

// State answers the state query.
type State struct {
	Stage   Stage     `json:"stage"`
	Since   time.Time `json:"since"`
	Attempt int       `json:"attempt"`
	Offer   int       `json:"offer,omitempty"`
	Task    TaskSID   `json:"task,omitempty"`
	// Agent is whose the call is now; Agents are all it was offered to, each once, the latest last.
	Agent  AgentSID   `json:"agent,omitempty"`
	Agents []AgentSID `json:"agents,omitempty"`
	// AgentLeg, CallerLeg and Conference are empty until Twilio has named them.
	AgentLeg   CallSID       `json:"agent_leg,omitempty"`
	CallerLeg  CallSID       `json:"caller_leg,omitempty"`
	Conference ConferenceSID `json:"conference,omitempty"`
	// WrapUpUntil is when the agent's notes are over at the latest, while they are being finished.
	WrapUpUntil time.Time `json:"wrap_up_until,omitzero"`
	// LastOutcome is how the last attempt ended and RetryAt when the next begins, while one is planned.
	LastOutcome Outcome   `json:"last_outcome,omitempty"`
	RetryAt     time.Time `json:"retry_at,omitzero"`
	Details     string    `json:"details"`
	Result      *Result   `json:"result,omitempty"`
}

// TimelineEntry is one line of what happened to a call, in plain words without personal data.
type TimelineEntry struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// News is what Twilio tells about a call, by webhook, or what was found by looking. It may come twice, late or in any
// order; the workflow only ever moves forward on it.

// TaskRef names a task by what we put into its attributes: the call and the how-manieth task of that call it is.
// TaskRouter creates a second task when the answer to the first request is lost; both carry the same TaskRef.
type TaskRef struct {
	Call    CallID `json:"call"`
	Task    int    `json:"task"`
	Attempt int    `json:"attempt"`
}

// ReservationStatus is TaskRouter's.
type ReservationStatus string

const (
	ReservationPending   ReservationStatus = "pending"
	ReservationAccepted  ReservationStatus = "accepted"
	ReservationRejected  ReservationStatus = "rejected"
	ReservationTimeout   ReservationStatus = "timeout"
	ReservationCanceled  ReservationStatus = "canceled"
	ReservationRescinded ReservationStatus = "rescinded"
	ReservationWrapping  ReservationStatus = "wrapping"
	ReservationCompleted ReservationStatus = "completed"
)

// OfferNews says where a reservation of one of the call's tasks stands.
type OfferNews struct {
	Ref         TaskRef           `json:"ref"`
	Task        TaskSID           `json:"task"`
	Reservation ReservationSID    `json:"reservation"`
	Status      ReservationStatus `json:"status"`
	Agent       AgentSID          `json:"agent"`
	AgentName   string            `json:"agent_name,omitempty"`
	// ContactURI is where the agent's softphone is reached, e.g. client:anna. Empty: not told.
	ContactURI string `json:"contact_uri,omitempty"`
	Queue      string `json:"queue,omitempty"` // its name
	Via        string `json:"via"`             // assignment, event, sweep or look
}

// TaskStatus is TaskRouter's.
type TaskStatus string

const (
	TaskPending   TaskStatus = "pending"
	TaskReserved  TaskStatus = "reserved"
	TaskAssigned  TaskStatus = "assigned"
	TaskWrapping  TaskStatus = "wrapping"
	TaskCompleted TaskStatus = "completed"
	TaskCanceled  TaskStatus = "canceled"
	TaskGone      TaskStatus = "gone" // ours: Twilio knows no such task (any more)
)

// Over reports whether nothing more can come of the task.
func (s TaskStatus) Over() bool { return s == TaskCompleted || s == TaskCanceled || s == TaskGone }

// TaskNews says where a task stands.
type TaskNews struct {
	Ref    TaskRef    `json:"ref"`
	Task   TaskSID    `json:"task"`
	Status TaskStatus `json:"status"`
	Queue  string     `json:"queue,omitempty"`
	Via    string     `json:"via"`
}

// LegRef names a leg before Twilio does: it travels in the leg's callback URLs and makes its label. The caller's leg
// of an attempt exists at most once; an agent's leg once an offer.
type LegRef struct {
	Call    CallID `json:"call"`
	Attempt int    `json:"attempt"`
	Offer   int    `json:"offer"`
	Party   Party  `json:"party"`
}

// Label is the leg's participant label, unique in its conference.
func (r LegRef) Label() string { return fmt.Sprintf("%s-%d-%d", r.Party, r.Attempt, r.Offer) }

// Query is the form in which a LegRef travels in a callback URL.
func (r LegRef) Query() url.Values {
	return url.Values{
		"call": {string(r.Call)}, "attempt": {strconv.Itoa(r.Attempt)}, "offer": {strconv.Itoa(r.Offer)}, "party": {string(r.Party)},
	}
}

// ParseLegRef reads what Query wrote.
func ParseLegRef(q url.Values) (LegRef, error) {
	r := LegRef{Call: CallID(q.Get("call")), Party: Party(q.Get("party"))}
	if _, _, err := r.Call.Split(); err != nil {
		return LegRef{}, fmt.Errorf("call: %w", err)
	}
	var err1, err2 error
	r.Attempt, err1 = strconv.Atoi(q.Get("attempt"))
	r.Offer, err2 = strconv.Atoi(q.Get("offer"))
	if err1 != nil || err2 != nil || r.Attempt < 1 || r.Offer < 1 {
		return LegRef{}, fmt.Errorf("attempt and offer must be positive numbers")
	}
	if r.Party != PartyAgent && r.Party != PartyCaller {
		return LegRef{}, fmt.Errorf("party must be %s or %s", PartyAgent, PartyCaller)
	}
	return r, nil
}

// LegOfLabel is the leg of a call that a participant's label names; false for a label that is none of ours.
func LegOfLabel(call CallID, label string) (LegRef, bool) {
	party, rest, _ := strings.Cut(label, "-")
	attempt, offer, _ := strings.Cut(rest, "-")
	r, err := ParseLegRef(url.Values{"call": {string(call)}, "attempt": {attempt}, "offer": {offer}, "party": {party}})
	return r, err == nil && r.Label() == label
}

// LegStatus is Twilio's CallStatus.
type LegStatus string

const (
	LegUnknown    LegStatus = ""
	LegQueued     LegStatus = "queued"
	LegInitiated  LegStatus = "initiated"
	LegRinging    LegStatus = "ringing"
	LegInProgress LegStatus = "in-progress"
	LegCompleted  LegStatus = "completed"
	LegBusy       LegStatus = "busy"
	LegFailed     LegStatus = "failed"
	LegNoAnswer   LegStatus = "no-answer"
	LegCanceled   LegStatus = "canceled"
)

// Rank orders statuses by how far a leg has come; a leg never goes back.
func (s LegStatus) Rank() int {
	switch s {
	case LegQueued:
		return 1
	case LegInitiated:
		return 2
	case LegRinging:
		return 3
	case LegInProgress:
		return 4
	case LegCompleted, LegBusy, LegFailed, LegNoAnswer, LegCanceled:
		return 5
	default: // a word Twilio has invented since
		return 0
	}
}

// Over reports whether the leg has ended.
func (s LegStatus) Over() bool { return s.Rank() == 5 }

// LegNews says where a leg stands.
type LegNews struct {
	Ref    LegRef    `json:"ref"`
	Leg    CallSID   `json:"leg"`
	Status LegStatus `json:"status,omitempty"` // unknown in an answering-machine result
	// Seconds is how long the leg was up, told once it has ended; -1 when not told.
	Seconds int `json:"seconds"`
	// AnsweredBy is the answering-machine detection's result: human, machine_start, fax, unknown.
	AnsweredBy string    `json:"answered_by,omitempty"`
	At         time.Time `json:"at,omitzero"` // by Twilio's clock
	Via        string    `json:"via"`
}

// RoomNews says what happened in a conference.
type RoomNews struct {
	// Ref is that of the agent's leg, whose callbacks the conference has: Party says nothing here.
	Ref        LegRef        `json:"ref"`
	Conference ConferenceSID `json:"conference"`
	Event      RoomEvent     `json:"event"`
	// Leg and Label are those of the participant; for RoomEnded of the one whose going ended it.
	Leg   CallSID `json:"leg,omitempty"`
	Label string  `json:"label,omitempty"`
	// Status is how far the participant's leg was when it left; final if it has ended.
	Status LegStatus `json:"status,omitempty"`
	// HungUp: the participant left by hanging up, rather than by being removed.
	HungUp bool      `json:"hung_up,omitempty"`
	At     time.Time `json:"at,omitzero"`
	Via    string    `json:"via"`
}

// RoomEvent is what happened in a conference.
type RoomEvent string

const (
	RoomJoined RoomEvent = "participant-join"
	RoomLeft   RoomEvent = "participant-leave"
	RoomEnded  RoomEvent = "conference-end"
)

// Reap asks to end what no running call owns. One of the two is set.
type Reap struct {
	Leg  CallSID `json:"leg,omitempty"`
	Task TaskSID `json:"task,omitempty"`
}

// WorkflowID is the same for the same leg or task, so that many callbacks of one stray make one reaper.
func (r Reap) WorkflowID() string { return "reap/" + string(r.Leg) + string(r.Task) }

// The paths of the webhook process. Twilio is given these, on the public URL, when a leg is dialled or the workspace
// is set up.
const (
	PathTaskAssigned = "/task_assigned"     // TaskRouter's assignment callback
	PathTaskEvents   = "/taskrouter_events" // TaskRouter's event callback
	PathLeg          = "/leg"               // call status of one leg; query LegRef
	PathRoom         = "/conference"        // conference status; query LegRef of the agent's leg
	PathMachine      = "/answered_by"       // answering-machine result of the caller's leg; query LegRef
	PathRingback     = "/twiml/ringback"    // what the agent hears until the caller is there
	PathOneMoment    = "/twiml/one-moment"  // what a caller hears while no agent is in the room
	PathCalledBack   = "/twiml/called-back" // what somebody hears who rings the number that callers see
)
