package browser

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/twilio/twilio-go/client/jwt"

	"switchboard/simulator"
)

// What the SDK's descriptors want to be there, by twilio-taskrouter 2.1.1.
const (
	agentNames = "account_sid activity_name activity_sid attributes available date_created date_status_changed date_updated " +
		"friendly_name sid workspace_sid version"
	reservationNames = "account_sid date_created date_updated reservation_status sid task reservation_timeout worker_sid workspace_sid version"
	taskNames        = "addons age attributes date_created date_updated priority queue_name queue_sid reason routing_target sid " +
		"assignment_status task_channel_unique_name task_channel_sid timeout workflow_name workflow_sid version virtual_start_time"
	channelNames = "account_sid assigned_tasks available available_capacity_percentage configured_capacity date_created date_updated " +
		"last_reserved_time sid task_channel_sid task_channel_unique_name worker_sid workspace_sid"
	statusNames = "account_sid available date_created date_updated friendly_name sid workspace_sid"
	queueNames  = "friendly_name reservation_activity_name assignment_activity_name target_workers max_reserved_workers task_order " +
		"reservation_activity_sid assignment_activity_sid workspace_sid account_sid sid date_created date_updated lifo_queue"
)

// complete checks that nothing is missing, and that times are numbers.
func complete(t *testing.T, what string, body map[string]any, names string) {
	t.Helper()
	for name := range strings.FieldsSeq(names) {
		value, there := body[name]
		if !there {
			t.Errorf("%s has no %s: %v", what, name, slices.Sorted(maps.Keys(body)))
		}
		if _, isText := value.(string); isText && isTime(name) {
			t.Errorf("%s: %s is %v, want seconds", what, name, value)
		}
	}
}

func TestSocketBeginsWithInit(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page, _, err := g.dial(g.token(g.anna, "worker", g.clock.Now().Add(time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	init := page.expect("init").Payload
	equal(t, "channel_id", init["channel_id"].(string), g.anna)
	equal(t, "account_sid", init["account_sid"].(string), simulator.DefaultAccountSID)
	equal(t, "workspace_sid", init["workspace_sid"].(string), g.ws)
	if left := init["token_lifetime"].(float64); left > 3_600_000 || left < 3_598_000 {
		t.Errorf("token_lifetime %v, want an hour in milliseconds", left)
	}
}

func TestEventsOfAnOffer(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page := g.connect(g.token(g.anna, "worker"))
	task := g.offer("Attributes", `{"name":"Ann"}`)
	created := page.expect("reservation.created").Payload
	complete(t, "reservation", created, reservationNames)
	about := created["task"].(map[string]any)
	complete(t, "task", about, taskNames)
	equal(t, "status", created["reservation_status"].(string), "pending")
	equal(t, "task", about["sid"].(string), task)
	equal(t, "task's status", about["assignment_status"].(string), "reserved")
	equal(t, "attributes", about["attributes"].(string), `{"name":"Ann"}`)
	equal(t, "queue_name", about["queue_name"].(string), "all")
	equal(t, "workflow_name", about["workflow_name"].(string), "one")
	equal(t, "reservation_timeout", created["reservation_timeout"].(float64), 60)
	equal(t, "date_created", created["date_created"].(float64), float64(g.clock.Now().Unix()))

	offer := g.v1("/Workers/" + g.anna + "/Reservations/" + created["sid"].(string))
	g.post(offer, "ReservationStatus", "accepted")
	equal(t, "task once accepted", page.expect("reservation.accepted").Payload["task"].(map[string]any)["assignment_status"].(string), "assigned")
	g.post(g.v1("/Tasks/"+task), "Attributes", `{"name":"Bo"}`)
	updated := page.expect("task.updated").Payload
	complete(t, "task", updated, taskNames)
	equal(t, "attributes", updated["attributes"].(string), `{"name":"Bo"}`)
	g.post(g.v1("/Tasks/"+task), "AssignmentStatus", "wrapping", "Reason", "talked")
	equal(t, "wrapup", page.expect("task.wrapup", "reservation.wrapup").Payload["reservation_status"].(string), "wrapping")
	g.post(g.v1("/Tasks/"+task), "AssignmentStatus", "completed", "Reason", "done")
	equal(t, "reason", page.expect("task.completed").Payload["reason"].(string), "done")
	page.expect("reservation.completed")
	g.post(g.v1("/Workers/"+g.anna), "ActivitySid", g.statuses["Offline"])
	page.expect("worker.activity.update") // nothing came between: the trailing task.updated is not theirs any more
}

func TestEventsOfOffersThatComeToNothing(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page := g.connect(g.token(g.anna, "worker"))
	task := g.offer()
	page.expect("reservation.created")
	g.post(g.v1("/Tasks/"+task), "AssignmentStatus", "canceled", "Reason", "gave up")
	page.expect("task.canceled", "reservation.canceled")

	g.offer()
	sid := page.expect("reservation.created").Payload["sid"].(string)
	g.post(g.v1("/Workers/"+g.anna+"/Reservations/"+sid), "ReservationStatus", "rejected", "WorkerActivitySid", g.statuses["Unavailable"])
	page.expect("reservation.rejected", "worker.activity.update")
	g.post(g.v1("/Workers/"+g.anna), "ActivitySid", g.statuses["Available"])
	g.clock.Advance(0)
	page.expect("worker.activity.update", "reservation.created")
	g.clock.Advance(time.Minute) // Twilio moves them away, too
	page.expect("reservation.timeout", "worker.activity.update")
}

func TestRescindedOffer(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	g.post(g.v1("/TaskQueues/"+g.get("/TaskQueues")["task_queues"].([]any)[0].(map[string]any)["sid"].(string)), "MaxReservedWorkers", "2")
	g.post(g.v1("/Workers/"+g.ben), "ActivitySid", g.statuses["Available"])
	anna, ben := g.connect(g.token(g.anna, "worker")), g.connect(g.token(g.ben, "worker"))
	g.offer()
	anna.expect("reservation.created")
	sid := ben.expect("reservation.created").Payload["sid"].(string)
	status, _ := g.tunnel(g.token(g.anna, "worker"), "POST", "Workers/"+g.anna+"/WorkerParticipant", map[string]any{"ReservationSid": sid, "Mute": true})
	equal(t, "anna with ben's reservation", status, http.StatusForbidden)
	g.post(g.v1("/Workers/"+g.ben+"/Reservations/"+sid), "ReservationStatus", "accepted")
	ben.expect("reservation.accepted")
	anna.expect("reservation.rescinded")
}

func TestEventsOfTheAgent(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	anna, ben := g.connect(g.token(g.anna, "worker")), g.connect(g.token(g.ben, "worker"))
	g.post(g.v1("/Workers/"+g.anna), "ActivitySid", g.statuses["Offline"])
	body := anna.expect("worker.activity.update").Payload
	complete(t, "worker", body, agentNames)
	equal(t, "activity_name", body["activity_name"].(string), "Offline")
	g.post(g.v1("/Workers/"+g.anna), "Attributes", `{"x":1}`)
	body = anna.expect("worker.attributes.update").Payload
	complete(t, "worker", body, agentNames)
	_, now := g.tunnel(g.token(g.anna, "worker"), "GET", "Workers/"+g.anna, nil)
	equal(t, "version of the event", body["version"], now["version"])
	g.post(g.v1("/Workers/"+g.anna+"/Channels/voice"), "Capacity", "3", "Available", "false")
	body = anna.expect("worker.capacity.update").Payload
	complete(t, "channel", body, channelNames)
	equal(t, "capacity", body["configured_capacity"].(float64), 3)
	equal(t, "available", anna.expect("worker.channel.availability.update").Payload["available"].(bool), false)

	g.post(g.v1("/Workers/"+g.ben), "Attributes", `{"y":1}`) // the first that ben hears of: nothing of anna's
	equal(t, "who", ben.expect("worker.attributes.update").Payload["sid"].(string), g.ben)
}

func TestSocketsThatAreRefused(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"no token":         {"", 401},
		"broken signature": {g.token(g.anna, "worker") + "x", 401},
		"expired":          {g.token(g.anna, "worker", g.clock.Now().Add(-time.Minute)), 401},
		"no grant":         {g.grant(nil), 403},
		"voice only":       {g.grant(&jwt.VoiceGrant{}), 403},
		"no such worker":   {g.token("WK00000000000000000000000000000000", "worker"), 403},
		"no such role":     {g.token(g.anna, "boss"), 403},
	} {
		_, response, err := g.dial(c.token)
		if err == nil || response == nil || response.StatusCode != c.status {
			t.Errorf("%s: %v %v, want the upgrade refused with %d", name, response, err, c.status)
		}
	}
}

func TestTokenExpiryClosesTheSocket(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page := g.connect(g.token(g.anna, "worker", g.clock.Now().Add(time.Minute)))
	longer := g.connect(g.token(g.anna, "worker"))
	g.clock.Advance(time.Minute)
	equal(t, "close code", page.closed(), websocket.StatusPolicyViolation)
	g.post(g.v1("/Workers/"+g.anna), "Attributes", `{"x":1}`)
	longer.expect("worker.attributes.update")
}

func TestResetClosesSockets(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page, anna := g.connect(g.token(g.anna, "worker")), g.anna
	if err := g.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	equal(t, "close code", page.closed(), websocket.StatusServiceRestart)
	g.setUp()
	equal(t, "anna's SID", g.anna, anna)
	g.connect(g.token(g.anna, "worker"))
}

func TestResetTakesNobodyOffline(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	data, err := simulator.ReadData([]byte(`{"Workspaces": [{"FriendlyName": "loaded", "Workers": [{"FriendlyName": "zoe", "ActivitySid": "@Activities/Available"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := g.sim.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	var zoe string
	for _, one := range loaded {
		switch one.Collection {
		case "Workspaces":
			g.ws = one.SID
		case "Workers":
			zoe = one.SID
		}
	}
	key := g.post("/2010-04-01/Accounts/"+simulator.DefaultAccountSID+"/Keys.json", "FriendlyName", "browser")
	g.key = [2]string{key["sid"].(string), key["secret"].(string)}
	page := g.connect(g.token(zoe, "worker"), "setWorkerOfflineIfDisconnected=true")
	if err := g.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	equal(t, "close code", page.closed(), websocket.StatusServiceRestart)
	g.bridge.serving.Wait()
	equal(t, "zoe, who was loaded again", g.get("/Workers/" + zoe)["activity_name"].(string), "Available")
}

func TestWorkerThatIsDeletedIsWatchedNoMore(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page := g.connect(g.token(g.ben, "worker"))
	g.ask("DELETE", g.v1("/Workers/"+g.ben), nil)
	equal(t, "close code", page.closed(), websocket.StatusServiceRestart)
	if _, response, err := g.dial(g.token(g.ben, "worker")); err == nil || response.StatusCode != http.StatusForbidden {
		t.Errorf("a socket of a deleted worker: %v", err)
	}
}

func TestTwoPagesOfOneAgent(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	first, second := g.connect(g.token(g.anna, "worker")), g.connect(g.token(g.anna, "worker"), "closeExistingSessions=false")
	other := g.connect(g.token(g.ben, "worker"))
	g.offer()
	first.expect("reservation.created")
	second.expect("reservation.created")
	third := g.connect(g.token(g.anna, "worker"), "closeExistingSessions=true")
	equal(t, "first", first.closed(), websocket.StatusPolicyViolation)
	equal(t, "second", second.closed(), websocket.StatusPolicyViolation)
	g.post(g.v1("/Workers/"+g.anna), "Attributes", `{"x":1}`)
	third.expect("worker.attributes.update")
	g.post(g.v1("/Workers/"+g.ben), "Attributes", `{"x":1}`)
	other.expect("worker.attributes.update")
}

func TestAgentGoesOfflineWithTheLastPage(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	watching := g.connect(g.token(g.ben, "supervisor")) // another's page changes nothing
	plain := g.connect(g.token(g.anna, "worker"))
	asks := g.connect(g.token(g.anna, "worker"), "setWorkerOfflineIfDisconnected=true")
	last := g.connect(g.token(g.anna, "worker"), "setWorkerOfflineIfDisconnected=true")
	_ = asks.conn.Close(websocket.StatusNormalClosure, "")
	_ = plain.conn.Close(websocket.StatusNormalClosure, "")
	g.until("two pages gone", func() bool { return g.pages() == 2 })
	equal(t, "with a page left", g.get("/Workers/" + g.anna)["activity_name"].(string), "Available")
	_ = last.conn.CloseNow()
	g.until("anna is offline", func() bool { return g.get("/Workers/" + g.anna)["activity_name"] == "Offline" })

	g.post(g.v1("/Workers/"+g.anna), "ActivitySid", g.statuses["Available"])
	page := g.connect(g.token(g.anna, "worker")) // does not ask for it
	_ = page.conn.CloseNow()
	g.until("gone", func() bool { return g.pages() == 1 })
	equal(t, "not asked for", g.get("/Workers/" + g.anna)["activity_name"].(string), "Available")
	_ = watching.conn.CloseNow()
}

func (g *bridgeRig) pages() int {
	g.bridge.mu.Lock()
	defer g.bridge.mu.Unlock()
	return len(g.bridge.sockets)
}

// until asks again until it is so.
func (g *bridgeRig) until(what string, is func() bool) {
	g.t.Helper()
	for deadline := time.Now().Add(soon); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			g.t.Fatalf("waited %s for: %s", soon, what)
		}
	}
}

func TestSlowPageIsCutOff(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	g.bridge.queue = 16
	page, healthy := g.connect(g.token(g.anna, "worker")), g.connect(g.token(g.ben, "worker"))
	long := strings.Repeat("x", 4000)
	g.until("the page that does not read is cut off", func() bool {
		g.post(g.v1("/Workers/"+g.anna), "Attributes", `{"x":"`+long+`"}`)
		g.post(g.v1("/Workers/"+g.anna), "Attributes", `{"y":"`+long+`"}`)
		return g.pages() == 1
	})
	g.post(g.v1("/Workers/"+g.ben), "Attributes", `{"x":1}`)
	healthy.expect("worker.attributes.update")
	_ = page.conn.CloseNow()
}

func TestHeartbeat(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	g.bridge.heartbeat = time.Millisecond
	page := g.connect(g.token(g.anna, "worker"))
	ctx := t.Context()
	for range 3 { // nothing else is sent, so that every frame is a sign of life
		_, text, err := page.conn.Read(ctx)
		if err != nil || strings.TrimSpace(string(text)) != "" || len(text) == 0 {
			t.Fatalf("frame %q, error %v, want white space", text, err)
		}
	}
}

func TestCloseEndsEverySocket(t *testing.T) {
	g := newBridgeRig(t, simulator.Options{})
	page := g.connect(g.token(g.anna, "worker"), "setWorkerOfflineIfDisconnected=true")
	code := make(chan websocket.StatusCode, 1)
	go func() {
		_, err := page.next()
		code <- websocket.CloseStatus(err)
	}()
	g.bridge.Close()
	equal(t, "close code", <-code, websocket.StatusGoingAway)
	equal(t, "anna", g.get("/Workers/" + g.anna)["activity_name"].(string), "Available")
	late, _, err := g.dial(g.token(g.anna, "worker"))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "a late page", late.closed(), websocket.StatusGoingAway)
}
