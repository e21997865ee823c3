package expression

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Order is an order_by: clauses such as worker.level DESC, the first deciding first.
type Order []clause

type clause struct {
	path Path
	down bool
}

// ParseOrder reads an order_by. Every clause must have its direction, ASC or DESC: the page shows none
// without one.
func ParseOrder(text string) (Order, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	o := Order{p.clause()}
	for p.now.is(',') {
		p.take()
		o = append(o, p.clause())
	}
	if err := p.finish(); err != nil {
		return nil, err
	}
	return o, nil
}

func (p *parser) clause() clause {
	c := clause{path: p.path()}
	switch t := p.now; {
	case strings.EqualFold(t.text, "DESC"):
		c.down = true
	case !strings.EqualFold(t.text, "ASC"):
		p.fail("{ASC, DESC}", isDirection, nothing)
	}
	p.take()
	return c
}

func isDirection(t token) bool {
	return strings.EqualFold(t.text, "ASC") || strings.EqualFold(t.text, "DESC")
}

// String is the order_by in one canonical spelling.
func (o Order) String() string {
	parts := make([]string, len(o))
	for i, c := range o {
		parts[i] = c.path.String() + " ASC"
		if c.down {
			parts[i] = c.path.String() + " DESC"
		}
	}
	return strings.Join(parts, ", ")
}

// Sort puts items in order. Those that are equal in every clause stay as they are, so sort them by
// what decides last before. In a clause, who has no value comes after who has one, whatever the
// direction; and if anybody's value is not a whole number, the order is ignored ("Ordering Workers").
func Sort[T any](items []T, by Order, in func(T) Scope) {
	if len(by) == 0 || len(items) < 2 {
		return
	}
	type ranked struct {
		item T
		keys []float64 // smaller first
	}
	rows := make([]ranked, len(items))
	keys := make([]float64, len(items)*len(by))
	for i, item := range items {
		rows[i] = ranked{item, keys[i*len(by) : (i+1)*len(by)]}
		scope := in(item)
		for j, c := range by {
			key, whole := c.key(scope)
			if !whole {
				return
			}
			rows[i].keys[j] = key
		}
	}
	slices.SortStableFunc(rows, func(a, b ranked) int { return slices.CompareFunc(a.keys, b.keys, cmp.Compare) })
	for i := range rows {
		items[i] = rows[i].item
	}
}

func (c clause) key(in Scope) (float64, bool) {
	v, _ := c.path.Lookup(in)
	if v == nil {
		return math.Inf(1), true
	}
	n, isNumber := number(v)
	if c.down {
		return -n, isNumber && n == math.Trunc(n)
	}
	return n, isNumber && n == math.Trunc(n)
}
