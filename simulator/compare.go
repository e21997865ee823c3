package simulator

import (
	"encoding/json"
	"strconv"
	"strings"
)

// compare is one operator of the expression language (A.4). Two rules explain nearly all of it: a
// scalar operator on an array is false, and an array operator on two scalars is false; never an error.
func compare(left any, operator string, right any) bool {
	switch operator {
	case "IN":
		return isIn(left, right)
	case "NOT IN":
		// No list at all excludes nobody. Routing lives on this: a task without the attribute must
		// match every agent.
		if right == nil {
			return true
		}
		_, isList := right.([]any)
		return isList && !isArray(left) && !isIn(left, right)
	case "HAS":
		return isIn(right, left)
	}
	if isArray(left) || isArray(right) {
		return false
	}
	switch operator {
	case "==":
		return equal(left, right)
	case "!=":
		return !equal(left, right)
	case "CONTAINS":
		return left != nil && right != nil && strings.Contains(plain(left), plain(right))
	}
	order, comparable := orderOf(left, right)
	if !comparable {
		return false
	}
	switch operator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// isIn: scalar on the left, array on the right; NULL on the right is an empty array.
func isIn(scalar, array any) bool {
	items, isList := array.([]any)
	if !isList || isArray(scalar) {
		return false
	}
	for _, item := range items {
		if !isArray(item) && equal(scalar, item) {
			return true
		}
	}
	return false
}

func isArray(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return true
	}
	return false
}

// equal compares scalars of the same kind; a number is never equal to its text.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case bool:
		b, same := b.(bool)
		return same && a == b
	case string:
		b, same := b.(string)
		return same && a == b
	case float64:
		b, same := b.(float64)
		return same && a == b
	}
	return false
}

// orderOf orders two numbers, or two texts. Anything else has no order.
func orderOf(a, b any) (int, bool) {
	switch a := a.(type) {
	case float64:
		if b, same := b.(float64); same {
			switch {
			case a < b:
				return -1, true
			case a > b:
				return 1, true
			}
			return 0, true
		}
	case string:
		if b, same := b.(string); same {
			return strings.Compare(a, b), true
		}
	}
	return 0, false
}

func plain(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	}
	b, _ := json.Marshal(v)
	return string(b)
}
