package activities

import (
	"time"

	sb "switchboard"
)

// The inputs and results of the activities. They are stored in histories: fields may be added, never renamed.

// CreateTaskInput asks for a task in TaskRouter's queue. The activity is repeated after an unknown result, so there may
// be twins: tasks with the same Ref. The workflow keeps the first it hears of and closes the others.
type CreateTaskInput struct {
	Ref         sb.TaskRef    `json:"ref"`
	RequestedAt time.Time     `json:"requested_at"` // the place in the queue (VirtualStartTime)
	Priority    int           `json:"priority,omitempty"`
	Skills      []string      `json:"skills,omitempty"`
	Name        string        `json:"name,omitempty"`   // for the agent's screen, with Reason
	Reason      string        `json:"reason,omitempty"` //
	Declined    []sb.AgentSID `json:"declined,omitempty"`
	// Expires is when TaskRouter may drop the task by itself, should we be gone for good.
	Expires time.Time `json:"expires"`
}

type CreateTaskResult struct {
	Task  sb.TaskSID `json:"task"`
	Queue string     `json:"queue,omitempty"` // its name
}

// CloseTaskInput asks to bring a task to its end whatever its state: a waiting or reserved one is cancelled, an
// assigned one completed, one that is over or gone is left.
type CloseTaskInput struct {
	Task   sb.TaskSID `json:"task"`
	Reason string     `json:"reason"` // shown in TaskRouter; a code such as an Outcome
}

type CloseTaskResult struct {
	Status sb.TaskStatus `json:"status"`
}

// ExcludeInput sets the agents a task is kept away from; an empty list lets everybody have it again.
type ExcludeInput struct {
	Task     sb.TaskSID    `json:"task"`
	Declined []sb.AgentSID `json:"declined"`
}

// LookAtTaskInput asks where a task stands, and its reservations.
type LookAtTaskInput struct {
	Ref  sb.TaskRef `json:"ref"`
	Task sb.TaskSID `json:"task"`
}

type LookAtTaskResult struct {
	Task   sb.TaskNews    `json:"task"`
	Offers []sb.OfferNews `json:"offers,omitempty"`
}

// OfferInput names a reservation.
type OfferInput struct {
	Task        sb.TaskSID        `json:"task"`
	Reservation sb.ReservationSID `json:"reservation"`
}

// RejectOfferInput gives a reservation back, so that the task is offered to the next agent. A missed one moves the
// agent to the status "Missed call", which only the agent ends; otherwise the agent's status stays.
type RejectOfferInput struct {
	OfferInput
	Missed bool `json:"missed"`
}

// OfferResult says where the reservation stands after the activity, whoever brought it there.
type OfferResult struct {
	Status sb.ReservationStatus `json:"status"` // "" when Twilio knows no such reservation
}

// DialAgentInput asks to ring an agent's softphone into a room of its own.
type DialAgentInput struct {
	Ref  sb.LegRef `json:"ref"`
	Room string    `json:"room"` // the conference's name: new for every offer, nothing personal
	// Conference is the room of an agent who comes back into a call, in place of Room: by name a new one could open.
	Conference sb.ConferenceSID `json:"conference,omitempty"`
	// Rejoin has the page answer by itself.
	Rejoin     bool        `json:"rejoin,omitempty"`
	Agent      sb.AgentSID `json:"agent"`
	ContactURI string      `json:"contact_uri,omitempty"` // empty: read from the agent's attributes
	Rings      sb.Duration `json:"rings"`
	TimeLimit  sb.Duration `json:"time_limit"`
	// NotAfter: a worker that was paused must not ring an agent whose offer has passed.
	NotAfter time.Time `json:"not_after"`
}

// DialCallerInput asks to ring the caller's phone into the room where the agent waits.
type DialCallerInput struct {
	Ref           sb.LegRef        `json:"ref"`
	Conference    sb.ConferenceSID `json:"conference"` // by SID: by name a new, empty room could open
	Phone         string           `json:"phone"`
	Locale        string           `json:"locale,omitempty"`
	Rings         sb.Duration      `json:"rings"`
	TimeLimit     sb.Duration      `json:"time_limit"`
	DetectMachine bool             `json:"detect_machine,omitempty"`
	NotAfter      time.Time        `json:"not_after"` // checked right before the request is written
}

// Dialled says what became of a dial. An error from a dial activity means the same as Ambiguous.
type Dialled struct {
	Result     DialResult       `json:"result"`
	Leg        sb.CallSID       `json:"leg,omitempty"`
	Conference sb.ConferenceSID `json:"conference,omitempty"`
	// Queued is how long Twilio will hold the dial back for the account's calls per second.
	Queued sb.Duration `json:"queued,omitempty"`
	// Code is Twilio's error code, or the HTTP status if it gave none.
	Code int `json:"code,omitempty"`
	// Repeated: the dial was posted again after an unclear answer, so there may be a twin of the leg.
	Repeated bool `json:"repeated,omitempty"`
}

type DialResult string

const (
	Placed DialResult = "placed" // Twilio has it; the leg will ring
	// NotSent: nothing was executed. The deadline had passed, no connection was made, or 429 until the deadline.
	NotSent DialResult = "not_sent"
	// BadNumber: refused because of the number; it cannot be rung.
	BadNumber DialResult = "bad_number"
	// NoRoom: refused because the conference has ended.
	NoRoom DialResult = "no_room"
	// Refused for any other reason: ours, or the account's.
	Refused DialResult = "refused"
	// Ambiguous: it may ring. Time-outs, broken connections, 5xx.
	Ambiguous DialResult = "ambiguous"
)

// FindLegInput asks for traces of a leg whose dial had no clear answer.
type FindLegInput struct {
	Ref        sb.LegRef        `json:"ref"`
	Conference sb.ConferenceSID `json:"conference,omitempty"` // or, when unknown,
	Room       string           `json:"room,omitempty"`       // the conference's name
	To         string           `json:"to"`                   // E.164 or client:…
	Since      time.Time        `json:"since"`                // when the dial was decided
	Known      []sb.CallSID     `json:"known,omitempty"`      // legs it cannot be
}

type FindLegResult struct {
	Found bool       `json:"found"`
	Leg   sb.LegNews `json:"leg,omitzero"`
	// InRoom: the leg is connected in the conference.
	InRoom bool `json:"in_room,omitempty"`
}

// LookAtLegsInput asks where legs and their conference stand.
type LookAtLegsInput struct {
	Conference sb.ConferenceSID `json:"conference,omitempty"`
	Agent      LegToLookAt      `json:"agent,omitzero"`
	Caller     LegToLookAt      `json:"caller,omitzero"` // an empty Leg is not looked at
}

type LegToLookAt struct {
	Ref sb.LegRef  `json:"ref"`
	Leg sb.CallSID `json:"leg,omitempty"`
}

// LookAtLegsResult is what webhooks would have told, in the same words. A leg that Twilio does not know (yet) is left
// out: fetches are only eventually consistent.
type LookAtLegsResult struct {
	Legs []sb.LegNews  `json:"legs,omitempty"`
	Room []sb.RoomNews `json:"room,omitempty"` // who is in, and the end if it has ended
}

// EndLegInput asks to end a leg in any state, and to see it ended.
type EndLegInput struct {
	Ref sb.LegRef  `json:"ref"`
	Leg sb.CallSID `json:"leg"`
}

type EndLegResult struct {
	Leg sb.LegNews `json:"leg"`
	// Already: it had ended before; this activity did not end it.
	Already bool `json:"already,omitempty"`
	// Taken: Twilio took the request to end it, so it was up until then. With neither, nobody can tell: an answer was lost.
	Taken bool `json:"taken,omitempty"`
}

// EndRoomInput asks to end a conference, by SID, or by name when no SID was ever learned.
type EndRoomInput struct {
	Conference sb.ConferenceSID `json:"conference,omitempty"`
	Room       string           `json:"room,omitempty"`
}

// BindAgentInput makes the conference end with the agent's leg: from now on neither side is left alone, even if we die.
type BindAgentInput struct {
	Conference sb.ConferenceSID `json:"conference"`
	Leg        sb.CallSID       `json:"leg"`
	// Loose makes it the other way round: the conference outlives the leg.
	Loose bool `json:"loose,omitempty"`
}

// WithdrawInput takes back a ring because the agent has gone. A caller who has picked up already hears an apology.
type WithdrawInput struct {
	Ref    sb.LegRef  `json:"ref"`
	Leg    sb.CallSID `json:"leg"`
	Locale string     `json:"locale,omitempty"`
}

type WithdrawResult struct {
	// Apologised: the caller had picked up and hears the apology; the leg ends by itself after it.
	Apologised bool `json:"apologised"`
	// Already: the leg had ended before; nothing was withdrawn.
	Already bool       `json:"already,omitempty"`
	Leg     sb.LegNews `json:"leg"`
}

// PublishInput asks to write events to TopicEvents, in this order.
type PublishInput struct {
	Events []sb.Event `json:"events"`
}

// SweepResult counts what a sweep found.
type SweepResult struct {
	Reserved int `json:"reserved"` // tasks with a reservation looked at
	Told     int `json:"told"`     // calls that were told of a reservation they might have missed
	Closed   int `json:"closed"`   // tasks that nobody owned
	Returned int `json:"returned"` // agents given back whom a timeout of our reservation had moved
	Failed   int `json:"failed"`   // what could not be done, left to the next sweep
}
