package simulator

import (
	"strings"
	"time"
)

// voiceHandling is what Twilio does with a call that reaches an account: at an owned number, or
// through a TwiML app.
type voiceHandling struct {
	program, fallback program
	status            callback // of the call it becomes
}

// ownedNumber is a telephone number that an account owns (IncomingPhoneNumber). Two accounts never own the
// same.
type ownedNumber struct {
	sid, e164, friendlyName string
	voice                   voiceHandling
	application             string   // VoiceApplicationSid; it then rules instead of voice
	kept                    settings // what Twilio stores and what changes no call
	createdAt, updatedAt    time.Time
}

// application is a TwiML app: voice settings with a SID, for numbers, for calls (ApplicationSid) and
// for a browser's outgoing calls.
type application struct {
	sid, friendlyName    string
	voice                voiceHandling
	kept                 settings
	createdAt, updatedAt time.Time
}

// kind of the number, by Ofcom's ranges; a number from elsewhere passes for local.
func (n *ownedNumber) kind() string {
	if strings.HasPrefix(n.e164, "+447") {
		return "mobile"
	}
	return "local"
}

// numberOwner finds the account that owns a number; nil: it belongs to the outside world.
func (s *Simulator) numberOwner(e164 string) (*account, *ownedNumber) {
	for a := range s.accounts.all() {
		if n := a.numbersByE164[e164]; n != nil {
			return a, n
		}
	}
	return nil, nil
}

// release gives a number back to the world.
func (a *account) release(n *ownedNumber) {
	a.numbers.remove(n.sid)
	delete(a.numbersByE164, n.e164)
}

// handling is what the number does with a call now. Empty: it cannot be called.
func (a *account) handling(n *ownedNumber) voiceHandling {
	if a.status != accountActive {
		return voiceHandling{}
	}
	if app, found := a.applications.get(n.application); found {
		return app.voice
	}
	return n.voice
}
