package webhook

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	sb "switchboard"
)

var testTime = time.Date(2026, 11, 22, 13, 0, 5, 0, time.UTC)

func TestEachCallbackBecomesItsSignal(t *testing.T) {
	offer := func(status sb.ReservationStatus, via string) sb.OfferNews {
		return sb.OfferNews{
			Ref: testTaskRef, Task: testTask, Reservation: testReservation, Status: status, Agent: testAgent,
			AgentName: agentName, ContactURI: "client:anna", Queue: "Claims", Via: via,
		}
	}
	offerWith := func(change func(*sb.OfferNews)) sb.OfferNews {
		o := offer(sb.ReservationPending, "assignment")
		change(&o)
		return o
	}
	task := func(status sb.TaskStatus) sb.TaskNews {
		return sb.TaskNews{Ref: testTaskRef, Task: testTask, Status: status, Queue: "Claims", Via: "event"}
	}
	leg := func(change func(*sb.LegNews)) sb.LegNews {
		l := sb.LegNews{Ref: testLegRef, Leg: testLeg, Seconds: -1, At: testTime, Via: "webhook"}
		change(&l)
		return l
	}
	legIs := func(status sb.LegStatus) sb.LegNews { return leg(func(l *sb.LegNews) { l.Status = status }) }
	room := func(event sb.RoomEvent, change func(*sb.RoomNews)) sb.RoomNews {
		r := sb.RoomNews{Ref: testRoomRef, Conference: testRoom, Event: event, Leg: testLeg, Label: "caller-1-3", At: testTime, Via: "webhook"}
		if change != nil {
			change(&r)
		}
		return r
	}

	for _, c := range []struct {
		name   string
		target string
		form   url.Values
		signal string
		arg    any
	}{
		{"assignment", sb.PathTaskAssigned, assignmentForm(), "offer", offer(sb.ReservationPending, "assignment")},
		{"assignment, name in attributes", sb.PathTaskAssigned, with(assignmentForm(), "WorkerName", ""), "offer",
			offerWith(func(o *sb.OfferNews) { o.AgentName = "Other" })},
		{"assignment, attributes of another shape", sb.PathTaskAssigned, with(assignmentForm(), "WorkerName", "", "WorkerAttributes", `["contact_uri"]`), "offer",
			offerWith(func(o *sb.OfferNews) { o.AgentName, o.ContactURI = "", "" })},
		{"assignment, contact_uri not a text", sb.PathTaskAssigned, with(assignmentForm(), "WorkerAttributes", `{"contact_uri":7}`), "offer",
			offerWith(func(o *sb.OfferNews) { o.ContactURI = "" })},
		{"assignment, only what is documented", sb.PathTaskAssigned, with(assignmentForm(), "WorkerName", "", "WorkerAttributes", "{}", "TaskQueueName", ""), "offer",
			offerWith(func(o *sb.OfferNews) { o.AgentName, o.ContactURI, o.Queue = "", "", "" })},

		{"reservation created", sb.PathTaskEvents, eventForm("reservation.created"), "offer", offer("pending", "event")},
		{"reservation accepted", sb.PathTaskEvents, eventForm("reservation.accepted"), "offer", offer("accepted", "event")},
		{"reservation rejected", sb.PathTaskEvents, eventForm("reservation.rejected"), "offer", offer("rejected", "event")},
		{"reservation timeout", sb.PathTaskEvents, eventForm("reservation.timeout"), "offer", offer("timeout", "event")},
		{"reservation canceled", sb.PathTaskEvents, eventForm("reservation.canceled"), "offer", offer("canceled", "event")},
		{"reservation rescinded", sb.PathTaskEvents, eventForm("reservation.rescinded"), "offer", offer("rescinded", "event")},
		{"reservation wrapup", sb.PathTaskEvents, eventForm("reservation.wrapup"), "offer", offer("wrapping", "event")},
		{"reservation completed", sb.PathTaskEvents, eventForm("reservation.completed"), "offer", offer("completed", "event")},
		{"task created", sb.PathTaskEvents, eventForm("task.created"), "task", task("pending")},
		{"task wrapup", sb.PathTaskEvents, eventForm("task.wrapup"), "task", task("wrapping")},
		{"task completed", sb.PathTaskEvents, eventForm("task.completed"), "task", task("completed")},
		{"task canceled", sb.PathTaskEvents, eventForm("task.canceled"), "task", task("canceled")},
		{"task deleted", sb.PathTaskEvents, eventForm("task.deleted"), "task", task("gone")},
		{"task system-deleted", sb.PathTaskEvents, eventForm("task.system-deleted"), "task", task("gone")},

		{"leg queued", legTarget, legForm("queued"), "leg", legIs("queued")},
		{"leg initiated", legTarget, legForm("initiated"), "leg", legIs("initiated")},
		{"leg ringing", legTarget, legForm("ringing"), "leg", legIs("ringing")},
		{"leg in progress", legTarget, legForm("in-progress"), "leg", legIs("in-progress")},
		{"leg answered", legTarget, legForm("answered"), "leg", legIs("in-progress")},
		{"leg busy", legTarget, legForm("busy"), "leg", legIs("busy")},
		{"leg failed", legTarget, legForm("failed"), "leg", legIs("failed")},
		{"leg no-answer", legTarget, legForm("no-answer"), "leg", legIs("no-answer")},
		{"leg canceled", legTarget, legForm("canceled"), "leg", legIs("canceled")},
		{"leg completed", legTarget, with(legForm("completed"), "CallDuration", "61", "Duration", "2"), "leg",
			leg(func(l *sb.LegNews) { l.Status, l.Seconds = "completed", 61 })},
		{"leg completed at once", legTarget, with(legForm("completed"), "CallDuration", "0"), "leg",
			leg(func(l *sb.LegNews) { l.Status, l.Seconds = "completed", 0 })},
		{"leg with a duration that is none", legTarget, with(legForm("completed"), "CallDuration", "-3"), "leg", legIs("completed")},
		{"leg with a machine", legTarget, with(legForm("in-progress"), "AnsweredBy", "machine_start"), "leg",
			leg(func(l *sb.LegNews) { l.Status, l.AnsweredBy = "in-progress", "machine_start" })},
		{"leg without a time", legTarget, with(legForm("ringing"), "Timestamp", "noon"), "leg",
			leg(func(l *sb.LegNews) { l.Status, l.At = "ringing", time.Time{} })},
		{"leg in another zone", legTarget, with(legForm("ringing"), "Timestamp", "Sun, 22 Nov 2026 14:00:05 +0100"), "leg", legIs("ringing")},
		{"agent's leg", sb.PathLeg + "?" + testRoomRef.Query().Encode(), legForm("ringing"), "leg",
			leg(func(l *sb.LegNews) { l.Ref, l.Status = testRoomRef, "ringing" })},

		{"joined", roomTarget, roomForm("participant-join"), "room", room(sb.RoomJoined, nil)},
		{"hung up", roomTarget, with(roomForm("participant-leave"), "ReasonParticipantLeft", "participant_hung_up"), "room",
			room(sb.RoomLeft, func(r *sb.RoomNews) { r.HungUp = true })},
		{"hung up, leg ended", roomTarget,
			with(roomForm("participant-leave"), "ReasonParticipantLeft", "participant_hung_up", "ParticipantCallStatus", "completed"), "room",
			room(sb.RoomLeft, func(r *sb.RoomNews) { r.HungUp, r.Status = true, "completed" })},
		{"removed, leg goes on", roomTarget, with(roomForm("participant-leave"), "ParticipantCallStatus", "in-progress"), "room", room(sb.RoomLeft, nil)},
		{"left with a status of next year", roomTarget, with(roomForm("participant-leave"), "ParticipantCallStatus", "sung"), "room", room(sb.RoomLeft, nil)},
		{"removed", roomTarget, with(roomForm("participant-leave"), "ReasonParticipantLeft", "participant_updated_via_api"), "room", room(sb.RoomLeft, nil)},
		{"never got in", roomTarget,
			with(roomForm("participant-leave"), "ReasonParticipantLeft", "participant_add_failed", "ParticipantCallStatus", "no-answer"), "room",
			room(sb.RoomLeft, func(r *sb.RoomNews) { r.Status = "no-answer" })},
		{"ended by one who left", roomTarget,
			with(roomForm("conference-end"), "CallSid", "", "ParticipantLabel", "", "CallSidEndingConference", testLeg, "ParticipantLabelEndingConference", "agent-1-3"), "room",
			room(sb.RoomEnded, func(r *sb.RoomNews) { r.Leg, r.Label = testLeg, "agent-1-3" })},
		{"ended by the API", roomTarget, with(roomForm("conference-end"), "CallSid", "", "ParticipantLabel", "", "ReasonConferenceEnded", "conference-ended-via-api"), "room",
			room(sb.RoomEnded, func(r *sb.RoomNews) { r.Leg, r.Label = "", "" })},

		{"machine", machineTarget, values("CallSid", testLeg, "AnsweredBy", "human", "MachineDetectionDuration", "2100"), "leg",
			leg(func(l *sb.LegNews) { l.AnsweredBy, l.At = "human", time.Time{} })},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			w := r.post(c.target, c.form)
			checkAcknowledged(t, c.target, w.Code, w.Header().Get("Content-Type"), w.Body.String())
			want := []signalled{{testCall, c.signal, c.arg}}
			if !reflect.DeepEqual(r.calls.signals, want) {
				t.Errorf("signals:\n got %+v\nwant %+v", r.calls.signals, want)
			}
			if len(r.calls.reaps) > 0 {
				t.Errorf("reaped %v although the call is running", r.calls.reaps)
			}
			noPersonalData(t, r.log.String())
		})
	}
}

// checkAcknowledged checks the answer Twilio is to have: an assignment callback wants 200 and JSON, and an empty body,
// since anything in it would be an instruction.
func checkAcknowledged(t *testing.T, target string, status int, contentType, body string) {
	t.Helper()
	want := http.StatusNoContent
	if target == sb.PathTaskAssigned {
		want = http.StatusOK
	}
	if status != want || body != "" {
		t.Errorf("answer: got %d %q, want %d and nothing", status, body, want)
	}
	if wantJSON := target == sb.PathTaskAssigned || target == sb.PathTaskEvents; wantJSON && contentType != "application/json" {
		t.Errorf("content type: got %q, want application/json", contentType)
	}
}

func TestWhatIsLiveAndBelongsToNoCallIsReaped(t *testing.T) {
	leg, task := sb.Reap{Leg: testLeg}, sb.Reap{Task: testTask}
	for _, c := range []struct {
		name   string
		target string
		form   url.Values
		want   sb.Reap // none if empty
	}{
		{"assignment", sb.PathTaskAssigned, assignmentForm(), task},
		{"task created", sb.PathTaskEvents, eventForm("task.created"), task},
		{"task completed", sb.PathTaskEvents, eventForm("task.completed"), sb.Reap{}},
		{"task canceled", sb.PathTaskEvents, eventForm("task.canceled"), sb.Reap{}},
		{"task deleted", sb.PathTaskEvents, eventForm("task.deleted"), sb.Reap{}},
		{"reservation created", sb.PathTaskEvents, eventForm("reservation.created"), task},
		{"reservation accepted", sb.PathTaskEvents, eventForm("reservation.accepted"), task},
		{"reservation rejected", sb.PathTaskEvents, eventForm("reservation.rejected"), sb.Reap{}},
		{"reservation canceled", sb.PathTaskEvents, eventForm("reservation.canceled"), sb.Reap{}},
		{"reservation completed", sb.PathTaskEvents, eventForm("reservation.completed"), sb.Reap{}},
		{"queued", legTarget, legForm("queued"), leg},
		{"initiated", legTarget, legForm("initiated"), leg},
		{"ringing", legTarget, legForm("ringing"), leg},
		{"in progress", legTarget, legForm("in-progress"), leg},
		{"completed", legTarget, legForm("completed"), sb.Reap{}},
		{"busy", legTarget, legForm("busy"), sb.Reap{}},
		{"failed", legTarget, legForm("failed"), sb.Reap{}},
		{"no answer", legTarget, legForm("no-answer"), sb.Reap{}},
		{"canceled", legTarget, legForm("canceled"), sb.Reap{}},
		{"machine", machineTarget, values("CallSid", testLeg, "AnsweredBy", "fax"), leg},
		{"joined", roomTarget, roomForm("participant-join"), leg},
		{"left", roomTarget, roomForm("participant-leave"), sb.Reap{}},
		{"ended", roomTarget, with(roomForm("conference-end"), "CallSidEndingConference", testLeg), sb.Reap{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.calls.onSignal = answer(ErrNoCall)
			w := r.post(c.target, c.form)
			checkAcknowledged(t, c.target, w.Code, w.Header().Get("Content-Type"), w.Body.String())
			var want []sb.Reap
			if c.want != (sb.Reap{}) {
				want = []sb.Reap{c.want}
			}
			if !reflect.DeepEqual(r.calls.reaps, want) {
				t.Errorf("reaped: got %v, want %v", r.calls.reaps, want)
			}
			if got := r.stats.Snapshot(); got["no_call"] != 1 || got["reaped"] != int64(len(want)) {
				t.Errorf("counts: got %v, want 1 no_call and %d reaped", got, len(want))
			}
			noPersonalData(t, r.log.String())
		})
	}
}

func TestWhatNoCallNeedsIsAcknowledgedAndCounted(t *testing.T) {
	for _, c := range []struct {
		name   string
		target string
		form   url.Values
		count  string
	}{
		{"task of others", sb.PathTaskAssigned, with(assignmentForm(), "TaskAttributes", `{"type":"chat"}`), countForeign},
		{"task of others with a call", sb.PathTaskAssigned, with(assignmentForm(), "TaskAttributes", `{"call":{"sid":"CA1"}}`), countForeign},
		{"task with a call that is none of ours", sb.PathTaskAssigned, with(assignmentForm(), "TaskAttributes", `{"call":"reap/x","task":1,"attempt":1}`), countForeign},
		{"task without a number", sb.PathTaskAssigned, with(assignmentForm(), "TaskAttributes", `{"call":"call/claims/42","attempt":1}`), countForeign},
		{"task without an attempt", sb.PathTaskEvents, with(eventForm("task.created"), "TaskAttributes", `{"call":"call/claims/42","task":1}`), countForeign},
		{"task without attributes", sb.PathTaskEvents, with(eventForm("reservation.created"), "TaskAttributes", ""), countForeign},
		{"agent's status", sb.PathTaskEvents, eventForm("worker.activity.update"), countIgnored},
		{"task updated", sb.PathTaskEvents, eventForm("task.updated"), countIgnored},
		{"task moved on", sb.PathTaskEvents, eventForm("task-queue.entered"), countIgnored},
		{"an event of next year", sb.PathTaskEvents, eventForm("task.sung"), countIgnored},
		{"room opened", roomTarget, with(roomForm("conference-start"), "CallSid", ""), countIgnored},
		{"muted", roomTarget, roomForm("participant-mute"), countIgnored},
		{"speaking", roomTarget, roomForm("participant-speech-start"), countIgnored},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			w := r.post(c.target, c.form)
			checkAcknowledged(t, c.target, w.Code, w.Header().Get("Content-Type"), w.Body.String())
			if r.calls.told() > 0 {
				t.Errorf("told the calls: %v %v", r.calls.signals, r.calls.reaps)
			}
			if got := r.stats.Snapshot(); got[c.count] != 1 || len(got) != 1 {
				t.Errorf("counts: got %v, want 1 %s", got, c.count)
			}
		})
	}
}

func TestWhatIsSignedButCannotBeUnderstoodIsBadRequest(t *testing.T) {
	bareLeg := sb.PathLeg + "?call=" + url.QueryEscape(string(testCall))
	for _, c := range []struct {
		name   string
		target string
		form   url.Values
		says   string
	}{
		{"no task", sb.PathTaskAssigned, with(assignmentForm(), "TaskSid", ""), "TaskSid is missing"},
		{"no reservation", sb.PathTaskAssigned, with(assignmentForm(), "ReservationSid", ""), "ReservationSid is missing"},
		{"no agent", sb.PathTaskAssigned, with(assignmentForm(), "WorkerSid", ""), "WorkerSid is missing"},
		{"a task for a reservation", sb.PathTaskEvents, with(eventForm("reservation.created"), "ReservationSid", testTask), "ReservationSid must be WR"},
		{"no event type", sb.PathTaskEvents, with(eventForm("x"), "EventType", ""), "EventType is missing"},
		{"event without a task", sb.PathTaskEvents, with(eventForm("task.created"), "TaskSid", ""), "TaskSid is missing"},
		{"no leg", legTarget, with(legForm("ringing"), "CallSid", ""), "CallSid is missing"},
		{"a number for a leg", legTarget, with(legForm("ringing"), "CallSid", callerPhone), "CallSid must be CA"},
		{"no status", legTarget, with(legForm("x"), "CallStatus", ""), "CallStatus is missing or none"},
		{"unheard-of status", legTarget, legForm("singing to " + callerName), "CallStatus is missing or none"},
		{"no query", sb.PathLeg, legForm("ringing"), "the query does not name a leg"},
		{"query of another application", sb.PathLeg + "?call=" + url.QueryEscape(callerPhone), legForm("ringing"), "the query does not name a leg"},
		{"half a query", bareLeg, legForm("ringing"), "the query does not name a leg"},
		{"reference in the form", sb.PathLeg, with(legForm("ringing"), "call", string(testCall), "attempt", "1", "offer", "3", "party", "caller"), "the query does not name a leg"},
		{"offer 0", bareLeg + "&attempt=1&offer=0&party=agent", legForm("ringing"), "the query does not name a leg"},
		{"no conference", roomTarget, with(roomForm("participant-join"), "ConferenceSid", ""), "ConferenceSid is missing"},
		{"nobody joined", roomTarget, with(roomForm("participant-join"), "CallSid", ""), "CallSid is missing"},
		{"no room event", roomTarget, with(roomForm("x"), "StatusCallbackEvent", ""), "StatusCallbackEvent is missing"},
		{"room of no call", sb.PathRoom, roomForm("participant-join"), "the query does not name a leg"},
		{"no result of detection", machineTarget, values("CallSid", testLeg), "AnsweredBy is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			w := r.post(c.target, c.form)
			if w.Code != http.StatusBadRequest || !strings.HasPrefix(w.Body.String(), c.says) {
				t.Errorf("answer: got %d %q, want 400 %q…", w.Code, w.Body, c.says)
			}
			if r.calls.told() > 0 {
				t.Errorf("told the calls: %v %v", r.calls.signals, r.calls.reaps)
			}
			if got := r.stats.Snapshot()[countUnreadable]; got != 1 {
				t.Errorf("unreadable: counted %d, want 1", got)
			}
			noPersonalData(t, r.log.String()+w.Body.String())
		})
	}
}

func TestTheSameCallbackTwiceIsTwoSignals(t *testing.T) {
	r := newRig(t)
	for range 2 {
		if w := r.post(legTarget, legForm("ringing")); w.Code != http.StatusNoContent {
			t.Fatalf("answer: got %d, want 204", w.Code)
		}
	}
	// The call absorbs the second; nothing is remembered here, where any of several processes may serve it.
	if len(r.calls.signals) != 2 || !reflect.DeepEqual(r.calls.signals[0], r.calls.signals[1]) {
		t.Errorf("signals: got %+v, want the same one twice", r.calls.signals)
	}
}

func TestNewsThatCannotBeDeliveredIsAskedForAgain(t *testing.T) {
	for name, prepare := range map[string]func(*fakeCalls){
		"call not told":      func(f *fakeCalls) { f.onSignal = answer(errDown) },
		"reaper not started": func(f *fakeCalls) { f.onSignal, f.onReap = answer(ErrNoCall), answer(errDown) },
	} {
		t.Run(name, func(t *testing.T) {
			for target, form := range map[string]url.Values{
				sb.PathTaskAssigned: assignmentForm(),
				sb.PathTaskEvents:   eventForm("task.created"),
				legTarget:           legForm("ringing"),
				roomTarget:          roomForm("participant-join"),
				machineTarget:       values("CallSid", testLeg, "AnsweredBy", "human"),
			} {
				r := newRig(t)
				prepare(r.calls)
				w := r.post(target, form)
				if w.Code != http.StatusServiceUnavailable {
					t.Errorf("%s: got %d, want 503", target, w.Code)
				}
				if got := r.stats.Snapshot()[countUnreachable]; got != 1 {
					t.Errorf("%s: counted %d unreachable, want 1", target, got)
				}
				noPersonalData(t, r.log.String())
			}
		})
	}
}

func TestSlowTemporalIsGivenUpWithinTheLimit(t *testing.T) {
	for name, prepare := range map[string]func(*fakeCalls){
		"signal": func(f *fakeCalls) { f.onSignal = never },
		"reaper": func(f *fakeCalls) { f.onSignal, f.onReap = answer(ErrNoCall), never },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // its clock moves only when everything waits
				r := newRig(t)
				prepare(r.calls)
				began := time.Now()
				w := r.post(sb.PathTaskAssigned, assignmentForm())
				if took := time.Since(began); w.Code != http.StatusServiceUnavailable || took != DefaultSignalTimeout {
					t.Errorf("got %d after %v, want 503 after %v", w.Code, took, DefaultSignalTimeout)
				}
			})
		})
	}
}

func TestNewsIsDeliveredThoughTwilioHangsUp(t *testing.T) {
	r := newRig(t)
	ctx, hangUp := context.WithCancel(t.Context())
	r.calls.onSignal = func(ctx context.Context) error {
		hangUp()
		return ctx.Err()
	}
	r.serve(signedRequest(legTarget, legForm("ringing")).WithContext(ctx))
	if len(r.calls.signals) != 1 {
		t.Errorf("signals: got %v, want one", r.calls.signals)
	}
}
