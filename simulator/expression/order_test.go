package expression

import (
	"slices"
	"testing"
)

// who is an agent as order_by sees one.
type who struct {
	name       string
	attributes Attributes
}

func (w who) Lookup(key string) (any, bool) {
	if key == "worker" {
		return w.attributes, true
	}
	return nil, false
}

// All cases are from the page "Ordering Workers", or follow from its sentences.
func TestSort(t *testing.T) {
	for _, c := range []struct {
		what, by string
		agents   []string // name and attributes, the longest idle first
		want     string
	}{
		{"a tie is broken by the next clause", "worker.finance ASC, worker.support ASC",
			[]string{"alice", `{"finance":10,"support":8}`, "bob", `{"finance":10,"support":5}`}, "bob alice"},
		{"without the skill, after those who have it", "worker.finance ASC, worker.support ASC",
			[]string{"bob", `{"finance":10}`, "alice", `{"finance":10,"support":8}`}, "alice bob"},
		{"whatever the direction", "worker.finance ASC, worker.support DESC",
			[]string{"bob", `{"finance":10,"support":null}`, "alice", `{"finance":10,"support":8}`}, "alice bob"},
		{"the first clause decides first", "worker.finance DESC, worker.support ASC",
			[]string{"a", `{"finance":1,"support":1}`, "b", `{"finance":2,"support":9}`, "c", `{"finance":2,"support":3}`}, "c b a"},
		{"equal in all: as they were", "worker.level DESC",
			[]string{"a", `{"level":1}`, "b", `{"level":2}`, "c", `{"level":1}`, "d", `{"level":2}`}, "b d a c"},
		{"nested attributes", "worker.channel.voice.assigned_tasks ASC",
			[]string{"a", `{"channel":{"voice":{"assigned_tasks":2}}}`, "b", `{"channel":{"voice":{"assigned_tasks":1}}}`}, "b a"},
		{"negative numbers", "worker.level asc",
			[]string{"a", `{"level":0}`, "b", `{"level":-7}`}, "b a"},
		{"a text is no whole number: ignored", "worker.level DESC",
			[]string{"a", `{"level":1}`, "b", `{"level":"9"}`, "c", `{"level":5}`}, "a b c"},
		{"nor is a fraction", "worker.level DESC",
			[]string{"a", `{"level":1}`, "b", `{"level":1.5}`}, "a b"},
		{"in either direction", "worker.level ASC",
			[]string{"a", `{"level":2}`, "b", `{"level":1.5}`}, "a b"},
		{"in any clause", "worker.level DESC, worker.name ASC",
			[]string{"a", `{"level":1,"name":"x"}`, "b", `{"level":2,"name":"y"}`}, "a b"},
		{"one agent", "worker.level DESC", []string{"a", `{}`}, "a"},
	} {
		by, err := ParseOrder(c.by)
		if err != nil {
			t.Errorf("%s: %v", c.what, err)
			continue
		}
		var agents []who
		for pair := range slices.Chunk(c.agents, 2) {
			agents = append(agents, who{pair[0], attributes(t, pair[1])})
		}
		Sort(agents, by, func(w who) Scope { return w })
		got := ""
		for i, a := range agents {
			if i > 0 {
				got += " "
			}
			got += a.name
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}

func TestSortKeepsEqualsAsTheyWere(t *testing.T) {
	by, err := ParseOrder("level DESC")
	if err != nil {
		t.Fatal(err)
	}
	var items []Attributes
	for i := range 100 {
		items = append(items, Attributes{"level": i % 2, "i": i})
	}
	Sort(items, by, func(a Attributes) Scope { return a })
	for i, a := range items {
		want := 2*i + 1 // the odd ones first
		if i >= 50 {
			want = 2 * (i - 50)
		}
		if a["i"] != want {
			t.Fatalf("place %d: got %v, want %d", i, a["i"], want)
		}
	}
}

func TestParseOrder(t *testing.T) {
	for text, want := range map[string]string{
		"worker.level DESC": "worker.level DESC",
		"worker.level desc , worker.channel.voice.assigned_tasks Asc ": "worker.level DESC, worker.channel.voice.assigned_tasks ASC",
		"worker.levels[0] ASC": "worker.levels[0] ASC",
	} {
		o, err := ParseOrder(text)
		if err != nil || o.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, o, err, want)
		}
	}
	for text, want := range map[string]string{
		"worker.level":                   "mismatched input '<EOF>' expecting {ASC, DESC}",
		"worker.level DOWN":              "mismatched input 'DOWN' expecting {ASC, DESC}",
		"worker.level BY DESC":           "extraneous input 'BY' expecting {ASC, DESC}",
		"worker.level, worker.b ASC":     "mismatched input ',' expecting {ASC, DESC}",
		"worker.level ASC worker.b DESC": "mismatched input 'worker' expecting <EOF>",
		"worker.level ASC,":              "mismatched input '<EOF>' expecting KEY",
		", worker.level ASC":             "extraneous input ',' expecting KEY",
		"":                               "mismatched input '<EOF>' expecting KEY",
		"1 ASC":                          "extraneous input '1' expecting KEY",
		"worker-level ASC":               "extraneous input 'evel' expecting {ASC, DESC}",
		"worker.level ASC;":              "token recognition error at: ';'",
	} {
		if o, err := ParseOrder(text); o != nil || err == nil || err.Error() != want {
			t.Errorf("%s: got %s, %v, want %s", text, o, err, want)
		}
	}
}
