package virtual_test

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"syscall"
	"testing"
	"time"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/internal/simulation"
	"switchboard/internal/virtual"
	"switchboard/provision"
)

// BenchmarkSimulation compares the whole product with the same workflows on the same engine whose activities do
// nothing: no Twilio, no webhook, what is news to a call is signalled at once. Two agents serve five calls.
//
//	go test ./internal/virtual -run '^$' -bench Simulation
func BenchmarkSimulation(b *testing.B) {
	for _, which := range []struct {
		name string
		acts func(*virtual.World) any
	}{
		{"whole", nil},
		{"activities do nothing", func(w *virtual.World) any { return &idle{w: w} }},
	} {
		b.Run(which.name, func(b *testing.B) {
			defer debug.SetGCPercent(debug.SetGCPercent(400)) // as in TestSimulation
			world := func() {
				simulation.InAWorld(func(t testing.TB) {
					w := virtual.New(t, virtual.Options{
						Log: io.Discard, Agents: []provision.Agent{{Name: "anna"}, {Name: "ben"}}, Activities: which.acts,
					})
					for _, r := range serve(w, 5) {
						if r.Err != nil || r.Result.Outcome != sb.Completed {
							t.Fatalf("%+v, %v", r.Result, r.Err)
						}
					}
				}, func(failure string) { b.Fatal(failure) })
			}
			world() // what is done once in a process, such as the SDK's hash of the binary, belongs to neither
			before := processorTime(b)
			for b.Loop() {
				world()
			}
			calls := float64(5 * b.N)
			b.ReportMetric(calls/b.Elapsed().Seconds(), "calls/s")
			b.ReportMetric(calls/(processorTime(b)-before).Seconds(), "calls/cpu-s") // of use on a machine that does much else
		})
	}
}

// processorTime is what this process has used of it.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// idle has the activities' methods and does nothing but to say that all went well; and it tells each call, as
// webhooks would, what then happens.
type idle struct {
	w *virtual.World
	n int
}

const idleRoom = sb.ConferenceSID("CF00000000000000000000000000000001")

func (i *idle) sid(kind string) string {
	i.n++
	return fmt.Sprintf("%s%032x", kind, i.n)
}

func (i *idle) tell(call sb.CallID, after time.Duration, name string, news any) {
	i.w.After(after, func() { _ = i.w.Tell(call, name, news) }) // a call that has ended needs no news
}

func (i *idle) CreateTask(_ context.Context, in activities.CreateTaskInput) (activities.CreateTaskResult, error) {
	task := sb.TaskSID(i.sid("WT"))
	news := sb.OfferNews{
		Ref: in.Ref, Task: task, Reservation: sb.ReservationSID(i.sid("WR")), Status: sb.ReservationPending,
		Agent: sb.AgentSID(i.sid("WK")), ContactURI: "client:anna", Queue: "Callbacks", Via: "event",
	}
	i.tell(in.Ref.Call, 0, sb.SignalTask, sb.TaskNews{Ref: in.Ref, Task: task, Status: sb.TaskPending, Via: "event"})
	i.tell(in.Ref.Call, 100*time.Millisecond, sb.SignalOffer, news)
	news.Via = "assignment"
	i.tell(in.Ref.Call, 100*time.Millisecond, sb.SignalOffer, news)
	return activities.CreateTaskResult{Task: task, Queue: "Callbacks"}, nil
}

func (i *idle) AcceptOffer(context.Context, activities.OfferInput) (activities.OfferResult, error) {
	return activities.OfferResult{Status: sb.ReservationAccepted}, nil
}

// answers tells how a leg rings and is answered in the room.
func (i *idle) answers(ref sb.LegRef, agent sb.LegRef) activities.Dialled {
	leg := sb.CallSID(i.sid("CA"))
	for n, s := range []sb.LegStatus{sb.LegInitiated, sb.LegRinging, sb.LegInProgress} {
		i.tell(ref.Call, time.Duration(n)*time.Second, sb.SignalLeg, sb.LegNews{Ref: ref, Leg: leg, Status: s, Seconds: -1, Via: "leg"})
	}
	i.tell(ref.Call, 2*time.Second, sb.SignalRoom, sb.RoomNews{Ref: agent, Conference: idleRoom, Event: sb.RoomJoined, Leg: leg, Label: ref.Label(), Via: "room"})
	return activities.Dialled{Result: activities.Placed, Leg: leg, Conference: idleRoom}
}

func (i *idle) DialAgent(_ context.Context, in activities.DialAgentInput) (activities.Dialled, error) {
	return i.answers(in.Ref, in.Ref), nil
}

// DialCaller has the caller talk for 15 s and hang up.
func (i *idle) DialCaller(_ context.Context, in activities.DialCallerInput) (activities.Dialled, error) {
	agent := in.Ref
	agent.Party = sb.PartyAgent
	d := i.answers(in.Ref, agent)
	const talked = 17 * time.Second
	i.tell(in.Ref.Call, talked, sb.SignalRoom, sb.RoomNews{
		Ref: agent, Conference: idleRoom, Event: sb.RoomLeft, Leg: d.Leg, Label: in.Ref.Label(), Status: sb.LegCompleted, HungUp: true, Via: "room",
	})
	i.tell(in.Ref.Call, talked, sb.SignalLeg, sb.LegNews{Ref: in.Ref, Leg: d.Leg, Status: sb.LegCompleted, Seconds: 15, Via: "leg"})
	i.tell(in.Ref.Call, talked, sb.SignalRoom, sb.RoomNews{Ref: agent, Conference: idleRoom, Event: sb.RoomEnded, Leg: d.Leg, Label: in.Ref.Label(), Via: "room"})
	return d, nil
}

func (i *idle) EndLeg(_ context.Context, in activities.EndLegInput) (activities.EndLegResult, error) {
	return activities.EndLegResult{Leg: sb.LegNews{Ref: in.Ref, Leg: in.Leg, Status: sb.LegCompleted, Seconds: 15, Via: "look"}, Already: true}, nil
}

func (i *idle) CloseTask(context.Context, activities.CloseTaskInput) (activities.CloseTaskResult, error) {
	return activities.CloseTaskResult{Status: sb.TaskCompleted}, nil
}

func (i *idle) LookAtLegs(context.Context, activities.LookAtLegsInput) (activities.LookAtLegsResult, error) {
	return activities.LookAtLegsResult{}, nil
}

func (i *idle) LookAtTask(context.Context, activities.LookAtTaskInput) (activities.LookAtTaskResult, error) {
	return activities.LookAtTaskResult{}, nil
}

func (i *idle) Sweep(context.Context) (activities.SweepResult, error) {
	return activities.SweepResult{}, nil
}

func (i *idle) EndRoom(context.Context, activities.EndRoomInput) error     { return nil }
func (i *idle) BindAgent(context.Context, activities.BindAgentInput) error { return nil }
func (i *idle) Publish(context.Context, activities.PublishInput) error     { return nil }
