package simulator

import (
	"strings"
	"testing"
)

// Titles of the pages of Twilio's documentation.
const (
	pageOverview   = "Workflows Overview"
	pageAssignment = "Lifecycle of a Task: Workflows and Assignment"
	pageState      = "Lifecycle of a Task: Task state"
	pageTimeouts   = "Lifecycle of a Task: Timeout evaluation"
	pageSkip       = "Skipping based on Worker availability"
	pageKnown      = "Known Agent Routing"
	pageOrdering   = "Ordering Workers"
	pageQueue      = "Task Queue resource"
	pageLine       = "Queue Ordering"
	pageMultitask  = "Multitasking"
	pageTime       = "Time of Day Routing"
	pageExpression = "Using TaskRouter Expressions"
)

const threeSteps = `"filters":[{"expression":"1==1","targets":[{"queue":"q1","timeout":10},{"queue":"q2","timeout":10},{"queue":"q3","timeout":10}]}]`

// preferred is the example of "Workflows and Assignment".
const preferred = `"filters":[
	{"expression":"type==\"Support\"","targets":[{"queue":"support","timeout":15,"expression":"worker.id IN task.preferred_agents"},{"timeout":15}]},
	{"expression":"type==\"Sales\"","targets":[{"queue":"sales","timeout":15}]}],"default_filter":{"queue":"everyone"}`

// known is the example of "Known Agent Routing", and with a queue for agents who know motor insurance.
const known = `"filters":[{"expression":"1==1","targets":[{"queue":"motor","timeout":10,"known_worker_sid":"task.agent_sid"},{"queue":"everybody"}]}]`
const knownByName = `"filters":[{"expression":"1==1","targets":[{"queue":"motor","timeout":10,"known_worker_friendly_name":"task.agent"},{"queue":"everybody"}]}]`
const motor = `motor: skills HAS "motor"`
const motorAgents = `ben {"skills":["home"]}; carl {"skills":["motor"]}; anna {"skills":["motor"]}`

const workflowTimeout = "Task canceled on Workflow timeout"

var routingCases = []routingCase{
	// Filters
	{page: pageOverview, rule: "of several filters that match, only the first is evaluated",
		queues:  `first; second`,
		routing: `"filters":[{"expression":"n > 1","targets":[{"queue":"first"}]},{"expression":"n > 0","targets":[{"queue":"second"}]}]`,
		script:  `task a {"n":2}; task b {"n":1}`,
		want:    `0 a in first; 0 b in second`},
	{page: pageOverview, rule: "the default filter is for tasks that match no filter",
		queues:  `sales; everyone`,
		routing: `"filters":[{"expression":"type=='lead'","targets":[{"queue":"sales"}]}],"default_filter":{"queue":"everyone"}`,
		script:  `task a {"type":"ticket"}; task b {}; task c {"type":"lead"}`,
		want:    `0 a in everyone; 0 b in everyone; 0 c in sales`},
	{page: pageOverview, rule: "without one they are canceled",
		routing: `"filters":[{"expression":"type=='call'","targets":[{"queue":"everybody"}]}]`,
		script:  `task a {"type":"mail"}`, want: `0 a canceled: ` + workflowTimeout},
	{page: pageOverview, rule: "a task that matched and timed out does not go to the default filter",
		queues:  `sales; everyone`,
		routing: `"filters":[{"expression":"type=='lead'","targets":[{"queue":"sales","timeout":5}]}],"default_filter":{"queue":"everyone"}`,
		script:  `task a {"type":"lead"}; wait 5`,
		want:    `0 a in sales; 5 a canceled: ` + workflowTimeout},
	{page: pageOverview, rule: "timeouts lead from one filter to the next that matches, counting on",
		queues: `q1; q2; q3`,
		routing: `"filters":[{"expression":"a==1","targets":[{"queue":"q1","timeout":10}]},{"expression":"b==1","targets":[{"queue":"q2","timeout":10}]},
			{"expression":"1==1","targets":[{"queue":"q3","timeout":10}]}],"default_filter":{"queue":"everybody"}`,
		script: `task both {"a":1,"b":1}; task one {"a":1}; wait 40`,
		want: `0 both in q1; 0 one in q1; 10 both in q2; 10 one in q3
			20 both in q3; 20 one canceled: ` + workflowTimeout + `; 30 both canceled: ` + workflowTimeout},
	{page: pageTime, rule: "filters can ask for the time of day: it is Sunday, 09:00 UTC",
		queues: `open; closed`,
		routing: `"filters":[
			{"expression":"day == 1 AND taskrouter.dayOfWeek IN ['Sat', 'Sun'] AND taskrouter.currentTime > 0800 AND taskrouter.currentTime < 1830","targets":[{"queue":"open"}]},
			{"expression":"hour == 1 AND taskrouter.currentHour > 8 AND taskrouter.currentMin < 1","targets":[{"queue":"open"}]}],"default_filter":{"queue":"closed"}`,
		script: `task a {"day":1}; task b {"hour":1}; task c {}; wait 36000; task d {"day":1}`,
		want:   `0 a in open; 0 b in open; 0 c in closed; 36000 d in closed`},
	{page: pageTime, rule: "and so can targets",
		agents:  `anna {}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"everybody","expression":"taskrouter.currentHour == '09' AND worker.friendly_name == 'anna'"}]}]`,
		script:  `task a; wait 5`, want: `0 a to anna`},

	// Targets and their timeouts
	{page: pageOverview, rule: "a priority of a later target puts the task ahead",
		routing: `"filters":[{"expression":"p==1","targets":[{"queue":"everybody","priority":1,"timeout":300},{"priority":10}]}],"default_filter":{"queue":"everybody"}`,
		script:  `task other {} Priority=5; task a {"p":1} Priority=7; wait 300; agent anna {}; wait 1; accept a; complete a; wait 1; accept other; complete other`,
		want:    `300 a to anna; 301 other to anna`},
	{page: pageOverview, rule: "until then its own counts, the target's over the task's",
		routing: `"filters":[{"expression":"p==1","targets":[{"queue":"everybody","priority":"1","timeout":300},{"priority":10}]}],"default_filter":{"queue":"everybody"}`,
		script:  `task a {"p":1} Priority=7; task other {} Priority=5; wait 299; agent anna {}`,
		want:    `299 other to anna`},
	{page: pageOverview, rule: "without one the task keeps its priority",
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"everybody","timeout":5},{"queue":"everybody"}]}]`,
		script:  `task low {} Priority=1; task high {} Priority=9; wait 5; agent anna {}`,
		want:    `5 high to anna`},
	{page: pageAssignment, rule: "the preferred agents first, then anyone of the same queue",
		queues:  `support: skills HAS "support"; sales: skills HAS "sales"; everyone`,
		agents:  `zoe {"skills":["sales"],"id":"agent01"}; anna {"skills":["support"],"id":"agent02"}; ben {"skills":["support"],"id":"agent04"} Offline`,
		routing: preferred, script: `task a {"type":"Support","preferred_agents":["agent01","agent04"]}; wait 15`,
		want: `0 a in support; 15 a to anna`},
	{page: pageAssignment, rule: "a preferred agent who comes in time",
		queues: `support: skills HAS "support"; sales; everyone`, agents: `anna {"skills":["support"],"id":"agent02"}; ben {"skills":["support"],"id":"agent04"} Offline`,
		routing: preferred, script: `task a {"type":"Support","preferred_agents":["agent01","agent04"]}; wait 14; status ben Available`,
		want: `0 a in support; 14 ben Available; 14 a to ben`},
	{page: pageAssignment, rule: "all support tasks wait for preferred agents, even if none is named",
		queues: `support: skills HAS "support"; sales; everyone`, agents: `anna {"skills":["support"],"id":"agent02"}`,
		routing: preferred, script: `task a {"type":"Support"}; wait 15`, want: `0 a in support; 15 a to anna`},
	{page: pageAssignment, rule: "after the last step the task is canceled",
		queues:  `support: skills HAS "support"; sales; everyone`,
		routing: preferred, script: `task a {"type":"Support"}; wait 30`, want: `0 a in support; 30 a canceled: ` + workflowTimeout},
	{page: pageTimeouts, rule: "timeouts count on the age of the task, reservations from 0",
		reservationTimeout: 5, queues: `q1: 1==1; q2: q == 2; q3: q == 3`, routing: threeSteps,
		script: `task a; wait 3; agent anna {}; wait 17; agent carl {"q":3}; wait 10; status carl Available; wait 9`,
		want: `0 a in q1; 3 a to anna; 8 anna timeout a; 8 anna Offline; 10 a in q2; 20 a in q3; 20 a to carl
			25 carl timeout a; 25 carl Offline; 30 a canceled: ` + workflowTimeout + `; 30 carl Available`},
	{page: pageAssignment, rule: "after a rejection within the target's time, other agents are tried",
		queues: `q1; q2; q3`, agents: `anna {}; ben {}`, routing: threeSteps,
		script: `task a; wait 4; reject a anna Offline; wait 1; reject a ben Offline; wait 5`,
		want:   `0 a in q1; 0 a to anna; 4 anna Offline; 4 a to ben; 5 ben Offline; 10 a in q2`},
	{page: pageAssignment, rule: "past the target's time, the next target",
		reservationTimeout: 12, queues: `q1: q == 1; q2: q == 2; q3`, agents: `anna {"q":1}; ben {"q":1}; carl {"q":2}`, routing: threeSteps,
		script: `task a; wait 12`, want: `0 a in q1; 0 a to anna; 12 anna timeout a; 12 a in q2; 12 anna Offline; 12 a to carl`},
	{page: pageAssignment, rule: "also after a rejection",
		queues: `q1: q == 1; q2; q3`, agents: `anna {"q":1}; ben {}`, routing: threeSteps,
		script: `task a; wait 15; reject a anna Offline`, want: `0 a in q1; 0 a to anna; 15 a in q2; 15 anna Offline; 15 a to ben`},
	{page: pageAssignment, rule: "another available status keeps the reservation, an unavailable one too",
		agents: `anna {}; ben {} Offline`,
		script: `task a; status anna Meeting; wait 1; status anna Offline; status ben Available; wait 58; accept a; complete a`,
		want:   `0 a to anna; 0 anna Meeting; 1 anna Offline; 1 ben Available`},
	{page: pageAssignment, rule: "attributes that change are evaluated again when ReEvaluateTasks says so",
		queues: `sales; support`, routing: `"filters":[{"expression":"type=='sales'","targets":[{"queue":"sales"}]}],"default_filter":{"queue":"support"}`,
		script: `task a {}; wait 5; update a {"type":"sales"}; wait 5; reevaluate`, want: `0 a in support; 10 a in sales`},
	{page: pageAssignment, rule: "then its targets begin anew, and their timeouts count on its age as before",
		queues: `q1; q2; q3`, routing: threeSteps, script: `task a; wait 15; reevaluate; wait 15`,
		want: `0 a in q1; 10 a in q2; 15 a in q1; 15 a in q2; 20 a in q3; 30 a canceled: ` + workflowTimeout},
	{page: pageAssignment, rule: "an open offer is not disturbed by it",
		agents: `anna {}`, queues: `sales; support`, routing: `"filters":[{"expression":"type=='sales'","targets":[{"queue":"sales"}]}],"default_filter":{"queue":"support"}`,
		script: `task a {}; update a {"type":"sales"}; reevaluate; wait 5; accept a; complete a`, want: `0 a in support; 0 a to anna`},
	{page: pageState, rule: "1,000 times from pending to reserved, then it is canceled",
		agents: `anna {}`, script: `task a; reject a × 1000`,
		want: `0 a canceled: Task TTL Exceeded or Max assignment count exceeded`},
	{page: pageState, rule: "and nobody is offered the canceled task",
		agents: `anna {}; ben {}`, script: `queue everybody MaxReservedWorkers=2; task a; reject a × 1000`,
		want: `0 a canceled: Task TTL Exceeded or Max assignment count exceeded`},

	// skip_if
	{page: pageSkip, rule: "1==1: on, if nobody can be offered the task now",
		queues: `first: level > 5; second`, agents: `anna {"level":1}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"first","timeout":60,"skip_if":"1==1"},{"queue":"second"}]}]`,
		script:  `task a`, want: `0 a in first; 0 a in second; 0 a to anna`},
	{page: pageSkip, rule: "1==1 with somebody there: no skip",
		queues: `first: level > 5; second`, agents: `ben {"level":1}; anna {"level":9}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"first","timeout":60,"skip_if":"1==1"},{"queue":"second"}]}]`,
		script:  `task a`, want: `0 a in first; 0 a to anna`},
	{page: pageSkip, rule: "1==1 with nobody who has capacity",
		queues: `first: level > 5; second`, agents: `ben {"level":1}; anna {"level":9}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"first","timeout":60,"skip_if":"1==1"},{"queue":"second"}]}]`,
		script:  `task a; task b`, want: `0 a in first; 0 a to anna; 0 b in first; 0 b in second; 0 b to ben`},
	{page: pageSkip, rule: "workers.available counts the target's queue, busy or not",
		queues: `first: level > 5; second: level < 5`, agents: `anna {"level":9}; ben {"level":1}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"first","skip_if":"workers.available == 0"},{"queue":"second"}]}]`,
		script:  `task a; task b; status anna Offline; task c`,
		want:    `0 a in first; 0 a to anna; 0 b in first; 0 anna Offline; 0 c in first; 0 c in second; 0 c to ben`},
	{page: pageSkip, rule: "workers.unavailable and workers.WA…, with OR",
		queues: `first; second`, agents: `anna {} Meeting; ben {} Offline; carl {} Offline`,
		routing: `"filters":[{"expression":"1==1","targets":[
			{"queue":"first","expression":"1==0","skip_if":"workers.unavailable == 2 AND (workers.{Meeting} < 1 OR workers.{Offline} == 2) AND workers.{Meeting} == 1 AND workers.WAx == null"},
			{"queue":"second","expression":"1==0","skip_if":"workers.unavailable > 2 OR workers.{Meeting} < 1"}]}]`,
		script: `task a; wait 5`, want: `0 a in first; 0 a in second`},
	{page: pageSkip, rule: "it is asked when the task comes, not later",
		queues: `first: level > 5; second`, agents: `anna {"level":9}; ben {"level":1}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"first","skip_if":"workers.available == 0"},{"queue":"second"}]}]`,
		script:  `task a; accept a; task b; wait 5; status anna Offline; wait 5`, want: `0 a in first; 0 a to anna; 0 b in first; 5 anna Offline`},
	{page: pageAssignment, rule: "from the last target a skipped task moves to the next rule that matches",
		queues: `q1; q2; q3; q4`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"q1","skip_if":"1==1"},{"queue":"q2","skip_if":"1==1"}]},
			{"expression":"1==0","targets":[{"queue":"q3"}]},{"expression":"1==1","targets":[{"queue":"q4"}]}],"default_filter":{"queue":"everybody"}`,
		script: `task a`, want: `0 a in q1; 0 a in q2; 0 a in q4`},
	{page: pageSkip, rule: "a task that skips every filter qualifies for the default filter",
		queues: `q1; q2; rest`, agents: `anna {}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"q1","expression":"1==0","skip_if":"1==1"}]},
			{"expression":"a==1","targets":[{"queue":"q2","expression":"1==0","skip_if":"1==1"}]}],"default_filter":{"queue":"rest"}`,
		script: `task a {"a":1}`, want: `0 a in q1; 0 a in q2; 0 a in rest; 0 a to anna`},
	{page: pageSkip, rule: "without one it is out",
		queues: `q1`, routing: `"filters":[{"expression":"1==1","targets":[{"queue":"q1","skip_if":"1==1"}]}]`,
		script: `task a`, want: `0 a in q1; 0 a canceled: ` + workflowTimeout},
	{page: pageSkip, rule: "and so it is when it skips the default filter",
		queues: `rest`, routing: `"default_filter":{"queue":"rest","skip_if":"1==1"}`, script: `task a`, want: `0 a in rest; 0 a canceled: ` + workflowTimeout},
	{page: pageSkip, rule: "a target that was skipped counts for the timeouts after it",
		queues: `q1; q2; q3`, routing: `"filters":[{"expression":"1==1","targets":[{"queue":"q1","timeout":10,"skip_if":"1==1"},{"queue":"q2","timeout":10},{"queue":"q3"}]}]`,
		script: `task a; wait 25`, want: `0 a in q1; 0 a in q2; 20 a in q3`},

	// Known agents
	{page: pageKnown, rule: "the known agent, not who has been idle longer",
		queues: motor, agents: motorAgents, routing: known, script: `task a {"agent_sid":"{anna}"}`, want: `0 a in motor; 0 a to anna`},
	{page: pageKnown, rule: "by name, in any case",
		queues: motor, agents: motorAgents, routing: knownByName, script: `task a {"agent":"Anna"}`, want: `0 a in motor; 0 a to anna`},
	{page: pageKnown, rule: "waits for the agent to be free, then anybody",
		queues: motor, agents: motorAgents, routing: known,
		script: `status anna Offline; task a {"agent_sid":"{anna}"}; task b {"agent_sid":"{anna}"}; wait 9; status anna Available; wait 1`,
		want:   `0 anna Offline; 0 a in motor; 0 b in motor; 9 anna Available; 9 a to anna; 10 b to ben`},
	{page: pageKnown, rule: "an agent outside the queue: 40152, and the task stays until the timeout",
		queues: motor, agents: motorAgents, routing: known, script: `task a {"agent_sid":"{ben}"}; wait 10`,
		want: `0 a in motor; 0 alert 40152; 10 a to ben`},
	{page: pageKnown, rule: "by name too",
		queues: motor, agents: motorAgents, routing: knownByName, script: `task a {"agent":"ben"}; wait 10`,
		want: `0 a in motor; 0 alert 40152; 10 a to ben`},
	{page: pageKnown, rule: "no such attribute: 40154, and the task stays",
		queues: motor, agents: motorAgents, routing: known, script: `task a {}; wait 10`,
		want: `0 a in motor; 0 alert 40154; 10 a to ben`},
	{page: pageKnown, rule: "no such agent, or a value that names none: 40154",
		queues: motor, agents: motorAgents, routing: known,
		script: `task a {"agent_sid":"WK1"}; task b {"agent_sid":"null"}; task c {"agent_sid":7}; task d {"agent_sid":"anna"}`,
		want:   `0 a in motor; 0 b in motor; 0 c in motor; 0 d in motor; 0 alert 40154; 0 alert 40154; 0 alert 40154; 0 alert 40154`},
	{page: pageKnown, rule: "null says nothing, and stays all the same",
		queues: motor, agents: motorAgents, routing: known, script: `task a {"agent_sid":null}; wait 10`,
		want: `0 a in motor; 10 a to ben`},
	{page: pageKnown, rule: "the general expression counts in addition",
		agents: `anna {}; ben {} Meeting`,
		routing: `"filters":[{"expression":"category == 'some_category'","targets":[
			{"queue":"everybody","priority":"100","timeout":"10","known_worker_sid":"task.agent_sid","expression":"worker.activity_name in ['Available', 'High Value Tasks']"},
			{"queue":"everybody","priority":"20","expression":"worker.activity_name in ['Available']"}]}]`,
		script: `task a {"category":"some_category","agent_sid":"{ben}"}; wait 10`, want: `10 a to anna`},
	{page: pageKnown, rule: "until skip_if is met",
		queues: motor, agents: motorAgents,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"motor","known_worker_sid":"task.agent_sid","skip_if":"1==1"},{"queue":"everybody"}]}]`,
		script:  `task a {"agent_sid":null}`, want: `0 a in motor; 0 a to ben`},
	{page: pageKnown, rule: "or the TTL is reached",
		queues: motor, agents: motorAgents, routing: `"filters":[{"expression":"1==1","targets":[{"queue":"motor","known_worker_sid":"task.agent_sid"},{"queue":"everybody"}]}]`,
		script: `task a {"agent_sid":null} Timeout=30; wait 30`, want: `0 a in motor; 30 a canceled: Task TTL Exceeded`},
	{page: pageKnown, rule: "the queue may be inherited",
		queues: motor, agents: motorAgents,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"motor","expression":"1==0","timeout":5},{"known_worker_sid":"task.agent_sid","timeout":5},{"queue":"everybody"}]}]`,
		script:  `task a {"agent_sid":"{ben}"}; wait 10`, want: `0 a in motor; 5 alert 40152; 10 a to ben`},

	// Order of agents
	{page: pageOrdering, rule: "without order_by, who has waited longest",
		agents: `anna {}; ben {}`, script: `task a; accept a; complete a; wait 1; task b`, want: `0 a to anna; 1 b to ben`},
	{page: pageOrdering, rule: "two clauses; who has no value comes last; equals by idle time",
		agents:  `bob {"finance":10}; ann {"finance":10,"support":8}; cid {"finance":10,"support":5}; dan {"finance":10,"support":5}; eve {"finance":12}; fay {}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"everybody","order_by":"worker.finance ASC, worker.support ASC"}]}]`,
		script:  `task a; task b; task c; task d; task e; task f`,
		want:    `0 a to cid; 0 b to dan; 0 c to ann; 0 d to bob; 0 e to eve; 0 f to fay`},
	{page: pageOrdering, rule: "what is not a whole number is not ordered",
		agents:  `anna {"level":1}; ben {"level":"9"}; carl {"level":5}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"everybody","order_by":"worker.level DESC"}]}]`,
		script:  `task a; task b; task c`, want: `0 a to anna; 0 b to ben; 0 c to carl`},
	{page: pageOrdering, rule: "by what a channel carries",
		agents: `anna {}; ben {}`,
		routing: `"filters":[{"expression":"1==1","targets":[
			{"queue":"everybody","order_by":"worker.channel.chat.assigned_tasks ASC, worker.channel.chat.available_capacity_percentage ASC"}]}]`,
		script: `channel anna chat Capacity=9; channel ben chat Capacity=9; task a {} TaskChannel=chat; accept a; task b {} TaskChannel=chat; accept b
			task c {} TaskChannel=chat; task d {} TaskChannel=chat`,
		want: `0 a to anna; 0 b to ben; 0 c to anna; 0 d to anna`}, // d: with c pending anna has less to give, but no more is assigned

	// Queues
	{page: pageQueue, rule: "a higher priority goes first, whatever the age",
		script: `task old; wait 100; task new {} Priority=1; agent anna {}`, want: `100 new to anna`},
	{page: pageQueue, rule: "MaxReservedWorkers 5 with two available: two offers, and one is rescinded",
		agents: `anna {}; ben {}; carl {} Offline`, script: `queue everybody MaxReservedWorkers=5; task a; wait 1; accept a ben`,
		want: `0 a to anna; 0 a to ben; 1 anna rescinded a`},
	{page: pageState, rule: "with several offers the task is pending again only when all have ended",
		reservationTimeout: 30, agents: `anna {}; ben {}; carl {}`, script: `queue everybody MaxReservedWorkers=2; task a; wait 5; reject a anna; wait 25`,
		want: `0 a to anna; 0 a to ben; 30 ben timeout a; 30 ben Offline; 30 a to anna; 30 a to carl`},
	{page: pageQueue, rule: "an empty TargetWorkers is nobody",
		queues: `nobody TargetWorkers=`, agents: `anna {}`, routing: `"default_filter":{"queue":"nobody"}`, script: `task a; wait 5`, want: `0 a in nobody`},
	{page: pageLine, rule: "FIFO: by priority, then by VirtualStartTime, then by creation",
		script: `task c {} Priority=20 VirtualStartTime=10; task a {} Priority=50 VirtualStartTime=60; task b {} Priority=75 VirtualStartTime=90
			task d {} Priority=50 VirtualStartTime=120; task e {} Priority=20 VirtualStartTime=10
			agent anna {}; accept b; complete b; accept d; complete d; accept a; complete a; accept c; complete c`,
		want: `0 b to anna; 0 d to anna; 0 a to anna; 0 c to anna; 0 e to anna`},
	{page: pageLine, rule: "LIFO: the newest, whatever the priority",
		queues: `leads TaskOrder=LIFO`, routing: `"default_filter":{"queue":"leads"}`,
		script: `task l1 {} Priority=9; wait 1; task l2; wait 1; task l3 {} Priority=1; agent anna {}; accept l3; complete l3; accept l2; complete l2`,
		want:   `0 l1 in leads; 1 l2 in leads; 2 l3 in leads; 2 l3 to anna; 2 l2 to anna; 2 l1 to anna`},
	{page: pageLine, rule: "LIFO by VirtualStartTime, then by creation",
		queues: `leads TaskOrder=LIFO`, routing: `"default_filter":{"queue":"leads"}`,
		script: `task old {} VirtualStartTime=10; task older {} VirtualStartTime=20; task twin {} VirtualStartTime=10; agent anna {}; accept twin; complete twin`,
		want:   `0 old in leads; 0 older in leads; 0 twin in leads; 0 twin to anna; 0 old to anna`},
	{page: pageLine, rule: "PrioritizeQueueOrder FIFO: all of those first, whatever the priority",
		queues: `fifo; lifo TaskOrder=LIFO`, routing: `"filters":[{"expression":"l==1","targets":[{"queue":"lifo"}]}],"default_filter":{"queue":"fifo"}`,
		script: `task l1 {"l":1} Priority=9; wait 1; task f1; wait 1; task f2; task l2 {"l":1}; agent anna {}; accept f1; complete f1; accept f2; complete f2; accept l2; complete l2`,
		want:   `0 l1 in lifo; 1 f1 in fifo; 2 f2 in fifo; 2 l2 in lifo; 2 f1 to anna; 2 f2 to anna; 2 l2 to anna; 2 l1 to anna`},
	{page: pageLine, rule: "PrioritizeQueueOrder LIFO, also when it is set while they wait",
		queues: `fifo; lifo TaskOrder=LIFO`, routing: `"filters":[{"expression":"l==1","targets":[{"queue":"lifo"}]}],"default_filter":{"queue":"fifo"}`,
		script: `task l1 {"l":1}; wait 1; task f1 {} Priority=9; wait 1; task f2; task l2 {"l":1}; workspace PrioritizeQueueOrder=LIFO
			agent anna {}; accept l2; complete l2; accept l1; complete l1; accept f1; complete f1`,
		want: `0 l1 in lifo; 1 f1 in fifo; 2 f2 in fifo; 2 l2 in lifo; 2 l2 to anna; 2 l1 to anna; 2 f1 to anna; 2 f2 to anna`},
	{page: pageLine, rule: "TaskOrder can be changed while tasks wait",
		script: `task a; wait 1; task b; wait 1; task c; queue everybody TaskOrder=LIFO; wait 1; task d; agent anna {}; accept d; complete d; accept c; complete c`,
		want:   `3 d to anna; 3 c to anna; 3 b to anna`},

	// Channels
	{page: pageMultitask, rule: "capacity on each channel by itself",
		agents: `anna {}`,
		script: `channel anna chat Capacity=2; task v1 {} TaskChannel=voice; task c1 {} TaskChannel=chat; task c2 {} TaskChannel=chat; task c3 {} TaskChannel=chat
			task v2 {} TaskChannel=voice; accept c1; accept v1; wait 5; complete c1; wrap v1; wait 5; complete v1`,
		want: `0 v1 to anna; 0 c1 to anna; 0 c2 to anna; 5 c3 to anna; 10 v2 to anna`},
	{page: pageMultitask, rule: "a channel can be made unavailable",
		agents: `anna {}`, script: `channel anna chat Available=false; task c {} TaskChannel=chat; task v {} TaskChannel=voice; wait 5; channel anna chat Available=true`,
		want: `0 v to anna; 5 c to anna`},
	{page: pageMultitask, rule: "no chat during a call: available_capacity_percentage falls with the reservation",
		agents:  `anna {}`,
		routing: `"filters":[{"expression":"chat==1","targets":[{"queue":"everybody","expression":"worker.channel.voice.available_capacity_percentage == 100"}]}],"default_filter":{"queue":"everybody"}`,
		script:  `task v {} TaskChannel=voice; task c {"chat":1} TaskChannel=chat; wait 5; accept v; wait 5; wrap v; wait 5; complete v`,
		want:    `0 v to anna; 15 c to anna`},
	{page: pageMultitask, rule: "assigned_tasks counts accepted reservations only",
		agents:  `anna {}`,
		routing: `"filters":[{"expression":"chat==1","targets":[{"queue":"everybody","expression":"worker.channel.voice.assigned_tasks == 0"}]}],"default_filter":{"queue":"everybody"}`,
		script: `channel anna chat Capacity=9; task v {} TaskChannel=voice; task c1 {"chat":1} TaskChannel=chat
			accept v; task c2 {"chat":1} TaskChannel=chat; wait 5; wrap v; task c3 {"chat":1} TaskChannel=chat`,
		want: `0 v to anna; 0 c1 to anna; 5 c3 to anna`},
	{page: pageMultitask, rule: "percentages are rounded down: one of three chats leaves 66",
		agents: `anna {}`,
		routing: `"filters":[{"expression":"1==1","targets":[
			{"queue":"everybody","expression":"worker.channel.chat.available_capacity_percentage IN [100, 66] AND worker.channel.chat.configured_capacity == 3"}]}]`,
		script: `channel anna chat Capacity=3; task a {} TaskChannel=chat; task b {} TaskChannel=chat; task c {} TaskChannel=chat; wait 5`,
		want:   `0 a to anna; 0 b to anna`},
	{page: pageMultitask, rule: "tasks that agents pick themselves: one = is enough",
		agents:  `anna {}; ben {}`,
		routing: `"filters":[{"expression":"manual == 1","targets":[{"queue":"everybody","expression":"task.worker_sid = worker.sid","priority":"1000"}]}],"default_filter":{"queue":"everybody"}`,
		script:  `task a {"manual":1,"worker_sid":"{ben}"}`, want: `0 a to ben`},

	// Expressions
	{page: pageExpression, rule: "a target sees attributes with a prefix only, a filter without one",
		agents: `anna {"lang":"en"}`, queues: `q1; q2; q3`,
		routing: `"filters":[{"expression":"task.lang == 'en'","targets":[{"queue":"q1"}]},
			{"expression":"lang == 'en'","targets":[{"queue":"q2","expression":"lang == 'en'","timeout":5},{"queue":"q3","expression":"task.lang == worker.lang"}]}]`,
		script: `task a {"lang":"en"}; wait 5`, want: `0 a in q2; 5 a in q3; 5 a to anna`},
	{page: pageExpression, rule: "who the agent is",
		agents: `anna {"sid":"WK1"}; ben {}`,
		routing: `"filters":[{"expression":"1==1","targets":[{"queue":"everybody","expression":
			"worker.friendly_name == 'ben' AND worker.activity_name == 'Available' AND worker.sid == '{ben}' AND worker.activity_sid != '{Offline}'"}]}]`,
		script: `task a`, want: `0 a to ben`},
}

func TestRoutingCases(t *testing.T) {
	for _, c := range routingCases {
		t.Run(c.rule, c.run)
	}
}

// Somebody who was too slow learns it from the status ("Task Queue resource").
func TestAcceptingARescindedOfferIsGone(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	w.must(w.post(w.v1("/TaskQueues/"+w.queue), "MaxReservedWorkers", "2"))
	w.newAgent("anna", `{}`)
	w.newAgent("ben", `{}`)
	task := w.newTask()
	w.advance(0)
	anna := w.pendingOffer(task)
	w.must(w.post(anna, "ReservationStatus", "accepted"))
	row := w.get(w.v1("/Tasks/" + task + "/Reservations")).rows("reservations")[1]
	ben := w.v1("/Tasks/" + task + "/Reservations/" + row["sid"].(string))
	w.refused(w.post(ben, "ReservationStatus", "accepted"), 410, 20001)
	w.refused(w.post(ben, "ReservationStatus", "rejected"), 400, 20001)
	w.refused(w.post(anna, "ReservationStatus", "accepted"), 400, 20001)
}

func TestTargetsThatCannotBeRead(t *testing.T) {
	w := newWorld(t, Options{}).withWorkspace()
	for target, want := range map[string]string{
		`"order_by":"worker.level"`:                                         "mismatched input '<EOF>' expecting {ASC, DESC}",
		`"order_by":"worker.level DOWN"`:                                    "mismatched input 'DOWN' expecting {ASC, DESC}",
		`"known_worker_sid":"'WK1'"`:                                        "mismatched input ''WK1'' expecting KEY",
		`"known_worker_sid":"task.a","known_worker_friendly_name":"task.b"`: "exclude each other",
		`"known_worker_friendly_name":"task.agent-name"`:                    "extraneous input 'ame' expecting <EOF>",
		`"skip_if":"workers.available"`:                                     "mismatched input '<EOF>' expecting OPERATOR",
		`"expression":"skill-level > 3"`:                                    "extraneous input 'evel' expecting OPERATOR",
		`"timeout":0`:                                                       "timeout must be a positive number of seconds",
		`"timeout":"-5"`:                                                    "timeout must be a positive number of seconds",
	} {
		a := w.refused(w.post(w.v1("/Workflows"), "FriendlyName", "x", "Configuration",
			`{"task_routing":{"filters":[{"expression":"1==1","targets":[{"queue":"`+w.queue+`",`+target+`}]}]}}`), 400, 20001)
		if !strings.Contains(a.text("message"), want) {
			t.Errorf("%s: got %s, want %s", target, a.text("message"), want)
		}
	}
	w.refused(w.post(w.v1("/Workflows"), "FriendlyName", "x", "Configuration",
		`{"task_routing":{"default_filter":{"queue":"`+w.queue+`","timeout":30}}}`), 400, 20001)
}
