package simulator

import (
	"slices"
	"strings"
	"testing"
	"time"
)

const smallCentre = `{
	"Workspaces": [{
		"FriendlyName": "centre", "EventCallbackUrl": "https://app.test/events",
		"Activities": [{"FriendlyName": "Lunch", "Available": false}],
		"TaskQueues": [{"FriendlyName": "everybody", "TargetWorkers": "1==1", "MaxReservedWorkers": 2}],
		"Workflows": [{"FriendlyName": "calls", "AssignmentCallbackUrl": "https://app.test/assigned",
			"Configuration": {"task_routing": {"filters": [], "default_filter": {"queue": "@TaskQueues/everybody"}}}}],
		"Workers": [
			{"FriendlyName": "anna", "Attributes": {"contact_uri": "client:anna.smith"}, "ActivitySid": "@Activities/Available", "robot": true},
			{"FriendlyName": "ben", "ActivitySid": "@Activities/Lunch", "robot": {"rings": "3s", "declines_offers": 1}}
		]
	}],
	"accounts": [{"name": "sub", "keys": [{"name": "ci"}], "Workspaces": [{"FriendlyName": "centre"}]}],
	"softphones": [{"identity": "chloe"}],
	"phones": [{"number": "+447700900123", "answer": "Busy"}],
	"faults": {"seed": 3, "requests": [{"route": "DELETE *", "probability": 1, "status": 503}]}
}`

func read(t *testing.T, text string) Data {
	t.Helper()
	d, err := ReadData([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestData(t *testing.T) {
	w := newWorld(t, Options{Seed: 5}).speaking()
	loaded, err := w.sim.Load(read(t, smallCentre))
	if err != nil {
		t.Fatal(err)
	}
	w.advance(time.Minute)
	equals(t, "webhooks about what was there from the start", len(w.hooks), 0)
	var names []string
	sid := map[string]string{}
	for _, l := range loaded {
		names = append(names, l.Collection+"/"+l.Name)
		sid[l.Collection+"/"+l.Name] = l.SID
	}
	same(t, "loaded", names, []string{"Workspaces/centre", "Activities/Lunch", "Activities/Offline", "Activities/Available", "Activities/Unavailable",
		"TaskQueues/everybody", "Workflows/calls", "Workers/anna", "Workers/ben",
		"Accounts/sub", "Keys/ci", "Workspaces/centre", "Activities/Offline", "Activities/Available", "Activities/Unavailable"})
	w.ws = loaded[0].SID
	equals(t, "anna", w.agentStatus(sid["Workers/anna"]), "Available")
	equals(t, "ben", w.agentStatus(sid["Workers/ben"]), "Lunch")
	equals(t, "a number as parameter", w.must(w.get(w.v1("/TaskQueues/" + sid["TaskQueues/everybody"]))).body["max_reserved_workers"], any(float64(2)))
	w.routing = sid["Workflows/calls"]
	task := w.newTask()
	w.advance(0)
	same(t, "the routing knows its queue", w.offers(task), []string{"anna pending"})
	equals(t, "faults", w.remove(w.v1("")).status, 503)
	for _, party := range []string{"client:anna.smith", "client:ben", "client:chloe", "+447700900123"} {
		w.dial("room of "+party, party)
	}
	w.advance(2 * time.Second)
	for party, answers := range map[string]bool{"client:anna.smith": true, "client:ben": false, "client:chloe": true, "+447700900123": false} {
		equals(t, party+" has answered", slices.Contains(w.experienced(party), "Answers"), answers)
	}
	equals(t, "the phone is busy", slices.Contains(w.experienced("+447700900123"), "Ended busy"), true)

	if err := w.sim.Reset(); err != nil {
		t.Fatal(err)
	}
	equals(t, "there again after a reset", w.agentStatus(sid["Workers/anna"]), "Available")
	equals(t, "as empty as it was", len(w.get(w.v1("/Tasks")).rows("tasks")), 0)
	again := newWorld(t, Options{Seed: 5})
	same2, err := again.sim.Load(read(t, smallCentre))
	if err != nil || !slices.Equal(same2, loaded) {
		t.Errorf("other SIDs at another start: %v %v", same2, err)
	}
}

// The subaccount of the data signs in with its key, and sees what is its own.
func TestDataOfASubaccount(t *testing.T) {
	w := newWorld(t, Options{})
	const sub = "AC000000000000000000000000000000ff"
	if _, err := w.sim.Load(read(t, `{"accounts": [{"sid": "`+sub+`", "token": "subtoken", "keys": [{"sid": "SK000000000000000000000000000000ff", "secret": "hidden"}],
		"Workspaces": [{"FriendlyName": "theirs"}]}]}`)); err != nil {
		t.Fatal(err)
	}
	s := w.sim
	s.lock()
	byToken, _ := s.signIn(sub, "subtoken")
	byKey, _ := s.signIn("SK000000000000000000000000000000ff", "hidden")
	s.unlock()
	if byToken == nil || byToken != byKey || byToken.workspaces.len() != 1 {
		t.Errorf("signed in as %v and %v", byToken, byKey)
	}
	equals(t, "the main account's workspaces", len(w.get("/v1/Workspaces").rows("workspaces")), 0)
}

func TestRobots(t *testing.T) {
	w := newWorld(t, Options{}).speaking()
	if _, err := w.sim.Load(Data{}.WithRobots("anna", "ben")); err != nil {
		t.Fatal(err)
	}
	w.dial("one", "client:anna")
	w.dial("two", "client:ben")
	w.advance(5 * time.Second)
	equals(t, "legs", len(w.sim.LiveLegs()), 2)
}

func TestDataThatCannotBe(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"{\n\"Workspaces\": [\n}", "line 3: invalid character"},
		{"{\n\n\"workspace\": []}", `line 3: json: unknown field "workspace"`},
		{"{\n\"phones\": [{\"number\": 7}]}", "line 2: json: cannot unmarshal number"},
		{"{}\n{}", "line 2: something follows the end"},
		{" \n", "it is empty"},
	} {
		if _, err := ReadData([]byte(c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: got %v, want %s", c.text, err, c.says)
		}
	}
	w := newWorld(t, Options{})
	if _, err := w.sim.Load(read(t, `{"Workspaces": [{"FriendlyName": "there before"}]}`)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, says string }{
		{`{"Workspaces": [{"FriendlyName": "a"}, {"EventCallbackUrl": "https://app.test/"}]}`, "data: Workspaces[1]: POST /v1/Workspaces: 20001 Missing required parameter FriendlyName"},
		{`{"Workspaces": [{"FriendlyName": "a", "Workers": [{"FriendlyName": "x", "ActivitySid": "@Activities/Lunch"}]}]}`, "Workspaces[0].Workers[0]: ActivitySid: @Activities/Lunch: there is none"},
		{`{"Workspaces": [{"FriendlyName": "a", "Workers": {}}]}`, "Workspaces[0]: Workers: it must be a list"},
		{`{"Workspaces": [{"FriendlyName": "a", "Workers": [7]}]}`, "Workers: [0] must be an object"},
		{`{"Workspaces": [{"FriendlyName": "a", "Workers": [{"FriendlyName": "x", "robot": {"ring": "1s"}}]}]}`, `robot: cannot read the JSON: json: unknown field "ring"`},
		{`{"Workspaces": [{"FriendlyName": "a", "Workers": [{"FriendlyName": "x", "robot": true, "Attributes": {"contact_uri": "+447700900001"}}]}]}`, "is no client"},
		{`{"Workspaces": [{"FriendlyName": null}]}`, "FriendlyName: null is no value"},
		{`{"Workspaces": [{"FriendlyName": "a", "Friendlyname": "b"}]}`, "Friendlyname is not a parameter"},
		{`{"sid": "AC000000000000000000000000000000ff"}`, "of the main account"},
		{`{"accounts": [{"sid": "AC1"}]}`, `accounts[0]: sid "AC1" is not AC and 32 hex digits`},
		{`{"accounts": [{"sid": "` + DefaultAccountSID + `"}]}`, "is another account's"},
		{`{"accounts": [{"token": "a-b"}]}`, "letters and digits only"},
		{`{"accounts": [{"keys": [{"sid": "x"}]}]}`, `accounts[0].keys[0]: sid "x"`},
		{`{"accounts": [{"softphones": [{}]}]}`, "accounts[0].softphones[0]: identity is missing"},
		{`{"phones": [{"number": "client:anna"}]}`, "phones[0]: client:anna is a softphone"},
		{`{"faults": {"parties": [{"answer": "Busy"}]}}`, "faults: parties[0]: probability 0"},
	} {
		if _, err := w.sim.Load(read(t, c.text)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s:\n got  %v\n want %s", c.text, err, c.says)
		}
		equals(t, "what was there before", len(w.get("/v1/Workspaces").rows("workspaces")), 1)
	}
}
