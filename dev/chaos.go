package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"switchboard/dev/chaos"
	"switchboard/dev/stack"
)

// Without flags the requests come at this pace, and each agent has time for so many at once.
const (
	chaosPace  = 2 * time.Second // between two requests
	chaosCalls = 20
)

const (
	faultsDrawn = "drawn"
	faultsNone  = "none"
	faultsLost  = "webhooks-all-lost"
)

// runChaos does a run of package chaos. Exit code 0: nothing is wrong; 2: something is; 1: it could not be done.
func runChaos(ctx context.Context, args []string, out *os.File) error {
	o := chaos.Options{Tell: tell}
	flags := flag.NewFlagSet("dev chaos", flag.ContinueOnError)
	flags.Uint64Var(&o.Seed, "seed", 1, "the `number` that everything is drawn from")
	flags.IntVar(&o.Calls, "calls", chaosCalls, "how many requests come in")
	flags.DurationVar(&o.Over, "over", 0, "within how `long` they come and the harm is done; default: 2s for each call")
	flags.IntVar(&o.Agents, "agents", 0, "how many robot agents there are; default: enough for the pace")
	flags.IntVar(&o.Kills, "kills", 0, "how often each process is killed; default: one in 30 calls, and at least once")
	flags.DurationVar(&o.Settle, "settle", 10*time.Minute, "how `long` calls may take to end after everything is healed")
	faults := flags.String("faults", faultsDrawn, "what goes wrong at Twilio and to our processes: `"+strings.Join([]string{faultsDrawn, faultsNone, faultsLost}, ", ")+
		"`; the last is peace but for every webhook, not one of which arrives")
	flags.BoolVar(&o.Rolling, "rolling", false, "all calls are live at once, and the only harm is that worker and webhook are replaced, as by a deployment")
	report := flags.String("report", "", "`file` for the report, JSON; default: one in .dev/chaos")
	compare := flags.String("compare", "", "an earlier report, whose `file` tells what each step took without what is tried now")
	if err := parse(flags, args, "Kills and pauses processes, cuts Twilio off and loses its webhooks while calls go on; heals everything, and judges what\n"+
		"the phones experienced. A seed decides what is done. It uses a stack of its own, never the data of `make run`."); err != nil {
		return err
	}
	switch *faults {
	case faultsDrawn:
	case faultsNone, faultsLost:
		o.Peace, o.WebhooksLost = true, *faults == faultsLost
	default:
		return fmt.Errorf("-faults %s: use %s, %s or %s", *faults, faultsDrawn, faultsNone, faultsLost)
	}
	completeChaos(&o)
	var before *chaos.Report
	if *compare != "" {
		text, err := os.ReadFile(*compare)
		if err == nil {
			err = json.Unmarshal(text, &before)
		}
		if err != nil {
			return fmt.Errorf("-compare: %w", err)
		}
	}
	if *report == "" {
		*report = filepath.Join(".dev", "chaos", fmt.Sprintf("seed-%d.json", o.Seed))
	}
	o.Dir = strings.TrimSuffix(*report, ".json") + "-" + stack.NewID()
	o.Command = "go run ./dev chaos " + strings.Join(args, " ")

	t := newTerminal(out)
	o.Progress, o.Out = t, lineWriter{t}
	t.line("%s seed %d: %d calls and %d agents within %v; logs and stories in %s\n", t.bold("Chaos,"), o.Seed, o.Calls, o.Agents, o.Over, o.Dir)
	for _, h := range chaos.Schedule(o) {
		t.line("  %s", t.dim(h.String()))
	}
	result, err := chaos.Run(ctx, o)
	if err != nil && ctx.Err() != nil {
		return exitError(130)
	}
	if err != nil {
		return err
	}
	result.Write(out, before)
	if err := chaos.Save(result, *report); err != nil {
		return err
	}
	if !result.OK() {
		return exitError(2)
	}
	return nil
}

// completeChaos fills in what was left out.
func completeChaos(o *chaos.Options) {
	if o.Over == 0 {
		o.Over = time.Duration(o.Calls) * chaosPace
	}
	if o.Kills == 0 {
		o.Kills = max(1, o.Calls/30)
	}
	if o.Agents == 0 {
		// A call has an agent for about half a minute; twice as many agents, for those who missed a call.
		o.Agents = max(4, int(2*30*time.Second*time.Duration(o.Calls)/o.Over))
		if o.Rolling {
			o.Agents = o.Calls + o.Calls/10
		}
	}
}

// lineWriter prints above whatever the terminal is drawing.
type lineWriter struct{ t *terminal }

func (w lineWriter) Write(text []byte) (int, error) {
	w.t.line("%s", strings.TrimSuffix(string(text), "\n"))
	return len(text), nil
}
