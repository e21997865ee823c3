package events

import (
	"encoding/json"
	"testing"
	"time"

	sb "switchboard"
)

func TestEveryStageKeepsTheSchema(t *testing.T) {
	agent := sb.AgentSID("WK0123456789abcdef0123456789abcdef")
	for _, data := range []sb.EventData{
		{Stage: sb.StageQueued, Attempt: 1, Queue: "Van insurance"},
		{Stage: sb.StageAgentRinging, Attempt: 1, Agent: agent, Queue: "Van insurance"},
		{Stage: sb.StageAgentJoined, Attempt: 1, Agent: agent},
		{Stage: sb.StageCallerRinging, Attempt: 1, Agent: agent},
		{Stage: sb.StageConnected, Attempt: 1, Agent: agent},
		{Stage: sb.StageWrappingUp, Attempt: 1, Agent: agent, HungUpBy: sb.PartyCaller, TalkSeconds: 61},
		{Stage: sb.StageRetryPlanned, Attempt: 1, Outcome: sb.Busy, RetryAt: asked.Add(time.Minute)},
		{Stage: sb.StageEnded, Outcome: sb.Completed, HungUpBy: sb.PartyAgent, Attempts: 2, Disposition: "sold", Note: "…"},
		{Stage: sb.StageEnded, Outcome: sb.Missed, Reason: sb.ReasonStale},
	} {
		e, err := FromEvent(sb.Event{Call: "call/crm/42", Sequence: 1, Time: asked, Data: data})
		if err != nil {
			t.Fatal(err)
		}
		if err := validate(schemaLifecycle, e.Data); err != nil {
			t.Errorf("%s: %v\n%s", data.Stage, err, e.Data)
		}
	}
}

func TestLifecycleSchemaIsOpenButNotEmpty(t *testing.T) {
	for data, valid := range map[string]bool{
		`{"stage":"queued","added_next_year":{"a":1}}`: true,
		`{"stage":"ended","outcome":"completed"}`:      true,
		`{"stage":"ended"}`:                            false,
		`{"stage":"asleep"}`:                           false,
		`{}`:                                           false,
		`{"stage":"retry_planned","retry_at":"soon"}`:  false,
	} {
		if err := validate(schemaLifecycle, json.RawMessage(data)); (err == nil) != valid {
			t.Errorf("%s: got %v, want valid: %v", data, err, valid)
		}
	}
}

func TestEventOfACall(t *testing.T) {
	call := sb.NewCallID("policies/web", "a/b c")
	in := sb.Event{Call: call, Sequence: 12, Time: asked, Data: sb.EventData{Stage: sb.StageQueued}}
	e, err := FromEvent(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, got, want string }{
		{"id", e.ID, in.ID()}, {"source", e.Source, "switchboard"}, {"type", e.Type, "switchboard.call.queued.v1"},
		{"subject", e.Subject, "a/b c"}, {"partition key", e.PartitionKey, string(call)},
		{"requestsource", e.Extensions["requestsource"], "policies/web"}, {"causationid", e.Extensions["causationid"], "a/b c"},
		{"callid", e.Extensions["callid"], string(call)}, {"sequence", e.Extensions["sequence"], "0000000012"},
		{"key", string(Encode(e, Binary).Key), string(call)},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, c.got, c.want)
		}
	}
	for _, bad := range []sb.Event{
		{Call: "42", Sequence: 1, Data: in.Data}, {Call: call, Data: in.Data}, {Call: call, Sequence: 1},
	} {
		if _, err := FromEvent(bad); err == nil {
			t.Errorf("%+v: want an error", bad)
		}
	}
}
