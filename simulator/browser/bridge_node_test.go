package browser

import (
	"bufio"
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"switchboard/simulator"
)

// TestTaskRouterSDK is the official library, unmodified: simulator/clients/node/taskrouter.test.mjs.
func TestTaskRouterSDK(t *testing.T) {
	const folder = "../clients/node"
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node.js is not installed; CI installs it")
	}
	if _, err := os.Stat(folder + "/node_modules/twilio-taskrouter"); err != nil {
		t.Skip("the library is not installed: npm ci in simulator/clients/node; make test does it")
	}
	sim := simulator.New(simulator.Options{})
	defer sim.Close()
	sim.SetSoftphone("anna", simulator.Softphone{Rings: 100 * time.Millisecond})
	server, err := New(sim, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	pages := httptest.NewServer(server)
	defer pages.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it takes a quarter of one: a token has to expire
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--test", "--test-force-exit", "--test-reporter=tap", "taskrouter.test.mjs") // its timers outlive the SDK
	node.Dir = folder
	node.Env = append(os.Environ(), "SIMULATOR_URL="+pages.URL)
	node.WaitDelay = 5 * time.Second
	out, err := node.CombinedOutput()
	passed := 0
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if strings.HasPrefix(strings.TrimSpace(lines.Text()), "ok ") {
			passed++
		}
	}
	if err != nil || passed == 0 {
		t.Fatalf("node --test: %v, %d passed\n%s", err, passed, out)
	}
}
