package twiml

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// deepest is how deep elements may be nested. Response, Dial, Sip, Headers, Header are five; the rest is
// for SSML.
const deepest = 32

// node is an element of any XML document, or, without a name, a text in one.
type node struct {
	name   string // with its prefix, if it has one
	attrs  map[string]string
	order  []string // of the attributes
	inside []*node
	text   string
	line   int
}

// readXML is the root element of a document that is well-formed. encoding/xml forgives more than Twilio's
// parser does: a second root, text outside of it, an attribute given twice, a late XML declaration.
func readXML(body []byte) (*node, *Problem) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	d := xml.NewDecoder(bytes.NewReader(body))
	d.CharsetReader = charset
	var root *node
	var open []*node
	for {
		at := d.InputOffset()
		line, _ := d.InputPos()
		t, err := d.RawToken() // not Token: it hides prefixes
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, notXML(err, line)
		}
		switch t := t.(type) {
		case xml.StartElement:
			n, problem := element(t, line)
			switch {
			case problem != nil:
				return nil, problem
			case len(open) >= deepest:
				return nil, failure(line, "nested deeper than %d elements", deepest)
			case len(open) > 0:
				parent := open[len(open)-1]
				parent.inside = append(parent.inside, n)
			case root != nil:
				return nil, failure(line, "more than one root element")
			default:
				root = n
			}
			open = append(open, n)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1].name != full(t.Name) {
				return nil, failure(line, "the end of %s, which is not open", quote(full(t.Name)))
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 {
				parent := open[len(open)-1]
				parent.inside = append(parent.inside, &node{text: string(t), line: line})
			} else if len(bytes.TrimSpace(t)) > 0 {
				return nil, failure(line, "text outside the root element")
			}
		case xml.ProcInst:
			if t.Target == "xml" && at != 0 {
				return nil, failure(line, "something before the XML declaration")
			}
		case xml.Directive:
			if root != nil {
				return nil, failure(line, "a document type after the root element")
			}
		}
	}
	switch {
	case root == nil:
		return nil, failure(1, "no root element")
	case len(open) > 0:
		return nil, failure(open[len(open)-1].line, "%s is not closed", quote(open[len(open)-1].name))
	}
	return root, nil
}

func element(t xml.StartElement, line int) (*node, *Problem) {
	n := &node{name: full(t.Name), line: line, attrs: make(map[string]string, len(t.Attr))}
	for _, a := range t.Attr {
		name := full(a.Name)
		if _, twice := n.attrs[name]; twice {
			return nil, failure(line, "attribute %s of %s twice", quote(name), quote(n.name))
		}
		n.attrs[name] = a.Value
		n.order = append(n.order, name)
	}
	return n, nil
}

func full(name xml.Name) string {
	if name.Space != "" {
		return name.Space + ":" + name.Local
	}
	return name.Local
}

func failure(line int, format string, args ...any) *Problem {
	return &Problem{codeParseFailure, "Document parse failure: " + fmt.Sprintf(format, args...), line}
}

func notXML(err error, line int) *Problem {
	if syntax := (*xml.SyntaxError)(nil); errors.As(err, &syntax) {
		return failure(syntax.Line, "%s", syntax.Msg)
	}
	return failure(line, "%s", strings.TrimPrefix(err.Error(), "xml: "))
}

// charset knows the encodings, besides UTF-8, that old libraries declare: ISO-8859-1, in which a byte is
// the code point, and its lower half.
func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "iso-8859-1", "latin1", "us-ascii":
	default:
		return nil, fmt.Errorf("unknown encoding %s", quote(label))
	}
	rest, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	text := make([]rune, len(rest))
	for i, b := range rest {
		text[i] = rune(b)
	}
	return strings.NewReader(string(text)), nil
}

func collapse(text string) string { return strings.Join(strings.Fields(text), " ") }

// quote shows what a document says without repeating all of it.
func quote(text string) string {
	const enough = 60
	if len(text) > enough {
		text = strings.ToValidUTF8(text[:enough], "") + "…"
	}
	return fmt.Sprintf("%q", text)
}
