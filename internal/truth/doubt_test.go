package truth

import (
	"strings"
	"testing"

	sb "switchboard"
	"switchboard/provision"
	"switchboard/simulator"
)

// Where a rule leaves room because nobody can tell, it does so only there: each of these is told wrongly, without a fault.
func TestRoomForDoubtEnds(t *testing.T) {
	nobody := ended(8, hungUp(sb.Completed, sb.PartyAgent, 2), all(agentOff(3.5), func(s *scene) {
		s.leg(5, phone, "C1", "CF1", "Answers")
		s.leg(5, phone, "C1", "CF1", "Joins")
		s.leg(6.9, phone, "C1", "CF1", "Ended completed by request")
	}))()
	dropped := ended(9, hungUp(sb.HungUpEarly, sb.PartyCaller, 2), all(func(s *scene) {
		s.answers(0, 1)
		s.leg(6.9, anna, "A1", "CF1", "Leaves")
		s.leg(6.9, anna, "A1", "CF1", "Ended completed by party")
		s.leg(7.2, phone, "C1", "CF1", "Leaves")
		s.leg(7.2, phone, "C1", "CF1", "Ended completed by twilio")
	}))()
	neverRung := begin()
	neverRung.call().Healed = second(1)
	neverRung.told(0, sb.EventData{Stage: sb.StageQueued, Attempt: 1})
	neverRung.call().Cancelled = second(100)
	neverRung.ends(101, 1, sb.EventData{Outcome: sb.Uncertain, Reason: sb.ReasonNoEvidence})
	twin := talk()
	twin.leg(0.3, anna, "A8", "CF1", "Dialled")
	twin.leg(1.1, anna, "A8", "CF1", "Ended canceled by request")
	twin.happens(1.15, simulator.Entry{Party: anna, What: simulator.StatusChanged, Detail: provision.StatusMissed})

	for name, c := range map[string]struct {
		scene *scene
		want  string
	}{
		"an agent who went before the caller picked up has hung up on nobody": {nobody, "never together"},
		"a caller whom Twilio drops has not hung up":                          {dropped, "it was not the caller"},
		"a request that nobody was rung for is not uncertain":                 {neverRung, "never told that the caller is rung"},
		"an agent who answered has not missed what a twin rang for":           {twin, "left no call unanswered"},
	} {
		found := Judge(c.scene.Case)
		said := make([]string, len(found))
		for i, v := range found {
			said[i] = v.String()
		}
		if !strings.Contains(strings.Join(said, "\n"), c.want) {
			t.Errorf("%s: found %q, want %q", name, said, c.want)
		}
	}
}
