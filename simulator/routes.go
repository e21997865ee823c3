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
	}{{"taskrouter", taskRouterRoutes()}, {"api", voiceRoutes()}} {
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

func taskRouterRoutes() []route {
	const ws = "/v1/Workspaces/{WS}"
	in := inWorkspace
	return []route{
		{method: "GET", pattern: "/v1/Workspaces", handle: listWorkspaces},
		{method: "POST", pattern: "/v1/Workspaces", handle: createWorkspace},
		{method: "GET", pattern: ws, handle: in(fetchWorkspace)},
		{method: "POST", pattern: ws, handle: in(updateWorkspace)},
		{method: "DELETE", pattern: ws, handle: in(deleteWorkspace)},

		{method: "GET", pattern: ws + "/Activities", handle: in(listStatuses)},
		{method: "POST", pattern: ws + "/Activities", handle: in(createStatus)},
		{method: "GET", pattern: ws + "/Activities/{WA}", handle: in(fetchStatus)},
		{method: "POST", pattern: ws + "/Activities/{WA}", handle: in(updateStatus)},
		{method: "DELETE", pattern: ws + "/Activities/{WA}", handle: in(deleteStatus)},

		{method: "GET", pattern: ws + "/TaskChannels", handle: in(listChannels)},
		{method: "POST", pattern: ws + "/TaskChannels", handle: in(createChannel)},
		{method: "GET", pattern: ws + "/TaskChannels/{TC}", handle: in(fetchChannel)},
		{method: "POST", pattern: ws + "/TaskChannels/{TC}", handle: in(updateChannel)},
		{method: "DELETE", pattern: ws + "/TaskChannels/{TC}", handle: in(deleteChannel)},

		{method: "GET", pattern: ws + "/TaskQueues", handle: in(listQueues)},
		{method: "POST", pattern: ws + "/TaskQueues", handle: in(createQueue)},
		{method: "GET", pattern: ws + "/TaskQueues/{WQ}", handle: in(fetchQueue)},
		{method: "POST", pattern: ws + "/TaskQueues/{WQ}", handle: in(updateQueue)},
		{method: "DELETE", pattern: ws + "/TaskQueues/{WQ}", handle: in(deleteQueue)},

		{method: "GET", pattern: ws + "/Workflows", handle: in(listRoutings)},
		{method: "POST", pattern: ws + "/Workflows", handle: in(createRouting)},
		{method: "GET", pattern: ws + "/Workflows/{WW}", handle: in(fetchRouting)},
		{method: "POST", pattern: ws + "/Workflows/{WW}", handle: in(updateRouting)},
		{method: "DELETE", pattern: ws + "/Workflows/{WW}", handle: in(deleteRouting)},

		{method: "GET", pattern: ws + "/Workers", handle: in(listAgents)},
		{method: "POST", pattern: ws + "/Workers", handle: in(createAgent)},
		{method: "GET", pattern: ws + "/Workers/{WK}", handle: in(fetchAgent)},
		{method: "POST", pattern: ws + "/Workers/{WK}", handle: in(updateAgent)},
		{method: "DELETE", pattern: ws + "/Workers/{WK}", handle: in(deleteAgent)},
		{method: "GET", pattern: ws + "/Workers/{WK}/Channels", handle: in(listAgentChannels)},
		{method: "GET", pattern: ws + "/Workers/{WK}/Channels/{WC}", handle: in(fetchAgentChannel)},
		{method: "POST", pattern: ws + "/Workers/{WK}/Channels/{WC}", handle: in(updateAgentChannel)},
		{method: "GET", pattern: ws + "/Workers/{WK}/Reservations", handle: in(listReservations)},
		{method: "GET", pattern: ws + "/Workers/{WK}/Reservations/{WR}", handle: in(fetchReservation)},
		{method: "POST", pattern: ws + "/Workers/{WK}/Reservations/{WR}", handle: in(updateReservation)},

		{method: "GET", pattern: ws + "/Tasks", handle: in(listTasks)},
		{method: "POST", pattern: ws + "/Tasks", handle: in(createTask)},
		{method: "GET", pattern: ws + "/Tasks/{WT}", handle: in(fetchTask)},
		{method: "POST", pattern: ws + "/Tasks/{WT}", handle: in(updateTask)},
		{method: "DELETE", pattern: ws + "/Tasks/{WT}", handle: in(deleteTask)},
		{method: "GET", pattern: ws + "/Tasks/{WT}/Reservations", handle: in(listReservations)},
		{method: "GET", pattern: ws + "/Tasks/{WT}/Reservations/{WR}", handle: in(fetchReservation)},
		{method: "POST", pattern: ws + "/Tasks/{WT}/Reservations/{WR}", handle: in(updateReservation)},

		{method: "GET", pattern: ws + "/Events", handle: in(listEvents)},
		{method: "GET", pattern: ws + "/Events/{EV}", handle: in(fetchEvent)},
	}
}

func voiceRoutes() []route {
	const (
		account    = "/2010-04-01/Accounts/{AC}"
		conference = account + "/Conferences/{CF}"
	)
	return []route{
		{method: "GET", pattern: account + "/Calls.json", handle: listCalls},
		{method: "POST", pattern: account + "/Calls.json", handle: createCall},
		{method: "GET", pattern: account + "/Calls/{CA}.json", handle: fetchCall},
		{method: "POST", pattern: account + "/Calls/{CA}.json", handle: updateCall},
		{method: "DELETE", pattern: account + "/Calls/{CA}.json", handle: deleteCall},

		{method: "GET", pattern: account + "/Conferences.json", handle: listConferences},
		{method: "GET", pattern: account + "/Conferences/{CF}.json", handle: fetchConference},
		{method: "POST", pattern: account + "/Conferences/{CF}.json", handle: updateConference},
		{method: "GET", pattern: conference + "/Participants.json", handle: listParticipants},
		{method: "POST", pattern: conference + "/Participants.json", handle: createParticipant},
		{method: "GET", pattern: conference + "/Participants/{CA}.json", handle: fetchParticipant},
		{method: "POST", pattern: conference + "/Participants/{CA}.json", handle: updateParticipant},
		{method: "DELETE", pattern: conference + "/Participants/{CA}.json", handle: deleteParticipant},
	}
}
