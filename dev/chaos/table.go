package chaos

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	sb "switchboard"
	"switchboard/dev/stack"
)

// shown is how many violations the terminal is told with their stories; all are in the report.
const shown = 5

// Write tells a report to people. Before, if not nil, is a report to compare the delays with.
func (r *Report) Write(w io.Writer, before *Report) {
	say := func(format string, args ...any) { fmt.Fprintf(w, format+"\n", args...) }
	say("\n%-28s %6d", "requests in", r.Requests)
	say("%-28s %6d  %s", "outcomes out", total(r.Outcomes), counts(r.Outcomes))
	say("%-28s %6d  in %d attempts", "rings at the callers' phones", r.Rings, r.Attempts)
	say("%-28s %6d", "lost", len(r.Lost))
	say("%-28s %6d", "doubled", len(r.Doubled))
	if r.Affected != nil || len(r.Rolls) > 0 {
		say("%-28s %6d", "affected", len(r.Affected))
	}
	say("%-28s %6d", "violations", len(r.Violations))
	for _, rule := range slices.Sorted(maps.Keys(r.ByRule)) {
		say("  %-26s %6d", rule, r.ByRule[rule])
	}
	r.writeHarms(say)
	r.writeRolls(say)
	say("\n%-28s %s", "webhooks", counts(r.Webhooks))
	say("%-28s %s", "what bit at Twilio", counts(r.Faults))
	if r.Settled > 0 {
		say("%-28s %5.1f s after everything was healed", "the last call ended", time.Duration(r.Settled).Seconds())
	}
	r.writeStages(say, before)
	for i, v := range r.Violations {
		if i == shown {
			say("\n… and %d more, in the report", len(r.Violations)-shown)
			break
		}
		say("\nWRONG  %s", v)
		if v.Call != "" {
			say("       its story: %s", storyFile(r.Dir, v.Call))
		}
	}
	for _, id := range slices.Concat(r.Lost, r.Doubled, r.Affected) {
		say("\nWRONG  %s is lost, doubled or affected; its story: %s", id, storyFile(r.Dir, id))
	}
	for _, p := range r.Problems {
		say("\nPROBLEM  %s", p)
	}
	verdict := "Nothing broke a call."
	if !r.OK() {
		verdict = "Something is wrong."
	}
	say("\n%s It took %s. Repeat with:\n  %s", verdict, time.Duration(r.Took).Round(time.Second), r.Command)
}

// writeHarms is a row for each kind of harm and target.
func (r *Report) writeHarms(say func(string, ...any)) {
	type row struct{ kind, target string }
	took := map[row][]time.Duration{}
	var rows []row
	for _, d := range r.Harms {
		at := row{d.Kind, d.Target}
		if took[at] == nil {
			rows = append(rows, at)
		}
		took[at] = append(took[at], d.Recovery())
	}
	if len(rows) == 0 {
		return
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.kind+a.target, b.kind+b.target) })
	say("\n%-16s %-10s %5s   from its beginning until the target worked again", "harm", "target", "times")
	for _, at := range rows {
		all := took[at]
		slices.Sort(all)
		say("%-16s %-10s %5d   median %4.1f s, longest %4.1f s", at.kind, at.target, len(all), time.Duration(part(all, 50)).Seconds(), all[len(all)-1].Seconds())
	}
}

// writeRolls is a row for each process that was replaced.
func (r *Report) writeRolls(say func(string, ...any)) {
	for _, name := range []string{stack.Worker, stack.Webhook} {
		var took []time.Duration
		whole := 0
		for _, roll := range r.Rolls {
			if roll.Part == name {
				took = append(took, time.Duration(roll.Took))
				if roll.Left == r.Requests {
					whole++
				}
			}
		}
		if len(took) > 0 {
			slices.Sort(took)
			say("\n%-8s replaced %d times, %d of them while all %d calls were live: median %.1f s, longest %.1f s until the old one had ended",
				name, len(took), whole, r.Requests, inSeconds(part(took, 50)), took[len(took)-1].Seconds())
		}
	}
}

// writeStages is how long each step took, beside what it took before.
func (r *Report) writeStages(say func(string, ...any), before *Report) {
	say("\n%-34s %5s %9s %9s %9s%s", "step", "calls", "median", "95 in 100", "longest", map[bool]string{true: "   added: median, 95 in 100"}[before != nil])
	for _, step := range steps {
		d, known := r.Stages[step]
		if !known {
			continue
		}
		text := fmt.Sprintf("%-34s %5d %7.2f s %7.2f s %7.2f s", step, d.N, inSeconds(d.P50), inSeconds(d.P95), inSeconds(d.Max))
		if before != nil {
			if b, known := before.Stages[step]; known {
				text += fmt.Sprintf("   %+7.2f s %+7.2f s", inSeconds(d.P50-b.P50), inSeconds(d.P95-b.P95))
			}
		}
		say("%s", text)
	}
}

func inSeconds(d sb.Duration) float64 { return time.Duration(d).Seconds() }

func total[K comparable](m map[K]int) (n int) {
	for _, v := range m {
		n += v
	}
	return n
}

// counts is a map in words, the most frequent first.
func counts[K ~string](m map[K]int) string {
	keys := slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		if m[a] != m[b] {
			return m[b] - m[a]
		}
		return strings.Compare(string(a), string(b))
	})
	var parts []string
	for _, k := range keys {
		parts = append(parts, fmt.Sprintf("%s %d", k, m[k]))
	}
	return strings.Join(parts, ", ")
}
