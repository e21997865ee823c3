// Command provision is `switchboard provision` for those who have the sources: `go run ./deploy/provision -h`. It holds no
// logic of its own; start with package provision/command.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"switchboard/provision/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code, err := command.Run(ctx, os.Args[1:], command.Shell(), os.LookupEnv)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "provision:", err)
	}
	os.Exit(code)
}
