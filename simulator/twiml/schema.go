package twiml

import (
	"maps"
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// schema is everything that can be in a document. Elements of one name share one rule: a Sip in a Refer
// may have fewer attributes than one in a Dial, and a Parameter is the same anywhere.
var schema = join(verbs, nouns, ssml)

// rule is what an element may hold.
type rule struct {
	text     text
	children []string
	strange  int // code for any other child; 0: 12200
	attrs    attributes
	// repair does what attributes one by one cannot say. False: the element is left out.
	repair func(*checker, *Element) bool
}

type attributes map[string]attribute

// attribute is what a value may be.
type attribute struct {
	standard string            // Twilio's default
	code     int               // for another value; 0: 12200
	wants    string            // what it may be, in words
	valid    func(string) bool // nil: anything
	list     bool              // of events: a wrong one silences all
	means    map[string]string // old spellings of values
}

// text is what becomes of the text in an element.
type text int

const (
	noText   text = iota // it should not be there
	words                // collapsed
	verbatim             // trimmed
	spoken               // collapsed, with that in SSML
)

func free(standard string) attribute { return attribute{standard: standard} }

// address is a URL that whoever asks for it judges: a wrong action ends a call, so it cannot be left out.
var address = free("")

// callback is a URL without which everything goes on, unreported (13256, 13257 in E).
func callback(code int) attribute {
	return attribute{code: code, wants: "an http(s) URL or relative to one", valid: isURL}
}

func flag(standard string, code int) attribute {
	return oneOf(standard, code, "true", "false")
}

func method(code int) attribute { return oneOf("POST", code, "GET", "POST") }

func oneOf(standard string, code int, values ...string) attribute {
	return attribute{
		standard: standard, code: code, wants: strings.Join(values, ", "),
		valid: func(value string) bool { return slices.Contains(values, value) },
	}
}

func (a attribute) alias(old, now string) attribute {
	valid := a.valid
	a.means = maps.Clone(a.means)
	if a.means == nil {
		a.means = map[string]string{}
	}
	a.means[old] = now
	a.valid = func(value string) bool { return value == old || valid(value) }
	return a
}

// events is a list of words; none of them is fine.
func events(standard string, code int, values ...string) attribute {
	return attribute{
		standard: standard, code: code, list: true, wants: "a list, with spaces, of " + strings.Join(values, ", "),
		valid: func(value string) bool {
			for _, word := range strings.Fields(value) {
				if !slices.Contains(values, word) {
					return false
				}
			}
			return true
		},
	}
}

// noLimit is that of the integers in the XML schema that Twilio once published.
const noLimit = math.MaxInt32

func number(standard string, code, least, most int) attribute {
	wants := "a whole number from " + strconv.Itoa(least) + " to " + strconv.Itoa(most)
	if most == noLimit {
		wants = "a whole number, at least " + strconv.Itoa(least)
	}
	return attribute{
		standard: standard, code: code, wants: wants,
		valid: func(value string) bool {
			n, err := strconv.Atoi(strings.TrimSpace(value)) // XML Schema's integers may have spaces around
			return err == nil && n >= least && n <= most
		},
	}
}

func (a attribute) or(word string) attribute {
	number := a.valid
	a.wants += ", or " + word
	a.valid = func(value string) bool { return value == word || number(value) }
	return a
}

// keys is a text of certain characters only.
func keys(standard string, code int, characters string) attribute {
	return attribute{
		standard: standard, code: code, wants: "made of " + characters,
		valid: func(value string) bool { return strings.Trim(value, characters) == "" },
	}
}

func join[M ~map[string]V, V any](sets ...M) M {
	all := M{}
	for _, set := range sets {
		maps.Copy(all, set)
	}
	return all
}

// isURL follows what Twilio asks of a callback: no underscore in the host (D.1).
func isURL(value string) bool {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return false
	case u.Scheme == "" && u.Host == "":
		return true // relative
	}
	return (u.Scheme == "http" || u.Scheme == "https") && u.Hostname() != "" && !strings.Contains(u.Hostname(), "_")
}

// isSID reports whether a value looks like a SID of the kind (A.1), existing or not.
func isSID(kind, value string) bool {
	hex, ok := strings.CutPrefix(value, kind)
	return ok && len(hex) == 32 && strings.Trim(hex, "0123456789abcdefABCDEF") == ""
}
