package activities

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	sb "switchboard"
)

const (
	getLeg  = "GET Calls/" + testLeg + ".json"
	postLeg = "POST Calls/" + testLeg + ".json"
	getRoom = "GET Conferences/" + testRoom + ".json"
)

// callIn answers with a call in a status.
func callIn(status string) http.HandlerFunc { return say(200, callJSON(testLeg, status, "12:00:01")) }

func callJSON(sid, status, made string) string {
	c := map[string]any{
		"sid": sid, "status": status, "to": testPhone, "from": testCallerID, "date_created": "Sun, 22 Nov 2026 " + made + " +0000",
		"date_updated": "Sun, 22 Nov 2026 12:00:05 +0000", "duration": nil, "end_time": nil,
	}
	if sb.LegStatus(status).Over() {
		c["duration"], c["end_time"] = "42", "Sun, 22 Nov 2026 12:00:50 +0000"
	}
	return jsonOf(c)
}

func calls(list ...string) http.HandlerFunc {
	return say(200, `{"calls":[`+strings.Join(list, ",")+`],"page":0}`)
}

func TestEndLeg(t *testing.T) {
	for _, c := range []struct {
		name      string
		post, get []http.HandlerFunc
		want      sb.LegStatus
		seconds   int
		who       string // ended it
	}{
		{"live", []http.HandlerFunc{callIn("completed")}, nil, sb.LegCompleted, 42, "we"},
		{"ends a little later", []http.HandlerFunc{callIn("in-progress")}, []http.HandlerFunc{callIn("in-progress"), callIn("completed")}, sb.LegCompleted, 42, "we"},
		{"over already", []http.HandlerFunc{refuse(400, 21220)}, []http.HandlerFunc{callIn("busy")}, sb.LegBusy, 42, "not we"},
		{"unknown", []http.HandlerFunc{refuse(404, 20404)}, nil, sb.LegCompleted, -1, "not we"},
		{"answer lost, ended", []http.HandlerFunc{reset("")}, []http.HandlerFunc{callIn("canceled")}, sb.LegCanceled, 42, "nobody can tell"},
		{"unreadable for a while", []http.HandlerFunc{proxyPage(502)}, []http.HandlerFunc{refuse(404, 20404), proxyPage(503), callIn("no-answer")}, sb.LegNoAnswer, 42, "nobody can tell"},
		{"too many", []http.HandlerFunc{refuse(429, 20429), callIn("completed")}, []http.HandlerFunc{callIn("ringing")}, sb.LegCompleted, 42, "we"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on(postLeg, c.post...)
			w.fake.on(getLeg, c.get...)
			out := done[EndLegResult](w, w.EndLeg, EndLegInput{Ref: testCallerRef, Leg: testLeg})
			equal(t, "status", out.Leg.Status, c.want)
			equal(t, "seconds", out.Leg.Seconds, c.seconds)
			equal(t, "who ended it", map[[2]bool]string{{true, false}: "we", {false, true}: "not we", {}: "nobody can tell"}[[2]bool{out.Taken, out.Already}], c.who)
			equal(t, "leg", out.Leg.Leg, testLeg)
			equal(t, "ref", out.Leg.Ref, testCallerRef)
			equal(t, "posted", w.fake.got(postLeg)[0].form.Encode(), "Status=completed")
		})
	}
	w := newWorld(t)
	w.fake.on(postLeg, callIn("in-progress"))
	w.fake.on(getLeg, callIn("in-progress"))
	_, err := run[EndLegResult](w, w.EndLeg, EndLegInput{Ref: testCallerRef, Leg: testLeg})
	wantError(t, err, ErrorUnsettled, true)
	w.fake.on(postLeg, refuse(401, 20003))
	_, err = run[EndLegResult](w, w.EndLeg, EndLegInput{Ref: testCallerRef, Leg: testLeg})
	wantError(t, err, ErrorRefused, true)
}

func TestWithdraw(t *testing.T) {
	const redirect, cancel = "Twiml", "Status"
	for _, c := range []struct {
		name       string
		post, get  []http.HandlerFunc
		apologised bool
		want       sb.LegStatus
		sent       string
	}{
		{"picked up", []http.HandlerFunc{callIn("in-progress")}, nil, true, sb.LegInProgress, "Twiml"},
		{"rings", []http.HandlerFunc{refuse(400, 21220), callIn("canceled")}, nil, false, sb.LegCanceled, "Twiml Status"},
		{"rings, seen cancelled later", []http.HandlerFunc{refuse(400, 21220), callIn("ringing")}, []http.HandlerFunc{callIn("canceled")}, false, sb.LegCanceled, "Twiml Status"},
		{"picked up while we cancel", []http.HandlerFunc{refuse(400, 21220), callIn("ringing"), callIn("in-progress")}, []http.HandlerFunc{callIn("in-progress")}, true, sb.LegInProgress, "Twiml Status Twiml"},
		{"over", []http.HandlerFunc{refuse(400, 21220), refuse(400, 21220)}, []http.HandlerFunc{callIn("no-answer")}, false, sb.LegNoAnswer, "Twiml Status"},
		{"unknown", []http.HandlerFunc{refuse(404, 20404)}, nil, false, sb.LegCompleted, "Twiml"},
		{"answer lost", []http.HandlerFunc{reset(""), callIn("in-progress")}, nil, true, sb.LegInProgress, "Twiml Twiml"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on(postLeg, c.post...)
			w.fake.on(getLeg, c.get...)
			out := done[WithdrawResult](w, w.Withdraw, WithdrawInput{Ref: testCallerRef, Leg: testLeg, Locale: "xx"})
			equal(t, "apologised", out.Apologised, c.apologised)
			equal(t, "status", out.Leg.Status, c.want)
			equal(t, "leg", out.Leg.Leg, testLeg)
			var sent []string
			for _, p := range w.fake.got(postLeg) {
				if p.form.Has(redirect) {
					sent = append(sent, redirect)
					if twiml := p.form.Get(redirect); !strings.HasPrefix(twiml, `<Response><Say language="en-GB">`) || !strings.HasSuffix(twiml, "</Say><Hangup/></Response>") {
						t.Errorf("TwiML: got %s", twiml)
					}
				} else {
					sent = append(sent, cancel)
					equal(t, "cancel", p.form.Encode(), "Status=canceled")
				}
			}
			equal(t, "sent", strings.Join(sent, " "), c.sent)
		})
	}
	w := newWorld(t)
	w.fake.on(postLeg, proxyPage(500))
	_, err := run[WithdrawResult](w, w.Withdraw, WithdrawInput{Ref: testCallerRef, Leg: testLeg})
	wantError(t, err, ErrorUnsettled, true)
}

func TestFindLeg(t *testing.T) {
	const byLabel = "GET Conferences/" + testRoom + "/Participants/caller-2-3.json"
	participant := func(leg, status string) http.HandlerFunc {
		return say(200, `{"call_sid":"`+leg+`","conference_sid":"`+testRoom+`","label":"caller-2-3","status":"`+status+`"}`)
	}
	for _, c := range []struct {
		name   string
		on     map[string]http.HandlerFunc
		found  sb.CallSID
		status sb.LegStatus
		inRoom bool
	}{
		{"nothing", nil, "", "", false},
		{"by label", map[string]http.HandlerFunc{byLabel: participant(testLeg, "connected"), getLeg: callIn("in-progress")}, testLeg, sb.LegInProgress, true},
		{"by label, call unreadable yet", map[string]http.HandlerFunc{byLabel: participant(testLeg, "ringing")}, testLeg, sb.LegQueued, false},
		{"by label, but it is another's", map[string]http.HandlerFunc{byLabel: participant("CAknown", "connected")}, "", "", false},
		{"live call in our room", map[string]http.HandlerFunc{
			"GET Calls.json": calls(callJSON("CA9", "ringing", "12:00:02"), callJSON(testLeg, "ringing", "12:00:02")),
			"GET Conferences/" + testRoom + "/Participants/" + testLeg + ".json": participant(testLeg, "ringing"),
		}, testLeg, sb.LegRinging, false},
		{"live call elsewhere", map[string]http.HandlerFunc{"GET Calls.json": calls(callJSON(testLeg, "ringing", "12:00:02"))}, "", "", false},
		{"one that ended", map[string]http.HandlerFunc{"GET Calls.json": calls(callJSON(testLeg, "busy", "12:00:02"))}, testLeg, sb.LegBusy, false},
		{"two that ended", map[string]http.HandlerFunc{"GET Calls.json": calls(callJSON("CA9", "busy", "12:00:02"), callJSON(testLeg, "busy", "12:00:03"))}, "", "", false},
		{"one too old, one known, one of ours", map[string]http.HandlerFunc{"GET Calls.json": calls(
			callJSON("CA9", "busy", "11:59:50"), callJSON("CAknown", "completed", "12:00:02"), callJSON(testLeg, "no-answer", "12:00:03"),
		)}, testLeg, sb.LegNoAnswer, false},
		{"another number of ours called", map[string]http.HandlerFunc{"GET Calls.json": calls(strings.Replace(callJSON(testLeg, "busy", "12:00:02"), testCallerID, "+442079460751", 1))}, "", "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on("GET Calls.json", calls())
			for route, answer := range c.on {
				w.fake.on(route, answer)
			}
			in := FindLegInput{Ref: testCallerRef, Conference: testRoom, To: testPhone, Since: testStart, Known: []sb.CallSID{"CAknown"}}
			out := done[FindLegResult](w, w.FindLeg, in)
			equal(t, "found", out.Found, c.found != "")
			equal(t, "leg", out.Leg.Leg, c.found)
			equal(t, "status", out.Leg.Status, c.status)
			equal(t, "in room", out.InRoom, c.inRoom)
			for _, r := range w.fake.got("GET Calls.json") {
				equal(t, "To", r.form.Get("To"), testPhone)
			}
		})
	}
}

// twilio-go by itself would ask for client:anna and for room-1.v2.
func TestFiltersKeepTheirDigits(t *testing.T) {
	w := newWorld(t)
	w.fake.on("GET Conferences.json", say(200, `{"conferences":[]}`))
	w.fake.on("GET Calls.json", calls())
	done[FindLegResult](w, w.FindLeg, FindLegInput{Ref: testAgentRef, Room: "room-1.25.v2", To: "client:anna.7", Since: testStart})
	equal(t, "FriendlyName", w.fake.got("GET Conferences.json")[0].form.Get("FriendlyName"), "room-1.25.v2")
	equal(t, "To", w.fake.got("GET Calls.json")[0].form.Get("To"), "client:anna.7")
}

func TestFindLegFailures(t *testing.T) {
	for _, route := range []string{"GET Calls.json", "GET Conferences/" + testRoom + "/Participants/caller-2-3.json"} {
		w := newWorld(t)
		w.fake.on("GET Calls.json", calls())
		w.fake.on(route, proxyPage(503))
		_, err := run[FindLegResult](w, w.FindLeg, FindLegInput{Ref: testCallerRef, Conference: testRoom, To: testPhone, Since: testStart})
		wantError(t, err, ErrorUnclear, true)
	}
}

func TestLookAtLegs(t *testing.T) {
	in := LookAtLegsInput{Conference: testRoom, Agent: LegToLookAt{testAgentRef, testAgentLeg}, Caller: LegToLookAt{testCallerRef, testLeg}}
	w := newWorld(t)
	w.fake.on("GET Calls/"+testAgentLeg+".json", say(200, callJSON(testAgentLeg, "in-progress", "12:00:00")))
	w.fake.on(getLeg, say(200, strings.Replace(callJSON(testLeg, "in-progress", "12:00:02"), `"sid"`, `"answered_by":"machine_start","sid"`, 1)))
	w.fake.on(getRoom, say(200, `{"sid":"`+testRoom+`","status":"in-progress"}`))
	w.fake.on("GET Conferences/"+testRoom+"/Participants.json", say(200, `{"participants":[
		{"call_sid":"`+testAgentLeg+`","label":"agent-2-3","status":"connected"},{"call_sid":"`+testLeg+`","label":"caller-2-3","status":"ringing"}]}`))
	out := done[LookAtLegsResult](w, w.LookAtLegs, in)
	if len(out.Legs) != 2 || len(out.Room) != 1 {
		t.Fatalf("got %s", jsonOf(out))
	}
	equal(t, "agent", out.Legs[0].Status, sb.LegInProgress)
	equal(t, "seconds of a live leg", out.Legs[0].Seconds, -1)
	equal(t, "answered by", out.Legs[1].AnsweredBy, "machine_start")
	equal(t, "who is in", out.Room[0], sb.RoomNews{Ref: testAgentRef, Conference: testRoom, Event: sb.RoomJoined, Leg: testAgentLeg, Label: "agent-2-3", Via: "look"})

	w = newWorld(t)
	w.fake.on(getLeg, callIn("completed")) // and the agent's leg cannot be read
	w.fake.on(getRoom, say(200, `{"sid":"`+testRoom+`","status":"completed","reason_conference_ended":"participant-with-end-conference-on-exit-left","call_sid_ending_conference":"`+testLeg+`"}`))
	out = done[LookAtLegsResult](w, w.LookAtLegs, in)
	if len(out.Legs) != 1 || len(out.Room) != 1 {
		t.Fatalf("got %s", jsonOf(out))
	}
	equal(t, "seconds", out.Legs[0].Seconds, 42)
	equal(t, "the end", out.Room[0], sb.RoomNews{Ref: testAgentRef, Conference: testRoom, Event: sb.RoomEnded, Leg: testLeg, Label: "caller-2-3", HungUp: true, Via: "look"})

	// What can be seen is news; a look that sees nothing at all has failed.
	w.fake.on(getRoom, proxyPage(500))
	if out = done[LookAtLegsResult](w, w.LookAtLegs, in); len(out.Legs) != 1 || len(out.Room) != 0 {
		t.Fatalf("got %s", jsonOf(out))
	}
	w.fake.on(getLeg, proxyPage(500))
	_, err := run[LookAtLegsResult](w, w.LookAtLegs, in)
	wantError(t, err, ErrorUnclear, true)
}

func TestEndRoom(t *testing.T) {
	const post = "POST Conferences/" + testRoom + ".json"
	w := newWorld(t)
	w.fake.on(post, say(200, `{}`))
	w.fake.on("GET Conferences.json", func(rw http.ResponseWriter, r *http.Request) {
		list := `{"conferences":[]}`
		if r.Form.Get("Status") == "init" {
			list = `{"conferences":[{"sid":"` + testRoom + `","friendly_name":"room-a1","status":"init"}]}`
		}
		say(200, list)(rw, r)
	})
	done[nothing](w, w.EndRoom, EndRoomInput{Conference: testRoom})
	done[nothing](w, w.EndRoom, EndRoomInput{Room: "room-a1"})
	done[nothing](w, w.EndRoom, EndRoomInput{})
	posts := w.fake.got(post)
	equal(t, "posts", len(posts), 2)
	equal(t, "posted", posts[1].form.Encode(), url.Values{"Status": {"completed"}}.Encode())

	w.fake.on(post, refuse(404, 20404))
	done[nothing](w, w.EndRoom, EndRoomInput{Conference: testRoom})
	w.fake.on(post, refuse(400, 20001))
	w.fake.on(getRoom, say(200, `{"status":"completed"}`))
	done[nothing](w, w.EndRoom, EndRoomInput{Conference: testRoom})
	w.fake.on(post, reset(""))
	_, err := run[nothing](w, w.EndRoom, EndRoomInput{Conference: testRoom})
	wantError(t, err, ErrorUnclear, true)
}

func TestBindAgent(t *testing.T) {
	const post = "POST Conferences/" + testRoom + "/Participants/" + testAgentLeg + ".json"
	in := BindAgentInput{Conference: testRoom, Leg: testAgentLeg}
	w := newWorld(t)
	w.fake.on(post, say(200, `{}`), refuse(404, 20404), proxyPage(503))
	done[nothing](w, w.BindAgent, in)
	equal(t, "posted", w.fake.got(post)[0].form.Encode(), "EndConferenceOnExit=true")
	done[nothing](w, w.BindAgent, in)
	_, err := run[nothing](w, w.BindAgent, in)
	wantError(t, err, ErrorUnclear, true)
}
