package truth

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	sb "switchboard"
	sim "switchboard/simulator"
)

// A scene is a case written by hand: what happened second by second, and what was told of it.

const (
	phone  = "+447700900001"
	anna   = "client:anna"
	callID = sb.CallID("call//test/1")
)

var start = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

func second(s float64) time.Time { return start.Add(time.Duration(s * float64(time.Second))) }

type scene struct{ Case }

func (s *scene) call() *Call { return &s.Calls[0] }

// happens writes a line into the log, in its place.
func (s *scene) happens(at float64, e sim.Entry) {
	e.At = second(at)
	i := len(s.Log)
	for i > 0 && s.Log[i-1].At.After(e.At) {
		i--
	}
	s.Log = slices.Insert(s.Log, i, e)
}

// leg writes what a party experiences on a leg: "Dialled", "Hears silence", "Ended completed by party".
func (s *scene) leg(at float64, party, leg, room, what string) {
	what, by, _ := strings.Cut(what, " by ")
	what, detail, _ := strings.Cut(what, " ")
	s.happens(at, sim.Entry{Party: party, CallSID: leg, ConferenceSID: room, What: what, Detail: detail, By: by})
}

// told publishes an event, in its place.
func (s *scene) told(at float64, d sb.EventData) {
	c := s.call()
	i := len(c.Events)
	for i > 0 && c.Events[i-1].Time.After(second(at)) {
		i--
	}
	c.Events = slices.Insert(c.Events, i, sb.Event{Call: callID, Time: second(at), Data: d})
	for i := range c.Events {
		c.Events[i].Sequence = i + 1
	}
}

func (s *scene) event(stage sb.Stage) *sb.Event {
	i := slices.IndexFunc(s.call().Events, func(e sb.Event) bool { return e.Data.Stage == stage })
	return &s.call().Events[i]
}

// untold takes an event out; the others keep their numbers if told to.
func (s *scene) untold(stage sb.Stage, renumber bool) {
	c := s.call()
	c.Events = slices.DeleteFunc(c.Events, func(e sb.Event) bool { return e.Data.Stage == stage })
	for i := range c.Events {
		if renumber {
			c.Events[i].Sequence = i + 1
		}
	}
}

// line is the first line of the log in which the leg does that.
func (s *scene) line(leg, what string) *sim.Entry {
	i := slices.IndexFunc(s.Log, func(e sim.Entry) bool { return (e.CallSID == leg || e.ReservationSID == leg) && e.What == what })
	return &s.Log[i]
}

// move lets a line happen at another time.
func (s *scene) move(leg, what string, at float64) {
	e := *s.line(leg, what)
	s.cut(leg, what)
	s.happens(at, e)
}

// cut takes a line out.
func (s *scene) cut(leg, what string) {
	i := slices.IndexFunc(s.Log, func(e sim.Entry) bool { return (e.CallSID == leg || e.ReservationSID == leg) && e.What == what })
	s.Log = slices.Delete(s.Log, i, i+1)
}

func (s *scene) over(at float64) { s.call().Ended, s.Until = second(at), second(at) }

func begin() *scene {
	s := &scene{Case{Calls: []Call{{
		Request: sb.Request{Source: "/test", ID: "1", RequestedAt: start, Caller: sb.Caller{Phone: phone}, MaxAttempts: 2},
		Policy:  sb.DefaultPolicy(), Accepted: start,
	}}}}
	s.happens(0, sim.Entry{Party: anna, What: sim.StatusChanged, Detail: "Available"})
	return s
}

// rings is an attempt until the caller's phone rings, 1.4 s later. Attempt 1 has the legs A1 and C1, and so on.
func (s *scene) rings(o float64, n int) {
	a, c, room := fmt.Sprint("A", n), fmt.Sprint("C", n), fmt.Sprint("CF", n)
	task, offer := fmt.Sprint("WT", n), fmt.Sprint("WR", n)
	s.told(o, sb.EventData{Stage: sb.StageQueued, Attempt: n})
	s.happens(o, sim.Entry{Party: anna, What: sim.Offered, TaskSID: task, ReservationSID: offer})
	s.told(o+0.1, sb.EventData{Stage: sb.StageAgentRinging, Attempt: n})
	s.leg(o+0.1, anna, a, room, "Dialled")
	s.leg(o+0.2, anna, a, room, "Rings")
	s.leg(o+1, anna, a, room, "Answers")
	s.leg(o+1, anna, a, room, "Joins")
	s.leg(o+1, anna, a, room, "Hears play ringback.wav")
	s.happens(o+1.2, sim.Entry{Party: anna, What: sim.OfferEnded, TaskSID: task, ReservationSID: offer, Detail: "accepted"})
	s.told(o+1.2, sb.EventData{Stage: sb.StageAgentJoined, Attempt: n})
	s.told(o+1.2, sb.EventData{Stage: sb.StageCallerRinging, Attempt: n})
	s.leg(o+1.3, phone, c, room, "Dialled")
	s.leg(o+1.4, phone, c, room, "Rings")
}

// answers is the caller picking up after 5 s and being in the room.
func (s *scene) answers(o float64, n int) {
	a, c, room := fmt.Sprint("A", n), fmt.Sprint("C", n), fmt.Sprint("CF", n)
	s.leg(o+5, phone, c, room, "Answers")
	s.leg(o+5, phone, c, room, "Joins")
	s.leg(o+5, anna, a, room, "Hears the conversation")
	s.leg(o+5, phone, c, room, "Hears the conversation")
}

// parts is the end of both legs, the first by its party and the other with the room.
func (s *scene) parts(at float64, n int, first, second string) {
	for i, party := range []string{first, second} {
		leg, by := fmt.Sprint("A", n), "party"
		if party == phone {
			leg = fmt.Sprint("C", n)
		}
		if i == 0 {
			s.leg(at, party, leg, fmt.Sprint("CF", n), "HangsUp")
		} else {
			by = "conference"
		}
		s.leg(at, party, leg, fmt.Sprint("CF", n), "Leaves")
		s.leg(at, party, leg, fmt.Sprint("CF", n), "Ended completed by "+by)
	}
}

// ends is the task's end and the request's.
func (s *scene) ends(at float64, n int, d sb.EventData) {
	s.happens(at, sim.Entry{TaskSID: fmt.Sprint("WT", n), What: sim.TaskChanged, Detail: "completed"})
	d.Stage, d.Attempt, d.Attempts = sb.StageEnded, n, n
	s.told(at, d)
	s.over(at + 0.1)
}

// talk is a conversation of 20 s that the caller ends, and notes of 2 minutes.
func talk() *scene {
	s := begin()
	s.talks(0, 1)
	return s
}

func (s *scene) talks(o float64, n int) {
	s.rings(o, n)
	s.answers(o, n)
	s.told(o+5.2, sb.EventData{Stage: sb.StageConnected, Attempt: n})
	s.parts(o+25, n, phone, anna)
	s.told(o+25.2, sb.EventData{Stage: sb.StageWrappingUp, Attempt: n, HungUpBy: sb.PartyCaller, TalkSeconds: 20})
	s.ends(o+145.2, n, sb.EventData{Outcome: sb.Completed, HungUpBy: sb.PartyCaller, TalkSeconds: 20})
}

// unanswered is an attempt in which the caller's phone rings for 30 s and nobody picks up.
func (s *scene) unanswered(o float64, n int) {
	s.rings(o, n)
	s.leg(o+31.3, phone, fmt.Sprint("C", n), fmt.Sprint("CF", n), "StopsRinging no-answer")
	s.leg(o+31.3, phone, fmt.Sprint("C", n), fmt.Sprint("CF", n), "Ended no-answer by twilio")
	s.leg(o+31.4, anna, fmt.Sprint("A", n), fmt.Sprint("CF", n), "Leaves")
	s.leg(o+31.4, anna, fmt.Sprint("A", n), fmt.Sprint("CF", n), "Ended completed by request")
}

// secondTry is nobody answering, and a conversation half an hour later.
func secondTry() *scene {
	s := begin()
	s.unanswered(0, 1)
	s.happens(31.5, sim.Entry{TaskSID: "WT1", What: sim.TaskChanged, Detail: "completed"})
	s.told(31.5, sb.EventData{Stage: sb.StageRetryPlanned, Attempt: 1, Outcome: sb.NoAnswer, RetryAt: second(1831.5)})
	s.talks(1831.5, 2)
	return s
}

// ended is a scene of one attempt in which the caller's phone does something and an outcome is told a second later.
func ended(at float64, d sb.EventData, phoneDoes func(*scene)) func() *scene {
	return func() *scene {
		s := begin()
		s.rings(0, 1)
		phoneDoes(s)
		s.ends(at+1, 1, d)
		return s
	}
}

// change is a scene made different, and what must be said of it: nothing, if it is as it should be.
type change struct {
	name string
	of   func() *scene
	how  func(*scene)
	says string
}

// bites asks one invariant about every changed scene.
func bites(t *testing.T, inv invariant, changes []change) {
	t.Helper()
	for _, c := range changes {
		t.Run(c.name, func(t *testing.T) {
			s := c.of()
			if c.how != nil {
				c.how(s)
			}
			found := read(&s.Case).judge(inv)
			all := ""
			for _, v := range found {
				all += v.String() + "\n"
				if v.Invariant != inv.name {
					t.Errorf("%v is of another invariant", v)
				}
			}
			switch {
			case c.says == "" && all != "":
				t.Errorf("all is well, and it says\n%s", all)
			case c.says != "" && !strings.Contains(all, c.says):
				t.Errorf("it says\n%swant %q", all, c.says)
			case strings.Contains(all, "7700") || strings.Contains(all, "anna"):
				t.Errorf("it tells of people:\n%s", all)
			}
		})
	}
}

// The scenes themselves are good, or no test means anything.
func TestScenesAreGood(t *testing.T) {
	for name, of := range map[string]func() *scene{"talk": talk, "second try": secondTry} {
		if found := Judge(of().Case); len(found) > 0 {
			t.Errorf("%s: %v", name, found)
		}
	}
}

func TestCheckersAreNamedAndInOrder(t *testing.T) {
	names := map[string]bool{}
	for _, c := range Checkers() {
		if c.Name == "" || c.Rule == "" || names[c.Name] {
			t.Errorf("checker %q has no name, no rule, or another's name", c.Name)
		}
		names[c.Name] = true
		if found := c.Check(talk().Case); len(found) > 0 {
			t.Errorf("%s: %v", c.Name, found)
		}
	}
	s := talk()
	s.leg(150, phone, "C9", "CF1", "Dialled")
	s.cut("C1", sim.Hears)
	found := Judge(s.Case)
	if len(found) < 3 || !slices.IsSortedFunc(found, func(a, b Violation) int { return a.At.Compare(b.At) }) {
		t.Errorf("found %v, want several in order of time", found)
	}
}

func TestCheckOfALogAlone(t *testing.T) {
	s := talk()
	if problems := Check(s.Log, phone, 1); len(problems) > 0 {
		t.Errorf("a good call: %v", problems)
	}
	s.leg(50, phone, "C9", "CF1", "Dialled")
	all := strings.Join(Check(s.Log, phone, 1), "; ")
	for _, want := range []string{"dialled 2 times in 1 attempts", "without an agent"} {
		if !strings.Contains(all, want) {
			t.Errorf("got %q, want %q", all, want)
		}
	}
	if Dials(s.Log, phone) != 2 || Rings(s.Log, phone) != 1 {
		t.Errorf("%d dials and %d rings, want 2 and 1", Dials(s.Log, phone), Rings(s.Log, phone))
	}
}

func offered(who, task, reservation string) sim.Entry {
	return sim.Entry{Party: who, What: sim.Offered, TaskSID: task, ReservationSID: reservation}
}
