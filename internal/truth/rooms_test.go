package truth

import (
	"testing"

	sb "switchboard"
	sim "switchboard/simulator"
)

func TestNothingIsLeft(t *testing.T) {
	left := func(what string) func(*scene) { return func(s *scene) { s.Left = []string{what} } }
	status := func(what string) func(*scene) {
		return func(s *scene) { s.Agents = map[string]string{anna: what} }
	}
	missed := func(at float64) func(*scene) {
		return func(s *scene) {
			s.happens(at, sim.Entry{Party: anna, What: sim.StatusChanged, Detail: "Missed call"})
		}
	}
	bites(t, nothingLeft, []change{
		{"a conversation", talk, status("Available"), ""},
		{"a leg", talk, left("call C1 to " + phone + " is ringing"), "call C1 is left behind, ringing (call//test/1)"},
		{"somebody else's leg", talk, left("call C7 to +447700900007 is in-progress"), "call C7 is left behind, in-progress"},
		{"a room", talk, left(`conference CF1 "switchboard-1" is in-progress`), "conference CF1 is left behind, in-progress"},
		{"a task", talk, left("task WT1 is assigned"), "task WT1 is left behind, assigned"},
		{"a reservation", talk, left("reservation WR1 of anna is accepted"), "reservation WR1 is left behind, accepted"},
		{"something unheard of", talk, left("what?"), "something is left behind"},
		{"an agent on a break", talk, status("On a break"), ""},
		{"an agent put aside by TaskRouter", talk, status("Reservation timed out"), `left in the status "Reservation timed out"`},
		{"an agent whose softphone is said to be lost", talk, status("Softphone lost"), `left in the status "Softphone lost"`},
		{"an agent who missed a call", talk, func(s *scene) { missed(0.9)(s); status("Missed call")(s) }, ""},
		{"an agent who had answered", talk, missed(1), "who left no call unanswered"},
		{"an agent who was never offered one", talk, func(s *scene) { s.cut("WR1", "Offered"); missed(0.9)(s) }, "who left no call unanswered"},
	})
}

func TestPartsTogether(t *testing.T) {
	// The agent hangs up after 20 s, the caller is still there for so long.
	agentGoes := func(after float64) func() *scene {
		return func() *scene {
			s := begin()
			s.rings(0, 1)
			s.answers(0, 1)
			s.told(5.2, sb.EventData{Stage: sb.StageConnected, Attempt: 1})
			s.leg(25, anna, "A1", "CF1", "Leaves")
			s.leg(25, anna, "A1", "CF1", "Ended completed by party")
			s.leg(25, phone, "C1", "CF1", "Hears One moment please.")
			s.leg(25+after, phone, "C1", "CF1", "Leaves")
			s.leg(25+after, phone, "C1", "CF1", "Ended completed by request")
			s.over(300)
			return s
		}
	}
	back := func(dialled, joins, leaves float64) func(*scene) { // the agent's second leg
		return func(s *scene) {
			s.leg(dialled, anna, "B1", "CF1", "Dialled")
			if joins > 0 {
				s.leg(joins, anna, "B1", "CF1", "Answers")
				s.leg(joins, anna, "B1", "CF1", "Joins")
				s.leg(leaves, anna, "B1", "CF1", "Leaves")
			}
			s.leg(leaves, anna, "B1", "CF1", "Ended completed by party")
		}
	}
	healed := func(at float64) func(*scene) { return func(s *scene) { s.call().Healed = second(at) } }
	const alone, went = "the caller was alone for", "the agent's leg went on for"
	bites(t, partsTogether, []change{
		{"the caller hangs up", talk, nil, ""},
		{"the agent stays for 2 s", talk, func(s *scene) { s.move("A1", "Ended", 27) }, ""},
		{"the agent stays for longer", talk, func(s *scene) { s.move("A1", "Ended", 27.1) }, went},
		{"the agent stays for longer, faults or not", talk, func(s *scene) { s.move("A1", "Ended", 27.1); healed(140)(s) }, went},
		{"the agent stays for ever", talk, func(s *scene) { s.cut("A1", "Ended") }, went},
		{"the caller never answered", secondTry, func(s *scene) { s.move("A1", "Ended", 40) }, ""},
		{"the caller was in the room by early media and never answered", secondTry, func(s *scene) {
			s.leg(1.4, phone, "C1", "CF1", "Joins")
			s.leg(31.3, phone, "C1", "CF1", "Leaves")
			s.move("A1", "Ended", 40)
			s.cut("A1", "Leaves")
		}, ""},
		{"the agent hangs up, the caller goes with the room", agentGoes(0), nil, ""},
		{"the caller stays for 2 s", agentGoes(2), nil, ""},
		{"the caller stays for longer", agentGoes(2.1), nil, alone},
		{"the caller stays for ever", agentGoes(1), func(s *scene) { s.cut("C1", "Leaves"); s.cut("C1", "Ended") }, alone},
		{"the caller leaves the room for an apology", agentGoes(10), func(s *scene) { s.move("C1", "Leaves", 26) }, ""},
		{"the agent comes back", agentGoes(100), func(s *scene) { back(30, 31, 124)(s) }, ""},
		{"the agent comes back and leaves again", agentGoes(100), func(s *scene) { back(30, 31, 122)(s) }, alone},
		{"the agent is rung and does not come back", agentGoes(40), back(24, 0, 60), ""},
		{"the agent is rung for too long", agentGoes(120), back(24, 0, 140), alone},
		{"the second leg had come to nothing before", agentGoes(10), back(15, 0, 20), alone},
		{"the second leg is in another room", agentGoes(40), func(s *scene) {
			back(24, 0, 60)(s)
			s.line("B1", "Dialled").ConferenceSID = "CF7"
		}, alone},
		{"while faults are injected", agentGoes(60), healed(30), ""},
		{"while faults are injected, and the connection becomes known when they are over", agentGoes(60), func(s *scene) {
			healed(30)(s)
			s.event(sb.StageConnected).Time = second(31)
		}, ""},
		{"while faults are injected, for longer than finding out takes", agentGoes(170), healed(30), alone},
		{"faults are over, and it was connected since", agentGoes(60), healed(5.1), alone},
		{"faults are over, and the news of the connection may have been lost", agentGoes(60), healed(6), ""},
		{"faults are long over", agentGoes(60), func(s *scene) {
			healed(6)(s)
			for _, what := range []string{"Leaves", "Ended"} {
				s.move("A1", what, 250)
				s.move("C1", what, 260)
			}
		}, alone},
	})
}
