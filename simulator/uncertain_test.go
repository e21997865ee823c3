package simulator

import (
	"net/url"
	"reflect"
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
