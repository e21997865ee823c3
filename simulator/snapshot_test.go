package simulator

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestSnapshotOfACall(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/offer/Participants/agent.json", "Muted", "true"))
	now := w.sim.Snapshot()
	equals(t, "at", now.At, w.clock.Now())
	equals(t, "account", now.Accounts[0].SID, DefaultAccountSID)
	equals(t, "conferences", len(now.Conferences), 1)
	room := now.Conferences[0]
	equals(t, "name", room.Name, "offer")
	equals(t, "status", room.Status, conferenceInProgress)
	same(t, "legs", room.CallSIDs, []string{agent.text("call_sid"), caller.text("call_sid")})

	equals(t, "calls", len(now.Calls), 2)
	a, c := now.Calls[0], now.Calls[1]
	equals(t, "agent", a.Party, "client:anna")
	equals(t, "label", a.Participant.Label, "agent")
	equals(t, "muted", a.Participant.Muted, true)
	equals(t, "caller", c.Party, stays)
	equals(t, "direction", c.Direction, outboundAPI)
	equals(t, "conference", c.ConferenceSID, room.SID)
	equals(t, "status", c.Status, callInProgress)
	equals(t, "answered", c.AnsweredAt, c.StatusSince)
	equals(t, "the agent hears", a.Hears, hearsConversation)
	equals(t, "the caller hears", c.Hears, hearsSilence)
	same(t, "the caller hears a muted agent", c.HearsCalls, nil)
	same(t, "the agent hears", a.HearsCalls, []string{c.SID})

	w.must(w.post("/2010-04-01/Accounts/{AC}/Conferences/offer/Participants/caller.json", "Hold", "true"))
	now = w.sim.Snapshot()
	equals(t, "on hold", now.Calls[1].Participant.Hold, true)
	equals(t, "on hold hears", now.Calls[1].Hears, "play "+defaultMusic)
	equals(t, "the other hears", now.Calls[0].Hears, hearsSilence)
	same(t, "the other hears nobody", now.Calls[0].HearsCalls, nil)

	w.sim.HangUp("client:anna")
	w.advance(0)
	now = w.sim.Snapshot()
	equals(t, "live", len(now.Calls), 1)
	equals(t, "ended", len(now.EndedCalls), 1)
	equals(t, "ended status", now.EndedCalls[0].Status, callCompleted)
	equals(t, "ended by", now.EndedCalls[0].EndedBy, ByParty)
	equals(t, "ended hears", now.EndedCalls[0].Hears, "")
}

func TestSnapshotOfWebhooks(t *testing.T) {
	w := newWorld(t, Options{})
	asked := false
	w.answer = func(hook) (int, string, string) {
		asked = true
		equals(t, "on its way", w.sim.Snapshot().WebhooksOut, 1)
		return 204, "", ""
	}
	w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call", "StatusCallbackEvent", "completed")
	w.advance(time.Second)
	equals(t, "asked", asked, true)
	equals(t, "none on its way", w.sim.Snapshot().WebhooksOut, 0)
	equals(t, "on", w.sim.Snapshot().WebhooksOn, true)
	w.sim.SetWebhooks(false)
	equals(t, "off", w.sim.Snapshot().WebhooksOn, false)
}

// A coach is heard by the one who is coached, and by nobody else.
func TestSnapshotOfACoach(t *testing.T) {
	w := newWorld(t, Options{})
	agent, caller := w.talking()
	w.sim.SetSoftphone("coach", Softphone{})
	coach := w.dial("offer", "client:coach", "Label", "coach", "Coaching", "true", "CallSidToCoach", agent.text("call_sid"))
	w.advance(5 * time.Second)
	hears := map[string]string{}
	for _, c := range w.sim.Snapshot().Calls {
		hears[c.SID] = strings.Join(c.HearsCalls, " ")
	}
	a, b, c := agent.text("call_sid"), caller.text("call_sid"), coach.text("call_sid")
	equals(t, "agent", hears[a], b+" "+c)
	equals(t, "caller", hears[b], a)
	equals(t, "coach", hears[c], a+" "+b)
}

// Somebody dials in, and a Dial puts them through.
func TestSnapshotOfADial(t *testing.T) {
	w := newWorld(t, Options{})
	w.sim.SetPhone(other, Phone{Rings: 2 * time.Second})
	sid := w.dialled(`<Dial><Number>`+other+`</Number></Dial>`, nil)
	w.advance(time.Second)
	now := w.sim.Snapshot()
	equals(t, "calls", len(now.Calls), 2)
	caller, leg := now.Calls[0], now.Calls[1]
	equals(t, "caller", caller.SID, sid)
	equals(t, "direction", caller.Direction, inbound)
	equals(t, "party", caller.Party, person)
	equals(t, "parent", leg.ParentSID, sid)
	equals(t, "rings", caller.Hears+" "+leg.Status, "ringing ringing")
	same(t, "nobody yet", caller.HearsCalls, nil)
	w.advance(5 * time.Second)
	now = w.sim.Snapshot()
	same(t, "the caller hears", now.Calls[0].HearsCalls, []string{leg.SID})
	same(t, "the leg hears", now.Calls[1].HearsCalls, []string{sid})
	equals(t, "number", now.Numbers[0].Number, ownedNumber1)
}

func TestSnapshotOfAWorkspace(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.routing = w.newRouting(`{"task_routing":{"filters":[{"filter_friendly_name":"all","expression":"1==1","targets":[
		{"queue":"` + w.queue + `","timeout":60},{"queue":"` + w.queue + `"}]}]}}`)
	w.newAgent("anna", `{"skills":["motor"]}`)
	offered := w.newTask()
	w.advance(time.Second)
	later := w.newTask("Attributes", `{"name":"Zoë"}`)
	urgent := w.newTask("Priority", "5")
	w.advance(61 * time.Second)

	now := w.sim.Snapshot()
	equals(t, "workspaces", len(now.Workspaces), 1)
	ws := now.Workspaces[0]
	equals(t, "name", ws.Name, "centre")
	same(t, "waiting line", ws.Waiting, []string{urgent, offered, later}) // nobody accepted the offer
	equals(t, "tasks", len(ws.Tasks), 3)
	first, second := ws.Tasks[0], ws.Tasks[1]
	equals(t, "attributes", second.Attributes, `{"name":"Zoë"}`)
	equals(t, "status", second.Status, taskPending)
	equals(t, "queue", second.Queue, "everybody")
	equals(t, "filter", second.Filter, "all")
	equals(t, "target", second.Target, 2)
	equals(t, "targets", second.Targets, 2)
	equals(t, "offers", len(first.Reservations), 1)
	equals(t, "offer", first.Reservations[0].Agent+" "+first.Reservations[0].Status, "anna timeout")
	equals(t, "waiting in the queue", ws.Queues[0].Waiting, 3)
	equals(t, "agent", ws.Agents[0].Name+" is "+ws.Agents[0].Status, "anna is Offline")
	equals(t, "available", ws.Agents[0].Available, false)
	equals(t, "rung at", ws.Agents[0].Party, "client:anna")

	w.must(w.post(w.v1("/Workers/"+ws.Agents[0].SID), "ActivitySid", w.available))
	w.advance(0)
	anna := w.sim.Snapshot().Workspaces[0].Agents[0]
	equals(t, "live reservations", len(anna.Reservations), 1)
	equals(t, "of the first in line", anna.Reservations[0].TaskSID, urgent)
	equals(t, "capacity in use", anna.Channels[0].Tasks, 1)
	equals(t, "capacity", anna.Channels[0].Capacity, 1)
}

// A task that ended can be read for five minutes; no longer by looking either.
func TestSnapshotForgetsEndedTasks(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	task := w.newTask()
	w.must(w.post(w.v1("/Tasks/"+task), "AssignmentStatus", "canceled", "Reason", "no longer wanted"))
	tasks := w.sim.Snapshot().Workspaces[0].Tasks
	equals(t, "at first", len(tasks), 1)
	equals(t, "reason", tasks[0].Reason, "no longer wanted")
	w.advance(endedTaskKept)
	equals(t, "later", len(w.sim.Snapshot().Workspaces[0].Tasks), 0)
}

// What other languages read is what Go reads, spelled as the documentation says.
func TestSnapshotAsJSON(t *testing.T) {
	w := newWorld(t, Options{})
	_, empty := w.control("GET", "/simulator/state", "")
	w.withWorkspace()
	w.newTask()
	w.talking()
	w.sim.SetPhone("+447700900123", Phone{Rings: 1500 * time.Millisecond, Lines: 2})
	before := w.sim.Log()
	status, body := w.control("GET", "/simulator/state", "")
	equals(t, "status", status, 200)
	var got Snapshot
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := w.sim.Snapshot()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	equals(t, "phone", got.Phones[0], PhoneState{Number: "+447700900123", Rings: "1.5s", Talks: "0s", Lines: 2})
	equals(t, "softphone", got.Softphones[0].Identity, "anna")
	equals(t, "looking is not logged", len(w.sim.Log()), len(before))
	if strings.Contains(empty+body, "null") {
		t.Errorf("an empty list must be [], a missing time left out: %s %s", empty, body)
	}
}
