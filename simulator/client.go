package simulator

import (
	"errors"
	"maps"
	"net/url"
	"slices"
)

// Client is a browser that can be called. Where one is registered, calls to its identity ring there and not at the
// scripted softphone of that name. What it says over the wire, and its sound, is the business of package browser.
type Client interface {
	// Tell says what has happened to the client's calls, in the order in which it happened. It is called under the
	// simulator's lock: it must only put the news in a queue.
	Tell(ClientNews)
}

// ClientNews is something a browser is told of.
type ClientNews struct {
	What    ClientEvent
	CallSID string
	Call    ClientCall // of ClientRings
	SIPCode int        // of ClientEnded: 486 and the like when the call it made came to nothing; 0: an ordinary end
}

// ClientEvent is a kind of news.
type ClientEvent string

// What a browser is told of.
const (
	ClientRings        ClientEvent = "rings"         // somebody calls it
	ClientStopsRinging ClientEvent = "stops-ringing" // who called gave up, or it was answered in another browser
	ClientConnected    ClientEvent = "connected"     // the call it made has been answered
	ClientEnded        ClientEvent = "ended"         // a call it was in is over, by whomever
	ClientForgotten    ClientEvent = "forgotten"     // the simulator was reset: it is not registered any more
)

// ClientCall is a call that rings in a browser.
type ClientCall struct {
	AccountSID, From, To string
	Parameters           url.Values // the custom parameters of its address, client:anna?name=value
}

var (
	errNoSuchCall   = errors.New("there is no such call")
	errNotRinging   = errors.New("the call does not ring here any more")
	errNoSuchClient = errors.New("there is no such account, or it is not active")
)

// RegisterClient has the calls to an identity ring in a browser, too: every browser that is registered for it rings,
// and the first that answers has the call. To undo it, call unregister, once; it may come late.
func (s *Simulator) RegisterClient(accountSID, identity string, c Client) (unregister func(), err error) {
	s.lock()
	defer s.unlock()
	a, found := s.accounts.get(accountSID)
	if !found || a.status != accountActive {
		return nil, errNoSuchClient
	}
	a.clients[identity] = append(a.clients[identity], c)
	return func() {
		s.lock()
		defer s.unlock()
		rest := slices.DeleteFunc(slices.Clone(a.clients[identity]), func(other Client) bool { return other == c })
		if a.clients[identity] = rest; len(rest) == 0 {
			delete(a.clients, identity)
		}
	}, nil
}

// ringClients lets a call ring in the browsers of an identity; false where there is none.
func (s *Simulator) ringClients(c *call, identity string) bool {
	clients := c.account.clients[identity]
	if len(clients) == 0 {
		return false
	}
	c.conduct = s.misconduct(c, conduct{})
	switch c.conduct.answer {
	case Unreachable:
		c.sipCode = 404
		s.end(c, callFailed, ByTwilio)
		return true
	case Busy:
		c.sipCode = 486
		s.end(c, callBusy, ByTwilio)
		return true
	}
	s.setCall(c, callRinging)
	s.note(c.entry(Rings, ""))
	if c.conduct.answer == NeverAnswers { // it never gets there
		return true
	}
	_, query := splitAddress(c.to)
	parameters, _ := url.ParseQuery(query) // what cannot be read is not passed on
	c.ringsIn = slices.Clone(clients)
	for _, client := range c.ringsIn {
		client.Tell(ClientNews{What: ClientRings, CallSID: c.sid, Call: ClientCall{
			AccountSID: c.account.sid, From: c.callerID(), To: c.party, Parameters: parameters,
		}})
	}
	return true
}

// ClientAnswers is a browser answering a call that rings in it. An error means that the call is not to be had.
func (s *Simulator) ClientAnswers(callSID string, client Client) error {
	s.lock()
	defer s.unlock()
	c, live := s.liveCalls.get(callSID)
	if !live {
		return errNoSuchCall
	}
	if c.status != callRinging || !slices.Contains(c.ringsIn, client) {
		return errNotRinging
	}
	s.stopRinging(c, client)
	c.client = client
	s.answered(c)
	return nil
}

// stopRinging tells the browsers in which a call rings, but for one, that it does not any more.
func (s *Simulator) stopRinging(c *call, except Client) {
	rang := c.ringsIn
	c.ringsIn = nil
	for _, other := range rang {
		if other != except {
			other.Tell(ClientNews{What: ClientStopsRinging, CallSID: c.sid})
		}
	}
}

// endInClients tells the browsers that a call is over.
func (s *Simulator) endInClients(c *call) {
	s.stopRinging(c, nil)
	if c.client != nil {
		news := ClientNews{What: ClientEnded, CallSID: c.sid}
		if c.answeredAt.IsZero() {
			news.SIPCode = c.sipCode
		}
		c.client.Tell(news)
		c.client = nil
	}
}

// ClientTakesOver is a browser going on with a call that another connection of the same softphone was in, or rings in:
// its socket broke, or its page was loaded again. It reports whether the call is still there, and whether it has been
// answered.
func (s *Simulator) ClientTakesOver(callSID string, before, client Client) (live, answered bool) {
	s.lock()
	defer s.unlock()
	c, found := s.liveCalls.get(callSID)
	if !found || !c.isOf(before) {
		return false, false
	}
	if c.client == before {
		c.client = client
		return true, c.status == callInProgress
	}
	if !slices.Contains(c.ringsIn, client) { // else it rings there already, and is not to ring twice
		c.ringsIn = append(c.ringsIn, client)
	}
	if before != client {
		c.ringsIn = slices.DeleteFunc(c.ringsIn, func(other Client) bool { return other == before })
	}
	return true, false
}

// isOf: the browser is in the call, or it rings there. A call that was answered in another is none of its business.
func (c *call) isOf(client Client) bool {
	return c.client != nil && c.client == client || slices.Contains(c.ringsIn, client)
}

// ClientDials is a browser making a call: the TwiML app that its token names answers it.
func (s *Simulator) ClientDials(token AccessToken, client Client, params url.Values) (callSID string, err error) {
	s.lock()
	defer s.unlock()
	a, found := s.accounts.get(token.AccountSID)
	if !found || a.status != accountActive { // it may have been closed since the browser signed in
		return "", errNoSuchClient
	}
	app, found := a.applications.get(token.ApplicationSID)
	if !found {
		return "", &TokenError{TokenInvalidGrants, "the token grants no calls: its voice grant names no TwiML app of the account"}
	}
	with := url.Values{}
	maps.Copy(with, params)
	maps.Copy(with, token.Params) // what the token says cannot be changed by the page
	c, what := s.appCall(a, "client:"+token.Identity, with.Get("To"), app, with)
	c.client = client
	s.note(c.entry(Dials, c.to))
	s.arrive(c, what)
	return c.sid, nil
}

// ClientHangsUp is a browser leaving a call, declining one that rings in it, or giving up one that it made. Nothing
// happens when it has no part in the call any more: another browser may have answered meanwhile.
func (s *Simulator) ClientHangsUp(callSID string, client Client) {
	s.lock()
	defer s.unlock()
	if c, live := s.liveCalls.get(callSID); live && c.isOf(client) {
		s.hangUp(c)
	}
}

// ClientPresses is a browser pressing keys during a call that it is in.
func (s *Simulator) ClientPresses(callSID, digits string, client Client) error {
	s.lock()
	defer s.unlock()
	c, live := s.liveCalls.get(callSID)
	if !live || c.status != callInProgress || c.client != client {
		return errNoSuchCall
	}
	s.pressAtOnce(c, digits)
	return nil
}

// forgetClients tells every browser that is registered, or in a call, that it is not any more; each once.
func (s *Simulator) forgetClients() {
	told := map[Client]bool{}
	tell := func(client Client) {
		if client != nil && !told[client] {
			told[client] = true
			client.Tell(ClientNews{What: ClientForgotten})
		}
	}
	for a := range s.accounts.all() {
		for _, identity := range slices.Sorted(maps.Keys(a.clients)) {
			for _, client := range a.clients[identity] {
				tell(client)
			}
		}
	}
	for c := range s.liveCalls.all() { // who only dials is not registered, and who rings may be so no more
		tell(c.client)
		for _, client := range c.ringsIn {
			tell(client)
		}
	}
}
