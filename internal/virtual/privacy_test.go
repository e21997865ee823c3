package virtual

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"

	sb "switchboard"
	"switchboard/internal/privacy"
	"switchboard/simulator"
)

// Nothing of a caller is in what the product leaves in the clear, however the call goes and whatever fails: neither in
// logs, nor in events, nor in search attributes, nor in errors. What Temporal keeps besides is encrypted; e2e looks there.
func TestNothingOfACallerIsInTheClear(t *testing.T) {
	lost := simulator.Faults{Seed: 1, Requests: []simulator.RequestRule{
		{Route: "POST *", Probability: 0.4, Times: 6, LoseReply: true}, {Route: "POST *", Probability: 0.3, Times: 6, Status: 500, HTML: true},
		{Route: "GET *", Probability: 0.3, Times: 10, Status: 503}, {Route: "POST *", Probability: 0.2, Times: 3, Status: 429},
	}, Webhooks: []simulator.WebhookRule{{Probability: 0.3, Drop: true}, {Probability: 0.3, Copies: 2}}}
	for name, c := range map[string]struct {
		phone  simulator.Phone
		faults simulator.Faults
		cancel bool
		note   bool
	}{
		"a conversation":         {phone: simulator.Phone{}, note: true},
		"busy":                   {phone: simulator.Phone{Answer: simulator.Busy}},
		"never answers":          {phone: simulator.Phone{Answer: simulator.NeverAnswers}},
		"cannot be reached":      {phone: simulator.Phone{Answer: simulator.Unreachable}},
		"cancelled":              {cancel: true},
		"everything fails":       {faults: lost},
		"Twilio refuses dials":   {faults: simulator.Faults{Requests: []simulator.RequestRule{{Route: "POST /2010-04-01/*", Probability: 1, Status: 400}}}},
		"Twilio refuses to read": {faults: simulator.Faults{Requests: []simulator.RequestRule{{Route: "GET *", Probability: 1, Times: 20, Status: 401}}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := New(t, Options{Seed: 7})
			r := w.Request("+447700900987")
			r.Caller.Name, r.Reason, r.MaxAttempts = "Xanthe Quillfeather", "a marzipan lorry", 2
			marks := privacy.Of(r, "paid in groats")
			attributes := attributesOf(w)
			w.Sim.SetPhone(r.Caller.Phone, c.phone)
			if err := w.Sim.SetFaults(c.faults); err != nil {
				t.Fatal(err)
			}
			if c.cancel {
				w.At(sb.StageCallerRinging, 0, func() {
					w.Env.SignalWorkflow(sb.SignalCancel, sb.Cancellation{Reason: sb.ReasonRequester, By: "/test"})
				})
			}
			if c.note {
				w.At(sb.StageWrappingUp, 0, func() {
					w.Env.UpdateWorkflowNoRejection(sb.UpdateFinishWrapUp, "u", t, sb.WrapUp{Disposition: "Resolved", Note: "paid in groats"})
				})
			}
			w.After(time.Hour, func() { _ = w.Sim.SetFaults(simulator.Faults{}) })
			err := w.Execute(sb.CallInput{Request: r, Policy: sb.DefaultPolicy()})
			events := w.Events()
			for i := range events { // for systems that may know it: what the agent wrote, and nothing of who it is
				if events[i].Data.Note != "" && !c.note {
					t.Error("a note that nobody wrote")
				}
				events[i].Data.Note = ""
			}
			text, jsonErr := json.Marshal(events)
			if jsonErr != nil || len(events) == 0 {
				t.Fatalf("%d events, %v", len(events), jsonErr)
			}
			for where, seen := range map[string]string{
				"log": w.Log.String(), "events": string(text), "error": fmt.Sprint(err), "search attributes": attributes(), "identity": string(r.Call()),
			} {
				if found := marks.In(seen); len(found) > 0 {
					t.Errorf("%s: found %q in\n%s", where, found, seen)
				}
			}
			if !strings.Contains(attributes(), "CallStage") {
				t.Errorf("the search attributes were not seen: %q", attributes())
			}
		})
	}
}

// attributesOf collects the search attributes that workflows set.
func attributesOf(w *World) func() string {
	var mu sync.Mutex
	var seen strings.Builder
	w.Env.OnUpsertTypedSearchAttributes(mock.MatchedBy(func(a temporal.SearchAttributes) bool {
		mu.Lock()
		defer mu.Unlock()
		for key, value := range a.GetUntypedValues() {
			fmt.Fprintf(&seen, "%s=%v\n", key.GetName(), value)
		}
		return true
	})).Return(nil).Maybe()
	return func() string {
		mu.Lock()
		defer mu.Unlock()
		return seen.String()
	}
}
