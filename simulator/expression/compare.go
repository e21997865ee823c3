package expression

import "strings"

type operator uint8

const (
	equals operator = iota
	differs
	less
	atMost
	more
	atLeast
	contains
	has
	isIn
	isNotIn
)

func (o operator) String() string {
	return [...]string{"==", "!=", "<", "<=", ">", ">=", "CONTAINS", "HAS", "IN", "NOT IN"}[o]
}

// holds: a scalar operator on a list is false, and an array operator on two scalars is false; never
// an error (A.4).
func (c *comparison) holds(in Scope) bool {
	left, right := c.left.value(in), c.right.value(in)
	switch c.operator {
	case equals:
		return equal(left, right)
	case differs:
		return isScalar(left) && isScalar(right) && !equal(left, right)
	case contains:
		return isScalar(left) && isScalar(right) && left != nil && right != nil && strings.Contains(plain(left), plain(right))
	case has:
		return includes(left, right, in)
	case isIn:
		return includes(right, left, in)
	case isNotIn:
		// No list at all excludes nobody. Routing lives on this: a task without the attribute must
		// match every agent.
		return right == nil || isList(right) && isScalar(left) && !includes(right, left, in)
	}
	n, ordered := order(left, right)
	switch c.operator {
	case less:
		return ordered && n < 0
	case atMost:
		return ordered && n <= 0
	case more:
		return ordered && n > 0
	}
	return ordered && n >= 0
}

func isList(v any) bool {
	switch v.(type) {
	case []any, *literalList:
		return true
	}
	return false
}

// includes looks for a scalar in a list. What is no scalar is equal to nothing.
func includes(list, scalar any, in Scope) bool {
	switch list := list.(type) {
	case []any:
		for _, item := range list {
			if equal(scalar, item) {
				return true
			}
		}
	case *literalList:
		for i := range list.items {
			if equal(scalar, list.items[i].value(in)) {
				return true
			}
		}
	}
	return false
}
