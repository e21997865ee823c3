package expression

import (
	"encoding/json"
	"testing"
)

// Whatever can be read means the same when it is printed and read again, and nothing panics.
func FuzzParse(f *testing.F) {
	const someAttributes = `{"a":1,"b":["x",2,null],"c":{"d":{"e":"5"}},"s":"text","t":true}`
	for _, text := range []string{
		`1==1`, `a > -1.5 AND b HAS "x" OR NOT`, `(c.d.e > 4 or s contains 'ex') and t = TRUE`, `"x" not in b`, `s <- ["text", [1], c.d]`,
		`b[0] == 'it\'s' AND b[99999999999] >- null`, `skill-level > 3`, `a == "open`, `((((a))))`, `名.x$_1 != .5`, "a\u00a0== 1 #", `x.in.and[0] IN []`,
		`worker.level DESC, worker.channel.voice.assigned_tasks asc`, `c.d.e ASC`,
	} {
		f.Add(text, someAttributes)
	}
	f.Fuzz(func(t *testing.T, text, attributesText string) {
		var in Attributes
		if json.Unmarshal([]byte(attributesText), &in) != nil {
			in = nil
		}
		if e, err := Parse(text); err == nil {
			printed := e.String()
			again, err := Parse(printed)
			if err != nil {
				t.Fatalf("%q was printed as %q: %v", text, printed, err)
			}
			if again.String() != printed {
				t.Fatalf("%q was printed as %q, and then as %q", text, printed, again)
			}
			if e.Matches(in) != again.Matches(in) {
				t.Fatalf("%q and %q differ on %s", text, printed, attributesText)
			}
		} else if e != nil {
			t.Fatalf("%q: both an expression and the error %v", text, err)
		}
		if p, err := ParsePath(text); err == nil {
			if again, err := ParsePath(p.String()); err != nil || again.String() != p.String() {
				t.Fatalf("path %q was printed as %q: %v", text, p, err)
			}
			p.Lookup(in)
		}
		if o, err := ParseOrder(text); err == nil {
			if again, err := ParseOrder(o.String()); err != nil || again.String() != o.String() {
				t.Fatalf("order %q was printed as %q: %v", text, o, err)
			}
			Sort([]Attributes{in, nil, {"a": 2.0}}, o, func(a Attributes) Scope { return a })
		}
	})
}
