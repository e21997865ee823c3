package features

import (
	"context"
	"flag"
	"fmt"
	"os"
	"regexp"
	"testing"
	"time"

	"switchboard/dev/stack"
	"switchboard/features/chromium"
	"switchboard/features/island"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(envWorld) == "real" {
		os.Exit(m.Run()) // Twilio is beyond this machine
	}
	os.Exit(island.Run(m, build))
}

// build builds what a browser is put in front of, while modules and packages can still be fetched.
func build() error {
	chosen, err := regexp.Compile(flag.Lookup("test.run").Value.String())
	if err != nil || !chosen.MatchString("TestInABrowser") || testing.Short() {
		return nil // m.Run says what is wrong with it
	}
	if _, err := chromium.Find(); err != nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute)
	defer cancel()
	quiet := func(string) {}
	if _, _, err := stack.TemporalCLI(ctx, quiet); err != nil {
		return fmt.Errorf("build the Temporal CLI: %w", err)
	}
	if _, err := stack.Page(ctx, quiet); err != nil {
		return fmt.Errorf("bundle the agents' page: %w", err)
	}
	if _, err := stack.Switchboard(ctx, quiet); err != nil {
		return fmt.Errorf("build Switchboard: %w", err)
	}
	return nil
}
