// Package twiml reads TwiML documents the way Twilio does: it parses the XML, holds it against a table
// of every voice verb, repairs or leaves out what Twilio would not accept, and says so with Twilio's own
// error codes. What comes out needs no further checking: whoever runs it asks an Element for a value and
// gets what the document says or, failing that, Twilio's default.
//
// It never runs a document, fetches anything, knows a call, or judges what only a call can tell: whether
// a number can be dialled, a URL answers, a participant's label is free, a coached call exists.
//
// Where the pages are silent on what a broken value does, the harsher reading is taken: values are as
// case-sensitive as names are, one unknown word in a list of events silences the list, a Say that is too
// long is not said.
//
// Where to start reading:
//
//	twiml.go   what a document is: Parse, Read
//	values.go  asking an element for its values
//	place.go   which verbs are possible where
//	verbs.go   the table of verbs; nouns.go: of what is inside them; schema.go: how to read both
//	check.go   a document held against the table; repair.go: what a table cannot say
//	xml.go     the XML underneath
//
// References such as "D.1" point to the sections of TWILIO.md; "E" is Twilio's catalogue of error codes,
// "docs" Twilio's page of the verb.
package twiml

import (
	"fmt"
	"slices"
	"strings"
)

// Element is one verb or noun that Twilio accepts. Its attributes are among those of the table and their
// values valid; ask for them with Get, Bool, Int, Seconds, Words and Method.
type Element struct {
	Name  string
	Attrs map[string]string
	// Text is what is directly inside, white space collapsed; in a Say it is also what SSML contains. A
	// Task's JSON and an Sms are as they were, but for white space around.
	Text string
	// Children are the nouns of a Dial, the prompts of a Gather, the Parameters of a Client, and so on,
	// in their order. A Dial has its destinations here and nowhere else: the plain number that it may
	// contain has become a Number, and a Client's Identity the Text of the Client.
	Children []Element
	Line     int // of its start tag, from 1
}

// Problem is what Twilio's debugger shows: an error when there is nothing to run, else a warning.
type Problem struct {
	Code int
	Text string
	Line int // 0: of no line
}

func (p Problem) Error() string {
	if p.Line > 0 {
		return fmt.Sprintf("%d %s (line %d)", p.Code, p.Text, p.Line)
	}
	return fmt.Sprintf("%d %s", p.Code, p.Text)
}

// Level is the debugger's: "error" or "warning". It is the catalogue's and says nothing about what becomes
// of the document: an Enqueue with a wrong method is an error and goes on with the right one.
func (p Problem) Level() string {
	if slices.Contains(errorCodes, p.Code) {
		return "error"
	}
	return "warning"
}

// errorCodes are those of the codes used here that the catalogue calls errors (E).
var errorCodes = []int{
	11100, 11750, 11770, 12100, 12101, 12102, 12300, 13201, 13231, 13238, 13239, 13257, 13338, 13621, 14201, 14204, 14205, 14206,
	14210, 14212, 14213, 14215, 14220, 14221, 14300, 16002, 16023, 21626,
}

// Document is what there is to run. When it has been run the call ends, unless it waits somewhere (D.1).
type Document struct {
	Verbs    []Element
	Warnings []Problem
}

const (
	codeInvalidURL   = 11100
	codeBodyTooLarge = 11750
	codeEmptyBody    = 11770
	codeParseFailure = 12100
	codeVersion      = 12101
	codeRoot         = 12102
	codeSchema       = 12200
	codeContentType  = 12300

	schemaWarning = "Schema validation warning: "

	bodyLimit = 64 << 10
)

// versions of the Response; another is an error (12101).
var versions = []string{"2008-08-01", "2010-04-01"}

// Parse reads a TwiML document. The error is always a *Problem: 12100 for XML that is not well-formed or
// is nested deeper than any TwiML, 12102 for another root than Response, 12101 for an unknown version.
// Everything else that is wrong is a warning, and left out or replaced by Twilio's default.
//
// A document type is skipped, and with it every entity it may define. A verb that is real is kept, whether
// or not the simulator runs it: that is for whoever runs the document to say.
func Parse(body []byte) (Document, error) {
	root, problem := readXML(body)
	if problem != nil {
		return Document{}, problem
	}
	if root.name != "Response" {
		return Document{}, &Problem{codeRoot, "The root element must be Response, not " + quote(root.name), root.line}
	}
	c := checker{}
	if version, says := c.attributes(root, "")["version"]; says && !slices.Contains(versions, version) {
		return Document{}, &Problem{codeVersion, "Invalid Twilio Markup XML version " + quote(version), root.line}
	}
	c.noText(root)
	verbs := c.children(root)
	return Document{Verbs: verbs, Warnings: c.warnings}, nil
}

// Read understands an answer of the application by its content type (D.1): TwiML as XML or HTML; an
// audio file, which becomes a Play of the address; plain text, which is TwiML if it can be and is spoken
// if not. The error is always a *Problem: those of Parse, 11770 for an empty answer, 11750 for one of
// more than 64 kB, 12300 for any other content type.
func Read(contentType, address string, body []byte) (Document, error) {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	switch {
	case len(body) == 0:
		return Document{}, &Problem{Code: codeEmptyBody, Text: "Empty response body"}
	case strings.HasPrefix(media, "audio/"): // of any size: Play fetches it again
		address, _, _ = strings.Cut(address, "#") // connection overrides (E.3) are no part of the URL
		return Document{Verbs: []Element{{Name: "Play", Attrs: map[string]string{}, Text: address, Line: 1}}}, nil
	case len(body) > bodyLimit:
		return Document{}, &Problem{Code: codeBodyTooLarge, Text: "TwiML response body too large"}
	case media == "text/xml", media == "application/xml", media == "text/html":
		return Parse(body)
	case media == "text/plain":
		if document, err := Parse(body); err == nil {
			return document, nil
		}
		return speak(string(body)), nil
	}
	return Document{}, &Problem{Code: codeContentType, Text: "Invalid Content-Type " + quote(media)}
}

// speak is the document that says a text.
func speak(text string) Document {
	c := checker{}
	say := Element{Name: "Say", Attrs: map[string]string{}, Text: collapse(strings.ToValidUTF8(text, "")), Line: 1}
	if !c.repairSay(&say) {
		return Document{Warnings: c.warnings}
	}
	return Document{Verbs: []Element{say}}
}
