package simulator

import (
	"crypto/subtle"
	"time"
)

// account is one Twilio account with everything in it. The first is the one of Options; the others
// are its subaccounts. Each has its own token, signs its own webhooks, dials at its own rate, and
// sees nothing of the others.
type account struct {
	sim                  *Simulator
	sid, token           string
	friendlyName, status string
	parent               *account // nil: the first
	createdAt, updatedAt time.Time

	keys        table[*apiKey]
	workspaces  table[*workspace]
	calls       table[*call]
	endedCalls  []*call // in the order of their end, to be forgotten
	conferences table[*conference]
	rooms       map[string]*conference // the active ones, by name
	softphones  map[string]*Softphone
	clients     map[string][]Client // browsers, by identity
	nextDial    time.Time           // when the next leg may leave the CPS queue

	numbers       table[*ownedNumber]
	numbersByE164 map[string]*ownedNumber
	applications  table[*application]

	alerts table[*debuggerAlert]
}

// States of an account.
const (
	accountActive    = "active"
	accountSuspended = "suspended"
	accountClosed    = "closed"
)

// apiKey is a pair of SID and secret that stands for the account, except for the account itself.
type apiKey struct {
	sid, secret, friendlyName string
	createdAt, updatedAt      time.Time
}

func (s *Simulator) addAccount(sid, token, name string, parent *account) *account {
	a := &account{
		sim: s, sid: sid, token: token, friendlyName: name, status: accountActive, parent: parent,
		createdAt: s.now(), updatedAt: s.now(),
		rooms: map[string]*conference{}, softphones: map[string]*Softphone{}, clients: map[string][]Client{}, numbersByE164: map[string]*ownedNumber{},
	}
	s.accounts.add(a.sid, a)
	return a
}

// signIn finds the account that a user name and password stand for: its SID and token, or one of its
// keys and the key's secret. Nil: nobody's, or an account that is suspended or closed (20003).
func (s *Simulator) signIn(user, password string) (_ *account, byKey bool) {
	same := func(secret string) bool { return subtle.ConstantTimeCompare([]byte(secret), []byte(password)) == 1 }
	for a := range s.accounts.all() {
		k, isKey := a.keys.get(user)
		switch {
		case a.status != accountActive:
		case a.sid == user && same(a.token):
			return a, false
		case isKey && same(k.secret):
			return a, true
		}
	}
	return nil, false
}

// signer is the account whose token signs what is sent for this one: for a phone of the outside world, the
// main one.
func (a *account) signer() *account {
	if a == a.sim.world {
		return a.sim.main
	}
	return a
}

// owns reports whether what is signed in as this account may act for another: itself and its
// subaccounts.
func (a *account) owns(other *account) bool { return other == a || other.parent == a }
