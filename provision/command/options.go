package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"switchboard/provision"
	"switchboard/provision/tunnel"
)

// DefaultFile describes the centre where -file names no other.
const DefaultFile = "deploy/centre.yaml"

// Options are the flags.
type Options struct {
	File        string
	Environment provision.Environment
	// PublicURL is an address, or Auto; "": SWITCHBOARD_PUBLIC_URL.
	PublicURL string
	Tunnel    tunnel.Options
	EnvFile   string // "none": no secrets are kept and no key is made
	Apply     bool
	Buy       bool
	Delete    bool
	// Given are variables that the processes get from elsewhere: nobody is told that they are missing.
	Given map[string]string
}

// Auto is the -public-url that is found by itself.
const Auto = "auto"

const (
	noEnvFile = "none"
	intro     = `Sets up at Twilio what the file describes: the environment's account, its TaskRouter workspace, the number that
callers see and the key of the agents' page. It shows what it would change, changes it with -apply (or after a question,
at a terminal), and writes the environment file that the processes read. It is safe to run again at any time.

TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are those of the main account, or of the environment's own.
Exit code: 0 all is as described, 2 changes are outstanding, 1 something failed.
`
)

// Parse reads the flags.
func Parse(args []string, out io.Writer) (Options, error) {
	var o Options
	var name, developer string
	flags := flag.NewFlagSet("provision", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // an error is told once, by main
	flags.StringVar(&o.File, "file", DefaultFile, "`file` that describes the centre")
	flags.StringVar(&name, "environment", "", "`name` of the environment: dev, test, integration, staging or production; without it, the account of the credentials itself")
	flags.StringVar(&developer, "developer", "", "`name` of the developer whose environment it is")
	flags.StringVar(&o.PublicURL, "public-url", "", "`address` at which Twilio reaches the webhook process, or auto: that of the tunnel that runs here; SWITCHBOARD_PUBLIC_URL unless given")
	flags.StringVar(&o.Tunnel.Command, "public-url-command", "", "`command` that prints the tunnel's address on its last line, in place of ngrok; goes with -public-url auto")
	flags.Func("ngrok-api", "`address` of ngrok's agent, where it is neither http://127.0.0.1:4040 nor …:4041", func(api string) error {
		o.Tunnel.APIs = []string{api}
		return nil
	})
	flags.StringVar(&o.Tunnel.Port, "tunnel-port", "8080", "`port` of the webhook process on this machine, to know its tunnel from others")
	flags.DurationVar(&o.Tunnel.Wait, "public-url-wait", 30*time.Second, "how `long` a tunnel may take to come")
	flags.StringVar(&o.EnvFile, "env-file", "", "`file` of variables for the processes; .env.<environment> unless given; none: write nothing and make no key")
	flags.BoolVar(&o.Apply, "apply", false, "make the changes")
	flags.BoolVar(&o.Buy, "buy-numbers", false, "numbers that are described and nobody here has may be bought: they cost money every month")
	flags.BoolVar(&o.Delete, "delete", false, "agents and queues of the workspace that are not described may be deleted")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(out, "%s\n", intro)
		flags.SetOutput(out)
		flags.PrintDefaults()
		return o, err
	}
	if err != nil {
		return o, fmt.Errorf("%w (-h lists the flags)", err)
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("%q is not a flag (-h lists them)", flags.Arg(0))
	}
	if name != "" || developer != "" {
		if o.Environment, err = provision.NewEnvironment(name, developer); err != nil {
			return o, err
		}
	}
	if o.Tunnel.Command != "" && o.PublicURL != Auto {
		return o, errors.New("-public-url-command goes with -public-url auto")
	}
	return o, nil
}

// EnvFileName is where the variables go if nobody says otherwise.
func (o Options) EnvFileName() string {
	switch {
	case o.EnvFile != "":
		return o.EnvFile
	case o.Environment.Name == "":
		return ".env"
	}
	return ".env." + o.Environment.String()
}
