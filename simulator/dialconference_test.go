package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// intoRoom is a person who reaches a document that puts them into a conference.
func (w *world) intoRoom(attributes string) string {
	w.t.Helper()
	return w.dialled(`<Dial action="after"><Conference statusCallback="/room" statusCallbackEvent="start end join leave mute hold modify announcement" waitUrl="/wait" `+
		attributes+`>lobby</Conference></Dial>`, map[string]string{"wait": say})
}

func (w *world) lobby() string {
	w.t.Helper()
	return w.must(w.get("/2010-04-01/Accounts/{AC}/Conferences.json", "FriendlyName", "lobby")).rows("conferences")[0]["sid"].(string)
}

// The caller waits, somebody is added, they talk, the other leaves; the caller's document goes on after it.
func TestAConferenceFromTwiML(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *world, caller, leg string)
		reason string // ReasonParticipantLeft of the caller
	}{
		"the other's exit ends it": {func(w *world, _, _ string) { w.sim.HangUp(stays) }, "moderator_ended_conference"},
		"ended by request": {func(w *world, _, _ string) {
			w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+w.lobby()+".json", "Status", "completed"))
		}, "conference_ended_via_api"},
		"kicked": {func(w *world, caller, _ string) {
			w.must(w.remove("/2010-04-01/Accounts/{AC}/Conferences/" + w.lobby() + "/Participants/caller.json"))
		}, "participant_updated_via_api"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			caller := w.intoRoom(`participantLabel="caller" startConferenceOnEnter="false"`)
			w.advance(5 * time.Second)
			room := w.lobby()
			equals(t, "alone", w.conference(room).text("status"), "init")
			leg := w.dial(room, stays, "EndConferenceOnExit", "true", "Label", "agent", "ConferenceStatusCallback", "https://app.test/ignored").text("call_sid")
			w.advance(5 * time.Second)
			equals(t, "two", w.conference(room).text("status"), "in-progress")
			c.end(w, caller, leg)
			w.advance(time.Minute)
			same(t, "caller", w.experienced(person), []string{"Dials " + ownedNumber1, "Joins caller", "Hears One moment please", "Hears silence",
				"Hears the conversation", "Leaves " + c.reason, "Hears Bye", "Ended completed"})
			form := w.received("/after")[0].form
			equals(t, "DialCallStatus", form.Get("DialCallStatus"), "answered")
			equals(t, "DialCallSid or -Duration after a conference", form.Has("DialCallSid") || form.Has("DialCallDuration"), false)
			equals(t, "only the first to join counts", len(w.received("/ignored")), 0)
			same(t, "callbacks", w.values("/room", "StatusCallbackEvent")[:3], []string{"participant-join", "participant-join", "conference-start"})
			i := slices.IndexFunc(w.received("/room"), func(h hook) bool {
				return h.form.Get("StatusCallbackEvent") == "participant-leave" && h.form.Get("ParticipantLabel") == "caller"
			})
			equals(t, "the leaver's call goes on", w.received("/room")[i].form.Get("ParticipantCallStatus"), "in-progress")
			if name == "kicked" {
				w.must(w.updateCall(leg, "Status", "completed"))
				w.advance(0)
			}
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

func TestLeavingAConferenceFromTwiML(t *testing.T) {
	for name, c := range map[string]struct {
		dial  string
		leave func(w *world, sid string)
		next  string
	}{
		"hangupOnStar": {`<Dial hangupOnStar="true"><Conference>lobby</Conference></Dial>`, func(w *world, _ string) { w.sim.Press(person, "*") }, "Hears Next verb"},
		"timeLimit":    {`<Dial timeLimit="10"><Conference>lobby</Conference></Dial>`, func(w *world, _ string) { w.advance(10 * time.Second) }, "Hears Next verb"},
		"hangs up":     {`<Dial action="after"><Conference>lobby</Conference></Dial>`, func(w *world, _ string) { w.sim.HangUp(person) }, "Leaves participant_hung_up"},
		"redirected":   {`<Dial action="after"><Conference>lobby</Conference></Dial>`, func(w *world, sid string) { w.must(w.updateCall(sid, "Url", "https://app.test/elsewhere")) }, "Hears Elsewhere"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{})
			sid := w.dialled(c.dial, map[string]string{"elsewhere": `<Response><Say>Elsewhere</Say></Response>`})
			w.advance(2 * time.Second)
			room := w.lobby()
			c.leave(w, sid)
			w.advance(time.Minute)
			experience := w.experienced(person)
			equals(t, "last", experience[len(experience)-2], c.next)
			equals(t, "room", w.conference(room).text("status"), "completed")
			equals(t, "action requests", len(w.received("/after")), strings.Count(c.dial, "action"))
			w.nothingLeft()
			equals(t, "timers", w.clock.Pending(), 0)
		})
	}
}

// Whoever is not let in goes on with the next verb.
// A participant is dialled at a number whose own document leads into the same room: both ends of one line
// are in it, and when one goes the other does.
func TestBothEndsOfALineInOneRoom(t *testing.T) {
	for name, c := range map[string]struct {
		end    func(w *world, room string)
		caller []string // what is seen of the one who is shown as calling
	}{
		"the room ends": {func(w *world, room string) {
			w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+".json", "Status", "completed"))
		}, []string{"Leaves conference_ended_via_api", "HangsUp", "Ended completed"}},
		"the one hangs up": {func(w *world, _ string) { w.sim.HangUp(ourNumber) },
			[]string{"HangsUp", "Leaves participant_hung_up", "Ended completed"}},
		"the other hangs up": {func(w *world, _ string) { w.sim.HangUp(ownedNumber1) },
			[]string{"Leaves moderator_ended_conference", "Hears beep", "HangsUp", "Ended completed"}}, // its document goes on for an instant
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, Options{}).serving(map[string]string{
				"voice": `<Response><Dial><Conference endConferenceOnExit="true" waitUrl="">lobby</Conference></Dial><Record/></Response>`})
			w.owned(ownedNumber1, "https://app.test/voice")
			room := w.dial("lobby", ownedNumber1, "EndConferenceOnExit", "true").text("conference_sid")
			w.advance(5 * time.Second)
			before := len(w.experienced(ourNumber))
			c.end(w, room)
			same(t, "caller", w.experienced(ourNumber)[before:], c.caller)
			log := w.experienced(ownedNumber1)
			equals(t, "last of the other", log[len(log)-1], "Ended completed")
			same(t, "said after the end", w.said(ownedNumber1), []string{})
			w.nothingLeft()
		})
	}
}

// The end of a call can lead back to it: a leg, to a number whose document dials another, whose document is in
// the room of the first. It ends once.
func TestTheEndOfACallLeadsBackToIt(t *testing.T) {
	const second = "+442079460002"
	w := newWorld(t, Options{}).serving(map[string]string{
		"voice":  `<Response><Dial>` + second + `</Dial></Response>`,
		"second": `<Response><Dial><Conference endConferenceOnExit="true" waitUrl="">lobby</Conference></Dial></Response>`})
	w.owned(ownedNumber1, "https://app.test/voice")
	w.owned(second, "https://app.test/second")
	w.dial("lobby", ownedNumber1, "WaitUrl", "")
	w.advance(5 * time.Second)
	first := w.must(w.get(calls, "To", ownedNumber1)).rows("calls")[0]
	equals(t, "direction", first["direction"].(string), inbound)
	w.must(w.updateCall(first["sid"].(string), "Status", "completed"))
	ends := map[string]int{}
	for _, e := range w.sim.Log() {
		if e.What == Ended {
			ends[e.CallSID]++
		}
	}
	equals(t, "calls", len(ends), 4)
	for sid, n := range ends {
		equals(t, "ends of "+sid, n, 1)
	}
	w.nothingLeft()
}

func TestNotLetIn(t *testing.T) {
	for conference, alert := range map[string]string{
		`<Conference participantLabel="agent">lobby</Conference>`:                                         "16025",
		`<Conference maxParticipants="1">lobby</Conference>`:                                              "16020",
		`<Conference coach="CA00000000000000000000000000000000">lobby</Conference>`:                       "13240",
		`<Conference coach="CA00000000000000000000000000000000">elsewhere</Conference>`:                   "13240",
		`<Conference startConferenceOnEnter="false" waitUrl="https://app.test/broken">other</Conference>`: "12100",
	} {
		w := newWorld(t, Options{})
		w.dial("lobby", stays, "Label", "agent", "WaitUrl", "")
		w.advance(5 * time.Second)
		w.dialled(`<Dial>`+conference+`</Dial>`, map[string]string{"broken": "no document"})
		w.advance(3 * time.Second)
		heard, alerted := strings.Join(w.experienced(person), ", "), false
		for _, e := range w.sim.Log() {
			alerted = alerted || e.What == Alerted && strings.HasPrefix(e.Detail, alert)
		}
		equals(t, conference, strings.Contains(heard, "Hears Next verb"), true)
		equals(t, conference+" alert "+alert, alerted, true)
		equals(t, conference+" legs", len(w.sim.LiveLegs()), 1)
	}
}

// Who hears whom: the agent, the caller, and a supervisor who listens, whispers, barges in.
func TestWhoHearsWhom(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	room := agent.text("conference_sid")
	w.sim.SetSoftphone("boss", Softphone{})
	w.dial(room, "client:boss", "Label", "boss", "Muted", "true")
	w.advance(5 * time.Second)
	set := func(label string, fields ...string) {
		w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+"/Participants/"+label+".json", fields...))
	}
	check := func(what, want string) {
		t.Helper()
		w.sim.lock()
		defer w.sim.unlock()
		var got []string
		c := w.sim.main.activeRoom(room)
		for _, p := range c.joined() {
			line := p.label + ":"
			for _, other := range c.hears(p) {
				line += " " + other.label
			}
			got = append(got, line)
		}
		equals(t, what, strings.Join(got, "; "), want)
	}
	check("listens", "agent: caller; caller: agent; boss: agent caller")
	set("boss", "CallSidToCoach", agent.text("call_sid"), "Muted", "false") // which is Coaching too, unless it is said not to be
	check("whispers", "agent: caller boss; caller: agent; boss: agent caller")
	set("boss", "Coaching", "false")
	check("barges in", "agent: caller boss; caller: agent boss; boss: agent caller")
	set("caller", "Hold", "true")
	check("the caller on hold", "agent: boss; caller:; boss: agent")
	set("boss", "Muted", "true")
	check("and the boss muted", "agent:; caller:; boss: agent")
	equals(t, "the agent hears", w.experienced("client:anna")[len(w.experienced("client:anna"))-1], "Hears silence")
	w.advance(0)
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent")[4:], []string{"participant-unmute", "participant-modify", "participant-modify", "participant-hold", "participant-mute"})
	w.refused(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+"/Participants/boss.json", "Coaching", "true", "CallSidToCoach", "CA00000000000000000000000000000000"), 400, 13240)
}

// An announcement to all is heard by all, and by one only by that one.
func TestAnnouncements(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	room := "/2010-04-01/Accounts/{AC}/Conferences/" + agent.text("conference_sid")
	w.must(w.post(room+".json", "AnnounceUrl", "https://app.test/twiml"))
	w.advance(10 * time.Second)
	for _, party := range []string{stays, "client:anna"} {
		heard := w.experienced(party)
		same(t, party, heard[len(heard)-2:], []string{"Hears One moment please", "Hears the conversation"})
	}
	ends := w.values("/room", "StatusCallbackEvent")
	same(t, "callbacks of an announcement to all", ends[len(ends)-1:], []string{"announcement-end"})
	equals(t, "announcements told of", strings.Count(strings.Join(ends, " "), "announcement"), 1)
	w.hooks = nil
	w.answer = func(hook) (int, string, string) { return 500, "", "" }
	w.must(w.post(room+"/Participants/caller.json", "AnnounceUrl", "https://app.test/twiml"))
	w.advance(10 * time.Second)
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent"), []string{"announcement-fail"})
	same(t, "reason", w.values("/room", "ReasonAnnouncementFailed"), []string{"error 11200"})
	equals(t, "AnnounceUrl", w.received("/room")[0].form.Get("AnnounceUrl"), "https://app.test/twiml")
	w.must(w.updateCall(agent.text("call_sid"), "Status", "completed"))
	w.sim.HangUp(stays)
	w.advance(0)
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}
