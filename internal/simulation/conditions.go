package simulation

import (
	"errors"
	"hash/fnv"
	"strconv"
	"time"

	"switchboard/internal/virtual"
)

// chance draws for one thing that happens, from what it is and not from when: the same request meets the same fault
// whatever else goes on.
type chance struct{ h uint64 }

func about(seed uint64, what ...string) chance {
	h := fnv.New64a()
	h.Write(strconv.AppendUint(nil, seed, 10))
	for _, s := range what {
		h.Write([]byte{0})
		h.Write([]byte(s))
	}
	return chance{mix(h.Sum64())}
}

// mix spreads the bits: the sum of a short text fills only some (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// next is a number from 0 up to 1, another each time.
func (c *chance) next() float64 {
	c.h += 0x9e3779b97f4a7c15
	return float64(mix(c.h)>>11) / (1 << 53)
}

func (c *chance) hits(p float64) bool { return c.next() < p }

func (c *chance) upTo(d time.Duration) time.Duration { return time.Duration(c.next() * float64(d)) }

var (
	errTemporal = errors.New("no connection to Temporal")
	errKafka    = errors.New("no answer from Kafka")
)

// conditions turn the weather into what package virtual asks for.
func (p *play) conditions() virtual.Conditions {
	w := p.plan.Weather
	name := func(kind string, a virtual.ActivityAttempt) chance {
		return about(w.seed, kind, a.Workflow, a.Activity, strconv.Itoa(a.Number), strconv.Itoa(a.Attempt))
	}
	return virtual.Conditions{
		Task: func(workflow string, number int) time.Duration {
			c := about(w.seed, "task", workflow, strconv.Itoa(number))
			d := c.upTo(w.Hop)
			if p.stormy() && c.hits(w.SlowTask) {
				d += p.bites(faultStandsStill, workflow, c.upTo(w.Late))
			}
			return p.outlast(workflow, d, faultNoWorker, w.NoWorker, faultNoTemporal, w.NoTemporal)
		},
		Pickup: func(a virtual.ActivityAttempt) time.Duration {
			c := name("pickup", a)
			d := c.upTo(w.Hop)
			if p.stormy() && c.hits(w.LatePickup) {
				d += p.bites(faultPickedLate, a.Workflow, c.upTo(w.Late))
			}
			return p.outlast(a.Workflow, d, faultNoWorker, w.NoWorker, faultNoTemporal, w.NoTemporal)
		},
		Death: func(a virtual.ActivityAttempt) (bool, time.Duration) {
			c := name("death", a)
			if !p.stormy() || !c.hits(w.Death) {
				return false, 0
			}
			return true, p.bites(faultKilled, a.Workflow, c.upTo(2*w.Trip))
		},
		Report: func(a virtual.ActivityAttempt) time.Duration {
			c := name("report", a)
			return p.outlast(a.Workflow, c.upTo(w.Hop), faultNoTemporal, w.NoTemporal)
		},
		Request: func(a virtual.ActivityAttempt, r virtual.Request) virtual.Trip {
			return p.sent(a, p.trip(name("request "+r.Method+" "+strconv.Itoa(r.Number), a), a))
		},
		Publish: func(a virtual.ActivityAttempt) (time.Duration, bool, error) {
			c := name("publish", a)
			takes := c.upTo(w.Hop)
			switch {
			case p.within(w.NoKafka):
				return p.bites(faultNoKafka, a.Workflow, 5*time.Second), false, errKafka
			case !p.stormy():
			case c.hits(w.EventsLost):
				return p.bites(faultKafkaRefuses, a.Workflow, takes), false, errKafka
			case c.hits(w.AckLost):
				return p.bites(faultKafkaSilent, a.Workflow, 5*time.Second), true, errKafka
			}
			return takes, true, nil
		},
		Signal: func(workflow string) error {
			if p.within(w.NoTemporal) {
				p.bites(faultNoTemporal, workflow, 0)
				return errTemporal
			}
			return nil
		},
	}
}

func (p *play) trip(c chance, a virtual.ActivityAttempt) virtual.Trip {
	w := p.plan.Weather
	t := virtual.Trip{Connect: c.upTo(w.Trip), There: c.upTo(w.Trip), Back: c.upTo(w.Trip)}
	if p.within(w.NoTwilio) {
		p.bites(faultNoTwilio, a.Workflow, 0)
		t.NoneStands = true
		return t
	}
	if !p.stormy() {
		return t
	}
	if t.NoneStands = c.hits(w.NoConnection); t.NoneStands {
		p.bites(faultNoConnection, a.Workflow, 0)
	}
	if t.LostThere = c.hits(w.LostThere); t.LostThere {
		p.bites(faultLostThere, a.Workflow, 0)
	}
	if t.LostBack = c.hits(w.LostBack); t.LostBack {
		p.bites(faultLostBack, a.Workflow, 0)
	}
	if c.hits(w.SlowThere) {
		t.There += p.bites(faultSlowThere, a.Workflow, c.upTo(w.Slow))
	}
	if c.hits(w.SlowBack) {
		t.Back += p.bites(faultSlowBack, a.Workflow, c.upTo(w.Slow))
	}
	return t
}

// outlast prolongs what would end within a spell until after it. The spells come in pairs of a name and a list.
func (p *play) outlast(workflow string, d time.Duration, spells ...any) time.Duration {
	for i := 0; i < len(spells); i += 2 {
		for _, s := range spells[i+1].([]Spell) {
			if at := p.elapsed() + d; at >= s.From && at < s.To {
				d = s.To - p.elapsed()
				p.bites(spells[i].(string), workflow, 0)
			}
		}
	}
	return d
}

func (p *play) within(spells []Spell) bool {
	at := p.elapsed()
	for _, s := range spells {
		if at >= s.From && at < s.To {
			return true
		}
	}
	return false
}
