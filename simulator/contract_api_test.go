package simulator

import (
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
	monitor "github.com/twilio/twilio-go/rest/monitor/v1"
)

// accountWorld is an account with a key, a number, an app and an alert, all of them set up in full.
func accountWorld(w *world) map[string]string {
	w.t.Helper()
	const account = "/2010-04-01/Accounts/{AC}"
	app := w.must(w.post(account+"/Applications.json", appFields...)).text("sid")
	number := w.must(w.post(account+"/IncomingPhoneNumbers.json", append(numberFields("+447700900001"),
		"VoiceApplicationSid", app, "SmsApplicationSid", app)...)).text("sid")
	w.must(w.post(account+"/IncomingPhoneNumbers.json", append(numberFields("+442079460001"),
		"VoiceApplicationSid", app, "SmsApplicationSid", app)...))
	key := w.must(w.post(account+"/Keys.json", "FriendlyName", "server")).text("sid")
	return map[string]string{"SK": key, "AP": app, "PN": number, "CC": "GB"}
}

// alertWorld is one where a status callback was answered badly.
func alertWorld(w *world) map[string]string {
	w.t.Helper()
	w.answer = func(hook) (int, string, string) { return 500, "text/html", "<h1>Sorry</h1>" }
	w.dial("offer", "+447700900004", "StatusCallbackEvent", "completed")
	w.advance(time.Minute)
	alerts := w.must(w.request("GET", "https://monitor.twilio.com/v1/Alerts", nil)).rows("alerts")
	return map[string]string{"NO": alerts[0]["sid"].(string)}
}

// callWorld is one with a call that is over, and two legs in a room: one that stays and one that is on
// hold.
func callWorld(w *world) map[string]string {
	w.t.Helper()
	w.speaking()
	over := w.must(w.post("/2010-04-01/Accounts/{AC}/Calls.json", "To", "+447700900007", "From", ourNumber, "Twiml", say,
		"MachineDetection", "Enable")).text("sid")
	room := w.dial("offer", stays, "Label", "caller")
	w.dial("offer", "client:anna")
	w.advance(time.Minute)
	return map[string]string{"CA": over, "CF": room.text("conference_sid"), "leg": room.text("call_sid")}
}

// withLeg takes {CA} to be the leg in the room.
func withLeg(w *world) map[string]string {
	vars := callWorld(w)
	vars["CA"] = vars["leg"]
	return vars
}

var appFields = []string{
	"FriendlyName", "app", "VoiceUrl", "https://app.test/app", "VoiceFallbackUrl", "https://app.test/else", "StatusCallback", "https://app.test/over",
	"SmsUrl", "https://app.test/sms", "SmsFallbackUrl", "https://app.test/else", "SmsStatusCallback", "https://app.test/sent",
	"MessageStatusCallback", "https://app.test/sent",
}

func numberFields(number string) []string {
	return []string{
		"PhoneNumber", number, "FriendlyName", "number", "VoiceUrl", "https://app.test/incoming", "VoiceFallbackUrl", "https://app.test/else",
		"StatusCallback", "https://app.test/over", "SmsUrl", "https://app.test/sms", "SmsFallbackUrl", "https://app.test/else",
		"AddressSid", "AD00000000000000000000000000000001", "IdentitySid", "RI00000000000000000000000000000001",
		"BundleSid", "BU00000000000000000000000000000001", "EmergencyAddressSid", "AD00000000000000000000000000000001",
	}
}

func apiContracts() []contract {
	const (
		accounts = "/2010-04-01/Accounts"
		account  = accounts + "/{AC}"
		keys     = account + "/Keys"
		signing  = account + "/SigningKeys"
		numbers  = account + "/IncomingPhoneNumbers"
		apps     = account + "/Applications"
		calls    = account + "/Calls"
		rooms    = account + "/Conferences"
		legs     = rooms + "/{CF}/Participants"
		shop     = account + "/AvailablePhoneNumbers"
		american = "locality region postal_code lata rate_center latitude longitude"
		noTrunk  = "trunk_sid"
		noPrice  = "price parent_call_sid phone_number_sid forwarded_from group_sid caller_name trunk_sid"
		noCoach  = "call_sid_to_coach"
		notEnded = "reason_conference_ended call_sid_ending_conference"
	)
	withApps := func(number string) []string {
		return append(numberFields(number), "VoiceApplicationSid", "{AP}", "SmsApplicationSid", "{AP}")
	}
	rows := []contract{
		{route: "GET " + accounts + ".json", params: api.ListAccountParams{}, answer: api.ListAccountResponse{}},
		{route: "POST " + accounts + ".json", params: api.CreateAccountParams{}, answer: api.ApiV2010Account{}},
		{route: "GET " + account + ".json", answer: api.ApiV2010Account{}},
		{route: "POST " + account + ".json", params: api.UpdateAccountParams{}, answer: api.ApiV2010Account{}, send: []string{"FriendlyName", "x"}},

		{route: "GET " + keys + ".json", params: api.ListKeyParams{}, answer: api.ListKeyResponse{}},
		{route: "POST " + keys + ".json", params: api.CreateNewKeyParams{}, answer: api.ApiV2010NewKey{}},
		{route: "GET " + keys + "/{SK}.json", params: api.FetchKeyParams{}, answer: api.ApiV2010Key{}},
		{route: "POST " + keys + "/{SK}.json", params: api.UpdateKeyParams{}, answer: api.ApiV2010Key{}},
		{route: "DELETE " + keys + "/{SK}.json", params: api.DeleteKeyParams{}},
		{route: "GET " + signing + ".json", params: api.ListSigningKeyParams{}, answer: api.ListSigningKeyResponse{}},
		{route: "POST " + signing + ".json", params: api.CreateNewSigningKeyParams{}, answer: api.ApiV2010NewSigningKey{}},
		{route: "GET " + signing + "/{SK}.json", params: api.FetchSigningKeyParams{}, answer: api.ApiV2010SigningKey{}},
		{route: "POST " + signing + "/{SK}.json", params: api.UpdateSigningKeyParams{}, answer: api.ApiV2010SigningKey{}},
		{route: "DELETE " + signing + "/{SK}.json", params: api.DeleteSigningKeyParams{}},

		{route: "GET " + numbers + ".json", params: api.ListIncomingPhoneNumberParams{}, answer: api.ListIncomingPhoneNumberResponse{}, null: noTrunk},
		{route: "POST " + numbers + ".json", params: api.CreateIncomingPhoneNumberParams{}, answer: api.ApiV2010IncomingPhoneNumber{}, null: noTrunk,
			send: withApps("+447700900002")},
		{route: "GET " + numbers + "/Local.json", params: api.ListIncomingPhoneNumberLocalParams{}, answer: api.ListIncomingPhoneNumberLocalResponse{}, null: noTrunk},
		{route: "POST " + numbers + "/Local.json", params: api.CreateIncomingPhoneNumberLocalParams{}, answer: api.ApiV2010IncomingPhoneNumberLocal{},
			null: noTrunk, send: withApps("+442079460002")},
		{route: "GET " + numbers + "/Mobile.json", params: api.ListIncomingPhoneNumberMobileParams{}, answer: api.ListIncomingPhoneNumberMobileResponse{}, null: noTrunk},
		{route: "POST " + numbers + "/Mobile.json", params: api.CreateIncomingPhoneNumberMobileParams{}, answer: api.ApiV2010IncomingPhoneNumberMobile{},
			null: noTrunk, send: withApps("+447700900002")},
		{route: "GET " + numbers + "/{PN}.json", params: api.FetchIncomingPhoneNumberParams{}, answer: api.ApiV2010IncomingPhoneNumber{}, null: noTrunk},
		{route: "POST " + numbers + "/{PN}.json", params: api.UpdateIncomingPhoneNumberParams{}, answer: api.ApiV2010IncomingPhoneNumber{}, null: noTrunk},
		{route: "DELETE " + numbers + "/{PN}.json", params: api.DeleteIncomingPhoneNumberParams{}},

		{route: "GET " + shop + ".json", params: api.ListAvailablePhoneNumberCountryParams{}, answer: api.ListAvailablePhoneNumberCountryResponse{}},
		{route: "GET " + shop + "/{CC}.json", params: api.FetchAvailablePhoneNumberCountryParams{}, answer: api.ApiV2010AvailablePhoneNumberCountry{}},
		{route: "GET " + shop + "/{CC}/Local.json", params: api.ListAvailablePhoneNumberLocalParams{}, answer: api.ListAvailablePhoneNumberLocalResponse{}, null: american},
		{route: "GET " + shop + "/{CC}/Mobile.json", params: api.ListAvailablePhoneNumberMobileParams{}, answer: api.ListAvailablePhoneNumberMobileResponse{}, null: american},

		{route: "GET " + apps + ".json", params: api.ListApplicationParams{}, answer: api.ListApplicationResponse{}},
		{route: "POST " + apps + ".json", params: api.CreateApplicationParams{}, answer: api.ApiV2010Application{}, send: appFields},
		{route: "GET " + apps + "/{AP}.json", params: api.FetchApplicationParams{}, answer: api.ApiV2010Application{}},
		{route: "POST " + apps + "/{AP}.json", params: api.UpdateApplicationParams{}, answer: api.ApiV2010Application{}},
		{route: "DELETE " + apps + "/{AP}.json", params: api.DeleteApplicationParams{}},
	}
	for i := range rows {
		rows[i].world = accountWorld
	}
	return append(rows,
		contract{route: "GET /v1/Alerts", params: monitor.ListAlertParams{}, answer: monitor.ListAlertResponse{}, world: alertWorld, null: "service_sid"},
		contract{route: "GET /v1/Alerts/{NO}", answer: monitor.MonitorV1AlertInstance{}, world: alertWorld, null: "service_sid"},

		contract{route: "GET " + calls + ".json", params: api.ListCallParams{}, answer: api.ListCallResponse{}, world: callWorld,
			null: noPrice + " answered_by end_time duration start_time"},
		contract{route: "POST " + calls + ".json", params: api.CreateCallParams{}, answer: api.ApiV2010Call{}, world: callWorld,
			null: noPrice + " answered_by end_time duration start_time", send: []string{"To", stays, "From", ourNumber, "Twiml", say}},
		contract{route: "POST " + calls + "/{CA}.json", params: api.UpdateCallParams{}, answer: api.ApiV2010Call{}, world: withLeg,
			null: noPrice + " answered_by end_time duration", send: []string{"StatusCallback", "https://app.test/call"}},
		contract{route: "POST " + legs + ".json", params: api.CreateParticipantParams{}, answer: api.ApiV2010Participant{}, world: callWorld,
			null: noCoach, send: []string{"To", stays, "From", ourNumber, "Label", "another", "WaitUrl", "https://app.test/wait"}},
		contract{route: "GET " + calls + "/{CA}.json", params: api.FetchCallParams{}, answer: api.ApiV2010Call{}, world: callWorld, null: noPrice},
		contract{route: "DELETE " + calls + "/{CA}.json", params: api.DeleteCallParams{}, world: callWorld},
		contract{route: "GET " + rooms + ".json", params: api.ListConferenceParams{}, answer: api.ListConferenceResponse{}, world: callWorld, null: notEnded},
		contract{route: "GET " + rooms + "/{CF}.json", params: api.FetchConferenceParams{}, answer: api.ApiV2010Conference{}, world: callWorld, null: notEnded},
		contract{route: "POST " + rooms + "/{CF}.json", params: api.UpdateConferenceParams{}, answer: api.ApiV2010Conference{}, world: callWorld, null: notEnded},
		contract{route: "GET " + legs + ".json", params: api.ListParticipantParams{}, answer: api.ListParticipantResponse{}, world: callWorld, null: noCoach},
		contract{route: "GET " + legs + "/{CA}.json", params: api.FetchParticipantParams{}, answer: api.ApiV2010Participant{}, world: withLeg, null: noCoach},
		contract{route: "POST " + legs + "/{CA}.json", params: api.UpdateParticipantParams{}, answer: api.ApiV2010Participant{}, world: withLeg, null: noCoach,
			send: []string{"HoldUrl", "https://app.test/wait", "WaitUrl", "https://app.test/wait"}},
		contract{route: "DELETE " + legs + "/{CA}.json", params: api.DeleteParticipantParams{}, world: withLeg},
	)
}
