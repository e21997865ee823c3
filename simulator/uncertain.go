package simulator

import (
	"math/rand/v2"
	"time"
)

// Uncertain holds what nobody outside Twilio knows for sure (facts, section L). Software that is
// right must hold under either answer to each; the zero value is the cautious one, chosen so that
// software relying on luck fails here first.
type Uncertain struct {
	// JoinBeforeAnswer (L1): participant-join of a leg with EarlyMedia=false is sent while it still
	// rings. Zero: it joins when it answers. Legs with EarlyMedia=true always join before (C.4).
	JoinBeforeAnswer bool

	// EndedConferenceIs400 (L2): adding a participant to a conference that has ended answers
	// 400/16022. Zero: 404/20404.
	EndedConferenceIs400 bool

	// UnansweredAssignmentCancels (L3): when the assignment callback and its fallback both fail, the
	// reservation is canceled and the task goes back. Zero: it stays pending until it times out.
	UnansweredAssignmentCancels bool

	// EmptyReplyAlerts (L4): a 200 without a body, "decided later", puts 40001 in the debugger. Zero: it
	// is taken without a word.
	EmptyReplyAlerts bool

	// WrapUpOnlyByTask (L5): a reservation cannot be updated to wrapping or completed, outside Flex; the
	// task can. Zero: both can.
	WrapUpOnlyByTask bool

	// ListsOmitAttributes (L6): lists of tasks and workers carry attributes null. Zero: in full.
	ListsOmitAttributes bool

	// WorkflowSidOptional (L7): a task may name no workflow when the workspace has only one. Zero:
	// it must name it.
	WorkflowSidOptional bool

	// BareETags (L8): an ETag is a number without quotes. Zero: in quotes. If-Match takes both.
	BareETags bool

	// IdempotencyTokens (L9): a call or participant is not created twice for requests with the same
	// I-Twilio-Idempotency-Token; the second gets the answer of the first. Zero: the header of webhooks
	// means nothing in a request.
	IdempotencyTokens bool

	// JoinGap (L10): how long after its answer a leg enters the room. Zero: at once.
	JoinGap time.Duration
	// JoinReportedFirst (L10): with no gap, participant-join is sent before the answered callback.
	// Zero: answered first.
	JoinReportedFirst bool

	// EndedWhileRinging (L11): the final status of a ringing leg that a request ends: a client leg
	// by any request, a telephone leg by Status=completed or by removing the participant.
	// "": canceled. Or "no-answer", or "completed".
	EndedWhileRinging string

	// RejectedCall is the final status of a call that the other end refuses with <Reject> and no reason.
	// "": busy. Or "failed", or "no-answer".
	RejectedCall string

	// ConferencesCountFromZero (L12): the first callback of a conference has SequenceNumber 0. Zero: 1.
	ConferencesCountFromZero bool

	// ClientsHaveGeography (L13): what is told of a softphone's call has FromCity, ToCountry and so on,
	// without values, and Caller and Called. Zero: only calls between telephones have them.
	ClientsHaveGeography bool

	// RejectRests (L15): for how long an agent who rejects without leaving is not offered the same task
	// again. Zero: it is offered again at once.
	RejectRests time.Duration

	// LateLeg (L16): what becomes of a leg that is still being rung when its conference ends.
	LateLeg LateLeg

	// NoWaitAfterStart (L17): who is left alone after a conference has started hears silence. Zero:
	// the WaitUrl is played again.
	NoWaitAfterStart bool

	// TimeoutsFromVirtualStart (L18): a target's timeout and a task's TTL count from the task's
	// VirtualStartTime. Zero: from its creation, as "age" is documented.
	TimeoutsFromVirtualStart bool

	// LabelsFreeWhileQueued (L19): the label of a leg still in the CPS queue may be used again in
	// the same conference. Zero: labels are unique among all live legs.
	LabelsFreeWhileQueued bool
	// LabelReadableAfter (L19): how long after its creation a labelled leg can first be found by its
	// label or in the list of participants. By its CallSid it is there at once.
	LabelReadableAfter time.Duration

	// UnknownParametersIgnored: a parameter that Twilio does not document is ignored, and one that is
	// not simulated too. Zero: 400/20001, so that a misspelling cannot pass for a setting.
	UnknownParametersIgnored bool

	// KeysActForSubaccounts: a key of the main account may name a subaccount in the path, as its token
	// may. Zero: 401/20003, one of the causes that the code's page names.
	KeysActForSubaccounts bool

	// FirstFilterOnly: a task whose last target times out is canceled though another filter further down
	// would match, and one that is skipped there goes to the default filter. Zero: it goes on to the next
	// filter that matches ("Workflows Overview").
	FirstFilterOnly bool

	// TimedOutOfferMovesOn: an offer that times out takes the task to its next target at once ("Timeout
	// evaluation"). Zero: it stays, and others are tried, until the target itself times out ("Workflows
	// and Assignment").
	TimedOutOfferMovesOn bool

	// RoundRobin: of agents who are equal, the one who was offered a task the longest time ago comes
	// first (A.4). Zero: the one who has been idle for the longest time.
	RoundRobin bool

	// InProgressWhenAlone: REST shows a conference as in-progress as soon as one leg has joined
	// (C.3, one measurement). Zero: init until it starts.
	InProgressWhenAlone bool
}

// LateLeg is what happens to a leg that is being rung while its conference ends (L16).
type LateLeg int

const (
	// LateLegEnds: it rings on, and when it answers Twilio ends it at once; it joins nothing.
	LateLegEnds LateLeg = iota
	// LateLegNewRoom: when it answers it joins a new, empty conference of the same name.
	LateLegNewRoom
	// LateLegHangUp: the ring is hung up (canceled) at the moment the conference ends.
	LateLegHangUp
)

// DrawUncertain answers every question one way or the other, for tests that want to hold under all
// answers: the same seed, the same answers; a switch is off in about two seeds of three.
func DrawUncertain(seed uint64) Uncertain {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	third := func() bool { return r.IntN(3) == 0 }
	upTo := func(most time.Duration) time.Duration {
		if d := time.Duration(r.Int64N(int64(most))).Round(time.Millisecond); third() {
			return d
		}
		return 0
	}
	return Uncertain{
		JoinBeforeAnswer: third(), EndedConferenceIs400: third(), UnansweredAssignmentCancels: third(),
		ListsOmitAttributes: third(), WorkflowSidOptional: third(), JoinReportedFirst: third(),
		JoinGap: upTo(1500 * time.Millisecond), EndedWhileRinging: []string{"", "no-answer", "completed"}[r.IntN(3)],
		RejectedCall: []string{"", "failed", "no-answer"}[r.IntN(3)],
		LateLeg:      LateLeg(r.IntN(3)), NoWaitAfterStart: third(), TimeoutsFromVirtualStart: third(),
		LabelsFreeWhileQueued: third(), LabelReadableAfter: upTo(4 * time.Second),
		UnknownParametersIgnored: third(), InProgressWhenAlone: third(), KeysActForSubaccounts: third(),
		EmptyReplyAlerts: third(), WrapUpOnlyByTask: third(), BareETags: third(), IdempotencyTokens: third(),
		ConferencesCountFromZero: third(), ClientsHaveGeography: third(), RejectRests: upTo(5 * time.Second), RoundRobin: third(),
		FirstFilterOnly: third(), TimedOutOfferMovesOn: third(),
	}
}
