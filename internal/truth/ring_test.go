package truth

import (
	"testing"

	sb "switchboard"
)

func TestOneRing(t *testing.T) {
	bites(t, oneRing, []change{
		{"a conversation", talk, nil, ""},
		{"two attempts, a ring each", secondTry, nil, ""},
		{"the next leg begins just after the last ends", secondTry, func(s *scene) { s.move("C1", "Ended", 1832.79) }, ""},
		{"the last leg goes on while the next is dialled", secondTry, func(s *scene) { s.move("C1", "Ended", 1832.9) }, "another leg to the caller is live"},
		{"the first leg never ends", secondTry, func(s *scene) { s.cut("C1", "Ended") }, "another leg to the caller is live"},
		{"the second leg goes on while a third is dialled", secondTry, func(s *scene) {
			s.move("C2", "Ended", 2100)
			s.leg(2000, phone, "C9", "CF2", "Dialled")
		}, "another leg to the caller is live"},
		{"dialled again after the end", talk, func(s *scene) { s.leg(30, phone, "C9", "CF1", "Dialled") }, "dialled 2 times in 1 attempts"},
		{"twice in the first of two attempts, never in the second", secondTry, func(s *scene) {
			s.cut("C2", "Dialled")
			s.leg(40, phone, "C9", "CF1", "Dialled")
		}, "dialled 2 times in attempt 1"},
		{"more attempts are told at the end than were begun", talk, func(s *scene) {
			s.leg(30, phone, "C9", "CF1", "Dialled")
			s.event(sb.StageEnded).Data.Attempts = 2
		}, "dialled 2 times in attempt 1"},
		{"dialled before it is told", talk, func(s *scene) { s.move("C1", "Dialled", 1.1) }, "before any attempt had told"},
		{"dialled the moment it is told", talk, func(s *scene) { s.move("C1", "Dialled", 1.2) }, ""},
	})
}

func TestAgentFirst(t *testing.T) {
	bites(t, agentFirst, []change{
		{"an agent in the room", talk, nil, ""},
		{"an agent who has just joined", talk, func(s *scene) { s.move("A1", "Joins", 1.3); s.move("C1", "Dialled", 1.3) }, ""},
		{"nobody", talk, func(s *scene) { s.cut("A1", "Answers"); s.cut("A1", "Joins") }, "without an agent"},
		{"an agent whose softphone rings, and is in the room by early media", talk, func(s *scene) { s.move("A1", "Answers", 1.5) }, "without an agent"},
		{"an agent who answers in the same instant, but after", talk, func(s *scene) { s.move("A1", "Answers", 1.3) }, "without an agent"},
		{"an agent who has answered and is not in the room", talk, func(s *scene) { s.move("A1", "Joins", 1.5) }, "without an agent"},
		{"an agent in another room", talk, func(s *scene) { s.line("A1", "Joins").ConferenceSID = "CF7" }, "without an agent"},
		{"an agent who has left", talk, func(s *scene) { s.move("A1", "Leaves", 1.25) }, "without an agent"},
		{"an agent whose leg has ended", talk, func(s *scene) { s.cut("A1", "Leaves"); s.move("A1", "Ended", 1.25) }, "without an agent"},
		{"the second ring of two", secondTry, func(s *scene) { s.move("A2", "Leaves", 1832.7) }, "without an agent"},
		{"an agent who leaves 2 s before the caller answers", talk, func(s *scene) { s.move("A1", "Leaves", 3) }, ""},
		{"an agent who leaves earlier", talk, func(s *scene) { s.move("A1", "Leaves", 2.9) }, "rang on for 2.1s"},
		{"an agent who leaves while faults are injected", talk, func(s *scene) { s.move("A1", "Leaves", 2.9); s.call().Healed = second(3) }, ""},
		{"an agent who leaves after the last fault, before which the phone was dialled", talk, func(s *scene) {
			s.move("A1", "Leaves", 2.9)
			s.call().Healed = second(1.5)
		}, ""},
		{"an agent who leaves when all of it lies after the last fault", talk, func(s *scene) {
			s.move("A1", "Leaves", 2.9)
			s.call().Healed = second(1)
		}, "rang on for 2.1s"},
		{"an agent who leaves while another stays", talk, func(s *scene) {
			s.move("A1", "Leaves", 2.9)
			s.leg(1, "client:ben", "A9", "CF1", "Dialled")
			s.leg(1.1, "client:ben", "A9", "CF1", "Answers")
			s.leg(1.2, "client:ben", "A9", "CF1", "Joins")
		}, ""},
	})
}

func TestNoSilence(t *testing.T) {
	const quiet = "the caller heard nothing for"
	bites(t, noSilence, []change{
		{"the other person from the start", talk, nil, ""},
		{"the other person after 2 s", talk, func(s *scene) { s.move("C1", "Hears", 7) }, ""},
		{"the other person after more than 2 s", talk, func(s *scene) { s.move("C1", "Hears", 7.01) }, quiet},
		{"a sentence at first", talk, func(s *scene) {
			s.move("C1", "Hears", 9)
			s.leg(6, phone, "C1", "CF1", "Hears One moment please.")
		}, ""},
		{"music at first", talk, func(s *scene) {
			s.move("C1", "Hears", 9)
			s.leg(6, phone, "C1", "CF1", "Hears play music.wav")
		}, quiet},
		{"an agent's softphone that rings", talk, func(s *scene) { s.leg(10, phone, "C1", "CF1", "Hears ringing") }, ""},
		{"nothing until the end", talk, func(s *scene) { s.cut("C1", "Hears") }, quiet},
		{"nothing, and 2 s later the end", talk, func(s *scene) { s.leg(23, phone, "C1", "CF1", "Hears silence") }, ""},
		{"nothing, and the end later than that", talk, func(s *scene) { s.leg(22.9, phone, "C1", "CF1", "Hears silence") }, quiet},
		{"left alone in silence that is told of twice", talk, func(s *scene) {
			s.leg(21, phone, "C1", "CF1", "Hears silence")
			s.leg(22.5, phone, "C1", "CF1", "Hears silence")
			s.leg(24, phone, "C1", "CF1", "Hears Sorry.")
		}, quiet},
		{"silence between two sentences", talk, func(s *scene) {
			s.leg(18, phone, "C1", "CF1", "Hears silence")
			s.leg(19, phone, "C1", "CF1", "Hears One moment please.")
			s.leg(22, phone, "C1", "CF1", "Hears silence")
			s.leg(23, phone, "C1", "CF1", "Hears One moment please.")
		}, ""},
		{"nothing until the log is taken", talk, func(s *scene) {
			s.cut("C1", "Ended")
			s.leg(20, phone, "C1", "CF1", "Hears silence")
		}, quiet},
		{"an agent who waits in silence", talk, func(s *scene) { s.line("A1", "Hears").Detail = "silence" }, ""},
	})
}

func TestOneOffer(t *testing.T) {
	offer := func(at float64, who, task, res string) func(*scene) {
		return func(s *scene) { s.happens(at, offered(who, task, res)) }
	}
	bites(t, oneOffer, []change{
		{"one after the other", secondTry, nil, ""},
		{"two at once", talk, offer(0.5, anna, "WT8", "WR8"), "an agent was offered WR8 while WR1 was open"},
		{"another's", talk, offer(0.5, "client:ben", "WT8", "WR8"), ""},
		{"another as the first ends", talk, func(s *scene) { s.move("WR1", "OfferEnded", 0.4); offer(0.4, anna, "WT8", "WR8")(s) }, ""},
		{"while talking", talk, offer(20, anna, "WT8", "WR8"), "while talking"},
		{"as the conversation ends", talk, offer(25, anna, "WT8", "WR8"), ""},
		{"on hold", talk, func(s *scene) {
			s.leg(15, anna, "A1", "CF1", "Hears silence")
			s.leg(17, anna, "A1", "CF1", "Hears the conversation")
			offer(16, anna, "WT8", "WR8")(s)
		}, ""},
		{"after a hold", talk, func(s *scene) {
			s.leg(15, anna, "A1", "CF1", "Hears silence")
			s.leg(17, anna, "A1", "CF1", "Hears the conversation")
			offer(20, anna, "WT8", "WR8")(s)
		}, "while talking"},
	})
}
