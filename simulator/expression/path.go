package expression

import (
	"strconv"
	"strings"
)

// Path names one value in a Scope, such as task.agent_sid or languages[0].
type Path []step

// step is a key, or, when the key is empty, an index into a list.
type step struct {
	key   string
	index int
}

// ParsePath reads what known_worker_sid and its like hold: the name of one attribute.
func ParsePath(text string) (Path, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	path := p.path()
	if err := p.finish(); err != nil {
		return nil, err
	}
	return path, nil
}

// Lookup finds the value, and reports whether there is one: a key that is missing is NULL, and so is
// one whose value is null, but only the second is there.
func (p Path) Lookup(in Scope) (value any, found bool) {
	value, found = in.Lookup(p[0].key)
	for i := 1; i < len(p); i++ {
		value, found = p[i].of(value)
	}
	if !found {
		return nil, false
	}
	return value, true
}

func (s *step) of(v any) (any, bool) {
	if s.key == "" {
		if items, _ := v.([]any); s.index < len(items) {
			return items[s.index], true
		}
		return nil, false
	}
	switch v := v.(type) {
	case map[string]any:
		member, found := v[s.key]
		return member, found
	case Scope:
		return v.Lookup(s.key)
	}
	return nil, false
}

// String is the path as it is written.
func (p Path) String() string {
	var b strings.Builder
	for i, s := range p {
		switch {
		case s.key == "":
			b.WriteByte('[')
			b.WriteString(strconv.Itoa(s.index))
			b.WriteByte(']')
		case i > 0:
			b.WriteByte('.')
			fallthrough
		default:
			b.WriteString(s.key)
		}
	}
	return b.String()
}
