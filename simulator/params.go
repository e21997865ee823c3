package simulator

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// object is a JSON object on its way out.
type object = map[string]any

// params reads a request's form. The first bad value is remembered in err and everything after it
// reads as its default, so that a handler checks once, after reading all it needs and before
// changing anything.
type params struct {
	form url.Values
	err  *apiError
	// read collects the names of the parameters that a handler asked for: a test compares them with
	// what the route says it takes. Nil outside of tests.
	read map[string]bool
}

// values is every value given for a parameter. All reading goes through it.
func (p *params) values(name string) []string {
	if p.read != nil {
		p.read[name] = true
	}
	return p.form[name]
}

func (p *params) has(name string) bool { return len(p.values(name)) > 0 }

func (p *params) text(name string) string {
	if values := p.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

func (p *params) textOr(name, or string) string {
	if p.has(name) {
		return p.text(name)
	}
	return or
}

func (p *params) required(name string) string {
	v := p.text(name)
	if v == "" {
		p.fail(missing(name))
	}
	return v
}

// unlimited is the length of a name for which Twilio names no limit.
const unlimited = 1 << 20

func (p *params) limited(name, or string, most int) string {
	v := p.textOr(name, or)
	if len([]rune(v)) > most {
		p.fail(invalid("%s must not exceed %d characters", name, most))
	}
	return v
}

// name reads the FriendlyName of an update: given, it must not be empty.
func (p *params) name(or string, most int) string {
	if p.has("FriendlyName") {
		p.required("FriendlyName")
	}
	return p.limited("FriendlyName", or, most)
}

func (p *params) oneOf(name, or string, allowed ...string) string {
	if !p.has(name) || p.text(name) == "" {
		return or
	}
	v := p.text(name)
	if !slices.Contains(allowed, v) {
		p.fail(invalid("%s '%s' is invalid; allowed: %s", name, v, strings.Join(allowed, ", ")))
	}
	return v
}

func (p *params) boolean(name string, or bool) bool {
	if p.text(name) == "" {
		return or
	}
	switch strings.ToLower(p.text(name)) {
	case "true", "1", "yes":
		return true
	case "false", "0", "no":
		return false
	}
	p.fail(invalid("%s '%s' is not a boolean", name, p.text(name)))
	return or
}

// yes reads a parameter of which Twilio says: true, 1 or yes mean true, and all other values false.
func (p *params) yes(name string) bool {
	return slices.Contains([]string{"true", "1", "yes"}, strings.ToLower(p.text(name)))
}

func anything(string) bool { return true }

// filter reads a parameter of a list that wants one value: what it returns lets a row pass.
func (p *params) filter(name string) func(value string) bool {
	if !p.has(name) {
		return anything
	}
	wanted := p.text(name)
	return func(value string) bool { return value == wanted }
}

func (p *params) number(name string, or, least, most int) int {
	if p.text(name) == "" {
		return or
	}
	n, err := strconv.Atoi(p.text(name))
	if err != nil || n < least || n > most {
		p.fail(invalid("%s '%s' is invalid; it must be a number from %d to %d", name, p.text(name), least, most))
		return or
	}
	return n
}

func (p *params) seconds(name string, or, least, most int) time.Duration {
	return time.Duration(p.number(name, or, least, most)) * time.Second
}

// instant reads an ISO 8601 time.
func (p *params) instant(name string, or time.Time) time.Time {
	if p.text(name) == "" {
		return or
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02"} {
		if t, err := time.Parse(layout, p.text(name)); err == nil {
			return t.UTC()
		}
	}
	p.fail(invalid("%s '%s' is not an ISO 8601 date", name, p.text(name)))
	return or
}

// words reads a list given as repeated fields, or as one field with spaces between (C.4).
func (p *params) words(name string) []string {
	var words []string
	for _, v := range p.values(name) {
		words = append(words, strings.Fields(v)...)
	}
	return words
}

// address reads the URL of a callback: absolute, http or https, and no underscore in its host (D.1). Voice
// calls the failure 21205.
func (p *params) address(name, or string, code int) string {
	if !p.has(name) {
		return or
	}
	v := p.text(name)
	if v == "" {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Contains(u.Host, "_") {
		p.fail(refuse(400, code, "%s is not a valid URL: %s", name, v))
	}
	return v
}

func (p *params) method(name, or string) string {
	if p.text(name) == "" {
		return or
	}
	v := strings.ToUpper(p.text(name))
	if v != "GET" && v != "POST" {
		p.fail(invalid("%s must be GET or POST", name))
	}
	return v
}

func (p *params) fail(err *apiError) {
	if p.err == nil {
		p.err = err
	}
}

// attributesLimit counts characters, white space included (A.8).
const attributesLimit = 4096

// attributes reads a JSON object given as a string, and keeps both forms: Twilio gives back the
// string as it came (A.1).
func (p *params) attributes(or string) (text string, parsed map[string]any) {
	text = p.textOr("Attributes", or)
	if text == "" {
		text = "{}"
	}
	if len([]rune(text)) > attributesLimit {
		p.fail(invalid("Attributes must not exceed %d characters", attributesLimit))
		return text, nil
	}
	if err := json.Unmarshal([]byte(text), &parsed); err != nil || parsed == nil {
		p.fail(invalid("Attributes is not a valid JSON object"))
	}
	return text, parsed
}

func iso(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

func isoOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return iso(t)
}

func rfc2822(t time.Time) string { return t.UTC().Format("Mon, 02 Jan 2006 15:04:05 +0000") }

func rfc2822OrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return rfc2822(t)
}

func textOrNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}

func wholeSeconds(d time.Duration) int { return int(d / time.Second) }
