package simulator

import "strings"

// restRoutes is the REST API, one line per request. What is not here answers 404/20404.
//
// A line names the parameters that Twilio documents for the request: those that work, then those that
// are refused. Paging parameters need not be named.
//
// The names of the variables are the prefixes of the SIDs, except {CA}, which also takes a label, and
// {CF}, which also takes a name (when participants are added).
func restRoutes() []route {
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
}

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

func voiceRoutes() []route {
	const (
		account    = "/2010-04-01/Accounts/{AC}"
		conference = account + "/Conferences/{CF}"
	)
	return []route{
		{method: "GET", pattern: account + "/Calls.json", handle: listCalls},
		{method: "POST", pattern: account + "/Calls.json", handle: createCall, activeOnly: true},
		{method: "GET", pattern: account + "/Calls/{CA}.json", handle: fetchCall},
		{method: "POST", pattern: account + "/Calls/{CA}.json", handle: updateCall},
		{method: "DELETE", pattern: account + "/Calls/{CA}.json", handle: deleteCall},

		{method: "GET", pattern: account + "/Conferences.json", handle: listConferences},
		{method: "GET", pattern: account + "/Conferences/{CF}.json", handle: fetchConference},
		{method: "POST", pattern: account + "/Conferences/{CF}.json", handle: updateConference},
		{method: "GET", pattern: conference + "/Participants.json", handle: listParticipants},
		{method: "POST", pattern: conference + "/Participants.json", handle: createParticipant, activeOnly: true},
		{method: "GET", pattern: conference + "/Participants/{CA}.json", handle: fetchParticipant},
		{method: "POST", pattern: conference + "/Participants/{CA}.json", handle: updateParticipant},
		{method: "DELETE", pattern: conference + "/Participants/{CA}.json", handle: deleteParticipant},
	}
}
