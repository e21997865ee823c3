package twiml

import (
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// render writes a document so that it parses to the same verbs: attributes by name, nothing else between.
func render(verbs []Element) string {
	var out strings.Builder
	out.WriteString("<Response>")
	for _, e := range verbs {
		renderElement(&out, e)
	}
	out.WriteString("</Response>")
	return out.String()
}

func renderElement(out *strings.Builder, e Element) {
	out.WriteString("<" + e.Name)
	for _, name := range slices.Sorted(maps.Keys(e.Attrs)) {
		fmt.Fprintf(out, ` %s="%s"`, name, escaped(e.Attrs[name]))
	}
	if e.Text == "" && len(e.Children) == 0 {
		out.WriteString("/>")
		return
	}
	out.WriteString(">" + escaped(e.Text))
	for _, child := range e.Children {
		renderElement(out, child)
	}
	out.WriteString("</" + e.Name + ">")
}

func escaped(text string) string {
	var out strings.Builder
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		panic(err)
	}
	return out.String()
}

// codes are those of the warnings, each with its line.
func codes(warnings []Problem) string {
	var all []string
	for _, w := range warnings {
		all = append(all, fmt.Sprintf("%d@%d", w.Code, w.Line))
	}
	return strings.Join(all, " ")
}

func parse(t *testing.T, document string) Document {
	t.Helper()
	d, err := Parse([]byte(document))
	if err != nil {
		t.Fatalf("%s: %v", document, err)
	}
	return d
}

// one is the only verb of a document.
func one(t *testing.T, verb string) Element {
	t.Helper()
	d := parse(t, "<Response>"+verb+"</Response>")
	if len(d.Verbs) != 1 {
		t.Fatalf("%s: %d verbs, warnings %v", verb, len(d.Verbs), d.Warnings)
	}
	return d.Verbs[0]
}
