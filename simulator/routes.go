package simulator

import (
	"strings"
	"sync"
)

// restRoutes is the REST API, one line per request. What is not here answers 404/20404.
//
// A line names the parameters that Twilio documents for the request: those that work, then those that
// are refused. Paging parameters need not be named.
//
// The names of the variables are the prefixes of the SIDs, except {CA}, which also takes a label, and
// {CF}, which also takes a name (when participants are added).
var restRoutes = sync.OnceValue(func() []route {
	var all []route
	for _, product := range []struct {
		name   string
		routes []route
	}{{"taskrouter", taskRouterRoutes()}, {"api", accountRoutes()}, {"api", voiceRoutes()}, {"monitor", monitorRoutes()}} {
		for _, r := range product.routes {
			r.product = product.name
			r.segments = strings.Split(strings.Trim(r.pattern, "/"), "/")
			r.known = r.parameters()
			all = append(all, r)
		}
	}
	return all
})

const (
	none   = "-" // takes no parameters at all
	paging = "Page PageSize PageToken"
)

// parameters is nil for a route that has not declared any.
func (r route) parameters() map[string]bool {
	if r.takes == "" && r.refuses == "" {
		return nil
	}
	known := map[string]bool{}
	for _, name := range strings.Fields(r.takes) {
		known[name] = true
	}
	for _, name := range strings.Fields(r.refuses) {
		known[name] = false
	}
	delete(known, none)
	if lists := r.method == "GET" && !strings.HasPrefix(r.segments[len(r.segments)-1], "{"); lists {
		for _, name := range strings.Fields(paging) {
			known[name] = true
		}
	}
	return known
}

// What creating calls and participants takes, and what of it is known and refused.
const (
	detectionTakes = " MachineDetection MachineDetectionTimeout MachineDetectionSpeechThreshold " +
		"MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout "

	callTakes = "To From Url Method Twiml ApplicationSid FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod " +
		"StatusCallbackEvent Timeout TimeLimit SendDigits CallerId CallReason AsyncAmd AsyncAmdStatusCallback " +
		"AsyncAmdStatusCallbackMethod" + detectionTakes
	callRefuses = "Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod " +
		"SipAuthUsername SipAuthPassword RecordingStatusCallbackEvent Trim Byoc CallToken RecordingTrack " +
		"RecordingConfigurationId Passports ClientNotificationUrl"

	participantTakes = "To From Label Timeout TimeLimit StatusCallback StatusCallbackMethod StatusCallbackEvent Muted " +
		"Coaching CallSidToCoach Beep StartConferenceOnEnter EndConferenceOnExit EarlyMedia MaxParticipants " +
		"WaitUrl WaitMethod ConferenceStatusCallback ConferenceStatusCallbackMethod ConferenceStatusCallbackEvent " +
		"CallerId CallReason JitterBufferSize AmdStatusCallback AmdStatusCallbackMethod" + detectionTakes
	participantRefuses = "Record ConferenceRecord ConferenceTrim RecordingChannels RecordingStatusCallback " +
		"RecordingStatusCallbackMethod SipAuthUsername SipAuthPassword Region " +
		"ConferenceRecordingStatusCallback ConferenceRecordingStatusCallbackMethod " +
		"RecordingStatusCallbackEvent ConferenceRecordingStatusCallbackEvent Byoc RecordingTrack Trim CallToken " +
		"ClientNotificationUrl CallerDisplayName RecordingConfigurationId Passports EmergencyCallerPosition " +
		"EmergencyCallerLocation EmergencyName EmergencyAddress EmergencyZipCode EmergencyCity EmergencyState EmergencyCountry"
)

func voiceRoutes() []route {
	const (
		account     = "/2010-04-01/Accounts/{AC}"
		conferences = account + "/Conferences"
		legs        = conferences + "/{CF}/Participants"
		callFilters = "To From ParentCallSid Status StartTime StartTime< StartTime> EndTime EndTime< EndTime>"
		roomFilters = "DateCreated DateCreated< DateCreated> DateUpdated DateUpdated< DateUpdated> FriendlyName Status"
		callChanges = "Url Method Status FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod Twiml TimeLimit"
		legChanges  = "Muted Hold HoldUrl HoldMethod AnnounceUrl AnnounceMethod WaitUrl WaitMethod BeepOnExit EndConferenceOnExit Coaching CallSidToCoach"
	)
	return []route{
		{method: "GET", pattern: account + "/Calls.json", handle: listCalls, takes: callFilters},
		{method: "POST", pattern: account + "/Calls.json", handle: createCall, takes: callTakes, refuses: callRefuses, activeOnly: true, dials: true},
		{method: "GET", pattern: account + "/Calls/{CA}.json", handle: fetchCall, takes: none},
		{method: "POST", pattern: account + "/Calls/{CA}.json", handle: updateCall, takes: callChanges},
		{method: "DELETE", pattern: account + "/Calls/{CA}.json", handle: deleteCall, takes: none},

		{method: "GET", pattern: conferences + ".json", handle: listConferences, takes: roomFilters},
		{method: "GET", pattern: conferences + "/{CF}.json", handle: fetchConference, takes: none},
		{method: "POST", pattern: conferences + "/{CF}.json", handle: updateConference, takes: "Status AnnounceUrl AnnounceMethod"},
		{method: "GET", pattern: legs + ".json", handle: listParticipants, takes: "Muted Hold Coaching"},
		{method: "POST", pattern: legs + ".json", handle: createParticipant, takes: participantTakes, refuses: participantRefuses, activeOnly: true, dials: true},
		{method: "GET", pattern: legs + "/{CA}.json", handle: fetchParticipant, takes: none},
		{method: "POST", pattern: legs + "/{CA}.json", handle: updateParticipant, takes: legChanges},
		{method: "DELETE", pattern: legs + "/{CA}.json", handle: deleteParticipant, takes: none},
	}
}
