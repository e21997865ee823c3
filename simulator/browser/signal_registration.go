package browser

import (
	"errors"
	"time"

	"switchboard/simulator"
)

// longestReconnect is how long Twilio lets a call wait for its browser at most.
const longestReconnect = 30 * time.Second

// listen signs in, or renews the token of who is signed in.
func (c *connection) listen(r request) {
	token, err := c.s.sim.VerifyAccessToken(r.Payload.Token)
	if err == nil && c.token != nil && (token.Identity != c.token.Identity || token.AccountSID != c.token.AccountSID) {
		err = &simulator.TokenError{Code: simulator.TokenInvalidGrants, Message: "a token cannot be renewed by that of another identity"}
	}
	if err != nil {
		c.refuse(err)
		return
	}
	c.token = &token
	seconds := min(max(r.Payload.ReconnectTimeout, 0), longestReconnect.Seconds())
	c.reconnectTimeout = time.Duration(seconds * float64(time.Second))
	c.stopExpiry()
	left := c.s.sim.Remaining(token)
	c.expiry = time.AfterFunc(left, func() { c.s.do(func() { c.expire(token.Expires) }) })
	c.send("connected", object{
		"region": "US_EAST_VIRGINIA", "edge": "ashburn", "home": "us1", "gateway": "simulator",
		"token": object{"accountSid": token.AccountSID, "identity": token.Identity, "ttl": int(left.Seconds())},
	})
	if !token.Incoming && c.unregister != nil {
		c.goOffline()
	}
}

// refuse tells why a token is not accepted. The SDK understands two codes, and without the close its register would
// never come to an end. Whoever has signed in before stays so: the token of before may still be good.
func (c *connection) refuse(why error) {
	answer := fault{31204, "JWT is invalid: " + why.Error()}
	var refusal *simulator.TokenError
	if errors.As(why, &refusal) && refusal.Code == simulator.TokenExpired {
		answer = fault{31205, "JWT token expired"}
	}
	c.send("error", object{"error": answer})
	if c.token == nil {
		c.send("close", object{})
		c.close()
	}
}

// expire is the end of a token that nobody has renewed. Calls go on; no new one comes.
func (c *connection) expire(at time.Time) {
	if c.gone || !c.token.Expires.Equal(at) {
		return
	}
	c.send("error", object{"error": fault{31205, "JWT token expired"}})
	c.goOffline()
}

func (c *connection) expired() bool { return c.s.sim.Remaining(*c.token) <= 0 }

// register is sent when the page registers, and every 30 s from then on.
func (c *connection) register(audio bool) {
	switch {
	case !audio:
		c.goOffline()
	case c.expired():
		c.expire(c.token.Expires)
	case !c.token.Incoming:
		c.send("error", object{"error": fault{31201, "Authentication failed: the token's voice grant does not allow incoming calls"}})
		c.goOffline()
	case c.unregister != nil:
		c.send("ready", object{})
	default:
		unregister, err := c.s.sim.RegisterClient(c.token.AccountSID, c.token.Identity, c)
		if err != nil { // the account went with a reset
			c.refuse(err)
			c.goOffline()
			return
		}
		c.unregister = unregister
		c.send("ready", object{})
	}
}

func (c *connection) goOffline() {
	c.stopRegistration()
	c.send("offline", object{})
}

func (c *connection) stopRegistration() {
	if c.unregister != nil {
		c.unregister()
		c.unregister = nil
	}
}

func (c *connection) stopExpiry() {
	if c.expiry != nil {
		c.expiry.Stop()
	}
}
