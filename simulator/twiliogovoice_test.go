package simulator

import (
	"testing"
	"time"

	voice "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

// A conversation by nothing but twilio-go: calls, a conference and its participants, every request of
// them that there is.
func TestTwilioGoAcrossAllOfVoice(t *testing.T) {
	w := newWorld(t, Options{})
	_, api := twilioGo(w.sim)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.sim.SetSoftphone("anna", Softphone{})
	agent, err := api.CreateParticipant("room", (&voice.CreateParticipantParams{}).SetTo("client:anna").SetFrom(ourNumber).SetLabel("agent"))
	must(err)
	w.advance(2 * time.Second)
	caller, err := api.CreateParticipant(*agent.ConferenceSid, (&voice.CreateParticipantParams{}).SetTo(stays).SetFrom(ourNumber).SetLabel("caller"))
	must(err)
	w.advance(5 * time.Second)
	room := *agent.ConferenceSid

	conference, err := api.FetchConference(room, nil)
	must(err)
	equals(t, "conference", *conference.Status+" "+*conference.FriendlyName, "in-progress room")
	everybody, err := api.ListParticipant(room, nil)
	must(err)
	equals(t, "participants", len(everybody), 2)
	held, err := api.UpdateParticipant(room, "caller", (&voice.UpdateParticipantParams{}).SetHold(true).SetMuted(true).SetEndConferenceOnExit(true))
	must(err)
	equals(t, "on hold, muted, ending the conference", *held.Hold && *held.Muted && *held.EndConferenceOnExit, true)
	onHold, err := api.ListParticipant(room, (&voice.ListParticipantParams{}).SetHold(true))
	must(err)
	equals(t, "who is on hold", len(onHold) == 1 && *onHold[0].CallSid == *caller.CallSid, true)
	again, err := api.FetchParticipant(room, *caller.CallSid, nil)
	must(err)
	equals(t, "label", *again.Label, "caller")

	must(api.DeleteParticipant(room, "caller", nil))
	w.advance(time.Second)
	conference, err = api.FetchConference(room, nil)
	must(err)
	equals(t, "reason", *conference.ReasonConferenceEnded, "participant-with-end-conference-on-exit-kicked")
	equals(t, "the call that ended it", *conference.CallSidEndingConference, *caller.CallSid)

	other, err := api.CreateParticipant("other", (&voice.CreateParticipantParams{}).SetTo(stays).SetFrom(ourNumber))
	must(err)
	w.advance(5 * time.Second)
	ended, err := api.UpdateConference(*other.ConferenceSid, (&voice.UpdateConferenceParams{}).SetStatus("completed"))
	must(err)
	equals(t, "ended", *ended.Status+" "+*ended.ReasonConferenceEnded, "completed conference-ended-via-api")

	call, err := api.CreateCall((&voice.CreateCallParams{}).SetTo(stays).SetFrom(ourNumber).SetTwiml("<Response><Pause length='60'/></Response>"))
	must(err)
	w.advance(5 * time.Second)
	_, err = api.UpdateCall(*call.Sid, (&voice.UpdateCallParams{}).SetStatus("completed"))
	must(err)
	fetched, err := api.FetchCall(*call.Sid, nil)
	must(err)
	equals(t, "call", *fetched.Status+" "+*fetched.Duration, "completed 3")
	must(api.DeleteCall(*call.Sid, nil))
	left, err := api.ListCall((&voice.ListCallParams{}).SetStatus("completed"))
	must(err)
	equals(t, "calls without the deleted one", len(left), 3)
	w.nothingLeft()
}

// What the other twilio-go tests leave out.
func TestTwilioGoAcrossTheRest(t *testing.T) {
	w := newWorld(t, Options{})
	tr, api := twilioGo(w.sim)
	workspace, err := tr.CreateWorkspace((&taskrouter.CreateWorkspaceParams{}).SetFriendlyName("centre"))
	if err != nil {
		t.Fatal(err)
	}
	fetched, err := tr.FetchWorkspace(*workspace.Sid)
	if err != nil || *fetched.FriendlyName != "centre" {
		t.Errorf("workspace: %+v, %v", fetched, err)
	}
	if err := tr.DeleteWorkspace(*workspace.Sid); err != nil {
		t.Error(err)
	}
	signing, err := api.CreateNewSigningKey((&voice.CreateNewSigningKeyParams{}).SetFriendlyName("ci"))
	if err != nil {
		t.Fatal(err)
	}
	if key, err := api.UpdateSigningKey(*signing.Sid, (&voice.UpdateSigningKeyParams{}).SetFriendlyName("cd")); err != nil || *key.FriendlyName != "cd" {
		t.Errorf("signing key: %+v, %v", key, err)
	}
	if key, err := api.FetchKey(*signing.Sid, nil); err != nil || *key.FriendlyName != "cd" {
		t.Errorf("key: %+v, %v", key, err)
	}
	if err := api.DeleteSigningKey(*signing.Sid, nil); err != nil {
		t.Error(err)
	}
	if _, err := api.CreateIncomingPhoneNumberMobile((&voice.CreateIncomingPhoneNumberMobileParams{}).SetPhoneNumber("+447700900150")); err != nil {
		t.Error(err)
	}
	if _, err := api.CreateIncomingPhoneNumberLocal((&voice.CreateIncomingPhoneNumberLocalParams{}).SetPhoneNumber("+442079460150")); err != nil {
		t.Error(err)
	}
	if local, err := api.ListIncomingPhoneNumberLocal(nil); err != nil || len(local) != 1 {
		t.Errorf("local numbers: %v, %v", local, err)
	}
}
