package stack

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"syscall"
)

// Addresses are where the parts of a stack listen, host:port on the loopback interface. Empty, or port 0, is a free
// port; but an empty TemporalUI is no web UI at all.
type Addresses struct {
	Temporal, TemporalUI, Kafka, Simulator, Webhook, Intake string
}

// InUseError says that something a stack needs belongs to somebody else.
type InUseError struct {
	What   string
	Holder string // "" if not known
}

func (e *InUseError) Error() string {
	if e.Holder != "" {
		return e.What + " is in use by another stack, process " + e.Holder
	}
	return e.What + " is in use"
}

// AddressError says why a part cannot listen where it should.
type AddressError struct {
	Part    string // the field of Addresses
	Address string
	Problem string
	Free    string // one that could be taken instead
}

func (e *AddressError) Error() string {
	return fmt.Sprintf("%s: %s %s (%s is free)", e.Part, e.Address, e.Problem, e.Free)
}

func (a *Addresses) each(do func(part string, address *string)) {
	do("Temporal", &a.Temporal)
	do("TemporalUI", &a.TemporalUI)
	do("Kafka", &a.Kafka)
	do("Simulator", &a.Simulator)
	do("Webhook", &a.Webhook)
	do("Intake", &a.Intake)
}

// resolve chooses ports where none is given, and reports every address that cannot be had at once.
func (a Addresses) resolve() (Addresses, error) {
	taken := map[string]string{} // the part that has it, or is advised to have it
	var errs []error
	a.each(func(part string, address *string) {
		if part == "TemporalUI" && *address == "" {
			return
		}
		chosen, problem := choose(*address, taken)
		if problem != "" {
			free := freeNear(portOf(*address), taken)
			taken[free] = part
			errs = append(errs, &AddressError{part, *address, problem, free})
			return
		}
		taken[chosen] = part
		*address = chosen
	})
	return a, errors.Join(errs...)
}

func choose(address string, taken map[string]string) (chosen, problem string) {
	if address == "" {
		return FreeAddress(taken), ""
	}
	host, port, err := net.SplitHostPort(address)
	n, numberErr := strconv.Atoi(port)
	switch {
	case err != nil || numberErr != nil || n < 0 || n > 65535:
		return "", "must be host:port"
	case host != "127.0.0.1" && host != "localhost": // the embedded broker has no IPv6
		return "", "must be on 127.0.0.1: a stack has no protection of its own"
	case n == 0:
		return FreeAddress(taken), ""
	}
	chosen = net.JoinHostPort("127.0.0.1", port)
	if other := taken[chosen]; other != "" {
		return "", "is given to " + other + " already"
	}
	switch err := probe(chosen); {
	case errors.Is(err, syscall.EADDRINUSE):
		return "", "is in use"
	case err != nil:
		return "", "cannot be had: " + err.Error()
	}
	return chosen, ""
}

// probe reports whether an address can be listened on.
func probe(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return l.Close()
}

// FreeAddress is a loopback address on which nobody listens and that is not taken. It is chosen below the ports that
// systems give to outgoing connections, for one of those could take the port between this look and the process that
// listens, or while that process is being restarted.
func FreeAddress(taken map[string]string) string {
	for range 1000 {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(10000+rand.IntN(20000)))
		if taken[address] == "" && probe(address) == nil {
			return address
		}
	}
	return "127.0.0.1:0" // listening on it will say what is wrong
}

func freeNear(port int, taken map[string]string) string {
	for p := port + 1; p < min(port+100, 65536); p++ {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(p))
		if taken[address] == "" && probe(address) == nil {
			return address
		}
	}
	return FreeAddress(taken)
}

// portOf is the port of an address that has been resolved.
func portOf(address string) int {
	_, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	return n
}
