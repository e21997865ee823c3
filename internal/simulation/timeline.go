package simulation

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// timeline is what every party experienced, every request to Twilio and every webhook, and what the product said, in
// order of time.
func (p *play) timeline() string {
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	add := func(at time.Time, format string, args ...any) {
		if !at.Before(p.start) {
			lines = append(lines, line{at, fmt.Sprintf(format, args...)})
		}
	}
	for _, e := range p.world.Sim.Log() {
		who := cmp.Or(e.Party, "Twilio")
		text := fmt.Sprintf("%-14s %s %s", who, e.What, e.Detail)
		if e.By != "" {
			text += " (by " + e.By + ")"
		}
		add(e.At, "%s%s", text, about4(e.CallSID, e.ConferenceSID, e.TaskSID, e.ReservationSID))
	}
	for _, r := range p.world.Sim.Requests() {
		if !sweeps[r.Route] && r.At.After(p.start) { // at the start: the making of the world
			add(r.At, "  request      %s %d %s %s", r.Route, r.Status, r.Summary, r.Fault)
		}
	}
	for _, w := range p.world.Sim.Webhooks() {
		add(w.At, "  webhook      %s %s %d %s%s", w.Kind, cmp.Or(w.Form.Get("EventType"), w.Form.Get("StatusCallbackEvent"), w.Form.Get("CallStatus")),
			w.Status, w.Fault, about4(w.Form.Get("CallSid"), w.Form.Get("ConferenceSid"), w.Form.Get("TaskSid"), w.Form.Get("ReservationSid")))
	}
	for _, e := range p.world.Events() {
		data, _ := json.Marshal(e.Data)
		add(e.Time, "  event        %s #%d %s", e.Call, e.Sequence, data)
	}
	for _, n := range p.notes {
		add(n.at, "  fault        %s", n.text)
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%12.6f  %s\n", l.at.Sub(p.start).Seconds(), strings.TrimRight(l.text, " "))
	}
	return b.String()
}

// about4 shortens SIDs: the kind and the first four digits tell them apart in one story.
func about4(sids ...string) (text string) {
	for _, s := range sids {
		if len(s) > 6 {
			text += " " + s[:6]
		}
	}
	return text
}

// sweeps are requests of the sweep, too many for a story.
var sweeps = map[string]bool{
	"GET /v1/Workspaces/{WS}": true, "GET /v1/Workspaces/{WS}/Tasks": true, "GET /v1/Workspaces/{WS}/Workers": true,
}
