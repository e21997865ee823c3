package simulator

import (
	"net/url"
	"slices"
	"strings"
	"time"
)

// speechPause is about what speechTimeout="auto" comes to.
const speechPause = time.Second

// doGather waits for keys or words while it prompts for them, and for timeout afterwards. The first key,
// or word, interrupts the prompt.
func (s *Simulator) doGather(p *script, v element, next func()) {
	g := &gather{s: s, p: p, v: v, next: next, most: v.Int("numDigits")}
	input := v.Words("input")
	if slices.Contains(input, "dtmf") {
		p.ears.key = g.key
	}
	if slices.Contains(input, "speech") {
		p.ears.speech = g.speech
	}
	g.prompt(v.Children)
}

type gather struct {
	s      *Simulator
	p      *script
	v      element
	next   func()
	most   int // numDigits; 0: any number
	digits string
	words  string
}

func (g *gather) prompt(prompts []element) {
	if len(prompts) == 0 {
		g.wait(g.v.Seconds("timeout"))
		return
	}
	v := prompts[0]
	doing[v.Name](g.s, g.p, v, func() { g.prompt(prompts[1:]) })
}

func (g *gather) wait(d time.Duration) { g.s.after(g.p, d, g.timeout) }

func (g *gather) key(key byte) {
	g.s.hush(g.p)
	if finish := g.v.Get("finishOnKey"); len(finish) > 0 && strings.IndexByte(finish, key) >= 0 {
		g.finish(string(key))
		return
	}
	g.digits += string(key)
	if len(g.digits) == g.most {
		g.finish("")
		return
	}
	g.wait(g.v.Seconds("timeout"))
}

func (g *gather) speech(text string, over bool) {
	g.s.hush(g.p)
	if over {
		g.words = strings.TrimSpace(g.words + " " + text)
		g.wait(g.speechTimeout())
	}
}

// speechTimeout is the silence after which what was said is complete; as long as timeout unless it is set.
func (g *gather) speechTimeout() time.Duration {
	switch g.v.Get("speechTimeout") {
	case "":
		return g.v.Seconds("timeout")
	case "auto":
		return speechPause
	}
	return g.v.Seconds("speechTimeout")
}

func (g *gather) timeout() { g.finish("") }

// finish asks action what to do with what was gathered. With nothing, the document goes on.
func (g *gather) finish(key string) {
	g.s.cut(g.p)
	with := url.Values{}
	switch {
	case g.digits != "":
		with.Set("Digits", g.digits)
		with.Set("FinishedOnKey", key)
	case g.words != "":
		with.Set("SpeechResult", g.words)
		with.Set("Confidence", "0.9")
	case g.v.Bool("actionOnEmptyResult"):
		with.Set("Digits", "")
		with.Set("FinishedOnKey", key)
	default:
		g.next()
		return
	}
	if g.v.Get("action") == "" && g.p.base.url == "" { // without action it is the document's own URL; this one has none
		g.next()
		return
	}
	g.s.ask(g.p, g.v.Get("action"), g.v.Method("method"), with)
}
