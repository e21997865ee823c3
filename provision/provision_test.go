package provision

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	taskrouter "github.com/twilio/twilio-go/rest/taskrouter/v1"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/simulator"
)

const public = "https://calls.example.test"

type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

func newAccount(t *testing.T, u simulator.Uncertain) (*simulator.Simulator, Config) {
	sim := simulator.New(simulator.Options{Webhooks: silent{}, Uncertain: u})
	t.Cleanup(sim.Close)
	return sim, Config{
		Twilio:    activities.TwilioConfig{AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, Transport: sim.Transport()},
		PublicURL: public + "/",
		Agents:    []Agent{{Name: "anna", Skills: []string{"vans"}}, {Name: "bob"}},
	}
}

func apply(t *testing.T, cfg Config) Workspace {
	t.Helper()
	w, err := Apply(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func posts(sim *simulator.Simulator) (out []string) {
	for _, r := range sim.Requests() {
		if r.Method != http.MethodGet {
			out = append(out, fmt.Sprint(r.Method, " ", r.Route, " ", r.Status, " ", r.Summary))
		}
	}
	return out
}

func check(t *testing.T, cfg Config, w Workspace) []string {
	t.Helper()
	cfg.Twilio.Workspace, cfg.Twilio.Routing = w.Workspace, w.Routing
	problems, err := Check(t.Context(), Expected{Twilio: cfg.Twilio, PublicURL: public, Statuses: w.ForActivities(), AgentRings: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return problems
}

func TestApplyTwiceChangesNothing(t *testing.T) {
	for _, u := range []simulator.Uncertain{{}, {ListsOmitAttributes: true}} {
		sim, cfg := newAccount(t, u)
		first := apply(t, cfg)
		before := len(posts(sim))
		second := apply(t, cfg)
		if after := posts(sim); len(after) != before {
			t.Errorf("the second run changed something: %v", after[before:])
		}
		if fmt.Sprint(first) != fmt.Sprint(second) {
			t.Errorf("the runs disagree:\n%v\n%v", first, second)
		}
		if problems := check(t, cfg, first); len(problems) > 0 {
			t.Errorf("the check finds fault with a fresh workspace: %v", problems)
		}
	}
}

func TestApplyMendsWhatSomebodyChanged(t *testing.T) {
	sim, cfg := newAccount(t, simulator.Uncertain{})
	w := apply(t, cfg)
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	api, ws := twilio.TaskRouter(t.Context()), string(w.Workspace)
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	spoiled := []struct {
		name string
		do   func()
		want string // in the check's sentences
	}{
		{"timeout status", func() {
			must(api.UpdateWorkspace(ws, (&taskrouter.UpdateWorkspaceParams{}).SetTimeoutActivitySid(string(w.Statuses[StatusOffline]))))
		}, "TimeoutActivity"},
		{"event callback", func() {
			must(api.UpdateWorkspace(ws, (&taskrouter.UpdateWorkspaceParams{}).SetEventCallbackUrl("https://old.example.test/x")))
		}, "events do not come to"},
		{"events", func() {
			must(api.UpdateWorkspace(ws, (&taskrouter.UpdateWorkspaceParams{}).SetEventsFilter("task.created")))
		}, "exactly the events"},
		{"reservation timeout", func() {
			must(api.UpdateWorkflow(ws, string(w.Routing), (&taskrouter.UpdateWorkflowParams{}).SetTaskReservationTimeout(30)))
		}, "raise TaskReservationTimeout"},
		{"assignment callback", func() {
			must(api.UpdateWorkflow(ws, string(w.Routing), (&taskrouter.UpdateWorkflowParams{}).SetAssignmentCallbackUrl("https://old.example.test/x")))
		}, "assignment callbacks"},
		{"routing", func() {
			conf := fmt.Sprintf(`{"task_routing":{"filters":[{"filter_friendly_name":"all","expression":"1==1","targets":[{"queue":"%s"}]}]}}`, w.Queue)
			must(api.UpdateWorkflow(ws, string(w.Routing), (&taskrouter.UpdateWorkflowParams{}).SetConfiguration(conf)))
		}, "does not mention task.declined_by"},
		{"capacity", func() {
			must(api.UpdateWorkerChannel(ws, string(w.Agents["bob"]), "voice", (&taskrouter.UpdateWorkerChannelParams{}).SetCapacity(2)))
		}, "Agent bob"},
	}
	for _, s := range spoiled {
		t.Run(s.name, func(t *testing.T) {
			s.do()
			problems := check(t, cfg, w)
			if len(problems) != 1 || !strings.Contains(problems[0], s.want) {
				t.Errorf("problems: got %v, want one of %q", problems, s.want)
			}
			before := len(posts(sim))
			apply(t, cfg)
			if after := posts(sim); len(after) != before+1 {
				t.Errorf("mending took %v, want one request", after[before:])
			}
			if problems := check(t, cfg, w); len(problems) > 0 {
				t.Errorf("after mending: %v", problems)
			}
		})
	}
}

func TestApplyKeepsOthersAttributesOfAnAgent(t *testing.T) {
	_, cfg := newAccount(t, simulator.Uncertain{})
	w := apply(t, cfg)
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	api := twilio.TaskRouter(t.Context())
	if _, err := api.UpdateWorker(string(w.Workspace), string(w.Agents["anna"]), (&taskrouter.UpdateWorkerParams{}).SetAttributes(`{"desk":7,"skills":[]}`)); err != nil {
		t.Fatal(err)
	}
	apply(t, cfg)
	got, err := api.FetchWorker(string(w.Workspace), string(w.Agents["anna"]))
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"contact_uri":"client:anna","desk":7,"skills":["vans"]}`; *got.Attributes != want {
		t.Errorf("got %s, want %s", *got.Attributes, want)
	}
}

// More agents than a page holds, and than one statistic of Twilio's can take.
func TestManyAgents(t *testing.T) {
	sim, cfg := newAccount(t, simulator.Uncertain{})
	cfg.Agents = nil
	for i := range 120 {
		cfg.Agents = append(cfg.Agents, Agent{Name: fmt.Sprintf("agent_%d", i)})
	}
	w := apply(t, cfg)
	before := len(posts(sim))
	apply(t, cfg)
	if after := posts(sim); len(after) != before {
		t.Errorf("the second run changed something: %v", after[before:])
	}
	if problems := check(t, cfg, w); len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
}

func TestCheckTellsOfMissingAndWrongStatuses(t *testing.T) {
	_, cfg := newAccount(t, simulator.Uncertain{})
	w := apply(t, cfg)
	wrong := w
	wrong.Statuses = map[string]sb.AgentStatusSID{StatusAvailable: w.Statuses[StatusOffline], StatusMissed: "WA00000000000000000000000000000000"}
	problems := check(t, cfg, wrong)
	if len(problems) != 2 || !strings.Contains(problems[0], "wrong availability") || !strings.Contains(problems[1], "is not in workspace") {
		t.Errorf("got %v", problems)
	}
	twilio, err := activities.NewTwilio(cfg.Twilio)
	if err != nil {
		t.Fatal(err)
	}
	rename := (&taskrouter.UpdateActivityParams{}).SetFriendlyName("Tea")
	if _, err := twilio.TaskRouter(t.Context()).UpdateActivity(string(w.Workspace), string(w.Statuses[StatusBreak]), rename); err != nil {
		t.Fatal(err)
	}
	if problems := check(t, cfg, w); len(problems) != 1 || !strings.Contains(problems[0], `"On a break" is missing`) {
		t.Errorf("got %v", problems)
	}
}

func TestUnusableNames(t *testing.T) {
	_, cfg := newAccount(t, simulator.Uncertain{})
	cfg.Agents = []Agent{{Name: "anna smith"}}
	if _, err := Apply(t.Context(), cfg); err == nil {
		t.Error("an agent's name with a space was taken")
	}
}
