package expression

import (
	"errors"
	"fmt"
	"strconv"
)

// Limits on what is read. Twilio names none for an expression alone; a routing's whole configuration
// may have 1 MB (A.8). These keep hostile input from exhausting the stack.
const (
	longestText = 1 << 20 // bytes
	deepest     = 100     // parentheses and lists inside each other
)

// parser reads with two tokens in sight, as the wording of its errors needs (see fail). After the
// first error there is nothing more to read, so that every loop ends.
type parser struct {
	lexer
	now, next token
	depth     int
	err       error
}

func newParser(text string) (*parser, error) {
	if len(text) > longestText {
		return nil, fmt.Errorf("expression is longer than %d bytes", longestText)
	}
	p := &parser{lexer: lexer{rest: text}}
	p.now = p.lexer.next()
	p.next = p.lexer.next()
	return p, nil
}

func (p *parser) take() token {
	t := p.now
	p.now, p.next = p.next, p.lexer.next()
	return t
}

// finish is the end of what is read, and its verdict. A complaint of the parser comes before one about
// dropped characters, as it does in TaskRouter.
func (p *parser) finish() error {
	if p.now.kind != endOfText {
		p.fail("<EOF>", isEnd, nothing)
	}
	if p.err == nil && p.dropped != "" {
		p.err = fmt.Errorf("token recognition error at: '%s'", visible.Replace(p.dropped))
	}
	return p.err
}

// either and both: AND binds tighter than OR.
func (p *parser) either() condition {
	first := p.both()
	if p.now.kind != orToken {
		return first
	}
	terms := anyOf{first}
	for p.now.kind == orToken {
		p.take()
		terms = append(terms, p.both())
	}
	return terms
}

func (p *parser) both() condition {
	first := p.comparison()
	if p.now.kind != andToken {
		return first
	}
	terms := allOf{first}
	for p.now.kind == andToken {
		p.take()
		terms = append(terms, p.comparison())
	}
	return terms
}

func (p *parser) comparison() condition {
	if p.now.is('(') {
		if !p.enter() {
			return nil
		}
		c := p.either()
		if !p.now.is(')') {
			p.fail("')'", is(')'), endsComparison)
		}
		p.leave()
		return c
	}
	if !startsValue(p.now) {
		p.fail("{'(', VALUE}", startsComparison, nothing)
	}
	return &comparison{left: p.operand(), operator: p.operator(), right: p.operand()}
}

func (p *parser) operator() operator {
	t := p.now
	switch {
	case t.kind == operatorToken:
		p.take()
		return t.operator
	case t.kind == notToken && p.next.kind == operatorToken && p.next.operator == isIn:
		p.take()
		p.take()
		return isNotIn
	}
	p.fail("OPERATOR", startsOperator, startsValue)
	return 0
}

func (p *parser) operand() operand {
	switch t := p.now; {
	case t.kind == textToken:
		return operand{constant: unquote(p.take().text)}
	case t.kind == numberToken:
		n, err := strconv.ParseFloat(t.text, 64)
		if err != nil {
			p.stop(fmt.Errorf("number %s is too large", t))
		}
		p.take()
		return operand{constant: n}
	case t.kind == booleanToken:
		return operand{constant: len(p.take().text) == len("true")}
	case t.kind == nullToken:
		p.take()
		return operand{}
	case t.kind == nameToken:
		return operand{path: p.path()}
	case t.is('['):
		return operand{constant: p.list()}
	}
	p.fail("VALUE", startsValue, nothing)
	return operand{}
}

func (p *parser) list() *literalList {
	l := &literalList{}
	if !p.enter() {
		return l
	}
	for !p.now.is(']') && p.err == nil {
		if len(l.items) > 0 {
			if !p.now.is(',') {
				p.fail("{',', ']'}", continuesList, nothing)
			}
			p.take()
		}
		l.items = append(l.items, p.operand())
	}
	p.leave()
	return l
}

func (p *parser) path() Path {
	if p.now.kind != nameToken {
		p.fail("KEY", isName, nothing)
	}
	path := Path{{key: p.take().text}}
	for {
		switch {
		case p.now.is('.'):
			p.take()
			if !p.now.isWord() {
				p.fail("KEY", token.isWord, nothing)
			}
			path = append(path, step{key: p.take().text})
		case p.now.is('['):
			p.take()
			index, ok := indexIn(p.now)
			if !ok {
				p.fail("INDEX", isIndex, nothing)
			}
			p.take()
			if !p.now.is(']') {
				p.fail("']'", is(']'), nothing)
			}
			p.take()
			path = append(path, step{index: index})
		default:
			return path
		}
	}
}

// enter takes an opening bracket, leave its closing one.
func (p *parser) enter() bool {
	if p.depth == deepest {
		p.stop(errors.New("expression is nested too deeply"))
		return false
	}
	p.depth++
	p.take()
	return true
}

func (p *parser) leave() {
	p.depth--
	p.take()
}

// fail words the error as ANTLR does: a token that is only in the way is extraneous, one before which
// something was left out tells what is missing, and otherwise there is a mismatch. Of the names of
// what was expected, only OPERATOR has been seen in an answer of Twilio's.
func (p *parser) fail(expected string, isExpected, mayFollow func(token) bool) {
	switch {
	case isExpected(p.next):
		p.stop(fmt.Errorf("extraneous input %s expecting %s", p.now, expected))
	case mayFollow(p.now):
		p.stop(fmt.Errorf("missing %s at %s", expected, p.now))
	default:
		p.stop(fmt.Errorf("mismatched input %s expecting %s", p.now, expected))
	}
}

func (p *parser) stop(err error) {
	if p.err == nil {
		p.err = err
	}
	p.rest, p.now, p.next = "", token{}, token{}
}

func nothing(token) bool  { return false }
func isEnd(t token) bool  { return t.kind == endOfText }
func isName(t token) bool { return t.kind == nameToken }

func is(symbol byte) func(token) bool { return func(t token) bool { return t.is(symbol) } }

func startsValue(t token) bool {
	switch t.kind {
	case nameToken, textToken, numberToken, booleanToken, nullToken:
		return true
	}
	return t.is('[')
}

func startsComparison(t token) bool { return t.is('(') || startsValue(t) }

func startsOperator(t token) bool { return t.kind == operatorToken || t.kind == notToken }

func endsComparison(t token) bool { return isEnd(t) || t.kind == andToken || t.kind == orToken }

func continuesList(t token) bool { return t.is(',') || t.is(']') }

func isIndex(t token) bool {
	_, ok := indexIn(t)
	return ok
}

func indexIn(t token) (int, bool) {
	if t.kind != numberToken || t.text[0] == '-' {
		return 0, false
	}
	n, err := strconv.Atoi(t.text)
	return n, err == nil
}
