package main

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"switchboard/config"
	"switchboard/simulator"
)

func TestProvisionTwiceGivesTheSameWorkspace(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	defer sim.Close()
	server := httptest.NewServer(sim)
	defer server.Close()
	cfg := config.Provision{
		AccountSID: simulator.DefaultAccountSID, AuthToken: simulator.DefaultAuthToken, APIURL: server.URL,
		PublicURL: "https://calls.example.com",
	}
	var agents agentList
	for _, text := range []string{"anna:landlord, claims", "ben"} {
		if err := agents.Set(text); err != nil {
			t.Fatal(err)
		}
	}
	if agents[0].Name != "anna" || !slices.Equal(agents[0].Skills, []string{"landlord", "claims"}) || agents[1].Skills != nil {
		t.Fatalf("got %+v", agents)
	}
	var first, second strings.Builder
	if err := provisionWorkspace(t.Context(), cfg, agents, &first); err != nil {
		t.Fatal(err)
	}
	if err := provisionWorkspace(t.Context(), cfg, agents, &second); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || !strings.Contains(first.String(), "TWILIO_WORKSPACE_SID=WS") || !strings.Contains(first.String(), "TWILIO_WORKFLOW_SID=WW") {
		t.Errorf("first:\n%ssecond:\n%s", first.String(), second.String())
	}
	if err := new(agentList).Set(":claims"); err == nil {
		t.Error("an agent without a name was accepted")
	}
}
