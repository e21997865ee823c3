package switchboard

import (
	"fmt"
	"time"
)

// Topics on Kafka.
const (
	TopicRequests    = "call.requests"     // other systems ask here
	TopicEvents      = "call.events"       // and read here what became of it
	TopicDeadLetters = "call.requests.dlq" // what could not be understood, with the reason
)

// Types of the events on those topics (CloudEvents).
const (
	TypeRequested = "switchboard.call.requested.v1"
	TypeCancelled = "switchboard.call.cancelled.v1" // its subject is the id of the same source's request
)

// EventType is the type of the event that tells a call has reached a stage.
func EventType(s Stage) string { return "switchboard.call." + string(s) + ".v1" }

// Event is one step in the life of a call, as other systems read it from TopicEvents. It holds no name and no number:
// a reader knows the request by its source and id.
type Event struct {
	Call     CallID    `json:"call"`
	Sequence int       `json:"sequence"` // from 1, without gaps
	Time     time.Time `json:"time"`
	Data     EventData `json:"data"`
}

// EventData is the data of an Event.
type EventData struct {
	Stage   Stage    `json:"stage"`
	Attempt int      `json:"attempt,omitempty"`
	Agent   AgentSID `json:"agent,omitempty"`
	Queue   string   `json:"queue,omitempty"`
	// Outcome and Reason tell how the attempt went (retry_planned) or how the request ended (ended).
	Outcome     Outcome   `json:"outcome,omitempty"`
	Reason      Reason    `json:"reason,omitempty"`
	HungUpBy    Party     `json:"hung_up_by,omitempty"`
	Attempts    int       `json:"attempts,omitempty"`
	RetryAt     time.Time `json:"retry_at,omitzero"`
	TalkSeconds int       `json:"talk_seconds,omitempty"`
	Disposition string    `json:"disposition,omitempty"`
	Note        string    `json:"note,omitempty"`
}

// ID is the event's CloudEvents id: the same each time the event is sent, so that a reader can tell a repetition.
func (e Event) ID() string { return fmt.Sprintf("%s/%d", e.Call, e.Sequence) }
