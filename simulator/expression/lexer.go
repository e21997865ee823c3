package expression

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind uint8

const (
	endOfText tokenKind = iota
	nameToken
	textToken
	numberToken
	booleanToken
	nullToken
	operatorToken
	andToken
	orToken
	notToken
	symbolToken // ( ) [ ] , and .
)

type token struct {
	kind     tokenKind
	operator operator
	text     string // as written, with its quotes
}

// String is the token in an error, between quotes as ANTLR puts them.
func (t token) String() string {
	if t.kind == endOfText {
		return "'<EOF>'"
	}
	return "'" + visible.Replace(t.text) + "'"
}

var visible = strings.NewReplacer("\n", `\n`, "\r", `\r`, "\t", `\t`)

func (t token) is(symbol byte) bool { return t.kind == symbolToken && t.text[0] == symbol }

// isWord: behind a dot any word is a key, also "in" and "null".
func (t token) isWord() bool { return t.kind != endOfText && wordEnd(t.text) > 0 }

// lexer takes a text apart. What it cannot read it drops, as TaskRouter's ANTLR lexer does, and
// remembers the first such piece: the hyphen of skill-level > 3 goes with the letter behind it, and
// what TaskRouter complains about is 'evel' (measured, A.4).
type lexer struct {
	rest    string
	dropped string
}

func (l *lexer) next() token {
	for {
		l.rest = strings.TrimLeft(l.rest, " \t\r\n")
		if l.rest == "" {
			return token{}
		}
		if t, length := scan(l.rest); length > 0 {
			t.text = l.rest[:length]
			l.rest = l.rest[length:]
			return t
		}
		l.drop()
	}
}

// scan reads the longest token at the start of a text; length 0: there is none.
func scan(s string) (t token, length int) {
	second := byte(0)
	if len(s) > 1 {
		second = s[1]
	}
	compared := func(o operator, length int) (token, int) { return token{kind: operatorToken, operator: o}, length }
	switch s[0] {
	case '(', ')', '[', ']', ',', '.':
		return token{kind: symbolToken}, 1
	case '"', '\'':
		return token{kind: textToken}, textEnd(s)
	case '=':
		if second == '=' {
			return compared(equals, 2)
		}
		return compared(equals, 1)
	case '!':
		if second == '=' {
			return compared(differs, 2)
		}
		return token{}, 0
	case '<':
		switch second {
		case '=':
			return compared(atMost, 2)
		case '-':
			return compared(isIn, 2)
		}
		return compared(less, 1)
	case '>':
		switch second {
		case '=':
			return compared(atLeast, 2)
		case '-':
			return compared(has, 2)
		}
		return compared(more, 1)
	}
	if n := numberEnd(s); n > 0 {
		return token{kind: numberToken}, n
	}
	if n := wordEnd(s); n > 0 {
		return word(s[:n]), n
	}
	return token{}, 0
}

// drop takes away what cannot be read: one character, or two when the first could have begun a token;
// of a text without its closing quote, everything.
func (l *lexer) drop() {
	n := runeLength(l.rest)
	switch l.rest[0] {
	case '"', '\'':
		n = len(l.rest)
	case '-', '!':
		n += runeLength(l.rest[n:])
	}
	if l.dropped == "" {
		l.dropped = l.rest[:n]
	}
	l.rest = l.rest[n:]
}

func runeLength(s string) int {
	_, n := utf8.DecodeRuneInString(s)
	return n
}

var keywords = [...]struct {
	word  string
	token token
}{
	{"AND", token{kind: andToken}}, {"OR", token{kind: orToken}}, {"NOT", token{kind: notToken}},
	{"IN", token{kind: operatorToken, operator: isIn}}, {"HAS", token{kind: operatorToken, operator: has}},
	{"CONTAINS", token{kind: operatorToken, operator: contains}},
	{"true", token{kind: booleanToken}}, {"false", token{kind: booleanToken}}, {"null", token{kind: nullToken}},
}

func word(s string) token {
	for i := range keywords {
		if k := &keywords[i]; len(s) == len(k.word) && strings.EqualFold(s, k.word) {
			return k.token
		}
	}
	return token{kind: nameToken}
}

// textEnd is the length of the quoted text at the start of s; 0: its closing quote is missing.
func textEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return 0
}

// unquote takes off the quotes, and of every backslash the next character as it is.
func unquote(s string) string {
	quoted := s[1 : len(s)-1]
	if strings.IndexByte(quoted, '\\') < 0 {
		return quoted
	}
	var b strings.Builder
	for i := 0; i < len(quoted); i++ {
		if quoted[i] == '\\' {
			i++
		}
		b.WriteByte(quoted[i])
	}
	return b.String()
}

// numberEnd is the length of the number at the start of s.
func numberEnd(s string) int {
	i := 0
	if s[0] == '-' {
		i = 1
	}
	digits := digitsEnd(s[i:])
	if digits == 0 {
		return 0
	}
	i += digits
	if i < len(s) && s[i] == '.' {
		if fraction := digitsEnd(s[i+1:]); fraction > 0 {
			i += 1 + fraction
		}
	}
	return i
}

func digitsEnd(s string) int {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return i
		}
	}
	return len(s)
}

// wordEnd is the length of the name at the start of s.
func wordEnd(s string) int {
	for i, r := range s {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r == '_', r == '$', r >= 0x80 && unicode.IsLetter(r):
		case i > 0 && (r >= '0' && r <= '9' || r >= 0x80 && (unicode.IsMark(r) || unicode.IsDigit(r))):
		default:
			return i
		}
	}
	return len(s)
}
