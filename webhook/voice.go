package webhook

import (
	"net/mail"
	"net/url"
	"strconv"
	"strings"
	"time"

	sb "switchboard"
)

// viaWebhook is how the news of legs and rooms came, as opposed to a look of our own.
const viaWebhook = "webhook"

// readLeg reads a status callback of one leg.
func readLeg(query, form url.Values) (news, error) {
	ref, leg, err := readLegOf(query, form)
	if err != nil {
		return news{}, err
	}
	status := sb.LegStatus(form.Get("CallStatus"))
	switch status {
	case "answered": // the event's name, should it stand for the status
		status = sb.LegInProgress
	case sb.LegQueued, sb.LegInitiated, sb.LegRinging, sb.LegInProgress,
		sb.LegCompleted, sb.LegBusy, sb.LegFailed, sb.LegNoAnswer, sb.LegCanceled:
	default:
		return news{}, unreadable{"CallStatus", "is missing or none that Twilio documents"}
	}
	n := news{call: ref.Call, signal: sb.SignalLeg, arg: sb.LegNews{
		Ref:        ref,
		Leg:        leg,
		Status:     status,
		Seconds:    readSeconds(form.Get("CallDuration")),
		AnsweredBy: readText(form, "AnsweredBy"),
		At:         readTime(form.Get("Timestamp")),
		Via:        viaWebhook,
	}}
	if !status.Over() {
		n.stray.Leg = leg
	}
	return n, nil
}

// readMachine reads an answering-machine result. It says nothing of the leg's status, but only a leg that was answered
// has one.
func readMachine(query, form url.Values) (news, error) {
	ref, leg, err := readLegOf(query, form)
	if err != nil {
		return news{}, err
	}
	answeredBy := readText(form, "AnsweredBy")
	if answeredBy == "" {
		return news{}, unreadable{"AnsweredBy", "is missing or none that Twilio documents"}
	}
	return news{
		call: ref.Call, signal: sb.SignalLeg,
		arg:   sb.LegNews{Ref: ref, Leg: leg, Seconds: -1, AnsweredBy: answeredBy, At: readTime(form.Get("Timestamp")), Via: viaWebhook},
		stray: sb.Reap{Leg: leg},
	}, nil
}

// readRoom reads a status callback of a conference.
func readRoom(query, form url.Values) (news, error) {
	event := sb.RoomEvent(form.Get("StatusCallbackEvent"))
	switch event {
	case sb.RoomJoined, sb.RoomLeft, sb.RoomEnded:
	case "":
		return news{}, unreadable{"StatusCallbackEvent", "is missing"}
	default: // started, muted, on hold
		return news{}, errNoNews
	}
	ref, err := readRef(query)
	if err != nil {
		return news{}, err
	}
	conference, err := readSID(form, "ConferenceSid", "CF")
	if err != nil {
		return news{}, err
	}
	told := sb.RoomNews{
		Ref:        ref,
		Conference: sb.ConferenceSID(conference),
		Event:      event,
		At:         readTime(form.Get("Timestamp")),
		Via:        viaWebhook,
	}
	n := news{call: ref.Call, signal: sb.SignalRoom}
	if event == sb.RoomEnded { // by a participant's going, or by itself; then nobody is named
		if leg := form.Get("CallSidEndingConference"); sb.ValidSID("CA", leg) {
			told.Leg, told.Label = sb.CallSID(leg), readText(form, "ParticipantLabelEndingConference")
		}
		told.HungUp = strings.HasSuffix(form.Get("ReasonConferenceEnded"), "-left") // rather than kicked, or ended by a request
	} else {
		leg, err := readSID(form, "CallSid", "CA")
		if err != nil {
			return news{}, err
		}
		told.Leg, told.Label = sb.CallSID(leg), readText(form, "ParticipantLabel")
		if status := sb.LegStatus(form.Get("ParticipantCallStatus")); event == sb.RoomLeft && status.Over() {
			told.Status = status
		}
		told.HungUp = event == sb.RoomLeft && form.Get("ReasonParticipantLeft") == "participant_hung_up"
	}
	if event == sb.RoomJoined {
		n.stray.Leg = told.Leg
	}
	n.arg = told
	return n, nil
}

func readLegOf(query, form url.Values) (sb.LegRef, sb.CallSID, error) {
	ref, err := readRef(query)
	if err != nil {
		return sb.LegRef{}, "", err
	}
	leg, err := readSID(form, "CallSid", "CA")
	return ref, sb.CallSID(leg), err
}

// readRef reads whose leg it is from the URL, where we wrote it when we dialled: a callback may well come before
// Twilio's answer to the dial, so the leg's SID would tell us nothing.
func readRef(query url.Values) (sb.LegRef, error) {
	ref, err := sb.ParseLegRef(query)
	if err != nil {
		return sb.LegRef{}, unreadable{"the query", "does not name a leg of a call: it must hold call, attempt, offer and party as they were given"}
	}
	return ref, nil
}

// readSeconds returns -1 for a duration that was not told.
func readSeconds(text string) int {
	seconds, err := strconv.Atoi(text)
	if err != nil || seconds < 0 {
		return -1
	}
	return seconds
}

// readTime reads an RFC 2822 date. Without one the news is still news: the zero time. The same goes for a year that
// cannot be written in JSON: no signal could ever carry it.
func readTime(text string) time.Time {
	at, err := time.Parse(time.RFC1123Z, text) // as Twilio writes it
	if err != nil {
		at, err = mail.ParseDate(text)
	}
	if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return time.Time{}
	}
	return at.UTC()
}
