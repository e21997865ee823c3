package simulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Documents that lead to themselves are asked for again, but not without end in no time.
func TestADocumentThatLeadsToItself(t *testing.T) {
	for name, c := range map[string]struct {
		document    string
		least, most int // fetches in a minute
	}{
		"Redirect": {`<Response><Redirect/></Response>`, 55, 61},
		"action":   {`<Response><Dial action="voice">nobody</Dial></Response>`, 40, 80},
		"Gather":   {`<Response><Gather timeout="1" actionOnEmptyResult="true"/></Response>`, 55, 61},
		"Record":   {`<Response><Record playBeep="false" timeout="1"/><Redirect/></Response>`, 55, 61},
	} {
		w := newWorld(t, Options{})
		w.dialIn(Phone{Document: patient}, map[string]string{"voice": c.document})
		w.advance(time.Minute)
		if n := len(w.received("/voice")); n < c.least || n > c.most {
			t.Errorf("%s: %d fetches in a minute, want %d to %d", name, n, c.least, c.most)
		}
		w.sim.HangUp(person)
		w.advance(time.Minute)
		w.nothingLeft()
		equals(t, "timers", w.clock.Pending(), 0)
	}
}

// A number that dials itself comes to an end, as with SIP, and everything after it.
func TestANumberThatDialsItself(t *testing.T) {
	w := newWorld(t, Options{})
	w.dialIn(Phone{Document: patient}, map[string]string{"voice": `<Response><Dial action="after">` + ownedNumber1 + `</Dial></Response>`, "after": afterAll})
	w.advance(time.Minute)
	equals(t, "calls", len(w.must(w.get(calls, "PageSize", "1000")).rows("calls")), 2*mostHops)
	equals(t, "the first to be told", w.received("/after")[0].form.Get("DialCallStatus"), "failed")
	w.sim.HangUp(person)
	w.advance(time.Minute)
	w.nothingLeft()
	equals(t, "timers", w.clock.Pending(), 0)
}

// One document has room for thousands of mistakes, and can come back every second.
func TestAFloodOfAlertsIsCutOff(t *testing.T) {
	for name, mistake := range map[string]string{"unknown": "<x/>", "not simulated": "<Leave/>", "not dialled": "<Dial>1</Dial>"} {
		w := newWorld(t, Options{DebuggerURL: "https://app.test/debugger"})
		w.dialIn(Phone{Document: patient}, map[string]string{"voice": "<Response>" + strings.Repeat(mistake, 1000) + "<Redirect/></Response>"})
		w.advance(5 * time.Second)
		equals(t, name, len(w.alerts()), mostWarnings)
		equals(t, name+", at the debugger", len(w.received("/debugger")), mostWarnings)
		payload := w.received("/debugger")[mostWarnings-1].form.Get("Payload")
		equals(t, name+", the last says that more are left out", strings.Contains(payload, "are left out"), true)
	}
}

func TestHugeNumbersInADocument(t *testing.T) {
	for _, verb := range []string{`<Say loop="2147483647">` + strings.Repeat("a long text ", 110) + `</Say>`, `<Pause length="2147483647"/>`,
		`<Gather timeout="2147483647"/>`, `<Play digits="` + strings.Repeat("W", 40_000) + `"/>`} {
		w := newWorld(t, Options{})
		w.dialIn(Phone{Document: `<Response><Pause length="80000"/></Response>`}, map[string]string{"voice": `<Response><Gather/>` + verb + `<Say>Over</Say></Response>`})
		w.advance(3 * time.Hour)
		if heard := w.experienced(person); strings.Contains(strings.Join(heard, " "), "Over") {
			t.Errorf("%.40s: over already: %.80q", verb, heard)
		}
		w.advance(2 * time.Hour)
		w.nothingLeft()
		equals(t, "timers", w.clock.Pending(), 0)
	}
}

// What a request line cannot have is escaped, and the signature is that of what is sent.
func TestSignatureOfAnAddressThatHasToBeEscaped(t *testing.T) {
	for given, sent := range map[string]string{
		"https://app.test/grüße?name=Zoë":       "https://app.test/gr%C3%BC%C3%9Fe?name=Zo%C3%AB",
		"https://app.test/a b|c?d={e}":          "https://app.test/a%20b%7Cc?d=%7Be%7D",
		"https://app.test/a%2Fb/(c)?d=%2B1+2&e": "https://app.test/a%2Fb/(c)?d=%2B1+2&e",
	} {
		for _, method := range []string{"POST", "GET"} {
			w := newWorld(t, Options{})
			w.must(w.post(calls, "To", stays, "From", ourNumber, "Twiml", patient, "StatusCallback", given,
				"StatusCallbackMethod", method, "StatusCallbackEvent", "initiated"))
			w.advance(time.Second)
			h := w.hooks[0]
			if method == "GET" {
				address, _, _ := strings.Cut(h.url, "AccountSid=")
				equals(t, "sent", address, sent+"&")
				h.form = nil
			} else {
				equals(t, "sent", h.url, sent)
			}
			equals(t, fmt.Sprint("signature of ", method, " ", given), h.header.Get("X-Twilio-Signature"), sign(DefaultAuthToken, h.url, h.form))
		}
	}
}
