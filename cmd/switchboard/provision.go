package main

import (
	"context"
	"os"

	"switchboard/provision/command"
)

// runProvision sets an environment up at Twilio, or mends it; see package command.
func runProvision(ctx context.Context, args []string) error {
	code, err := command.Run(ctx, args, command.Shell(), os.LookupEnv)
	if err == nil && code != command.ExitDone {
		return exitError(code)
	}
	return err
}
