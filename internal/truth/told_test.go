package truth

import (
	"testing"
	"time"

	sb "switchboard"
)

func TestEndsOnce(t *testing.T) {
	again := func(of, after int) func(*scene) { // Kafka has an event a second time
		return func(s *scene) {
			c := s.call()
			events := append([]sb.Event{}, c.Events[:after]...)
			c.Events = append(append(events, c.Events[of]), c.Events[after:]...)
		}
	}
	at := func(stage sb.Stage, d time.Duration) func(*scene) {
		return func(s *scene) { e := s.event(stage); e.Time = e.Time.Add(d) }
	}
	tooLate := func() *scene { // a request that was too old when it was read
		s := begin()
		s.told(1, sb.EventData{Stage: sb.StageEnded, Outcome: sb.Missed, Reason: sb.ReasonStale})
		s.over(1)
		return s
	}
	bites(t, endsOnce, []change{
		{"a conversation", talk, nil, ""},
		{"two attempts", secondTry, nil, ""},
		{"too late when it was read", tooLate, nil, ""},
		{"an event comes twice", talk, again(2, 3), ""},
		{"a batch comes twice", talk, func(s *scene) { again(2, 4)(s); again(3, 5)(s) }, ""},
		{"the end comes twice", talk, func(s *scene) { again(6, 7)(s) }, ""},
		{"an event comes again and is another", talk, func(s *scene) { again(2, 3)(s); s.call().Events[3].Data.Attempt = 2 }, "comes again and says something else"},
		{"an event comes again at another time", talk, func(s *scene) {
			again(2, 3)(s)
			s.call().Events[3].Time = second(9)
		}, "comes again and says something else"},
		{"a gap", talk, func(s *scene) { s.untold(sb.StageAgentJoined, false) }, "event 4 follows 2: a gap"},
		{"the first is missing", talk, func(s *scene) { s.untold(sb.StageQueued, false) }, "event 2 follows 0: a gap"},
		{"out of order", talk, func(s *scene) { e := s.call().Events; e[2], e[3] = e[3], e[2] }, "event 4 follows 2: a gap"},
		{"of another call", talk, func(s *scene) { s.call().Events[2].Call = "call//test/2" }, "is of another call"},
		{"no end is told", talk, func(s *scene) { s.untold(sb.StageEnded, true) }, "its end was never told"},
		{"it goes on", talk, func(s *scene) { s.untold(sb.StageEnded, true); s.call().Ended = time.Time{} }, "it has not ended"},
		{"nothing was ever told", talk, func(s *scene) { s.call().Events = nil }, "its end was never told"},
		{"two ends", talk, func(s *scene) { s.told(146, s.event(sb.StageEnded).Data) }, "ended is told after the end"},
		{"it goes on after the end", talk, func(s *scene) { s.told(146, sb.EventData{Stage: sb.StageQueued, Attempt: 1}) }, "queued is told after the end"},
		{"the caller is rung before the agent has joined", talk, func(s *scene) { s.untold(sb.StageAgentJoined, true) }, "caller_ringing follows agent_ringing"},
		{"connected without a ring", talk, func(s *scene) { s.untold(sb.StageCallerRinging, true) }, "connected follows agent_joined"},
		{"notes without a conversation", talk, func(s *scene) { s.untold(sb.StageConnected, true) }, "wrapping_up follows caller_ringing"},
		{"it begins in the middle", talk, func(s *scene) { s.untold(sb.StageQueued, true) }, "agent_ringing follows nothing"},
		{"back in the queue after nobody took it", talk, func(s *scene) {
			s.told(0.05, sb.EventData{Stage: sb.StageQueued, Attempt: 1})
			s.told(0.06, sb.EventData{Stage: sb.StageAgentRinging, Attempt: 1})
			s.told(0.07, sb.EventData{Stage: sb.StageQueued, Attempt: 1})
		}, ""},
		{"a second attempt without a pause", secondTry, func(s *scene) { s.untold(sb.StageRetryPlanned, true) }, "queued follows caller_ringing"},
		{"a pause after the notes", talk, func(s *scene) { s.told(30, sb.EventData{Stage: sb.StageRetryPlanned, Attempt: 1}) }, "retry_planned follows wrapping_up"},
		{"earlier than the one before", talk, at(sb.StageConnected, -4500*time.Millisecond), "is told to be earlier"},
		{"at the same instant as the one before", talk, at(sb.StageConnected, -4*time.Second), ""},
		{"an attempt begins with number 2", talk, func(s *scene) { s.event(sb.StageQueued).Data.Attempt = 2 }, "queued in attempt 2 after 0"},
		{"the second attempt is number 1 again", secondTry, func(s *scene) { s.call().Events[5].Data.Attempt = 1 }, "queued in attempt 1 after 1"},
		{"the attempt changes in the middle", talk, func(s *scene) { s.event(sb.StageConnected).Data.Attempt = 2 }, "connected in attempt 2 after 1"},
		{"the next attempt is counted and found to be too late", secondTry, func(s *scene) {
			s.call().Events = s.call().Events[:5]
			s.told(1840, sb.EventData{Stage: sb.StageEnded, Attempt: 2, Outcome: sb.Missed})
		}, ""},
		{"an attempt is left out at the end", secondTry, func(s *scene) {
			s.call().Events = s.call().Events[:5]
			s.told(1840, sb.EventData{Stage: sb.StageEnded, Attempt: 3, Outcome: sb.Missed})
		}, "ended in attempt 3 after 1"},
	})
}

func TestRetriesAreKept(t *testing.T) {
	plan := func(how func(*sb.Event)) func(*scene) {
		return func(s *scene) { how(s.event(sb.StageRetryPlanned)) }
	}
	early := func(s *scene) { s.event(sb.StageRetryPlanned).Data.RetryAt = second(1832) } // and the second attempt begins half a second before
	third := func() *scene {                                                              // of two
		s := begin()
		for n := range 3 {
			o := float64(n) * 2000
			s.unanswered(o, n+1)
			if n < 2 {
				s.told(o+31.5, sb.EventData{Stage: sb.StageRetryPlanned, Attempt: n + 1, Outcome: sb.NoAnswer, RetryAt: second(o + 1831.5)})
			}
		}
		s.ends(4032, 3, sb.EventData{Outcome: sb.NoAnswer})
		return s
	}
	withdrawals := func(times int) func() *scene {
		return func() *scene {
			s := begin()
			for n := range times {
				o := float64(n) * 100
				s.rings(o, n+1)
				if n < times-1 {
					s.told(o+10, sb.EventData{Stage: sb.StageRetryPlanned, Attempt: n + 1, Outcome: sb.Failed, Reason: sb.ReasonAgentLeft, RetryAt: second(o + 10)})
				}
			}
			s.ends(float64(times)*100, times, sb.EventData{Outcome: sb.Failed, Reason: sb.ReasonAgentLeft})
			return s
		}
	}
	deadline := func(at float64) func(*scene) {
		return func(s *scene) { s.call().Request.Deadline = second(at) }
	}
	bites(t, retriesKept, []change{
		{"as announced", secondTry, nil, ""},
		{"later than announced", secondTry, func(s *scene) { s.call().Events[5].Time = second(1831.6) }, ""},
		{"the attempt begins early", secondTry, func(s *scene) { s.call().Events[5].Time = second(1831.4) }, "attempt 2 began 100ms early"},
		{"it is rung early", secondTry, func(s *scene) {
			early(s)
			s.call().Policy.RetryAfter = map[sb.Outcome]sb.Duration{sb.NoAnswer: sb.Duration(1801500 * time.Millisecond)}
			s.move("C2", "Dialled", 1831.9)
			s.call().Events[8].Time = second(1831.8)
		}, "the caller was dialled 100ms early"},
		{"announced for earlier than the policy says", secondTry, plan(func(e *sb.Event) { e.Data.RetryAt = second(1800) }), "planned 29m28.5s after no_answer, not 30m0s"},
		{"announced for later than the policy says", secondTry, plan(func(e *sb.Event) { e.Data.RetryAt = second(1900) }), "not 30m0s"},
		{"after an outcome that is final", secondTry, plan(func(e *sb.Event) { e.Data.Outcome = sb.HungUpEarly }), "hung_up_early, which is final"},
		{"uncertain, and the policy is in a hurry", secondTry, func(s *scene) {
			s.call().Policy.RetryAfter = map[sb.Outcome]sb.Duration{sb.Uncertain: 0}
			plan(func(e *sb.Event) { e.Data.Outcome, e.Data.RetryAt = sb.Uncertain, e.Time })(s)
		}, "planned 0s after uncertain, not 45s"},
		{"before the deadline", secondTry, deadline(1832.2), ""},
		{"at the deadline", secondTry, deadline(1831.5), "planned for after the deadline"},
		{"two attempts of two", secondTry, nil, ""},
		{"three attempts of two", third, nil, "attempt 3, of which 0 were withdrawn, is one too many"},
		{"three attempts of the policy's three", third, func(s *scene) { s.call().Request.MaxAttempts = 0 }, ""},
		{"four times withdrawn, three of them made good", withdrawals(4), nil, ""},
		{"five times withdrawn", withdrawals(5), nil, "attempt 5, of which 5 were withdrawn, is one too many"},
		{"a withdrawn ring is made good later, not at once", withdrawals(2), plan(func(e *sb.Event) { e.Data.RetryAt = second(20) }), "planned 10s after failed, not 0s"},
		{"an agent is offered it just before the deadline", talk, deadline(0.11), ""},
		{"an agent is offered it at the deadline", talk, deadline(0.1), "an agent is offered the call 0s after the deadline"},
		{"rung late after that offer", talk, func(s *scene) { deadline(0.2)(s); s.move("C1", "Dialled", 126) }, ""},
		{"rung too late after that offer", talk, func(s *scene) { deadline(0.2)(s); s.move("C1", "Dialled", 127) }, "the caller was dialled 2m6.8s after the deadline"},
		{"rung that late because of faults", talk, func(s *scene) {
			deadline(0.2)(s)
			s.move("C1", "Dialled", 127)
			s.call().Healed = second(20)
		}, ""},
	})
}

func TestCancelledIsNeverRung(t *testing.T) {
	cancelled := func(at float64) func() *scene { // while the agent's softphone rings, or the caller's phone
		return func() *scene {
			s := begin()
			s.rings(0, 1)
			s.call().Cancelled = second(at)
			s.leg(at+1, phone, "C1", "CF1", "Ended canceled by request")
			s.ends(at+2, 1, sb.EventData{Outcome: sb.Cancelled, Reason: sb.ReasonRequester})
			return s
		}
	}
	outcome := func(o sb.Outcome) func(*scene) {
		return func(s *scene) { s.event(sb.StageEnded).Data.Outcome = o }
	}
	both := func(all ...func(*scene)) func(*scene) {
		return func(s *scene) {
			for _, f := range all {
				f(s)
			}
		}
	}
	healed := func(at float64) func(*scene) { return func(s *scene) { s.call().Healed = second(at) } }
	dialled := func(at float64) func(*scene) { return func(s *scene) { s.move("C1", "Dialled", at) } }
	endedBy := func(by string) func(*scene) { return func(s *scene) { s.line("C1", "Ended").By = by } }
	bites(t, cancelledNeverRung, []change{
		{"nobody cancelled", talk, nil, ""},
		{"while the caller's phone rings", cancelled(10), nil, ""},
		{"as the ring is decided", cancelled(1.2), nil, ""},
		{"before the ring is decided", cancelled(1.19), nil, "it was decided to ring the caller 10ms after"},
		{"dialled 2 s later", cancelled(1.2), dialled(3.2), ""},
		{"dialled more than 2 s later", cancelled(1.2), dialled(3.3), "the caller was dialled 2.1s after the cancellation"},
		{"dialled that late because of faults", cancelled(1.2), both(dialled(11.2), healed(30)), ""},
		{"dialled still later in spite of faults", cancelled(1.2), both(dialled(11.3), healed(30)), "the caller was dialled 10.1s after"},
		{"dialled that late though faults were over", cancelled(1.2), both(dialled(11.2), healed(1)), "the caller was dialled 10s after"},
		{"ends otherwise", cancelled(10), outcome(sb.NoAnswer), "it was cancelled and ended no_answer"},
		{"the phone had been busy before", cancelled(10), both(outcome(sb.Busy), func(s *scene) { s.move("C1", "Ended", 9.9) }), ""},
		{"the phone was busy at the same time", cancelled(10), both(outcome(sb.Busy), endedBy("party"), func(s *scene) { s.move("C1", "Ended", 12) }), ""},
		{"the phone was busy much later", cancelled(10), both(outcome(sb.Busy), endedBy("party"), func(s *scene) { s.move("C1", "Ended", 12.1) }), "it was cancelled and ended busy"},
		{"the phone was busy later, while nobody could hear of the cancellation", cancelled(10), both(outcome(sb.Busy), endedBy("party"), healed(30), func(s *scene) { s.move("C1", "Ended", 20) }), ""},
		{"a conversation", talk, func(s *scene) { s.call().Cancelled = second(15) }, ""},
		{"after the end", secondTry, func(s *scene) {
			s.call().Cancelled = second(3000)
			outcome(sb.NoAnswer)(s)
		}, ""},
		{"after it had ended without a ring", ended(3, sb.EventData{Outcome: sb.Missed}, nobody), func(s *scene) { s.call().Cancelled = second(5) }, ""},
		{"during the pause, and the second attempt is made", secondTry, func(s *scene) { s.call().Cancelled = second(100) }, "it was decided to ring the caller"},
		{"ends otherwise without an attempt", cancelled(10), func(s *scene) {
			s.call().Events = s.call().Events[:0]
			s.told(12, sb.EventData{Stage: sb.StageEnded, Outcome: sb.Missed})
		}, "it was cancelled and ended missed"},
	})
}
