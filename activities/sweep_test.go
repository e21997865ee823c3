package activities

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"

	sb "switchboard"
)

func (c *fakeCalls) Signal(_ context.Context, id sb.CallID, name string, arg any) error {
	if c.failing != nil {
		return c.failing
	}
	if c.gone[id] {
		return serviceerror.NewNotFound("workflow execution already completed")
	}
	c.told = append(c.told, string(id)+" "+name)
	c.news = append(c.news, arg.(sb.OfferNews))
	return nil
}

func (c *fakeCalls) Running(_ context.Context, id sb.CallID) (bool, error) {
	c.asked = append(c.asked, id)
	return !c.gone[id], c.failing
}

// byStatus answers a list of tasks by the statuses asked for.
func byStatus(lists map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked []string
		for _, status := range r.Form["AssignmentStatus"] {
			if lists[status] != "" {
				asked = append(asked, lists[status])
			}
		}
		say(200, `{"tasks":[`+strings.Join(asked, ",")+`],"meta":{"key":"tasks"}}`)(w, r)
	}
}

func taskJSON(sid, status, call, updated string) string {
	attributes := `{\"call\":\"` + call + `\",\"task\":1,\"attempt\":2}`
	return `{"sid":"` + sid + `","assignment_status":"` + status + `","attributes":"` + attributes + `","date_updated":"` + updated + `","task_queue_friendly_name":"Callbacks"}`
}

const quietWorkspace = `{"sid":"` + testWorkspace + `","default_activity_sid":"WA0","timeout_activity_sid":"` + testTimedOut + `"}`

func sweepWorld(t *testing.T, tasks map[string]string) *world {
	w := newWorld(t)
	w.fake.on("GET Tasks", byStatus(tasks))
	w.fake.on("GET "+testWorkspace, say(200, quietWorkspace))
	w.fake.on("GET Workers", say(200, `{"workers":[],"meta":{"key":"workers"}}`))
	return w
}

func TestSweepTellsCallsOfReservationsTheyMayHaveMissed(t *testing.T) {
	w := sweepWorld(t, map[string]string{"reserved": strings.Join([]string{
		taskJSON("WT1", "reserved", string(testCall), "2026-11-22T11:59:50Z"),
		taskJSON("WT2", "reserved", string(testCall), "2026-11-22T11:59:58Z"),
		taskJSON("WT3", "reserved", "somebody else's", "2026-11-22T11:59:50Z"),
	}, ",")})
	pending := func(sid, at string) http.HandlerFunc {
		return say(200, `{"reservations":[{"sid":"`+sid+`","reservation_status":"pending","worker_sid":"`+testAgent+`","worker_name":"anna","date_created":"`+at+`"}],"meta":{"key":"reservations"}}`)
	}
	w.fake.on("GET Tasks/WT1/Reservations", pending("WR1", "2026-11-22T11:59:50Z"))
	w.fake.on("GET Tasks/WT2/Reservations", pending("WR2", "2026-11-22T11:59:58Z"))
	out := done[SweepResult](w, w.Sweep, nil)
	if want := (SweepResult{Reserved: 2, Told: 1}); out != want {
		t.Errorf("got %+v, want %+v", out, want)
	}
	equal(t, "told", strings.Join(w.calls.told, ";"), string(testCall)+" offer")
	want := sb.OfferNews{
		Ref: testTaskRef, Task: "WT1", Reservation: "WR1", Status: sb.ReservationPending, Agent: testAgent, AgentName: "anna", Queue: "Callbacks", Via: "sweep",
	}
	equal(t, "news", w.calls.news[0], want)
	equal(t, "reservations asked for of a task that is not ours", len(w.fake.got("GET Tasks/WT3/Reservations")), 0)
	equal(t, "filter", w.fake.got("GET Tasks/WT1/Reservations")[0].form.Get("ReservationStatus"), "pending")
}

func TestSweepClosesWhatNobodyOwns(t *testing.T) {
	other := sb.NewCallID("crm", "gone")
	w := sweepWorld(t, map[string]string{
		"reserved": taskJSON("WT1", "reserved", string(other), "2026-11-22T11:59:50Z"),
		"assigned": strings.Join([]string{
			taskJSON("WT2", "assigned", string(other), "2026-11-22T11:58:00Z"),
			taskJSON("WT3", "assigned", string(other), "2026-11-22T11:59:30Z"), // too young to judge
			taskJSON("WT4", "assigned", string(testCall), "2026-11-22T11:00:00Z"),
			`{"sid":"WT5","assignment_status":"assigned","attributes":"{}","date_updated":"2026-11-22T11:00:00Z"}`,
		}, ","),
		"pending":  taskJSON("WT7", "pending", string(other), "2026-11-22T11:58:00Z") + "," + taskJSON("WT8", "pending", string(testCall), "2026-11-22T11:58:00Z"),
		"wrapping": `{"sid":"WT6","assignment_status":"wrapping","attributes":null,"date_updated":"2026-11-22T11:00:00Z"}`,
	})
	w.calls.gone = map[sb.CallID]bool{other: true}
	w.fake.on("GET Tasks/WT1/Reservations", say(200, `{"reservations":[{"sid":"WR1","reservation_status":"pending","date_created":"2026-11-22T11:59:50Z"}],"meta":{"key":"reservations"}}`))
	for sid, status := range map[string]string{"WT1": "reserved", "WT2": "assigned", "WT6": "wrapping", "WT7": "pending"} {
		w.fake.on("GET Tasks/"+sid, say(200, taskJSON(sid, status, string(other), "2026-11-22T11:00:00Z")))
		w.fake.on("POST Tasks/"+sid, say(200, `{}`))
	}
	out := done[SweepResult](w, w.Sweep, nil)
	if want := (SweepResult{Reserved: 1, Closed: 4}); out != want {
		t.Errorf("got %+v, want %+v", out, want)
	}
	for sid, want := range map[string]string{"WT1": "canceled", "WT2": "completed", "WT6": "completed", "WT7": "canceled"} {
		if posts := w.fake.got("POST Tasks/" + sid); len(posts) != 1 || posts[0].form.Get("AssignmentStatus") != want {
			t.Errorf("task %s: got %v, want one post of %s", sid, posts, want)
		}
	}
}

// Of many tasks that wait each is asked for its owner within minutes, and none of them in most sweeps.
func TestSweepAsksForTheOwnersOfManyInTurn(t *testing.T) {
	var waiting []string
	for i := range 2*ownersAsked + 50 {
		waiting = append(waiting, taskJSON(fmt.Sprintf("WT%d", i), "pending", string(sb.NewCallID("crm", strconv.Itoa(i))), "2026-11-22T11:58:00Z"))
	}
	w := sweepWorld(t, map[string]string{"pending": strings.Join(waiting, ",")})
	asked := map[sb.CallID]bool{}
	for sweep := range 12 { // three minutes
		w.calls.asked = nil
		done[SweepResult](w, w.Sweep, nil)
		if n := len(w.calls.asked); n > ownersAsked || n > 0 && sweep%4 != 0 {
			t.Errorf("sweep %d asked for %d owners", sweep, n)
		}
		for _, id := range w.calls.asked {
			asked[id] = true
		}
		w.clock.add(15 * time.Second)
	}
	equal(t, "asked", len(asked), len(waiting))
}

func TestSweepGoesOnWhenOneTaskResists(t *testing.T) {
	w := sweepWorld(t, map[string]string{"reserved": taskJSON("WT1", "reserved", string(testCall), "2026-11-22T11:59:50Z")})
	w.fake.on("GET Tasks/WT1/Reservations", refuse(503, 0))
	w.calls.failing = errors.New("Temporal is away")
	out := done[SweepResult](w, w.Sweep, nil)
	if want := (SweepResult{Reserved: 1, Failed: 1}); out != want {
		t.Errorf("got %+v, want %+v", out, want)
	}
	w.fake.on("GET Tasks", proxyPage(502))
	_, err := run[SweepResult](w, w.Sweep, nil)
	wantError(t, err, ErrorUnclear, true)
}

func TestSweepGivesBackAgentsWhomATimeoutMoved(t *testing.T) {
	w := sweepWorld(t, nil)
	agent := func(status string) http.HandlerFunc {
		return say(200, `{"sid":"WK1","activity_sid":"`+status+`"}`, "ETag", `"7"`)
	}
	w.fake.on("GET Workers", say(200, `{"workers":[{"sid":"WK1"},{"sid":"WK2"},{"sid":"WK3"}],"meta":{"key":"workers"}}`))
	w.fake.on("GET Workers/WK1", agent(testTimedOut))
	w.fake.on("POST Workers/WK1", say(200, `{"sid":"WK1"}`))
	w.fake.on("GET Workers/WK2", agent("WA-lunch")) // changed since the list was made
	w.fake.on("GET Workers/WK3", agent(testTimedOut))
	w.fake.on("POST Workers/WK3", say(412, ``)) // changed since the agent was read
	out := done[SweepResult](w, w.Sweep, nil)
	if want := (SweepResult{Returned: 1}); out != want {
		t.Errorf("got %+v, want %+v", out, want)
	}
	equal(t, "list", w.fake.got("GET Workers")[0].form.Get("ActivitySid"), testTimedOut)
	post := w.fake.got("POST Workers/WK1")[0]
	equal(t, "new status", post.form.Get("ActivitySid"), testAvailable)
	equal(t, "If-Match", post.head.Get("If-Match"), `"7"`)
	equal(t, "posts for an agent who moved on", len(w.fake.got("POST Workers/WK2")), 0)
}

// Without a status of its own for timeouts, agents who went home would be made available.
func TestSweepLeavesAgentsWithoutADedicatedStatus(t *testing.T) {
	w := sweepWorld(t, nil)
	w.fake.on("GET "+testWorkspace, say(200, `{"sid":"`+testWorkspace+`","default_activity_sid":"WA0","timeout_activity_sid":"WA0"}`))
	done[SweepResult](w, w.Sweep, nil)
	equal(t, "lists of agents", len(w.fake.got("GET Workers")), 0)
}
