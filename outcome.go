package switchboard

// Outcome is what became of a request, or of one attempt of it.
type Outcome string

const (
	Completed   Outcome = "completed"     // a conversation took place
	Busy        Outcome = "busy"          // the caller's line was engaged
	NoAnswer    Outcome = "no_answer"     // it rang and nobody picked up
	Unreachable Outcome = "unreachable"   // the number cannot be rung
	HungUpEarly Outcome = "hung_up_early" // the caller picked up and hung up at once
	Voicemail   Outcome = "voicemail"     // a machine picked up, and the request had asked to tell
	Missed      Outcome = "missed"        // no agent was free in time, or the request was too old when it was read
	Cancelled   Outcome = "cancelled"     // withdrawn by whoever asked
	Uncertain   Outcome = "uncertain"     // the caller may have been rung and nobody can tell
	Failed      Outcome = "failed"        // our fault
)

// Reasons refine an outcome. They are codes, never free text: they stand where personal data may not.
type Reason string

const (
	ReasonNone       Reason = ""
	ReasonStale      Reason = "stale"       // the deadline had passed before the request was read
	ReasonDeadline   Reason = "deadline"    // the deadline passed while waiting for an agent
	ReasonAgentLeft  Reason = "agent_left"  // the agent dropped while the caller's phone rang; the ring was withdrawn
	ReasonApologised Reason = "apologised"  // the agent dropped, and the caller, who had picked up, heard an apology
	ReasonNotDialled Reason = "not_dialled" // the caller's leg could not be posted in time; it was never rung
	ReasonRefused    Reason = "refused"     // Twilio refused to dial for a reason that is not the number's
	ReasonNoEvidence Reason = "no_evidence" // the dial's answer was lost and no trace of a leg was found
	ReasonRequester  Reason = "requester"   // cancelled by the system that had asked
	ReasonOperator   Reason = "operator"    // cancelled by a person of the call centre
	ReasonTalkLimit  Reason = "talk_limit"  // the conversation reached the longest time allowed
)

// Party is who takes part in a call.
type Party string

const (
	PartyNone        Party = ""
	PartyAgent       Party = "agent"
	PartyCaller      Party = "caller"
	PartySwitchboard Party = "switchboard" // we ended it: talk limit, cancelled, an operator
)

// Stage is where a call is.
type Stage string

const (
	StageQueued        Stage = "queued"         // a task waits in TaskRouter for an agent
	StageAgentRinging  Stage = "agent_ringing"  // an agent is offered the call, the softphone rings
	StageAgentJoined   Stage = "agent_joined"   // the agent is on the line, the reservation accepted
	StageCallerRinging Stage = "caller_ringing" // the caller's phone is being rung
	StageConnected     Stage = "connected"      // agent and caller are in one conference
	StageWrappingUp    Stage = "wrapping_up"    // the conversation is over, the agent finishes the notes
	StageRetryPlanned  Stage = "retry_planned"  // an attempt failed, the next one has a time
	StageEnded         Stage = "ended"
)

// Result is what a call's workflow returns and what the ended event says.
type Result struct {
	Outcome  Outcome `json:"outcome"`
	Reason   Reason  `json:"reason,omitempty"`
	HungUpBy Party   `json:"hung_up_by,omitempty"`
	// Attempts is how many attempts were begun.
	Attempts int `json:"attempts"`
	// TalkSeconds is the length of the conversation, 0 if there was none.
	TalkSeconds int    `json:"talk_seconds,omitempty"`
	Disposition string `json:"disposition,omitempty"`
	Note        string `json:"note,omitempty"`
}
