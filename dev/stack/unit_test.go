package stack

import (
	"context"
	"errors"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestEveryAddressThatCannotBeHadIsNamed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	taken := l.Addr().String()
	_, err = Addresses{Temporal: taken, Kafka: "0.0.0.0:9092", Webhook: "8080", Intake: taken}.resolve()
	for part, problem := range map[string]string{
		"Temporal": "is in use", "Kafka": "must be on 127.0.0.1", "Webhook": "must be host:port", "Intake": "is in use",
	} {
		var found *AddressError
		for _, e := range joined(err) {
			var a *AddressError
			if errors.As(e, &a) && a.Part == part {
				found = a
			}
		}
		switch {
		case found == nil:
			t.Errorf("%s is not named in: %v", part, err)
		case !strings.Contains(found.Problem, problem):
			t.Errorf("%s: got %q, want %q", part, found.Problem, problem)
		case probe(found.Free) != nil:
			t.Errorf("%s: the advice %s is not free either", part, found.Free)
		}
	}
}

func joined(err error) []error {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	return many.Unwrap()
}

func TestAddressesAreChosenWhereNoneIsGiven(t *testing.T) {
	a, err := Addresses{Kafka: "localhost:0"}.resolve()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	a.each(func(part string, address *string) {
		if part == "TemporalUI" {
			if *address != "" {
				t.Errorf("TemporalUI: got %s, want none: it was not asked for", *address)
			}
			return
		}
		if !strings.HasPrefix(*address, "127.0.0.1:") || portOf(*address) == 0 || seen[*address] {
			t.Errorf("%s: got %q, want a port of its own on 127.0.0.1", part, *address)
		}
		seen[*address] = true
	})
}

func TestSameAddressTwiceIsRefused(t *testing.T) {
	free := FreeAddress(nil)
	_, err := Addresses{Webhook: free, Intake: free}.resolve()
	if err == nil || !strings.Contains(err.Error(), "is given to Webhook already") {
		t.Errorf("got %v, want an error that names the other part", err)
	}
}

func TestVersionOfTheTemporalCLI(t *testing.T) {
	for text, want := range map[string]string{
		"temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)":     "1.5.1",
		"temporal version 0.0.0-DEV (Server 1.29.1, UI 2.42.1)": "0.0.0",
		"temporal version v1.10.0":                              "1.10.0",
		"another program":                                       "0.0.0",
	} {
		if got := versionIn(text); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
	for pair, want := range map[[2]string]bool{
		{"1.5.0", "1.5.1"}: true, {"1.5.1", "1.5.1"}: false, {"1.10.0", "1.5.1"}: false, {"0.9.9", "1.5.1"}: true,
	} {
		if got := older(pair[0], pair[1]); got != want {
			t.Errorf("%s older than %s: got %v", pair[0], pair[1], got)
		}
	}
	mod, err := os.ReadFile("../../tools/temporal.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`github\.com/temporalio/cli v` + regexp.QuoteMeta(cliVersion) + `\s`).Match(mod) {
		t.Errorf("tools/temporal.mod does not have version %s of the CLI", cliVersion)
	}
}

func TestIDsAreNew(t *testing.T) {
	seen := map[string]bool{}
	for range 10_000 {
		id := NewID()
		if seen[id] {
			t.Fatalf("%s came twice", id)
		}
		seen[id] = true
	}
}

func TestOneStackAtATimeOnAFolder(t *testing.T) {
	path := t.TempDir() + "/lock"
	lock, _, err := tryLock(path)
	if err != nil || lock == nil {
		t.Fatalf("first: got %v, %v", lock, err)
	}
	other, holder, err := tryLock(path)
	if err != nil || other != nil || holder == "" {
		t.Errorf("second: got lock %v, holder %q, %v; want only the holder", other != nil, holder, err)
	}
	if err := lock.Close(); err != nil {
		t.Fatal(err)
	}
	again, _, err := tryLock(path)
	if err != nil || again == nil {
		t.Errorf("after the first is gone: got %v, %v", again, err)
	} else {
		again.Close()
	}
}

func TestProcessThatIsNotReadyInTimeSaysWhatItWrote(t *testing.T) {
	p := &process{
		name: "sh", path: "/bin/sh", args: []string{"-c", "echo I cannot; exit 3"}, log: t.TempDir() + "/log", grace: time.Second,
		ready: func(context.Context) error { return errors.New("never") },
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	err := p.await(t.Context())
	for _, want := range []string{"exit status 3", "I cannot"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to tell %q", err, want)
		}
	}
}

func TestProcessThatDoesNotStopIsKilled(t *testing.T) {
	dir := t.TempDir()
	p := &process{
		name: "sh", path: "/bin/sh", args: []string{"-c", "trap '' TERM; : >" + dir + "/up; while :; do sleep 1; done"}, log: dir + "/log",
		grace: 300 * time.Millisecond,
		ready: func(context.Context) error { _, err := os.Stat(dir + "/up"); return err },
	}
	if err := p.start(); err != nil {
		t.Fatal(err)
	}
	if err := p.await(t.Context()); err != nil {
		t.Fatal(err)
	}
	err := p.stop(t.Context())
	if err == nil || !strings.Contains(err.Error(), "was killed") {
		t.Errorf("got %v, want to be told that it was killed", err)
	}
	if p.pid() != 0 {
		t.Error("it is still there")
	}
}
