package simulation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	sb "switchboard"
)

// outcomes are the columns of the table.
var outcomes = []struct {
	outcome sb.Outcome
	heading string
}{
	{sb.Completed, "complete"}, {sb.Busy, "busy"}, {sb.NoAnswer, "noanswer"}, {sb.Unreachable, "unreach"}, {sb.HungUpEarly, "early"},
	{sb.Voicemail, "voicemail"}, {sb.Missed, "missed"}, {sb.Cancelled, "cancelled"}, {sb.Uncertain, "uncertain"}, {sb.Failed, "failed"},
}

// Table is the table for people: a row for each stage and fault, a column for each outcome, and in each square how often
// it was reached. A row that was never reached is there too, with the reason if there is one.
func Table(cells map[Cell]int) string {
	type row struct {
		stage sb.Stage
		fault string
	}
	rows := map[row]map[sb.Outcome]int{}
	for _, s := range Stages() {
		for _, f := range Faults() {
			rows[row{s, f}] = map[sb.Outcome]int{}
		}
	}
	for c, n := range cells {
		if rows[row{c.Stage, c.Fault}] == nil {
			rows[row{c.Stage, c.Fault}] = map[sb.Outcome]int{}
		}
		rows[row{c.Stage, c.Fault}][c.Outcome] += n
	}
	order := append(Stages(), WholeCall)
	sorted := slices.SortedFunc(maps.Keys(rows), func(a, b row) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.stage), slices.Index(order, b.stage)),
			cmp.Compare(slices.Index(Faults(), a.fault), slices.Index(Faults(), b.fault)), strings.Compare(a.fault, b.fault))
	})
	var b strings.Builder
	heading := func(stage sb.Stage) {
		fmt.Fprintf(&b, "\n%-45s %9s", stage, "times")
		for _, o := range outcomes {
			fmt.Fprintf(&b, " %9s", o.heading)
		}
		b.WriteByte('\n')
	}
	for i, r := range sorted {
		if i == 0 || r.stage != sorted[i-1].stage {
			heading(r.stage)
		}
		n := rows[r]
		times := 0
		for _, k := range n {
			times += k
		}
		if times == 0 {
			fmt.Fprintf(&b, "  %-43s %9s  %s\n", r.fault, "-", cmp.Or(Explained(r.stage, r.fault), "never"))
			continue
		}
		fmt.Fprintf(&b, "  %-43s %9d", r.fault, times)
		for _, o := range outcomes {
			fmt.Fprintf(&b, " %9s", strings.TrimPrefix(fmt.Sprint(n[o.outcome]), "0"))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Unreached are the rows that nothing in a range has reached, though nothing explains it.
func Unreached(cells map[Cell]int) (rows []string) {
	times := map[Cell]int{}
	for c, n := range cells {
		times[Cell{Stage: c.Stage, Fault: c.Fault}] += n
	}
	for _, s := range Stages() {
		for _, f := range Faults() {
			if times[Cell{Stage: s, Fault: f}] == 0 && Explained(s, f) == "" {
				rows = append(rows, fmt.Sprintf("%s × %s", s, f))
			}
		}
	}
	return rows
}

var (
	ofTheCaller = []string{string(CallerHangsUp), faultCallerMisbehaves, actCallerEngaged, actCallerSilent, actCallerUnreachable}
	ofTheRing   = []string{faultAgentMisbehaves, actAgentBusy, actAgentSilent, actAgentUnreachable}
)

// explained is why some rows stay empty. Those of legs that Twilio rang too late, or twice, are reached now and then.
var explained = []struct {
	stages []sb.Stage
	faults []string
	why    string
}{
	{[]sb.Stage{sb.StageAgentJoined}, Faults(), "the caller is dialled in the same decision: no time passes"},
	{
		[]sb.Stage{sb.StageQueued, sb.StageAgentRinging, sb.StageCallerRinging, sb.StageWrappingUp, sb.StageRetryPlanned, sb.StageEnded},
		[]string{string(AgentEnds), string(OperatorEnds)}, "refused: there is no conversation",
	},
	{
		[]sb.Stage{sb.StageConnected, sb.StageWrappingUp, sb.StageEnded},
		[]string{string(OperatorCancels)}, "refused: the conversation takes place, or has",
	},
	{[]sb.Stage{sb.StageQueued, sb.StageAgentRinging}, ofTheCaller, "the caller has not been dialled"},
	{[]sb.Stage{sb.StageConnected}, ofTheCaller[1:], "the caller has answered"},
	{[]sb.Stage{sb.StageCallerRinging, sb.StageConnected}, ofTheRing, "the agent has answered"},
	{
		[]sb.Stage{sb.StageWrappingUp, sb.StageRetryPlanned, sb.StageEnded},
		append(append([]string{string(AgentHangsUp)}, ofTheCaller...), ofTheRing...), "the legs are over before",
	},
	{[]sb.Stage{sb.StageQueued}, []string{actAgentSilent, string(AgentHangsUp)}, "the ring is taken back before"},
	{[]sb.Stage{sb.StageRetryPlanned, sb.StageEnded}, []string{actAgentDeclines}, "the task is closed before"},
}

// Explained says why nothing may be there.
func Explained(stage sb.Stage, fault string) string {
	for _, e := range explained {
		if slices.Contains(e.stages, stage) && slices.Contains(e.faults, fault) {
			return e.why
		}
	}
	return ""
}
