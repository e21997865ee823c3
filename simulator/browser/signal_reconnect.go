package browser

import (
	"strings"
	"time"
)

// lost is the end of the socket. Calls the browser is in go on for as long as it asked for (maxCallSignalingTimeoutMs):
// until then it, or a page with the call's token, can come back. Calls that ring do not ring here any more, but can be
// claimed in the same way.
func (c *connection) lost() {
	c.gone = true
	c.stopRegistration()
	c.stopExpiry()
	delete(c.s.connections, c)
	for _, l := range c.s.legs {
		if l.on != c || l.state == rings {
			continue
		}
		time.AfterFunc(c.reconnectTimeout, func() {
			c.s.do(func() {
				if l.on == c && c.s.legs[l.token] == l {
					c.s.drop(l)
					c.s.sim.ClientHangsUp(l.sid, c)
				}
			})
		})
	}
}

// reconnect is a browser claiming a call with its token: after its socket broke, after it renewed its access token, or
// from another page of the same agent (connectToken).
func (c *connection) reconnect(r request) {
	sid, sdp := r.Payload.CallSID, r.Payload.SDP
	l := c.s.legs[r.Payload.Reconnect]
	if l == nil || l.sid != sid || !c.owns(l) {
		c.claimsInVain(sid)
		return
	}
	if !l.media.knows(sdp) && (l.state != rings || isOffer(sdp)) {
		c.claim(l, sdp)
		return
	}
	if !c.takeOver(l) {
		c.claimsInVain(sid)
		return
	}
	if l.state == rings { // its answer was lost with the socket
		c.answer(l, sdp)
	}
	if l.state == talking { // the sound never stopped
		c.send("answer", object{"callsid": sid, "reconnect": l.token})
	}
}

func (c *connection) claimsInVain(sid string) {
	c.send("hangup", object{"callsid": sid, "error": fault{31404, "Not Found: the call is over"}})
}

// takeOver has a call go on here; false: it is over.
func (c *connection) takeOver(l *leg) bool {
	if live, _ := c.s.sim.ClientTakesOver(l.sid, l.on, c); !live {
		c.s.drop(l)
		return false
	}
	for _, other := range c.s.legs {
		if other != l && other.on == c && other.sid == l.sid { // it rang here, too
			c.s.drop(other)
		}
	}
	l.on = c
	return true
}

// claim goes on with a call in another page, with sound of its own. One that rings is answered by it.
func (c *connection) claim(l *leg, sdp string) {
	m, answer, err := c.newAnswer(sdp)
	if err != nil {
		c.s.log.Warn("a browser cannot go on with a call", "CallSid", l.sid, "error", err)
		c.send("hangup", object{"callsid": l.sid, "error": fault{31400, "Bad request: the offer's SDP cannot be understood"}})
		return
	}
	before := l.on
	if !c.takeOver(l) {
		c.s.end(m)
		c.claimsInVain(l.sid)
		return
	}
	ended := "hangup"
	if l.state == rings {
		ended = "cancel"
		if err := c.s.sim.ClientAnswers(l.sid, c); err != nil { // the caller has given up meanwhile
			c.s.end(m)
			c.s.drop(l)
			c.send("hangup", object{"callsid": l.sid})
			return
		}
		l.state = talking
	}
	c.s.end(l.media)
	l.media = m
	c.listenForKeys(l)
	m.join(c.s.sound, l.sid)
	if before != c && !before.gone {
		before.send(ended, object{"callsid": l.sid})
	}
	c.send("answer", object{"callsid": l.sid, "sdp": answer, "reconnect": l.token})
}

// newAnswer is media for a browser's offer.
func (c *connection) newAnswer(offer string) (*media, string, error) {
	m, err := c.s.newMedia()
	if err != nil {
		return nil, "", err
	}
	answer, err := m.answer(offer)
	if err != nil {
		c.s.end(m)
		return nil, "", err
	}
	return m, answer, nil
}

// isOffer tells an SDP that asks from one that answers: only an offer leaves the DTLS role open (RFC 8842).
func isOffer(sdp string) bool { return strings.Contains(sdp, "a=setup:actpass") }
