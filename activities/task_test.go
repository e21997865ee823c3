package activities

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	sb "switchboard"
)

func taskInput() CreateTaskInput {
	return CreateTaskInput{
		Ref: testTaskRef, RequestedAt: testStart.Add(-time.Hour), Priority: 5, Skills: []string{"vans", "claims"},
		Name: "Zoë <Doe> & co", Reason: "a dented van", Expires: testStart.Add(time.Hour),
	}
}

func TestCreateTask(t *testing.T) {
	w := newWorld(t)
	w.fake.on("POST Tasks", say(201, `{"sid":"`+testTask+`","task_queue_friendly_name":"Callbacks"}`))
	out := done[CreateTaskResult](w, w.CreateTask, taskInput())
	equal(t, "result", out, CreateTaskResult{Task: testTask, Queue: "Callbacks"})
	post := w.fake.got("POST Tasks")[0]
	for field, want := range map[string]string{
		"WorkflowSid": testRouting, "TaskChannel": "voice", "Priority": "5", "VirtualStartTime": "2026-11-22T11:00:00Z", "Timeout": "7200",
		"Attributes": `{"call":"call/crm/leads/4711","task":1,"attempt":2,"type":"callback","name":"Zoë <Doe> & co","reason":"a dented van","skill_1":"vans","skill_2":"claims","declined_by":[]}`,
	} {
		equal(t, field, post.form.Get(field), want)
	}
	equal(t, "host", post.host, "taskrouter.twilio.com")
}

func TestCreateTaskAtTheEdges(t *testing.T) {
	w := newWorld(t)
	w.fake.on("POST Tasks", say(201, `{"sid":"`+testTask+`"}`))
	in := taskInput()
	in.RequestedAt = testStart.Add(time.Minute) // the producer's clock is ahead
	in.Expires = testStart.Add(-time.Minute)
	in.Skills, in.Declined = nil, []sb.AgentSID{testAgent}
	done[CreateTaskResult](w, w.CreateTask, in)
	in.Expires = testStart.AddDate(1, 0, 0)
	done[CreateTaskResult](w, w.CreateTask, in)
	posts := w.fake.got("POST Tasks")
	equal(t, "place in line", posts[0].form.Get("VirtualStartTime"), "2026-11-22T12:00:00Z")
	equal(t, "shortest", posts[0].form.Get("Timeout"), "1")
	equal(t, "longest", posts[1].form.Get("Timeout"), "1209600")
	if a := posts[0].form.Get("Attributes"); strings.Contains(a, "skill_") || !strings.Contains(a, `"declined_by":["`+testAgent+`"]`) {
		t.Errorf("attributes: got %s", a)
	}
}

func TestCreateTaskAttributesAlwaysFit(t *testing.T) {
	in := taskInput()
	in.Name, in.Reason = strings.Repeat("\u0007", sb.MaxNameLength), strings.Repeat("\u0001", sb.MaxReasonLength)
	for i := range 60 {
		in.Declined = append(in.Declined, sb.AgentSID(fmt.Sprintf("WK%032d", i)))
	}
	text, err := attributesOf(in)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(utf16.Encode([]rune(text))); n > maxAttributes {
		t.Errorf("got %d characters, want at most %d", n, maxAttributes)
	}
	var got taskAttributes
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	equal(t, "declined_by", len(got.DeclinedBy), 60)
	equal(t, "call", got.Call, testCall)

	in.Name, in.Reason, in.Declined = "Ann", strings.Repeat("雨", sb.MaxReasonLength), nil
	text, err = attributesOf(in)
	if err != nil || !strings.Contains(text, in.Reason) {
		t.Errorf("a reason of %d characters was cut: %v", sb.MaxReasonLength, err)
	}
}

func TestCreateTaskFailures(t *testing.T) {
	for _, c := range []struct {
		name      string
		answer    http.HandlerFunc
		want      string
		retryable bool
	}{
		{"refused", refuse(400, 20001), ErrorRefused, false},
		{"credentials revoked: they can be mended", refuse(401, 20003), ErrorRefused, true},
		{"too many", refuse(429, 20429), ErrorBusy, true},
		{"lost", reset(""), ErrorUnclear, true},
		{"proxy", proxyPage(503), ErrorUnclear, true},
		{"redirect", say(302, ``, "Location", "https://elsewhere.test/"+testPhone), ErrorUnclear, true},
		{"not JSON", say(201, testPhone), ErrorUnclear, true},
		{"no SID", say(201, `{}`), ErrorUnclear, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on("POST Tasks", c.answer)
			_, err := run[CreateTaskResult](w, w.CreateTask, taskInput())
			wantError(t, err, c.want, c.retryable)
			equal(t, "posts", len(w.fake.got("POST Tasks")), 1)
		})
	}
}

func taskIn(status string) http.HandlerFunc {
	return say(200, `{"sid":"`+testTask+`","assignment_status":"`+status+`"}`)
}

func TestCloseTaskWhateverItsState(t *testing.T) {
	const get, post = "GET Tasks/" + testTask, "POST Tasks/" + testTask
	for _, c := range []struct {
		name   string
		states []http.HandlerFunc
		posts  []http.HandlerFunc
		want   sb.TaskStatus
		sent   string // the statuses posted
	}{
		{"waiting", []http.HandlerFunc{taskIn("pending")}, []http.HandlerFunc{taskIn("canceled")}, sb.TaskCanceled, "canceled"},
		{"reserved", []http.HandlerFunc{taskIn("reserved")}, []http.HandlerFunc{taskIn("canceled")}, sb.TaskCanceled, "canceled"},
		{"assigned", []http.HandlerFunc{taskIn("assigned")}, []http.HandlerFunc{taskIn("completed")}, sb.TaskCompleted, "completed"},
		{"wrapping", []http.HandlerFunc{taskIn("wrapping")}, []http.HandlerFunc{taskIn("completed")}, sb.TaskCompleted, "completed"},
		{"over", []http.HandlerFunc{taskIn("canceled")}, nil, sb.TaskCanceled, ""},
		{"gone", []http.HandlerFunc{refuse(404, 20404)}, nil, sb.TaskGone, ""},
		{"accepted in between", []http.HandlerFunc{taskIn("reserved"), taskIn("assigned")}, []http.HandlerFunc{refuse(400, 20001), taskIn("completed")}, sb.TaskCompleted, "canceled completed"},
		{"changed in between", []http.HandlerFunc{taskIn("reserved")}, []http.HandlerFunc{say(412, ``), refuse(409, 20409), taskIn("canceled")}, sb.TaskCanceled, "canceled canceled canceled"},
		{"gone in between", []http.HandlerFunc{taskIn("assigned")}, []http.HandlerFunc{refuse(404, 20404)}, sb.TaskGone, "completed"},
		{"answer lost", []http.HandlerFunc{taskIn("assigned"), taskIn("completed")}, []http.HandlerFunc{reset("")}, sb.TaskCompleted, "completed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on(get, c.states...)
			w.fake.on(post, c.posts...)
			out := done[CloseTaskResult](w, w.CloseTask, CloseTaskInput{Task: testTask, Reason: "no_answer"})
			equal(t, "status", out.Status, c.want)
			var sent []string
			for _, p := range w.fake.got(post) {
				sent = append(sent, p.form.Get("AssignmentStatus"))
				equal(t, "reason", p.form.Get("Reason"), "no_answer")
			}
			equal(t, "posted", strings.Join(sent, " "), c.sent)
		})
	}
}

func TestCloseTaskNeverGivesUpForGood(t *testing.T) {
	w := newWorld(t)
	w.fake.on("GET Tasks/"+testTask, taskIn("reserved"))
	w.fake.on("POST Tasks/"+testTask, refuse(400, 20001))
	_, err := run[CloseTaskResult](w, w.CloseTask, CloseTaskInput{Task: testTask})
	wantError(t, err, ErrorUnsettled, true)
	w.fake.on("GET Tasks/"+testTask, proxyPage(404)) // a proxy does not know that the task is gone
	_, err = run[CloseTaskResult](w, w.CloseTask, CloseTaskInput{Task: testTask})
	wantError(t, err, ErrorUnclear, true)
}

func TestExcludeKeepsWhatOthersWrite(t *testing.T) {
	const get, post = "GET Tasks/" + testTask, "POST Tasks/" + testTask
	task := func(attributes, etag string) http.HandlerFunc {
		return say(200, jsonOf(map[string]string{"sid": testTask, "assignment_status": "reserved", "attributes": attributes}), "ETag", etag)
	}
	w := newWorld(t)
	w.fake.on(get, task(`{"call":"c","declined_by":[]}`, "1"), task(`{"call":"c","theirs":{"a":[1]},"declined_by":[]}`, "2"))
	w.fake.on(post, say(412, ``), say(200, `{}`))
	done[nothing](w, w.Exclude, ExcludeInput{Task: testTask, Declined: []sb.AgentSID{testAgent}})
	posts := w.fake.got(post)
	equal(t, "posts", len(posts), 2)
	equal(t, "If-Match", posts[0].head.Get("If-Match")+posts[1].head.Get("If-Match"), "12")
	equal(t, "attributes", posts[1].form.Get("Attributes"), `{"call":"c","declined_by":["`+testAgent+`"],"theirs":{"a":[1]}}`)

	w = newWorld(t)
	w.fake.on(get, task(`{"declined_by":["`+testAgent+`"]}`, "1"))
	done[nothing](w, w.Exclude, ExcludeInput{Task: testTask, Declined: []sb.AgentSID{testAgent}})
	equal(t, "posts that change nothing", len(w.fake.got(post)), 0)
	w.fake.on(post, say(200, `{}`))
	done[nothing](w, w.Exclude, ExcludeInput{Task: testTask})
	equal(t, "attributes when everybody may have it again", w.fake.got(post)[0].form.Get("Attributes"), `{"declined_by":[]}`)

	for name, answer := range map[string]http.HandlerFunc{"gone": refuse(404, 20404), "over": taskIn("completed")} {
		w = newWorld(t)
		w.fake.on(get, answer)
		done[nothing](w, w.Exclude, ExcludeInput{Task: testTask, Declined: []sb.AgentSID{testAgent}})
		equal(t, "posts, task "+name, len(w.fake.got(post)), 0)
	}

	w = newWorld(t)
	w.fake.on(get, task(`{}`, "1"))
	w.fake.on(post, say(412, ``))
	_, err := run[nothing](w, w.Exclude, ExcludeInput{Task: testTask, Declined: []sb.AgentSID{testAgent}})
	wantError(t, err, ErrorRefused, true)
}

func TestLookAtTask(t *testing.T) {
	w := newWorld(t)
	w.fake.on("GET Tasks/"+testTask, say(200, taskJSON(testTask, "reserved", string(testCall), "2026-11-22T11:59:50Z")))
	// The second page's address is absolute and of Twilio's own host.
	page := []http.HandlerFunc{
		say(200, `{"reservations":[{"sid":"WR1","reservation_status":"rejected","worker_sid":"WK1","worker_name":"bob"}],"meta":{"key":"reservations","next_page_url":"https://taskrouter.twilio.com/v1/Workspaces/`+testWorkspace+`/Tasks/`+testTask+`/Reservations?PageSize=50&Page=1&PageToken=x"}}`),
		say(200, `{"reservations":[{"sid":"WR2","reservation_status":"pending","worker_sid":"WK2","worker_name":"anna"}],"meta":{"key":"reservations"}}`),
	}
	w.fake.on("GET Tasks/"+testTask+"/Reservations", page...)
	out := done[LookAtTaskResult](w, w.LookAtTask, LookAtTaskInput{Ref: testTaskRef, Task: testTask})
	equal(t, "task", out.Task, sb.TaskNews{Ref: testTaskRef, Task: testTask, Status: sb.TaskReserved, Queue: "Callbacks", Via: "look"})
	want := []sb.OfferNews{
		{Ref: testTaskRef, Task: testTask, Reservation: "WR1", Status: sb.ReservationRejected, Agent: "WK1", AgentName: "bob", Queue: "Callbacks", Via: "look"},
		{Ref: testTaskRef, Task: testTask, Reservation: "WR2", Status: sb.ReservationPending, Agent: "WK2", AgentName: "anna", Queue: "Callbacks", Via: "look"},
	}
	if !slices.Equal(out.Offers, want) {
		t.Errorf("offers: got %+v, want %+v", out.Offers, want)
	}
	equal(t, "token of the second page", w.fake.got("GET Tasks/" + testTask + "/Reservations")[1].form.Get("PageToken"), "x")

	w.fake.on("GET Tasks/"+testTask, refuse(404, 20404))
	equal(t, "status of one that is gone", done[LookAtTaskResult](w, w.LookAtTask, LookAtTaskInput{Ref: testTaskRef, Task: testTask}).Task.Status, sb.TaskGone)
}

func TestOffers(t *testing.T) {
	const route = "Tasks/" + testTask + "/Reservations/" + testOffer
	in := func(status string) http.HandlerFunc {
		return say(200, `{"sid":"`+testOffer+`","reservation_status":"`+status+`"}`)
	}
	for _, c := range []struct {
		name      string
		post, get http.HandlerFunc
		want      sb.ReservationStatus
		errorType string
	}{
		{"done", in("accepted"), nil, sb.ReservationAccepted, ""},
		{"not pending any more", refuse(400, 20001), in("timeout"), sb.ReservationTimeout, ""},
		{"accepted by an earlier try", refuse(400, 20001), in("accepted"), sb.ReservationAccepted, ""},
		{"answer lost, executed", reset(""), in("accepted"), sb.ReservationAccepted, ""},
		{"answer lost, not executed yet", proxyPage(503), in("pending"), "", ErrorUnsettled},
		{"refused and still pending", refuse(400, 20001), in("pending"), sb.ReservationPending, ""},
		{"unknown", refuse(404, 20404), refuse(404, 20404), "", ""},
		{"too many", refuse(429, 20429), in("pending"), "", ErrorBusy},
		{"credentials", refuse(401, 20003), in("pending"), "", ErrorRefused},
		{"cannot look", refuse(400, 20001), proxyPage(503), "", ErrorUnclear},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.fake.on("POST "+route, c.post)
			if c.get != nil {
				w.fake.on("GET "+route, c.get)
			}
			offer := OfferInput{Task: testTask, Reservation: testOffer}
			out, err := run[OfferResult](w, w.AcceptOffer, offer)
			equal(t, "posted", w.fake.got("POST " + route)[0].form.Encode(), "ReservationStatus=accepted")
			if c.errorType != "" {
				wantError(t, err, c.errorType, true)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "status", out.Status, c.want)
		})
	}
	w := newWorld(t)
	w.fake.on("POST "+route, in("rejected"))
	reject := RejectOfferInput{OfferInput: OfferInput{Task: testTask, Reservation: testOffer}}
	equal(t, "status", done[OfferResult](w, w.RejectOffer, reject).Status, sb.ReservationRejected)
	reject.Missed = true
	done[OfferResult](w, w.RejectOffer, reject)
	posts := w.fake.got("POST " + route)
	equal(t, "declined", posts[0].form.Encode(), "ReservationStatus=rejected")
	equal(t, "missed", posts[1].form.Encode(), "ReservationStatus=rejected&WorkerActivitySid="+testMissed)
}
