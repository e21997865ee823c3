// Command switchboard is the three processes of the product, one at a time: `switchboard worker`, `switchboard webhook`,
// `switchboard intake`; `switchboard provision`, which sets their account up at Twilio; `switchboard healthcheck`, which asks
// one of them how it is; and `switchboard version`. The processes take everything from the environment (package config), and
// the program holds no logic of its own.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	"go.temporal.io/sdk/log"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/codec"
	"switchboard/config"
	"switchboard/desktop"
	"switchboard/events"
	"switchboard/health"
	"switchboard/intake"
	"switchboard/provision"
	"switchboard/telemetry"
	"switchboard/webhook"
	"switchboard/worker"
)

const usage = "usage: switchboard worker | webhook | intake | healthcheck URL | version: configured by the environment, see docs/operating.md; " +
	"or switchboard provision [flags], see docs/provisioning.md"

// exitError ends the program with a code and nothing more to say.
type exitError int

func (e exitError) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

func main() {
	// The first signal asks to stop, the second one insists.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	err := run(ctx, os.Args[1:])
	if code, ok := errors.AsType[exitError](err); ok {
		os.Exit(int(code))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "switchboard: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "provision" {
		return runProvision(ctx, args[1:])
	}
	if len(args) == 2 && args[0] == "healthcheck" {
		return health.Ask(ctx, args[1])
	}
	if len(args) == 1 && (args[0] == "version" || args[0] == "-version" || args[0] == "--version") {
		_, err := fmt.Println(shownVersion())
		return err
	}
	processes := map[string]func(context.Context) error{"worker": runWorker, "webhook": runWebhook, "intake": runIntake}
	if len(args) != 1 || processes[args[0]] == nil {
		return errors.New(usage)
	}
	return processes[args[0]](ctx)
}

func runWorker(ctx context.Context) error {
	cfg, err := config.LoadWorker(os.LookupEnv)
	if err != nil {
		return err
	}
	if cfg.Deployment, err = cfg.Deployment.Stamped(buildVersion()); err != nil {
		return err
	}
	logger := newLogger(cfg.Log, "worker")
	tel, end, err := observe("worker", cfg.Tracing, logger)
	if err != nil {
		return err
	}
	defer end()
	temporal, namespace, err := dial(logger, tel, cfg.Encryption)
	if err != nil {
		return err
	}
	defer temporal.Close()
	publisher, err := events.NewPublisher(kafka(cfg.Kafka, "switchboard-worker"), sb.TopicEvents)
	if err != nil {
		return err
	}
	defer publisher.Close()
	return worker.Run(ctx, worker.Config{
		Temporal: temporal, Namespace: namespace, Encryption: cfg.Encryption, Events: publisher, Logger: logger, PublicURL: cfg.PublicURL, CallerID: cfg.Twilio.CallerID,
		Dialling: cfg.Dialling, CallsPerSecond: cfg.CallsPerSecond, AgentRings: time.Duration(cfg.Policy.AgentRings),
		Listen: cfg.Listen, Deployment: cfg.Deployment, Telemetry: tel,
		Twilio: activities.TwilioConfig{
			Telemetry:  tel,
			AccountSID: cfg.Twilio.AccountSID, AuthToken: cfg.Twilio.AuthToken, APIURL: cfg.Twilio.APIURL,
			Workspace: cfg.Twilio.Workspace, Routing: cfg.Twilio.Routing,
		},
	})
}

func runWebhook(ctx context.Context) error {
	cfg, err := config.LoadWebhook(os.LookupEnv)
	if err != nil {
		return err
	}
	logger := newLogger(cfg.Log, "webhook")
	tel, end, err := observe("webhook", cfg.Tracing, logger)
	if err != nil {
		return err
	}
	defer end()
	temporal, _, err := dial(logger, tel, cfg.Encryption)
	if err != nil {
		return err
	}
	defer temporal.Close()
	callbacks := webhook.Config{
		PublicURL: cfg.PublicURL, Calls: webhook.Temporal(temporal), Telemetry: tel, Logger: logger,
		AuthTokens: func(account sb.AccountSID) []string {
			if account == cfg.AccountSID {
				return []string{cfg.AuthToken}
			}
			return nil
		},
	}
	serving := webhook.RunConfig{Address: cfg.Listen, Setting: "SWITCHBOARD_WEBHOOK_LISTEN", Logger: logger}
	if cfg.Desktop != nil {
		page, err := desktop.New(desktopConfig(cfg, temporal, tel, logger))
		if err != nil {
			return err
		}
		callbacks.Page, serving.Ending = page, page.Close
		if cfg.TemporalUI != "" {
			callbacks.Codec, err = codec.NewServer(codec.ServerConfig{Keys: cfg.Encryption, UI: cfg.TemporalUI, Allow: page.Operator, Logger: logger})
			if err != nil {
				return err
			}
		}
	}
	if serving.Handler, err = webhook.New(callbacks); err != nil {
		return err
	}
	operations, err := health.Listen(ctx, cfg.Operations, "SWITCHBOARD_WEBHOOK_OPERATIONS_LISTEN")
	if err != nil {
		return err
	}
	mux := health.New(func(ctx context.Context) []string {
		if callbacks.Calls.Reachable(ctx) != nil {
			return []string{"Temporal cannot be reached: callbacks are refused, and Twilio sends them again"}
		}
		return nil
	})
	mux.Handle("GET /metrics", tel.Handler())
	defer health.Serve(operations, mux)()
	return webhook.Run(ctx, serving)
}

func desktopConfig(cfg config.Webhook, temporal client.Client, tel *telemetry.Telemetry, logger *slog.Logger) desktop.Config {
	d := cfg.Desktop
	out := desktop.Config{
		PublicURL: cfg.PublicURL,
		Twilio: activities.TwilioConfig{
			AccountSID: cfg.AccountSID, AuthToken: cfg.AuthToken, APIKey: d.APIKey, APISecret: d.APISecret, APIURL: d.APIURL, Workspace: d.Workspace,
			Telemetry: tel,
		},
		TokenLifetime: d.TokenLifetime, Edge: d.Edge, BrowserTwilio: d.BrowserTwilioURL, SessionKey: d.SessionKey, Dispositions: d.Dispositions,
		Statuses: desktop.Statuses{
			Choosable: []string{provision.StatusAvailable, provision.StatusBreak, provision.StatusGone},
			Lost:      provision.StatusLost, Missed: provision.StatusMissed,
		},
		Calls: desktop.Temporal(temporal), Logger: logger,
	}
	if d.OIDC != nil {
		out.OIDC = &desktop.OIDC{Issuer: d.OIDC.Issuer, ClientID: d.OIDC.ClientID, ClientSecret: d.OIDC.ClientSecret, Claim: d.OIDC.Claim,
			RolesClaim: d.OIDC.RolesClaim, Roles: map[desktop.Role][]string{}, Audiences: d.OIDC.Audiences}
		for role, values := range d.OIDC.Roles {
			out.OIDC.Roles[desktop.Role(role)] = values
		}
	}
	return out
}

func runIntake(ctx context.Context) error {
	cfg, err := config.LoadIntake(os.LookupEnv)
	if err != nil {
		return err
	}
	logger := newLogger(cfg.Log, "intake")
	tel, end, err := observe("intake", cfg.Tracing, logger)
	if err != nil {
		return err
	}
	defer end()
	temporal, _, err := dial(logger, tel, cfg.Encryption)
	if err != nil {
		return err
	}
	defer temporal.Close()
	return intake.Run(ctx, intake.Config{
		Kafka: kafka(cfg.Kafka, "switchboard-intake"), Group: cfg.Group, Policy: cfg.Policy, Dialling: cfg.Dialling, Listen: cfg.Listen,
		Starter: intake.Temporal(temporal), Telemetry: tel, Logger: logger,
	})
}

func newLogger(level slog.Level, process string) *slog.Logger {
	logger := slog.New(telemetry.Logs(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: level}))).With("Process", process)
	logger.Info("starting", "Version", shownVersion())
	return logger
}

// lastSpansWithin is how long a process that ends waits for the collector.
const lastSpansWithin = 2 * time.Second

// observe begins what operators see of a process; end sends what is left.
func observe(process string, tracing bool, logger *slog.Logger) (tel *telemetry.Telemetry, end func(), err error) {
	tel, err = telemetry.New(telemetry.Config{Process: process, Tracing: tracing, Logger: logger})
	if err != nil {
		return nil, nil, err
	}
	return tel, func() {
		ctx, cancel := context.WithTimeout(context.Background(), lastSpansWithin)
		defer cancel()
		if err := tel.Close(ctx); err != nil {
			logger.Warn("the last spans are lost", "error", err)
		}
	}, nil
}

// dial connects to Temporal as its own environment variables say, and tells the namespace. It does not wait for the
// server: a process that starts first finds it later.
func dial(logger *slog.Logger, tel *telemetry.Telemetry, keys codec.Keys) (client.Client, string, error) {
	environment, err := config.NewTemporalEnvironment(os.LookupEnv, os.Environ())
	if err != nil {
		return nil, "", err
	}
	options, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: environment})
	if err != nil {
		return nil, "", fmt.Errorf("read Temporal's environment (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, …): %w", err)
	}
	if options.Namespace == "" {
		options.Namespace = client.DefaultNamespace
	}
	options.Logger = log.NewStructuredLogger(logger)
	codec.Options(&options, keys)
	if keys.Any() {
		logger.Info("what Temporal keeps is encrypted", "keys", keys.IDs())
	}
	tel.Temporal(&options)
	c, err := client.NewLazyClient(options)
	if err != nil {
		return nil, "", fmt.Errorf("connect to Temporal: %w", err)
	}
	return c, options.Namespace, nil
}

func kafka(k config.Kafka, clientID string) events.Kafka {
	return events.Kafka{
		Brokers: k.Brokers, ClientID: clientID, TLS: k.TLS, User: k.SASLUser, Password: k.SASLPassword, Mechanism: k.SASLMechanism,
	}
}
