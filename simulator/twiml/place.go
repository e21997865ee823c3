package twiml

import (
	"slices"
	"strings"
)

// Place is where a document is run. Not every verb is possible everywhere.
type Place int

const (
	// OnCall is an ordinary call: every verb.
	OnCall Place = iota
	// InConference is the waitUrl of a Conference, a holdUrl or an announceUrl (C.4), and the url of a
	// Queue, which the waiting caller hears (docs).
	InConference
	// InQueue is the waitUrl of an Enqueue (docs).
	InQueue
	// BeforeBridge is the url of a Number, Client or Sip: what the called party hears first (docs).
	BeforeBridge
)

var possible = map[Place][]string{
	InConference: {"Play", "Say", "Pause", "Redirect"},
	InQueue:      {"Play", "Say", "Pause", "Redirect", "Hangup", "Leave", "Gather"},
	BeforeBridge: {"Play", "Say", "Gather", "Hangup"},
}

// Allows reports whether the verb can be run here.
func (p Place) Allows(verb string) bool {
	return p == OnCall || slices.Contains(possible[p], verb)
}

// Refuse is nil if the verb can be run here, else what the debugger says: 13238 in a conference, 13201 for
// a Dial before the parties are bridged, 12200 where the catalogue has no code for it.
func (p Place) Refuse(verb Element) *Problem {
	switch {
	case p.Allows(verb.Name):
		return nil
	case p == InConference:
		return &Problem{13238, "Dial->Conference: Invalid Verb used in waitUrl, holdUrl, or announceUrl TwiML: " +
			verb.Name + " is none of " + strings.Join(possible[p], ", "), verb.Line}
	case p == BeforeBridge && verb.Name == "Dial":
		return &Problem{13201, "Dial: Cannot Dial out from a Dial Call Segment", verb.Line}
	}
	return &Problem{codeSchema, schemaWarning + verb.Name + " is none of " + strings.Join(possible[p], ", ") + ", the verbs possible here", verb.Line}
}
