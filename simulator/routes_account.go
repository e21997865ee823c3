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
	return all
}
