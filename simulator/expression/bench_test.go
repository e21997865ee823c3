package expression

import "testing"

var benchmarked = []struct{ name, text string }{
	{"everybody", `1==1`},
	{"skills", `skills HAS "motor" AND level >= 2`},
	{"exclusion", `(task.skill_1 == null OR task.skill_1 IN worker.skills) AND worker.sid NOT IN task.declined_by`},
	{"list", `worker.activity_name IN ['Generally Available', 'High Value Tasks'] OR worker.channel.voice.assigned_tasks == 0`},
}

const benchmarkAttributes = `{"skills":["uk","home","motor"],"level":3,
	"task":{"skill_1":"motor","declined_by":["WK1","WK2","WK3"]},
	"worker":{"sid":"WK4","skills":["uk","motor"],"activity_name":"Available","channel":{"voice":{"assigned_tasks":0}}}}`

func BenchmarkParse(b *testing.B) {
	for _, c := range benchmarked {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMatches(b *testing.B) {
	for _, c := range benchmarked {
		b.Run(c.name, func(b *testing.B) {
			e, in := parsed(b, c.text), attributes(b, benchmarkAttributes)
			b.ReportAllocs()
			for b.Loop() {
				if !e.Matches(in) {
					b.Fatal("no match")
				}
			}
		})
	}
}

// Evaluating never allocates: a queue's expression is evaluated for every agent, again and again.
func TestMatchesWithoutAllocating(t *testing.T) {
	in := attributes(t, benchmarkAttributes)
	for _, c := range benchmarked {
		e := parsed(t, c.text)
		if n := testing.AllocsPerRun(100, func() { e.Matches(in) }); n > 0 {
			t.Errorf("%s: %v allocations", c.text, n)
		}
	}
}
