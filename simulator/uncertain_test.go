package simulator

import (
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
)

// The switches that no other test turns.
func TestOtherUncertainties(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.refused(w.post(w.v1("/Tasks"), "Attributes", "{}"), 400, 20001)
	w.newAgent("anna", `{"a":1}`)
	equals(t, "attributes in a list", w.get(w.v1("/Workers")).rows("workers")[0]["attributes"], any(`{"a":1}`))

	w = newWorld(t, Options{Uncertain: Uncertain{WorkflowSidOptional: true, ListsOmitAttributes: true}}).withWorkspace()
	task := w.must(w.post(w.v1("/Tasks"), "Attributes", `{"a":1}`)).text("sid")
	w.newAgent("anna", `{"a":1}`)
	equals(t, "attributes in a list of workers", w.get(w.v1("/Workers")).rows("workers")[0]["attributes"], any(nil))
	equals(t, "attributes in a list of tasks", w.get(w.v1("/Tasks")).rows("tasks")[0]["attributes"], any(nil))
	equals(t, "attributes of one task", w.get(w.v1("/Tasks/"+task)).text("attributes"), `{"a":1}`)
}

// TwiML that never comes: Twilio waits 15 s, then the leg is not established.
func TestDroppedTwiMLFetch(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetHooks(Hooks{OnWebhook: func(kind string, _ url.Values) WebhookFault { return WebhookFault{Drop: kind == KindTwiML} }})
	leg := w.dial("offer", stays).text("call_sid")
	w.advance(17 * time.Second)
	equals(t, "after 15 s less a little", w.call(leg).text("status"), "in-progress")
	w.advance(time.Second)
	equals(t, "after 15 s", w.call(leg).text("status"), "completed")
	w.nothingLeft()
}

func TestEverySwitchIsDrawn(t *testing.T) {
	drawn := map[string]map[any]bool{}
	for seed := range uint64(200) {
		u := reflect.ValueOf(DrawUncertain(seed))
		for i := range u.NumField() {
			name := u.Type().Field(i).Name
			if drawn[name] == nil {
				drawn[name] = map[any]bool{}
			}
			drawn[name][u.Field(i).Interface()] = true
		}
	}
	for name, values := range drawn {
		if len(values) < 2 {
			t.Errorf("%s is always %v: add it to DrawUncertain", name, values)
		}
	}
	equals(t, "the same seed", DrawUncertain(7), DrawUncertain(7))
}

// answers runs the same with a switch off and on, and wants the cautious answer first.
func answers[T comparable](t *testing.T, what string, on Uncertain, cautious, other T, ask func(w *world) T) {
	t.Helper()
	equals(t, what+", cautious", ask(newWorld(t, Options{}).withWorkspace()), cautious)
	equals(t, what+", otherwise", ask(newWorld(t, Options{Uncertain: on}).withWorkspace()), other)
}

func TestSwitchesOfTaskRouter(t *testing.T) {
	offered := func(w *world) string {
		w.newAgent("anna", "{}")
		w.newTask()
		w.advance(0)
		return w.pendingOfferOfAnyone()
	}
	answers(t, "alerts of an empty reply (L4)", Uncertain{EmptyReplyAlerts: true}, 0, 1, func(w *world) int {
		w.answer = func(hook) (int, string, string) { return 200, "", "" }
		offered(w)
		return len(w.alerts())
	})
	answers(t, "a reservation set to wrapping (L5)", Uncertain{WrapUpOnlyByTask: true}, 200, 400, func(w *world) int {
		offer := offered(w)
		w.must(w.post(offer, "ReservationStatus", "accepted"))
		return w.post(offer, "ReservationStatus", "wrapping").status
	})
	answers(t, "an ETag (L8)", Uncertain{BareETags: true}, `"1"`, "1", func(w *world) string {
		tag := w.get(offered(w)).header.Get("ETag")
		w.must(w.request("POST", w.pendingOfferOfAnyone(), map[string][]string{"If-Match": {tag}}, "ReservationStatus", "accepted"))
		return tag
	})
	answers(t, "offers within 3 s of a reject (L15)", Uncertain{RejectRests: 3 * time.Second}, 2, 1, func(w *world) int {
		offer := offered(w)
		w.must(w.post(offer, "ReservationStatus", "rejected"))
		w.advance(2900 * time.Millisecond)
		offers := len(w.offers(w.get(offer).text("task_sid")))
		w.advance(time.Second)
		equals(t, "offers after that", len(w.offers(w.get(offer).text("task_sid"))), 2)
		return offers
	})
	answers(t, "who comes next (A.4)", Uncertain{RoundRobin: true}, "anna", "cleo", func(w *world) string {
		w.newAgent("anna", "{}")
		w.newTask()
		w.advance(time.Second)
		offer := w.pendingOfferOfAnyone()
		w.newAgent("ben", "{}")
		w.must(w.post(offer, "ReservationStatus", "rejected", "WorkerActivitySid", w.offline)) // ben is offered it
		w.advance(time.Second)
		w.must(w.post(w.v1("/Workers/"+w.get(offer).text("worker_sid")), "ActivitySid", w.available))
		w.must(w.post(w.pendingOfferOfAnyone(), "ReservationStatus", "accepted"))
		w.advance(0)
		w.newAgent("cleo", "{}")
		w.advance(time.Hour)
		second := w.newTask()
		w.advance(0)
		name, _, _ := strings.Cut(w.offers(second)[0], " ")
		return name
	})
}

func TestSwitchesOfRouting(t *testing.T) {
	answers(t, "a task past its first filter", Uncertain{FirstFilterOnly: true}, "pending", "canceled", func(w *world) string {
		w.routing = w.newRouting(`{"task_routing":{"filters":[{"filter_friendly_name":"a","expression":"1==1","targets":[{"queue":"` + w.queue +
			`","timeout":10}]},{"filter_friendly_name":"b","expression":"1==1","targets":[{"queue":"` + w.queue + `"}]}]}}`)
		task := w.newTask()
		w.advance(time.Minute)
		return w.taskStatus(task)
	})
	second := ""
	queueAfterTimeout := func(w *world) bool {
		second = w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "second")).text("sid")
		w.routing = w.newRouting(`{"task_routing":{"filters":[{"filter_friendly_name":"a","expression":"1==1","targets":[{"queue":"` + w.queue +
			`","timeout":1000},{"queue":"` + second + `"}]}]}}`)
		w.newAgent("anna", "{}")
		task := w.newTask()
		w.advance(61 * time.Second) // the offer has timed out
		return w.get(w.v1("/Tasks/"+task)).text("task_queue_sid") == second
	}
	answers(t, "in the second queue when an offer has timed out", Uncertain{TimedOutOfferMovesOn: true}, false, true, queueAfterTimeout)
}

func TestSwitchesOfVoice(t *testing.T) {
	answers(t, "first number of a conference's callbacks (L12)", Uncertain{ConferencesCountFromZero: true}, "1", "0", func(w *world) string {
		w.speaking()
		w.dial("room", stays)
		w.advance(5 * time.Second)
		return w.values("/room", "SequenceNumber")[0]
	})
	for _, c := range []struct{ to, cautious string }{{stays, "GB"}, {"client:anna", "none"}} {
		other := map[string]string{stays: "GB", "client:anna": ""}[c.to]
		answers(t, "ToCountry of a call to "+c.to+" (L13)", Uncertain{ClientsHaveGeography: true}, c.cautious, other, func(w *world) string {
			w.sim.SetSoftphone("anna", Softphone{})
			w.must(w.post(calls, "From", "+442079460000", "To", c.to, "Url", "https://app.test/voice"))
			w.advance(5 * time.Second)
			form := w.received("/voice")[0].form
			if !form.Has("ToCountry") {
				return "none"
			}
			return form.Get("ToCountry")
		})
	}
	answers(t, "calls created by two requests with one token (L9)", Uncertain{IdempotencyTokens: true}, 2, 1, func(w *world) int {
		for range 2 {
			w.must(w.request("POST", calls, map[string][]string{"I-Twilio-Idempotency-Token": {"one"}},
				"From", "+442079460000", "To", stays, "Twiml", "<Response/>"))
		}
		w.must(w.request("POST", calls, map[string][]string{"I-Twilio-Idempotency-Token": {"two"}}, "From", "+442079460000", "To", "+447700900001", "Twiml", "<Response/>"))
		return len(w.get(calls).rows("calls")) - 1
	})
}

func TestEverySwitchIsInTheManual(t *testing.T) {
	manual, err := os.ReadFile("../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[Uncertain]()) {
		if !strings.Contains(string(manual), "`"+field.Name+"`") {
			t.Errorf("docs/simulator.md does not say what %s is about", field.Name)
		}
	}
}
