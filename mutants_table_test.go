package switchboard_test

// mutant is the process with a mistake in it that somebody could make.
type mutant struct {
	name   string
	breaks string // what it does wrong, in a sentence
	edits  []edit
	caught []string // the checkers that ought to see it; one of them is enough
}

// mutants are tried one by one. Where the process wears a belt and braces a mutant takes both away: with one of them
// left nothing happens to anybody, and nobody could see the difference.
var mutants = []mutant{
	{
		name: "caller first", breaks: "the caller is rung as soon as the agent's softphone rings",
		edits: []edit{
			{"workflows/agent.go", "return o.leg.onLine() || o.leg.gone()", "return o.leg.sid != \"\" || o.leg.gone()"},
			{"workflows/agent.go", "if o.leg.onLine() && o.standing()", "if o.standing()"},
			{"workflows/agent.go", "o.status == sb.ReservationAccepted && o.leg.onLine() &&", "o.status == sb.ReservationAccepted &&"},
		},
		caught: []string{"agent_first"},
	},
	{
		name: "by name", breaks: "the caller is dialled into the room by its name: where it has ended another one opens, an empty one",
		edits: []edit{
			{"workflows/caller.go", "Ref: l.ref, Conference: l.conference, Phone:", "Ref: l.ref, Conference: sb.ConferenceSID(c.offer.leg.room), Phone:"},
		},
		caught: []string{"agent_first"},
	},
	{
		name: "dial without end", breaks: "nothing says until when the caller's dial may be written",
		edits: []edit{
			{"workflows/caller.go", "NotAfter: workflow.Now(ctx).Add(dialWithin)", "NotAfter: workflow.Now(ctx).Add(time.Hour)"},
			{"workflows/caller.go", "ScheduleToStartTimeout: dialWithin, ", ""},
		},
		caught: []string{"cancelled_never_rung"},
	},
	{
		name: "accept before join", breaks: "the reservation is accepted before the agent is on the line, and given back as if it could be",
		edits: []edit{
			{"workflows/agent.go", "\tc.dialAgent(ctx, o)\n", "\tc.accept(ctx, o)\n\tc.dialAgent(ctx, o)\n"},
			{"workflows/agent.go", "case o.status == sb.ReservationAccepted, o.doubtful:", "case o.doubtful:"},
		},
		caught: []string{"in_time"},
	},
	{
		name: "cleanup skipped", breaks: "legs that are left over are not ended",
		edits: []edit{
			{"workflows/attempt.go", "c.endLegs(ctx, c.caller, agent)", "_ = agent"},
			{"workflows/cleanup.go", "if l.live() && !l.ending && !c.current(l) {\n\t\t\treturn l", "if false {\n\t\t\treturn l"},
			{"workflows/cleanup.go", "return l.doubtful || l.live() })", "return l.doubtful })"},
		},
		caught: []string{"nothing_left"},
	},
	{
		name: "blind retry", breaks: "Temporal, and the activity itself, dial the caller again when no answer has come",
		edits: []edit{
			{"workflows/caller.go", "RetryPolicy: &once", "RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 3}"},
			{"workflows/caller.go", "NotAfter: workflow.Now(ctx).Add(dialWithin)", "NotAfter: workflow.Now(ctx).Add(time.Hour)"},
			{"activities/dial.go", "if attempt(ctx) > 1 {\n\t\treturn Dialled{Result: Ambiguous}, nil", "if false {\n\t\treturn Dialled{Result: Ambiguous}, nil"},
			{"activities/dial.go", "\t\tcase ambiguous:\n\t\t\treturn Dialled{Result: Ambiguous, Code: f.code()}\n", ""},
		},
		caught: []string{"one_ring"},
	},
	{
		name: "agent not bound", breaks: "the room goes on without the agent, and the call takes no notice",
		edits: []edit{
			{"workflows/conversation.go", "\tc.bindAgent(ctx)\n", ""},
			{"workflows/conversation.go", "return caller.gone() || c.agentGone() || ", "return caller.gone() || "},
		},
		caught: []string{"parts_together"},
	},
	{
		name: "task left open", breaks: "the task is not closed at the end, nor by the sweep",
		edits: []edit{
			{"activities/sweep.go", "\tif _, err := a.closeTask(ctx, sb.TaskSID(str(task.Sid)), \"no call owns it\"); err != nil {", "\tif true {\n\t\treturn\n\t}\n\tif _, err := a.closeTask(ctx, sb.TaskSID(str(task.Sid)), \"no call owns it\"); err != nil {"},
			{"workflows/attempt.go", "must(ctx, \"close the task\", act.CloseTask, activities.CloseTaskInput{Task: task, Reason: reason}, nil)", ""},
		},
		caught: []string{"nothing_left"},
	},
	{
		name: "task closed early", breaks: "the task is closed when caller and agent are connected: the agent counts as free",
		edits: []edit{
			{"workflows/conversation.go", "\tc.bindAgent(ctx)\n", "\tc.bindAgent(ctx)\n\tc.closeTask(ctx, \"connected\")\n"},
		},
		caught: []string{"one_offer"},
	},
	{
		name: "ring left", breaks: "the caller's phone rings on when the agent has gone",
		edits: []edit{
			{"workflows/caller.go", "l.over() || c.agentGone() ||", "l.over() ||"},
			{"workflows/caller.go", "\tcase c.agentGone():\n\t\treturn c.withdraw(ctx, l)\n", ""},
		},
		caught: []string{"agent_first"},
	},
	{
		name: "no apology", breaks: "who has picked up as the agent dropped is cut off without a word",
		edits: []edit{
			{"activities/legs.go", "apologise.SetTwiml(apology(in.Locale))", "apologise.SetStatus(string(sb.LegCompleted))"},
		},
		caught: []string{"outcome_true"},
	},
	{
		name: "nobody speaks", breaks: "who waits alone in a room is told nothing",
		edits: []edit{
			{"activities/dial.go", "\tp.SetWaitUrl(a.PublicURL + sb.PathOneMoment)\n", "\tp.SetWaitUrl(\"\")\n"},
			{"activities/dial.go", "if in.Locale != \"\" {", "if false {"},
		},
		caught: []string{"no_silence"},
	},
	{
		name: "no looking", breaks: "what no webhook tells is never found out, neither by looking nor by the sweep",
		edits: []edit{
			{"workflows/look.go", "\tend := workflow.Now(ctx).Add(limit)\n", "\tlook = nil\n\tend := workflow.Now(ctx).Add(limit)\n"},
			{"workflows/look.go", "\tif looked && apply != nil {", "\tif false {"},
			{"activities/sweep.go", "\ttasks, err := a.tasks(ctx, sb.TaskReserved, sb.TaskAssigned, sb.TaskWrapping)\n", "\tif true {\n\t\treturn out, nil\n\t}\n\ttasks, err := a.tasks(ctx, sb.TaskReserved, sb.TaskAssigned, sb.TaskWrapping)\n"},
		},
		caught: []string{"in_time", "outcome_true"},
	},
	{
		name: "twin left", breaks: "a task that was created twice is closed once, also by the sweep and the reaper",
		edits: []edit{
			{"workflows/background.go", "must(ctx, \"close the task\", act.CloseTask, activities.CloseTaskInput{Task: in.Task, Reason: \"nobody owns it\"}, nil)", ""},
			{"activities/sweep.go", "\tif _, err := a.closeTask(ctx, sb.TaskSID(str(task.Sid)), \"no call owns it\"); err != nil {", "\tif true {\n\t\treturn\n\t}\n\tif _, err := a.closeTask(ctx, sb.TaskSID(str(task.Sid)), \"no call owns it\"); err != nil {"},
			{"workflows/cleanup.go", "must(ctx, \"close a twin task\", act.CloseTask, activities.CloseTaskInput{Task: task, Reason: \"twin\"}, nil)", ""},
		},
		caught: []string{"nothing_left"},
	},
	{
		name: "rung though cancelled", breaks: "what is cancelled while the agent's softphone rings is dialled all the same",
		edits: []edit{
			{"workflows/agent.go", "!o.standing() || c.cancelled != nil }\n", "!o.standing() }\n"},
			{"workflows/agent.go", "o.standing() && c.cancelled == nil && c.accept(ctx, o)", "o.standing() && c.accept(ctx, o)"},
			{"workflows/agent.go", "o.leg.onLine() && c.cancelled == nil\n", "o.leg.onLine()\n"},
			{"workflows/caller.go", "\tif c.cancelled != nil {\n\t\treturn c.cancelledResult(), false // a cancelled caller is never rung\n\t}\n", ""},
		},
		caught: []string{"cancelled_never_rung"},
	},
	{
		name: "ended twice", breaks: "the end is told twice",
		edits: []edit{
			{"workflows/call.go", "\tc.drain(ctx)\n", "\tc.enter(ctx, sb.StageEnded, sb.EventData{Outcome: end.Outcome, Reason: end.Reason, Attempts: end.Attempts})\n\tc.drain(ctx)\n"},
		},
		caught: []string{"ends_once"},
	},
	{
		name: "events out of order", breaks: "the youngest event leaves first",
		edits: []edit{
			{
				"workflows/outbox.go", "c.outbox = append(c.outbox, sb.Event{Call: c.id, Sequence: c.Sequence, Time: workflow.Now(ctx), Data: data})",
				"c.outbox = append([]sb.Event{{Call: c.id, Sequence: c.Sequence, Time: workflow.Now(ctx), Data: data}}, c.outbox...)",
			},
		},
		caught: []string{"ends_once"},
	},
	{
		name: "retry at once", breaks: "the next attempt does not wait for its time",
		edits: []edit{
			{"workflows/call.go", "c.RetryAt.Sub(workflow.Now(ctx)), nil,", "0, nil,"},
		},
		caught: []string{"retries_kept"},
	},
	{
		name: "deadline ignored", breaks: "agents are offered a call that is of no use any more",
		edits: []edit{
			{"workflows/queue.go", "case !workflow.Now(ctx).Before(c.deadline()):", "case workflow.Now(ctx).After(c.deadline().Add(24 * time.Hour)):"},
			{"workflows/queue.go", "wait := max(0, c.deadline()", "wait := max(time.Hour, c.deadline()"},
		},
		caught: []string{"retries_kept"},
	},
	{
		name: "stale label", breaks: "every attempt's leg to the caller has the same name: news of the last is taken for news of this one",
		edits: []edit{
			{
				"workflows/caller.go", "sb.LegRef{Call: c.id, Attempt: c.Attempt, Offer: c.offer.number, Party: sb.PartyCaller}",
				"sb.LegRef{Call: c.id, Attempt: 1, Offer: 1, Party: sb.PartyCaller}",
			},
		},
		caught: []string{"outcome_true"},
	},
	{
		name: "missed for nothing", breaks: "who declines, or answers and cannot be brought in, is given the status of who missed a call",
		edits: []edit{
			{"workflows/agent.go", "\t\tc.note(ctx, \"the agent declined\")\n\t\tc.decline(ctx, o)\n", "\t\tc.reject(ctx, o, true)\n"},
			{"workflows/agent.go", "\t\tc.note(ctx, \"the agent answered and could not be brought in\")\n\t\tc.decline(ctx, o)\n", "\t\tc.reject(ctx, o, true)\n"},
		},
		caught: []string{"nothing_left"},
	},
	{
		name: "guessed", breaks: "when nobody can tell whether the phone rang, it is told that nobody picked up",
		edits: []edit{
			{"workflows/caller.go", "sb.Result{Outcome: sb.Uncertain, Reason: sb.ReasonNoEvidence}", "sb.Result{Outcome: sb.NoAnswer}"},
		},
		caught: []string{"outcome_true"},
	},
	{
		name: "blamed the wrong one", breaks: "who hung up is told the wrong way round",
		edits: []edit{
			{"workflows/conversation.go", "c.whoHungUp(ctx, agent, caller)", "c.whoHungUp(ctx, caller, agent)"},
		},
		caught: []string{"outcome_true"},
	},
}

// naive is the process as one would first write it, all at once.
var naive = mutant{
	name:   "naive",
	breaks: "a dial without an answer is dialled again; nobody looks for what no webhook tells, and nothing is swept",
	edits: []edit{
		{"workflows/caller.go", "RetryPolicy: &once", "RetryPolicy: &persistent"},
		{"workflows/caller.go", "NotAfter: workflow.Now(ctx).Add(dialWithin)", "NotAfter: workflow.Now(ctx).Add(time.Hour)"},
		{"activities/dial.go", "if attempt(ctx) > 1 {\n\t\treturn Dialled{Result: Ambiguous}, nil", "if false {\n\t\treturn Dialled{Result: Ambiguous}, nil"},
		{"activities/dial.go", "\t\tcase ambiguous:\n\t\t\treturn Dialled{Result: Ambiguous, Code: f.code()}\n", ""},
		{"workflows/look.go", "\tend := workflow.Now(ctx).Add(limit)\n", "\tlook = nil\n\tend := workflow.Now(ctx).Add(limit)\n"},
		{"workflows/look.go", "\tif looked && apply != nil {", "\tif false {"},
		{"activities/sweep.go", "\ttasks, err := a.tasks(ctx, sb.TaskReserved, sb.TaskAssigned, sb.TaskWrapping)\n", "\tif true {\n\t\treturn out, nil\n\t}\n\ttasks, err := a.tasks(ctx, sb.TaskReserved, sb.TaskAssigned, sb.TaskWrapping)\n"},
	},
	caught: []string{"one_ring"},
}
