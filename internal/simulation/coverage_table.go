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
			fmt.Fprintf(&b, "  %-43s %9s  %s\n", r.fault, "-", cmp.Or(Impossible(r.stage, r.fault), "never"))
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

// Unreached are the rows of the table that nothing in the range has reached, though nothing says that it cannot be.
func Unreached(cells map[Cell]int) []string {
	return rowsThat(cells, func(times int, why string) bool { return times == 0 && why == "" })
}

// Contradicted are the rows that have been reached though they are said to be impossible.
func Contradicted(cells map[Cell]int) []string {
	return rowsThat(cells, func(times int, why string) bool { return times > 0 && why != "" })
}

func rowsThat(cells map[Cell]int, is func(times int, why string) bool) (rows []string) {
	times := map[Cell]int{}
	for c, n := range cells {
		times[Cell{Stage: c.Stage, Fault: c.Fault}] += n
	}
	for _, s := range Stages() {
		for _, f := range Faults() {
			if why := Impossible(s, f); is(times[Cell{Stage: s, Fault: f}], why) {
				rows = append(rows, strings.TrimSuffix(fmt.Sprintf("%s × %s: %s", s, f, why), ": "))
			}
		}
	}
	return rows
}

// impossible are the squares that cannot be reached, and why. No stages: all of them.
var impossible = []struct {
	stages []sb.Stage
	faults []string
	why    string
}{}

// Impossible says why a fault cannot hit a call at a stage; "": it can.
func Impossible(stage sb.Stage, fault string) string {
	for _, i := range impossible {
		if (i.stages == nil || slices.Contains(i.stages, stage)) && slices.Contains(i.faults, fault) {
			return i.why
		}
	}
	return ""
}
