package main

import (
	"fmt"
	"io"
	"strings"

	"switchboard/simulator"
)

// welcome says where everything is.
func welcome(out io.Writer, address, media string, o simulator.Options, loaded []simulator.Loaded) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(out, format+"\n", args...) }
	say("simulator: listening on %s", address)
	say("  Twilio, all hosts  %s   account %s", address, o.AccountSID)
	say("  browsers           chunderw: %q   sound over UDP at %s", strings.TrimPrefix(address, "http://"), media)
	say("  page               %s/simulator/", address)
	say("  control            %s/simulator/api lists it", address)
	for _, l := range loaded {
		say("  %-18s %s  %s", singular[l.Collection], l.SID, l.Name)
	}
}

// printEnvironment prints shell variables. TWILIO_WORKFLOW_CALLS_SID is the workflow called "calls"; the
// only one of its kind in the main account is TWILIO_WORKFLOW_SID, too.
func printEnvironment(out io.Writer, address string, o simulator.Options, loaded []simulator.Loaded) {
	set := func(name, value string) { _, _ = fmt.Fprintf(out, "%s=%s\n", name, value) }
	set("TWILIO_API_URL", address)
	set("TWILIO_ACCOUNT_SID", o.AccountSID)
	set("TWILIO_AUTH_TOKEN", o.AuthToken)
	count, inMain := map[string]int{}, true
	for _, l := range loaded {
		if inMain = inMain && l.Collection != "Accounts"; inMain {
			count[l.Collection]++
		}
	}
	taken := map[string]int{}
	inMain = true
	for _, l := range loaded {
		kind := "TWILIO_" + variable(singular[l.Collection])
		if inMain = inMain && l.Collection != "Accounts"; inMain && count[l.Collection] == 1 {
			set(kind+"_SID", l.SID)
		}
		name := kind + "_" + variable(l.Name)
		if taken[name]++; taken[name] > 1 {
			name += fmt.Sprintf("_%d", taken[name]) // of the same name, in another workspace or account
		}
		set(name+"_SID", l.SID)
		if l.Secret != "" {
			set(name+"_SECRET", l.Secret)
		}
	}
}

// singular is what one of a collection is called.
var singular = map[string]string{
	"Accounts": "subaccount", "Keys": "key", "Workspaces": "workspace", "Activities": "activity", "TaskChannels": "task channel",
	"TaskQueues": "task queue", "Workflows": "workflow", "Workers": "worker", "Applications": "application",
	"IncomingPhoneNumbers": "number",
}

// variable makes a name that a shell understands.
func variable(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, name), "_")
}
