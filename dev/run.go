package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
	"switchboard/provision/command"
	"switchboard/simulator/sound"
)

// addressFlags are the flags by which each part's address is chosen.
var addressFlags = map[string]string{
	"Webhook": "-http", "Simulator": "-simulator", "Temporal": "-temporal", "TemporalUI": "-temporal-ui", "Kafka": "-kafka", "Intake": "-intake",
}

// skills are what every agent knows, so that whatever a sample asks for, somebody can take it.
var skills = []string{"landlord", "van", "shop"}

// samples are requests that end well, in turn.
var samples = []sb.Request{
	{Caller: sb.Caller{Phone: "+447700900001", Name: "Zoë Clarke"}, Reason: "Renewal of her landlord insurance", Skills: []string{"landlord"}},
	{Caller: sb.Caller{Phone: "+447700900002", Name: "Amir Khan"}, Reason: "A claim: his van was broken into", Skills: []string{"van"}},
	{Caller: sb.Caller{Phone: "+447700900011", Name: "Grace Okoye"}, Reason: "A quote for her flower shop", Skills: []string{"shop"}},
	{Caller: sb.Caller{Phone: "+447700900012", Name: "Tomasz Nowak"}, Reason: "Adding a second van", Skills: []string{"van"}},
	{Caller: sb.Caller{Phone: "+447700900008", Name: "Megan Price"}, Reason: "A letter she does not understand"},
}

type runFlags struct {
	listen          stack.Addresses
	data            string
	agents, samples int
	people          []string
	encrypt         bool

	twilio, developer string
	account           command.Options // of -twilio real
}

func parseRunFlags(args []string) (runFlags, error) {
	var f runFlags
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	flags.StringVar(&f.listen.Webhook, "http", "127.0.0.1:8080", "`address` of the webhook process, where Twilio calls back")
	flags.StringVar(&f.listen.Simulator, "simulator", "127.0.0.1:8090", "`address` of the Twilio simulator")
	flags.StringVar(&f.listen.Temporal, "temporal", "127.0.0.1:7233", "`address` of the Temporal server")
	flags.StringVar(&f.listen.TemporalUI, "temporal-ui", "127.0.0.1:8233", "`address` of Temporal's web UI")
	flags.StringVar(&f.listen.Kafka, "kafka", "127.0.0.1:9092", "`address` of the Kafka broker")
	flags.StringVar(&f.listen.Intake, "intake", "127.0.0.1:8081", "`address` of the intake's health checks")
	flags.StringVar(&f.data, "data", ".dev", "`folder` of the state, which survives a restart")
	flags.IntVar(&f.agents, "agents", 2, "how many robot agents take calls")
	flags.BoolVar(&f.encrypt, "encrypt", false, "encrypt what Temporal keeps, with a key of the folder's own")
	people := flags.String("people", "alice,bob", "`names` of agents at whose page somebody sits, separated by commas")
	flags.IntVar(&f.samples, "samples", 3, "how many sample requests to place; none with -twilio real, where telephones would ring")
	accountFlags(flags, &f)
	if err := parse(flags, args, "Runs the whole product on this machine until Ctrl-C."); err != nil {
		return f, err
	}
	if f.agents < 0 || f.agents > 1000 || f.samples < 0 || f.samples > 1000 {
		return f, errors.New("-agents and -samples must be between 0 and 1000")
	}
	for name := range strings.SplitSeq(*people, ",") {
		if name = strings.TrimSpace(name); name != "" {
			f.people = append(f.people, name)
		}
	}
	if f.twilio == realTwilio { // agents are described, and nobody's telephone rings unasked
		f.agents, f.samples, f.people = 0, 0, nil
	}
	return f, nil
}

// run is the whole product until Ctrl-C; insist is closed by a second one.
func run(ctx context.Context, args []string, insist <-chan struct{}) error {
	f, err := parseRunFlags(args)
	if err != nil {
		return err
	}
	t := newTerminal(os.Stdout)
	own, err := f.realAccount()
	if err != nil {
		return err
	}
	var at *stack.Account
	if own != nil {
		if at, err = own.setUp(ctx, t); err != nil {
			return err
		}
		f.listen.Simulator = "" // there is none
	}
	voice, err := sound.EspeakNG()
	if err != nil { // not installed
		voice = nil
	}
	t.line("%s the whole call process on this machine; state in %s\n", t.bold("Switchboard:"), f.data)
	began := time.Now()
	s, err := stack.Start(ctx, stack.Options{
		Dir: f.data, Listen: f.listen, Agents: f.agents, People: f.people, Skills: skills, Speak: voice, KeepAlive: true, Encrypt: f.encrypt, Progress: t, Insist: insist,
		Account: at,
	})
	if err != nil && ctx.Err() != nil {
		t.line("\nStopped before everything had started.")
		return exitError(130)
	}
	if err != nil {
		return explain(err)
	}
	t.line("\nReady after %s.\n", seconds(time.Since(began)))
	t.addresses(s, f.data, f.people)
	if own != nil {
		go own.follow(ctx, t, lookForTunnel, s.Readdress)
	}
	if f.encrypt {
		t.line("What Temporal keeps is encrypted. To read it, sign in at %s as operator, open %s,", s.PageURL(), s.TemporalUIURL())
		t.line("enter %s in its codec server settings (the glasses, top right), have it include", s.CodecEndpoint())
		t.line("cross-origin credentials, and load the page again.\n")
	}
	err = follow(ctx, t, s, f)
	t.line("\nStopping; Ctrl-C again does not wait.\n")
	stopErr := s.Stop()
	select {
	case <-insist:
		t.line("\nKilled what had not stopped yet. What was under way goes on after the next start.")
		return exitError(130)
	default:
	}
	if stopErr != nil {
		return errors.Join(err, stopErr)
	}
	t.line("\nStopped. %s goes on where this ended; %s forgets.", t.bold("make run"), t.bold("make clean"))
	return err
}

// explain says what the user can do about an error of Start.
func explain(err error) error {
	var b strings.Builder
	for _, e := range allOf(err) {
		switch e := e.(type) {
		case *stack.AddressError:
			fmt.Fprintf(&b, "\n  %s %s; choose another with %s %s", e.Address, e.Problem, addressFlags[e.Part], e.Free)
		case *stack.InUseError:
			fmt.Fprintf(&b, "\n  %v; stop that one, or choose another with -data", e)
		}
	}
	if b.Len() == 0 {
		return err
	}
	return errors.New("nothing was started:" + b.String())
}

// allOf is an error and everything it wraps.
func allOf(err error) []error {
	all := []error{err}
	switch e := err.(type) {
	case interface{ Unwrap() error }:
		all = append(all, allOf(e.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, one := range e.Unwrap() {
			all = append(all, allOf(one)...)
		}
	}
	return all
}

func (t *terminal) addresses(s *stack.Stack, data string, people []string) {
	at := s.At()
	rows := [][3]string{
		{"Temporal UI", workflowList(s.TemporalUIURL()), "every call, live"},
		{"Kafka", at.Kafka, strings.Join([]string{sb.TopicRequests, sb.TopicEvents, sb.TopicDeadLetters}, ", ")},
		{"Twilio", "http://" + at.Simulator, "the simulator's page: calls, agents, webhooks, live"},
		{"Webhook", "http://" + at.Webhook, "where Twilio calls back"},
		{"Logs", filepath.Join(data, "logs"), "worker, webhook, intake, temporal, kafka, simulator"},
	}
	if s.Simulator() == nil {
		rows[2] = [3]string{"Twilio", "real", "calls cost money, and telephones ring"}
		rows = slices.Insert(rows, 0, [3]string{"Agents' page", s.PageURL(), "sign in with your identity provider"})
	}
	if len(people) > 0 {
		rows = slices.Insert(rows, 0, [3]string{"Agents' page", s.PageURL(), "sign in as " + strings.Join(people, " or ") + " and take calls"})
	}
	for _, row := range rows {
		text := "  " + t.bold(pad(row[0], 12)) + " " + row[1]
		if plain := len("  ") + 12 + len(" ") + len(row[1]) + len("  ") + len(row[2]); t.width == 0 || plain <= t.width {
			text += "  " + t.dim(row[2])
		}
		t.line("%s", text)
	}
	t.line("")
}

// workflowList is the Temporal UI's list of calls, newest first.
func workflowList(ui string) string {
	return ui + "/namespaces/" + stack.Namespace + "/workflows?query=" + url.QueryEscape("WorkflowType='"+sb.CallWorkflow+"'")
}

// follow places the samples and tells how every call goes, whoever asked for it, until ctx ends.
func follow(ctx context.Context, t *terminal, s *stack.Stack, f runFlags) error {
	w, err := s.Watch(ctx, false)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer w.Close()
	robots := robotsOf(s, t, f.agents)
	go robots.stepAside(ctx)
	names := map[sb.CallID]string{}
	run := stack.NewID()
	for i := range f.samples {
		r := samples[i%len(samples)]
		r.ID = fmt.Sprintf("sample-%s-%d", run, i+1)
		call, err := s.Request(ctx, r)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fmt.Errorf("place a sample request: %w", err)
		}
		names[call] = r.Caller.Name
		t.event(time.Now(), r.Caller.Name, "asks to be called back: "+r.Reason)
	}
	open, completed := f.samples, 0
	if open == 0 {
		t.hint(s)
	}
	for {
		e, err := w.Next(ctx)
		if err != nil {
			return nil // Ctrl-C
		}
		name, sample := names[e.Call]
		if !sample {
			if _, id, err := e.Call.Split(); err == nil {
				name = id
			}
		}
		t.event(e.Time, name, tell(e, s.AgentName))
		robots.takeNotes(ctx, e)
		if sample && e.Data.Stage == sb.StageEnded {
			open--
			if e.Data.Outcome == sb.Completed {
				completed++
			}
			if open == 0 {
				t.line("\nAll %d samples have ended, %d with a conversation.", f.samples, completed)
				t.hint(s)
			}
		}
	}
}

// hint says how to go on.
func (t *terminal) hint(s *stack.Stack) {
	kafka, phone, others := "", "+447700900001", "phones …002 to …009 behave otherwise: …003 never answers, …004 is busy, …006 cannot be reached"
	if s.Simulator() == nil {
		phone, others = "+44…", "a telephone will ring, and the call costs money"
	}
	if host, port, err := net.SplitHostPort(s.At().Kafka); err != nil || host != "127.0.0.1" || port != "9092" {
		kafka = " -kafka " + s.At().Kafka
	}
	t.line("Ask for another from a second terminal, or press Ctrl-C to stop:")
	t.line("  %s", t.bold("go run ./dev request"+kafka+" -phone "+phone+" -name Kim -wait"))
	t.line("  %s\n", t.dim(others))
}

// build makes what a stack needs, so that tests need not wait for it.
func build(ctx context.Context) error {
	t := newTerminal(os.Stdout)
	step := t.Step("Temporal CLI")
	_, result, err := stack.TemporalCLI(ctx, step.Detail)
	step.Done(result, err)
	if err != nil {
		return err
	}
	if err := bundle(ctx); err != nil {
		return err
	}
	step = t.Step("Broker")
	_, err = stack.Broker(ctx, step.Detail)
	step.Done("built", err)
	if err != nil {
		return err
	}
	step = t.Step("Switchboard")
	_, err = stack.Switchboard(ctx, step.Detail)
	step.Done("worker, webhook and intake built", err)
	return err
}

// bundle makes the agents' page, which the webhook process has in it.
func bundle(ctx context.Context) error {
	step := newTerminal(os.Stdout).Step("Agents' page")
	result, err := stack.Page(ctx, step.Detail)
	step.Done(result, err)
	return err
}
