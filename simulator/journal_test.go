package simulator

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// A story is what the three journals have about one SID.
func TestJournalsAboutOneThing(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	agent, caller := w.talking()
	task := w.newTask()
	w.advance(time.Second)
	count := func(journal, about string) int {
		_, text := w.control("GET", "/simulator/"+journal+"?about="+about, "")
		var got map[string]any
		if err := json.Unmarshal([]byte(text), &got); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, agent.text("call_sid")) && about == caller.text("call_sid") {
			t.Errorf("%s about the caller names the agent's call: %s", journal, text)
		}
		return len(got[map[string]string{"log": "entries", "requests": "requests", "webhooks": "webhooks"}[journal]].([]any))
	}
	sid := caller.text("call_sid")
	lived := 0
	for _, e := range w.sim.Log() {
		if e.CallSID == sid {
			lived++
		}
	}
	equals(t, "log of the caller", count("log", sid), lived)
	equals(t, "request that made the call", count("requests", sid), 1)
	equals(t, "request that made the task", count("requests", task), 1)
	equals(t, "log of the task", count("log", task), 1)
	webhooks := 0
	for _, h := range w.hooks {
		if h.form.Get("CallSid") == sid {
			webhooks++
		}
	}
	equals(t, "webhooks about the caller", count("webhooks", sid), webhooks)
	equals(t, "nobody", count("log", "CA00000000000000000000000000000000"), 0)
}

func TestJournalsForgetTheOldestAndKeepTheirNumbers(t *testing.T) {
	j := journal[int]{limit: 10}
	for i := range 25 {
		j.add(i)
	}
	all, next := j.since(0)
	equals(t, "next", next, 25)
	equals(t, "at most", len(all) <= 10, true)
	equals(t, "the last", all[len(all)-1], 24)
	equals(t, "the first is known by its number", all[0], j.first)
	piece, next := j.piece(20, 3)
	equals(t, "next after a piece", next, 23)
	equals(t, "piece", len(piece), 3)
	equals(t, "piece begins", piece[0], 20)
}
