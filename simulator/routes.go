package simulator

import "strings"

// restRoutes is the REST API, one line per request. What is not here answers 404/20404.
//
// The names of the variables are the prefixes of the SIDs, except {CA}, which also takes a label, and
// {CF}, which also takes a name (when participants are added).
func restRoutes() []route {
	routes := append(taskRouterRoutes(), voiceRoutes()...)
	for i := range routes {
		routes[i].segments = strings.Split(strings.Trim(routes[i].pattern, "/"), "/")
	}
	return routes
}

func taskRouterRoutes() []route {
	const ws = "/v1/Workspaces/{WS}"
	in := inWorkspace
	return []route{
		{"GET", "/v1/Workspaces", listWorkspaces, nil},
		{"POST", "/v1/Workspaces", createWorkspace, nil},
		{"GET", ws, in(fetchWorkspace), nil},
		{"POST", ws, in(updateWorkspace), nil},
		{"DELETE", ws, in(deleteWorkspace), nil},

		{"GET", ws + "/Activities", in(listStatuses), nil},
		{"POST", ws + "/Activities", in(createStatus), nil},
		{"GET", ws + "/Activities/{WA}", in(fetchStatus), nil},
		{"POST", ws + "/Activities/{WA}", in(updateStatus), nil},
		{"DELETE", ws + "/Activities/{WA}", in(deleteStatus), nil},

		{"GET", ws + "/TaskChannels", in(listChannels), nil},
		{"POST", ws + "/TaskChannels", in(createChannel), nil},
		{"GET", ws + "/TaskChannels/{TC}", in(fetchChannel), nil},
		{"POST", ws + "/TaskChannels/{TC}", in(updateChannel), nil},
		{"DELETE", ws + "/TaskChannels/{TC}", in(deleteChannel), nil},

		{"GET", ws + "/TaskQueues", in(listQueues), nil},
		{"POST", ws + "/TaskQueues", in(createQueue), nil},
		{"GET", ws + "/TaskQueues/{WQ}", in(fetchQueue), nil},
		{"POST", ws + "/TaskQueues/{WQ}", in(updateQueue), nil},
		{"DELETE", ws + "/TaskQueues/{WQ}", in(deleteQueue), nil},

		{"GET", ws + "/Workflows", in(listRoutings), nil},
		{"POST", ws + "/Workflows", in(createRouting), nil},
		{"GET", ws + "/Workflows/{WW}", in(fetchRouting), nil},
		{"POST", ws + "/Workflows/{WW}", in(updateRouting), nil},
		{"DELETE", ws + "/Workflows/{WW}", in(deleteRouting), nil},

		{"GET", ws + "/Workers", in(listAgents), nil},
		{"POST", ws + "/Workers", in(createAgent), nil},
		{"GET", ws + "/Workers/{WK}", in(fetchAgent), nil},
		{"POST", ws + "/Workers/{WK}", in(updateAgent), nil},
		{"DELETE", ws + "/Workers/{WK}", in(deleteAgent), nil},
		{"GET", ws + "/Workers/{WK}/Channels", in(listAgentChannels), nil},
		{"GET", ws + "/Workers/{WK}/Channels/{WC}", in(fetchAgentChannel), nil},
		{"POST", ws + "/Workers/{WK}/Channels/{WC}", in(updateAgentChannel), nil},
		{"GET", ws + "/Workers/{WK}/Reservations", in(listReservations), nil},
		{"GET", ws + "/Workers/{WK}/Reservations/{WR}", in(fetchReservation), nil},
		{"POST", ws + "/Workers/{WK}/Reservations/{WR}", in(updateReservation), nil},

		{"GET", ws + "/Tasks", in(listTasks), nil},
		{"POST", ws + "/Tasks", in(createTask), nil},
		{"GET", ws + "/Tasks/{WT}", in(fetchTask), nil},
		{"POST", ws + "/Tasks/{WT}", in(updateTask), nil},
		{"DELETE", ws + "/Tasks/{WT}", in(deleteTask), nil},
		{"GET", ws + "/Tasks/{WT}/Reservations", in(listReservations), nil},
		{"GET", ws + "/Tasks/{WT}/Reservations/{WR}", in(fetchReservation), nil},
		{"POST", ws + "/Tasks/{WT}/Reservations/{WR}", in(updateReservation), nil},

		{"GET", ws + "/Events", in(listEvents), nil},
		{"GET", ws + "/Events/{EV}", in(fetchEvent), nil},
	}
}

func voiceRoutes() []route {
	const (
		account    = "/2010-04-01/Accounts/{AC}"
		conference = account + "/Conferences/{CF}"
	)
	return []route{
		{"GET", account + "/Calls.json", listCalls, nil},
		{"POST", account + "/Calls.json", createCall, nil},
		{"GET", account + "/Calls/{CA}.json", fetchCall, nil},
		{"POST", account + "/Calls/{CA}.json", updateCall, nil},
		{"DELETE", account + "/Calls/{CA}.json", deleteCall, nil},

		{"GET", account + "/Conferences.json", listConferences, nil},
		{"GET", account + "/Conferences/{CF}.json", fetchConference, nil},
		{"POST", account + "/Conferences/{CF}.json", updateConference, nil},
		{"GET", conference + "/Participants.json", listParticipants, nil},
		{"POST", conference + "/Participants.json", createParticipant, nil},
		{"GET", conference + "/Participants/{CA}.json", fetchParticipant, nil},
		{"POST", conference + "/Participants/{CA}.json", updateParticipant, nil},
		{"DELETE", conference + "/Participants/{CA}.json", deleteParticipant, nil},
	}
}
