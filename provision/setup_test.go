package provision

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"
	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	"switchboard/activities"
	"switchboard/simulator"
)

// office is an environment of a simulated team, with an environment file in memory.
func office(t *testing.T) (*simulator.Simulator, Setup, map[string]string) {
	t.Helper()
	sim, cfg := newAccount(t, simulator.Uncertain{})
	file := map[string]string{}
	s := Setup{
		Twilio: cfg.Twilio, Environment: Environment{"dev", "alice"}, PublicURL: public,
		Workspace: Config{
			Agents: cfg.Agents, Statuses: []Status{{"Training", false}},
			Queues: []Queue{{Name: QueueName}, {Name: "Vans", Skills: []string{"vans"}}},
			Routing: []Rule{
				{Name: "vans", Skills: []string{"vans"}, Steps: []Step{{"Vans", time.Minute}, {Queue: QueueName}}},
				{Name: "else", Steps: []Step{{Queue: QueueName}}},
			},
		},
		Numbers: Numbers{Country: "GB"}, Buy: true, pause: time.Millisecond,
	}
	s.Keep = func(variables map[string]string) error {
		for name, value := range variables {
			file[name] = value
		}
		return nil
	}
	return sim, s, file
}

func plan(t *testing.T, s Setup) Result {
	t.Helper()
	r, err := s.Plan(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func applySetup(t *testing.T, s Setup) Result {
	t.Helper()
	r, err := s.Apply(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func told(r Result) string {
	var b strings.Builder
	for _, c := range r.Changes {
		if !strings.HasPrefix(c.What, "agent status") && c.Verb != Update {
			fmt.Fprintln(&b, c)
		}
	}
	return b.String()
}

// settled checks that nothing is left to do, and that finding that out changed nothing.
func settled(t *testing.T, sim *simulator.Simulator, s Setup, file map[string]string) {
	t.Helper()
	s.Key = file["TWILIO_API_KEY_SID"]
	before := len(posts(sim))
	if left := Outstanding(plan(t, s).Changes); len(left) > 0 {
		t.Errorf("still outstanding: %v", left)
	}
	applySetup(t, s)
	if after := posts(sim); len(after) != before {
		t.Errorf("a run with nothing to do changed something: %v", after[before:])
	}
}

// inside is a client of the account that was made.
func inside(t *testing.T, s Setup, r Result) *activities.Twilio {
	t.Helper()
	cfg := s.Twilio
	cfg.AccountSID, cfg.AuthToken = r.Account, r.AuthToken
	twilio, err := activities.NewTwilio(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return twilio
}

func TestFromNothing(t *testing.T) {
	sim, s, file := office(t)
	planned := plan(t, s)
	if got := posts(sim); len(got) > 0 {
		t.Fatalf("a plan changed something: %v", got)
	}
	done := applySetup(t, s)
	// What was said is what was done, but for the statuses that Twilio gives a new workspace by itself.
	if got, want := told(done), told(planned); got != want {
		t.Errorf("done:\n%s\nplanned:\n%s", got, want)
	}
	for _, name := range []string{
		"TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_WORKSPACE_SID", "TWILIO_WORKFLOW_SID", "TWILIO_CALLER_ID", "TWILIO_API_KEY_SID",
		"TWILIO_API_KEY_SECRET", "SWITCHBOARD_PUBLIC_URL",
	} {
		if file[name] == "" {
			t.Errorf("%s is not kept", name)
		}
	}
	for _, c := range done.Changes {
		for _, secret := range []string{"TWILIO_AUTH_TOKEN", "TWILIO_API_KEY_SECRET"} {
			if strings.Contains(c.String(), file[secret]) {
				t.Errorf("a line shows %s: %s", secret, c)
			}
		}
	}
	settled(t, sim, s, file)
	// The environment's own credentials find the same.
	own := s
	own.Twilio.AccountSID, own.Twilio.AuthToken = done.Account, done.AuthToken
	settled(t, sim, own, file)
	// And a worker is content.
	twilio := own.Twilio
	twilio.Workspace, twilio.Routing = done.Workspace.Workspace, done.Workspace.Routing
	problems, err := Check(t.Context(), Expected{Twilio: twilio, PublicURL: public, Statuses: done.Workspace.ForActivities(), AgentRings: 20 * time.Second})
	if err != nil || len(problems) > 0 {
		t.Errorf("the worker's check: %v, %v", problems, err)
	}
}

func TestDriftIsReportedAndRepaired(t *testing.T) {
	sim, s, file := office(t)
	done := applySetup(t, s)
	s.Key = file["TWILIO_API_KEY_SID"]
	twilio, ws := inside(t, s, done), string(done.Workspace.Workspace)
	queues, err := twilio.TaskRouter(t.Context()).ListTaskQueue(ws, (&taskrouter.ListTaskQueueParams{}).SetFriendlyName("Vans"))
	if err != nil || len(queues) != 1 {
		t.Fatalf("got %v, %v", queues, err)
	}
	numbers, err := twilio.Voice(t.Context()).ListIncomingPhoneNumber(nil)
	if err != nil || len(numbers) != 1 {
		t.Fatalf("got %v, %v", numbers, err)
	}
	for _, c := range []struct {
		name string
		do   func() error
		want string
	}{
		{"a queue", func() error {
			_, err := twilio.TaskRouter(t.Context()).UpdateTaskQueue(ws, *queues[0].Sid, (&taskrouter.UpdateTaskQueueParams{}).SetTargetWorkers("1==2"))
			return err
		}, `queue "Vans": which agents`},
		{"what answers the number", func() error {
			_, err := twilio.Voice(t.Context()).UpdateIncomingPhoneNumber(*numbers[0].Sid, (&api.UpdateIncomingPhoneNumberParams{}).SetVoiceApplicationSid(""))
			return err
		}, "what answers it"},
		{"the key", func() error { return twilio.Voice(t.Context()).DeleteKey(s.Key, nil) }, "API key"},
	} {
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		left := Outstanding(plan(t, s).Changes)
		if len(left) != 1 || !strings.Contains(left[0].String(), c.want) {
			t.Errorf("%s: got %v, want one line with %q", c.name, left, c.want)
		}
		applySetup(t, s)
		s.Key = file["TWILIO_API_KEY_SID"]
		settled(t, sim, s, file)
	}
}

func TestEveryCallbackFollowsTheTunnel(t *testing.T) {
	sim, s, file := office(t)
	done := applySetup(t, s)
	s.Key = file["TWILIO_API_KEY_SID"]
	s.PublicURL = "https://elsewhere.example.test"
	applySetup(t, s)
	settled(t, sim, s, file)
	if file["SWITCHBOARD_PUBLIC_URL"] != s.PublicURL {
		t.Errorf("the processes are told %s", file["SWITCHBOARD_PUBLIC_URL"])
	}
	// Read back everything that Twilio has: the old address must be nowhere.
	twilio, ws := inside(t, s, done), string(done.Workspace.Workspace)
	w, err1 := twilio.TaskRouter(t.Context()).FetchWorkspace(ws)
	r, err2 := twilio.TaskRouter(t.Context()).FetchWorkflow(ws, string(done.Workspace.Routing))
	apps, err3 := twilio.Voice(t.Context()).ListApplication(nil)
	if err1 != nil || err2 != nil || err3 != nil || len(apps) != 1 {
		t.Fatal(err1, err2, err3, len(apps))
	}
	for what, address := range map[string]*string{
		"events": w.EventCallbackUrl, "assignment": r.AssignmentCallbackUrl, "fallback": r.FallbackAssignmentCallbackUrl, "number": apps[0].VoiceUrl,
	} {
		if !strings.HasPrefix(str(address), s.PublicURL+"/") {
			t.Errorf("%s: still goes to %s", what, str(address))
		}
	}
}

func TestSixDevelopersAndThreeSystemsAreTwentyOneAccounts(t *testing.T) {
	sim, s, _ := office(t)
	all := Environments([]string{"alice", "bob", "carol", "dan", "erin", "frank"})
	if len(all) != 21 {
		t.Fatalf("got %d environments, want 21: %v", len(all), all)
	}
	accounts, workspaces, keys := map[string]string{}, map[string]string{}, map[string]string{}
	for _, e := range all {
		file := map[string]string{}
		s.Environment, s.Key = e, ""
		s.Keep = func(variables map[string]string) error {
			for name, value := range variables {
				file[name] = value
			}
			return nil
		}
		applySetup(t, s)
		settled(t, sim, s, file)
		for what, seen := range map[string]map[string]string{"TWILIO_ACCOUNT_SID": accounts, "TWILIO_WORKSPACE_SID": workspaces, "TWILIO_API_KEY_SID": keys} {
			if other := seen[file[what]]; other != "" {
				t.Errorf("%s and %s share %s", e, other, what)
			}
			seen[file[what]] = e.String()
		}
	}
	main, err := activities.NewTwilio(s.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	list, err := main.Voice(t.Context()).ListAccount(nil)
	if err != nil || len(list) != 1+21 {
		t.Errorf("the main account has %d accounts with itself (%v), want 22", len(list), err)
	}
	// The environments are apart: the credentials of one do not open another.
	s.Environment = all[0]
	alice := plan(t, s)
	s.Environment = all[1]
	bob := plan(t, s)
	if _, err := inside(t, s, alice).TaskRouter(t.Context()).FetchWorkspace(string(bob.Workspace.Workspace)); err == nil {
		t.Errorf("%s reads the workspace of %s", all[0], all[1])
	}
}

func TestNothingIsBoughtOrDeletedUnasked(t *testing.T) {
	sim, s, file := office(t)
	s.Buy = false
	s.Numbers = Numbers{CallerID: "+442079460007", TestPhones: []TestPhone{{"+447700900104", "https://twiml.example.test/busy.xml"}}}
	r := applySetup(t, s)
	left := Outstanding(r.Changes)
	blocked := slices.DeleteFunc(slices.Clone(left), func(c Change) bool { return c.Verb != Blocked })
	if len(blocked) != 2 || !strings.Contains(fmt.Sprint(blocked), "-buy-numbers") {
		t.Errorf("blocked: got %v", blocked)
	}
	if r.CallerID != "" || file["TWILIO_CALLER_ID"] != "" {
		t.Error("there is a number that nobody was to buy")
	}
	// Somebody else's agent and queue are reported and stay.
	api := inside(t, s, r).TaskRouter(t.Context())
	ws := string(r.Workspace.Workspace)
	if _, err := api.CreateWorker(ws, (&taskrouter.CreateWorkerParams{}).SetFriendlyName("zoe")); err != nil {
		t.Fatal(err)
	}
	if _, err := api.CreateTaskQueue(ws, (&taskrouter.CreateTaskQueueParams{}).SetFriendlyName("Old")); err != nil {
		t.Fatal(err)
	}
	s.Key = file["TWILIO_API_KEY_SID"]
	s.Buy = true
	bought := applySetup(t, s)
	if bought.CallerID != "+442079460007" {
		t.Errorf("caller ID: got %q", bought.CallerID)
	}
	alone := fmt.Sprint(bought.Changes)
	if !strings.Contains(alone, `left alone  agent "zoe"`) || !strings.Contains(alone, `left alone  queue "Old"`) {
		t.Errorf("got %s", alone)
	}
	settled(t, sim, s, file)
	s.Delete = true
	if gone := Outstanding(applySetup(t, s).Changes); len(gone) != 2 || gone[0].Verb != Delete || gone[1].Verb != Delete {
		t.Errorf("deleted: got %v, want the agent and the queue", gone)
	}
	settled(t, sim, s, file)
}

func TestANumberOfTheMainAccountIsMovedNotBought(t *testing.T) {
	sim, s, file := office(t)
	s.Buy, s.Numbers = false, Numbers{CallerID: "+442079460007"}
	main, err := activities.NewTwilio(s.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := main.Voice(t.Context()).CreateIncomingPhoneNumber((&api.CreateIncomingPhoneNumberParams{}).SetPhoneNumber("+442079460007")); err != nil {
		t.Fatal(err)
	}
	if r := applySetup(t, s); r.CallerID != "+442079460007" {
		t.Errorf("caller ID: got %q", r.CallerID)
	}
	settled(t, sim, s, file)
}

// failing bites the n-th request that changes something.
func failing(n int, fault simulator.Fault) simulator.Hooks {
	return simulator.Hooks{OnRequest: func(route string, _ url.Values) simulator.Fault {
		if strings.HasPrefix(route, http.MethodGet) {
			return simulator.Fault{}
		}
		if n--; n == 0 {
			return fault
		}
		return simulator.Fault{}
	}}
}

func TestASecondRunCompletesWhatFailedHalfWay(t *testing.T) {
	for name, fault := range map[string]simulator.Fault{
		"503 before": {Status: 503}, "503 after": {Status: 503, AfterEffect: true}, "no answer": {LoseReply: true, AfterEffect: true}, "429": {Status: 429},
	} {
		t.Run(name, func(t *testing.T) {
			for n := 1; ; n++ {
				sim, s, file := office(t)
				sim.SetHooks(failing(n, fault))
				before := len(posts(sim))
				_, err := s.Apply(t.Context())
				if fault.Status == 429 && err != nil {
					t.Fatalf("request %d: 429 was never executed and is to be repeated: %v", n, err)
				}
				if err != nil && !strings.Contains(err.Error(), "run it again") {
					t.Fatalf("request %d: got %v, want to be told that a second run completes it", n, err)
				}
				made := len(posts(sim)) - before
				sim.SetHooks(simulator.Hooks{})
				s.Key = file["TWILIO_API_KEY_SID"]
				applySetup(t, s)
				settled(t, sim, s, file)
				if twins := doubles(t, s); len(twins) > 0 {
					t.Errorf("request %d: made twice: %v", n, twins)
				}
				if made < n {
					return // the fault came too late to bite
				}
			}
		})
	}
}

// doubles are names that more than one thing has, where only one can be meant.
func doubles(t *testing.T, s Setup) (twins []string) {
	t.Helper()
	main, err := activities.NewTwilio(s.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := main.Voice(t.Context()).ListAccount(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(accounts) != 2 {
		twins = append(twins, fmt.Sprintf("%d accounts", len(accounts)))
	}
	r := plan(t, s)
	twilio := inside(t, s, r)
	queues, err1 := twilio.TaskRouter(t.Context()).ListTaskQueue(string(r.Workspace.Workspace), nil)
	numbers, err2 := twilio.Voice(t.Context()).ListIncomingPhoneNumber(nil)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if len(queues) != 2 || len(numbers) != 1 {
		twins = append(twins, fmt.Sprintf("%d queues, %d numbers", len(queues), len(numbers)))
	}
	return twins
}

func TestWhatCannotBeSaysWhatToDo(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Setup)
		want   string
	}{
		"token":   {func(s *Setup) { s.Twilio.AuthToken = "ffffffffffffffffffffffffffffffff" }, "primary auth token"},
		"account": {func(s *Setup) { s.Twilio.AccountSID = "AC99999999999999999999999999999999" }, "does not accept the credentials"},
		"key":     {func(s *Setup) { s.Twilio.AuthToken, s.Twilio.APIKey, s.Twilio.APISecret = "", "SK1", "x" }, "needs the account's auth token"},
		"agent":   {func(s *Setup) { s.Workspace.Agents = []Agent{{Name: "anna smith"}} }, "letters, digits"},
		"country": {func(s *Setup) { s.Numbers.Country = "FR" }, "no such number is on offer"},
	} {
		_, s, _ := office(t)
		c.change(&s)
		_, err := s.Apply(t.Context())
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		} else if strings.Contains(err.Error(), s.Twilio.AuthToken) && s.Twilio.AuthToken != "" {
			t.Errorf("%s: the error repeats the token", name)
		}
	}
}
