package simulator

// Parameters that several requests share. A header that Twilio documents as a parameter of the request
// is one here too.
const (
	ifMatch = "If-Match"

	queueSettings   = "FriendlyName TargetWorkers MaxReservedWorkers TaskOrder ReservationActivitySid AssignmentActivitySid"
	routingSettings = "FriendlyName Configuration AssignmentCallbackUrl FallbackAssignmentCallbackUrl TaskReservationTimeout"

	// instructions are what an update of a reservation can order instead of a status: ring the agent,
	// join them in a conference, and so on (A.6).
	instructions = `Instruction To From Timeout
		CallTo CallFrom CallUrl CallAccept CallTimeout CallStatusCallbackUrl
		RedirectCallSid RedirectUrl RedirectAccept
		StatusCallback StatusCallbackMethod StatusCallbackEvent Muted Beep StartConferenceOnEnter EndConferenceOnExit
		WaitUrl WaitMethod EarlyMedia MaxParticipants JitterBufferSize
		ConferenceStatusCallback ConferenceStatusCallbackMethod ConferenceStatusCallbackEvent
		PostWorkActivitySid EndConferenceOnCustomerExit BeepOnCustomerEntrance `
	// others are those of the instructions, and of recording, that are not simulated.
	others = `CallRecord
		DequeuePostWorkActivitySid DequeueFrom DequeueRecord DequeueTimeout DequeueTo DequeueStatusCallbackUrl DequeueStatusCallbackEvent
		Record ConferenceRecord ConferenceTrim RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod
		ConferenceRecordingStatusCallback ConferenceRecordingStatusCallbackMethod Region SipAuthUsername SipAuthPassword`
)

func taskRouterRoutes() []route {
	const ws = "/v1/Workspaces/{WS}"
	in := inWorkspace
	return []route{
		{method: "GET", pattern: "/v1/Workspaces", handle: listWorkspaces, takes: "FriendlyName"},
		{method: "POST", pattern: "/v1/Workspaces", handle: createWorkspace,
			takes: "FriendlyName EventCallbackUrl EventsFilter MultiTaskEnabled Template PrioritizeQueueOrder"},
		{method: "GET", pattern: ws, handle: in(fetchWorkspace), takes: none},
		{method: "POST", pattern: ws, handle: in(updateWorkspace),
			takes: "FriendlyName EventCallbackUrl EventsFilter MultiTaskEnabled PrioritizeQueueOrder DefaultActivitySid TimeoutActivitySid"},
		{method: "DELETE", pattern: ws, handle: in(deleteWorkspace), takes: none},

		{method: "GET", pattern: ws + "/Activities", handle: in(listStatuses), takes: "FriendlyName Available"},
		{method: "POST", pattern: ws + "/Activities", handle: in(createStatus), takes: "FriendlyName Available"},
		{method: "GET", pattern: ws + "/Activities/{WA}", handle: in(fetchStatus), takes: none},
		{method: "POST", pattern: ws + "/Activities/{WA}", handle: in(updateStatus), takes: "FriendlyName Available"},
		{method: "DELETE", pattern: ws + "/Activities/{WA}", handle: in(deleteStatus), takes: none},

		{method: "GET", pattern: ws + "/TaskChannels", handle: in(listChannels), takes: none},
		{method: "POST", pattern: ws + "/TaskChannels", handle: in(createChannel), takes: "FriendlyName UniqueName ChannelOptimizedRouting"},
		{method: "GET", pattern: ws + "/TaskChannels/{TC}", handle: in(fetchChannel), takes: none},
		{method: "POST", pattern: ws + "/TaskChannels/{TC}", handle: in(updateChannel), takes: "FriendlyName ChannelOptimizedRouting"},
		{method: "DELETE", pattern: ws + "/TaskChannels/{TC}", handle: in(deleteChannel), takes: none},

		{method: "GET", pattern: ws + "/TaskQueues", handle: in(listQueues), takes: "FriendlyName EvaluateWorkerAttributes WorkerSid Ordering"},
		{method: "POST", pattern: ws + "/TaskQueues", handle: in(createQueue), takes: queueSettings},
		{method: "GET", pattern: ws + "/TaskQueues/{WQ}", handle: in(fetchQueue), takes: none},
		{method: "POST", pattern: ws + "/TaskQueues/{WQ}", handle: in(updateQueue), takes: queueSettings},
		{method: "DELETE", pattern: ws + "/TaskQueues/{WQ}", handle: in(deleteQueue), takes: none},

		{method: "GET", pattern: ws + "/Workflows", handle: in(listRoutings), takes: "FriendlyName"},
		{method: "POST", pattern: ws + "/Workflows", handle: in(createRouting), takes: routingSettings},
		{method: "GET", pattern: ws + "/Workflows/{WW}", handle: in(fetchRouting), takes: none},
		{method: "POST", pattern: ws + "/Workflows/{WW}", handle: in(updateRouting), takes: routingSettings + " ReEvaluateTasks"},
		{method: "DELETE", pattern: ws + "/Workflows/{WW}", handle: in(deleteRouting), takes: none},

		{method: "GET", pattern: ws + "/Workers", handle: in(listAgents),
			takes: "FriendlyName ActivityName ActivitySid Available TargetWorkersExpression TaskQueueName TaskQueueSid Ordering"},
		{method: "POST", pattern: ws + "/Workers", handle: in(createAgent), takes: "FriendlyName ActivitySid Attributes"},
		{method: "GET", pattern: ws + "/Workers/{WK}", handle: in(fetchAgent), takes: none},
		{method: "POST", pattern: ws + "/Workers/{WK}", handle: in(updateAgent),
			takes: "FriendlyName ActivitySid Attributes RejectPendingReservations " + ifMatch},
		{method: "DELETE", pattern: ws + "/Workers/{WK}", handle: in(deleteAgent), takes: ifMatch},
		{method: "GET", pattern: ws + "/Workers/{WK}/Channels", handle: in(listAgentChannels), takes: none},
		{method: "GET", pattern: ws + "/Workers/{WK}/Channels/{WC}", handle: in(fetchAgentChannel), takes: none},
		{method: "POST", pattern: ws + "/Workers/{WK}/Channels/{WC}", handle: in(updateAgentChannel), takes: "Capacity Available"},
		{method: "GET", pattern: ws + "/Workers/{WK}/Reservations", handle: in(listReservations), takes: "ReservationStatus"},
		{method: "GET", pattern: ws + "/Workers/{WK}/Reservations/{WR}", handle: in(fetchReservation), takes: none},
		{method: "POST", pattern: ws + "/Workers/{WK}/Reservations/{WR}", handle: in(updateReservation),
			takes: "ReservationStatus WorkerActivitySid " + instructions + ifMatch, refuses: others},

		{method: "GET", pattern: ws + "/Tasks", handle: in(listTasks),
			takes: "Priority AssignmentStatus WorkflowSid WorkflowName TaskQueueSid TaskQueueName EvaluateTaskAttributes RoutingTarget " +
				"Ordering HasAddons"},
		{method: "POST", pattern: ws + "/Tasks", handle: in(createTask),
			takes: "Attributes WorkflowSid TaskChannel Timeout Priority VirtualStartTime RoutingTarget IgnoreCapacity TaskQueueSid"},
		{method: "GET", pattern: ws + "/Tasks/{WT}", handle: in(fetchTask), takes: none},
		{method: "POST", pattern: ws + "/Tasks/{WT}", handle: in(updateTask),
			takes: "Attributes AssignmentStatus Reason Priority TaskChannel VirtualStartTime " + ifMatch},
		{method: "DELETE", pattern: ws + "/Tasks/{WT}", handle: in(deleteTask), takes: ifMatch},
		{method: "GET", pattern: ws + "/Tasks/{WT}/Reservations", handle: in(listReservations), takes: "ReservationStatus WorkerSid"},
		{method: "GET", pattern: ws + "/Tasks/{WT}/Reservations/{WR}", handle: in(fetchReservation), takes: none},
		{method: "POST", pattern: ws + "/Tasks/{WT}/Reservations/{WR}", handle: in(updateReservation),
			takes: "ReservationStatus WorkerActivitySid " + instructions + ifMatch, refuses: others + " Supervisor SupervisorMode"},

		{method: "GET", pattern: ws + "/Events", handle: in(listEvents),
			takes: "Minutes StartDate EndDate EventType ReservationSid TaskQueueSid TaskSid WorkerSid WorkflowSid TaskChannel Sid"},
		{method: "GET", pattern: ws + "/Events/{EV}", handle: in(fetchEvent), takes: none},
	}
}
