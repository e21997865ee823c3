package simulator

import (
	"slices"
	"testing"
	"time"
)

func TestAConversation(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	room := agent.text("conference_sid")
	equals(t, "one room", caller.text("conference_sid"), room)
	equals(t, "status", w.conference(room).text("status"), "in-progress")
	same(t, "agent", w.experienced("client:anna"), []string{"Dialled", "Rings", "Answers", "Joins agent", "Hears One moment please", "Hears silence", "Hears the conversation"})
	same(t, "caller", w.experienced(stays), []string{"Dialled", "Rings", "Answers", "Joins caller", "Hears the conversation"})
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent"), []string{"participant-join", "participant-join", "conference-start"})

	w.must(w.updateCall(agent.text("call_sid"), "Status", "completed"))
	w.advance(5 * time.Second)
	experience := w.experienced(stays)
	same(t, "caller alone again", experience[len(experience)-2:], []string{"Hears One moment please", "Hears silence"})
	w.must(w.updateCall(caller.text("call_sid"), "Status", "completed"))
	w.advance(0)
	events := w.received("/room")
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent"), []string{"participant-join", "participant-join", "conference-start",
		"participant-leave", "participant-leave", "conference-end"})
	same(t, "sequence from 1", w.values("/room", "SequenceNumber"), []string{"1", "2", "3", "4", "5", "6"})
	for name, want := range map[string]string{
		"ConferenceSid": room, "FriendlyName": "offer", "AccountSid": DefaultAccountSID, "CallSid": agent.text("call_sid"),
		"ParticipantLabel": "agent", "Muted": "false", "Hold": "false", "Coaching": "false", "StartConferenceOnEnter": "true",
		"EndConferenceOnExit": "false", "ReasonParticipantLeft": "participant_updated_via_api", "ParticipantCallStatus": "completed",
	} {
		equals(t, name+" of the leave", events[3].form.Get(name), want)
	}
	for name, want := range map[string]string{
		"ReasonConferenceEnded": "last-participant-left", "CallSidEndingConference": caller.text("call_sid"), "ParticipantLabelEndingConference": "caller",
	} {
		equals(t, name+" of the end", events[5].form.Get(name), want)
	}
	body := w.conference(room)
	equals(t, "status", body.text("status"), "completed")
	equals(t, "reason", body.text("reason_conference_ended"), "last-participant-left")
	equals(t, "ending call", body.text("call_sid_ending_conference"), caller.text("call_sid"))
	equals(t, "participants of an ended room", len(w.must(w.get(w.room(room))).rows("participants")), 0)
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

func TestByNameAndBySID(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	room := agent.text("conference_sid")
	equals(t, "a live name is the same room", w.dial("offer", "+447700900003").text("conference_sid"), room)
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+".json", "Status", "completed"))
	w.refused(w.post(w.room(room), "To", stays, "From", ourNumber), 404, 20404)
	w.refused(w.post(w.room("CF00000000000000000000000000000000"), "To", stays, "From", ourNumber), 404, 20404)
	again := w.dial("offer", stays).text("conference_sid")
	if again == room {
		t.Error("a completed conference was revived")
	}

	w = newWorld(t, Options{Uncertain: Uncertain{EndedConferenceIs400: true}})
	agent, _ = w.talking()
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+agent.text("conference_sid")+".json", "Status", "completed"))
	w.refused(w.post(w.room(agent.text("conference_sid")), "To", stays, "From", ourNumber), 400, 16022)
}

func TestLabels(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	room := agent.text("conference_sid")
	w.refused(w.post(w.room(room), "To", stays, "From", ourNumber, "Label", "caller"), 400, 16026)
	w.refused(w.post(w.room("offer"), "To", stays, "From", ourNumber, "Label", "caller"), 400, 16026)
	w.refused(w.post(w.room(room), "To", stays, "From", ourNumber, "Label", "a/b"), 400, 16024)
	w.refused(w.post(w.room(room), "To", stays, "From", ourNumber, "Label", caller.text("call_sid")), 400, 16024)
	equals(t, "nobody was dialled", len(w.sim.LiveLegs()), 2)
	participant := "/2010-04-01/Accounts/{AC}/Conferences/" + room + "/Participants/"
	equals(t, "by label", w.must(w.get(participant+"caller.json")).text("call_sid"), caller.text("call_sid"))
	equals(t, "by SID", w.must(w.get(participant+caller.text("call_sid")+".json")).text("status"), "connected")
	w.must(w.remove(participant + "caller.json"))
	w.refused(w.get(participant+"caller.json"), 404, 20404)
	w.dial(room, stays, "Label", "caller") // free again

	w = newWorld(t, Options{CallsPerSecond: 1, Uncertain: Uncertain{LabelReadableAfter: 3 * time.Second, LabelsFreeWhileQueued: true}})
	w.dial("x", "+447700900003")
	queued := w.dial("offer", "+447700900003", "Label", "caller")
	participant = "/2010-04-01/Accounts/{AC}/Conferences/" + queued.text("conference_sid") + "/Participants/"
	w.refused(w.get(participant+"caller.json"), 404, 20404)
	w.must(w.get(participant + queued.text("call_sid") + ".json"))
	w.dial("offer", "+447700900003", "Label", "caller") // while the first is queued
	w.advance(2 * time.Second)
	w.refused(w.post(w.room("offer"), "To", stays, "From", ourNumber, "Label", "caller"), 400, 16026)
	w.advance(time.Second)
	w.must(w.get(participant + "caller.json"))
}

func TestEndConferenceOnExitEndsItForAll(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	room := agent.text("conference_sid")
	participant := "/2010-04-01/Accounts/{AC}/Conferences/" + room + "/Participants/agent.json"
	w.must(w.post(participant, "EndConferenceOnExit", "true"))
	w.sim.HangUp("client:anna")
	w.advance(0)
	equals(t, "caller", w.call(caller.text("call_sid")).text("status"), "completed")
	equals(t, "reason", w.conference(room).text("reason_conference_ended"), "participant-with-end-conference-on-exit-left")
	events := w.received("/room")
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent")[3:], []string{"participant-modify", "participant-leave", "participant-leave", "conference-end"})
	equals(t, "agent left", events[4].form.Get("ReasonParticipantLeft"), "participant_hung_up")
	equals(t, "caller left", events[5].form.Get("ReasonParticipantLeft"), "moderator_ended_conference")
	equals(t, "ended by", events[6].form.Get("CallSidEndingConference"), agent.text("call_sid"))
	i := slices.IndexFunc(w.sim.Log(), func(e Entry) bool { return e.What == Ended && e.Party == stays })
	equals(t, "who ended the caller's leg", w.sim.Log()[i].By, ByConference)
	w.nothingLeft()
}

func TestEndingByRequest(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	room := agent.text("conference_sid")
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+".json", "Status", "completed"))
	w.advance(0)
	equals(t, "reason", w.conference(room).text("reason_conference_ended"), "conference-ended-via-api")
	equals(t, "ReasonParticipantLeft", w.received("/room")[3].form.Get("ReasonParticipantLeft"), "conference_ended_via_api")
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+".json", "Status", "completed"))
	w.nothingLeft()
}

func TestKickingTheLastOne(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	room := w.dial("offer", stays, "Label", "caller").text("conference_sid")
	w.advance(5 * time.Second)
	w.must(w.remove("/2010-04-01/Accounts/{AC}/Conferences/" + room + "/Participants/caller.json"))
	w.advance(0)
	equals(t, "reason", w.conference(room).text("reason_conference_ended"), "last-participant-kicked")
	w.nothingLeft()
}

func TestRoomNobodyEverJoined(t *testing.T) {
	w := newWorld(t, Options{})
	room := w.dial("offer", "+447700900004").text("conference_sid")
	w.advance(time.Second)
	equals(t, "status", w.conference(room).text("status"), "completed")
	equals(t, "callbacks", len(w.received("/room")), 0)
	w.nothingLeft()
}

func TestFirstToJoinDecidesTheCallback(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	room := w.dial("offer", stays).text("conference_sid") // rings for 2 s
	w.sim.SetSoftphone("anna", Softphone{})               // answers after 1
	w.dial(room, "client:anna", "ConferenceStatusCallback", "https://app.test/other", "ConferenceStatusCallbackEvent", "join end")
	w.advance(5 * time.Second)
	equals(t, "at the first to be added", len(w.received("/room")), 0)
	same(t, "at the first to join", w.values("/other", "StatusCallbackEvent"), []string{"participant-join", "participant-join"})
}

func TestConferenceStart(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetPhone("+447700900001", Phone{})
	room := w.dial("offer", stays, "StartConferenceOnEnter", "false").text("conference_sid")
	w.dial(room, "+447700900001", "StartConferenceOnEnter", "false")
	w.advance(5 * time.Second)
	equals(t, "two who may not start it", w.conference(room).text("status"), "init")
	same(t, "what they hear", w.experienced(stays)[4:], []string{"Hears One moment please", "Hears silence"})
	w.sim.SetSoftphone("anna", Softphone{})
	w.dial(room, "client:anna")
	w.advance(5 * time.Second)
	equals(t, "one who may", w.conference(room).text("status"), "in-progress")

	w = newWorld(t, Options{Uncertain: Uncertain{InProgressWhenAlone: true}}).speaking()
	room = w.dial("offer", stays).text("conference_sid")
	w.advance(5 * time.Second)
	equals(t, "alone, as once measured", w.conference(room).text("status"), "in-progress")
}

func TestEarlyMediaJoinsBeforeTheAnswer(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetSoftphone("anna", Softphone{})
	room := w.dial("offer", "client:anna").text("conference_sid")
	w.advance(3 * time.Second)
	leg := w.dial(room, stays, "EarlyMedia", "true").text("call_sid")
	w.advance(time.Second)
	equals(t, "leg", w.call(leg).text("status"), "ringing")
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent"), []string{"participant-join", "participant-join", "conference-start"})
	w.advance(5 * time.Second)
	same(t, "agent", w.experienced("client:anna")[4:], []string{"Hears One moment please", "Hears silence", "Hears ringing", "Hears the conversation"})

	for digits, status := range map[string]string{"003": "no-answer", "004": "busy", "006": "failed"} {
		w.hooks = nil
		w.dial(room, "+447700900"+digits, "EarlyMedia", "true")
		w.advance(2 * time.Minute)
		same(t, digits, w.values("/room", "StatusCallbackEvent"), []string{"participant-join", "participant-leave"})
		equals(t, digits+" left as", w.received("/room")[1].form.Get("ParticipantCallStatus"), status)
		equals(t, digits+" left because", w.received("/room")[1].form.Get("ReasonParticipantLeft"), "participant_add_failed")
	}
	equals(t, "the others talk on", len(w.sim.LiveLegs()), 2)
}

func TestJoinAndAnswerInEitherOrder(t *testing.T) {
	order := func(u Uncertain) []string {
		w := newWorld(t, Options{Uncertain: u}).speaking()
		w.dial("offer", stays, "StatusCallbackEvent", "answered")
		w.advance(10 * time.Second)
		var order []string
		for _, h := range w.hooks {
			order = append(order, h.form.Get("StatusCallbackEvent")+h.form.Get("CallStatus")+h.at.Format(" 5.0"))
		}
		return slices.DeleteFunc(order, func(s string) bool { return s[:2] == "in" && len(s) < 14 })
	}
	same(t, "by default", order(Uncertain{})[:2], []string{"in-progress 2.1", "participant-join 2.1"})
	same(t, "join first", order(Uncertain{JoinReportedFirst: true})[:2], []string{"participant-join 2.1", "in-progress 2.1"})
	same(t, "with a gap", order(Uncertain{JoinGap: time.Second})[:2], []string{"in-progress 2.1", "participant-join 3.1"})
	same(t, "before the answer", order(Uncertain{JoinBeforeAnswer: true})[:1], []string{"participant-join 0.1"})
}

func TestEarlyMediaJoinsOnce(t *testing.T) {
	w := newWorld(t, Options{Uncertain: Uncertain{JoinReportedFirst: true}})
	w.dial("lobby", stays, "EarlyMedia", "true", "WaitUrl", "")
	w.advance(5 * time.Second)
	same(t, "party", w.experienced(stays), []string{"Dialled", "Joins", "Rings", "Answers", "Hears silence"})
}

func TestImmediateHangUpBeforeTheJoin(t *testing.T) {
	w := newWorld(t, Options{Uncertain: Uncertain{JoinGap: time.Second}}).speaking()
	w.dial("offer", "+447700900005")
	w.advance(time.Minute)
	same(t, "experienced", w.experienced("+447700900005"), []string{"Dialled", "Rings", "Answers", "HangsUp", "Ended completed"})
	equals(t, "joins", len(w.received("/room")), 0)
	w.nothingLeft()
}

// What becomes of a leg whose conference ends while it is being rung (L16).
func TestLateLeg(t *testing.T) {
	for late, c := range map[LateLeg]struct {
		experience []string
		status     string
	}{
		LateLegEnds:    {[]string{"Dialled", "Rings", "Answers", "Ended completed"}, "completed"},
		LateLegHangUp:  {[]string{"Dialled", "Rings", "StopsRinging canceled", "Ended canceled"}, "canceled"},
		LateLegNewRoom: {[]string{"Dialled", "Rings", "Answers", "Joins", "Hears One moment please", "Hears silence"}, "in-progress"},
	} {
		w := newWorld(t, Options{Uncertain: Uncertain{LateLeg: late}}).speaking()
		w.sim.SetSoftphone("anna", Softphone{DropsAfter: 5 * time.Second})
		room := w.dial("offer", "client:anna").text("conference_sid")
		w.advance(5 * time.Second)
		leg := w.dial(room, stays).text("call_sid")
		w.advance(time.Minute)
		same(t, "experienced", w.experienced(stays), c.experience)
		equals(t, "status", w.call(leg).text("status"), c.status)
		equals(t, "first room", w.conference(room).text("status"), "completed")
		if late != LateLegNewRoom {
			w.nothingLeft()
			continue
		}
		legs := w.sim.LiveLegs()
		if len(legs) != 1 || legs[0].ConferenceSID == room {
			t.Errorf("legs in a new room: got %v", legs)
		}
	}
}

func TestFailingWaitURLEndsTheLeg(t *testing.T) {
	w := newWorld(t, Options{})
	w.answer = func(h hook) (int, string, string) { return 500, "", "" }
	leg := w.dial("offer", stays).text("call_sid")
	w.advance(time.Minute)
	equals(t, "status", w.call(leg).text("status"), "completed")
	w.nothingLeft()
}

func TestWaiting(t *testing.T) {
	w := newWorld(t, Options{})
	for _, phone := range []string{"+447700900102", "+447700900202"} {
		w.sim.SetPhone(phone, Phone{Rings: 2 * time.Second})
	}
	w.dial("silent", "+447700900002", "WaitUrl", "")
	w.must(w.post(w.room("music"), "To", "+447700900102", "From", ourNumber, "EarlyMedia", "false"))
	w.answer = func(h hook) (int, string, string) { // a sentence, again and again
		return 200, "text/xml", `<Response><Say>Please hold</Say><Redirect/></Response>`
	}
	w.dial("loops", "+447700900202")
	w.advance(10 * time.Second)
	same(t, "silence", w.experienced("+447700900002")[4:], []string{"Hears silence"})
	same(t, "music", w.experienced("+447700900102")[4:], []string{"Hears play " + defaultMusic})
	if n := len(w.experienced("+447700900202")[4:]); n < 5 {
		t.Errorf("sentences heard: got %d, want one a second", n)
	}

	w = newWorld(t, Options{Uncertain: Uncertain{NoWaitAfterStart: true}})
	_, caller := w.talking()
	w.sim.HangUp("client:anna")
	w.advance(time.Minute)
	experience := w.experienced(stays)
	same(t, "alone after the start", experience[len(experience)-1:], []string{"Hears silence"})
	equals(t, "still there", w.call(caller.text("call_sid")).text("status"), "in-progress")
}

func TestHoldMuteAnnounce(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	w.hooks = nil
	participant := "/2010-04-01/Accounts/{AC}/Conferences/" + agent.text("conference_sid") + "/Participants/caller.json"
	body := w.must(w.post(participant, "Hold", "true", "HoldUrl", "https://app.test/twiml")).body
	equals(t, "hold", body["hold"].(bool), true)
	w.advance(time.Minute)
	w.must(w.post(participant, "Hold", "false", "Muted", "true"))
	w.must(w.post(participant, "AnnounceUrl", "https://app.test/twiml"))
	w.advance(time.Minute)
	same(t, "callbacks", w.values("/room", "StatusCallbackEvent"), []string{"participant-hold", "participant-mute", "participant-unhold", "announcement-end"})
	equals(t, "HoldUrl is fetched by GET", w.received("/twiml")[0].method, "GET")
	same(t, "caller", w.experienced(stays)[4:], []string{"Hears the conversation", "Hears One moment please", "Hears silence",
		"Hears the conversation", "Hears One moment please", "Hears the conversation"})
	same(t, "agent, who does not hear a muted party", w.experienced("client:anna")[6:], []string{"Hears the conversation", "Hears silence"})
	equals(t, "list by hold", len(w.get(w.room(agent.text("conference_sid")), "Hold", "true").rows("participants")), 0)
	equals(t, "list by muted", len(w.get(w.room(agent.text("conference_sid")), "Muted", "true").rows("participants")), 1)
	w.must(w.post(participant, "Muted", "false"))
	same(t, "agent", w.experienced("client:anna")[6:], []string{"Hears the conversation", "Hears silence", "Hears the conversation"})
}

func TestSoftphoneHangsUpAfterTheOtherJoined(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetSoftphone("anna", Softphone{HangsUpAfter: 15 * time.Second})
	room := w.dial("offer", "client:anna").text("conference_sid")
	w.advance(time.Minute)
	equals(t, "waits for the other party", len(w.sim.LiveLegs()), 1)
	w.dial(room, stays, "EndConferenceOnExit", "true")
	w.advance(16 * time.Second)
	equals(t, "talks", len(w.sim.LiveLegs()), 2)
	w.advance(2 * time.Second)
	equals(t, "hung up", len(w.sim.LiveLegs()), 1)
}

func TestConferenceList(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	w.dial("other", "+447700900003")
	const path = "/2010-04-01/Accounts/{AC}/Conferences.json"
	find := func(fields ...string) int { return len(w.must(w.get(path, fields...)).rows("conferences")) }
	equals(t, "all", find(), 2)
	equals(t, "by name", find("FriendlyName", "offer"), 1)
	equals(t, "in progress", find("Status", "in-progress"), 1)
	equals(t, "init", find("Status", "init"), 1)
	equals(t, "today", find("DateCreated", "2026-11-22"), 2)
	equals(t, "tomorrow", find("DateCreated>", "2026-11-23"), 0)
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/"+agent.text("conference_sid")+".json", "Status", "completed"))
	equals(t, "completed", find("Status", "completed", "FriendlyName", "offer"), 1)
	w.refused(w.get(w.room("never")), 404, 20404)
}

func TestFullConference(t *testing.T) {
	w := newWorld(t, Options{})
	agent, _ := w.talking()
	w.sim.SetPhone("+447700900102", Phone{Rings: 2 * time.Second})
	leg := w.dial(agent.text("conference_sid"), "+447700900102", "MaxParticipants", "2").text("call_sid")
	w.advance(5 * time.Second)
	equals(t, "the third", w.call(leg).text("status"), "completed")
	equals(t, "the others", len(w.sim.LiveLegs()), 2)
}
