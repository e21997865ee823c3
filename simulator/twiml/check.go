package twiml

import (
	"fmt"
	"slices"
	"strings"
)

// checker holds a document against the table and collects what is wrong.
type checker struct{ warnings []Problem }

// warn adds a warning; code 0 is the schema's (12200).
func (c *checker) warn(line, code int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if code == 0 {
		code, text = codeSchema, schemaWarning+text
	}
	c.warnings = append(c.warnings, Problem{code, text, line})
}

// children are those elements inside that are possible there.
func (c *checker) children(parent *node) []Element {
	var accepted []Element
	for _, n := range parent.inside {
		if n.name == "" {
			continue
		}
		if !c.possible(parent, n) {
			continue
		}
		if e, ok := c.element(n, parent.name); ok {
			accepted = append(accepted, e)
		}
	}
	return accepted
}

// possible warns of an element that cannot be where it is; it is skipped with all that is in it.
func (c *checker) possible(parent, n *node) bool {
	r := schema[parent.name]
	if slices.Contains(r.children, n.name) {
		return true
	}
	_, known := schema[n.name]
	switch {
	case r.strange != 0:
		c.warn(n.line, r.strange, "%s: Invalid nested element: %s", parent.name, quote(n.name))
	case known:
		c.warn(n.line, 0, "%s is not possible in %s", n.name, parent.name)
	default:
		c.warn(n.line, 0, "TwiML has no %s", quote(n.name))
	}
	return false
}

// element is what Twilio makes of one that is possible where it is.
func (c *checker) element(n *node, parent string) (Element, bool) {
	r := schema[n.name]
	e := Element{Name: n.name, Attrs: c.attributes(n, parent), Line: n.line}
	if r.text == spoken {
		e.Text = collapse(c.speech(n))
	} else {
		e.Children = c.children(n)
	}
	switch r.text {
	case noText:
		c.noText(n)
	case words:
		e.Text = collapse(n.ownText())
	case verbatim:
		e.Text = strings.TrimSpace(n.ownText())
	}
	ok := r.repair == nil || r.repair(c, &e)
	if len(e.Children) == 0 {
		e.Children = nil
	}
	return e, ok
}

// attributes are those that the element has, with values that are valid.
func (c *checker) attributes(n *node, parent string) map[string]string {
	accepted := make(map[string]string, len(n.order))
	for _, name := range n.order {
		a, known := schema[n.name].attrs[name]
		value := n.attrs[name]
		switch {
		case known && (a.valid == nil || a.valid(value)):
			if now, old := a.means[value]; old {
				value = now
			}
			accepted[name] = value
		case known && a.list:
			c.warn(n.line, a.code, "%s: Invalid %s value: %s is not %s; nothing will be reported", n.name, name, quote(value), a.wants)
			accepted[name] = ""
		case known && a.standard == "":
			c.warn(n.line, codeIn(parent, a.code), "%s: Invalid %s value: %s is not %s; it is ignored", n.name, name, quote(value), a.wants)
		case known:
			c.warn(n.line, codeIn(parent, a.code), "%s: Invalid %s value: %s is not %s; %s is taken", n.name, name, quote(value), a.wants, a.standard)
		case !anyXML(name):
			c.warn(n.line, 0, "%s has no attribute %s", n.name, quote(name))
		}
	}
	return accepted
}

// codeIn is the code of a Say's attribute, which depends on where the Say is (E).
func codeIn(parent string, code int) int {
	switch {
	case parent == "Gather" && code == 13510:
		return 13322
	case parent == "Gather" && code == 13511:
		return 13321
	}
	return code
}

// anyXML are attributes that a document of any kind may have. A default namespace is not among them: it
// would make every element another one.
func anyXML(name string) bool {
	prefix, _, prefixed := strings.Cut(name, ":")
	return prefixed && slices.Contains([]string{"xml", "xmlns", "xsi"}, prefix)
}

// noText warns of text where none can be.
func (c *checker) noText(n *node) {
	if text := collapse(n.ownText()); text != "" {
		c.warn(n.line, 0, "text is not possible in %s: %s", n.name, quote(text))
	}
}

// ownText is the text directly inside.
func (n *node) ownText() string {
	var text strings.Builder
	for _, inside := range n.inside {
		text.WriteString(inside.text)
	}
	return text.String()
}

// speech is the text inside and in the SSML inside.
func (c *checker) speech(n *node) string {
	var text strings.Builder
	for _, inside := range n.inside {
		switch {
		case inside.name == "":
			text.WriteString(inside.text)
		case c.possible(n, inside):
			c.attributes(inside, n.name)
			apart := ""
			if slices.Contains([]string{"break", "p", "s"}, inside.name) {
				apart = " "
			}
			text.WriteString(apart + c.speech(inside) + apart)
		}
	}
	return text.String()
}
