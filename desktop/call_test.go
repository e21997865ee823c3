package desktop

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	sb "switchboard"
)

var callTarget = "/desktop/call?call=" + url.QueryEscape(string(testCall))

func TestACallIsShownToItsAgentAlone(t *testing.T) {
	r := newRig(t, nil)
	anna, bob := r.workspace.Agents["anna"], r.workspace.Agents["bob"]
	for name, c := range map[string]struct {
		state sb.State
		shown bool
		yours bool
	}{
		"hers":                       {sb.State{Stage: sb.StageConnected, Agent: anna, Agents: []sb.AgentSID{anna}}, true, true},
		"another's":                  {sb.State{Stage: sb.StageConnected, Agent: bob, Agents: []sb.AgentSID{bob}}, false, false},
		"gone to another":            {sb.State{Stage: sb.StageConnected, Agent: bob, Agents: []sb.AgentSID{anna, bob}}, true, false},
		"given back":                 {sb.State{Stage: sb.StageQueued, Agents: []sb.AgentSID{anna}}, true, false},
		"over, hers to the end":      {sb.State{Stage: sb.StageEnded, Agents: []sb.AgentSID{bob, anna}}, true, true},
		"over, another's at the end": {sb.State{Stage: sb.StageEnded, Agents: []sb.AgentSID{anna, bob}}, true, false},
		"nobody's":                   {sb.State{Stage: sb.StageQueued}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			c.state.Result = &sb.Result{Outcome: sb.Completed, Note: testNote}
			r.calls.state = c.state
			w := r.as("anna").do("GET", callTarget, "")
			if !c.shown {
				refused(t, w, http.StatusForbidden, "not been offered to you")
				return
			}
			got := decoded[callView](t, w)
			if w.Code != http.StatusOK || got.Yours != c.yours || got.Call != testCall {
				t.Errorf("got %d %+v", w.Code, got)
			}
			if (got.Result.Note != "") != c.yours {
				t.Errorf("the note is for its author: got %q", got.Result.Note)
			}
		})
	}
	if w := r.browser().do("GET", callTarget, ""); w.Code != http.StatusUnauthorized {
		t.Errorf("signed out: got %d", w.Code)
	}
}

func TestWhatACallTells(t *testing.T) {
	r := newRig(t, nil)
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r.calls.state = sb.State{
		Stage: sb.StageWrappingUp, Since: now, Attempt: 2, Task: "WT1", Agent: r.workspace.Agents["anna"], AgentLeg: "CA1", CallerLeg: "CA2",
		WrapUpUntil: now.Add(time.Minute), Details: "words",
	}
	b := r.as("anna")
	want := `{"call":"call/claims/42%2Fb","stage":"wrapping_up","since":"2026-11-22T12:00:00Z","attempt":2,"task":"WT1","agent_leg":"CA1","caller_leg":"CA2",` +
		`"details":"words","timeline":[],"wrap_up_until":"2026-11-22T12:01:00Z","last_outcome":"","retry_at":null,"result":null,"yours":true}`
	if got := strings.TrimSpace(b.do("GET", callTarget, "").Body.String()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	r.calls.timeline = []sb.TimelineEntry{{At: now, What: "something"}}
	r.calls.state.WrapUpUntil, r.calls.state.RetryAt, r.calls.state.LastOutcome = time.Time{}, now, sb.Busy
	got := decoded[callView](t, b.do("GET", callTarget, ""))
	if got.WrapUpUntil != nil || got.RetryAt == nil || !got.RetryAt.Equal(now) || got.LastOutcome != sb.Busy || len(got.Timeline) != 1 {
		t.Errorf("got %+v", got)
	}
}

func TestWhatAnAgentDoesToACall(t *testing.T) {
	r := newRig(t, nil)
	anna := r.workspace.Agents["anna"]
	b := r.as("anna")
	for path, c := range map[string]struct {
		body string
		want updated
	}{
		"/desktop/call/hang-up": {`{"call":"call/claims/42%2Fb"}`, updated{testCall, sb.UpdateHangUp, sb.HangUp{By: sb.PartyAgent}}},
		"/desktop/call/rejoin":  {`{"call":"call/claims/42%2Fb"}`, updated{testCall, sb.UpdateRejoin, sb.Rejoin{Agent: anna}}},
		"/desktop/call/wrap-up": {`{"call":"call/claims/42%2Fb","disposition":"Resolved","note":"` + testNote + `"}`,
			updated{testCall, sb.UpdateFinishWrapUp, sb.WrapUp{Disposition: "Resolved", Note: testNote}}},
	} {
		t.Run(path, func(t *testing.T) {
			r.calls.updates, r.calls.refused, r.calls.err = nil, nil, nil
			r.calls.state = sb.State{Stage: sb.StageConnected, Agent: anna, Agents: []sb.AgentSID{anna}}
			if w := b.do("POST", path, c.body); w.Code != http.StatusNoContent || len(r.calls.updates) != 1 || r.calls.updates[0] != c.want {
				t.Errorf("got %d %s, told %+v, want %+v", w.Code, w.Body, r.calls.updates, c.want)
			}
			r.calls.refused = &Refusal{"there is no conversation to hang up"}
			refused(t, b.do("POST", path, c.body), http.StatusConflict, "there is no conversation to hang up")
			r.calls.refused = ErrNoCall
			refused(t, b.do("POST", path, c.body), http.StatusConflict, "over already")
			r.calls.refused = errDown
			refused(t, b.do("POST", path, c.body), http.StatusServiceUnavailable, "goes on")

			r.calls.updates = nil
			for says, state := range map[string]sb.State{
				"not been offered": {Stage: sb.StageConnected, Agent: "WKother", Agents: []sb.AgentSID{"WKother"}},
				"not yours any":    {Stage: sb.StageConnected, Agent: "WKother", Agents: []sb.AgentSID{anna, "WKother"}},
				"over already":     {Stage: sb.StageEnded, Agents: []sb.AgentSID{anna}},
			} {
				r.calls.state = state
				status := http.StatusForbidden
				if state.Stage == sb.StageEnded {
					status = http.StatusConflict
				}
				refused(t, b.do("POST", path, c.body), status, says)
			}
			r.calls.err = ErrNoCall
			unknown := b.do("POST", path, c.body)
			refused(t, unknown, http.StatusForbidden, "not been offered")
			r.calls.err, r.calls.state = nil, sb.State{Stage: sb.StageConnected, Agent: "WKother", Agents: []sb.AgentSID{"WKother"}}
			if strangers := b.do("POST", path, c.body); strangers.Body.String() != unknown.Body.String() {
				t.Errorf("a stranger's call can be told from one that does not exist: %s", strangers.Body)
			}
			r.calls.err = errDown
			refused(t, b.do("POST", path, c.body), http.StatusServiceUnavailable, "try again")
			r.calls.err = nil
			refused(t, b.do("POST", path, `{"call":"sweep"}`), http.StatusUnprocessableEntity, "identity of a call")
			refused(t, b.do("POST", path, `[]`), http.StatusUnprocessableEntity, "not the JSON")
			refused(t, b.do("POST", path, `"`+strings.Repeat("x", maxBody)+`"`), http.StatusRequestEntityTooLarge, "64 kB")
			if len(r.calls.updates) > 0 {
				t.Errorf("the call was told %+v", r.calls.updates)
			}
		})
	}
	for body, says := range map[string]string{
		`{"call":"call/claims/1","disposition":"Whatever"}`:                                 "disposition",
		`{"call":"call/claims/1","note":"` + strings.Repeat("ö", sb.MaxNoteLength+1) + `"}`: "4000 characters",
	} {
		refused(t, b.do("POST", "/desktop/call/wrap-up", body), http.StatusUnprocessableEntity, says)
	}
	if strings.Contains(r.log.String(), testNote) {
		t.Error("the log holds a note")
	}
}
