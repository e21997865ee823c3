package simulator

import (
	"net/url"
	"strconv"
	"time"
)

// act does one thing, drawn by chance, to whatever there is.
func (c *chaos) act() {
	doing := []struct {
		weight int
		do     func()
	}{
		{12, c.createsCall}, {20, c.addsParticipant}, {10, c.dialsIn}, {3, c.callsFromBrowser},
		{10, c.updatesCall}, {14, c.updatesParticipant}, {4, c.kicks}, {3, c.updatesConference},
		{8, c.presses}, {6, c.says}, {8, c.hangsUp}, {2, c.setsUp}, {1, c.closesAccount}, {1, c.resets},
		{4, func() { c.advance(time.Duration(c.dice.IntN(60)) * time.Second) }},
	}
	all := 0
	for _, d := range doing {
		all += d.weight
	}
	n := c.dice.IntN(all)
	for _, d := range doing {
		if n -= d.weight; n < 0 {
			d.do()
			return
		}
	}
}

// account is whose calls it is about: the main account, or its subaccount.
func (c *chaos) account() string {
	if c.sub != "" && c.chance(25) {
		return c.sub
	}
	return DefaultAccountSID
}

func (c *chaos) anyParty() string {
	switch c.dice.IntN(4) {
	case 0:
		return any1(c, chaosNumbers)
	case 1:
		return "client:" + any1(c, chaosAgents)
	}
	return any1(c, append([]string{"+447700900012"}, chaosPhones...))
}

// leg is what calls and participants have in common.
func (c *chaos) leg() []string {
	fields := []string{"From", ourNumber}
	fields = append(fields, c.maybe(30, "Timeout", strconv.Itoa(5+c.dice.IntN(30)), "TimeLimit", strconv.Itoa(5+c.dice.IntN(60)))...)
	if c.chance(80) {
		fields = append(fields, "StatusCallback", "https://app.test/leg", "StatusCallbackEvent", "initiated ringing answered completed")
	}
	if c.chance(25) {
		fields = append(fields, "MachineDetection", any1(c, []string{"Enable", detectMessageEnd}))
	}
	return fields
}

func (c *chaos) createsCall() {
	fields := append(c.leg(), "To", c.anyParty())
	fields = append(fields, c.maybe(30, "SendDigits", "w12#", "AsyncAmd", "true", "AsyncAmdStatusCallback", "https://app.test/amd", "FallbackUrl", c.url())...)
	switch n := c.dice.IntN(4); {
	case n == 0:
		fields = append(fields, "Twiml", c.document())
	case n == 1 && len(c.apps) > 0:
		fields = append(fields, "ApplicationSid", any1(c, c.apps))
	default:
		fields = append(fields, "Url", c.url())
	}
	c.post("/2010-04-01/Accounts/"+c.account()+"/Calls.json", fields...)
}

func (c *chaos) addsParticipant() {
	to := c.anyParty()
	if c.chance(10) && len(c.apps) > 0 {
		to = "app:" + any1(c, c.apps) + "?mood=good"
	}
	fields := append(c.leg(), "To", to)
	fields = append(fields, c.maybe(25, "Label", "label"+strconv.Itoa(c.dice.IntN(4)), "EarlyMedia", "false", "Muted", "true",
		"StartConferenceOnEnter", "false", "EndConferenceOnExit", "true", "MaxParticipants", "2", "WaitUrl", c.url())...)
	if leg, found := c.anyLeg(); found && c.chance(10) {
		fields = append(fields, "Coaching", "true", "CallSidToCoach", leg.CallSID)
	}
	if c.chance(85) {
		fields = append(fields, "ConferenceStatusCallback", "https://app.test/room",
			"ConferenceStatusCallbackEvent", "start end join leave mute hold modify announcement")
	}
	room := c.room()
	if leg, found := c.anyLeg(); found && leg.ConferenceSID != "" && c.chance(40) {
		room = leg.ConferenceSID
	}
	c.post("/2010-04-01/Accounts/"+c.account()+"/Conferences/"+room+"/Participants.json", fields...)
}

func (c *chaos) dialsIn() {
	_, _ = c.sim.DialIn(any1(c, chaosPhones), any1(c, chaosNumbers), any1(c, []Phone{{Talks: 10 * time.Second}, {}, {HangsUpAtOnce: true},
		{Document: c.document()}, {VoiceURL: c.url()}, {Voicemail: true}})) // nobody may own the number any more
}

func (c *chaos) callsFromBrowser() {
	if len(c.apps) == 0 {
		return
	}
	c.sim.lock()
	defer c.sim.unlock()
	if app, found := c.sim.main.applications.get(any1(c, c.apps)); found {
		c.sim.dialApp(c.sim.main, "client:"+any1(c, chaosAgents), app, url.Values{"To": {any1(c, chaosPhones)}})
	}
}

func (c *chaos) anyLeg() (Leg, bool) {
	legs := c.sim.LiveLegs()
	if len(legs) == 0 {
		return Leg{}, false
	}
	return any1(c, legs), true
}

func (c *chaos) updatesCall() {
	leg, found := c.anyLeg()
	if !found {
		return
	}
	c.post("/2010-04-01/Accounts/"+c.accountOf(leg)+"/Calls/"+leg.CallSID+".json", any1(c, [][]string{
		{"Url", c.url()}, {"Twiml", c.document()}, {"Status", "completed"}, {"Status", "canceled"}, {"TimeLimit", "20"},
		{"Url", c.url(), "FallbackUrl", c.url()}, {"Twiml", "<Response><Dial><Conference>" + c.room() + "</Conference></Dial></Response>"},
	})...)
}

func (c *chaos) accountOf(leg Leg) string {
	c.sim.lock()
	defer c.sim.unlock()
	if call, found := c.sim.liveCalls.get(leg.CallSID); found {
		return call.account.sid
	}
	return DefaultAccountSID
}

func (c *chaos) participant() (path string, found bool) {
	leg, found := c.anyLeg()
	if !found || leg.ConferenceSID == "" {
		return "", false
	}
	return "/2010-04-01/Accounts/" + c.accountOf(leg) + "/Conferences/" + leg.ConferenceSID + "/Participants/" + leg.CallSID + ".json", true
}

func (c *chaos) updatesParticipant() {
	path, found := c.participant()
	if !found {
		return
	}
	other, _ := c.anyLeg()
	c.post(path, any1(c, [][]string{
		{"Hold", "true"}, {"Hold", "false"}, {"Hold", "true", "HoldUrl", c.url()}, {"Muted", "true"}, {"Muted", "false"},
		{"Coaching", "true", "CallSidToCoach", other.CallSID}, {"Coaching", "false"}, {"AnnounceUrl", c.url()},
		{"EndConferenceOnExit", "true"}, {"EndConferenceOnExit", "false"}, {"WaitUrl", c.url()}, {"WaitUrl", ""},
	})...)
}

func (c *chaos) kicks() {
	if path, found := c.participant(); found {
		c.remove(path)
	}
}

func (c *chaos) updatesConference() {
	leg, found := c.anyLeg()
	if !found || leg.ConferenceSID == "" {
		return
	}
	c.post("/2010-04-01/Accounts/"+c.accountOf(leg)+"/Conferences/"+leg.ConferenceSID+".json",
		any1(c, [][]string{{"Status", "completed"}, {"AnnounceUrl", c.url()}})...)
}

func (c *chaos) presses() {
	if leg, found := c.anyLeg(); found {
		c.sim.Press(leg.Party, any1(c, []string{"1", "*", "12#", "ww3", "#"}))
	}
}

func (c *chaos) says() {
	if leg, found := c.anyLeg(); found {
		c.sim.Say(leg.Party, "I say")
	}
}

func (c *chaos) hangsUp() {
	if leg, found := c.anyLeg(); found {
		c.sim.HangUp(leg.Party)
	}
}

// setsUp buys, deletes and moves what calls may be using.
func (c *chaos) setsUp() {
	switch c.dice.IntN(5) {
	case 0:
		if len(c.numbers) > 0 {
			c.remove("/2010-04-01/Accounts/{AC}/IncomingPhoneNumbers/" + any1(c, c.numbers) + ".json")
		}
	case 1:
		if len(c.apps) > 0 {
			c.remove("/2010-04-01/Accounts/{AC}/Applications/" + any1(c, c.apps) + ".json")
		}
	case 2:
		c.newApp()
	default:
		c.buy(c.account(), any1(c, chaosNumbers))
	}
}

// closesAccount ends a subaccount in the middle of its calls, or makes one.
func (c *chaos) closesAccount() {
	if c.sub == "" {
		c.sub = c.post("/2010-04-01/Accounts.json", "FriendlyName", "branch").text("sid")
		return
	}
	c.post("/2010-04-01/Accounts/"+c.sub+".json", "Status", "closed")
	c.sub = ""
}

func (c *chaos) resets() {
	c.endOfStory()
	if err := c.sim.Reset(); err != nil {
		c.t.Error(err)
	}
	c.begin()
}
