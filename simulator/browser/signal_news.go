package browser

import (
	"fmt"

	"switchboard/simulator"
)

// Tell is the simulator saying what has happened to this browser's calls. It is called under the simulator's lock.
func (c *connection) Tell(news simulator.ClientNews) { c.s.do(func() { c.told(news) }) }

func (c *connection) told(news simulator.ClientNews) {
	switch news.What {
	case simulator.ClientRings:
		c.ring(news.CallSID, news.Call)
		return
	case simulator.ClientForgotten:
		c.forgotten()
		return
	}
	l := c.legOf(news.CallSID)
	if l == nil { // the browser has ended it itself, or another connection has it
		return
	}
	switch news.What {
	case simulator.ClientConnected:
		l.state = talking
		l.media.join(c.s.sound, l.sid)
		c.send("answer", object{"callsid": l.sid, "sdp": l.answer, "reconnect": l.token})
	case simulator.ClientStopsRinging:
		c.s.drop(l)
		c.send("cancel", object{"callsid": l.sid})
	case simulator.ClientEnded:
		c.s.drop(l)
		end := object{"callsid": l.sid}
		if why := refusal(news.SIPCode); l.state == dials && why != nil {
			end["error"] = *why
		}
		c.send("hangup", end)
	}
}

func (c *connection) legOf(sid string) *leg {
	for _, l := range c.s.legs {
		if l.sid == sid && l.on == c {
			return l
		}
	}
	return nil
}

// ring has a call ring in the browser. The SDK says nothing when it is busy: then it rings until who calls gives up.
func (c *connection) ring(sid string, call simulator.ClientCall) {
	if c.gone {
		return
	}
	m, err := c.s.newMedia()
	if err != nil {
		c.s.log.Error("media for a call that rings", "CallSid", sid, "error", err)
		return
	}
	offer, err := m.offer()
	if err != nil {
		c.s.log.Error("an offer for a call that rings", "CallSid", sid, "error", err)
		c.s.end(m)
		return
	}
	l := c.newLeg(sid, rings, m)
	c.listenForKeys(l)
	c.send("invite", object{"callsid": sid, "sdp": offer, "reconnect": l.token, "parameters": object{
		"CallSid": sid, "AccountSid": call.AccountSID, "ApiVersion": "2010-04-01",
		"From": call.From, "To": call.To, "Params": call.Parameters.Encode(),
	}})
}

// forgotten is the simulator having been reset: no call is left. The SDK connects and registers again.
func (c *connection) forgotten() {
	for _, l := range c.s.legs {
		if l.on != c {
			continue
		}
		c.s.drop(l)
		if l.state == rings {
			c.send("cancel", object{"callsid": l.sid})
		} else {
			c.send("hangup", object{"callsid": l.sid})
		}
	}
	c.stopRegistration()
	c.close()
}

// refusal is a SIP code as the SDK's error of a call that came to nothing; nil where nobody refused anything.
func refusal(sipCode int) *fault {
	switch sipCode {
	case 0, 200, 487:
		return nil
	case 404:
		return &fault{31404, "Not Found"}
	case 480:
		return &fault{31480, "Temporarily Unavailable"}
	case 486:
		return &fault{31486, "Busy Here"}
	case 603:
		return &fault{31603, "Decline"}
	}
	return &fault{31005, fmt.Sprintf("The call failed with SIP %d", sipCode)}
}
