package simulation

import (
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/internal/virtual"
	"switchboard/simulator"
)

// Cell is one square of the table of what has been reached: a fault hit a call at a stage, and the call ended so.
type Cell struct {
	Stage   sb.Stage // or WholeCall
	Fault   string
	Outcome sb.Outcome // "": the call's workflow failed or never ended
}

// WholeCall is the stage of what holds from the beginning to the end: an answer to what nobody knows of Twilio.
const WholeCall sb.Stage = "whole_call"

// What goes wrong, or is done by somebody, is called so in the table and in the timeline.
const (
	faultStandsStill  = "the worker stands still"
	faultPickedLate   = "an activity is taken up late"
	faultKilled       = "the worker is killed"
	faultNoWorker     = "no worker"
	faultNoTemporal   = "Temporal is down"
	faultNoKafka      = "Kafka is down"
	faultKafkaRefuses = "Kafka refuses events"
	faultKafkaSilent  = "Kafka does not confirm"
	faultNoTwilio     = "Twilio cannot be reached"
	faultNoConnection = "no connection to Twilio"
	faultLostThere    = "a request is lost"
	faultLostBack     = "an answer is lost"
	faultSlowThere    = "a request is slow"
	faultSlowBack     = "an answer is slow"

	faultWebhookLost     = "a webhook is lost"
	faultWebhookTwice    = "a webhook comes twice"
	faultWebhookLate     = "a webhook is late"
	faultWebhookAfter    = "a webhook comes after its next one"
	faultWebhookIgnored  = "a webhook's answer is ignored"
	faultWebhookRepeated = "a webhook is repeated"

	faultAgentMisbehaves  = "the softphone does what it should not"
	faultCallerMisbehaves = "the telephone does what it should not"

	actCallerEngaged     = "the caller is engaged"
	actCallerSilent      = "the caller does not answer"
	actCallerUnreachable = "the caller cannot be reached"
	actAgentDeclines     = "the agent declines the offer"
	actAgentBusy         = "the agent declines the ring"
	actAgentSilent       = "the agent does not answer"
	actAgentUnreachable  = "the softphone cannot be reached"
)

// answered is what a fault of the simulator's answers is called, by what its journal says.
var answered = []struct{ journal, fault string }{
	{"429", "Twilio answers 429"},
	{"401", "Twilio answers 401"},
	{"500 Internal Server Error, after the effect", "Twilio answers 500 after the effect"},
	{"503 Service Unavailable, after the effect", "Twilio answers 503 after the effect"},
	{"500", "Twilio answers 500"},
	{"502", "Twilio answers 502 in HTML"},
	{"reply lost, after the effect", "Twilio does not answer after the effect"},
	{"reply lost", "Twilio does not answer"},
}

// webhookFaults is the same for webhooks. A copy is told of with its original.
var webhookFaults = []struct{ journal, fault string }{
	{"dropped", faultWebhookLost}, {"copied", faultWebhookTwice}, {"delayed", faultWebhookLate}, {"held back", faultWebhookAfter},
	{"answer ignored", faultWebhookIgnored}, {"retried", faultWebhookRepeated},
}

// Faults are the rows of the table, but for those of Twilio's uncertainties: everything of which each stage should
// have seen something.
func Faults() []string {
	all := []string{
		faultStandsStill, faultPickedLate, faultKilled, faultNoWorker, faultNoTemporal, faultNoKafka, faultKafkaRefuses, faultKafkaSilent,
		faultNoTwilio, faultNoConnection, faultLostThere, faultLostBack, faultSlowThere, faultSlowBack,
	}
	for _, a := range answered {
		all = append(all, a.fault)
	}
	for _, w := range webhookFaults {
		all = append(all, w.fault)
	}
	for _, a := range actors {
		all = append(all, string(a))
	}
	return append(all, faultAgentMisbehaves, faultCallerMisbehaves, actCallerEngaged, actCallerSilent, actCallerUnreachable,
		actAgentDeclines, actAgentBusy, actAgentSilent, actAgentUnreachable)
}

// Stages are the stages of the table, in the order of the process.
func Stages() []sb.Stage {
	return append(slices.Clone(stages), sb.StageEnded)
}

// reached is a stage and since when a call is at it.
type reached struct {
	at    time.Time
	stage sb.Stage
}

// stageAt is where the call was at a moment. The stages of one moment count as passed.
func (in *inPlay) stageAt(at time.Time) sb.Stage {
	stage := sb.StageQueued // its first decision, at once
	for _, r := range in.reached {
		if r.at.After(at) {
			break
		}
		stage = r.stage
	}
	return stage
}

// sent notes when a request of a call will arrive at Twilio: so its entry in Twilio's journal can be told to be the
// call's.
func (p *play) sent(a virtual.ActivityAttempt, t virtual.Trip) virtual.Trip {
	p.arrivals[p.world.Env.Now().Add(t.Connect+t.There)] = sb.CallID(a.Workflow)
	return t
}

// coverage counts what hit which call, at which stage, and how the call ended.
func (p *play) coverage() map[Cell]int {
	c := &counting{play: p, cells: map[Cell]int{}, legs: map[string]sb.CallID{}, tasks: map[string]sb.CallID{}}
	for h, n := range p.hits {
		c.add(h.call, h.stage, h.fault, n)
	}
	c.webhooks()
	requested := c.requests()
	for _, e := range p.world.Sim.Log() {
		if call, fault := c.lived(e, requested); fault != "" {
			c.at(call, e.At, fault)
		}
	}
	for _, answer := range answers(p.plan.Uncertain) {
		for _, in := range p.calls {
			c.add(in.run.Input.Request.Call(), WholeCall, answer, 1)
		}
	}
	return c.cells
}

type counting struct {
	*play
	cells map[Cell]int
	legs  map[string]sb.CallID // whose leg it is
	tasks map[string]sb.CallID
}

func (c *counting) add(call sb.CallID, stage sb.Stage, fault string, n int) {
	if in := c.byID[call]; in != nil {
		c.cells[Cell{stage, fault, in.run.Result.Outcome}] += n
	}
}

func (c *counting) at(call sb.CallID, at time.Time, fault string) {
	if in := c.byID[call]; in != nil {
		c.add(call, in.stageAt(at), fault, 1)
	}
}

func (c *counting) webhooks() {
	for _, w := range c.world.Sim.Webhooks() {
		call := callOf(w)
		if leg := w.Form.Get("CallSid"); leg != "" && call != "" {
			c.legs[leg] = call
		}
		if task := w.Form.Get("TaskSid"); task != "" && call != "" {
			c.tasks[task] = call
		}
		for _, f := range webhookFaults {
			if strings.HasPrefix(w.Fault, f.journal) {
				c.at(call, w.At, f.fault)
				break
			}
		}
	}
}

// callOf is the call that a webhook is about: a leg's callbacks have it in their address, a task in its attributes.
func callOf(w simulator.Webhook) sb.CallID {
	if u, err := url.Parse(w.URL); err == nil && u.Query().Get("call") != "" {
		return sb.CallID(u.Query().Get("call"))
	}
	var ref sb.TaskRef
	_ = json.Unmarshal([]byte(w.Form.Get("TaskAttributes")), &ref) // of an agent's: no task
	return ref.Call
}

// requests returns at which moments there were any.
func (c *counting) requests() map[time.Time]bool {
	moments := map[time.Time]bool{}
	for _, r := range c.world.Sim.Requests() {
		moments[r.At] = true
		for _, a := range answered {
			if strings.HasPrefix(r.Fault, a.journal) {
				c.at(c.arrivals[r.At], r.At, a.fault)
				break
			}
		}
	}
	return moments
}

// lived is what an entry of the log says that somebody did to a call.
func (c *counting) lived(e simulator.Entry, requested map[time.Time]bool) (sb.CallID, string) {
	call, agent := c.legs[e.CallSID], truth.IsAgent(e.Party)
	who := func(caller, softphone string) string {
		if agent {
			return softphone
		}
		return caller
	}
	switch {
	case e.What == simulator.OfferEnded && e.Detail == "rejected" && !requested[e.At]:
		return c.tasks[e.TaskSID], actAgentDeclines
	case e.What == simulator.Misbehaves:
		return call, who(faultCallerMisbehaves, faultAgentMisbehaves)
	case e.What == simulator.HangsUp:
		return call, who(string(CallerHangsUp), string(AgentHangsUp))
	case e.What != simulator.Ended || e.By != simulator.ByTwilio && e.By != simulator.ByParty:
		return "", ""
	case e.Detail == "busy":
		return call, who(actCallerEngaged, actAgentBusy)
	case e.Detail == "no-answer":
		return call, who(actCallerSilent, actAgentSilent)
	case e.Detail == "failed":
		return call, who(actCallerUnreachable, actAgentUnreachable)
	}
	return "", ""
}

// answers are the answers to what nobody knows that are not the cautious ones.
func answers(u simulator.Uncertain) []string {
	var all []string
	v := reflect.ValueOf(u)
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			continue
		}
		name := "Twilio: " + v.Type().Field(i).Name
		switch value := v.Field(i).Interface().(type) {
		case string:
			name += " " + value
		case simulator.LateLeg:
			name += map[simulator.LateLeg]string{simulator.LateLegNewRoom: " new room", simulator.LateLegHangUp: " hang up"}[value]
		}
		all = append(all, name)
	}
	return all
}
