package chaos

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/internal/truth"
	"switchboard/simulator"
)

// Report is what came of a run.
type Report struct {
	Command string      `json:"command"` // repeats it
	Seed    uint64      `json:"seed"`
	Began   time.Time   `json:"began"`
	Took    sb.Duration `json:"took"`
	Dir     string      `json:"dir"` // logs, what happened at the phones, stories

	Requests  int                `json:"requests"` // acknowledged by Kafka
	Repeated  int                `json:"repeated"` // of them, deliberately published twice
	Cancelled int                `json:"cancelled"`
	Outcomes  map[sb.Outcome]int `json:"outcomes"`
	Attempts  int                `json:"attempts"`
	Rings     int                `json:"rings"`  // at the callers' phones
	Copies    int                `json:"copies"` // events that Kafka has more than once

	Lost       []sb.CallID       `json:"lost"`
	Doubled    []sb.CallID       `json:"doubled"`
	Affected   []sb.CallID       `json:"affected,omitempty"` // of calls that nothing should have changed
	Violations []truth.Violation `json:"violations"`
	ByRule     map[string]int    `json:"by_rule"` // every rule that was asked, and how often it was broken

	Harms    []Done         `json:"harms,omitempty"`
	Rolls    []Roll         `json:"rolls,omitempty"`
	Faults   map[string]int `json:"faults"` // what bit at Twilio, and how often
	Webhooks map[string]int `json:"webhooks"`
	// Settled is from everything being healed to the end of the last call; 0 if not all ended.
	Settled sb.Duration      `json:"settled"`
	Stages  map[string]Delay `json:"stages"`
	// Problems are what went wrong with the run itself.
	Problems []string `json:"problems,omitempty"`
}

// OK: nothing was found wrong, and everything that was to be done to the product was done.
func (r *Report) OK() bool {
	return len(r.Lost)+len(r.Doubled)+len(r.Affected)+len(r.Violations)+len(r.Problems) == 0
}

// report judges the run.
func (r *run) report(ctx context.Context) (*Report, error) {
	c, wrong, err := r.gather(ctx)
	if err != nil {
		return nil, err
	}
	out := &Report{
		Command: r.o.Command, Seed: r.o.Seed, Began: r.began, Took: sb.Duration(time.Since(r.began).Round(time.Millisecond)), Dir: r.o.Dir, Requests: len(c.Calls),
		Outcomes: map[sb.Outcome]int{}, ByRule: map[string]int{"workflow": 0, "dead_letter": 0}, Harms: r.nemesis.done, Rolls: r.rolls,
		Faults: map[string]int{}, Webhooks: map[string]int{}, Stages: delays(c.Calls),
	}
	out.Lost, out.Doubled = lostAndDoubled(c)
	out.Violations = append(wrong, truth.Judge(c)...)
	for _, checker := range truth.Checkers() {
		out.ByRule[checker.Name] = 0
	}
	for _, v := range out.Violations {
		out.ByRule[v.Invariant]++
	}
	if !r.last.IsZero() {
		out.Settled = sb.Duration(r.last.Sub(r.healed).Round(time.Millisecond))
	}
	for _, a := range r.calls.accepted {
		if a.Twice {
			out.Repeated++
		}
		if a.Cancel != 0 {
			out.Cancelled++
		}
	}
	for _, call := range c.Calls {
		out.count(call, truth.Rings(c.Log, call.Request.Caller.Phone))
	}
	if r.o.Peace || r.o.Rolling {
		out.Affected = r.affected(c)
	}
	r.countFaults(out)
	for _, d := range out.Harms {
		if d.Works.IsZero() {
			out.Problems = append(out.Problems, fmt.Sprintf("%s did not work again: %s", d.Target, d.Problem))
		}
	}
	for _, roll := range out.Rolls {
		if roll.Err != "" {
			out.Problems = append(out.Problems, fmt.Sprintf("%s was not replaced in good order: %s", roll.Part, roll.Err))
		}
	}
	return out, r.keep(out, c)
}

// count adds one call.
func (r *Report) count(call truth.Call, rings int) {
	seen := map[int]bool{}
	for _, e := range call.Events {
		if seen[e.Sequence] {
			r.Copies++
			continue
		}
		seen[e.Sequence] = true
		if e.Data.Stage == sb.StageEnded {
			r.Outcomes[e.Data.Outcome]++
			r.Attempts += e.Data.Attempts
		}
	}
	r.Rings += rings
}

// affected are calls that ended otherwise than the phone alone would have it, or not in the first attempt.
func (r *run) affected(c truth.Case) (all []sb.CallID) {
	expect := map[sb.CallID]Planned{}
	for _, p := range r.plan.Requests {
		expect[p.Request.Call()] = p
	}
	for _, call := range c.Calls {
		p := expect[call.Request.Call()]
		end := ended(call)
		if p.Expect != "" && (end.Outcome != p.Expect || end.Attempts > attempts(p)) {
			all = append(all, call.Request.Call())
		}
	}
	return all
}

// attempts are how many a phone that nobody interferes with costs.
func attempts(p Planned) int {
	if _, again := policy().RetryAfter[p.Expect]; again {
		return p.Request.MaxAttempts
	}
	return 1
}

// ended is what the call said last.
func ended(call truth.Call) (end sb.EventData) {
	for _, e := range call.Events {
		if e.Data.Stage == sb.StageEnded {
			end = e.Data
		}
	}
	return end
}

// countFaults counts what bit at Twilio.
func (r *run) countFaults(out *Report) {
	for _, q := range r.stack.Simulator().Requests() {
		if q.Fault != "" {
			out.Faults["request "+coarse(q.Fault)]++
		}
	}
	for _, w := range r.stack.Simulator().Webhooks() {
		out.Webhooks["sent"]++
		switch {
		case w.Status == 0:
			out.Webhooks["lost"]++
		case w.Status >= 500:
			out.Webhooks["refused"]++
		}
		if len(w.Attempts) > 1 {
			out.Webhooks["sent again"]++
		}
		if w.Fault != "" {
			out.Faults["webhook "+coarse(w.Fault)]++
		}
	}
	for _, e := range r.stack.Simulator().Log() {
		if e.What == simulator.Misbehaves {
			out.Faults["party "+coarse(e.Detail)]++
		}
	}
}

// keep writes down what explains the run.
func (r *run) keep(out *Report, c truth.Case) error {
	if err := writeJSON(filepath.Join(r.o.Dir, "phones.json"), c.Log); err != nil {
		return err
	}
	told := map[sb.CallID]bool{}
	for _, id := range slices.Concat(out.Lost, out.Doubled, out.Affected) {
		told[id] = true
	}
	for _, v := range out.Violations {
		told[v.Call] = v.Call != ""
	}
	for _, call := range c.Calls {
		if id := call.Request.Call(); told[id] {
			if err := r.writeStory(id, call, c, out); err != nil {
				return err
			}
		}
	}
	return nil
}

func writeJSON(file string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(text, '\n'), 0o644)
}

// coarse is a fault without its figures, so that like is counted with like: "delayed 1.2s" is "delayed".
func coarse(fault string) string {
	words := strings.Fields(fault)
	kept := slices.DeleteFunc(words, func(w string) bool {
		_, err := time.ParseDuration(strings.Trim(w, ","))
		return err == nil
	})
	return strings.Join(kept, " ")
}

// Save writes a report to a file.
func Save(r *Report, file string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return writeJSON(file, r)
}
