package simulator

// accountRoutes is what an account consists of besides calls: itself, its keys, numbers and TwiML apps.
// The newer Accounts API (rotation of the auth token) is not simulated.
func accountRoutes() []route {
	const (
		accounts = "/2010-04-01/Accounts"
		account  = accounts + "/{AC}"
	)
	all := []route{
		{method: "GET", pattern: accounts + ".json", handle: listAccounts, takes: "FriendlyName Status", tokenOnly: true},
		{method: "POST", pattern: accounts + ".json", handle: createAccount, takes: "FriendlyName", tokenOnly: true},
		{method: "GET", pattern: account + ".json", handle: fetchAccount, takes: none, tokenOnly: true},
		{method: "POST", pattern: account + ".json", handle: updateAccount, takes: "FriendlyName Status", tokenOnly: true},
	}
	for _, keys := range []string{account + "/Keys", account + "/SigningKeys"} {
		all = append(all,
			route{method: "GET", pattern: keys + ".json", handle: listKeys, takes: none, tokenOnly: true},
			route{method: "POST", pattern: keys + ".json", handle: createKey, takes: "FriendlyName", tokenOnly: true},
			route{method: "GET", pattern: keys + "/{SK}.json", handle: fetchKey, takes: none, tokenOnly: true},
			route{method: "POST", pattern: keys + "/{SK}.json", handle: updateKey, takes: "FriendlyName", tokenOnly: true},
			route{method: "DELETE", pattern: keys + "/{SK}.json", handle: deleteKey, takes: none, tokenOnly: true},
		)
	}
	return append(all, numberRoutes(account)...)
}

// monitorRoutes is the debugger.
func monitorRoutes() []route {
	return []route{
		{method: "GET", pattern: "/v1/Alerts", handle: listAlerts, takes: "LogLevel StartDate EndDate"},
		{method: "GET", pattern: "/v1/Alerts/{NO}", handle: fetchAlert, takes: none},
	}
}

func numberRoutes(account string) []route {
	const (
		settable = "ApiVersion FriendlyName VoiceApplicationSid VoiceReceiveMode SmsApplicationSid " + voiceParameters + " " + smsParameters + " " + papers
		filters  = "Beta FriendlyName PhoneNumber Origin"
		appTakes = "ApiVersion FriendlyName PublicApplicationConnectEnabled " + voiceParameters + " " + appParameters
	)
	numbers, apps := account+"/IncomingPhoneNumbers", account+"/Applications"
	all := []route{
		{method: "GET", pattern: numbers + ".json", handle: listNumbers, takes: filters},
		{method: "POST", pattern: numbers + ".json", handle: createNumber, takes: "PhoneNumber " + settable, refuses: "AreaCode TrunkSid", activeOnly: true},
	}
	for _, kind := range []string{"/Local.json", "/Mobile.json"} { // before {PN}.json, which they would match
		all = append(all,
			route{method: "GET", pattern: numbers + kind, handle: listNumbers, takes: filters},
			route{method: "POST", pattern: numbers + kind, handle: createNumber, takes: "PhoneNumber " + settable, refuses: "TrunkSid", activeOnly: true},
		)
	}
	shop := account + "/AvailablePhoneNumbers"
	for _, kind := range []string{"Local", "Mobile"} {
		all = append(all, route{method: "GET", pattern: shop + "/{CC}/" + kind + ".json", handle: listAvailable(kind),
			takes:   "Contains SmsEnabled MmsEnabled VoiceEnabled FaxEnabled Beta ExcludeAllAddressRequired ExcludeLocalAddressRequired ExcludeForeignAddressRequired",
			refuses: "AreaCode NearNumber NearLatLong Distance InPostalCode InRegion InRateCenter InLata InLocality"})
	}
	return append(all,
		route{method: "GET", pattern: shop + ".json", handle: listCountries, takes: none},
		route{method: "GET", pattern: shop + "/{CC}.json", handle: fetchCountry, takes: none},

		route{method: "GET", pattern: numbers + "/{PN}.json", handle: fetchNumber, takes: none},
		route{method: "POST", pattern: numbers + "/{PN}.json", handle: updateNumber, takes: "AccountSid " + settable, refuses: "TrunkSid"},
		route{method: "DELETE", pattern: numbers + "/{PN}.json", handle: deleteNumber, takes: none},

		route{method: "GET", pattern: apps + ".json", handle: listApplications, takes: "FriendlyName"},
		route{method: "POST", pattern: apps + ".json", handle: createApplication, takes: appTakes, activeOnly: true},
		route{method: "GET", pattern: apps + "/{AP}.json", handle: fetchApplication, takes: none},
		route{method: "POST", pattern: apps + "/{AP}.json", handle: updateApplication, takes: appTakes},
		route{method: "DELETE", pattern: apps + "/{AP}.json", handle: deleteApplication, takes: none},
	)
}
