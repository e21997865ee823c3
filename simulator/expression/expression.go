// Package expression is TaskRouter's expression language, which says what tasks a filter of a routing
// takes, which agents a queue or a target of a routing is for, when a target is skipped, and who is
// asked first. It reads a text once and evaluates it often, without allocating.
//
// It knows nothing of tasks, agents and queues: what a key means is told by a Scope. Checking is
// syntactic only, as Twilio's is: a comparison that makes no sense is accepted and matches nobody.
//
//	expr  := and { OR and }           and  := cmp { AND cmp }          cmp := '(' expr ')' | value op value
//	op    := == = | != | < | <= | > | >= | CONTAINS | HAS >- | IN <- | NOT IN
//	value := "text" | 'text' | number | true | false | null | '[' [ value { , value } ] ']' | key
//	key   := name { . name | '[' index ']' }                           number := [-] digits [ . digits ]
//
// Words are read in either case. AND binds tighter than OR. A name has letters, digits, _ and $, and
// does not begin with a digit; a hyphen in it is an error. A token is as long as it can be, so that
// level >-1 is level HAS 1; level > -1 is the comparison. In a text, a backslash takes the next
// character as it is.
//
// What comes from which page of Twilio's documentation: the language, from "Using TaskRouter
// Expressions" (A.4); the spellings =, >- and <- of ==, HAS and IN, from "Task Queue resource"; $, from
// "Multitasking"; order_by, from "Ordering Workers". Not settled there, and chosen here: AND before OR,
// escapes, what may stand in a list, and the names of tokens in errors other than OPERATOR.
//
// Where to start reading: this file, then compare.go for what the operators mean, parser.go for the
// grammar and its errors, order.go for order_by.
package expression

import "strings"

// Expression is a condition, ready to be evaluated. It never changes, and may be used by several
// goroutines. A nil Expression matches nothing, as an empty TargetWorkers does (A.3).
type Expression struct {
	root condition
}

// Parse reads an expression. Its errors are worded like TaskRouter's.
func Parse(text string) (*Expression, error) {
	p, err := newParser(text)
	if err != nil {
		return nil, err
	}
	root := p.either()
	if err := p.finish(); err != nil {
		return nil, err
	}
	return &Expression{root}, nil
}

// Matches evaluates the expression. A key that the scope does not have is NULL.
func (e *Expression) Matches(in Scope) bool { return e != nil && e.root.holds(in) }

// String is the expression in one canonical spelling, which parses to the same expression.
func (e *Expression) String() string {
	if e == nil {
		return ""
	}
	var b strings.Builder
	e.root.print(&b)
	return b.String()
}

// condition is a comparison, or several conditions of which all or any must hold.
type condition interface {
	holds(in Scope) bool
	print(b *strings.Builder)
}

type allOf []condition

type anyOf []condition

type comparison struct {
	left, right operand
	operator    operator
}

func (c allOf) holds(in Scope) bool {
	for _, term := range c {
		if !term.holds(in) {
			return false
		}
	}
	return true
}

func (c anyOf) holds(in Scope) bool {
	for _, term := range c {
		if term.holds(in) {
			return true
		}
	}
	return false
}

// operand is one side of a comparison: a key, or else a constant, which may be a *literalList.
type operand struct {
	path     Path
	constant any
}

// literalList is a list as written in an expression. There may be keys in it, so its items are
// evaluated one by one, where they are needed.
type literalList struct {
	items []operand
}

func (o *operand) value(in Scope) any {
	if o.path == nil {
		return o.constant
	}
	v, _ := o.path.Lookup(in)
	return v
}

func (c allOf) print(b *strings.Builder) {
	for i, term := range c {
		if i > 0 {
			b.WriteString(" AND ")
		}
		if _, either := term.(anyOf); either {
			b.WriteByte('(')
			term.print(b)
			b.WriteByte(')')
		} else {
			term.print(b)
		}
	}
}

func (c anyOf) print(b *strings.Builder) {
	for i, term := range c {
		if i > 0 {
			b.WriteString(" OR ")
		}
		term.print(b)
	}
}

func (c *comparison) print(b *strings.Builder) {
	c.left.print(b)
	b.WriteString(" " + c.operator.String() + " ")
	c.right.print(b)
}

func (o *operand) print(b *strings.Builder) {
	if o.path != nil {
		b.WriteString(o.path.String())
		return
	}
	list, isList := o.constant.(*literalList)
	if !isList {
		b.WriteString(constant(o.constant))
		return
	}
	b.WriteByte('[')
	for i := range list.items {
		if i > 0 {
			b.WriteString(", ")
		}
		list.items[i].print(b)
	}
	b.WriteByte(']')
}
