// Package clients tests the simulator with the official helper libraries of other languages, unmodified. It contains
// no code of the product: start reading at node/callcentre.test.mjs, and at node/simulator.mjs for how a client is
// pointed at the simulator.
package clients

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

func TestNodeLibrary(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node.js is not installed; CI installs it")
	}
	if _, err := os.Stat("node/node_modules/twilio"); err != nil {
		t.Skip("the library is not installed: npm ci in simulator/clients/node; make test does it")
	}
	sim := simulator.New(simulator.Options{})
	defer sim.Close()
	sim.SetSoftphone("anna", simulator.Softphone{Rings: 100 * time.Millisecond})
	server := httptest.NewServer(sim)
	defer server.Close()

	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it takes seconds
	defer cancel()
	node := exec.CommandContext(ctx, "node", "--test", "--test-reporter=tap", "callcentre.test.mjs")
	node.Dir = "node"
	node.Env = append(os.Environ(), "SIMULATOR_URL="+server.URL)
	node.WaitDelay = 5 * time.Second
	out, err := node.CombinedOutput()
	passed := 0
	for lines := bufio.NewScanner(strings.NewReader(string(out))); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "ok ") {
			passed++
		}
	}
	if err != nil || passed == 0 {
		t.Fatalf("node --test: %v, %d passed\n%s", err, passed, out)
	}
}
