package browser

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
)

// leg is a call in one browser. A call that rings in two has two.
type leg struct {
	sid, temporary string // temporary is the name the SDK gave a call of its own
	token          string // with which a browser that was lost claims it
	account        string
	identity       string
	on             *connection // where it is, or was when its socket broke
	state          legState
	answer         string // the SDP for the browser that dialled, until it is answered
	media          *media
}

type legState int

const (
	rings   legState = iota // in the browser
	dials                   // the browser has made it
	talking                 // answered
)

func (c *connection) newLeg(sid string, state legState, m *media) *leg {
	l := &leg{
		sid: sid, token: rand.Text(), account: c.token.AccountSID, identity: c.token.Identity,
		on: c, state: state, media: m,
	}
	c.s.legs[l.token] = l
	return l
}

const (
	// mostDialled is how many calls a page may make at a time. The SDK makes one.
	mostDialled = 10
	// mostKeys is how many keys a frame may press. The SDK sends one at a time.
	mostKeys = 32
)

// aboutCalls are the frames about a call that there is already.
var aboutCalls = []string{"answer", "reject", "hangup", "reinvite", "dtmf", "message"}

func (c *connection) handleCall(r request) {
	l := c.find(r.Payload.CallSID)
	switch {
	case l == nil && r.Type == "message":
		c.send("error", object{"callsid": r.Payload.CallSID, "voiceeventsid": r.Payload.VoiceEventSID,
			"error": fault{31404, "Not found: there is no such call"}})
	case l == nil && (r.Type == "answer" || r.Type == "reinvite"): // it is over by now
		c.send("hangup", object{"callsid": r.Payload.CallSID})
	case l == nil:
	case r.Type == "answer":
		c.answer(l, r.Payload.SDP)
	case r.Type == "reject", r.Type == "hangup":
		c.s.drop(l)
		c.s.sim.ClientHangsUp(l.sid, c)
	case r.Type == "reinvite":
		c.reinvite(l, r.Payload.SDP)
	case r.Type == "dtmf":
		c.press(l, r.Payload.DTMF)
	case r.Type == "message":
		c.send("ack", object{"acktype": "message", "callsid": l.sid, "voiceeventsid": r.Payload.VoiceEventSID})
	}
}

// find is the call that a frame means. A frame that waited for the socket to come back may be earlier than the
// reconnect of its call: then the call is here from now on. But a call that rings here and rang in a page that is gone
// is this one's own.
func (c *connection) find(sid string) *leg {
	if sid == "" {
		return nil
	}
	var lost *leg
	for _, l := range c.s.legs {
		switch {
		case l.sid != sid && l.temporary != sid:
		case l.on == c:
			return l
		case l.on.gone && c.owns(l):
			lost = l
		}
	}
	if lost != nil && c.takeOver(lost) {
		return lost
	}
	return nil
}

// owns: the browser has signed in as whom the call is for.
func (c *connection) owns(l *leg) bool {
	return l.account == c.token.AccountSID && l.identity == c.token.Identity
}

// answer is the browser accepting a call that rings.
func (c *connection) answer(l *leg, sdp string) {
	if l.state != rings { // the frame came twice: before and after the socket broke
		return
	}
	if err := l.media.accept(sdp); err != nil {
		c.s.log.Warn("a browser's answer cannot be understood", "CallSid", l.sid, "error", err)
		c.send("hangup", object{"callsid": l.sid, "error": fault{31400, "Bad request: the answer's SDP cannot be understood"}})
		c.s.drop(l)
		c.s.sim.ClientHangsUp(l.sid, c)
		return
	}
	if err := c.s.sim.ClientAnswers(l.sid, c); err != nil { // the caller has given up meanwhile
		c.send("hangup", object{"callsid": l.sid})
		c.s.drop(l)
		return
	}
	l.state = talking
	l.media.join(c.s.sound, l.sid)
}

// dial is the browser making a call.
func (c *connection) dial(r request) {
	refuse := func(code int, why string) {
		c.send("hangup", object{"callsid": r.Payload.CallSID, "error": fault{code, why}})
	}
	params, err := url.ParseQuery(r.Payload.Twilio.Params)
	switch {
	case r.Payload.CallSID == "" || c.find(r.Payload.CallSID) != nil:
		refuse(31400, "Bad request: a call needs a callsid of its own")
		return
	case err != nil:
		refuse(31400, "Bad request: the parameters are not URL-encoded")
		return
	case c.expired():
		refuse(31205, "JWT token expired")
		return
	case c.token.ApplicationSID == "":
		refuse(31002, "Connection declined: the token's voice grant names no TwiML app, so that it may make no calls")
		return
	}
	if c.dialled() >= mostDialled {
		refuse(31480, fmt.Sprintf("Temporarily Unavailable: the page has made %d calls that have not ended", mostDialled))
		return
	}
	m, err := c.s.newMedia()
	if err != nil {
		c.s.log.Error("media for a browser's call", "error", err)
		refuse(31000, "The simulator has no media for this call")
		return
	}
	answer, err := m.answer(r.Payload.SDP)
	if err != nil {
		c.s.log.Warn("a browser's offer cannot be understood", "error", err)
		c.s.end(m)
		refuse(31400, "Bad request: the offer's SDP cannot be understood")
		return
	}
	sid, err := c.s.sim.ClientDials(*c.token, c, params)
	if err != nil {
		c.s.end(m)
		refuse(31001, "Application not found: "+err.Error())
		return
	}
	// What the simulator has told of the call since is in the worker's queue, behind this.
	l := c.newLeg(sid, dials, m)
	l.temporary, l.answer = r.Payload.CallSID, answer
	c.listenForKeys(l)
	c.send("ringing", object{"callsid": sid})
}

// dialled is how many calls the browser has made that have not ended.
func (c *connection) dialled() (n int) {
	for _, l := range c.s.legs {
		if l.on == c && l.temporary != "" {
			n++
		}
	}
	return n
}

// reinvite is the browser looking for another way for the sound.
func (c *connection) reinvite(l *leg, sdp string) {
	answer, err := l.media.answer(sdp)
	if err != nil { // the SDK tries again
		c.s.log.Warn("an ICE restart", "CallSid", l.sid, "error", err)
		return
	}
	c.send("answer", object{"callsid": l.sid, "sdp": answer})
}

// press is keys pressed: over the socket from a browser that cannot send them with the sound.
func (c *connection) press(l *leg, digits string) {
	if len(digits) > mostKeys || strings.Trim(digits, "0123456789*#wW") != "" {
		c.send("error", object{"callsid": l.sid, "error": fault{31400, fmt.Sprintf("Bad request: keys are 0 to 9, * and #, at most %d", mostKeys)}})
		return
	}
	if err := c.s.sim.ClientPresses(l.sid, digits, c); err != nil {
		c.s.log.Debug("keys that nobody hears", "CallSid", l.sid, "error", err)
	}
}

// listenForKeys takes the keys that come with the sound.
func (c *connection) listenForKeys(l *leg) {
	l.media.onKey(func(key byte) {
		c.s.do(func() {
			if c.s.legs[l.token] == l {
				c.press(l, string(key))
			}
		})
	})
}

// drop forgets a call.
func (s *Server) drop(l *leg) {
	delete(s.legs, l.token)
	s.end(l.media)
}

// end closes media, which takes a while.
func (s *Server) end(m *media) {
	if !s.start(m.close) {
		m.close()
	}
}
