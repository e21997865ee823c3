package simulator

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// day is a call centre's busy day, in which much goes wrong, as everybody saw it: line by line.
type day struct {
	*world
	dialled map[string]bool
}

func newDay(t *testing.T, seed uint64) *day {
	d := &day{dialled: map[string]bool{}, world: newWorld(t, Options{
		Seed: seed, Uncertain: DrawUncertain(seed), CallsPerSecond: 2, WebhookLatency: 50 * time.Millisecond,
	}).withWorkspace()}
	d.sim.SetFaults(Faults{
		Seed: seed,
		Requests: []RequestRule{
			{Route: "POST *", Probability: 0.05, Status: 429},
			{Route: "POST *", Probability: 0.05, LoseReply: true, AfterEffect: true},
			{Route: "*", Probability: 0.05, Status: 503, HTML: true},
		},
		Webhooks: []WebhookRule{
			{Probability: 0.1, Drop: true}, {Probability: 0.1, Copies: 1}, {Probability: 0.1, HoldBack: true},
			{Probability: 0.2, Delay: Span{From: time.Millisecond, To: 3 * time.Second}},
		},
		Parties: []PartyRule{
			{Party: "client:*", Probability: 0.1, Answer: Busy},
			{Probability: 0.1, HangsUpAfter: Span{From: 100 * time.Millisecond, To: 4 * time.Second}},
		},
	})
	for i := range 4 {
		name := fmt.Sprintf("agent%d", i)
		d.sim.SetSoftphone(name, Softphone{Rings: time.Second, HangsUpAfter: 20 * time.Second})
		d.post(d.v1("/Workers"), "FriendlyName", name, "ActivitySid", d.available, "Attributes", `{"contact_uri":"client:`+name+`"}`)
	}
	d.answer = d.react
	return d
}

// react is a call process that takes every webhook as it comes and never asks twice.
func (d *day) react(h hook) (int, string, string) {
	f := h.form
	dial := func(room, to, label string) {
		if d.dialled[room+label] {
			return
		}
		d.dialled[room+label] = true
		d.post("/2010-04-01/Accounts/{AC}/Conferences/"+room+"/Participants.json", "From", "+442079460000", "To", to,
			"Label", label, "EndConferenceOnExit", "true", "StatusCallback", "https://app.test/leg",
			"ConferenceStatusCallback", "https://app.test/room", "ConferenceStatusCallbackEvent", "start end join leave")
	}
	switch {
	case strings.HasSuffix(h.url, "/assigned"):
		var agent struct {
			Contact string `json:"contact_uri"`
		}
		if json.Unmarshal([]byte(f.Get("WorkerAttributes")), &agent) == nil {
			dial(f.Get("TaskSid"), agent.Contact, "agent")
			d.post(d.v1("/Tasks/"+f.Get("TaskSid")+"/Reservations/"+f.Get("ReservationSid")), "ReservationStatus", "accepted")
		}
	case f.Get("StatusCallbackEvent") == "participant-join" && f.Get("ParticipantLabel") == "agent":
		dial(f.Get("ConferenceSid"), fmt.Sprintf("+44770090000%d", 1+len(d.dialled)%8), "caller")
	case f.Get("StatusCallbackEvent") == "conference-end":
		d.post(d.v1("/Tasks/"+f.Get("FriendlyName")), "AssignmentStatus", "completed", "Reason", "over")
	}
	return 200, "", ""
}

func (d *day) step(i int) {
	d.post(d.v1("/Tasks"), "WorkflowSid", d.routing, "Attributes", fmt.Sprintf(`{"request":%d}`, i), "Timeout", "600")
	d.advance(700 * time.Millisecond)
}

// story is all that happened: the log, the requests with their answers, and every webhook.
func (d *day) story() string {
	var b strings.Builder
	for _, e := range d.sim.Log() {
		fmt.Fprintln(&b, e)
	}
	for _, r := range d.sim.Requests() {
		fmt.Fprintln(&b, r)
	}
	for _, h := range d.hooks {
		fmt.Fprintln(&b, h.at.Format(time.StampMicro), h.method, h.url, h.form.Encode(),
			h.header.Get("X-Twilio-Signature"), h.header.Get("I-Twilio-Idempotency-Token"))
	}
	return b.String()
}

const requests = 60

func wholeDay(t *testing.T, seed uint64) string {
	d := newDay(t, seed)
	for i := range requests {
		d.step(i)
	}
	d.advance(time.Hour)
	return d.story()
}

func TestSameSeedSameDay(t *testing.T) {
	for seed := range uint64(4) {
		first, second := wholeDay(t, seed), wholeDay(t, seed)
		if first != second {
			a, b := strings.Split(first, "\n"), strings.Split(second, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d, line %d of %d:\n%s\n%s", seed, i, len(a), a[i], b[i])
				}
			}
			t.Fatalf("seed %d: %d lines and %d", seed, len(a), len(b))
		}
		for _, what := range []string{Misbehaves, "reply lost", "429", RoomEnded, "conference-start", hearsConversation} {
			if !strings.Contains(first, what) {
				t.Errorf("seed %d: a day without %s proves little", seed, what)
			}
		}
		if seed > 0 && first == wholeDay(t, seed-1) {
			t.Errorf("seeds %d and %d are the same day", seed-1, seed)
		}
	}
}

// Two simulators in one process, their requests taking turns, each live through the day they have alone.
func TestTwoSimulatorsShareNothing(t *testing.T) {
	alone := []string{wholeDay(t, 1), wholeDay(t, 2)}
	both := []*day{newDay(t, 1), newDay(t, 2)}
	for i := range requests {
		for _, d := range both {
			d.step(i)
		}
	}
	for i, d := range both {
		d.advance(time.Hour)
		if d.story() != alone[i] {
			t.Errorf("day %d differs when another simulator runs beside it", i+1)
		}
	}
}
