package simulator

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// program is TwiML to run: a document at a URL, or given with the request.
type program struct {
	url, method string
	inline      string
	music       bool // Twilio's own music: known without fetching
}

func (p program) empty() bool { return p.url == "" && p.inline == "" }

// verb is one element of a TwiML document.
type verb struct {
	name  string
	attrs map[string]string
	text  string
}

// playing is a document on its way through a call. Whatever replaces it leaves it behind: every
// continuation checks that it is still the one the call is playing.
type playing struct {
	call    *call
	base    program // the document, for relative URLs and fetching again
	purpose purpose
	fetched time.Time
}

// purpose is what a document is played for.
type purpose struct {
	verbs  []string // those that mean something here
	done   func()   // it came to its end
	failed func()   // it could not be fetched or read; nil: like done
}

var (
	callVerbs = []string{"Say", "Play", "Pause", "Redirect", "Hangup"}
	waitVerbs = []string{"Say", "Play", "Pause", "Redirect"} // 13238 for any other (C.4)
)

const (
	playTakes = 5 * time.Second // of a recording nobody has measured
	// refetchPause keeps a document that only redirects to itself from spinning.
	refetchPause = time.Second
)

// runProgram runs TwiML on a call that is in no conference. At the end of it the call ends (D.1).
func (s *Simulator) runProgram(c *call, what program) {
	finish := func() { s.end(c, callCompleted, ByTwilio) }
	fail := finish
	if c.fallback.url != "" {
		fail = func() { s.play(c, c.fallback, purpose{verbs: callVerbs, done: finish, failed: s.applicationError(c)}) }
	} else {
		fail = s.applicationError(c)
	}
	s.play(c, what, purpose{verbs: callVerbs, done: finish, failed: fail})
}

// applicationError is what a caller hears when TwiML cannot be had.
func (s *Simulator) applicationError(c *call) func() {
	return func() {
		s.note(c.entry(Hears, "We are sorry, an application error has occurred. Goodbye"))
		s.end(c, callCompleted, ByTwilio)
	}
}

func (s *Simulator) play(c *call, what program, why purpose) {
	p := &playing{call: c, base: what, purpose: why, fetched: s.now()}
	c.playing = p
	if what.inline != "" {
		verbs, err := parseTwiML([]byte(what.inline))
		s.begin(p, verbs, err)
		return
	}
	s.fetch(p, what)
}

func (s *Simulator) stopPlaying(c *call) { c.playing = nil }

// now continues a document only if the call still plays it.
func (s *Simulator) current(p *playing) bool { return p.call.playing == p && !p.call.over() }

func (s *Simulator) fetch(p *playing, what program) {
	form := s.callForm(p.call)
	if p.call.answeredBy != "" {
		form.Set("AnsweredBy", p.call.answeredBy)
	}
	s.send(webhook{
		account: p.call.account, kind: KindTwiML, method: what.method, url: what.url, form: form, about: p.call.entry("", ""),
		answered: func(answer webhookAnswer) {
			if s.current(p) {
				verbs, err := readAnswer(answer, what.url)
				s.begin(p, verbs, err)
			}
		},
	})
}

// readAnswer understands what came back, by its content type (D.1).
func readAnswer(answer webhookAnswer, address string) ([]verb, error) {
	switch {
	case answer.err != nil:
		return nil, fmt.Errorf("11200 HTTP retrieval failure: %s", plainError(answer.err))
	case answer.status < 200 || answer.status > 299:
		return nil, fmt.Errorf("11200 HTTP retrieval failure: status %d", answer.status)
	case len(answer.body) > bodyLimit:
		return nil, errors.New("11750 TwiML response body too large")
	}
	media, _, _ := mime.ParseMediaType(answer.contentType)
	switch {
	case media == "text/xml", media == "application/xml", media == "text/html":
		return parseTwiML(answer.body)
	case strings.HasPrefix(media, "audio/"):
		address, _, _ = strings.Cut(address, "#")
		return []verb{{name: "Play", text: address}}, nil
	case media == "text/plain":
		if verbs, err := parseTwiML(answer.body); err == nil {
			return verbs, nil
		}
		return []verb{{name: "Say", text: string(answer.body)}}, nil
	}
	return nil, fmt.Errorf("12300 Invalid Content-Type %q", answer.contentType)
}

func (s *Simulator) begin(p *playing, verbs []verb, err error) {
	if err != nil {
		text := err.Error()
		code, convErr := strconv.Atoi(text[:min(5, len(text))])
		if convErr != nil {
			code = 12100
		}
		s.alert(code, text, p.call.entry("", ""))
		if p.purpose.failed != nil {
			p.purpose.failed()
			return
		}
		p.purpose.done()
		return
	}
	s.step(p, verbs)
}

// step runs the first verb and comes back for the rest when its time is over.
func (s *Simulator) step(p *playing, verbs []verb) {
	if !s.current(p) {
		return
	}
	if len(verbs) == 0 {
		p.purpose.done()
		return
	}
	c, v, rest := p.call, verbs[0], verbs[1:]
	if !slices.Contains(p.purpose.verbs, v.name) {
		s.alert(12200, "Schema validation warning: "+v.name+" is not possible here, or not simulated yet", c.entry("", ""))
		s.step(p, rest)
		return
	}
	switch v.name {
	case "Say":
		s.sound(p, v, v.text, spoken(v.text), rest)
	case "Play":
		s.sound(p, v, "play "+resolve(p.base.url, v.text), playTakes, rest)
	case "Pause":
		length, err := strconv.Atoi(v.attrs["length"])
		if err != nil {
			length = 1
		}
		s.note(c.entry(Hears, hearsSilence))
		s.later(c, time.Duration(length)*time.Second, func() { s.step(p, rest) })
	case "Redirect":
		s.follow(p, v)
	case "Hangup":
		c.playing = nil
		s.end(c, callCompleted, ByTwilio)
	}
}

// sound is heard once in the log, however often it loops. loop=0 goes on until something else happens.
func (s *Simulator) sound(p *playing, v verb, heard string, length time.Duration, rest []verb) {
	s.note(p.call.entry(Hears, heard))
	times := 1
	if n, err := strconv.Atoi(v.attrs["loop"]); err == nil {
		times = n
	}
	if times > 0 {
		s.later(p.call, time.Duration(times)*length, func() { s.step(p, rest) })
	}
}

// follow goes to another document; the rest of this one is unreachable. No text: the same again.
func (s *Simulator) follow(p *playing, v verb) {
	next := program{url: resolve(p.base.url, v.text), method: strings.ToUpper(v.attrs["method"])}
	if next.url == "" {
		s.alert(12100, "Redirect without a URL in a document without one", p.call.entry("", ""))
		p.purpose.done()
		return
	}
	if next.method != http.MethodGet {
		next.method = http.MethodPost
	}
	wait := refetchPause - s.now().Sub(p.fetched)
	s.later(p.call, wait, func() {
		if s.current(p) {
			p.base, p.fetched = next, s.now()
			s.fetch(p, next)
		}
	})
}

// resolve makes a URL in a document absolute.
func resolve(base, reference string) string {
	reference = strings.TrimSpace(reference)
	from, err := url.Parse(base)
	if err != nil || base == "" {
		return reference
	}
	if reference == "" {
		return base
	}
	to, err := from.Parse(reference)
	if err != nil {
		return reference
	}
	return to.String()
}

// parseTwiML reads the verbs of a document. Names are case-sensitive (D.1).
func parseTwiML(document []byte) ([]verb, error) {
	d := xml.NewDecoder(strings.NewReader(string(document)))
	var verbs []verb
	depth, rooted := 0, false
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("12100 Document parse failure: %w", err)
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			rooted = true
			switch {
			case depth == 1 && t.Name.Local != "Response":
				return nil, errors.New("12102 The root element must be Response")
			case depth == 2:
				v := verb{name: t.Name.Local, attrs: map[string]string{}}
				for _, a := range t.Attr {
					v.attrs[a.Name.Local] = a.Value
				}
				verbs = append(verbs, v)
			}
		case xml.CharData:
			if depth >= 2 {
				verbs[len(verbs)-1].text += string(t)
			}
		case xml.EndElement:
			depth--
		}
	}
	if depth != 0 || !rooted {
		return nil, errors.New("12100 Document parse failure: no complete document")
	}
	for i := range verbs {
		verbs[i].text = strings.Join(strings.Fields(verbs[i].text), " ")
	}
	return verbs, nil
}
