package expression

import (
	"strconv"
	"strings"
)

// Scope is what an expression is evaluated in. Lookup finds the value of a key that stands in front,
// such as "worker" in worker.skills[0], and reports whether there is one.
//
// A value is what encoding/json makes: nil for NULL, bool, float64, string, []any, map[string]any. So
// that a scope need not copy or allocate, it may also be an int, a *string, or a Scope for an object.
// Anything else is an object without keys.
type Scope interface {
	Lookup(key string) (value any, found bool)
}

// Attributes is the Scope of a JSON object, as encoding/json reads one.
type Attributes map[string]any

// Lookup finds one attribute.
func (a Attributes) Lookup(key string) (any, bool) {
	v, found := a[key]
	return v, found
}

// Text is a value's text, if it is one.
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case *string:
		return *v, true
	}
	return "", false
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	}
	return 0, false
}

// isScalar reports whether scalar operators can compare a value: anything but a list or an object.
func isScalar(v any) bool {
	switch v.(type) {
	case nil, bool, float64, int, string, *string:
		return true
	}
	return false
}

// equal compares scalars of the same kind: a number is never equal to its text. Twilio's page says
// only that such comparisons should be avoided.
func equal(a, b any) bool {
	switch a := a.(type) {
	case nil:
		return b == nil
	case string:
		return isText(b, a)
	case *string:
		return isText(b, *a)
	case float64:
		return isNumber(b, a)
	case int:
		return isNumber(b, float64(a))
	case bool:
		b, same := b.(bool)
		return same && a == b
	}
	return false
}

func isText(v any, text string) bool {
	s, same := Text(v)
	return same && s == text
}

func isNumber(v any, n float64) bool {
	m, same := number(v)
	return same && m == n
}

// order is that of two numbers or two texts. A text with a number in it is ordered among numbers:
// Twilio's examples compare taskrouter.currentHour, a text, with 8 ("Time of Day Routing"), and
// {"tech_support_skill": "6"} matches tech_support_skill > 5 ("Task Queue resource").
func order(a, b any) (int, bool) {
	n, aNumber := number(a)
	m, bNumber := number(b)
	if aNumber && bNumber {
		return compareNumbers(n, m), true
	}
	s, aText := Text(a)
	t, bText := Text(b)
	switch {
	case aText && bText:
		return strings.Compare(s, t), true
	case aText && bNumber:
		n, readable := numberIn(s)
		return compareNumbers(n, m), readable
	case aNumber && bText:
		m, readable := numberIn(t)
		return compareNumbers(n, m), readable
	}
	return 0, false
}

func compareNumbers(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// numberIn reads a text that is a number as the language writes one, and nothing else.
func numberIn(text string) (float64, bool) {
	if text == "" || numberEnd(text) != len(text) {
		return 0, false
	}
	n, err := strconv.ParseFloat(text, 64)
	return n, err == nil
}

// plain is a scalar as CONTAINS sees it.
func plain(v any) string {
	if s, isText := Text(v); isText {
		return s
	}
	return constant(v)
}

// constant writes a scalar as the language does.
func constant(v any) string {
	if s, isText := Text(v); isText {
		return `"` + quote.Replace(s) + `"`
	}
	if n, isNumber := number(v); isNumber {
		return strconv.FormatFloat(n, 'f', -1, 64)
	}
	if b, isBool := v.(bool); isBool {
		return strconv.FormatBool(b)
	}
	return "null"
}

var quote = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
