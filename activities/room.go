package activities

import (
	"context"

	voice "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
)

// conferences lists those of a name that have not ended; Twilio has at most one.
func (a *Activities) conferences(ctx context.Context, room string) ([]sb.ConferenceSID, error) {
	var out []sb.ConferenceSID
	for _, status := range []string{"in-progress", "init"} {
		params := &voice.ListConferenceParams{}
		params.SetFriendlyName(room)
		params.SetStatus(status)
		list, err := a.twilio.Voice(ctx).ListConference(params)
		if err != nil {
			return nil, err
		}
		for _, c := range list {
			if str(c.FriendlyName) == room && str(c.Status) == status {
				out = append(out, sb.ConferenceSID(str(c.Sid)))
			}
		}
	}
	return out, nil
}

// EndRoom ends a conference and with it every leg that is in it. Idempotent; one that has ended, or that Twilio does
// not know, is done.
func (a *Activities) EndRoom(ctx context.Context, in EndRoomInput) error {
	rooms := []sb.ConferenceSID{in.Conference}
	if in.Conference == "" {
		if in.Room == "" {
			return nil
		}
		var err error
		if rooms, err = a.conferences(ctx, in.Room); err != nil {
			return failed("end room: list", err)
		}
	}
	for _, room := range rooms {
		if err := a.endRoom(ctx, room); err != nil {
			return err
		}
	}
	return nil
}

func (a *Activities) endRoom(ctx context.Context, room sb.ConferenceSID) error {
	api := a.twilio.Voice(ctx)
	params := &voice.UpdateConferenceParams{}
	params.SetStatus("completed")
	_, err := api.UpdateConference(string(room), params)
	f := failure(err)
	if f == nil || f.notFound() {
		return nil
	}
	if f.kind == never { // perhaps because it has ended
		if c, err := api.FetchConference(string(room), nil); failure(err).notFound() || err == nil && str(c.Status) == "completed" {
			return nil
		}
	}
	return failed("end room", err)
}

// BindAgent makes the conference end with the agent's leg, or not any more. Idempotent; an agent who has gone is nobody
// to bind.
func (a *Activities) BindAgent(ctx context.Context, in BindAgentInput) error {
	params := &voice.UpdateParticipantParams{}
	params.SetEndConferenceOnExit(!in.Loose)
	_, err := a.twilio.Voice(ctx).UpdateParticipant(string(in.Conference), string(in.Leg), params)
	if err == nil || failure(err).notFound() {
		return nil
	}
	return failed("bind agent", err)
}
