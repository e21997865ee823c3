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
		c.send("hangup", object{"callsid": sid, "error": fault{31404, "Not Found: the call is over"}})
		return
	}
	before := l.on
	if live, _ := c.s.sim.ClientTakesOver(sid, before, c); !live {
		c.s.drop(l)
		c.send("hangup", object{"callsid": sid, "error": fault{31404, "Not Found: the call is over"}})
		return
	}
	l.on = c
	switch {
	case l.media.knows(sdp): // the sound never stopped
		c.send("answer", object{"callsid": sid, "reconnect": l.token})
	case l.state == rings && !isOffer(sdp): // its answer was lost with the socket
		if c.answer(l, sdp); l.state == talking {
			c.send("answer", object{"callsid": sid, "reconnect": l.token})
		}
	default:
		c.claim(l, before, sdp)
	}
}

// claim goes on with a call in another page, with sound of its own. One that rings is answered by it.
func (c *connection) claim(l *leg, before *connection, sdp string) {
	m, answer, err := c.newAnswer(sdp)
	if err != nil {
		c.s.log.Warn("a browser cannot go on with a call", "CallSid", l.sid, "error", err)
		l.on = before
		c.s.sim.ClientTakesOver(l.sid, c, before)
		c.send("hangup", object{"callsid": l.sid, "error": fault{31400, "Bad request: the offer's SDP cannot be understood"}})
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
