package truth

import (
	"testing"

	sb "switchboard"
)

// endedLeg ends the caller's leg, without an answer.
func endedLeg(at float64, how string) func(*scene) {
	return func(s *scene) { s.leg(at, phone, "C1", "CF1", "Ended "+how) }
}

// up is a caller who picks up after 5 s and whose leg ends so many seconds later, by whom.
func up(seconds float64, by string) func(*scene) {
	return func(s *scene) {
		s.answers(0, 1)
		if by == "agent" {
			s.parts(5+seconds, 1, anna, phone)
			return
		}
		s.leg(5+seconds, phone, "C1", "CF1", "Leaves")
		s.leg(5+seconds, phone, "C1", "CF1", "Ended completed by "+by)
		s.leg(5+seconds, anna, "A1", "CF1", "Leaves")
		s.leg(5+seconds, anna, "A1", "CF1", "Ended completed by conference")
	}
}

func all(of ...func(*scene)) func(*scene) {
	return func(s *scene) {
		for _, f := range of {
			f(s)
		}
	}
}

// agentOff is the agent hanging up.
func agentOff(at float64) func(*scene) {
	return func(s *scene) {
		s.leg(at, anna, "A1", "CF1", "Leaves")
		s.leg(at, anna, "A1", "CF1", "Ended completed by party")
	}
}

func nobody(s *scene) { s.cut("C1", "Rings"); s.cut("C1", "Dialled") }

func outcome(o sb.Outcome) sb.EventData { return sb.EventData{Outcome: o} }
func failed(why sb.Reason) sb.EventData { return sb.EventData{Outcome: sb.Failed, Reason: why} }
func hungUp(o sb.Outcome, by sb.Party, s int) sb.EventData {
	return sb.EventData{Outcome: o, HungUpBy: by, TalkSeconds: s}
}

func TestOutcomesAreTrue(t *testing.T) {
	machine := func(s *scene) { s.call().Request.DetectMachine = true }
	deadline := func(at float64) func(*scene) {
		return func(s *scene) { s.call().Request.Deadline = second(at) }
	}
	cancelled := func(s *scene) { s.call().Cancelled = second(3) }
	healed := func(at float64) func(*scene) { return func(s *scene) { s.call().Healed = second(at) } }
	words := func(at float64) func(*scene) {
		return func(s *scene) { s.leg(at, phone, "C1", "CF1", "Hears Sorry.") }
	}
	onTheWay := func(s *scene) {
		s.leg(5, phone, "C1", "CF1", "Answers")
		s.leg(6, phone, "C1", "CF1", "Ended completed by request")
		s.leg(6, anna, "A1", "CF1", "Leaves")
		s.leg(6, anna, "A1", "CF1", "Ended completed by request")
	}
	bites(t, outcomeTrue, []change{
		{"completed", talk, nil, ""},
		{"no answer, then completed", secondTry, nil, ""},
		{"completed, and nobody picked up", ended(40, outcome(sb.Completed), endedLeg(31, "no-answer by twilio")), nil, "caller and agent were never together"},
		{"completed, and nobody was dialled", ended(3, hungUp(sb.Completed, sb.PartyCaller, 0), nobody), cancelled, "caller and agent were never together"},
		{"completed, and the agent had gone before", ended(40, hungUp(sb.Completed, sb.PartyCaller, 20), all(agentOff(4), func(s *scene) {
			s.leg(5, phone, "C1", "CF1", "Answers")
			s.leg(5, phone, "C1", "CF1", "Joins")
			endedLeg(25, "completed by party")(s)
		})), nil, "caller and agent were never together"},
		{"completed, and the agent was in another room", talk, func(s *scene) { s.line("A1", "Joins").ConferenceSID = "CF7" }, "caller and agent were never together"},
		{"completed, and the caller hung up at once", ended(10, hungUp(sb.Completed, sb.PartyCaller, 2), up(1.9, "party")), nil, "the caller hung up after 1.9s"},
		{"completed, and the caller hung up soon", ended(10, hungUp(sb.Completed, sb.PartyCaller, 3), up(2.5, "party")), nil, ""},
		{"completed, ended on the page by an operator before the caller was in", ended(10, hungUp(sb.Completed, sb.PartySwitchboard, 1), onTheWay), func(s *scene) { s.call().HungUp = []sb.Party{sb.PartySwitchboard} }, ""},
		{"completed, ended by nobody before the caller was in", ended(10, hungUp(sb.Completed, sb.PartySwitchboard, 1), onTheWay), nil, "caller and agent were never together"},
		{"completed, and the agent hung up at once", ended(10, hungUp(sb.Completed, sb.PartyAgent, 1), up(1, "agent")), nil, ""},

		{"busy", ended(3, outcome(sb.Busy), endedLeg(2, "busy by twilio")), nil, ""},
		{"busy, and nobody picked up", ended(40, outcome(sb.Busy), endedLeg(31, "no-answer by twilio")), nil, "the leg ended as no-answer"},
		{"busy, and somebody picked up", ended(40, outcome(sb.Busy), up(1, "party")), nil, "the caller picked up"},
		{"busy, and nobody was dialled", ended(3, outcome(sb.Busy), nobody), nil, "the caller was never dialled"},
		{"unreachable", ended(3, outcome(sb.Unreachable), endedLeg(2, "failed by twilio")), nil, ""},
		{"unreachable, refused by Twilio", ended(3, outcome(sb.Unreachable), nobody), nil, ""},
		{"unreachable, and it was busy", ended(3, outcome(sb.Unreachable), endedLeg(2, "busy by twilio")), nil, "the leg ended as busy"},

		{"no answer", ended(40, outcome(sb.NoAnswer), endedLeg(31.3, "no-answer by twilio")), nil, ""},
		{"no answer, ended by us when it had rung", ended(40, outcome(sb.NoAnswer), endedLeg(31.3, "canceled by request")), nil, ""},
		{"no answer, ended by us a second before", ended(40, outcome(sb.NoAnswer), endedLeg(30.3, "canceled by request")), nil, ""},
		{"no answer, ended by us long before", ended(40, outcome(sb.NoAnswer), endedLeg(30.2, "canceled by request")), nil, "the ring was taken away after 28.9s"},
		{"no answer, ended with the room", ended(40, outcome(sb.NoAnswer), endedLeg(10, "canceled by conference")), nil, "the ring was taken away"},
		{"no answer, and it was busy", ended(3, outcome(sb.NoAnswer), endedLeg(2, "busy by twilio")), nil, "the leg ended as busy"},
		{"no answer, and it was unreachable", ended(3, outcome(sb.NoAnswer), endedLeg(2, "failed by twilio")), nil, "the leg ended as failed"},
		{"no answer, and somebody picked up", ended(40, outcome(sb.NoAnswer), up(1, "party")), nil, "the caller picked up"},
		{"no answer, and nobody was dialled", ended(3, outcome(sb.NoAnswer), nobody), nil, "the caller was never dialled"},

		{"hung up early", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 1), up(1, "party")), nil, ""},
		{"hung up early, no length told", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 0), up(2, "party")), nil, ""},
		{"hung up early, by the caller, nearly a conversation", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 4), up(4, "party")), nil, ""},
		{"hung up early, two legs of the agent there", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 3), all(up(3, "party"), func(s *scene) {
			s.leg(4, anna, "B1", "CF1", "Dialled")
			s.leg(4.5, anna, "B1", "CF1", "Answers")
			s.leg(4.5, anna, "B1", "CF1", "Joins")
			s.leg(8, anna, "B1", "CF1", "Ended completed by conference")
		})), nil, ""},
		{"hung up early, and it was a conversation", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 4), up(4.1, "party")), nil, "caller and agent were together for 4.1s"},
		{"hung up early, and nobody picked up", ended(40, hungUp(sb.HungUpEarly, sb.PartyCaller, 0), endedLeg(31, "no-answer by twilio")), nil, "the caller never picked up"},
		{"hung up early by the agent", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 1), up(1, "agent")), nil, "it was not the caller who hung up"},
		{"hung up early by us", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 1), up(1, "request")), nil, "it was not the caller who hung up"},

		{"voicemail", ended(15, hungUp(sb.Voicemail, sb.PartySwitchboard, 6), up(6, "request")), machine, ""},
		{"voicemail, and nobody asked", ended(15, hungUp(sb.Voicemail, sb.PartySwitchboard, 6), up(6, "request")), nil, "nobody had asked to tell machines"},
		{"voicemail, and nobody picked up", ended(40, hungUp(sb.Voicemail, sb.PartySwitchboard, 0), endedLeg(31, "no-answer by twilio")), machine, "nobody and nothing picked up"},
		{"voicemail, hung up by the caller", ended(15, hungUp(sb.Voicemail, sb.PartyCaller, 6), up(6, "request")), machine, `hung up by "caller", but it was [switchboard]`},

		{"missed", ended(3, outcome(sb.Missed), nobody), deadline(4), ""},
		{"missed before the deadline", ended(3, outcome(sb.Missed), nobody), deadline(4.5), "the deadline is 500ms later"},
		{"missed, and the caller was dialled", ended(3, outcome(sb.Missed), endedLeg(2, "busy by twilio")), deadline(4), "the caller was dialled"},
		{"cancelled", ended(5, outcome(sb.Cancelled), endedLeg(4, "canceled by request")), cancelled, ""},
		{"cancelled by nobody", ended(5, outcome(sb.Cancelled), endedLeg(4, "canceled by request")), nil, "nobody had cancelled it"},
		{"cancelled later than that", ended(1.9, outcome(sb.Cancelled), endedLeg(1.8, "canceled by request")), cancelled, "nobody had cancelled it"},
		{"cancelled, and they talked", ended(25, outcome(sb.Cancelled), up(15, "request")), cancelled, "caller and agent were together for 15s"},

		{"uncertain", ended(12, outcome(sb.Uncertain), nobody), healed(1.3), ""},
		{"uncertain without a fault", ended(12, outcome(sb.Uncertain), nobody), nil, "somebody can tell"},
		{"uncertain after the last fault", ended(12, outcome(sb.Uncertain), nobody), healed(1.2), "somebody can tell"},
		{"uncertain, and the leg is ended later", ended(12, outcome(sb.Uncertain), endedLeg(210, "completed by request")), healed(5), ""},
		{"uncertain, and the leg goes on", ended(12, outcome(sb.Uncertain), endedLeg(230, "completed by request")), healed(5), "the leg went on"},
		{"uncertain, and the leg goes on for ever", ended(12, outcome(sb.Uncertain), func(s *scene) {}), func(s *scene) { healed(5)(s); s.Until = second(400) }, "the leg went on"},

		{"the agent left", ended(10, failed(sb.ReasonAgentLeft), all(agentOff(5), endedLeg(5.2, "canceled by request"))), nil, ""},
		{"the agent left, and no ring came of it", ended(10, failed(sb.ReasonAgentLeft), all(agentOff(5), nobody)), nil, ""},
		{"the agent left, and was there", ended(10, failed(sb.ReasonAgentLeft), all(endedLeg(5.2, "canceled by request"), agentOff(6.5))), nil, "the agent was there to the end"},
		{"the agent left in the same second", ended(10, failed(sb.ReasonAgentLeft), all(endedLeg(5.2, "canceled by request"), agentOff(6))), nil, ""},
		{"the agent left, and they had talked", ended(30, failed(sb.ReasonAgentLeft), up(10, "agent")), nil, "caller and agent were together for 10s"},
		{"an apology", ended(20, failed(sb.ReasonApologised), all(func(s *scene) { s.answers(0, 1) }, agentOff(6), words(6.5), endedLeg(12, "completed by twilio"))), nil, ""},
		{"the agent left while it rang, and a repeated dial brought one in who was there", ended(20, failed(sb.ReasonAgentLeft), all(agentOff(3.5), func(s *scene) {
			s.leg(3.6, anna, "B1", "CF1", "Dialled")
			s.leg(4, anna, "B1", "CF1", "Answers")
			s.leg(4, anna, "B1", "CF1", "Joins")
			s.answers(0, 1)
			s.leg(6.4, phone, "C1", "CF1", "Leaves")
			s.leg(6.5, anna, "B1", "CF1", "Leaves")
			s.leg(6.5, anna, "B1", "CF1", "Ended completed by conference")
		}, words(6.5), endedLeg(12, "completed by twilio"))), healed(15), ""},
		{"an apology that nobody heard", ended(20, failed(sb.ReasonApologised), all(func(s *scene) { s.answers(0, 1) }, agentOff(6), endedLeg(12, "completed by twilio"))), nil, "the caller heard no sentence"},
		{"an apology to nobody", ended(20, failed(sb.ReasonApologised), all(agentOff(6), endedLeg(12, "canceled by request"))), nil, "the caller never picked up"},
		{"not dialled", ended(15, failed(sb.ReasonNotDialled), nobody), nil, ""},
		{"not dialled, and dialled", ended(15, failed(sb.ReasonNotDialled), endedLeg(4, "busy by twilio")), nil, "the caller was dialled"},
		{"refused, and dialled", ended(15, failed(sb.ReasonRefused), endedLeg(4, "busy by twilio")), nil, "the caller was dialled"},
		{"failed for no reason", ended(15, failed(""), nobody), nil, "that is no reason to fail"},
		{"something else", ended(15, outcome("fine"), nobody), nil, "that is no outcome"},

		{"the first of two attempts is told wrongly", secondTry, func(s *scene) { s.event(sb.StageRetryPlanned).Data.Outcome = sb.Busy }, "attempt 1 is told to have ended busy, but the leg ended as no-answer"},
		{"more attempts than were begun", talk, func(s *scene) { s.event(sb.StageEnded).Data.Attempts = 2 }, "told to have made 2 attempts, but 1 were begun"},
		{"cancelled in the pause", secondTry, func(s *scene) {
			s.call().Events = s.call().Events[:5]
			s.told(100, sb.EventData{Stage: sb.StageEnded, Attempt: 1, Attempts: 1, Outcome: sb.Cancelled})
			s.call().Cancelled = second(99)
		}, ""},
		{"no answer, told after the pause", secondTry, func(s *scene) {
			s.call().Events = s.call().Events[:5]
			s.told(100, sb.EventData{Stage: sb.StageEnded, Attempt: 1, Attempts: 1, Outcome: sb.NoAnswer})
		}, "ended no_answer without an attempt"},
		{"cancelled in the pause by nobody", secondTry, func(s *scene) {
			s.call().Events = s.call().Events[:5]
			s.told(100, sb.EventData{Stage: sb.StageEnded, Attempt: 1, Attempts: 1, Outcome: sb.Cancelled})
		}, "nobody had cancelled it"},
	})
}

func TestWhoHungUpIsTrue(t *testing.T) {
	talked := func(by sb.Party, seconds int, how func(*scene)) func() *scene {
		return ended(30, hungUp(sb.Completed, by, seconds), how)
	}
	// Both put the phone down, the first after 20 s.
	bothGo := func(first, second string, later float64) func(*scene) {
		return func(s *scene) {
			s.answers(0, 1)
			for party, at := range map[string]float64{first: 25, second: 25 + later} {
				leg := "A1"
				if party == phone {
					leg = "C1"
				}
				s.leg(at, party, leg, "CF1", "Leaves")
				s.leg(at, party, leg, "CF1", "Ended completed by party")
			}
		}
	}
	// The limit ends the agent's leg after 20 s, and the caller puts the phone down.
	limitThen := func(later float64) func(*scene) {
		return func(s *scene) {
			s.answers(0, 1)
			s.leg(25, anna, "A1", "CF1", "Leaves")
			s.leg(25, anna, "A1", "CF1", "Ended completed by twilio")
			s.leg(25+later, phone, "C1", "CF1", "Leaves")
			s.leg(25+later, phone, "C1", "CF1", "Ended completed by party")
		}
	}
	const but = "told to have been hung up by"
	bites(t, outcomeTrue, []change{
		{"the caller", talked(sb.PartyCaller, 20, up(20, "party")), nil, ""},
		{"the agent", talked(sb.PartyAgent, 20, up(20, "agent")), nil, ""},
		{"we, on somebody's behalf", talked(sb.PartyAgent, 20, up(20, "request")), nil, ""},
		{"we", talked(sb.PartySwitchboard, 20, up(20, "request")), nil, ""},
		{"the time limit", talked(sb.PartySwitchboard, 20, up(20, "twilio")), nil, ""},
		{"the time limit, told as the caller", talked(sb.PartyCaller, 20, up(20, "twilio")), nil, but},
		{"the caller, told as the agent", talked(sb.PartyAgent, 20, up(20, "party")), nil, but},
		{"the caller, told as the agent, who had asked for it", talked(sb.PartyAgent, 20, up(20, "party")), func(s *scene) { s.call().HungUp = []sb.Party{sb.PartyAgent} }, ""},
		{"the caller, told as us, for it was cancelled at the same time", talked(sb.PartySwitchboard, 20, up(20, "party")), func(s *scene) { s.call().Cancelled = second(25.9) }, ""},
		{"the caller, told as us, for it was cancelled later", talked(sb.PartySwitchboard, 20, up(20, "party")), func(s *scene) { s.call().Cancelled = second(26) }, but},
		{"the agent, told as the caller", talked(sb.PartyCaller, 20, up(20, "agent")), nil, but},
		{"we, told as the caller", talked(sb.PartyCaller, 20, up(20, "request")), nil, but},
		{"nobody is told", talked("", 20, up(20, "party")), nil, but},
		{"both within a second, the caller first", talked(sb.PartyAgent, 20, bothGo(phone, anna, 0.9)), nil, ""},
		{"both, the caller a second before", talked(sb.PartyAgent, 20, bothGo(phone, anna, 1)), nil, but},
		{"both within a second, the agent first", talked(sb.PartyCaller, 21, bothGo(anna, phone, 0.9)), nil, ""},
		{"both, the agent a second before", talked(sb.PartyCaller, 21, bothGo(anna, phone, 1)), nil, but},
		{"the caller, in the second in which the agent's limit ended", talked(sb.PartyCaller, 21, limitThen(0.9)), nil, ""},
		{"the caller, a second after the agent's limit ended", talked(sb.PartyCaller, 21, limitThen(1)), nil, but},
		{"the caller, while an agent was to come back", talked(sb.PartyCaller, 25, bothGo(anna, phone, 5)), func(s *scene) {
			s.leg(24, anna, "B1", "CF1", "Dialled")
			s.leg(30, anna, "B1", "CF1", "Ended canceled by request")
		}, ""},
		{"a second longer than it was", talked(sb.PartyCaller, 21, up(20, "party")), nil, ""},
		{"more than a second longer", talked(sb.PartyCaller, 22, up(20.9, "party")), nil, "told to have talked for 22s"},
		{"more than a second shorter", talked(sb.PartyCaller, 19, up(20.1, "party")), nil, "told to have talked for 19s"},
		{"hung up early, and long", ended(10, hungUp(sb.HungUpEarly, sb.PartyCaller, 9), up(1, "party")), nil, "told to have lasted 9s"},
		{"busy, and long", ended(3, hungUp(sb.Busy, "", 9), endedLeg(2, "busy by twilio")), nil, "ended busy, and told to have lasted 9s"},
		{"busy, and hung up", ended(3, hungUp(sb.Busy, sb.PartyAgent, 0), endedLeg(2, "busy by twilio")), nil, `hung up by "agent"`},
	})
}
