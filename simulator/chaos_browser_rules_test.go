package simulator

import "slices"

// booksAgree: the simulator and the pages think the same of who is in which call.
func (c *browserChaos) booksAgree() {
	s := c.sim
	s.lock()
	defer s.unlock()
	for _, p := range c.pages {
		for sid, how := range p.calls {
			call, live := s.liveCalls.get(sid)
			switch {
			case !live:
				c.t.Errorf("a page of %s still %s in call %s, which is over", p.identity, how, sid)
			case how == pageRings && (call.status != callRinging || !slices.Contains(call.ringsIn, Client(p)) || call.client != nil):
				c.t.Errorf("a page of %s rings with call %s, which is %s", p.identity, sid, call.status)
			case how != pageRings && (call.client != p || len(call.ringsIn) > 0):
				c.t.Errorf("a page of %s %s in call %s, in which it is not alone", p.identity, how, sid)
			case how == pageTalks && call.status != callInProgress:
				c.t.Errorf("a page of %s talks in call %s, which is %s", p.identity, sid, call.status)
			}
		}
	}
	for call := range s.liveCalls.all() {
		for i, client := range call.ringsIn {
			if p := client.(*chaosPage); p.calls[call.sid] != pageRings || slices.Contains(call.ringsIn[:i], client) {
				c.t.Errorf("call %s rings in a page of %s that does not know it, or twice", call.sid, p.identity)
			}
		}
		if call.client != nil && call.client.(*chaosPage).calls[call.sid] == "" {
			c.t.Errorf("call %s is in a page that does not know it", call.sid)
		}
		if call.status == callRinging && len(call.timers) == 0 && call.script == nil {
			c.t.Errorf("call %s rings, and nothing will end it", call.sid)
		}
	}
}

// audibleMakesSense: nobody hears themselves, or a call that is over, or a sound twice.
func (c *browserChaos) audibleMakesSense() {
	sids := []string{"CA0"}
	for _, e := range c.sim.Log() {
		if e.What == Dialled || e.What == Dials {
			sids = append(sids, e.CallSID)
		}
	}
	live := map[string]string{}
	for _, leg := range c.sim.LiveLegs() {
		live[leg.CallSID] = leg.Status
	}
	for sid, sources := range c.sim.Audible(sids) {
		if live[sid] == "" {
			c.t.Errorf("call %s is over, and something is heard in it", sid)
		}
		seen := map[string]bool{}
		for _, x := range sources {
			c.what["heard"]++
			if seen[x.ID] {
				c.t.Errorf("%s is heard twice in call %s", x.ID, sid)
			}
			seen[x.ID] = true
			if x.Kind == Microphone && (x.Call == sid || live[x.Call] != callInProgress) {
				c.t.Errorf("the microphone of %s (%s) is heard in %s", x.Call, live[x.Call], sid)
			}
		}
	}
}
