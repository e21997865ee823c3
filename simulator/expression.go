package simulator

import (
	"fmt"
	"strconv"
	"strings"
)

// The expression language of TaskRouter (A.4):
//
//	expr  := and { OR and } ;  and := cmp { AND cmp } ;  cmp := '(' expr ')' | value op value
//	op    := == | != | < | <= | > | >= | CONTAINS | HAS | IN | NOT IN     (words in either case)
//	value := "text" | 'text' | number | true | false | null | [value, …] | key{.key}{[index]}
//
// Checking is syntactic only: a comparison that makes no sense is accepted and matches nobody.

// expression is parsed once and evaluated often.
type expression struct {
	text string
	root condition
}

// scope finds the value of a top-level key; a missing one is nil, TaskRouter's NULL.
type scope func(key string) any

func (e *expression) matches(in scope) bool { return e.root.holds(in) }

type condition interface{ holds(scope) bool }

type either []condition
type both []condition

func (c either) holds(in scope) bool {
	for _, one := range c {
		if one.holds(in) {
			return true
		}
	}
	return false
}

func (c both) holds(in scope) bool {
	for _, one := range c {
		if !one.holds(in) {
			return false
		}
	}
	return true
}

type comparison struct {
	left, right operand
	operator    string
}

func (c comparison) holds(in scope) bool {
	return compare(c.left.value(in), c.operator, c.right.value(in))
}

type operand interface{ value(scope) any }

type literal struct{ is any }
type list []operand
type keyPath []any // string keys and int indexes; the first is a string

func (l literal) value(scope) any { return l.is }

func (l list) value(in scope) any {
	values := make([]any, len(l))
	for i, o := range l {
		values[i] = o.value(in)
	}
	return values
}

func (p keyPath) value(in scope) any {
	v := in(p[0].(string))
	for _, step := range p[1:] {
		switch step := step.(type) {
		case string:
			if inner, isScope := v.(scope); isScope { // worker.…, task.…: nothing is copied
				v = inner(step)
				continue
			}
			m, _ := v.(map[string]any)
			v = m[step]
		case int:
			items, _ := v.([]any)
			if step < 0 || step >= len(items) {
				return nil
			}
			v = items[step]
		}
	}
	return v
}

func parseExpression(text string) (*expression, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	root, err := p.either()
	if err == nil && p.peek().kind != endOfText {
		err = fmt.Errorf("extraneous input '%s' expecting AND, OR or the end", p.peek().text)
	}
	if err != nil {
		return nil, err
	}
	return &expression{text, root}, nil
}

type tokenKind int

const (
	endOfText tokenKind = iota
	word                // key, AND, IN, true, …
	text
	number
	symbol // operators, brackets, comma, dot
)

type token struct {
	kind tokenKind
	text string
}

func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

var symbols = []string{"==", "!=", "<=", ">=", "<", ">", "(", ")", "[", "]", ",", "."}

func lex(in string) ([]token, error) {
	var tokens []token
	for i := 0; i < len(in); {
		c := in[i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case c == '"' || c == '\'':
			t, rest, err := quoted(in[i:])
			if err != nil {
				return nil, err
			}
			tokens = append(tokens, token{text, t})
			i = len(in) - len(rest)
		case isDigit(c) || c == '-' && i+1 < len(in) && isDigit(in[i+1]) && wantsValue(tokens):
			j := i + 1
			for j < len(in) && (isDigit(in[j]) || in[j] == '.' && j+1 < len(in) && isDigit(in[j+1])) {
				j++
			}
			tokens = append(tokens, token{number, in[i:j]})
			i = j
		case isLetter(c):
			j := i
			for j < len(in) && (isLetter(in[j]) || isDigit(in[j])) {
				j++
			}
			tokens = append(tokens, token{word, in[i:j]})
			i = j
		default:
			s := symbolAt(in[i:])
			if s == "" { // a hyphen in a key ends up here; TaskRouter complains about what follows it
				rest := strings.TrimLeft(in[i+1:], " ")
				next, _, _ := strings.Cut(rest, " ")
				return nil, fmt.Errorf("extraneous input '%s' expecting OPERATOR", next)
			}
			tokens = append(tokens, token{symbol, s})
			i += len(s)
		}
	}
	return append(tokens, token{}), nil
}

func symbolAt(in string) string {
	for _, s := range symbols {
		if strings.HasPrefix(in, s) {
			return s
		}
	}
	return ""
}

// wantsValue tells the minus of a number from a hyphen in a key.
func wantsValue(before []token) bool {
	if len(before) == 0 {
		return true
	}
	last := before[len(before)-1]
	if last.kind == symbol {
		return last.text != ")" && last.text != "]" && last.text != "."
	}
	return last.is("IN") || last.is("HAS") || last.is("CONTAINS") || last.is("AND") || last.is("OR")
}

func quoted(in string) (string, string, error) {
	var b strings.Builder
	for i := 1; i < len(in); i++ {
		switch {
		case in[i] == '\\' && i+1 < len(in):
			i++
			b.WriteByte(in[i])
		case in[i] == in[0]:
			return b.String(), in[i+1:], nil
		default:
			b.WriteByte(in[i])
		}
	}
	return "", "", fmt.Errorf("missing closing quote in %s", in)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c >= 0x80
}

type parser struct {
	tokens []token
	at     int
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != endOfText {
		p.at++
	}
	return t
}

func (p *parser) takeSymbol(s string) bool {
	if t := p.peek(); t.kind == symbol && t.text == s {
		p.at++
		return true
	}
	return false
}

// either and both: AND binds tighter than OR.
func (p *parser) either() (condition, error) {
	first, err := p.both()
	if err != nil {
		return nil, err
	}
	c := either{first}
	for p.peek().is("OR") {
		p.take()
		next, err := p.both()
		if err != nil {
			return nil, err
		}
		c = append(c, next)
	}
	return c, nil
}

func (p *parser) both() (condition, error) {
	first, err := p.comparison()
	if err != nil {
		return nil, err
	}
	c := both{first}
	for p.peek().is("AND") {
		p.take()
		next, err := p.comparison()
		if err != nil {
			return nil, err
		}
		c = append(c, next)
	}
	return c, nil
}

func (p *parser) comparison() (condition, error) {
	if p.takeSymbol("(") {
		c, err := p.either()
		if err != nil {
			return nil, err
		}
		if !p.takeSymbol(")") {
			return nil, fmt.Errorf("mismatched input '%s' expecting ')'", p.peek().text)
		}
		return c, nil
	}
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	operator, err := p.operator()
	if err != nil {
		return nil, err
	}
	right, err := p.operand()
	if err != nil {
		return nil, err
	}
	return comparison{left, right, operator}, nil
}

func (p *parser) operator() (string, error) {
	t := p.take()
	switch {
	case t.kind == symbol && strings.Contains("== != <= >= < >", t.text) && t.text != "":
		return t.text, nil
	case t.is("CONTAINS"), t.is("HAS"), t.is("IN"):
		return strings.ToUpper(t.text), nil
	case t.is("NOT") && p.peek().is("IN"):
		p.take()
		return "NOT IN", nil
	}
	return "", fmt.Errorf("extraneous input '%s' expecting OPERATOR", t.text)
}

func (p *parser) operand() (operand, error) {
	t := p.take()
	switch {
	case t.kind == text:
		return literal{t.text}, nil
	case t.kind == number:
		n, err := strconv.ParseFloat(t.text, 64)
		return literal{n}, err
	case t.is("true"), t.is("false"):
		return literal{strings.EqualFold(t.text, "true")}, nil
	case t.is("null"):
		return literal{nil}, nil
	case t.kind == symbol && t.text == "[":
		return p.list()
	case t.kind == word:
		return p.path(t.text)
	}
	return nil, fmt.Errorf("mismatched input '%s' expecting a value", t.text)
}

func (p *parser) list() (operand, error) {
	l := list{}
	for !p.takeSymbol("]") {
		if len(l) > 0 && !p.takeSymbol(",") {
			return nil, fmt.Errorf("mismatched input '%s' expecting ',' or ']'", p.peek().text)
		}
		item, err := p.operand()
		if err != nil {
			return nil, err
		}
		l = append(l, item)
	}
	return l, nil
}

func (p *parser) path(first string) (operand, error) {
	path := keyPath{first}
	for {
		switch {
		case p.takeSymbol("."):
			t := p.take()
			if t.kind != word && t.kind != number {
				return nil, fmt.Errorf("mismatched input '%s' expecting a key", t.text)
			}
			path = append(path, t.text)
		case p.peek().kind == symbol && p.peek().text == "[":
			p.take()
			n, err := strconv.Atoi(p.take().text)
			if err != nil || !p.takeSymbol("]") {
				return nil, fmt.Errorf("mismatched input expecting an index")
			}
			path = append(path, n)
		default:
			return path, nil
		}
	}
}
