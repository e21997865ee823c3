package twiml

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// The functions here answer with Twilio's default for what the document does not say. They panic when the
// element has no such attribute in TwiML: that is a misspelling of the caller, never of the document.

// Has reports whether the document itself says it, so that an empty waitUrl, which is silence, can be told
// from none, which is music.
func (e Element) Has(name string) bool {
	e.attribute(name)
	_, says := e.Attrs[name]
	return says
}

// Get is the value as text; without a default it is empty.
func (e Element) Get(name string) string {
	standard := e.attribute(name).standard
	if value, says := e.Attrs[name]; says {
		return value
	}
	return standard
}

// Bool is the value of an attribute that is true or false.
func (e Element) Bool(name string) bool { return e.Get(name) == "true" }

// Int is the value of a whole number; 0 if there is neither a value nor a default. A word that Twilio
// accepts in place of the number, like auto, counts as the default: ask Get for it.
func (e Element) Int(name string) int {
	n, err := strconv.Atoi(strings.TrimSpace(e.Get(name)))
	if err != nil {
		n, _ = strconv.Atoi(e.attribute(name).standard)
	}
	return n
}

// Seconds is Int as a time. What Twilio counts in milliseconds is not for it.
func (e Element) Seconds(name string) time.Duration {
	return time.Duration(e.Int(name)) * time.Second
}

// Words is the value of a list. Nothing in it means that nothing is wanted: an empty list in the document,
// or one that Twilio did not accept.
func (e Element) Words(name string) []string { return strings.Fields(e.Get(name)) }

// Method is GET or POST.
func (e Element) Method(name string) string {
	if e.Get(name) == "GET" {
		return "GET"
	}
	return "POST"
}

func (e Element) attribute(name string) attribute {
	a, known := schema[e.Name].attrs[name]
	if !known {
		panic(fmt.Sprintf("twiml: %s has no attribute %s", e.Name, name))
	}
	return a
}
