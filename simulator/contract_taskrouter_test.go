package simulator

import (
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"
)

// taskRouterWorld has one of everything, all in use: a task that is offered to an agent. {task} and
// {agent} are others that nobody uses, {idle…} are queues and so on that may be deleted.
func taskRouterWorld(w *world) map[string]string {
	w.t.Helper()
	w.withWorkspace()
	// Everything that an answer can tell is set, so that nothing need be null.
	w.must(w.post(w.v1("/TaskQueues/"+w.queue), "ReservationActivitySid", w.offline, "AssignmentActivitySid", w.offline))
	w.must(w.post(w.v1("/Workflows/"+w.routing), "FallbackAssignmentCallbackUrl", "https://app.test/fallback"))
	w.must(w.post(w.v1(""), "EventsFilter", "task.created"))
	agent, task := w.newAgent("anna", `{"contact_uri":"client:anna"}`), w.newTask("TaskChannel", "voice")
	w.advance(0)
	first := func(path, key string) string {
		w.t.Helper()
		return w.must(w.get(w.v1(path))).rows(key)[0]["sid"].(string)
	}
	return map[string]string{
		"WS": w.ws, "WA": w.available, "WQ": w.queue, "WW": w.routing, "WK": agent, "WT": task,
		"WC":          first("/Workers/"+agent+"/Channels", "channels"),
		"WR":          first("/Tasks/"+task+"/Reservations", "reservations"),
		"TC":          first("/TaskChannels", "channels"),
		"EV":          first("/Events", "events"),
		"offline":     w.offline,
		"plan":        `{"task_routing":{"filters":[],"default_filter":{"queue":"` + w.queue + `"}}}`,
		"idleAgent":   w.must(w.post(w.v1("/Workers"), "FriendlyName", "idle")).text("sid"),
		"idleStatus":  w.must(w.post(w.v1("/Activities"), "FriendlyName", "idle")).text("sid"),
		"idleQueue":   w.must(w.post(w.v1("/TaskQueues"), "FriendlyName", "idle")).text("sid"),
		"idleRouting": w.newRouting(`{"task_routing":{"filters":[],"default_filter":{"queue":"` + w.queue + `"}}}`),
		"idleChannel": w.must(w.post(w.v1("/TaskChannels"), "FriendlyName", "idle", "UniqueName", "idle")).text("sid"),
	}
}

// of takes one variable of the path from another name of the world.
func of(variable, name string) func(*world) map[string]string {
	return func(w *world) map[string]string {
		vars := taskRouterWorld(w)
		vars[variable] = vars[name]
		return vars
	}
}

func taskRouterContracts() []contract {
	const (
		ws      = "/v1/Workspaces/{WS}"
		noActor = "actor_sid actor_type actor_url resource_url source_ip_address"
		newTask = "reason routing_target"
	)
	return []contract{
		{route: "GET /v1/Workspaces", params: taskrouter.ListWorkspaceParams{}, answer: taskrouter.ListWorkspaceResponse{}},
		{route: "POST /v1/Workspaces", params: taskrouter.CreateWorkspaceParams{}, answer: taskrouter.TaskrouterV1Workspace{},
			send: []string{"FriendlyName", "x", "EventCallbackUrl", "https://app.test/events", "EventsFilter", "task.created"}},
		{route: "GET " + ws, answer: taskrouter.TaskrouterV1Workspace{}},
		{route: "POST " + ws, params: taskrouter.UpdateWorkspaceParams{}, answer: taskrouter.TaskrouterV1Workspace{}},
		{route: "DELETE " + ws},

		{route: "GET " + ws + "/Activities", params: taskrouter.ListActivityParams{}, answer: taskrouter.ListActivityResponse{}},
		{route: "POST " + ws + "/Activities", params: taskrouter.CreateActivityParams{}, answer: taskrouter.TaskrouterV1Activity{},
			send: []string{"FriendlyName", "Lunch", "Available", "false"}},
		{route: "GET " + ws + "/Activities/{WA}", answer: taskrouter.TaskrouterV1Activity{}},
		{route: "POST " + ws + "/Activities/{WA}", params: taskrouter.UpdateActivityParams{}, answer: taskrouter.TaskrouterV1Activity{},
			beyond: "Available"}, // seen on a real account: answered 200 and ignored (A.3)
		{route: "DELETE " + ws + "/Activities/{WA}", world: of("WA", "idleStatus")},

		{route: "GET " + ws + "/TaskChannels", params: taskrouter.ListTaskChannelParams{}, answer: taskrouter.ListTaskChannelResponse{}},
		{route: "POST " + ws + "/TaskChannels", params: taskrouter.CreateTaskChannelParams{}, answer: taskrouter.TaskrouterV1TaskChannel{},
			send: []string{"FriendlyName", "Fax", "UniqueName", "fax"}},
		{route: "GET " + ws + "/TaskChannels/{TC}", answer: taskrouter.TaskrouterV1TaskChannel{}},
		{route: "POST " + ws + "/TaskChannels/{TC}", params: taskrouter.UpdateTaskChannelParams{}, answer: taskrouter.TaskrouterV1TaskChannel{}},
		{route: "DELETE " + ws + "/TaskChannels/{TC}", world: of("TC", "idleChannel")},

		{route: "GET " + ws + "/TaskQueues", params: taskrouter.ListTaskQueueParams{}, answer: taskrouter.ListTaskQueueResponse{},
			send: []string{"FriendlyName", "everybody"}},
		{route: "POST " + ws + "/TaskQueues", params: taskrouter.CreateTaskQueueParams{}, answer: taskrouter.TaskrouterV1TaskQueue{},
			send: []string{"FriendlyName", "x", "ReservationActivitySid", "{offline}", "AssignmentActivitySid", "{offline}"}},
		{route: "GET " + ws + "/TaskQueues/{WQ}", answer: taskrouter.TaskrouterV1TaskQueue{}},
		{route: "POST " + ws + "/TaskQueues/{WQ}", params: taskrouter.UpdateTaskQueueParams{}, answer: taskrouter.TaskrouterV1TaskQueue{}},
		{route: "DELETE " + ws + "/TaskQueues/{WQ}", world: of("WQ", "idleQueue")},

		{route: "GET " + ws + "/Workflows", params: taskrouter.ListWorkflowParams{}, answer: taskrouter.ListWorkflowResponse{},
			null: "fallback_assignment_callback_url"},
		{route: "POST " + ws + "/Workflows", params: taskrouter.CreateWorkflowParams{}, answer: taskrouter.TaskrouterV1Workflow{},
			send: []string{"FriendlyName", "x", "Configuration", "{plan}",
				"AssignmentCallbackUrl", "https://app.test/a", "FallbackAssignmentCallbackUrl", "https://app.test/b"}},
		{route: "GET " + ws + "/Workflows/{WW}", answer: taskrouter.TaskrouterV1Workflow{}},
		{route: "POST " + ws + "/Workflows/{WW}", params: taskrouter.UpdateWorkflowParams{}, answer: taskrouter.TaskrouterV1Workflow{},
			send: []string{"Configuration", "{plan}"}},
		{route: "DELETE " + ws + "/Workflows/{WW}", world: of("WW", "idleRouting")},

		{route: "GET " + ws + "/Workers", params: taskrouter.ListWorkerParams{}, answer: taskrouter.ListWorkerResponse{},
			send: []string{"TaskQueueName", "everybody", "TaskQueueSid", "{WQ}"}},
		{route: "POST " + ws + "/Workers", params: taskrouter.CreateWorkerParams{}, answer: taskrouter.TaskrouterV1Worker{},
			send: []string{"FriendlyName", "ben"}},
		{route: "GET " + ws + "/Workers/{WK}", answer: taskrouter.TaskrouterV1Worker{}},
		{route: "POST " + ws + "/Workers/{WK}", params: taskrouter.UpdateWorkerParams{}, answer: taskrouter.TaskrouterV1Worker{}},
		{route: "DELETE " + ws + "/Workers/{WK}", params: taskrouter.DeleteWorkerParams{}, world: of("WK", "idleAgent")},
		{route: "GET " + ws + "/Workers/{WK}/Channels", params: taskrouter.ListWorkerChannelParams{}, answer: taskrouter.ListWorkerChannelResponse{}},
		{route: "GET " + ws + "/Workers/{WK}/Channels/{WC}", answer: taskrouter.TaskrouterV1WorkerChannel{}},
		{route: "POST " + ws + "/Workers/{WK}/Channels/{WC}", params: taskrouter.UpdateWorkerChannelParams{}, answer: taskrouter.TaskrouterV1WorkerChannel{}},
		{route: "GET " + ws + "/Workers/{WK}/Reservations", params: taskrouter.ListWorkerReservationParams{}, answer: taskrouter.ListWorkerReservationResponse{}},
		{route: "GET " + ws + "/Workers/{WK}/Reservations/{WR}", answer: taskrouter.TaskrouterV1WorkerReservation{}},
		{route: "POST " + ws + "/Workers/{WK}/Reservations/{WR}", params: taskrouter.UpdateWorkerReservationParams{}, answer: taskrouter.TaskrouterV1WorkerReservation{},
			send: []string{"Instruction", "reject", "WorkerActivitySid", "{offline}"}},

		{route: "GET " + ws + "/Tasks", params: taskrouter.ListTaskParams{}, answer: taskrouter.ListTaskResponse{}, null: newTask},
		{route: "POST " + ws + "/Tasks", params: taskrouter.CreateTaskParams{}, answer: taskrouter.TaskrouterV1Task{}, null: newTask,
			send: []string{"WorkflowSid", "{WW}"}},
		{route: "GET " + ws + "/Tasks/{WT}", answer: taskrouter.TaskrouterV1Task{}, null: newTask},
		{route: "POST " + ws + "/Tasks/{WT}", params: taskrouter.UpdateTaskParams{}, answer: taskrouter.TaskrouterV1Task{}, null: "routing_target",
			send: []string{"AssignmentStatus", "canceled", "Reason", "no longer needed"}},
		{route: "DELETE " + ws + "/Tasks/{WT}", params: taskrouter.DeleteTaskParams{}},
		{route: "GET " + ws + "/Tasks/{WT}/Reservations", params: taskrouter.ListTaskReservationParams{}, answer: taskrouter.ListTaskReservationResponse{}},
		{route: "GET " + ws + "/Tasks/{WT}/Reservations/{WR}", answer: taskrouter.TaskrouterV1TaskReservation{}},
		{route: "POST " + ws + "/Tasks/{WT}/Reservations/{WR}", params: taskrouter.UpdateTaskReservationParams{}, answer: taskrouter.TaskrouterV1TaskReservation{},
			send: []string{"Instruction", "accept"}},

		{route: "GET " + ws + "/Events", params: taskrouter.ListEventParams{}, answer: taskrouter.ListEventResponse{}, null: noActor},
		{route: "GET " + ws + "/Events/{EV}", answer: taskrouter.TaskrouterV1Event{}, null: noActor},
	}
}
