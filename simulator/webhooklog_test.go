package simulator

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

// webhook is the only one in the journal whose URL contains the text.
func (w *world) webhook(part string) Webhook {
	w.t.Helper()
	var found []Webhook
	for _, row := range w.sim.Webhooks() {
		if strings.Contains(row.URL, part) {
			found = append(found, row)
		}
	}
	if len(found) != 1 {
		w.t.Fatalf("got %d webhooks to %s, want 1: %+v", len(found), part, found)
	}
	return found[0]
}

func TestWebhookJournalTellsWhatWasSentAndAnswered(t *testing.T) {
	w := newWorld(t, Options{})
	statuses, asked := []int{503, 503, 200}, 0
	w.answer = func(hook) (int, string, string) {
		equals(t, "on its way", w.sim.webhooksOut, 1)
		asked++
		w.clock.now = w.clock.now.Add(7 * time.Millisecond) // it takes a while
		return statuses[asked-1], "text/plain", strings.Repeat("o", 3000)
	}
	w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call#rc=2&rp=5xx", "StatusCallbackEvent", "completed")
	w.advance(time.Second)
	row, sent := w.webhook("/call"), w.received("/call")
	equals(t, "none on its way", w.sim.webhooksOut, 0)
	equals(t, "kind", row.Kind, KindCall)
	equals(t, "method", row.Method, "POST")
	equals(t, "form", row.Form.Encode(), sent[0].form.Encode())
	equals(t, "token", row.Token, sent[2].header.Get("I-Twilio-Idempotency-Token"))
	equals(t, "signature", row.Signature, sent[2].header.Get("X-Twilio-Signature"))
	equals(t, "at", row.At, sent[0].at)
	equals(t, "attempts", len(row.Attempts), 3)
	equals(t, "first attempt", row.Attempts[0].Status, 503)
	equals(t, "first attempt took", row.Attempts[0].DurationMS, 7)
	equals(t, "all took", row.DurationMS, 21)
	equals(t, "answer", row.Status, 200)
	equals(t, "content type", row.ContentType, "text/plain")
	equals(t, "body", row.Body, strings.Repeat("o", 2048))
}

func TestWebhookJournalTellsOfNoAnswer(t *testing.T) {
	w := newWorld(t, Options{})
	w.answer = func(hook) (int, string, string) { return 0, "", "" }
	w.dial("offer", "+447700900004", "StatusCallback", "https://app.test/call", "StatusCallbackEvent", "completed")
	w.advance(time.Second)
	row := w.webhook("/call")
	equals(t, "status", row.Status, 0)
	equals(t, "error", row.Error, "unexpected EOF")
	if row.Signature == "" {
		t.Error("it was sent, but the journal has no signature")
	}
}

func TestWebhookJournalTellsOfFaults(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	w.sim.SetHooks(Hooks{OnWebhook: func(kind string, form url.Values) WebhookFault {
		return map[string]WebhookFault{
			"ringing": {Drop: true}, "initiated": {Delay: 5 * time.Second}, "in-progress": {Copies: 1},
		}[form.Get("CallStatus")+strings.TrimPrefix(kind, KindCall)]
	}})
	w.dial("offer", stays)
	w.advance(3 * time.Second)
	w.sim.SetWebhooks(false)
	w.sim.HangUp(stays)
	w.advance(3 * time.Second)
	told := []string{}
	for _, row := range w.sim.Webhooks() {
		if row.Kind == KindCall {
			sent := "not sent"
			if len(row.Attempts) > 0 {
				sent = "sent"
			}
			told = append(told, row.Form.Get("CallStatus")+" "+sent+" "+row.Fault)
		}
	}
	same(t, "calls", told, []string{
		"ringing not sent dropped", "in-progress sent copied 1 times", "in-progress sent a copy",
		"completed not sent webhooks are off", "initiated not sent webhooks are off",
	})
}

// An assignment that comes too late is answered, but the answer no longer counts.
func TestWebhookJournalTellsWhatCameTooLate(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.answer = func(hook) (int, string, string) { return 200, "application/json", `{"instruction":"reject"}` }
	w.sim.SetHooks(Hooks{OnWebhook: func(kind string, _ url.Values) WebhookFault {
		if kind == KindAssignment {
			return WebhookFault{Delay: 20 * time.Second}
		}
		return WebhookFault{}
	}})
	w.newAgent("anna", `{}`)
	w.newTask()
	w.advance(30 * time.Second)
	row := w.webhook("/assigned")
	equals(t, "answer", row.Status, 200)
	equals(t, "fault", row.Fault, "delayed 20s, too late for an answer")
}
