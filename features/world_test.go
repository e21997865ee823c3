package features

import (
	"strings"
	"time"

	sb "switchboard"
	"switchboard/simulator"
)

// World is where the sentences come true. Its methods do one thing at once; only Await lets time pass.
type World interface {
	// Now is the time in this world.
	Now() time.Time
	// Desk is where an agent works.
	Desk(agent string) Desk
	// Clear ends what earlier calls have left.
	Clear() error
	// SetStatus changes an agent's status as another system would: through Twilio's API.
	SetStatus(agent, status string) error
	// Caller is somebody with a telephone that behaves so and sounds so, in Hz.
	Caller(behaves string, hz int) (phone string, err error)
	// Change changes how a caller's telephone behaves.
	Change(phone, behaves string) error
	// Place asks for a call, as other systems do.
	Place(r sb.Request) error
	// Cancel withdraws a request, also one that nobody has made yet.
	Cancel(r sb.Request) error
	// Events are what other systems have read of a call so far.
	Events(sb.CallID) []sb.EventData
	// Await lets time pass until something is so. What describes it for whoever reads the error.
	Await(what string, met func() (bool, error)) error
	// HearEachOther reports whether what the agent says arrives at the caller's ear, and the other way round.
	HearEachOther(agent, phone string) (agentHears, callerHears bool, err error)
	// Twilio is the simulator, which knows what really happened; nil on a real account.
	Twilio() *simulator.Simulator
	// End leaves the world as the next scenario wants to find it. Failed is whether this one has.
	End(failed bool) error
}

// Desk is an agent's page, or what stands for it. What is asked is what is to be seen there now.
type Desk interface {
	Open() error
	Choose(status string) error
	Status() (string, error)
	// Offer is the call that is offered: who it is, and why they want to be called.
	Offer() (name, reason string, err error)
	Rings() (bool, error)
	// Talking reports whether the agent is told that the caller is on the line.
	Talking() (bool, error)
	WrappingUp() (bool, error)
	// Told reports whether the agent has been told what became of the last call.
	Told(sb.Outcome) (bool, error)

	Answer() error
	Decline() error
	HangUp() error
	Mute(on bool) error
	Press(keys string) error
	Finish(disposition string) error
	// Break makes the agent's connection disappear.
	Break() error
}

// told is what an agent is told of a call, in the words of the sentences.
var told = map[string]sb.Outcome{
	"we talked":                       sb.Completed,
	"the caller did not answer":       sb.NoAnswer,
	"the caller was busy":             sb.Busy,
	"the caller hung up at once":      sb.HungUpEarly,
	"the caller could not be reached": sb.Unreachable,
	"a voicemail answered":            sb.Voicemail,
	"the request was withdrawn":       sb.Cancelled,
}

// The behaviours of callers that the sentences know, as telephones of the simulator: what its own phones do, but with a
// tone for a voice, by which a test knows whom it hears. TONE is where the simulator serves it.
var behaviours = map[string]simulator.Phone{
	"stays on the line":              document(`<Pause length="2"/><Play loop="0">TONE</Play>`),
	"talks for a while and hangs up": document(`<Pause length="2"/><Play loop="3">TONE</Play>`),
	"takes long to answer":           document(`<Pause length="12"/><Play loop="0">TONE</Play>`),
	"never answers":                  document(`<Pause length="700"/>`),
	"is busy":                        document(`<Reject reason="busy"/>`),
	"hangs up at once":               document(`<Pause length="2"/><Hangup/>`),
	"cannot be reached":              {Answer: simulator.Unreachable},
	"voicemail answers": document(`<Pause length="2"/><Say>Hello, you have reached my voicemail. I cannot come to the phone at the
		moment. Please leave your name, your number and a short message after the tone.</Say><Record playBeep="true" timeout="120"/>`),
}

func document(verbs string) simulator.Phone {
	return simulator.Phone{Document: "<Response>" + verbs + "</Response>"}
}

// phoneThat is the telephone of a caller who behaves so.
func phoneThat(behaves, toneURL string) (simulator.Phone, bool) {
	p, known := behaviours[strings.TrimPrefix(behaves, "whose ")]
	p.Document = strings.ReplaceAll(p.Document, "TONE", toneURL)
	return p, known
}
