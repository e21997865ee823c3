package truth

import (
	"fmt"
	"testing"
	"time"

	sb "switchboard"
	sim "switchboard/simulator"
)

func TestInTime(t *testing.T) {
	// A call that is in a stage since a moment and has come no further when the log is taken.
	stuck := func(stage sb.Stage, since, until float64, d sb.EventData) func() *scene {
		return func() *scene {
			s := begin()
			d.Stage, d.Attempt = stage, 1
			s.told(since, d)
			s.Until = second(until)
			s.call().Request.Deadline = second(10)
			return s
		}
	}
	bound := func(stage sb.Stage, from float64) float64 { // when it must have left the stage
		p := sb.DefaultPolicy()
		return from + (stageWithin(stage, p) + standstill + settledWithin(p)).Seconds()
	}
	healed := func(at float64) func(*scene) { return func(s *scene) { s.call().Healed = second(at) } }
	cancelled := func(at float64) func(*scene) { return func(s *scene) { s.call().Cancelled = second(at) } }
	const stage = "in stage "
	changes := []change{
		{"a conversation", talk, nil, ""},
		{"two attempts", secondTry, nil, ""},
		{"waits for the next attempt", stuck(sb.StageRetryPlanned, 5, bound(sb.StageRetryPlanned, 1000), sb.EventData{RetryAt: second(1000)}), nil, ""},
		{"the next attempt never begins", stuck(sb.StageRetryPlanned, 5, bound(sb.StageRetryPlanned, 1001), sb.EventData{RetryAt: second(1000)}), nil, stage},
		{"its workflow does not end", talk, func(s *scene) { s.over(145.2 + 282) }, stage + "ended"},
		{"its workflow ends late", talk, func(s *scene) { s.over(145.2 + 281) }, ""},
		{"cancelled, and goes on", stuck(sb.StageConnected, 1, 1000, sb.EventData{}), cancelled(2), stage + "connected"},
		{"cancelled, and takes its time", stuck(sb.StageConnected, 1, 500, sb.EventData{}), cancelled(2), ""},
		{"cancelled while faults were injected", stuck(sb.StageConnected, 1, 1000, sb.EventData{}), func(s *scene) { cancelled(2)(s); healed(500)(s) }, ""},
		{"cancelled, and the notes go on", stuck(sb.StageWrappingUp, 1, bound(sb.StageWrappingUp, 1)+480, sb.EventData{}), func(s *scene) {
			cancelled(2)(s)
			s.call().Policy.WrapUp = sb.Duration(10 * time.Minute)
		}, ""},
	}
	for _, st := range []sb.Stage{sb.StageAgentRinging, sb.StageAgentJoined, sb.StageCallerRinging, sb.StageConnected, sb.StageWrappingUp} {
		changes = append(changes,
			change{string(st) + ", just in time", stuck(st, 1, bound(st, 1), sb.EventData{}), nil, ""},
			change{string(st) + ", for too long", stuck(st, 1, bound(st, 2), sb.EventData{}), nil, stage + string(st)},
			change{string(st) + ", because of faults", stuck(st, 1, bound(st, 2), sb.EventData{}), healed(2), ""},
			change{string(st) + ", long after the faults", stuck(st, 1, bound(st, 3), sb.EventData{}), healed(2), stage + string(st)},
		)
	}
	changes = append(changes,
		change{"queued until the deadline", stuck(sb.StageQueued, 1, bound(sb.StageQueued, 10), sb.EventData{}), func(s *scene) { s.Log = nil }, ""},
		change{"queued for ever", stuck(sb.StageQueued, 1, bound(sb.StageQueued, 11), sb.EventData{}), func(s *scene) { s.Log = nil }, stage + "queued"},
	)
	bites(t, inTime, changes)
}

func TestNobodyIsForgotten(t *testing.T) {
	const longest = 60 + 60 + 300 + 15 + 54 + 20 // forgottenAfter by the ordinary policy
	waits := func(until float64) func() *scene {
		return func() *scene {
			s := begin()
			s.told(0, sb.EventData{Stage: sb.StageQueued, Attempt: 1})
			s.Until = second(until)
			return s
		}
	}
	status := func(at float64, what string) func(*scene) {
		return func(s *scene) { s.happens(at, sim.Entry{Party: anna, What: sim.StatusChanged, Detail: what}) }
	}
	busy := func(from, to float64) func(*scene) { // with somebody else's call
		return func(s *scene) {
			s.happens(from, offered(anna, "WT9", "WR9"))
			s.happens(from+1, sim.Entry{Party: anna, What: sim.OfferEnded, TaskSID: "WT9", ReservationSID: "WR9", Detail: "accepted"})
			s.happens(to, sim.Entry{TaskSID: "WT9", What: sim.TaskChanged, Detail: "completed"})
		}
	}
	const waited = "while an agent was free"
	bites(t, inTime, []change{
		{"an agent is free, and it does not take too long", waits(longest), nil, ""},
		{"an agent is free for too long", waits(longest + 1), nil, waited},
		{"the agent is on a break", waits(1000), status(100, "On a break"), ""},
		{"the agent is back from a break", waits(1000), all(status(100, "On a break"), status(300, "Available")), waited},
		{"the agent has another call", waits(1000), busy(400, 900), ""},
		{"the agent had another call", waits(1000), busy(50, 400), waited},
		{"the agent was offered another and declined", waits(1000), all(busy(50, 900), func(s *scene) {
			e := s.line("WR9", sim.OfferEnded)
			e.Detail = "rejected"
		}), waited},
		{"faults are injected", waits(1000), func(s *scene) { s.call().Healed = second(900) }, ""},
		{"not everybody can take it", waits(1000), func(s *scene) { s.call().Request.Skills = []string{"landlord"} }, ""},
	})
}

func TestEndsByIsTheSumOfAllStages(t *testing.T) {
	c := talk().Calls[0]
	c.Request.Deadline = second(100)
	by := EndsBy(c)
	if by.Before(second(100).Add(time.Duration(c.Policy.MaxTalk+c.Policy.WrapUp))) || by.After(second(100).Add(time.Duration(c.Policy.MaxTalk)+time.Hour)) {
		t.Errorf("it must end by %v after its deadline; expected the longest talk and the notes and less than an hour", by.Sub(second(100)))
	}
	c.Healed = second(4000)
	if later := EndsBy(c).Sub(by); later != 3900*time.Second {
		t.Errorf("faults that end 3,900 s after the deadline move the bound by %v", later)
	}
	s := talk()
	s.call().Request.Deadline = second(100)
	s.call().Ended = by.Add(time.Second)
	bites(t, inTime, []change{{"it ends later", func() *scene { return s }, nil, "it went on for 1s longer than it may"}})
}

// A million cases are judged: the good path must cost little.
func BenchmarkJudge(b *testing.B) {
	one := secondTry().Case
	for _, n := range []int{1, 300} {
		c := Case{Until: one.Until}
		for i := range n { // calls to distinct phones by distinct agents
			phone := fmt.Sprintf("+447700900%03d", i)
			for _, e := range one.Log {
				if IsAgent(e.Party) {
					e.Party += fmt.Sprint(i)
				} else if e.Party != "" {
					e.Party = phone
				}
				for _, sid := range []*string{&e.CallSID, &e.ConferenceSID, &e.TaskSID, &e.ReservationSID} {
					if *sid != "" {
						*sid += fmt.Sprint("-", i)
					}
				}
				c.Log = append(c.Log, e)
			}
			call := one.Calls[0]
			call.Request.Caller.Phone = phone
			c.Calls = append(c.Calls, call)
		}
		if found := Judge(c); len(found) > 0 {
			b.Fatal(found)
		}
		b.Run(fmt.Sprint(n, " calls"), func(b *testing.B) {
			for b.Loop() {
				Judge(c)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/call")
		})
	}
}
