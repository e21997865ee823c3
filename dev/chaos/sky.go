package chaos

import (
	"slices"
	"sync"

	"switchboard/simulator"
)

// sky is what goes wrong at Twilio: the faults that are always there and those of the moment, which come first.
type sky struct {
	simulator *simulator.Simulator

	mu     sync.Mutex
	always simulator.Faults
	moment map[string]simulator.RequestRule
}

// set adds a fault of the moment, or changes it.
func (s *sky) set(name string, rule simulator.RequestRule) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moment[name] = rule
	return s.apply()
}

func (s *sky) clear(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.moment, name)
	return s.apply()
}

// clearUp ends every fault.
func (s *sky) clearUp() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always, s.moment = simulator.Faults{}, map[string]simulator.RequestRule{}
	return s.apply()
}

func (s *sky) apply() error {
	f := s.always
	f.Requests = slices.Clone(f.Requests)
	for _, rule := range s.moment {
		f.Requests = slices.Insert(f.Requests, 0, rule)
	}
	return s.simulator.SetFaults(f)
}
