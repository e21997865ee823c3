package stack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	api "github.com/twilio/twilio-go/rest/api/v2010"

	sb "switchboard"
	"switchboard/activities"
	"switchboard/provision"
	"switchboard/simulator"
	"switchboard/simulator/browser"
)

// startSimulator serves Twilio's API in this process and sets a workspace up in it, as an operator would at Twilio.
func (s *Stack) startSimulator(ctx context.Context) (err error) {
	if s.o.Account != nil {
		s.takeAccount()
		return nil
	}
	step := s.o.Progress.Step("Twilio simulator")
	defer func() { step.Done(s.at.Simulator, err) }()
	log, err := os.OpenFile(s.logPath(Twilio), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	options := s.o.Simulator
	if options.Logger == nil {
		options.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	listener, err := net.Listen("tcp", s.at.Simulator)
	if err != nil {
		return errors.Join(err, log.Close())
	}
	s.simulator = simulator.New(options)
	browsers, err := browser.New(s.simulator, browser.Options{Speak: s.o.Speak, Logger: options.Logger})
	if err != nil {
		s.simulator.Close()
		return errors.Join(err, listener.Close(), log.Close())
	}
	server := &http.Server{Handler: browsers, ReadHeaderTimeout: 5 * time.Second, ErrorLog: slog.NewLogLogger(options.Logger.Handler(), slog.LevelWarn)}
	server.RegisterOnShutdown(s.simulator.Close) // ends the streams of open pages
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	s.atStop("Twilio simulator", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil { // somebody holds a connection open
			_ = server.Close()
		}
		<-served
		err := browsers.Close()
		s.simulator.Close()
		return errors.Join(err, log.Close())
	})
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	step.Detail("setting the workspace up")
	cfg := provision.Config{Twilio: s.twilio(), PublicURL: "http://" + s.at.Webhook}
	for i := range s.o.Agents {
		cfg.Agents = append(cfg.Agents, provision.Agent{Name: RobotName(i), Skills: s.o.Skills})
		s.simulator.SetSoftphone(RobotName(i), s.o.Softphone)
	}
	for _, name := range s.o.People {
		cfg.Agents = append(cfg.Agents, provision.Agent{Name: name, Skills: s.o.Skills})
	}
	if s.workspace, err = provision.Apply(ctx, cfg); err != nil {
		return fmt.Errorf("set the workspace up: %w", err)
	}
	if s.key, err = s.createKey(ctx); err != nil {
		return fmt.Errorf("create the API key that signs the agents' access tokens: %w", err)
	}
	return nil
}

// apiKey signs access tokens.
type apiKey struct{ sid, secret string }

func (s *Stack) createKey(ctx context.Context) (apiKey, error) {
	twilio, err := activities.NewTwilio(s.twilio())
	if err != nil {
		return apiKey{}, err
	}
	params := &api.CreateNewKeyParams{}
	params.SetFriendlyName("agents' page")
	key, err := twilio.Voice(ctx).CreateNewKey(params)
	if err != nil {
		return apiKey{}, err
	}
	return apiKey{*key.Sid, *key.Secret}, nil
}

// PageURL is the agents' page. Browsers give a microphone to localhost, to 127.0.0.1, and to https.
func (s *Stack) PageURL() string {
	if a := s.account(); a != nil {
		return a.Variables["SWITCHBOARD_PUBLIC_URL"] + "/"
	}
	return "http://localhost:" + strconv.Itoa(portOf(s.at.Webhook)) + "/"
}

// twilio is the account, as our processes reach it.
func (s *Stack) twilio() activities.TwilioConfig {
	if a := s.account(); a != nil {
		return a.twilio(activities.TwilioConfig{Transport: s.transport})
	}
	cfg := activities.TwilioConfig{
		AccountSID: sb.AccountSID(s.o.Simulator.AccountSID), AuthToken: s.o.Simulator.AuthToken,
		APIURL: "http://" + s.at.Simulator, Workspace: s.workspace.Workspace, Routing: s.workspace.Routing, Transport: s.transport,
	}
	if cfg.AccountSID == "" {
		cfg.AccountSID = simulator.DefaultAccountSID
	}
	if cfg.AuthToken == "" {
		cfg.AuthToken = simulator.DefaultAuthToken
	}
	return cfg
}
